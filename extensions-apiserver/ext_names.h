/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_NAMES_H
#define TROIKA_EXT_NAMES_H

#include "json_value.h"

/* The names of a definition against those that others of its group have taken. */

struct ext_names_group {
	/* Whether another definition has the name as its plural, singular or a short name. */
	bool (*has_resource)(void *context, struct str name);
	/* The same for its kind or list kind. */
	bool (*has_kind)(void *context, struct str name);
	void *context;
};

struct ext_names_outcome {
	struct json_value accepted; /* a CustomResourceDefinitionNames */
	bool is_accepted;           /* all that was asked for */
	struct str reason;          /* of the condition NamesAccepted */
	struct str message;
};

/*
 * Accepts the names asked for (spec.names) one by one: what is taken stays as it was accepted
 * before
 * (`accepted`, may be NULL).
 */
void ext_names_accept(struct arena *arena, const struct json_value *requested,
	const struct json_value *accepted, const struct ext_names_group *group,
	struct ext_names_outcome *ret);

/* Whether the names of `accepted` include this one, as has_resource and has_kind ask. */
bool ext_names_has_resource(const struct json_value *accepted, struct str name);
bool ext_names_has_kind(const struct json_value *accepted, struct str name);

#endif
