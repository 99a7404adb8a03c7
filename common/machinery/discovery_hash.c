/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "discovery.h"

struct str discovery_storage_version_hash(
	struct arena *arena, struct str group, struct str version, struct str kind)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	unsigned char text[16];
	struct str name = arena_printf(
		arena, "%.*s/%.*s/%.*s", STR_ARG(group), STR_ARG(version), STR_ARG(kind));

	SHA256((const unsigned char *)name.data, name.length, digest);
	int length = EVP_EncodeBlock(text, digest, 8);

	return arena_copy(arena, str_from((const char *)text, (size_t)length));
}

struct str discovery_etag(struct arena *arena, struct str document)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char digest[SHA512_DIGEST_LENGTH];
	char *text = arena_allocate_text(arena, 2 * sizeof(digest) + 2);

	SHA512((const unsigned char *)document.data, document.length, digest);
	text[0] = '"';
	for (size_t i = 0; i < sizeof(digest); i++) {
		text[1 + 2 * i] = digits[digest[i] >> 4];
		text[2 + 2 * i] = digits[digest[i] & 15];
	}
	text[2 * sizeof(digest) + 1] = '"';
	return str_from(text, 2 * sizeof(digest) + 2);
}
