/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_complaint.h"

/* The sections etcd and storage. */

static void check_backend(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	struct str backend = sup_flags_text(flags, SUP_FLAG_STORAGE_BACKEND);

	if (!str_equal(backend, STR("etcd3")) && !str_equal(backend, STR("lmdb")))
		sup_complain(complaints, "--storage-backend invalid, allowed values: lmdb, etcd3");
	if (str_equal(backend, STR("etcd3")) && sup_flags_count(flags, SUP_FLAG_ETCD_SERVERS) == 0)
		sup_complain(complaints, "--etcd-servers must be specified");
}

static bool is_good_override(struct str override)
{
	struct str servers = override;
	struct str resource = str_split(&servers, '#');
	struct str name = resource;

	str_split(&name, '/');
	if (str_find_byte(override, '#') == override.length ||
		str_find_byte(servers, '#') < servers.length ||
		str_find_byte(resource, '/') == resource.length ||
		str_find_byte(name, '/') < name.length || str_is_empty(servers) ||
		str_ends_with(servers, STR(";")))
		return false;
	while (!str_is_empty(servers)) {
		if (str_is_empty(str_split(&servers, ';')))
			return false;
	}
	return true;
}

static void check_overrides(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	for (size_t i = 0; i < sup_flags_count(flags, SUP_FLAG_ETCD_SERVERS_OVERRIDES); i++) {
		if (!is_good_override(sup_flags_value(flags, SUP_FLAG_ETCD_SERVERS_OVERRIDES, i)))
			sup_complain(complaints,
				"--etcd-servers-overrides invalid, must be of format: "
				"group/resource#servers, where servers are URLs, semicolon "
				"separated");
	}
}

static void check_cache_sizes(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	for (size_t i = 0; i < sup_flags_count(flags, SUP_FLAG_WATCH_CACHE_SIZES); i++) {
		struct str item = sup_flags_value(flags, SUP_FLAG_WATCH_CACHE_SIZES, i);
		struct str size_text = item;
		int64_t size;

		str_split(&size_text, '#');
		if (str_find_byte(item, '#') == item.length ||
			str_find_byte(size_text, '#') < size_text.length)
			sup_complain(complaints, "invalid value of watch cache size: %.*s",
				STR_ARG(item));
		else if (!str_parse_i64(size_text, &size))
			sup_complain(complaints, "invalid size of watch cache size: %.*s",
				STR_ARG(item));
		else if (size < 0)
			sup_complain(complaints, "watch cache size cannot be negative: %.*s",
				STR_ARG(item));
	}
}

static void check_media_type(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const struct str types[] = {STR_INIT("application/json"),
		STR_INIT("application/vnd.kubernetes.protobuf"), STR_INIT("application/yaml")};
	struct str type = sup_flags_text(flags, SUP_FLAG_STORAGE_MEDIA_TYPE);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (str_equal(type, types[i]))
			return;
	}
	sup_complain(complaints,
		"--storage-media-type \"%.*s\" invalid, allowed values: application/json, "
		"application/vnd.kubernetes.protobuf, application/yaml",
		STR_ARG(type));
}

void sup_validate_storage(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	check_backend(flags, complaints);
	check_overrides(flags, complaints);
	if (sup_flags_bool(flags, SUP_FLAG_ENCRYPTION_PROVIDER_CONFIG_AUTOMATIC_RELOAD) &&
		sup_flags_is_empty(flags, SUP_FLAG_ENCRYPTION_PROVIDER_CONFIG))
		sup_complain(complaints, "--encryption-provider-config-automatic-reload must be "
					 "set with --encryption-provider-config");
	check_media_type(flags, complaints);
	check_cache_sizes(flags, complaints);
}
