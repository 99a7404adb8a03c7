/* SPDX-License-Identifier: Apache-2.0 */
#include "api_core.h"
#include "base64_text.h"

void core_default_namespace(struct arena *arena, struct json_value *object)
{
	const struct json_value *name = json_find_path(object, "metadata", "name", NULL);
	if (str_is_empty(json_text(name)))
		return;
	/* Taken out first: adding a label may move what lies in metadata. */
	struct json_value value = *name;
	struct json_value *metadata = json_find(object, STR("metadata"));
	struct json_value *labels = json_ensure_object(arena, metadata, STR("labels"));
	json_set(arena, labels, STR("kubernetes.io/metadata.name"), value);
	json_sort_members(labels);
}

/* stringData is a way to write: its values become data, over what is there. */
void core_default_secret(struct arena *arena, struct json_value *object)
{
	const struct json_value *found = json_find(object, STR("stringData"));
	if (!found)
		return;
	struct json_value text = *found;
	json_remove(object, STR("stringData"));
	if (json_count(&text) == 0)
		return;
	struct json_value *data = json_ensure_object(arena, object, STR("data"));
	for (size_t i = 0; i < text.length; i++)
		json_set(arena, data, text.members[i].key,
			json_string(base64_text_encode(arena, json_text(&text.members[i].value))));
	json_sort_members(data);
}

void core_default_node_status(struct arena *arena, struct json_value *object)
{
	const struct json_value *capacity = json_find(object, STR("capacity"));
	if (json_count(capacity) > 0 && json_count(json_find(object, STR("allocatable"))) == 0)
		json_set(arena, object, STR("allocatable"), json_copy(arena, capacity, false));
}

/*
 * A first value and the list of all of them, which name one thing twice: a list that does not begin
 * with the value gives way to it.
 */
static void pair_with_list(struct arena *arena, struct json_value *object, struct str one,
	struct str many, struct str key)
{
	struct str value = json_text(json_find(object, one));
	const struct json_value *first = json_element(json_find(object, many), 0);
	struct str listed = json_text(str_is_empty(key) ? first : json_find(first, key));
	if (str_equal(value, listed))
		return;
	if (str_is_empty(value)) {
		json_set(arena, object, one, json_string(listed));
		return;
	}
	struct json_value item = json_string(value), list = json_array();
	if (!str_is_empty(key)) {
		item = json_object();
		json_set(arena, &item, key, json_string(value));
	}
	json_append(arena, &list, item);
	json_set(arena, object, many, list);
}

void core_default_node_spec(struct arena *arena, struct json_value *object)
{
	pair_with_list(arena, object, STR("podCIDR"), STR("podCIDRs"), STR(""));
}

void core_default_pod_status(struct arena *arena, struct json_value *object)
{
	pair_with_list(arena, object, STR("podIP"), STR("podIPs"), STR("ip"));
}

/* Gives `target` those quantities of `source` that it lacks. */
static void fill_quantities(
	struct arena *arena, struct json_value *item, struct str target, struct str source)
{
	if (json_count(json_find(item, source)) == 0)
		return;
	struct json_value *filled = json_ensure_object(arena, item, target);
	const struct json_value *from = json_find(item, source);
	for (size_t i = 0; i < from->length; i++) {
		const struct json_member *quantity = &from->members[i];
		if (!json_find(filled, quantity->key))
			json_append_member(arena, filled, quantity->key, quantity->value);
	}
	json_sort_members(filled);
}

void core_default_limit_range_item(struct arena *arena, struct json_value *object)
{
	if (!str_equal(json_text(json_find(object, STR("type"))), STR("Container")))
		return;
	fill_quantities(arena, object, STR("default"), STR("max"));
	fill_quantities(arena, object, STR("defaultRequest"), STR("default"));
	fill_quantities(arena, object, STR("defaultRequest"), STR("min"));
}

void core_default_rbac_subject(struct arena *arena, struct json_value *object)
{
	struct str kind = json_text(json_find(object, STR("kind")));
	bool is_name = str_equal(kind, STR("User")) || str_equal(kind, STR("Group"));
	if (is_name && str_is_empty(json_text(json_find(object, STR("apiGroup")))))
		json_set(arena, object, STR("apiGroup"),
			json_string(STR("rbac.authorization.k8s.io")));
}

void core_default_network_policy(struct arena *arena, struct json_value *object)
{
	if (json_count(json_find(object, STR("policyTypes"))) > 0)
		return;
	bool has_egress = json_count(json_find(object, STR("egress"))) > 0;
	struct json_value *types = json_set(arena, object, STR("policyTypes"), json_array());
	json_append(arena, types, json_string(STR("Ingress")));
	if (has_egress)
		json_append(arena, types, json_string(STR("Egress")));
}
