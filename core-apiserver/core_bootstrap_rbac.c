/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles and bindings of the bootstrap policy that are there already: what they lack is added, what
 * they have beside it stays. An object whose annotation autoupdate says "false" is left alone.
 */
#include "core_bootstrap_private.h"
#include "log.h"

#define AUTOUPDATE "rbac.authorization.kubernetes.io/autoupdate"

struct reconciliation {
	struct bootstrap *bootstrap;
	const struct api_resource *resource;
	struct json_value *stored;
	bool has_changed;
};

/* ---- Whether rules cover one rule that has one value in each list ---- */

static struct str only_value(const struct json_value *rule, const char *name)
{
	return json_text(json_element(json_find(rule, str_from_c(name)), 0));
}

static bool has_text(const struct json_value *list, struct str text)
{
	for (size_t i = 0; i < json_count(list); i++) {
		if (str_equal(json_text(json_element(list, i)), text))
			return true;
	}
	return false;
}

static bool covers_value(const struct json_value *list, struct str text)
{
	return has_text(list, STR("*")) || has_text(list, text);
}

/* "*" and "x/y" as they are, and "*" before a slash for any resource. */
static bool covers_resource(struct arena *arena, const struct json_value *list, struct str text)
{
	size_t slash = str_find_byte(text, '/');

	if (covers_value(list, text))
		return true;
	return slash < text.length &&
	       has_text(list, arena_printf(arena, "*%.*s", STR_ARG(str_skip(text, slash))));
}

static bool covers_url(const struct json_value *list, struct str url)
{
	for (size_t i = 0; i < json_count(list); i++) {
		struct str pattern = json_text(json_element(list, i));

		if (str_equal(pattern, url))
			return true;
		if (!str_is_empty(pattern) && pattern.data[pattern.length - 1] == '*' &&
			str_starts_with(url, str_slice(pattern, 0, pattern.length - 1)))
			return true;
	}
	return false;
}

static bool rule_covers(
	struct arena *arena, const struct json_value *rule, const struct json_value *wanted)
{
	const struct json_value *names = json_find(rule, STR("resourceNames"));

	if (!covers_value(json_find(rule, STR("verbs")), only_value(wanted, "verbs")))
		return false;
	if (json_find(wanted, STR("nonResourceURLs")))
		return covers_url(json_find(rule, STR("nonResourceURLs")),
			only_value(wanted, "nonResourceURLs"));
	return covers_value(json_find(rule, STR("apiGroups")), only_value(wanted, "apiGroups")) &&
	       covers_resource(
		       arena, json_find(rule, STR("resources")), only_value(wanted, "resources")) &&
	       (json_count(names) == 0 ||
		       (json_find(wanted, STR("resourceNames")) &&
			       has_text(names, only_value(wanted, "resourceNames"))));
}

static bool rules_cover(
	struct arena *arena, const struct json_value *rules, const struct json_value *wanted)
{
	for (size_t i = 0; i < json_count(rules); i++) {
		if (rule_covers(arena, json_element(rules, i), wanted))
			return true;
	}
	return false;
}

/* ---- Parts of rules ---- */

/* In the order of the stored form. */
static const char *const lists[] = {
	"verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"};
#define LIST_COUNT (sizeof(lists) / sizeof(lists[0]))

/* How many rules with one value in each list make up the rule. */
static size_t count_parts(const struct json_value *rule)
{
	size_t total = 1;

	for (size_t i = 0; i < LIST_COUNT; i++) {
		size_t count = json_count(json_find(rule, str_from_c(lists[i])));

		total *= count > 0 ? count : 1;
	}
	return total;
}

static struct json_value make_part(struct arena *arena, const struct json_value *rule, size_t index)
{
	struct json_value part = json_object();

	for (size_t i = 0; i < LIST_COUNT; i++) {
		const struct json_value *list = json_find(rule, str_from_c(lists[i]));
		struct json_value single = json_array();

		if (json_count(list) == 0)
			continue;
		json_append(arena, &single, *json_element(list, index % json_count(list)));
		index /= json_count(list);
		json_set(arena, &part, str_from_c(lists[i]), single);
	}
	return part;
}

/* ---- One object ---- */

static void append(struct reconciliation *work, struct json_value *list, struct json_value value)
{
	json_append(work->bootstrap->arena, list, value);
	work->has_changed = true;
}

static void add_rules(struct reconciliation *work, const struct json_value *wanted)
{
	struct arena *arena = work->bootstrap->arena;
	const struct json_value *present = json_find(work->stored, STR("rules"));
	struct json_value rules = present && present->type == JSON_ARRAY
					  ? json_copy(arena, present, false)
					  : json_array();

	for (size_t i = 0; i < json_count(wanted); i++) {
		const struct json_value *rule = json_element(wanted, i);
		size_t count = count_parts(rule);

		for (size_t j = 0; j < count; j++) {
			struct json_value part = make_part(arena, rule, j);

			if (!rules_cover(arena, &rules, &part))
				append(work, &rules, part);
		}
	}
	if (work->has_changed)
		json_set(arena, work->stored, STR("rules"), rules);
}

/* Elements of `wanted` that equal none of those that are there. */
static void add_elements(struct reconciliation *work, struct json_value *parent, const char *name,
	const struct json_value *wanted)
{
	struct arena *arena = work->bootstrap->arena;
	const struct json_value *present = json_find(parent, str_from_c(name));
	struct json_value list = present && present->type == JSON_ARRAY
					 ? json_copy(arena, present, false)
					 : json_array();
	bool is_longer = false;

	for (size_t i = 0; i < json_count(wanted); i++) {
		const struct json_value *element = json_element(wanted, i);
		bool is_there = false;

		for (size_t j = 0; j < json_count(&list) && !is_there; j++)
			is_there = json_equal(json_element(&list, j), element);
		if (is_there)
			continue;
		append(work, &list, *element);
		is_longer = true;
	}
	if (is_longer)
		json_set(arena, parent, str_from_c(name), list);
}

/* Labels and annotations: those that are there keep their values. */
static void add_pairs(
	struct reconciliation *work, const char *name, const struct json_value *wanted_object)
{
	struct arena *arena = work->bootstrap->arena;
	const struct json_value *wanted = json_find_path(wanted_object, "metadata", name, NULL);
	const struct json_value *present = json_find_path(work->stored, "metadata", name, NULL);
	struct json_value pairs = present && present->type == JSON_OBJECT
					  ? json_copy(arena, present, false)
					  : json_object();
	bool is_longer = false;

	for (size_t i = 0; i < json_count(wanted); i++) {
		const struct json_member *member = &wanted->members[i];

		if (json_find(&pairs, member->key))
			continue;
		json_set(arena, &pairs, member->key, member->value);
		is_longer = true;
	}
	if (!is_longer)
		return;
	json_sort_members(&pairs);
	object_meta_set(arena, work->resource, work->stored, str_from_c(name), pairs);
	work->has_changed = true;
}

static bool is_protected(const struct json_value *stored)
{
	const struct json_value *annotations =
		json_find_path(stored, "metadata", "annotations", NULL);

	return str_equal(json_text(json_find(annotations, STR(AUTOUPDATE))), STR("false"));
}

void bootstrap_ensure_policy(struct bootstrap *bootstrap, const struct json_value *document)
{
	const struct api_resource *resource = bootstrap_find_resource(bootstrap, document);
	struct json_value stored, wanted;
	struct reconciliation work = {bootstrap, resource, &stored, false};
	const struct json_value *selectors, *reference, *stored_reference;
	uint64_t revision;

	if (!bootstrap_load(bootstrap, resource, document, &stored, &revision)) {
		bootstrap_ensure(bootstrap, document);
		return;
	}
	if (is_protected(&stored))
		return;
	bootstrap_make_object(bootstrap, resource, document, &wanted);
	reference = json_find(&wanted, STR("roleRef"));
	stored_reference = json_find(&stored, STR("roleRef"));
	if (reference && !(stored_reference && json_equal(stored_reference, reference))) {
		/* What a binding refers to cannot change: it is another one then. */
		bootstrap_add_operation(bootstrap, resource, &wanted, revision);
		return;
	}
	add_rules(&work, json_find(&wanted, STR("rules")));
	add_elements(&work, &stored, "subjects", json_find(&wanted, STR("subjects")));
	selectors = json_find_path(&wanted, "aggregationRule", "clusterRoleSelectors", NULL);
	if (selectors)
		add_elements(&work,
			json_ensure_object(bootstrap->arena, &stored, STR("aggregationRule")),
			"clusterRoleSelectors", selectors);
	add_pairs(&work, "labels", &wanted);
	add_pairs(&work, "annotations", &wanted);
	if (!work.has_changed)
		return;
	log_info("Reconciled %.*s %.*s", STR_ARG(resource->kind),
		STR_ARG(object_meta_text(&stored, STR("name"))));
	bootstrap_add_operation(bootstrap, resource, &stored, revision);
}
