/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_LABEL_SELECTOR_H
#define TROIKA_LABEL_SELECTOR_H

#include "stored_object.h"

/* Label selectors (apimachinery/pkg/labels): requirements that must all hold. */
enum label_operator {
	LABEL_IN,
	LABEL_NOT_IN,
	LABEL_EXISTS,
	LABEL_DOES_NOT_EXIST,
	LABEL_GREATER,
	LABEL_LESS,
};

struct label_requirement {
	struct str key;
	enum label_operator operation;
	const struct str *values; /* sorted */
	size_t value_count;
	int64_t number;   /* GREATER, LESS */
	bool is_equality; /* IN, NOT_IN: written with "=" or "!=", not as a set */
};

struct label_selector {
	const struct label_requirement *requirements; /* sorted by key */
	size_t count;
	bool matches_nothing;
};

/*
 * Parses "a=b,c in (d,e),!f". Keys and values follow the label rules. Fails with ERROR_BAD_REQUEST
 * and `unable to parse requirement: ...`. Linear time; at most 1,000 requirements.
 */
int label_selector_parse(struct arena *arena, struct str text, struct label_selector **ret,
	struct error *err) WARN_UNUSED;
/*
 * From a LabelSelector object (matchLabels, matchExpressions), or from a plain map of labels when
 * it has neither. NULL or null matches nothing, an empty one everything.
 */
int label_selector_from_object(struct arena *arena, const struct json_value *object,
	struct label_selector **ret, struct error *err) WARN_UNUSED;
/* As text that label_selector_parse reads: "a=b,c in (d,e),!f"; empty for all and for nothing. */
struct str label_selector_format(struct arena *arena, const struct label_selector *selector);
/* True when it matches everything. */
bool label_selector_is_empty(const struct label_selector *selector);
bool label_selector_matches_stored(
	const struct label_selector *selector, const struct stored_object *stored);
/* `labels` is a metadata.labels object. */
bool label_selector_matches_labels(
	const struct label_selector *selector, const struct json_value *labels);

/* Of meta/v1.LabelSelectorRequirement, as schema_check_fn: whether the operator takes values. */
struct field_path;
struct field_errors;
void meta_check_label_requirement(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors);

#endif
