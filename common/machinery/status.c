/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "assertion.h"
#include "json_writer.h"

static const struct {
	enum error_code code;
	int http_status;
	struct str reason;
} reasons[] = {
#define API_REASON(code, http_status, reason) {ERROR_##code, http_status, STR_INIT(reason)},
#include "api_reason.def"
#undef API_REASON
};

static size_t find_reason(enum error_code code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].code == code)
			return i;
	}
	ASSERT(!"an error code without a reason");
	return 0;
}

int status_http_code(enum error_code code)
{
	return reasons[find_reason(code)].http_status;
}

static void add_text(
	struct arena *arena, struct json_value *object, const char *name, struct str value)
{
	if (!str_is_empty(value))
		json_append_member(arena, object, str_from_c(name), json_string(value));
}

static struct json_value make_causes(struct arena *arena, const struct error_cause *cause)
{
	struct json_value causes = json_array();

	for (; cause; cause = cause->next) {
		struct json_value entry = json_object();

		add_text(arena, &entry, "reason", cause->reason);
		add_text(arena, &entry, "message", cause->message);
		add_text(arena, &entry, "field", cause->field);
		json_append(arena, &causes, entry);
	}
	return causes;
}

static struct json_value make_details(
	struct arena *arena, const struct error *err, struct str message)
{
	struct json_value details = json_object(), causes = make_causes(arena, err->causes);

	add_text(arena, &details, "name", err->name);
	add_text(arena, &details, "group", err->group);
	add_text(arena, &details, "kind", err->kind);
	add_text(arena, &details, "uid", err->uid);
	if (err->code == ERROR_INTERNAL && causes.length == 0) {
		struct json_value cause = json_object();

		add_text(arena, &cause, "message", message);
		json_append(arena, &causes, cause);
	}
	if (causes.length > 0)
		json_append_member(arena, &details, STR("causes"), causes);
	if (err->retry_after_seconds > 0)
		json_append_member(arena, &details, STR("retryAfterSeconds"),
			json_integer(err->retry_after_seconds));
	return details;
}

static struct json_value make_status(struct arena *arena, struct str outcome)
{
	struct json_value status = json_object();

	json_append_member(arena, &status, STR("kind"), json_string(STR("Status")));
	json_append_member(arena, &status, STR("apiVersion"), json_string(STR("v1")));
	json_append_member(arena, &status, STR("metadata"), json_object());
	json_append_member(arena, &status, STR("status"), json_string(outcome));
	return status;
}

struct str status_from_error(struct arena *arena, const struct error *err, int *ret_http_status)
{
	size_t row = find_reason(err->code == ERROR_NONE ? ERROR_INTERNAL : err->code);
	struct json_value status = make_status(arena, STR("Failure"));
	struct str message = err->message;

	if (err->code == ERROR_INTERNAL)
		message =
			arena_printf(arena, "Internal error occurred: %.*s", STR_ARG(err->message));
	if (!str_is_empty(err->continue_token))
		json_set_path(arena, &status, json_string(err->continue_token), "metadata",
			"continue", NULL);
	json_append_member(arena, &status, STR("message"), json_string(message));
	add_text(arena, &status, "reason", reasons[row].reason);
	struct json_value details = make_details(arena, err, err->message);

	/* What upstream's router refuses has details with nothing in them. */
	if (details.length > 0 || err->code == ERROR_METHOD_NOT_ALLOWED ||
		err->code == ERROR_NOT_FOUND)
		json_append_member(arena, &status, STR("details"), details);
	json_append_member(arena, &status, STR("code"), json_integer(reasons[row].http_status));
	*ret_http_status = reasons[row].http_status;
	return json_to_str(arena, &status);
}

struct str status_success(struct arena *arena, struct str name, struct str group,
	struct str kind_plural, struct str uid)
{
	struct json_value status = make_status(arena, STR("Success"));
	struct json_value details = json_object();

	add_text(arena, &details, "name", name);
	add_text(arena, &details, "group", group);
	add_text(arena, &details, "kind", kind_plural);
	add_text(arena, &details, "uid", uid);
	if (details.length > 0)
		json_append_member(arena, &status, STR("details"), details);
	return json_to_str(arena, &status);
}

/* ---- Builders ---- */

static void set_details(struct error *err, const struct api_resource *resource, struct str name)
{
	err->kind = resource->resource;
	err->group = resource->group;
	err->name = name;
}

int error_not_found(struct error *err, const struct api_resource *resource, struct str name)
{
	struct str qualified = api_resource_qualified_name(err->arena, resource);

	set_details(err, resource, name);
	return error_set(
		err, ERROR_NOT_FOUND, "%.*s \"%.*s\" not found", STR_ARG(qualified), STR_ARG(name));
}

int error_already_exists(struct error *err, const struct api_resource *resource, struct str name)
{
	struct str qualified = api_resource_qualified_name(err->arena, resource);

	set_details(err, resource, name);
	return error_set(err, ERROR_ALREADY_EXISTS, "%.*s \"%.*s\" already exists",
		STR_ARG(qualified), STR_ARG(name));
}

int error_generate_name_conflict(
	struct error *err, const struct api_resource *resource, struct str name)
{
	struct str qualified = api_resource_qualified_name(err->arena, resource);

	set_details(err, resource, name);
	err->retry_after_seconds = 1;
	return error_set(err, ERROR_ALREADY_EXISTS,
		"%.*s \"%.*s\" already exists, the server was not able to generate a unique name for "
		"the object",
		STR_ARG(qualified), STR_ARG(name));
}

static int conflict(struct error *err, struct str resource, struct str name, const char *format,
	va_list arguments)
{
	struct str cause = arena_vprintf(err->arena, format, arguments);

	return error_set(err, ERROR_CONFLICT,
		"Operation cannot be fulfilled on %.*s \"%.*s\": %.*s", STR_ARG(resource),
		STR_ARG(name), STR_ARG(cause));
}

int error_conflict(struct error *err, const struct api_resource *resource, struct str name,
	const char *format, ...)
{
	va_list arguments;

	set_details(err, resource, name);
	va_start(arguments, format);
	conflict(err, api_resource_qualified_name(err->arena, resource), name, format, arguments);
	va_end(arguments);
	return ERROR_RETURN;
}

int error_conflict_on(
	struct error *err, struct str resource, struct str name, const char *format, ...)
{
	va_list arguments;

	err->kind = resource;
	err->name = name;
	va_start(arguments, format);
	conflict(err, resource, name, format, arguments);
	va_end(arguments);
	return ERROR_RETURN;
}

int error_forbidden(struct error *err, const struct api_resource *resource, struct str name,
	const char *format, ...)
{
	struct str qualified = api_resource_qualified_name(err->arena, resource);
	va_list arguments;

	set_details(err, resource, name);
	va_start(arguments, format);
	struct str cause = arena_vprintf(err->arena, format, arguments);

	va_end(arguments);
	if (str_is_empty(name))
		return error_set(err, ERROR_FORBIDDEN, "%.*s is forbidden: %.*s",
			STR_ARG(qualified), STR_ARG(cause));
	return error_set(err, ERROR_FORBIDDEN, "%.*s \"%.*s\" is forbidden: %.*s",
		STR_ARG(qualified), STR_ARG(name), STR_ARG(cause));
}

int error_too_large_resource_version(struct error *err, uint64_t wanted, uint64_t current)
{
	err->retry_after_seconds = 1;
	error_add_cause(
		err, STR("ResourceVersionTooLarge"), STR("Too large resource version"), STR_EMPTY);
	return error_set(err, ERROR_TIMEOUT,
		"Timeout: Too large resource version: %llu, current: %llu",
		(unsigned long long)wanted, (unsigned long long)current);
}
