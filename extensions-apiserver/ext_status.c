/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_status.h"

#include "clock.h"
#include "ext_url.h"

/* ---- Reading ---- */

static struct json_value *find_condition(struct json_value *conditions, struct str type)
{
	for (size_t i = 0; i < json_count(conditions); i++) {
		struct json_value *condition = json_element(conditions, i);

		if (str_equal(json_text(json_find(condition, STR("type"))), type))
			return condition;
	}
	return NULL;
}

bool ext_status_is_true(const struct json_value *object, struct str condition)
{
	struct json_value *conditions = json_find_path(object, "status", "conditions", NULL);
	struct json_value *found = find_condition(conditions, condition);

	return str_equal(json_text(json_find(found, STR("status"))), STR("True"));
}

bool ext_has_finalizer(const struct json_value *object, struct str finalizer)
{
	const struct json_value *list = json_find_path(object, "metadata", "finalizers", NULL);

	for (size_t i = 0; i < json_count(list); i++) {
		if (str_equal(json_text(json_element(list, i)), finalizer))
			return true;
	}
	return false;
}

bool ext_is_terminating(const struct json_value *object)
{
	return json_find_path(object, "metadata", "deletionTimestamp", NULL) != NULL;
}

bool ext_is_own_resource(struct str group, struct str plural)
{
	return str_equal(group, STR("apiextensions.k8s.io")) &&
	       str_equal(plural, STR("customresourcedefinitions"));
}

/* ---- Approval ---- */

bool ext_is_protected_group(struct str group)
{
	return str_equal(group, STR("k8s.io")) || str_ends_with(group, STR(".k8s.io")) ||
	       str_equal(group, STR("kubernetes.io")) ||
	       str_ends_with(group, STR(".kubernetes.io"));
}

#define APPROVAL_RULE                                                                              \
	"protected groups must have approval annotation \"" EXT_APPROVAL_ANNOTATION "\""
#define APPROVAL_LINK "see https://github.com/kubernetes/enhancements/pull/1111"

enum ext_approval ext_approval_state(
	struct arena *arena, const struct json_value *object, struct str *ret_message)
{
	struct str value = json_text(
		json_find_path(object, "metadata", "annotations", EXT_APPROVAL_ANNOTATION, NULL));
	enum ext_approval state = EXT_APPROVAL_INVALID;
	struct ext_url url;
	struct str message;

	if (str_is_empty(value)) {
		state = EXT_APPROVAL_MISSING;
		message = STR(APPROVAL_RULE ", " APPROVAL_LINK);
	} else if (str_starts_with(value, STR("unapproved"))) {
		state = EXT_APPROVAL_BYPASSED;
		message = arena_printf(arena, "not approved: \"%.*s\"", STR_ARG(value));
	} else if (ext_url_parse(value, &url) && !str_is_empty(url.scheme) &&
		   !str_is_empty(url.host)) {
		state = EXT_APPROVAL_APPROVED;
		message = arena_printf(arena, "approved in %.*s", STR_ARG(value));
	} else {
		message = STR(APPROVAL_RULE " with either a URL or a reason starting with "
					    "\"unapproved\", " APPROVAL_LINK);
	}
	if (ret_message)
		*ret_message = message;
	return state;
}

/* ---- Conditions ---- */

struct status_writer {
	struct arena *arena;
	struct json_value *conditions;
	struct str now;
};

static struct str format_now(struct arena *arena, int64_t now_wall_seconds)
{
	char *text = arena_allocate_text(arena, CLOCK_RFC3339_BYTES);

	return str_from(text, clock_format_rfc3339(now_wall_seconds, text));
}

/* The time of the last transition moves only when the status does. */
static void set_condition(struct status_writer *writer, struct str type, bool is_true,
	struct str reason, struct str message)
{
	struct str status = is_true ? STR("True") : STR("False");
	struct json_value *present = find_condition(writer->conditions, type);
	struct str time = writer->now;
	struct json_value condition = json_object();

	if (present && str_equal(json_text(json_find(present, STR("status"))), status) &&
		json_find(present, STR("lastTransitionTime")))
		time = json_text(json_find(present, STR("lastTransitionTime")));
	json_append_member(writer->arena, &condition, STR("type"), json_string(type));
	json_append_member(writer->arena, &condition, STR("status"), json_string(status));
	json_append_member(writer->arena, &condition, STR("lastTransitionTime"), json_string(time));
	json_append_member(writer->arena, &condition, STR("reason"), json_string(reason));
	json_append_member(writer->arena, &condition, STR("message"), json_string(message));
	if (present)
		*present = condition;
	else
		json_append(writer->arena, writer->conditions, condition);
}

static void remove_condition(struct status_writer *writer, struct str type)
{
	for (size_t i = 0; i < json_count(writer->conditions); i++) {
		if (str_equal(
			    json_text(json_find(json_element(writer->conditions, i), STR("type"))),
			    type)) {
			json_remove_element(writer->conditions, i);
			return;
		}
	}
}

static void set_approval(struct status_writer *writer, const struct json_value *object)
{
	static const struct str reasons[] = {
		[EXT_APPROVAL_MISSING] = STR_INIT("MissingAnnotation"),
		[EXT_APPROVAL_APPROVED] = STR_INIT("ApprovedAnnotation"),
		[EXT_APPROVAL_BYPASSED] = STR_INIT("UnapprovedAnnotation"),
		[EXT_APPROVAL_INVALID] = STR_INIT("InvalidAnnotation"),
	};
	struct str message;

	if (!ext_is_protected_group(json_text(json_find_path(object, "spec", "group", NULL))))
		return;
	enum ext_approval state = ext_approval_state(writer->arena, object, &message);

	set_condition(writer, STR("KubernetesAPIApprovalPolicyConformant"),
		state == EXT_APPROVAL_APPROVED, reasons[state], message);
}

static void set_established(struct status_writer *writer, bool names_are_accepted)
{
	struct json_value *present = find_condition(writer->conditions, STR("Established"));

	if (str_equal(json_text(json_find(present, STR("status"))), STR("True")))
		return;
	if (names_are_accepted)
		set_condition(writer, STR("Established"), true, STR("InitialNamesAccepted"),
			STR("the initial names have been accepted"));
	else
		set_condition(writer, STR("Established"), false, STR("NotAccepted"),
			STR("not all names are accepted"));
}

/* How far the removal of its objects has come: done once the finalizer is gone. */
static void set_terminating(
	struct status_writer *writer, const struct json_value *object, const struct json_value *old)
{
	const struct json_value *spec = json_find(object, STR("spec"));
	struct str group = json_text(json_find(spec, STR("group")));
	struct str plural = json_text(json_find_path(spec, "names", "plural", NULL));

	if (!ext_is_terminating(object))
		return;
	if (ext_has_finalizer(object, STR(EXT_CLEANUP_FINALIZER)))
		set_condition(writer, STR("Terminating"), true, STR("InstanceDeletionInProgress"),
			STR("CustomResource deletion is in progress"));
	else if (ext_is_own_resource(group, plural))
		set_condition(writer, STR("Terminating"), false, STR("OverlappingBuiltInResource"),
			STR("instances overlap with built-in resources in storage"));
	else if (!ext_status_is_true(old, STR("Established")))
		set_condition(writer, STR("Terminating"), false, STR("NeverEstablished"),
			STR("resource was never established"));
	else
		set_condition(writer, STR("Terminating"), false, STR("InstanceDeletionCompleted"),
			STR("removed all instances"));
}

void ext_status_mark_deleted(
	struct arena *arena, struct json_value *object, int64_t now_wall_seconds)
{
	struct json_value *status = json_ensure_object(arena, object, STR("status"));
	struct json_value *present = json_find(status, STR("conditions"));
	struct json_value conditions = present ? json_copy(arena, present, false) : json_array();
	struct status_writer writer = {arena, &conditions, format_now(arena, now_wall_seconds)};

	set_condition(&writer, STR("Terminating"), true, STR("InstanceDeletionPending"),
		STR("CustomResourceDefinition marked for deletion; CustomResource deletion will "
		    "begin soon"));
	json_set(arena, status, STR("conditions"), conditions);
}

/* ---- The whole ---- */

static struct json_value stored_versions(
	struct arena *arena, const struct json_value *object, const struct json_value *before)
{
	const struct json_value *versions = json_find_path(object, "spec", "versions", NULL);
	struct json_value stored = before && before->type == JSON_ARRAY
					   ? json_copy(arena, before, false)
					   : json_array();

	for (size_t i = 0; i < json_count(versions); i++) {
		const struct json_value *version = json_element(versions, i);
		struct str name = json_text(json_find(version, STR("name")));
		bool is_known = false;

		if (!json_bool_or(json_find(version, STR("storage")), false))
			continue;
		for (size_t j = 0; j < json_count(&stored); j++)
			is_known |= str_equal(json_text(json_element(&stored, j)), name);
		if (!is_known)
			json_append(arena, &stored, json_string(name));
		break;
	}
	return stored;
}

void ext_status_compute(struct arena *arena, struct json_value *object,
	const struct json_value *old, const struct ext_names_group *group, int64_t now_wall_seconds)
{
	const struct json_value *before = old ? json_find(object, STR("status")) : NULL;
	const struct json_value *present = json_find(before, STR("conditions"));
	struct json_value conditions = present && present->type == JSON_ARRAY
					       ? json_copy(arena, present, false)
					       : json_array();
	struct status_writer writer = {arena, &conditions, format_now(arena, now_wall_seconds)};
	struct json_value status = json_object();
	struct ext_names_outcome names;

	ext_names_accept(arena, json_find_path(object, "spec", "names", NULL),
		json_find_path(old, "status", "acceptedNames", NULL), group, &names);
	set_approval(&writer, object);
	set_condition(
		&writer, STR("NamesAccepted"), names.is_accepted, names.reason, names.message);
	set_established(&writer, names.is_accepted);
	remove_condition(&writer, STR("NonStructuralSchema"));
	set_terminating(&writer, object, old);
	json_append_member(arena, &status, STR("conditions"), conditions);
	json_append_member(arena, &status, STR("acceptedNames"), names.accepted);
	json_append_member(arena, &status, STR("storedVersions"),
		stored_versions(arena, object, json_find(before, STR("storedVersions"))));
	json_set(arena, object, STR("status"), status);
}
