/* SPDX-License-Identifier: Apache-2.0 */
#include "api_enablement.h"

/* Keys are "/v1" and "/v1/pods" for the core group, "apps/v1" and "apps/v1/deployments" for others.
 */
static bool is_key(struct str key, const struct str *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!str_starts_with(key, parts[i]))
			return false;
		key = str_skip(key, parts[i].length);
		if (i + 1 == count)
			break;
		if (str_is_empty(key) || key.data[0] != '/')
			return false;
		key = str_skip(key, 1);
	}
	return str_is_empty(key);
}

/* The last value of the key, which is "group/version[/resource]" in `parts`; or `otherwise`. */
static bool look_up(
	const struct settings *settings, const struct str *parts, size_t count, bool otherwise)
{
	struct str name = STR("runtime-config");

	for (size_t i = settings_count(settings, name); i-- > 0;) {
		struct str value = settings_value(settings, name, i);
		struct str key = str_split(&value, '=');

		/* No value turns on. Others than these the supervisor has refused. */
		if (is_key(key, parts, count))
			return !(str_equal(value, STR("false")) || str_equal(value, STR("0")) ||
				 str_equal(value, STR("f")) || str_equal(value, STR("F")) ||
				 str_equal(value, STR("FALSE")) || str_equal(value, STR("False")));
	}
	return otherwise;
}

static const char *stage_of(struct str version)
{
	if (str_find(version, STR("alpha")) < version.length)
		return "alpha";
	if (str_find(version, STR("beta")) < version.length)
		return "beta";
	return "ga";
}

bool api_enablement_has_version(
	const struct settings *settings, struct str group, struct str version)
{
	struct str stage = str_from_c(stage_of(version));
	bool is_on = str_equal(stage, STR("ga"));

	is_on = look_up(settings, (const struct str[]){STR("api"), STR("all")}, 2, is_on);
	is_on = look_up(settings, (const struct str[]){STR("api"), stage}, 2, is_on);
	return look_up(settings, (const struct str[]){group, version}, 2, is_on);
}

bool api_enablement_has_resource(
	const struct settings *settings, const struct api_resource *resource)
{
	const struct str parts[] = {resource->group, resource->version, resource->resource};
	bool is_on = api_enablement_has_version(settings, resource->group, resource->version);

	return look_up(settings, parts, 3, is_on);
}

bool api_enablement_has_path(const struct settings *settings, struct str path)
{
	struct str root = str_split(&path, '/');
	struct str group = STR_EMPTY;

	if (str_equal(root, STR("apis")))
		group = str_split(&path, '/');
	return api_enablement_has_version(settings, group, path);
}
