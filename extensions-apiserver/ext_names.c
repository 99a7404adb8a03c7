/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_names.h"

static struct str text_of(const struct json_value *names, struct str key)
{
	return json_text(json_find(names, key));
}

static bool has_text(const struct json_value *array, struct str text)
{
	for (size_t i = 0; i < json_count(array); i++) {
		if (str_equal(json_text(json_element(array, i)), text))
			return true;
	}
	return false;
}

bool ext_names_has_resource(const struct json_value *accepted, struct str name)
{
	return !str_is_empty(name) &&
	       (str_equal(text_of(accepted, STR("plural")), name) ||
		       str_equal(text_of(accepted, STR("singular")), name) ||
		       has_text(json_find(accepted, STR("shortNames")), name));
}

bool ext_names_has_kind(const struct json_value *accepted, struct str name)
{
	return !str_is_empty(name) && (str_equal(text_of(accepted, STR("kind")), name) ||
					      str_equal(text_of(accepted, STR("listKind")), name));
}

static void refuse(struct ext_names_outcome *outcome, struct str reason, struct str message)
{
	outcome->is_accepted = false;
	outcome->reason = reason;
	outcome->message = message;
}

static struct str in_use(struct arena *arena, struct str name)
{
	return arena_printf(arena, "\"%.*s\" is already in use", STR_ARG(name));
}

struct acceptance {
	struct arena *arena;
	const struct json_value *requested;
	const struct json_value *accepted;
	const struct ext_names_group *group;
	struct ext_names_outcome *outcome;
};

static void accept_name(
	struct acceptance *acceptance, struct str key, bool is_kind, struct str conflict_reason)
{
	const struct ext_names_group *group = acceptance->group;
	struct str wanted = text_of(acceptance->requested, key);
	struct str present = text_of(acceptance->accepted, key);
	bool is_free = str_equal(wanted, present) ||
		       !(is_kind ? group->has_kind : group->has_resource)(group->context, wanted);

	if (!is_free)
		refuse(acceptance->outcome, conflict_reason, in_use(acceptance->arena, wanted));
	struct str result = is_free ? wanted : present;
	bool is_always_written = str_equal(key, STR("plural")) || str_equal(key, STR("kind"));

	if (is_always_written || !str_is_empty(result))
		json_append_member(acceptance->arena, &acceptance->outcome->accepted, key,
			json_string(result));
}

static void add_list(struct acceptance *acceptance, struct str key, const struct json_value *list)
{
	if (json_count(list) > 0)
		json_append_member(acceptance->arena, &acceptance->outcome->accepted, key, *list);
}

/* All short names or none. */
static void accept_short_names(struct acceptance *acceptance)
{
	const struct ext_names_group *group = acceptance->group;
	const struct json_value *wanted = json_find(acceptance->requested, STR("shortNames"));
	const struct json_value *present = json_find(acceptance->accepted, STR("shortNames"));
	struct str conflicts = STR_EMPTY;
	size_t conflict_count = 0;

	for (size_t i = 0; i < json_count(wanted); i++) {
		struct str name = json_text(json_element(wanted, i));

		if (has_text(present, name) || !group->has_resource(group->context, name))
			continue;
		conflicts = arena_printf(acceptance->arena, "%.*s%s\"%.*s\" is already in use",
			STR_ARG(conflicts), conflict_count > 0 ? ", " : "", STR_ARG(name));
		conflict_count++;
	}
	if (conflict_count > 1)
		conflicts = arena_printf(acceptance->arena, "[%.*s]", STR_ARG(conflicts));
	if (conflict_count > 0)
		refuse(acceptance->outcome, STR("ShortNamesConflict"), conflicts);
	add_list(acceptance, STR("shortNames"), conflict_count > 0 ? present : wanted);
}

void ext_names_accept(struct arena *arena, const struct json_value *requested,
	const struct json_value *accepted, const struct ext_names_group *group,
	struct ext_names_outcome *ret)
{
	struct acceptance acceptance = {arena, requested, accepted, group, ret};

	*ret = (struct ext_names_outcome){
		.accepted = json_object(),
		.is_accepted = true,
		.reason = STR("NoConflicts"),
		.message = STR("no conflicts found"),
	};
	accept_name(&acceptance, STR("plural"), false, STR("PluralConflict"));
	accept_name(&acceptance, STR("singular"), false, STR("SingularConflict"));
	accept_short_names(&acceptance);
	accept_name(&acceptance, STR("kind"), true, STR("KindConflict"));
	accept_name(&acceptance, STR("listKind"), true, STR("ListKindConflict"));
	add_list(&acceptance, STR("categories"), json_find(requested, STR("categories")));
}
