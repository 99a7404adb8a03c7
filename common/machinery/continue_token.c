/* SPDX-License-Identifier: Apache-2.0 */
#include "continue_token.h"

#include "json_reader.h"
#include "json_writer.h"

#define TOKEN_MAXIMUM_BYTES 4096

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct str encode_base64url(struct arena *arena, struct str bytes)
{
	char *out = arena_allocate_text(arena, bytes.length * 4 / 3 + 4);
	size_t length = 0;
	uint32_t bits = 0;
	int count = 0;

	for (size_t i = 0; i < bytes.length; i++) {
		bits = bits << 8 | (unsigned char)bytes.data[i];
		for (count += 8; count >= 6; count -= 6)
			out[length++] = alphabet[bits >> (count - 6) & 63];
	}
	if (count > 0)
		out[length++] = alphabet[bits << (6 - count) & 63];
	return str_from(out, length);
}

static bool decode_base64url(struct arena *arena, struct str text, struct str *ret)
{
	char *out = arena_allocate_text(arena, text.length + 1);
	size_t length = 0;
	uint32_t bits = 0;
	int count = 0;

	for (size_t i = 0; i < text.length; i++) {
		const char *at = text.data[i] ? strchr(alphabet, text.data[i]) : NULL;

		if (!at)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[length++] = (char)(bits >> count & 255);
		}
	}
	*ret = str_from(out, length);
	return true;
}

struct str continue_token_encode(
	struct arena *arena, uint64_t revision, struct str last_key, struct error *err)
{
	struct json_value token = json_object();
	char *start = arena_allocate_text(arena, last_key.length + 1);

	(void)err;
	if (last_key.length > 0)
		memcpy(start, last_key.data, last_key.length);
	start[last_key.length] = '\0';
	json_append_member(arena, &token, STR("v"), json_string(STR("meta.k8s.io/v1")));
	json_append_member(arena, &token, STR("rv"),
		json_integer(revision == UINT64_MAX ? -1 : (int64_t)revision));
	json_append_member(
		arena, &token, STR("start"), json_string(str_from(start, last_key.length + 1)));
	return encode_base64url(arena, json_to_str(arena, &token));
}

/* "a/../b", "//", "./x", "a/": what path.Clean would change. */
static bool leaves_root(struct str key)
{
	/* One slash in front is that of the root. */
	if (str_starts_with(key, STR("/")))
		key = str_skip(key, 1);
	if (str_ends_with(key, STR("/")))
		return true;
	while (key.length > 0) {
		size_t at = str_find_byte(key, '/');
		struct str segment = str_slice(key, 0, at);

		if (str_equal(segment, STR("..")) || str_equal(segment, STR(".")) ||
			(str_is_empty(segment) && at < key.length))
			return true;
		key = str_skip(key, at + 1);
	}
	return false;
}

static int refuse(struct error *err, const char *reason)
{
	return error_set(err, ERROR_BAD_REQUEST,
		"invalid continue token: continue key is not valid: %s", reason);
}

int continue_token_decode(
	struct arena *arena, struct str text, struct continue_token *ret, struct error *err)
{
	struct str bytes;
	struct json_value token;
	struct error ignored = ERROR_INIT(arena);

	if (text.length > TOKEN_MAXIMUM_BYTES || !decode_base64url(arena, text, &bytes) ||
		json_read(arena, bytes, NULL, &token, &ignored) != 0 || token.type != JSON_OBJECT)
		return refuse(err, "it is not a token of this server");

	struct str start = json_text(json_find(&token, STR("start")));
	int64_t revision = json_integer_or(json_find(&token, STR("rv")), 0);

	if (!str_equal(json_text(json_find(&token, STR("v"))), STR("meta.k8s.io/v1")))
		return refuse(err, "server does not recognize this encoded version");
	if (revision == 0 || revision < -1)
		return refuse(err, "incorrect encoded start resourceVersion (version "
				   "meta.k8s.io/v1)");
	if (str_is_empty(start))
		return refuse(err, "encoded start key empty (version meta.k8s.io/v1)");
	ret->start_inclusive = start.data[start.length - 1] != '\0';
	if (!ret->start_inclusive)
		start.length--;
	if (leaves_root(start))
		return refuse(err, arena_copy_c(arena, start));
	ret->start_key = str_starts_with(start, STR("/")) ? str_skip(start, 1) : start;
	ret->revision = revision == -1 ? UINT64_MAX : (uint64_t)revision;
	return 0;
}
