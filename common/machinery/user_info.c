/* SPDX-License-Identifier: Apache-2.0 */
#include "user_info.h"

#define EXTRA_PREFIX "x-remote-extra-"

bool user_info_has_group(const struct user_info *user, struct str group)
{
	for (size_t i = 0; i < user->group_count; i++) {
		if (str_equal(user->groups[i], group))
			return true;
	}
	return false;
}

static const struct str *copy_list(struct arena *arena, const struct str *list, size_t count)
{
	struct str *copy = ARENA_ARRAY(arena, struct str, count + 1);

	for (size_t i = 0; i < count; i++)
		copy[i] = arena_copy(arena, list[i]);
	return copy;
}

void user_info_copy(struct arena *arena, const struct user_info *user, struct user_info *ret)
{
	struct user_extra *extra = ARENA_ARRAY(arena, struct user_extra, user->extra_count + 1);

	ret->name = arena_copy(arena, user->name);
	ret->uid = arena_copy(arena, user->uid);
	ret->groups = copy_list(arena, user->groups, user->group_count);
	ret->group_count = user->group_count;
	for (size_t i = 0; i < user->extra_count; i++) {
		extra[i].key = arena_copy(arena, user->extra[i].key);
		extra[i].values =
			copy_list(arena, user->extra[i].values, user->extra[i].value_count);
		extra[i].value_count = user->extra[i].value_count;
	}
	ret->extra = extra;
	ret->extra_count = user->extra_count;
}

/* Values travel percent-encoded only where a header field could not hold them. */
static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte <= 0x20 || byte >= 0x7f || byte == '%')
			return false;
	}
	return true;
}

static struct str encode_value(struct arena *arena, struct str text)
{
	return is_plain(text) ? text
			      : http_percent_encode(arena, text, "!\"#$&'()*+,/:;<=>?@[\\]^`{|}");
}

static struct str decode_value(struct arena *arena, struct str text)
{
	struct str decoded;

	if (str_find_byte(text, '%') == text.length ||
		!http_percent_decode(arena, text, false, &decoded))
		return arena_copy(arena, text);
	return decoded;
}

/* HTTP/2 knows lower-case names only, escapes included; upstream lower-cases keys when it reads
 * them. */
static struct str extra_name(struct arena *arena, struct str key)
{
	struct str encoded = http_percent_encode(arena, key, "");
	struct str name = arena_printf(arena, EXTRA_PREFIX "%.*s", STR_ARG(encoded));
	char *text = (char *)(uintptr_t)name.data;

	for (size_t i = 0; i < name.length; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
	}
	return name;
}

void user_info_to_headers(
	struct arena *arena, const struct user_info *user, struct http_headers *headers)
{
	http_headers_add(arena, headers, STR("x-remote-user"), encode_value(arena, user->name));
	if (!str_is_empty(user->uid))
		http_headers_add(
			arena, headers, STR("x-remote-uid"), encode_value(arena, user->uid));
	for (size_t i = 0; i < user->group_count; i++)
		http_headers_add(arena, headers, STR("x-remote-group"),
			encode_value(arena, user->groups[i]));
	for (size_t i = 0; i < user->extra_count; i++) {
		struct str name = extra_name(arena, user->extra[i].key);

		for (size_t j = 0; j < user->extra[i].value_count; j++)
			http_headers_add(arena, headers, name,
				encode_value(arena, user->extra[i].values[j]));
	}
}

void user_info_add_extra(struct arena *arena, struct user_info *user, struct user_extra *extra,
	struct str key, struct str value)
{
	for (size_t i = 0; i < user->extra_count; i++) {
		if (!str_equal(extra[i].key, key))
			continue;
		struct str *values = ARENA_ARRAY(arena, struct str, extra[i].value_count + 1);

		memcpy(values, extra[i].values, extra[i].value_count * sizeof(*values));
		values[extra[i].value_count++] = value;
		extra[i].values = values;
		return;
	}
	struct str *values = ARENA_ARRAY(arena, struct str, 1);

	values[0] = value;
	extra[user->extra_count++] =
		(struct user_extra){.key = key, .values = values, .value_count = 1};
}

bool user_info_from_headers(
	struct arena *arena, const struct http_headers *headers, struct user_info *ret)
{
	struct str *groups = ARENA_ARRAY(arena, struct str, headers->count + 1);
	struct user_extra *extra = ARENA_ARRAY(arena, struct user_extra, headers->count + 1);
	struct str prefix = STR(EXTRA_PREFIX);

	*ret = (struct user_info){.groups = groups, .extra = extra};
	for (size_t i = 0; i < headers->count; i++) {
		struct str name = headers->entries[i].name;
		struct str value = headers->entries[i].value;

		if (str_equal(name, STR("x-remote-user")))
			ret->name = decode_value(arena, value);
		else if (str_equal(name, STR("x-remote-uid")))
			ret->uid = decode_value(arena, value);
		else if (str_equal(name, STR("x-remote-group")))
			groups[ret->group_count++] = decode_value(arena, value);
		else if (str_starts_with(name, prefix))
			user_info_add_extra(arena, ret, extra,
				decode_value(arena, str_skip(name, prefix.length)),
				decode_value(arena, value));
	}
	return !str_is_empty(ret->name);
}
