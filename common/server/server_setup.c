/* SPDX-License-Identifier: Apache-2.0 */
#include "server_setup.h"

#define HISTORY_NS 300000000000ll

size_t server_setup_trusted_uids(const struct settings *settings, uid_t *ret, size_t maximum)
{
	struct str name = STR("internal.trusted-uids");
	size_t count = 0;
	uint64_t uid;

	for (size_t i = 0; i < settings_count(settings, name) && count < maximum; i++) {
		if (str_parse_u64(settings_value(settings, name, i), UINT32_MAX, &uid))
			ret[count++] = (uid_t)uid;
	}
	return count;
}

int server_setup_storage(struct event_loop *loop, const struct settings *settings,
	struct storage **ret, struct error *err)
{
	struct str directory = settings_text(settings, "internal.data-directory");
	struct storage_options options = {
		.loop = loop,
		.directory = arena_copy_c(err->arena, directory),
		.history_ns = (uint64_t)settings_duration_ns(
			settings, "etcd-compaction-interval", HISTORY_NS),
	};

	return storage_open(&options, ret, err);
}

int server_setup_authorizer(const struct settings *settings, struct rbac *rbac,
	struct authorizer **ret, struct error *err)
{
	struct str name = STR("authorization-mode");
	size_t count = settings_count(settings, name);
	struct str *modes = ARENA_ARRAY(err->arena, struct str, count + 1);

	for (size_t i = 0; i < count; i++)
		modes[i] = settings_value(settings, name, i);
	return authorizer_create(modes, count, rbac, ret, err);
}

/* The last word on the gate itself counts, else that on all of its stage. */
bool server_setup_beta_feature(const struct settings *settings, struct str name)
{
	struct str setting = STR("feature-gates");
	bool is_on = true, is_named = false;

	for (size_t i = 0; i < settings_count(settings, setting); i++) {
		struct str value = settings_value(settings, setting, i);
		struct str key = str_trim(str_split(&value, '='));
		bool turns_on = str_equal_ignore_case(str_trim(value), STR("true"));

		if (str_starts_with(key, STR("kube:")))
			key = str_skip(key, 5);
		if (str_equal(key, name))
			is_on = turns_on;
		else if (!is_named && str_equal(key, STR("AllBeta")))
			is_on = turns_on;
		is_named |= str_equal(key, name);
	}
	return is_on;
}

struct http_limits server_setup_private_limits(void)
{
	return (struct http_limits){
		.concurrent_streams = 10000,
		.stream_window_bytes = 4 * 1024 * 1024,
		.connection_window_bytes = 64 * 1024 * 1024,
		.idle_timeout_ns = UINT64_MAX,
		.write_high_water_bytes = 512 * 1024,
	};
}
