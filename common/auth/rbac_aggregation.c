/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregated cluster roles have the rules of all cluster roles that their selectors match, and, as
 * those may be aggregated themselves, all the way down. What a change cannot have touched is not
 * looked at again.
 */
#include "memory.h"
#include "rbac_private.h"

static bool requirement_matches(
	const struct json_value *requirement, const struct json_value *labels)
{
	struct str relation = json_text(json_find(requirement, STR("operator")));
	const struct json_value *values = json_find(requirement, STR("values"));
	const struct json_value *label =
		json_find(labels, json_text(json_find(requirement, STR("key"))));
	bool is_among = false;

	for (size_t i = 0; label && i < json_count(values); i++)
		is_among |= str_equal(json_text(json_element(values, i)), json_text(label));
	if (str_equal(relation, STR("In")))
		return is_among;
	if (str_equal(relation, STR("NotIn")))
		return !is_among;
	if (str_equal(relation, STR("Exists")))
		return label != NULL;
	if (str_equal(relation, STR("DoesNotExist")))
		return label == NULL;
	return false;
}

static bool selector_matches(const struct json_value *selector, const struct json_value *labels)
{
	const struct json_value *match = json_find(selector, STR("matchLabels"));
	const struct json_value *expressions = json_find(selector, STR("matchExpressions"));

	if (!selector || selector->type != JSON_OBJECT)
		return false;
	for (size_t i = 0; i < json_count(match) && match->type == JSON_OBJECT; i++) {
		const struct json_member *member = &match->members[i];
		const struct json_value *label = json_find(labels, member->key);

		if (!label || !str_equal(json_text(label), json_text(&member->value)))
			return false;
	}
	for (size_t i = 0; i < json_count(expressions); i++) {
		if (!requirement_matches(json_element(expressions, i), labels))
			return false;
	}
	return true;
}

static bool selects(const struct rbac_role *aggregated, const struct rbac_role *role)
{
	if (!role->exists || role == aggregated)
		return false;
	for (size_t i = 0; i < json_count(&aggregated->selectors); i++) {
		if (selector_matches(json_element(&aggregated->selectors, i), &role->labels))
			return true;
	}
	return false;
}

static bool has_member(const struct rbac_role *aggregated, const struct rbac_role *role)
{
	for (size_t i = 0; i < aggregated->member_count; i++) {
		if (aggregated->members[i] == role)
			return true;
	}
	return false;
}

void rbac_aggregation_note(struct rbac *rbac, struct rbac_role *changed)
{
	bool is_touched = changed->is_aggregated;

	for (size_t i = 0; i < rbac->aggregated_count && !is_touched; i++)
		is_touched = has_member(rbac->aggregated[i], changed) ||
			     selects(rbac->aggregated[i], changed);
	/* One aggregated role may be a member of another: all of them are found anew. */
	for (size_t i = 0; i < rbac->aggregated_count && is_touched; i++)
		rbac->aggregated[i]->is_stale = true;
}

void rbac_aggregation_enlist(struct rbac *rbac, struct rbac_role *role)
{
	size_t i = 0;

	while (i < rbac->aggregated_count && rbac->aggregated[i] != role)
		i++;
	if (!role->is_aggregated) {
		if (i < rbac->aggregated_count)
			rbac->aggregated[i] = rbac->aggregated[--rbac->aggregated_count];
		memory_free(role->members);
		role->members = NULL;
		role->member_count = 0;
		return;
	}
	role->is_stale = true;
	if (i < rbac->aggregated_count)
		return;
	if (rbac->aggregated_count == rbac->aggregated_capacity) {
		rbac->aggregated_capacity = rbac->aggregated_capacity * 2 + 8;
		rbac->aggregated = memory_resize(
			rbac->aggregated, rbac->aggregated_capacity * sizeof(struct rbac_role *));
	}
	rbac->aggregated[rbac->aggregated_count++] = role;
}

static void add_member(struct rbac_role *aggregated, size_t *capacity, struct rbac_role *member)
{
	if (aggregated->member_count == *capacity) {
		*capacity = *capacity * 2 + 8;
		aggregated->members =
			memory_resize(aggregated->members, *capacity * sizeof(struct rbac_role *));
	}
	aggregated->members[aggregated->member_count++] = member;
}

static void add_selected(struct rbac *rbac, struct rbac_role *aggregated, size_t *capacity,
	const struct rbac_role *selecting)
{
	const struct map_entry *entry;
	size_t position = 0;

	while ((entry = map_next(&rbac->cluster_roles, &position))) {
		struct rbac_role *role = entry->value;

		if (role->visit == rbac->visit || !selects(selecting, role))
			continue;
		role->visit = rbac->visit;
		add_member(aggregated, capacity, role);
	}
}

/* Breadth first; the members found so far are the queue, and a mark keeps circles from turning. */
static void find_members(struct rbac *rbac, struct rbac_role *aggregated)
{
	size_t capacity = 0;

	memory_free(aggregated->members);
	aggregated->members = NULL;
	aggregated->member_count = 0;
	rbac->visit++;
	aggregated->visit = rbac->visit;
	add_selected(rbac, aggregated, &capacity, aggregated);
	for (size_t i = 0; i < aggregated->member_count; i++) {
		if (aggregated->members[i]->is_aggregated)
			add_selected(rbac, aggregated, &capacity, aggregated->members[i]);
	}
	aggregated->is_stale = false;
}

void rbac_aggregation_refresh(struct rbac *rbac)
{
	for (size_t i = 0; i < rbac->aggregated_count; i++) {
		if (rbac->aggregated[i]->is_stale)
			find_members(rbac, rbac->aggregated[i]);
	}
}
