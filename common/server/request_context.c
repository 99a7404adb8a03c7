/* SPDX-License-Identifier: Apache-2.0 */
#include "request_context.h"

#include "api_server_private.h"
#include "assertion.h"
#include "gzip_writer.h"
#include "json_reader.h"
#include "json_writer.h"
#include "status.h"
#include "yaml_writer.h"

struct request_context *request_context_ref(struct request_context *context)
{
	ASSERT(context->references > 0);
	context->references++;
	return context;
}

void request_context_unref(struct request_context **context)
{
	struct request_context *gone = *context;

	*context = NULL;
	if (!gone)
		return;
	ASSERT(gone->references > 0);
	if (--gone->references > 0)
		return;
	api_server_end_request(gone);
}

typedef bool (*request_step_fn)(struct request_context *context);

static const request_step_fn request_steps[] = {
#define REQUEST_STEP(name) request_step_##name,
#include "request_steps.def"
#undef REQUEST_STEP
};

void request_context_continue(struct request_context *context)
{
	struct request_context *held = request_context_ref(context);

	while ((size_t)context->step < sizeof(request_steps) / sizeof(request_steps[0])) {
		request_step_fn step = request_steps[context->step++];

		if (!step(context))
			break;
	}
	request_context_unref(&held);
}

#define WARNING_MAXIMUM_TOTAL 4096

void request_context_warn(struct request_context *context, struct str text)
{
	size_t total = text.length;

	for (size_t i = 0; i < context->warning_count; i++) {
		if (str_equal(context->warnings[i], text))
			return;
		total += context->warnings[i].length;
	}
	if (context->warning_count == sizeof(context->warnings) / sizeof(context->warnings[0]) ||
		total > WARNING_MAXIMUM_TOTAL)
		return;
	context->warnings[context->warning_count++] = text;
}

/* 299 - "TEXT", with quotes and backslashes escaped and control characters left out. */
static struct str format_warning(struct arena *arena, struct str text)
{
	char *out = arena_allocate_text(arena, text.length * 2 + 16);
	size_t length = 7;

	memcpy(out, "299 - \"", 7);
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte < 0x20 || byte == 0x7f)
			continue;
		if (byte == '"' || byte == '\\')
			out[length++] = '\\';
		out[length++] = (char)byte;
	}
	out[length++] = '"';
	return str_from(out, length);
}

static struct http_headers common_headers(struct request_context *context, const char *content_type)
{
	struct http_headers headers = {0};
	struct arena *arena = context->arena;

	if (content_type)
		http_headers_add(arena, &headers, STR("content-type"), str_from_c(content_type));
	http_headers_add(arena, &headers, STR("cache-control"), STR("no-cache, private"));
	for (size_t i = 0; i < context->warning_count; i++)
		http_headers_add(arena, &headers, STR("warning"),
			format_warning(arena, context->warnings[i]));
	return headers;
}

static void respond_compressed(struct request_context *context, int status,
	const struct http_headers *headers, struct str body)
{
	struct blob *blob = gzip_compress(body);

	http_exchange_respond(context->exchange, status, headers, blob_str(blob));
	blob_unref(&blob);
}

void request_context_respond(
	struct request_context *context, int status, const char *content_type, struct str body)
{
	ASSERT(!context->is_answered);
	context->is_answered = true;
	if (!context->exchange)
		return;
	struct http_headers headers = common_headers(context, content_type);

	if (body.length > GZIP_THRESHOLD_BYTES && gzip_is_wanted(context)) {
		gzip_add_headers(context, &headers);
		respond_compressed(context, status, &headers, body);
		return;
	}
	http_exchange_respond(context->exchange, status, &headers, body);
}

void request_context_start(
	struct request_context *context, int status, const char *content_type, bool is_gzip)
{
	ASSERT(!context->is_answered);
	context->is_answered = true;
	if (!context->exchange)
		return;
	struct http_headers headers = common_headers(context, content_type);

	if (is_gzip)
		gzip_add_headers(context, &headers);
	http_exchange_start(context->exchange, status, &headers);
}

static void respond_yaml(struct request_context *context, int status, struct str json)
{
	struct json_value value;
	struct error err = ERROR_INIT(context->arena);
	struct buffer out = {0};

	if (json_read(context->arena, json, NULL, &value, &err) != 0 ||
		yaml_write(&out, &value, &err) != 0) {
		buffer_clear(&out);
		status = 500;
	}
	request_context_respond(context, status, "application/yaml", buffer_str(&out));
	buffer_fini(&out);
}

void request_context_respond_json(struct request_context *context, int status, struct str json)
{
	if (context->accept.format == MEDIA_FORMAT_YAML) {
		respond_yaml(context, status, json);
		return;
	}
	struct buffer out = {0};

	if (context->accept.pretty)
		json_indent_text(&out, json);
	else
		buffer_append(&out, json);
	buffer_append_byte(&out, '\n');
	request_context_respond(context, status, "application/json", buffer_str(&out));
	buffer_fini(&out);
}

void request_context_respond_value(
	struct request_context *context, int status, const struct json_value *value)
{
	request_context_respond_json(context, status, json_to_str(context->arena, value));
}

void request_context_fail(struct request_context *context)
{
	int http_status;
	struct str json = status_from_error(context->arena, &context->err, &http_status);

	if (context->is_answered) {
		/* A stream that breaks off: the client must see that it was cut. */
		if (context->exchange)
			http_exchange_abort(context->exchange);
		return;
	}
	context->is_answered = true;
	if (!context->exchange)
		return;
	bool is_yaml = context->accept.format == MEDIA_FORMAT_YAML;
	struct http_headers headers =
		common_headers(context, is_yaml ? "application/yaml" : "application/json");
	struct buffer out = {0};
	struct json_value value;
	struct error ignored = ERROR_INIT(context->arena);

	if (context->err.retry_after_seconds > 0)
		http_headers_add(context->arena, &headers, STR("retry-after"),
			arena_printf(context->arena, "%d", context->err.retry_after_seconds));
	if (context->err.code == ERROR_FORBIDDEN)
		http_headers_add(
			context->arena, &headers, STR("x-content-type-options"), STR("nosniff"));
	if (!is_yaml || json_read(context->arena, json, NULL, &value, &ignored) != 0 ||
		yaml_write(&out, &value, &ignored) != 0) {
		buffer_clear(&out);
		if (context->accept.pretty)
			json_indent_text(&out, json);
		else
			buffer_append(&out, json);
		buffer_append_byte(&out, '\n');
	}
	http_exchange_respond(context->exchange, http_status, &headers, buffer_str(&out));
	buffer_fini(&out);
}

/* Whether the path is below a group of built-in resources. */
static bool is_built_in(struct request_context *context)
{
	size_t count;
	const struct api_resource **resources = resource_registry_list(
		context->arena, api_server_registry(context->server), &count);

	for (size_t i = 0; context->info.is_resource_request && i < count; i++) {
		if (!(resources[i]->flags & RESOURCE_CUSTOM) &&
			str_equal(resources[i]->group, context->info.group))
			return true;
	}
	return false;
}

void request_context_not_found(struct request_context *context)
{
	if (is_built_in(context)) {
		error_set(&context->err, ERROR_NOT_FOUND,
			"the server could not find the requested resource");
		request_context_fail(context);
		return;
	}
	request_context_respond(
		context, 404, "text/plain; charset=utf-8", STR("404 page not found\n"));
}

struct strategy_context request_context_strategy(
	struct request_context *context, struct str name, bool is_dry_run)
{
	return (struct strategy_context){
		.arena = context->arena,
		.server = context->server,
		.user = &context->user,
		.resource = context->resource,
		.namespace = context->info.namespace,
		.name = name,
		.subresource = context->info.subresource,
		.is_dry_run = is_dry_run,
	};
}
