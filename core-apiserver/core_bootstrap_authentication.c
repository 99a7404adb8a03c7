/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConfigMap kube-system/extension-apiserver-authentication: how servers of other APIs tell that a
 * request comes from us. Keys of ours are as the flags say, others stay.
 */
#include "core_bootstrap_private.h"
#include "json_writer.h"
#include "log.h"
#include "utf8.h"

#define AUTHORITY "requestheader-client-ca-file"

static void set(
	struct bootstrap *bootstrap, struct json_value *data, const char *name, struct str value)
{
	if (utf8_valid_length(value) == value.length)
		json_set(bootstrap->arena, data, str_from_c(name), json_string(value));
	else
		log_error("--%s is not UTF-8: extension servers are not told of it", name);
}

/* The values of the flag as JSON text. */
static struct str format_list(struct bootstrap *bootstrap, const char *name)
{
	const struct settings *settings = bootstrap_settings(bootstrap);
	struct json_value list = json_array();
	struct buffer out = {0};
	struct str text;

	for (size_t i = 0; i < settings_count(settings, str_from_c(name)); i++)
		json_append(bootstrap->arena, &list,
			json_string(settings_value(settings, str_from_c(name), i)));
	json_write(&out, &list);
	text = arena_copy(bootstrap->arena, buffer_str(&out));
	buffer_fini(&out);
	return text;
}

static void set_front_proxy(struct bootstrap *bootstrap, struct json_value *data)
{
	static const char *const lists[] = {"requestheader-allowed-names",
		"requestheader-username-headers", "requestheader-group-headers",
		"requestheader-extra-headers-prefix", "requestheader-uid-headers"};
	const struct settings *settings = bootstrap_settings(bootstrap);
	struct str authority = settings_text(settings, "content." AUTHORITY);

	if (str_is_empty(authority))
		return;
	set(bootstrap, data, AUTHORITY, authority);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		/* Servers that do not know of uids need not see that there are none. */
		if (i < 4 || settings_count(settings, str_from_c(lists[i])) > 0)
			set(bootstrap, data, lists[i], format_list(bootstrap, lists[i]));
	}
}

static struct json_value describe_data(struct bootstrap *bootstrap)
{
	struct str authority =
		settings_text(bootstrap_settings(bootstrap), "content.client-ca-file");
	struct json_value data = json_object();

	if (!str_is_empty(authority))
		set(bootstrap, &data, "client-ca-file", authority);
	set_front_proxy(bootstrap, &data);
	return data;
}

/* What the flags no longer say goes, too. */
static struct json_value renew_data(struct bootstrap *bootstrap, const struct json_value *present,
	const struct json_value *ours)
{
	struct json_value data = json_object();

	for (size_t i = 0; i < json_count(present); i++) {
		const struct json_member *member = &present->members[i];

		if (!str_equal(member->key, STR("client-ca-file")) &&
			!str_starts_with(member->key, STR("requestheader-")))
			json_set(bootstrap->arena, &data, member->key, member->value);
	}
	for (size_t i = 0; i < json_count(ours); i++)
		json_set(bootstrap->arena, &data, ours->members[i].key, ours->members[i].value);
	json_sort_members(&data);
	return data;
}

void bootstrap_ensure_authentication(struct bootstrap *bootstrap)
{
	struct json_value document = bootstrap_read(bootstrap,
		STR("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
		    "\"extension-apiserver-authentication\",\"namespace\":\"kube-system\"}}"));
	const struct api_resource *resource = bootstrap_find_resource(bootstrap, &document);
	struct json_value data = describe_data(bootstrap), object;
	const struct json_value *present;
	uint64_t revision;

	if (!bootstrap_load(bootstrap, resource, &document, &object, &revision)) {
		if (json_count(&data) == 0)
			return;
		json_sort_members(&data);
		json_set(bootstrap->arena, &document, STR("data"), data);
		bootstrap_make_object(bootstrap, resource, &document, &object);
		bootstrap_add_operation(bootstrap, resource, &object, 0);
		return;
	}
	present = json_find(&object, STR("data"));
	data = renew_data(bootstrap, present, &data);
	if (present ? json_equal(present, &data) : json_count(&data) == 0)
		return;
	json_set(bootstrap->arena, &object, STR("data"), data);
	bootstrap_add_operation(bootstrap, resource, &object, revision);
}
