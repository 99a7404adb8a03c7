/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_STATUS_H
#define TROIKA_EXT_STATUS_H

#include "ext_names.h"

/*
 * The status of a CustomResourceDefinition. It is a function of the object, of its status before
 * and of the names that its group has taken, and is computed within every write: a definition is
 * established when its create is answered.
 */

#define EXT_CLEANUP_FINALIZER "customresourcecleanup.apiextensions.k8s.io"

/*
 * Brings object.status up to date. `old` is the object before the write (NULL on create);
 * conditions that nothing here decides are kept.
 */
void ext_status_compute(struct arena *arena, struct json_value *object,
	const struct json_value *old, const struct ext_names_group *group,
	int64_t now_wall_seconds);

/* The delete of a definition has begun; its condition says so before the first object goes. */
void ext_status_mark_deleted(
	struct arena *arena, struct json_value *object, int64_t now_wall_seconds);

bool ext_status_is_true(const struct json_value *object, struct str condition);
bool ext_has_finalizer(const struct json_value *object, struct str finalizer);
bool ext_is_terminating(const struct json_value *object);

/* Whether the stored objects of this resource are those of a resource that we serve ourselves. */
bool ext_is_own_resource(struct str group, struct str plural);

enum ext_approval {
	EXT_APPROVAL_MISSING,
	EXT_APPROVAL_APPROVED,
	EXT_APPROVAL_BYPASSED,
	EXT_APPROVAL_INVALID,
};
#define EXT_APPROVAL_ANNOTATION "api-approved.kubernetes.io"
/* k8s.io, kubernetes.io and what is below them belongs to the community. */
bool ext_is_protected_group(struct str group);
/* What the approval annotation says; *ret_message (may be NULL) in words. */
enum ext_approval ext_approval_state(
	struct arena *arena, const struct json_value *object, struct str *ret_message);

#endif
