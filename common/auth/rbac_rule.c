/* SPDX-License-Identifier: Apache-2.0 */
#include "rbac_private.h"

static struct rbac_list compile_list(struct arena *arena, const struct json_value *array)
{
	size_t count = json_count(array);
	struct str *items = ARENA_ARRAY(arena, struct str, count + 1);
	struct rbac_list list = {.items = items};

	for (size_t i = 0; i < count; i++) {
		const struct json_value *element = json_element(array, i);

		if (!element || element->type != JSON_STRING)
			continue;
		items[list.count] = json_text(element);
		if (str_equal(items[list.count], STR("*")))
			list.has_all = true;
		list.count++;
	}
	return list;
}

void rbac_rules_compile(struct arena *arena, const struct json_value *rules,
	struct rbac_rule **ret_rules, size_t *ret_count)
{
	size_t count = json_count(rules);
	struct rbac_rule *compiled = ARENA_ARRAY(arena, struct rbac_rule, count + 1);

	for (size_t i = 0; i < count; i++) {
		const struct json_value *rule = json_element(rules, i);

		compiled[i] = (struct rbac_rule){
			.verbs = compile_list(arena, json_find(rule, STR("verbs"))),
			.groups = compile_list(arena, json_find(rule, STR("apiGroups"))),
			.resources = compile_list(arena, json_find(rule, STR("resources"))),
			.names = compile_list(arena, json_find(rule, STR("resourceNames"))),
			.urls = compile_list(arena, json_find(rule, STR("nonResourceURLs"))),
			.source = rule,
		};
	}
	*ret_rules = compiled;
	*ret_count = count;
}

static bool list_has(const struct rbac_list *list, struct str text)
{
	if (list->has_all)
		return true;
	for (uint32_t i = 0; i < list->count; i++) {
		if (str_equal(list->items[i], text))
			return true;
	}
	return false;
}

/* "pods" or "pods/log", without putting the two together. */
static bool is_combined(struct str text, struct str resource, struct str subresource)
{
	if (subresource.length == 0)
		return str_equal(text, resource);
	return text.length == resource.length + 1 + subresource.length &&
	       text.data[resource.length] == '/' && str_starts_with(text, resource) &&
	       str_ends_with(text, subresource);
}

static bool resources_have(
	const struct rbac_list *list, const struct authorization_attributes *attributes)
{
	if (list->has_all)
		return true;
	for (uint32_t i = 0; i < list->count; i++) {
		struct str item = list->items[i];

		if (is_combined(item, attributes->resource, attributes->subresource))
			return true;
		if (!str_is_empty(attributes->subresource) &&
			is_combined(item, STR("*"), attributes->subresource))
			return true;
	}
	return false;
}

static bool names_have(const struct rbac_list *list, struct str name)
{
	if (list->count == 0)
		return true;
	/* "*" is no wildcard among names. */
	for (uint32_t i = 0; i < list->count; i++) {
		if (str_equal(list->items[i], name))
			return true;
	}
	return false;
}

static bool urls_have(const struct rbac_list *list, struct str path)
{
	if (list->has_all)
		return true;
	for (uint32_t i = 0; i < list->count; i++) {
		struct str item = list->items[i];

		if (str_equal(item, path))
			return true;
		if (!str_ends_with(item, STR("*")))
			continue;
		while (str_ends_with(item, STR("*")))
			item.length--;
		if (str_starts_with(path, item))
			return true;
	}
	return false;
}

bool rbac_rule_allows(
	const struct rbac_rule *rule, const struct authorization_attributes *attributes)
{
	if (!list_has(&rule->verbs, attributes->verb))
		return false;
	if (!attributes->is_resource_request)
		return urls_have(&rule->urls, attributes->path);
	return list_has(&rule->groups, attributes->group) &&
	       resources_have(&rule->resources, attributes) &&
	       names_have(&rule->names, attributes->name);
}
