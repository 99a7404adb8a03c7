/* SPDX-License-Identifier: Apache-2.0 */
#include "list_options.h"

#include "json_reader.h"

/* ---- Single parameters ---- */

static int read_bool(
	const struct http_query *query, const char *name, bool *ret, struct error *err)
{
	bool is_present;
	struct str text = http_query_find(query, str_from_c(name), &is_present);

	/* Upstream's conversion: absent is false, present and empty is true. */
	*ret = false;
	if (!is_present)
		return 0;
	if (str_is_empty(text)) {
		*ret = true;
		return 0;
	}
	if (!str_parse_bool(text, ret))
		*ret = true;
	(void)err;
	return 0;
}

static int read_integer(
	const struct http_query *query, const char *name, int64_t *ret, struct error *err)
{
	bool is_present;
	struct str text = http_query_find(query, str_from_c(name), &is_present);

	*ret = 0;
	if (!is_present || str_is_empty(text))
		return 0;
	if (!str_parse_i64(text, ret))
		return error_set(err, ERROR_BAD_REQUEST,
			"unable to convert query parameter \"%s\": strconv.ParseInt: parsing "
			"\"%.*s\": invalid syntax",
			name, STR_ARG(str_slice(text, 0, 128)));
	return 0;
}

/* ---- List ---- */

static int read_resource_version(
	const struct http_query *query, struct list_options *ret, struct error *err)
{
	struct str text = http_query_find(query, STR("resourceVersion"), NULL);

	ret->has_resource_version = !str_is_empty(text);
	if (!ret->has_resource_version)
		return 0;
	if (!str_parse_u64(text, UINT64_MAX, &ret->resource_version))
		return error_set(err, ERROR_BAD_REQUEST,
			"invalid resource version: \"%.*s\": strconv.ParseUint: parsing \"%.*s\": "
			"invalid syntax",
			STR_ARG(str_slice(text, 0, 128)), STR_ARG(str_slice(text, 0, 128)));
	return 0;
}

static void check_match(
	struct list_options *options, struct str match, struct field_errors *errors)
{
	static const struct str supported[] = {STR_INIT("Exact"), STR_INIT("NotOlderThan")};
	struct field_path path = field_path_child(NULL, STR("resourceVersionMatch"));
	struct json_value value = json_string(match);

	if (str_is_empty(match))
		return;
	if (!options->has_resource_version && !options->has_send_initial_events)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch is forbidden unless resourceVersion is provided");
	if (!str_is_empty(options->continue_text))
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch is forbidden when continue is provided");
	if (str_equal(match, supported[0]))
		options->match = RESOURCE_VERSION_MATCH_EXACT;
	else if (str_equal(match, supported[1]))
		options->match = RESOURCE_VERSION_MATCH_NOT_OLDER_THAN;
	else
		field_errors_add_unsupported(errors, &path, &value, supported, 2);
	if (options->match == RESOURCE_VERSION_MATCH_EXACT && options->has_resource_version &&
		options->resource_version == 0)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
}

static void check_initial_events(
	const struct list_options *options, struct field_errors *errors)
{
	struct field_path send = field_path_child(NULL, STR("sendInitialEvents"));
	struct field_path match = field_path_child(NULL, STR("resourceVersionMatch"));

	if (!options->has_send_initial_events)
		return;
	if (!options->is_watch)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &send, NULL,
			"sendInitialEvents is forbidden for list");
	else if (options->match != RESOURCE_VERSION_MATCH_NOT_OLDER_THAN)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &match, NULL,
			"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
}

int list_options_parse(struct arena *arena, const struct http_query *query,
	struct list_options *ret, struct error *err)
{
	struct field_errors errors = {.arena = arena};
	bool ignored;

	*ret = (struct list_options){
		.label_selector = http_query_find(query, STR("labelSelector"), NULL),
		.field_selector = http_query_find(query, STR("fieldSelector"), NULL),
		.continue_text = http_query_find(query, STR("continue"), NULL),
	};
	http_query_find(query, STR("sendInitialEvents"), &ret->has_send_initial_events);
	http_query_find(query, STR("watch"), &ignored);
	if (read_bool(query, "watch", &ret->is_watch, err) != 0 ||
		read_bool(query, "allowWatchBookmarks", &ret->allow_watch_bookmarks, err) != 0 ||
		read_bool(query, "sendInitialEvents", &ret->send_initial_events, err) != 0 ||
		read_integer(query, "limit", &ret->limit, err) != 0 ||
		read_integer(query, "timeoutSeconds", &ret->timeout_seconds, err) != 0 ||
		read_resource_version(query, ret, err) != 0)
		return ERROR_RETURN;
	if (!str_is_empty(ret->continue_text) && ret->resource_version > 0)
		return error_set(err, ERROR_BAD_REQUEST,
			"specifying resource version is not allowed when using continue");
	check_match(ret, http_query_find(query, STR("resourceVersionMatch"), NULL), &errors);
	check_initial_events(ret, &errors);
	return field_errors_to_error(
		&errors, STR("meta.k8s.io"), STR("ListOptions"), STR_EMPTY, err);
}

/* ---- Writes ---- */

#define MANAGER_MAXIMUM 128

static struct str manager_from_user_agent(struct str user_agent)
{
	struct str name = str_split(&user_agent, '/');

	name = str_slice(name, 0, MANAGER_MAXIMUM);
	return str_is_empty(name) ? STR("unknown") : name;
}

static void check_manager(struct str manager, struct field_errors *errors)
{
	struct field_path path = field_path_child(NULL, STR("fieldManager"));
	struct json_value value = json_string(manager);

	if (manager.length > MANAGER_MAXIMUM)
		field_errors_add(errors, FIELD_ERROR_TOO_LONG, &path, NULL,
			"may not be more than %d bytes", MANAGER_MAXIMUM);
	for (size_t i = 0; i < manager.length; i++) {
		if ((unsigned char)manager.data[i] < 0x20) {
			field_errors_add(errors, FIELD_ERROR_INVALID, &path, &value,
				"should only contain printable characters");
			return;
		}
	}
}

static bool read_dry_run(const struct http_query *query, struct field_errors *errors)
{
	static const struct str supported[] = {STR_INIT("All")};
	struct field_path path = field_path_child(NULL, STR("dryRun"));
	bool is_present;
	struct str text = http_query_find(query, STR("dryRun"), &is_present);
	struct json_value value = json_array();

	if (!is_present)
		return false;
	if (!str_equal(text, supported[0])) {
		json_append(errors->arena, &value, json_string(text));
		field_errors_add_unsupported(errors, &path, &value, supported, 1);
	}
	return true;
}

static enum field_validation read_field_validation(
	const struct http_query *query, struct field_errors *errors)
{
	static const struct str supported[] = {
		STR_INIT("Ignore"), STR_INIT("Warn"), STR_INIT("Strict")};
	struct field_path path = field_path_child(NULL, STR("fieldValidation"));
	struct str text = http_query_find(query, STR("fieldValidation"), NULL);
	struct json_value value = json_string(text);

	if (str_is_empty(text) || str_equal(text, supported[1]))
		return FIELD_VALIDATION_WARN;
	if (str_equal(text, supported[0]))
		return FIELD_VALIDATION_IGNORE;
	if (!str_equal(text, supported[2]))
		field_errors_add_unsupported(errors, &path, &value, supported, 3);
	return FIELD_VALIDATION_STRICT;
}

int write_options_parse(struct arena *arena, const struct http_query *query, struct str user_agent,
	struct write_options *ret, struct error *err)
{
	struct field_errors errors = {.arena = arena};

	*ret = (struct write_options){
		.field_manager = http_query_find(query, STR("fieldManager"), NULL)};
	ret->has_default_manager = str_is_empty(ret->field_manager);
	if (ret->has_default_manager)
		ret->field_manager = manager_from_user_agent(user_agent);
	check_manager(ret->field_manager, &errors);
	ret->is_dry_run = read_dry_run(query, &errors);
	ret->field_validation = read_field_validation(query, &errors);
	return field_errors_to_error(
		&errors, STR("meta.k8s.io"), STR("CreateOptions"), STR_EMPTY, err);
}

/* ---- Delete ---- */

static int read_delete_query(
	const struct http_query *query, struct delete_options *ret, struct error *err)
{
	bool is_present;

	http_query_find(query, STR("gracePeriodSeconds"), &is_present);
	if (is_present &&
		read_integer(query, "gracePeriodSeconds", &ret->grace_period_seconds, err) != 0)
		return ERROR_RETURN;
	if (is_present && ret->grace_period_seconds < 0)
		ret->grace_period_seconds = 1;
	http_query_find(query, STR("orphanDependents"), &ret->has_orphan_dependents);
	ret->propagation_policy = http_query_find(query, STR("propagationPolicy"), NULL);
	return read_bool(query, "orphanDependents", &ret->orphan_dependents, err);
}

static int read_delete_body(
	struct arena *arena, struct str body, struct delete_options *ret, struct error *err)
{
	struct json_value options;

	if (json_read(arena, body, NULL, &options, err) != 0)
		return ERROR_RETURN;
	struct str kind = json_text(json_find(&options, STR("kind")));
	const struct json_value *grace = json_find(&options, STR("gracePeriodSeconds"));
	const struct json_value *orphan = json_find(&options, STR("orphanDependents"));
	const struct json_value *uid = json_find_path(&options, "preconditions", "uid", NULL);
	const struct json_value *version =
		json_find_path(&options, "preconditions", "resourceVersion", NULL);

	if (options.type != JSON_OBJECT || (!str_is_empty(kind) && !str_equal(kind, STR("DeleteOptions"))))
		return error_set(err, ERROR_BAD_REQUEST,
			"decoded object cannot be converted to DeleteOptions");
	if (grace && grace->type == JSON_INTEGER)
		ret->grace_period_seconds = grace->integer < 0 ? 1 : grace->integer;
	else if (grace && grace->type != JSON_NULL)
		return error_set(err, ERROR_BAD_REQUEST,
			"json: cannot unmarshal into Go struct field "
			"DeleteOptions.gracePeriodSeconds of type int64");
	if (orphan && orphan->type == JSON_BOOL) {
		ret->has_orphan_dependents = true;
		ret->orphan_dependents = orphan->boolean;
	}
	ret->propagation_policy = json_text(json_find(&options, STR("propagationPolicy")));
	ret->has_precondition_uid = uid && uid->type == JSON_STRING;
	ret->precondition_uid = json_text(uid);
	ret->has_precondition_resource_version = version && version->type == JSON_STRING;
	ret->precondition_resource_version = json_text(version);
	ret->is_dry_run = json_count(json_find(&options, STR("dryRun"))) > 0;
	return 0;
}

static int check_delete(
	struct arena *arena, const struct delete_options *options, struct error *err)
{
	static const struct str supported[] = {
		STR_INIT("Foreground"), STR_INIT("Background"), STR_INIT("Orphan")};
	struct field_errors errors = {.arena = arena};
	struct field_path path = field_path_child(NULL, STR("propagationPolicy"));
	struct json_value value = json_string(options->propagation_policy);
	bool is_known = str_is_empty(options->propagation_policy);

	for (size_t i = 0; i < sizeof(supported) / sizeof(supported[0]); i++)
		is_known |= str_equal(options->propagation_policy, supported[i]);
	if (!is_known)
		field_errors_add_unsupported(&errors, &path, &value, supported, 3);
	if (options->has_orphan_dependents && !str_is_empty(options->propagation_policy))
		field_errors_add(&errors, FIELD_ERROR_INVALID, &path, &value,
			"orphanDependents and deletionPropagation cannot be both set");
	return field_errors_to_error(
		&errors, STR("meta.k8s.io"), STR("DeleteOptions"), STR_EMPTY, err);
}

int delete_options_parse(struct arena *arena, const struct http_query *query, struct str body,
	struct delete_options *ret, struct error *err)
{
	struct field_errors errors = {.arena = arena};

	*ret = (struct delete_options){.grace_period_seconds = -1};
	if (read_delete_query(query, ret, err) != 0)
		return ERROR_RETURN;
	if (!str_is_empty(str_trim(body)) && read_delete_body(arena, body, ret, err) != 0)
		return ERROR_RETURN;
	if (read_dry_run(query, &errors))
		ret->is_dry_run = true;
	if (errors.count > 0)
		return field_errors_to_error(
			&errors, STR("meta.k8s.io"), STR("DeleteOptions"), STR_EMPTY, err);
	return check_delete(arena, ret, err);
}
