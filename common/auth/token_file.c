/* SPDX-License-Identifier: Apache-2.0 */
#include "token_file.h"

#include "memory.h"

/*
 * Tokens are found by their seeded hash, which nobody outside can compute, and what is found is
 * compared in constant time.
 */
struct token_entry {
	struct str token;
	struct user_info user;
	uint64_t hash;
	uint32_t next; /* index + 1 of the next one in the chain; 0: none */
};

struct token_file {
	struct arena *arena;
	struct token_entry *entries;
	size_t count;
	uint32_t *buckets; /* index + 1; a power of two of them */
	size_t bucket_mask;
};

/* ---- CSV (RFC 4180, as strict as Go's encoding/csv) ---- */

#define COLUMNS_KEPT 4

struct csv_reader {
	struct arena *arena;
	struct str rest;
	unsigned line;
};

struct csv_record {
	struct str columns[COLUMNS_KEPT];
	size_t count; /* of all columns, kept or not */
};

static bool is_at_line_end(struct str rest)
{
	return rest.length == 0 || rest.data[0] == '\n' ||
	       (rest.length > 1 && rest.data[0] == '\r' && rest.data[1] == '\n') ||
	       (rest.length == 1 && rest.data[0] == '\r');
}

static void skip_line_end(struct csv_reader *reader)
{
	if (reader->rest.length > 0 && reader->rest.data[0] == '\r')
		reader->rest = str_skip(reader->rest, 1);
	if (reader->rest.length > 0 && reader->rest.data[0] == '\n')
		reader->rest = str_skip(reader->rest, 1);
	reader->line++;
}

static int read_plain(struct csv_reader *reader, struct str *ret, struct error *err)
{
	size_t length = 0;

	while (!is_at_line_end(str_skip(reader->rest, length)) &&
		reader->rest.data[length] != ',') {
		if (reader->rest.data[length] == '"')
			return error_set(err, ERROR_INVALID,
				"parse error on line %u: bare \" in non-quoted-field",
				reader->line);
		length++;
	}
	*ret = str_slice(reader->rest, 0, length);
	reader->rest = str_skip(reader->rest, length);
	return 0;
}

static int read_quoted(struct csv_reader *reader, struct str *ret, struct error *err)
{
	char *text = arena_allocate_text(reader->arena, reader->rest.length);
	size_t length = 0;
	size_t i = 1;

	for (; i < reader->rest.length; i++) {
		char byte = reader->rest.data[i];

		if (byte == '"' && i + 1 < reader->rest.length && reader->rest.data[i + 1] == '"')
			i++;
		else if (byte == '"')
			break;
		else if (byte == '\n')
			reader->line++;
		text[length++] = byte;
	}
	if (i >= reader->rest.length)
		return error_set(err, ERROR_INVALID,
			"parse error on line %u: extraneous or missing \" in quoted-field",
			reader->line);
	reader->rest = str_skip(reader->rest, i + 1);
	if (!is_at_line_end(reader->rest) && reader->rest.data[0] != ',')
		return error_set(err, ERROR_INVALID,
			"parse error on line %u: extraneous or missing \" in quoted-field",
			reader->line);
	*ret = str_from(text, length);
	return 0;
}

static int read_record(struct csv_reader *reader, struct csv_record *record, struct error *err)
{
	*record = (struct csv_record){0};
	for (;;) {
		bool is_quoted = reader->rest.length > 0 && reader->rest.data[0] == '"';
		struct str column;

		if ((is_quoted ? read_quoted(reader, &column, err)
			       : read_plain(reader, &column, err)) != 0)
			return ERROR_RETURN;
		if (record->count < COLUMNS_KEPT)
			record->columns[record->count] = column;
		record->count++;
		if (is_at_line_end(reader->rest))
			break;
		reader->rest = str_skip(reader->rest, 1); /* the comma */
	}
	skip_line_end(reader);
	return 0;
}

/* ---- Entries ---- */

static void set_groups(struct arena *arena, struct user_info *user, struct str list)
{
	size_t count = 1;
	struct str *groups;

	for (size_t i = 0; i < list.length; i++)
		count += list.data[i] == ',';
	groups = ARENA_ARRAY(arena, struct str, count);
	for (size_t i = 0; i < count; i++)
		groups[i] = arena_copy(arena, str_split(&list, ','));
	user->groups = groups;
	user->group_count = count;
}

static void add_entry(struct token_file *tokens, size_t *capacity, const struct csv_record *record)
{
	struct token_entry *entry;

	if (tokens->count == *capacity) {
		*capacity = *capacity * 2 + 16;
		tokens->entries =
			memory_resize(tokens->entries, *capacity * sizeof(struct token_entry));
	}
	entry = &tokens->entries[tokens->count++];
	*entry = (struct token_entry){
		.token = arena_copy(tokens->arena, record->columns[0]),
		.user.name = arena_copy(tokens->arena, record->columns[1]),
		.user.uid = arena_copy(tokens->arena, record->columns[2]),
	};
	entry->hash = str_hash(entry->token);
	if (record->count > 3 && record->columns[3].length > 0)
		set_groups(tokens->arena, &entry->user, record->columns[3]);
}

static void build_index(struct token_file *tokens)
{
	size_t bucket_count = 16;

	while (bucket_count < tokens->count)
		bucket_count *= 2;
	tokens->bucket_mask = bucket_count - 1;
	tokens->buckets = memory_allocate_zeroed(bucket_count, sizeof(uint32_t));
	/* In order, so that the later of two equal tokens comes first in its chain. */
	for (size_t i = 0; i < tokens->count; i++) {
		struct token_entry *entry = &tokens->entries[i];
		uint32_t *bucket = &tokens->buckets[entry->hash & tokens->bucket_mask];

		entry->next = *bucket;
		*bucket = (uint32_t)i + 1;
	}
}

static int parse_records(struct token_file *tokens, struct csv_reader *reader, struct error *err)
{
	size_t capacity = 0;

	while (reader->rest.length > 0) {
		struct csv_record record;

		if (is_at_line_end(reader->rest)) {
			skip_line_end(reader);
			continue;
		}
		if (read_record(reader, &record, err) != 0)
			return ERROR_RETURN;
		if (record.count < 3)
			return error_set(err, ERROR_INVALID,
				"token file must have at least 3 columns (token, user name, user "
				"uid), found %zu",
				record.count);
		if (!str_is_empty(record.columns[0]))
			add_entry(tokens, &capacity, &record);
	}
	return 0;
}

int token_file_parse(struct str text, struct token_file **ret, struct error *err)
{
	struct token_file *tokens = MEMORY_NEW(struct token_file);
	struct csv_reader reader = {.rest = text, .line = 1};
	int outcome;

	tokens->arena = arena_create(0);
	reader.arena = arena_create(0);
	outcome = parse_records(tokens, &reader, err);
	arena_destroy(&reader.arena);
	if (outcome != 0) {
		token_file_destroy(&tokens);
		return ERROR_RETURN;
	}
	build_index(tokens);
	*ret = tokens;
	return 0;
}

void token_file_destroy(struct token_file **tokens)
{
	struct token_file *gone = *tokens;

	*tokens = NULL;
	if (!gone)
		return;
	arena_destroy(&gone->arena);
	memory_free(gone->entries);
	memory_free(gone->buckets);
	memory_free(gone);
}

size_t token_file_count(const struct token_file *tokens)
{
	return tokens->count;
}

/* Looks at all of both, whatever it finds. */
static bool is_same_token(struct str a, struct str b)
{
	unsigned char difference = 0;

	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++)
		difference |= (unsigned char)(a.data[i] ^ b.data[i]);
	return difference == 0;
}

const struct user_info *token_file_find(const struct token_file *tokens, struct str token)
{
	uint64_t hash = str_hash(token);
	uint32_t index = tokens->buckets[hash & tokens->bucket_mask];

	while (index != 0) {
		const struct token_entry *entry = &tokens->entries[index - 1];

		if (entry->hash == hash && is_same_token(entry->token, token))
			return &entry->user;
		index = entry->next;
	}
	return NULL;
}
