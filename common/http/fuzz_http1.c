/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "http1_parser.h"

/*
 * The first byte says in pieces of what size the rest is fed; however it is cut, the outcome must
 * be the same as when it is fed whole.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	unsigned heads, requests;
	size_t body_bytes;
	int status;
};

static void feed(struct http1_parser *parser, struct outcome *outcome, struct str input)
{
	struct arena *arena = arena_create(1024);
	struct http1_head head;
	struct str piece;
	enum http1_event event;

	while ((event = http1_parser_next(parser, arena, &input, &head, &piece)) != HTTP1_MORE) {
		if (event == HTTP1_REFUSED) {
			outcome->status = http1_parser_status(parser);
			break;
		}
		if (event == HTTP1_HEAD) {
			outcome->heads++;
			ASSERT(head.path.length > 0);
		} else if (event == HTTP1_BODY) {
			outcome->body_bytes += piece.length;
		} else {
			outcome->requests++;
			http1_parser_reset(parser);
		}
	}
	arena_destroy(&arena);
}

static struct outcome parse(struct str input, size_t piece_bytes)
{
	struct http1_parser parser = {.limits = {.header_bytes = 2048,
					      .header_count = 8,
					      .uri_bytes = 256,
					      .body_bytes = 4096}};
	struct outcome outcome = {0};

	while (!str_is_empty(input) && outcome.status == 0) {
		feed(&parser, &outcome, str_slice(input, 0, piece_bytes));
		input = str_skip(input, piece_bytes);
	}
	http1_parser_fini(&parser);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;

	struct str input = str_from((const char *)data + 1, size - 1);
	struct outcome whole = parse(input, input.length);
	struct outcome pieces = parse(input, (size_t)data[0] + 1);

	ASSERT(whole.status == pieces.status && whole.heads == pieces.heads);
	ASSERT(whole.requests == pieces.requests && whole.body_bytes == pieces.body_bytes);
	return 0;
}
