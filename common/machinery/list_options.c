/* SPDX-License-Identifier: Apache-2.0 */
#include "list_options.h"

#include "delete_options_body.h"
#include "request_info.h"
#include "utf8.h"

/* ---- Single parameters ---- */

static bool is_number(struct str text)
{
	size_t start = text.length > 1 && (text.data[0] == '-' || text.data[0] == '+');

	for (size_t i = start; i < text.length; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.length > 0;
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
		return error_set(err, ERROR_BAD_REQUEST, "strconv.ParseInt: parsing \"%.*s\": %s",
			STR_ARG(str_slice(text, 0, 128)),
			is_number(text) ? "value out of range" : "invalid syntax");
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

static enum resource_version_match parse_match(struct str text)
{
	if (str_equal(text, STR("Exact")))
		return RESOURCE_VERSION_MATCH_EXACT;
	if (str_equal(text, STR("NotOlderThan")))
		return RESOURCE_VERSION_MATCH_NOT_OLDER_THAN;
	return RESOURCE_VERSION_MATCH_UNSET;
}

static void check_list_match(
	const struct list_options *options, struct str match, struct field_errors *errors)
{
	static const struct str supported[] = {
		STR_INIT("Exact"), STR_INIT("NotOlderThan"), STR_INIT("")};
	struct field_path path = field_path_child(NULL, STR("resourceVersionMatch"));
	struct json_value value = json_string(match);

	if (str_is_empty(match))
		return;
	if (!options->has_resource_version)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch is forbidden unless resourceVersion is provided");
	if (!str_is_empty(options->continue_text))
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch is forbidden when continue is provided");
	if (options->match == RESOURCE_VERSION_MATCH_UNSET)
		field_errors_add_unsupported(errors, &path, &value, supported, 3);
	if (options->match == RESOURCE_VERSION_MATCH_EXACT && options->has_resource_version &&
		options->resource_version == 0)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
}

static void check_list(
	const struct list_options *options, struct str match, struct field_errors *errors)
{
	struct field_path send = field_path_child(NULL, STR("sendInitialEvents"));

	check_list_match(options, match, errors);
	if (options->has_send_initial_events)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &send, NULL,
			"sendInitialEvents is forbidden for list");
}

static void check_watch(
	const struct list_options *options, struct str match, struct field_errors *errors)
{
	static const struct str supported[] = {STR_INIT("NotOlderThan")};
	struct field_path path = field_path_child(NULL, STR("resourceVersionMatch"));
	struct json_value value = json_string(match);
	bool is_supported = options->match == RESOURCE_VERSION_MATCH_NOT_OLDER_THAN;

	if (options->has_send_initial_events && !is_supported)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (str_is_empty(match))
		return;
	if (!options->has_send_initial_events)
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
			"provided");
	if (!is_supported)
		field_errors_add_unsupported(errors, &path, &value, supported, 1);
	if (!str_is_empty(options->continue_text))
		field_errors_add(errors, FIELD_ERROR_FORBIDDEN, &path, NULL,
			"resourceVersionMatch is forbidden when continue is provided");
}

int list_options_parse(struct arena *arena, const struct http_query *query,
	struct list_options *ret, struct error *err)
{
	struct field_errors errors = {.arena = arena};
	struct str match = http_query_find(query, STR("resourceVersionMatch"), NULL);

	*ret = (struct list_options){
		.label_selector = http_query_find(query, STR("labelSelector"), NULL),
		.field_selector = http_query_find(query, STR("fieldSelector"), NULL),
		.continue_text = http_query_find(query, STR("continue"), NULL),
		.match = parse_match(match),
		.is_watch = request_info_query_bool(query, STR("watch")),
		.allow_watch_bookmarks = request_info_query_bool(query, STR("allowWatchBookmarks")),
		.send_initial_events = request_info_query_bool(query, STR("sendInitialEvents")),
	};
	http_query_find(query, STR("sendInitialEvents"), &ret->has_send_initial_events);
	if (read_integer(query, "limit", &ret->limit, err) != 0 ||
		read_integer(query, "timeoutSeconds", &ret->timeout_seconds, err) != 0 ||
		read_resource_version(query, ret, err) != 0)
		return ERROR_RETURN;
	if (!str_is_empty(ret->continue_text) && ret->resource_version > 0 && str_is_empty(match))
		return error_set(err, ERROR_BAD_REQUEST,
			"specifying resource version is not allowed when using continue");
	if (ret->is_watch)
		check_watch(ret, match, &errors);
	else
		check_list(ret, match, &errors);
	return field_errors_to_error(
		&errors, STR("meta.k8s.io"), STR("ListOptions"), STR_EMPTY, err);
}

/* ---- Writes ---- */

#define MANAGER_MAXIMUM 128

/* What upstream's IsPrint refuses of the code points that clients send: controls. */
static bool is_control(struct str rest, uint32_t *ret_code_point)
{
	unsigned char first = (unsigned char)rest.data[0];

	*ret_code_point = first;
	if (first < 0x20 || first == 0x7f)
		return true;
	if (first != 0xc2 || rest.length < 2)
		return false;
	*ret_code_point = (unsigned char)rest.data[1];
	return *ret_code_point < 0xa0;
}

static struct str manager_from_user_agent(struct arena *arena, struct str user_agent)
{
	struct str name = str_split(&user_agent, '/');
	char *text = arena_allocate_text(arena, MANAGER_MAXIMUM + 1);
	size_t length = 0, bytes;
	uint32_t ignored;

	for (size_t i = 0; i < name.length; i += bytes) {
		struct str rest = str_skip(name, i);

		bytes = utf8_sequence_length(rest);
		if (bytes == 0 || is_control(rest, &ignored)) {
			bytes = bytes == 0 ? 1 : bytes;
			continue;
		}
		if (length + bytes > MANAGER_MAXIMUM)
			break;
		memcpy(text + length, rest.data, bytes);
		length += bytes;
	}
	return length == 0 ? STR("unknown") : str_from(text, length);
}

static void check_manager(struct str manager, struct field_errors *errors)
{
	struct field_path path = field_path_child(NULL, STR("fieldManager"));
	struct json_value value = json_string(manager);

	if (manager.length > MANAGER_MAXIMUM)
		field_errors_add(errors, FIELD_ERROR_TOO_LONG, &path, NULL,
			"may not be more than %d bytes", MANAGER_MAXIMUM);
	for (size_t i = 0; i < manager.length && i < MANAGER_MAXIMUM; i++) {
		uint32_t code_point;

		if (is_control(str_skip(manager, i), &code_point))
			field_errors_add(errors, FIELD_ERROR_INVALID, &path, &value,
				"invalid character U+%04X (at position %zu)", (unsigned)code_point,
				i);
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
		STR_INIT(""), STR_INIT("Ignore"), STR_INIT("Strict"), STR_INIT("Warn")};
	struct field_path path = field_path_child(NULL, STR("fieldValidation"));
	struct str text = http_query_find(query, STR("fieldValidation"), NULL);
	struct json_value value = json_string(text);

	if (str_is_empty(text) || str_equal(text, STR("Warn")))
		return FIELD_VALIDATION_WARN;
	if (str_equal(text, STR("Ignore")))
		return FIELD_VALIDATION_IGNORE;
	if (!str_equal(text, STR("Strict")))
		field_errors_add_unsupported(errors, &path, &value, supported, 4);
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
		ret->field_manager = manager_from_user_agent(arena, user_agent);
	check_manager(ret->field_manager, &errors);
	ret->is_dry_run = read_dry_run(query, &errors);
	ret->field_validation = read_field_validation(query, &errors);
	return field_errors_to_error(
		&errors, STR("meta.k8s.io"), STR("CreateOptions"), STR_EMPTY, err);
}

/* ---- Delete ---- */

static int read_delete_query(const struct http_query *query, struct delete_options *ret,
	struct field_errors *errors, struct error *err)
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
	ret->orphan_dependents = request_info_query_bool(query, STR("orphanDependents"));
	ret->is_dry_run = read_dry_run(query, errors);
	return 0;
}

static bool read_dry_run_list(const struct json_value *list, struct field_errors *errors)
{
	static const struct str supported[] = {STR_INIT("All")};
	struct field_path path = field_path_child(NULL, STR("dryRun"));

	for (size_t i = 0; i < json_count(list); i++) {
		if (str_equal(json_text(json_element(list, i)), supported[0]))
			continue;
		field_errors_add_unsupported(errors, &path, list, supported, 1);
		break;
	}
	return json_count(list) > 0;
}

static int read_delete_body(struct arena *arena, struct str body, struct delete_options *ret,
	struct field_errors *errors, struct error *err)
{
	struct json_value options;

	if (delete_options_body_read(arena, body, &options, err) != 0)
		return ERROR_RETURN;
	struct str kind = json_text(json_find(&options, STR("kind")));
	const struct json_value *grace = json_find(&options, STR("gracePeriodSeconds"));
	const struct json_value *orphan = json_find(&options, STR("orphanDependents"));
	const struct json_value *uid = json_find_path(&options, "preconditions", "uid", NULL);
	const struct json_value *version =
		json_find_path(&options, "preconditions", "resourceVersion", NULL);

	if (options.type != JSON_OBJECT ||
		(!str_is_empty(kind) && !str_equal(kind, STR("DeleteOptions"))))
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
	ret->is_dry_run = read_dry_run_list(json_find(&options, STR("dryRun")), errors);
	return 0;
}

static void check_delete(const struct delete_options *options, struct field_errors *errors)
{
	static const struct str supported[] = {STR_INIT("Foreground"), STR_INIT("Background"),
		STR_INIT("Orphan"), STR_INIT("nil")};
	struct field_path path = field_path_child(NULL, STR("propagationPolicy"));
	struct json_value value = json_string(options->propagation_policy);
	bool is_known = str_is_empty(options->propagation_policy);

	for (size_t i = 0; i < 3; i++)
		is_known |= str_equal(options->propagation_policy, supported[i]);
	if (options->has_orphan_dependents && !str_is_empty(options->propagation_policy))
		field_errors_add(errors, FIELD_ERROR_INVALID, &path, &value,
			"orphanDependents and deletionPropagation cannot be both set");
	if (!is_known)
		field_errors_add_unsupported(errors, &path, &value, supported, 4);
}

int delete_options_parse(struct arena *arena, const struct http_query *query, struct str body,
	struct delete_options *ret, struct error *err)
{
	struct field_errors errors = {.arena = arena};

	*ret = (struct delete_options){.grace_period_seconds = -1};
	int outcome = str_is_empty(str_trim(body))
			      ? read_delete_query(query, ret, &errors, err)
			      : read_delete_body(arena, body, ret, &errors, err);

	if (outcome != 0)
		return ERROR_RETURN;
	check_delete(ret, &errors);
	return field_errors_to_error(
		&errors, STR("meta.k8s.io"), STR("DeleteOptions"), STR_EMPTY, err);
}
