/* SPDX-License-Identifier: Apache-2.0 */
#include "request_info.h"

/* Longer paths name nothing that is served. */
#define PARTS_MAXIMUM 64

static bool is_one_of(struct str text, const char *const *words)
{
	for (; *words; words++) {
		if (str_equal_c(text, *words))
			return true;
	}
	return false;
}

static struct str trim_slashes(struct str path)
{
	while (str_starts_with(path, STR("/")))
		path = str_skip(path, 1);
	while (str_ends_with(path, STR("/")))
		path.length--;
	return path;
}

static bool split_path(
	struct arena *arena, struct str path, const struct str **ret_parts, size_t *ret_count)
{
	struct str *parts = ARENA_ARRAY(arena, struct str, PARTS_MAXIMUM);
	struct str rest = trim_slashes(path);
	size_t count = 0;

	while (rest.length > 0) {
		if (count == PARTS_MAXIMUM)
			return false;
		parts[count++] = str_split(&rest, '/');
	}
	*ret_parts = parts;
	*ret_count = count;
	return true;
}

static struct str method_verb(struct str method)
{
	static const struct {
		struct str method, verb;
	} verbs[] = {
		{STR_INIT("POST"), STR_INIT("create")},
		{STR_INIT("GET"), STR_INIT("get")},
		{STR_INIT("HEAD"), STR_INIT("get")},
		{STR_INIT("PUT"), STR_INIT("update")},
		{STR_INIT("PATCH"), STR_INIT("patch")},
		{STR_INIT("DELETE"), STR_INIT("delete")},
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (str_equal(verbs[i].method, method))
			return verbs[i].verb;
	}
	return STR_EMPTY;
}

static struct str lower_case(struct arena *arena, struct str text)
{
	char *out = arena_allocate_text(arena, text.length + 1);

	for (size_t i = 0; i < text.length; i++) {
		char byte = text.data[i];

		out[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
	}
	return str_from(out, text.length);
}

bool request_info_query_bool(const struct http_query *query, struct str name)
{
	bool is_present;
	struct str value = http_query_find(query, name, &is_present);

	return is_present && !str_equal(value, STR("0")) &&
	       !str_equal_ignore_case(value, STR("false"));
}

/* The X of a term metadata.name=X in a field selector, when X may be a name. */
static struct str selected_name(const struct http_query *query)
{
	struct str rest = http_query_find(query, STR("fieldSelector"), NULL);
	struct str key = STR("metadata.name=");

	/* Within a value that has an escaped comma a term is no term: the name would be no bound.
	 */
	if (str_find_byte(rest, '\\') < rest.length)
		return STR_EMPTY;
	while (!str_is_empty(rest)) {
		struct str term = str_split(&rest, ',');

		if (!str_starts_with(term, key))
			continue;
		term = str_skip(term, key.length);
		if (str_starts_with(term, STR("=")))
			term = str_skip(term, 1);
		if (str_is_empty(term) || str_equal(term, STR(".")) || str_equal(term, STR("..")) ||
			str_find_byte(term, '/') < term.length ||
			str_find_byte(term, '%') < term.length)
			return STR_EMPTY;
		return term;
	}
	return STR_EMPTY;
}

/* Takes the verb, the namespace and the names out of what stands behind the version. */
static int parse_resource(struct request_info *info, struct str method,
	const struct http_query *query, struct error *err)
{
	static const char *const special_verbs[] = {"proxy", "watch", NULL};
	static const char *const namespace_subresources[] = {"status", "finalize", NULL};
	const struct str *parts = info->parts;
	size_t count = info->part_count;

	info->verb = method_verb(method);
	if (is_one_of(parts[0], special_verbs)) {
		if (count < 2)
			return error_set(err, ERROR_BAD_REQUEST,
				"unable to determine kind and namespace from url, %.*s",
				STR_ARG(info->path));
		info->verb = parts[0];
		parts++;
		count--;
	}
	if (str_equal(parts[0], STR("namespaces")) && count > 1) {
		info->namespace = parts[1];
		if (count > 2 && !is_one_of(parts[2], namespace_subresources)) {
			parts += 2;
			count -= 2;
		}
	}
	info->parts = parts;
	info->part_count = count;
	info->resource = parts[0];
	info->name = count >= 2 ? parts[1] : STR_EMPTY;
	if (count >= 3 && !str_equal(info->verb, STR("proxy")))
		info->subresource = parts[2];
	info->authorization_name = info->name;
	if (!str_is_empty(info->name))
		return 0;
	if (str_equal(info->verb, STR("get")))
		info->verb =
			request_info_query_bool(query, STR("watch")) ? STR("watch") : STR("list");
	else if (str_equal(info->verb, STR("delete")))
		info->verb = STR("deletecollection");
	if (str_equal(info->verb, STR("watch")) || str_equal(info->verb, STR("list")) ||
		str_equal(info->verb, STR("deletecollection")))
		info->authorization_name = selected_name(query);
	return 0;
}

int request_info_parse(struct arena *arena, struct str method, struct str path,
	const struct http_query *query, struct request_info *ret, struct error *err)
{
	struct request_info info = {0};

	if (!http_percent_decode(arena, path, false, &info.path) ||
		!split_path(arena, info.path, &info.parts, &info.part_count))
		return error_set(err, ERROR_BAD_REQUEST, "malformed request path");
	bool is_core = info.part_count > 0 && str_equal(info.parts[0], STR("api"));
	bool is_group = info.part_count > 0 && str_equal(info.parts[0], STR("apis"));

	/* Nothing is at "//api/v1/pods", which a proxy in front may take for another path. */
	if (info.part_count < 3 || (!is_core && !is_group) || (is_group && info.part_count < 4) ||
		str_starts_with(info.path, STR("//"))) {
		info.verb = lower_case(arena, method);
		*ret = info;
		return 0;
	}
	info.is_resource_request = true;
	info.api_prefix = *info.parts++;
	if (is_group)
		info.group = *info.parts++;
	info.version = *info.parts++;
	info.part_count -= is_group ? 3 : 2;
	if (parse_resource(&info, method, query, err) != 0)
		return ERROR_RETURN;
	*ret = info;
	return 0;
}

bool request_info_is_long_running(const struct request_info *info)
{
	static const char *const verbs[] = {"watch", "proxy", NULL};
	static const char *const subresources[] = {
		"attach", "exec", "proxy", "log", "portforward", NULL};

	if (!info->is_resource_request)
		return str_starts_with(info->path, STR("/debug/pprof"));
	return is_one_of(info->verb, verbs) ||
	       (!str_is_empty(info->subresource) && is_one_of(info->subresource, subresources));
}
