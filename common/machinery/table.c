/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include "clock.h"
#include "json_path.h"
#include "json_writer.h"

/* ---- Ages ---- */

#define MINUTE 60
#define HOUR   3600
#define DAY    86400
#define YEAR   (365 * DAY)

struct str table_human_duration(struct arena *arena, int64_t seconds)
{
	long long s = seconds;

	if (s < -1)
		return STR("<invalid>");
	if (s < 0)
		return STR("0s");
	if (s < 2 * MINUTE)
		return arena_printf(arena, "%llds", s);
	if (s < 10 * MINUTE)
		return s % MINUTE == 0 ? arena_printf(arena, "%lldm", s / MINUTE)
				       : arena_printf(arena, "%lldm%llds", s / MINUTE, s % MINUTE);
	if (s < 3 * HOUR)
		return arena_printf(arena, "%lldm", s / MINUTE);
	if (s < 8 * HOUR)
		return s % HOUR < MINUTE
			       ? arena_printf(arena, "%lldh", s / HOUR)
			       : arena_printf(arena, "%lldh%lldm", s / HOUR, s % HOUR / MINUTE);
	if (s < 2 * DAY)
		return arena_printf(arena, "%lldh", s / HOUR);
	if (s < 8 * DAY)
		return s % DAY < HOUR ? arena_printf(arena, "%lldd", s / DAY)
				      : arena_printf(arena, "%lldd%lldh", s / DAY, s % DAY / HOUR);
	if (s < 2 * YEAR)
		return arena_printf(arena, "%lldd", s / DAY);
	if (s < 8 * (long long)YEAR)
		return s % YEAR < DAY ? arena_printf(arena, "%lldy", s / YEAR)
				      : arena_printf(arena, "%lldy%lldd", s / YEAR, s % YEAR / DAY);
	return arena_printf(arena, "%lldy", s / YEAR);
}

/* ---- Columns ---- */

static const struct table_column default_columns[] = {
	{.name = STR_INIT("Name"),
		.type = STR_INIT("string"),
		.format = STR_INIT("name"),
		.path = STR_INIT(".metadata.name"),
		.cell_type = COLUMN_STRING},
	{.name = STR_INIT("Created At"),
		.type = STR_INIT("date"),
		.path = STR_INIT(".metadata.creationTimestamp"),
		.cell_type = COLUMN_STRING},
};

static const struct table_column *columns_of(const struct api_resource *resource, size_t *ret_count)
{
	if (resource->columns) {
		*ret_count = resource->column_count;
		return resource->columns;
	}
	*ret_count = sizeof(default_columns) / sizeof(default_columns[0]);
	return default_columns;
}

static void write_text_member(struct buffer *out, const char *name, struct str value, bool is_first)
{
	buffer_printf(out, "%s\"%s\":", is_first ? "" : ",", name);
	json_write_string(out, value);
}

static void write_columns(struct buffer *out, const struct api_resource *resource)
{
	size_t count;
	const struct table_column *columns = columns_of(resource, &count);

	buffer_append(out, STR("\"columnDefinitions\":["));
	for (size_t i = 0; i < count; i++) {
		buffer_append(out, i > 0 ? STR(",{") : STR("{"));
		write_text_member(out, "name", columns[i].name, true);
		write_text_member(out, "type", columns[i].type, false);
		write_text_member(out, "format", columns[i].format, false);
		write_text_member(out, "description", columns[i].description, false);
		buffer_printf(out, ",\"priority\":%d}", (int)columns[i].priority);
	}
	buffer_append(out, STR("],"));
}

void table_write_begin(struct buffer *out, const struct api_resource *resource, struct str version,
	const struct table_metadata *metadata, bool has_columns)
{
	bool is_first = true;

	if (str_is_empty(version))
		version = STR("v1");
	buffer_printf(out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%.*s\",\"metadata\":{",
		STR_ARG(version));
	if (!str_is_empty(metadata->resource_version)) {
		write_text_member(out, "resourceVersion", metadata->resource_version, true);
		is_first = false;
	}
	if (!str_is_empty(metadata->continue_token)) {
		write_text_member(out, "continue", metadata->continue_token, is_first);
		is_first = false;
	}
	if (metadata->has_remaining)
		buffer_printf(out, "%s\"remainingItemCount\":%lld", is_first ? "" : ",",
			(long long)metadata->remaining_item_count);
	buffer_append(out, STR("},"));
	if (has_columns)
		write_columns(out, resource);
	else
		buffer_append(out, STR("\"columnDefinitions\":null,"));
	buffer_append(out, STR("\"rows\":["));
}

void table_write_end(struct buffer *out)
{
	buffer_append(out, STR("]}"));
}

/* ---- Cells ---- */

/* How old a time is, or null when there is none. */
static struct json_value age_cell(
	const struct table_cell_context *context, const struct json_value *value)
{
	int64_t seconds;

	if (!value || value->type == JSON_NULL)
		return json_null();
	if (!clock_parse_rfc3339(json_text(value), &seconds, NULL))
		return json_string(STR("<invalid>"));
	return json_string(
		table_human_duration(context->arena, context->now_wall_seconds - seconds));
}

static struct json_value text_cell(struct arena *arena, const struct json_value *value)
{
	if (!value || value->type == JSON_NULL)
		return json_null();
	if (value->type == JSON_STRING)
		return *value;
	return json_string(json_to_str(arena, value));
}

static struct json_value path_cell(const struct table_cell_context *context,
	const struct table_column *column, const struct json_value *object)
{
	const struct json_value *value = json_path_first(context->arena, object, column->path);

	switch (column->cell_type) {
	case COLUMN_DATE:
		return age_cell(context, value);
	case COLUMN_STRING:
		return text_cell(context->arena, value);
	case COLUMN_INTEGER:
		/* What no integer can hold has no cell. */
		if (value && value->type == JSON_DOUBLE && value->number > -9e18 &&
			value->number < 9e18)
			return json_integer((int64_t)value->number);
		return value && value->type == JSON_INTEGER ? *value : json_null();
	case COLUMN_NUMBER:
		return value && (value->type == JSON_DOUBLE || value->type == JSON_INTEGER)
			       ? *value
			       : json_null();
	case COLUMN_BOOLEAN:
		return value && value->type == JSON_BOOL ? *value : json_null();
	}
	return json_null();
}

/* What stands in for a built-in's missing value: 0 for numbers, "" or "<unknown>" for text. */
static struct json_value fill_empty(const struct api_resource *resource,
	const struct table_column *column, struct json_value cell)
{
	if (cell.type != JSON_NULL || (resource->flags & RESOURCE_CUSTOM))
		return cell;
	switch (column->cell_type) {
	case COLUMN_INTEGER:
	case COLUMN_NUMBER:
		return json_integer(0);
	case COLUMN_BOOLEAN:
		return json_bool(false);
	case COLUMN_DATE:
		return json_string(STR("<unknown>"));
	case COLUMN_STRING:
		return json_string(STR(""));
	}
	return cell;
}

static bool pod_is_completed(const struct json_value *object, struct str *ret_phase)
{
	*ret_phase = json_text(json_find_path(object, "status", "phase", NULL));
	return str_equal(json_text(json_find(object, STR("kind"))), STR("Pod")) &&
	       (str_equal(*ret_phase, STR("Succeeded")) || str_equal(*ret_phase, STR("Failed")));
}

static void write_conditions(struct buffer *out, const struct json_value *object)
{
	struct str phase;

	if (!pod_is_completed(object, &phase))
		return;
	buffer_printf(out,
		",\"conditions\":[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"%.*s\","
		"\"message\":\"%s\"}]",
		STR_ARG(phase),
		str_equal(phase, STR("Failed")) ? "The pod failed."
						: "The pod has completed successfully.");
}

void partial_metadata_write(struct buffer *out, struct str version, const struct json_value *object)
{
	const struct json_value *metadata = json_find(object, STR("metadata"));

	buffer_printf(out,
		"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%.*s\","
		"\"metadata\":",
		STR_ARG(str_is_empty(version) ? STR("v1") : version));
	if (metadata)
		json_write(out, metadata);
	else
		buffer_append(out, STR("{}"));
	buffer_append_byte(out, '}');
}

void table_write_row(struct arena *arena, struct buffer *out, const struct api_resource *resource,
	enum table_include include, bool has_rows, struct str json, const struct json_value *object)
{
	struct table_cell_context context = {
		.arena = arena, .now_wall_seconds = clock_wall_seconds(NULL), .wide = true};
	size_t count;
	const struct table_column *columns = columns_of(resource, &count);

	buffer_append(out, has_rows ? STR(",{\"cells\":[") : STR("{\"cells\":["));
	for (size_t i = 0; i < count; i++) {
		struct json_value cell = columns[i].cell ? columns[i].cell(&context, object)
							 : path_cell(&context, &columns[i], object);

		cell = fill_empty(resource, &columns[i], cell);
		if (i > 0)
			buffer_append_byte(out, ',');
		json_write(out, &cell);
	}
	buffer_append_byte(out, ']');
	write_conditions(out, object);
	if (include == TABLE_INCLUDE_OBJECT) {
		buffer_append(out, STR(",\"object\":"));
		buffer_append(out, json);
	} else if (include == TABLE_INCLUDE_METADATA) {
		buffer_append(out, STR(",\"object\":"));
		partial_metadata_write(out, STR("v1"), object);
	} else {
		buffer_append(out, STR(",\"object\":null"));
	}
	buffer_append_byte(out, '}');
}
