/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of several megabytes are merged as text: members are found by counting brackets, and
 * copied, without building trees.
 */
#include "agg_openapi.h"
#include "map.h"

struct member {
	struct str key;   /* as written, with its quotes */
	struct str value; /* as written */
};

static size_t skip_blanks(struct str text, size_t at)
{
	while (at < text.length && (text.data[at] == ' ' || text.data[at] == '\t' ||
					   text.data[at] == '\n' || text.data[at] == '\r'))
		at++;
	return at;
}

/* Behind the string that starts at `at`, or past the end. */
static size_t skip_string(struct str text, size_t at)
{
	for (at++; at < text.length && text.data[at] != '"'; at++) {
		if (text.data[at] == '\\')
			at++;
	}
	return at + 1;
}

/* Behind the value that starts at `at`, or past the end. */
static size_t skip_value(struct str text, size_t at)
{
	size_t depth = 0;

	while (at < text.length) {
		char byte = text.data[at];

		if (byte == '"') {
			at = skip_string(text, at);
			if (depth == 0)
				return at;
			continue;
		}
		if (byte == '{' || byte == '[') {
			depth++;
		} else if (byte == '}' || byte == ']') {
			if (depth == 0)
				return at;
			if (--depth == 0)
				return at + 1;
		} else if (byte == ',' && depth == 0) {
			return at;
		}
		at++;
	}
	return depth == 0 ? at : text.length + 1;
}

static bool begin_members(struct str text, size_t *at)
{
	*at = skip_blanks(text, 0);
	if (*at >= text.length || text.data[*at] != '{')
		return false;
	(*at)++;
	return true;
}

/* The next member of the object whose members start at *at; false at its end, or when it is broken.
 */
static bool next_member(struct str text, size_t *at, struct member *ret)
{
	size_t start = skip_blanks(text, *at);
	size_t end;

	if (start < text.length && text.data[start] == ',')
		start = skip_blanks(text, start + 1);
	if (start >= text.length || text.data[start] != '"')
		return false;
	end = skip_string(text, start);
	if (end > text.length)
		return false;
	ret->key = str_slice(text, start, end - start);
	start = skip_blanks(text, end);
	if (start >= text.length || text.data[start] != ':')
		return false;
	start = skip_blanks(text, start + 1);
	end = skip_value(text, start);
	if (end > text.length || end == start)
		return false;
	ret->value = str_trim(str_slice(text, start, end - start));
	*at = end;
	return true;
}

static bool find_member(struct str text, struct str key, struct str *ret_value)
{
	struct member member;
	size_t at;

	if (!begin_members(text, &at))
		return false;
	while (next_member(text, &at, &member)) {
		if (str_equal(member.key, key)) {
			*ret_value = member.value;
			return true;
		}
	}
	return false;
}

static void write_member(struct buffer *out, bool *is_first, const struct member *member)
{
	if (!*is_first)
		buffer_append_byte(out, ',');
	*is_first = false;
	buffer_append(out, member->key);
	buffer_append_byte(out, ':');
	buffer_append(out, member->value);
}

static void add_members(struct buffer *out, struct map *seen, bool *is_first, struct str object)
{
	struct member member;
	size_t at;

	if (!begin_members(object, &at))
		return;
	while (next_member(object, &at, &member)) {
		if (map_find(seen, member.key))
			continue;
		map_set(seen, member.key, seen);
		write_member(out, is_first, &member);
	}
}

static void write_merged(struct buffer *out, const struct str *texts, size_t count, struct str key)
{
	struct map seen = {0};
	bool is_first = true;
	struct str value;

	buffer_append_byte(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (find_member(texts[i], key, &value))
			add_members(out, &seen, &is_first, value);
	}
	buffer_append_byte(out, '}');
	map_fini(&seen);
}

static bool is_merged(struct str key, const char *const *merged_keys)
{
	for (; *merged_keys; merged_keys++) {
		if (key.length == strlen(*merged_keys) + 2 &&
			str_equal_c(str_slice(key, 1, key.length - 2), *merged_keys))
			return true;
	}
	return false;
}

bool agg_openapi_merge_json(
	struct buffer *out, const struct str *texts, size_t count, const char *const *merged_keys)
{
	struct member member;
	bool is_first = true;
	size_t at;

	while (count > 0 && !begin_members(texts[0], &at)) {
		texts++;
		count--;
	}
	if (count == 0)
		return false;
	buffer_append_byte(out, '{');
	while (next_member(texts[0], &at, &member)) {
		if (!is_merged(member.key, merged_keys)) {
			write_member(out, &is_first, &member);
			continue;
		}
		member.value = STR_EMPTY;
		write_member(out, &is_first, &member);
		write_merged(out, texts, count, member.key);
	}
	buffer_append_byte(out, '}');
	return true;
}
