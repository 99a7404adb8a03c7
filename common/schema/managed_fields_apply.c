/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "go_format.h"
#include "json_reader.h"
#include "json_writer.h"
#include "managed_fields.h"
#include "managed_fields_private.h"

#define LAST_APPLIED        "kubectl.kubernetes.io/last-applied-configuration"
#define ANNOTATIONS_MAXIMUM (256 * 1024)
#define CONFLICTS_MAXIMUM   1000

/* An apply on its way. */
struct field_apply {
	struct arena *arena;
	const struct managed_fields_request *request;
	struct json_value live;
	const struct json_value *config;
	struct field_managers managers;
	struct field_manager self; /* the applying manager with its new set */
	struct field_set last_set; /* its set before */
	struct json_value result;
	struct typed_comparison comparison; /* of live with result */
	struct error *err;
};

/* ---- Checking the configuration. ---- */

static struct str text_or(const struct json_value *value, struct str otherwise)
{
	return value && value->type == JSON_STRING ? json_text(value) : otherwise;
}

static int check_config(struct field_apply *apply)
{
	struct buffer text = {0};
	struct str version = json_text(json_find(apply->config, STR("apiVersion")));
	size_t slash = str_find_byte(version, '/');
	bool has_group = slash < version.length;
	struct str group = has_group ? str_slice(version, 0, slash) : STR_EMPTY;

	if (typed_check(apply->arena, apply->request->schema, apply->config, &text) == 0) {
		buffer_fini(&text);
		return 0;
	}
	struct str problems = buffer_str(&text);
	struct str name =
		text_or(json_find_path(apply->config, "metadata", "name", NULL), STR_EMPTY);
	struct str space =
		text_or(json_find_path(apply->config, "metadata", "namespace", NULL), STR_EMPTY);
	struct str kind = json_text(json_find(apply->config, STR("kind")));

	version = has_group ? str_skip(version, slash + 1) : version;
	error_set(apply->err, ERROR_UNTYPED,
		"failed to create typed patch object (%.*s/%.*s; %.*s/%.*s, Kind=%.*s): %.*s",
		STR_ARG(space), STR_ARG(name), STR_ARG(group), STR_ARG(version), STR_ARG(kind),
		STR_ARG(problems));
	buffer_fini(&text);
	return ERROR_RETURN;
}

/* ---- Pruning. ---- */

/* The union of the managers from..to, halved each time so that many small sets cost no square. */
static struct field_set union_of_managers(
	struct arena *arena, const struct field_manager *from, const struct field_manager *to)
{
	const struct field_manager *middle = from + (to - from) / 2;

	if (from == to)
		return (struct field_set){0};
	if (to - from == 1)
		return from->set;
	struct field_set low = union_of_managers(arena, from, middle);
	struct field_set high = union_of_managers(arena, middle, to);

	return field_set_union(arena, &low, &high);
}

static struct field_set managed_by_all(const struct field_apply *apply)
{
	const struct field_managers *managers = &apply->managers;
	struct field_set others = {0};

	if (managers->count > 0)
		others = union_of_managers(
			apply->arena, managers->items, managers->items + managers->count);
	return field_set_union(apply->arena, &others, &apply->self.set);
}

static struct field_set ensured_set(const struct field_apply *apply, const struct json_value *value)
{
	struct field_set set = typed_to_set(apply->arena, apply->request->schema, value);

	return typed_ensure_fields(apply->arena, apply->request->schema, &set);
}

/*
 * Takes from the merged object what the manager owned before and does not apply any more, if nobody
 * else owns it. First all of it goes, then what someone owns comes back, and last whatever went
 * that the manager had not owned.
 */
static struct json_value prune(const struct field_apply *apply, const struct json_value *merged)
{
	struct arena *arena = apply->arena;
	const struct schema *schema = apply->request->schema;

	if (field_set_is_empty(&apply->last_set))
		return *merged;
	struct field_set last = typed_ensure_fields(arena, schema, &apply->last_set);
	struct field_set all = managed_by_all(apply);
	struct field_set managed = typed_ensure_fields(arena, schema, &all);
	struct field_set merged_set = ensured_set(apply, merged);
	struct json_value pruned = typed_remove(arena, schema, merged, &last);
	struct field_set kept = ensured_set(apply, &pruned);

	kept = field_set_union(arena, &kept, &managed);
	struct field_set gone = field_set_difference(arena, &merged_set, &kept);

	pruned = typed_remove(arena, schema, merged, &gone);
	kept = ensured_set(apply, &pruned);
	gone = field_set_difference(arena, &merged_set, &kept);
	gone = field_set_intersection(arena, &gone, &last);
	return typed_remove(arena, schema, merged, &gone);
}

/* ---- Conflicts. ---- */

/* Fields of one other manager that the apply would change. */
struct field_conflict {
	const struct field_manager *manager;
	struct str descriptor; /* as it stands in messages */
	struct field_set set;
};

struct conflict_report {
	struct field_apply *apply;
	const struct field_conflict *current;
	struct buffer lines;
	size_t count;
	struct str first_path;
};

static struct str describe_manager(struct arena *arena, const struct field_manager *manager)
{
	struct buffer text = {0};

	go_quote(&text, manager->name);
	if (!str_is_empty(manager->subresource)) {
		buffer_append(&text, STR(" with subresource "));
		go_quote(&text, manager->subresource);
	}
	if (!manager->is_apply) {
		buffer_append(&text, STR(" using "));
		buffer_append(&text, manager->api_version);
	}
	struct str copy = arena_copy(arena, buffer_str(&text));

	buffer_fini(&text);
	return copy;
}

static int compare_conflicts(const void *a, const void *b)
{
	return str_compare(((const struct field_conflict *)a)->descriptor,
		((const struct field_conflict *)b)->descriptor);
}

/* All conflicts, sorted by their managers' descriptors. */
static size_t find_conflicts(struct field_apply *apply, struct field_conflict **ret)
{
	struct field_set changed = field_set_union(
		apply->arena, &apply->comparison.modified, &apply->comparison.added);
	struct field_conflict *conflicts =
		ARENA_ARRAY(apply->arena, struct field_conflict, apply->managers.count);
	size_t count = 0;

	for (size_t i = 0; i < apply->managers.count; i++) {
		const struct field_manager *manager = &apply->managers.items[i];
		struct field_set set =
			field_set_intersection(apply->arena, &manager->set, &changed);

		if (!field_set_is_empty(&set))
			conflicts[count++] = (struct field_conflict){
				manager, describe_manager(apply->arena, manager), set};
	}
	qsort(conflicts, count, sizeof(*conflicts), compare_conflicts);
	*ret = conflicts;
	return count;
}

static void report_path(void *context, struct str path)
{
	struct conflict_report *report = context;
	struct arena *arena = report->apply->arena;

	if (report->count++ >= CONFLICTS_MAXIMUM)
		return;
	struct str copy = arena_copy(arena, path);

	if (report->count == 1)
		report->first_path = copy;
	buffer_append(&report->lines, STR("\n- "));
	buffer_append(&report->lines, path);
	error_add_cause(report->apply->err, STR("FieldManagerConflict"),
		arena_printf(arena, "conflict with %.*s", STR_ARG(report->current->descriptor)),
		copy);
}

static int fail_conflicts(
	struct field_apply *apply, const struct field_conflict *conflicts, size_t count)
{
	struct conflict_report report = {.apply = apply};

	/* The message needs the causes' number and comes last; the code must be there first. */
	error_set(apply->err, ERROR_CONFLICT, "Apply failed with conflicts");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_byte(&report.lines, '\n');
		buffer_append(&report.lines, STR("conflicts with "));
		buffer_append(&report.lines, conflicts[i].descriptor);
		buffer_append_byte(&report.lines, ':');
		report.current = &conflicts[i];
		field_set_each(&conflicts[i].set, report_path, &report);
	}
	if (apply->err && report.count == 1)
		apply->err->message = arena_printf(apply->arena,
			"Apply failed with 1 conflict: conflict with %.*s: %.*s",
			STR_ARG(conflicts[0].descriptor), STR_ARG(report.first_path));
	else if (apply->err)
		apply->err->message =
			arena_printf(apply->arena, "Apply failed with %zu conflicts: %.*s",
				report.count, STR_ARG(buffer_str(&report.lines)));
	buffer_fini(&report.lines);
	return ERROR_RETURN;
}

/* ---- kubectl's annotation, which lets it move from client-side to server-side apply. ---- */

static const struct json_value *last_applied(const struct json_value *object)
{
	const struct json_value *text =
		json_find_path(object, "metadata", "annotations", LAST_APPLIED, NULL);

	return text && text->type == JSON_STRING ? text : NULL;
}

/* Fields kubectl applied on the client's side that have not changed since: it may take them. */
static struct field_set allowed_by_last_applied(const struct field_apply *apply)
{
	struct arena *arena = apply->arena;
	const struct schema *schema = apply->request->schema;
	const struct json_value *text = last_applied(&apply->live);
	struct buffer ignored = {0};
	struct json_value applied;

	if (!text || json_read(arena, json_text(text), NULL, &applied, NULL) != 0 ||
		applied.type != JSON_OBJECT)
		return (struct field_set){0};
	size_t problems = typed_check(arena, schema, &applied, &ignored);

	buffer_fini(&ignored);
	if (problems > 0)
		return (struct field_set){0};
	struct typed_comparison changes = typed_compare(arena, schema, &applied, &apply->live);
	struct field_set allowed = typed_to_set(arena, schema, &applied);

	allowed = field_set_difference(arena, &allowed, &changes.modified);
	return field_set_difference(arena, &allowed, &changes.removed);
}

/* Leaves out the conflicts that kubectl's annotation allows; returns how many remain. */
static size_t drop_allowed(
	const struct field_apply *apply, struct field_conflict *conflicts, size_t count)
{
	struct field_set allowed = allowed_by_last_applied(apply);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct field_conflict conflict = conflicts[i];

		conflict.set = field_set_difference(apply->arena, &conflict.set, &allowed);
		if (!field_set_is_empty(&conflict.set))
			conflicts[kept++] = conflict;
	}
	return kept;
}

static size_t annotations_bytes(const struct json_value *annotations)
{
	size_t bytes = 0;

	for (size_t i = 0; i < json_count(annotations); i++)
		bytes += annotations->members[i].key.length +
			 json_text(&annotations->members[i].value).length;
	return bytes;
}

/* Keeps the annotation in step with what kubectl applies, so that it can go back. */
static void refresh_last_applied(struct field_apply *apply)
{
	static const char *const path[] = {"metadata", "annotations", LAST_APPLIED, NULL};
	static const struct schema any = {.kind = SCHEMA_ANY};
	struct field_set set = field_set_of_path(apply->arena, path);
	struct json_value bare = typed_remove(apply->arena, &any, apply->config, &set);
	struct str text = json_to_str(apply->arena, &bare);
	struct json_value *metadata =
		json_ensure_object(apply->arena, &apply->result, STR("metadata"));
	struct json_value *annotations =
		json_ensure_object(apply->arena, metadata, STR("annotations"));

	text = arena_printf(apply->arena, "%.*s\n", STR_ARG(text));
	json_set(apply->arena, annotations, STR(LAST_APPLIED), json_string(text));
	if (annotations_bytes(annotations) > ANNOTATIONS_MAXIMUM)
		json_remove(annotations, STR(LAST_APPLIED));
}

/* ---- Apply. ---- */

/* The first apply to an object nobody manages: all it has belongs to whoever came before. */
static void track_before_first_apply(struct field_apply *apply)
{
	struct json_value empty =
		managed_fields_empty_object(apply->arena, apply->request, apply->config);
	struct typed_comparison all =
		managed_fields_compare(apply->arena, apply->request, &empty, &apply->live);

	managed_fields_take(apply->arena, &apply->managers, &all,
		(struct field_manager){.name = STR("before-first-apply"),
			.api_version = apply->request->api_version,
			.subresource = apply->request->subresource,
			.has_time = true,
			.wall_seconds = apply->request->now_wall_seconds});
}

/* Moves the manager's old entry out of the others, and computes its new set. */
static void set_self(struct field_apply *apply)
{
	const struct managed_fields_request *request = apply->request;
	struct field_set reset = managed_fields_reset_set(apply->arena, request);
	struct field_manager self = {
		.name = request->manager,
		.api_version = request->api_version,
		.subresource = request->subresource,
		.is_apply = true,
	};
	struct field_manager *previous = field_managers_find(&apply->managers, &self);
	struct field_set set = typed_to_set(apply->arena, request->schema, apply->config);

	self.set = field_set_difference_below(apply->arena, &set, &reset);
	if (previous) {
		apply->last_set = previous->set;
		self.has_time = previous->has_time;
		self.wall_seconds = previous->wall_seconds;
		previous->set = (struct field_set){0};
		field_managers_drop_empty(&apply->managers);
	}
	apply->self = self;
}

static int resolve_conflicts(struct field_apply *apply, bool force)
{
	struct field_conflict *conflicts;
	size_t count = find_conflicts(apply, &conflicts);

	if (!force && count > 0 && str_equal(apply->request->manager, STR("kubectl")))
		count = drop_allowed(apply, conflicts, count);
	if (!force && count > 0)
		return fail_conflicts(apply, conflicts, count);
	return 0;
}

/* Takes from the others what changed or went, and adds the manager's own entry. */
static void settle_managers(struct field_apply *apply)
{
	struct arena *arena = apply->arena;
	struct typed_comparison *comparison = &apply->comparison;
	struct field_set changed =
		field_set_union(arena, &comparison->modified, &comparison->added);
	struct field_set strip = managed_fields_strip_set(arena);
	bool is_same = field_set_is_empty(&changed) && field_set_is_empty(&comparison->removed);

	for (size_t i = 0; i < apply->managers.count; i++) {
		struct field_set *set = &apply->managers.items[i].set;

		*set = field_set_difference(arena, set, &changed);
		*set = field_set_difference(arena, set, &comparison->removed);
	}
	apply->self.set = field_set_difference(arena, &apply->self.set, &strip);
	if (!is_same || !field_set_equal(&apply->self.set, &apply->last_set)) {
		apply->self.has_time = true;
		apply->self.wall_seconds = apply->request->now_wall_seconds;
	}
	field_managers_add(arena, &apply->managers, apply->self);
}

int managed_fields_apply(struct arena *arena, const struct managed_fields_request *request,
	const struct json_value *live, const struct json_value *configuration, bool force,
	struct json_value *ret_object, struct error *err)
{
	struct json_value config = managed_fields_without(arena, configuration);
	struct field_apply apply = {
		.arena = arena,
		.request = request,
		.live = live ? managed_fields_without(arena, live)
			     : managed_fields_empty_object(arena, request, configuration),
		.config = &config,
		.managers = field_managers_decode_stored(arena, live),
		.err = err,
	};

	if (check_config(&apply) != 0)
		return ERROR_RETURN;
	if (live && apply.managers.count == 0)
		track_before_first_apply(&apply);
	set_self(&apply);
	struct json_value merged = typed_merge(arena, request->schema, &apply.live, &config);

	apply.result = prune(&apply, &merged);
	apply.comparison = managed_fields_compare(arena, request, &apply.live, &apply.result);
	if (resolve_conflicts(&apply, force) != 0)
		return ERROR_RETURN;
	settle_managers(&apply);
	apply.result = json_copy(arena, &apply.result, false);
	if (str_equal(request->manager, STR("kubectl")) && last_applied(&apply.live))
		refresh_last_applied(&apply);
	field_managers_encode(arena, request->schema, &apply.managers, &apply.result);
	*ret_object = apply.result;
	return 0;
}
