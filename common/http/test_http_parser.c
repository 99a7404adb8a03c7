/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http1_parser.h"
#include "http_bucket.h"
#include "http_queue.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

/* What came of feeding some bytes: as many requests as were whole, and how it ended. */
struct outcome {
	unsigned requests;
	int status; /* 0: not refused */
	struct http1_head last;
	struct buffer body;
};

static const struct http1_limits limits = {
	.header_bytes = 4096, .header_count = 16, .uri_bytes = 1024, .body_bytes = 1000};

static struct arena *arena;

static void feed(struct http1_parser *parser, struct outcome *outcome, struct str input)
{
	struct http1_head head;
	struct str piece;

	/* On the heap and of exact size, so that reading past the end is seen. */
	char *copy = memory_allocate(input.length);

	memcpy(copy, input.data, input.length);
	struct str rest = str_from(copy, input.length);

	for (;;) {
		switch (http1_parser_next(parser, arena, &rest, &head, &piece)) {
		case HTTP1_HEAD:
			outcome->last = head;
			buffer_clear(&outcome->body);
			continue;
		case HTTP1_BODY:
			buffer_append(&outcome->body, piece);
			continue;
		case HTTP1_DONE:
			outcome->requests++;
			http1_parser_reset(parser);
			continue;
		case HTTP1_REFUSED:
			outcome->status = http1_parser_status(parser);
			memory_free(copy);
			return;
		case HTTP1_MORE:
			assert_int_equal(0, rest.length);
			memory_free(copy);
			return;
		}
	}
}

static struct outcome parse_in_pieces(struct str input, size_t first, size_t then)
{
	struct http1_parser parser = {.limits = limits};
	struct outcome outcome = {0};
	size_t at = 0;

	while (at < input.length && outcome.status == 0) {
		struct str piece = str_slice(input, at, at == 0 ? first : then);

		feed(&parser, &outcome, piece);
		at += piece.length;
	}
	http1_parser_fini(&parser);
	return outcome;
}

static void expect(struct str input, unsigned requests, int status, const char *body)
{
	for (size_t cut = 0; cut <= input.length; cut++) {
		/* Whole, then byte by byte, then cut at each byte. */
		struct outcome outcome = cut == 0 ? parse_in_pieces(input, input.length, 1)
					 : cut == input.length
						 ? parse_in_pieces(input, 1, 1)
						 : parse_in_pieces(input, cut, input.length);

		if (outcome.requests != requests || outcome.status != status)
			fail_msg("%.*s (cut %zu): %u requests, status %d", STR_ARG(input), cut,
				outcome.requests, outcome.status);
		if (body && !str_equal_c(buffer_str(&outcome.body), body))
			fail_msg("%.*s (cut %zu): body %.*s", STR_ARG(input), cut,
				STR_ARG(buffer_str(&outcome.body)));
		buffer_fini(&outcome.body);
		arena_reset(arena);
	}
}

#define HOST "Host: a\r\n"

struct vector {
	struct str input;
	unsigned requests;
	int status;
	const char *body;
};

static void run(const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(vectors[i].input, vectors[i].requests, vectors[i].status, vectors[i].body);
}
#define RUN(vectors) run(vectors, sizeof(vectors) / sizeof(vectors[0]))

static void well_formed_requests_are_understood(void **state)
{
	static const struct vector vectors[] = {
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "\r\n"), 1, 0, ""},
		{STR_INIT("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), 1, 0, ""},
		{STR_INIT("GET / HTTP/1.0\r\n\r\n"), 1, 0, ""},
		{STR_INIT("GET /a%20b?c=d HTTP/1.1\r\n" HOST "x:\t v\xff \r\n\r\n"), 1, 0, ""},
		{STR_INIT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 1, 0, ""},
		{STR_INIT("GET http://b/c HTTP/1.1\r\n" HOST "\r\n"), 1, 0, ""},
		{STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), 1, 0, "abc"},
		{STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 003\r\n\r\nabc"), 1, 0,
			"abc"},
		{STR_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
			  "3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n"),
			1, 0, "abc0123456789"},
		{STR_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
			  "1\r\na\r\n000\r\nContent-Length: 9\r\nX:\r\n\r\n"),
			1, 0, "a"},
		{STR_INIT("GET /1 HTTP/1.1\r\n" HOST "\r\nPOST /2 HTTP/1.1\r\n" HOST
			  "content-length: 2\r\n\r\nabGET /3 HTTP/1.1\r\n" HOST "\r\n"),
			3, 0, ""},
	};

	(void)state;
	RUN(vectors);
}

static void what_two_parsers_could_read_in_two_ways_is_refused(void **state)
{
#define POST "POST / HTTP/1.1\r\n" HOST
	static const struct vector vectors[] = {
		{STR_INIT(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Transfer-Encoding: identity\r\n\r\n"), 0, 501},
		{STR_INIT(POST "Transfer-Encoding: xchunked\r\n\r\n"), 0, 501},
		{STR_INIT(POST "Transfer-Encoding: chunked, identity\r\n\r\n"), 0, 501},
		{STR_INIT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 0, 501},
		{STR_INIT(POST "Transfer-Encoding: \x0b"
			       "chunked\r\n\r\n"),
			0, 400},
		{STR_INIT(POST "Transfer-Encoding: chunked\0\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 0, 501},
		{STR_INIT(POST "Transfer-Encoding: chunked;foo\r\n\r\n"), 0, 501},
		{STR_INIT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
			0, 501},
		{STR_INIT("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Transfer-Encoding : chunked\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Transfer-Encoding:\r\n chunked\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: +62\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: -1\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 0x3e\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 62, 62\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 1e2\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 9223372036854775808\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 18446744073709551616\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length:\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"), 0, 400},
		{STR_INIT(POST "Content-Length: 9223372036854775807\r\n\r\n"), 0, 413},
		{STR_INIT(POST "Content-Length: 1001\r\n\r\n"), 0, 413},
		{STR_INIT("GET / HTTP/1.1\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\nHost: a\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "\n"), 0, 400},
		{STR_INIT("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n " HOST "\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "nocolon\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "a(: b\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "a: b\rc\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "a: \0\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "a: \x7f\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nauthorization: b\r\n\r\n"),
			0, 400},
		{STR_INIT("GET /\r\n\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.2\r\n" HOST "\r\n"), 0, 505},
		{STR_INIT("GET / HTTP/2.0\r\n" HOST "\r\n"), 0, 505},
		{STR_INIT("GET / http/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET / HTTP/1.10\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET  / HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET /  HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("G(T / HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET /%zz HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET /%a HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET /\x80 HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET /\x01 HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET a HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET * HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("GET http:///x HTTP/1.1\r\n" HOST "\r\n"), 0, 400},
		{STR_INIT("CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n"), 0, 405},
		{STR_INIT(POST "Expect: foo\r\n\r\n"), 0, 417},
	};

	(void)state;
	RUN(vectors);
}

static void malformed_chunks_are_refused(void **state)
{
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
	static const struct vector vectors[] = {
		{STR_INIT(CHUNKED "1\na\r\n0\r\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "1\r\na\n0\r\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "1\r\na\r\n0\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "1\r\na\r\n0\r\n\n"), 0, 400},
		{STR_INIT(CHUNKED "1\r\nab0\r\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "0x5\r\nabcde\r\n0\r\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "-1\r\n"), 0, 400},
		{STR_INIT(CHUNKED " 1\r\n"), 0, 400},
		{STR_INIT(CHUNKED "1 \r\n"), 0, 400},
		{STR_INIT(CHUNKED "\r\n"), 0, 400},
		{STR_INIT(CHUNKED "00000000000000001\r\na\r\n"), 0, 400},
		{STR_INIT(CHUNKED "1;a\nb\r\n"), 0, 400},
		{STR_INIT(CHUNKED "ffffffffffffffff\r\n\x61"), 0, 413},
		{STR_INIT(CHUNKED "3e9\r\na"), 0, 413},
		{STR_INIT(CHUNKED "0\r\n a: b\r\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "0\r\na b: c\r\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "0\r\na: \0\r\n\r\n"), 0, 400},
		{STR_INIT(CHUNKED "0\r\na\r\n\r\n"), 0, 400},
	};

	(void)state;
	RUN(vectors);
}

static struct outcome parse_long(const char *head, char filler, size_t count, const char *tail)
{
	struct buffer text = {0};

	buffer_append(&text, str_from_c(head));
	for (size_t i = 0; i < count; i++)
		buffer_append_byte(&text, filler);
	buffer_append(&text, str_from_c(tail));
	struct outcome whole = parse_in_pieces(buffer_str(&text), text.length, 1);
	struct outcome bytes = parse_in_pieces(buffer_str(&text), 1, 1);

	assert_int_equal(whole.status, bytes.status);
	assert_int_equal(whole.requests, bytes.requests);
	buffer_fini(&bytes.body);
	buffer_fini(&whole.body);
	buffer_fini(&text);
	return whole;
}

static void what_is_too_long_is_refused_for_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(0, parse_long("GET /", 'a', 1023, " HTTP/1.1\r\n" HOST "\r\n").status);
	assert_int_equal(414, parse_long("GET /", 'a', 1024, " HTTP/1.1\r\n" HOST "\r\n").status);
	assert_int_equal(414, parse_long("GET /", 'a', 5000, "").status);
	assert_int_equal(
		0, parse_long("GET / HTTP/1.1\r\n" HOST "a:", 'b', 4000, "\r\n\r\n").status);
	assert_int_equal(
		431, parse_long("GET / HTTP/1.1\r\n" HOST "a:", 'b', 4096, "\r\n\r\n").status);
	assert_int_equal(431, parse_long("GET / HTTP/1.1\r\n" HOST "a:", 'b', 9000, "").status);
	assert_int_equal(400, parse_long(CHUNKED "1;", 'b', 257, "\r\na\r\n0\r\n\r\n").status);
	assert_int_equal(0, parse_long(CHUNKED "1;", 'b', 256, "\r\na\r\n0\r\n\r\n").status);
	assert_int_equal(400, parse_long(CHUNKED "0\r\na:", 'b', 9000, "\r\n\r\n").status);
}

static void many_fields_and_many_tiny_chunks_are_refused(void **state)
{
	struct buffer text = {0};

	(void)state;
	buffer_append(&text, STR("GET / HTTP/1.1\r\n" HOST));
	for (int i = 0; i < 16; i++)
		buffer_append(&text, STR("a:b\r\n"));
	buffer_append(&text, STR("\r\n"));
	assert_int_equal(431, parse_in_pieces(buffer_str(&text), 100000, 1).status);
	buffer_clear(&text);
	/* 1,000 bytes are allowed, but not with 20 bytes of lines for each. */
	buffer_append(&text, STR(CHUNKED));
	for (int i = 0; i < 1000; i++)
		buffer_append(&text, STR("1;aaaaaaaaaaaaaaaa\r\nb\r\n"));
	struct outcome outcome = parse_in_pieces(buffer_str(&text), 100000, 1);

	assert_int_equal(400, outcome.status);
	buffer_fini(&outcome.body);
	buffer_fini(&text);
	arena_reset(arena);
}

static void the_head_says_what_was_sent(void **state)
{
	struct outcome outcome = parse_in_pieces(
		STR("PUT http://other/a%2Fb?x=1?2 HTTP/1.1\r\nHost: h:1\r\nX-Y:  v w\t\r\n"
		    "Connection: keep-alive, Close\r\nExpect: 100-Continue\r\n"
		    "Content-Length: 1\r\n\r\nz"),
		1000, 1);
	const struct http1_head *head = &outcome.last;

	(void)state;
	assert_int_equal(1, outcome.requests);
	assert_true(str_equal(head->method, STR("PUT")));
	assert_true(str_equal(head->path, STR("/a%2Fb")));
	assert_true(str_equal(head->query, STR("x=1?2")));
	assert_true(str_equal(head->authority, STR("h:1")));
	assert_true(str_equal(http_headers_find(&head->headers, STR("x-y")), STR("v w")));
	assert_false(head->keeps_connection);
	assert_true(head->expects_continue);
	assert_int_equal(1, head->minor_version);
	buffer_fini(&outcome.body);
	outcome = parse_in_pieces(
		STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\n\r\n"),
		1000, 1);
	assert_true(outcome.last.keeps_connection);
	assert_false(outcome.last.expects_continue);
	arena_reset(arena);
}

/* ---- Messages ---- */

static void percent_coding_goes_there_and_back(void **state)
{
	struct str text;

	(void)state;
	assert_true(http_percent_decode(arena, STR("a%2Fb+c%00"), false, &text));
	assert_true(str_equal(text, str_from("a/b+c\0", 6)));
	assert_true(http_percent_decode(arena, STR("a+b"), true, &text));
	assert_true(str_equal(text, STR("a b")));
	assert_false(http_percent_decode(arena, STR("a%2"), false, &text));
	assert_false(http_percent_decode(arena, STR("a%"), false, &text));
	assert_false(http_percent_decode(arena, STR("%2g"), false, &text));
	assert_true(http_percent_decode(arena, STR("%41"), false, &text));
	assert_true(str_equal(text, STR("A")));
	assert_true(
		str_equal(http_percent_encode(arena, STR("a/b c\xff~"), "/"), STR("a/b%20c%FF~")));
	assert_true(str_equal(http_percent_encode(arena, STR("a/b"), ""), STR("a%2Fb")));
}

static void queries_are_read_as_go_reads_them(void **state)
{
	struct http_query *query =
		http_query_parse(arena, STR("a=1&b&&=x&c=%zz&d;e=1&%61=2&f=a%3Db+c&g=1=2"));
	bool present;

	(void)state;
	assert_true(str_equal(http_query_find(query, STR("a"), NULL), STR("1")));
	assert_true(str_equal(http_query_find(query, STR("b"), &present), STR("")));
	assert_true(present);
	http_query_find(query, STR("c"), &present);
	assert_false(present);
	http_query_find(query, STR("d;e"), &present);
	assert_false(present);
	assert_true(str_equal(http_query_find(query, STR("f"), NULL), STR("a=b c")));
	assert_true(str_equal(http_query_find(query, STR("g"), NULL), STR("1=2")));
	assert_true(str_equal(http_query_find(query, STR(""), &present), STR("x")));
	assert_true(present);
	assert_null(http_query_parse(arena, STR("&&")));
}

static void header_lists_keep_their_order(void **state)
{
	struct http_headers headers = {0};

	(void)state;
	for (int i = 0; i < 40; i++)
		http_headers_add(arena, &headers, i % 2 ? STR("odd") : STR("even"),
			arena_printf(arena, "%d", i));
	assert_int_equal(40, headers.count);
	assert_true(str_equal(http_headers_find(&headers, STR("odd")), STR("1")));
	http_headers_remove(&headers, STR("even"));
	assert_int_equal(20, headers.count);
	assert_true(str_equal(headers.entries[19].value, STR("39")));
	assert_true(str_is_empty(http_headers_find(&headers, STR("even"))));
	assert_string_equal("Not Found", http_status_text(404));
	assert_string_equal("", http_status_text(299));
}

static void queues_keep_bytes_in_order_and_large_ones_by_reference(void **state)
{
	struct http_queue from = {0}, to = {.block_bytes = 1000};
	struct blob *large = blob_create_uninitialised(10000);
	struct iovec pieces[8];

	(void)state;
	memset(large->data, 'L', 10000);
	http_queue_append(&from, STR("ab"));
	http_queue_append(&from, STR("cd"));
	http_queue_append_blob(&from, large);
	http_queue_append(&from, STR("ef"));
	assert_int_equal(10006, from.bytes);
	http_queue_move(&to, &from, 5);
	http_queue_move(&to, &from, from.bytes);
	assert_int_equal(0, from.bytes);
	assert_null(from.first);
	int count = http_queue_peek(&to, pieces, 8);

	assert_int_equal(3, count);
	assert_int_equal(5, pieces[0].iov_len);
	assert_memory_equal("abcdL", pieces[0].iov_base, 5);
	assert_ptr_equal(large->data + 1, pieces[1].iov_base);
	assert_int_equal(9999, pieces[1].iov_len);
	assert_memory_equal("ef", pieces[2].iov_base, 2);
	http_queue_consume(&to, 10004);
	assert_int_equal(2, to.bytes);
	assert_int_equal(1, http_queue_peek(&to, pieces, 8));
	assert_memory_equal("ef", pieces[0].iov_base, 2);
	http_queue_clear(&to);
	blob_unref(&large);
}

static void a_bucket_empties_and_fills(void **state)
{
	struct http_bucket bucket;

	(void)state;
	http_bucket_init(&bucket, 2, 10, 0);
	assert_true(http_bucket_take(&bucket, 0));
	assert_true(http_bucket_take(&bucket, 0));
	assert_false(http_bucket_take(&bucket, 0));
	assert_true(http_bucket_take(&bucket, 110000000));
	assert_false(http_bucket_take(&bucket, 110000000));
}

static int setup(void **state)
{
	(void)state;
	arena = arena_create(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_requests_are_understood),
		cmocka_unit_test(what_two_parsers_could_read_in_two_ways_is_refused),
		cmocka_unit_test(malformed_chunks_are_refused),
		cmocka_unit_test(what_is_too_long_is_refused_for_what_it_is),
		cmocka_unit_test(many_fields_and_many_tiny_chunks_are_refused),
		cmocka_unit_test(the_head_says_what_was_sent),
		cmocka_unit_test(percent_coding_goes_there_and_back),
		cmocka_unit_test(queries_are_read_as_go_reads_them),
		cmocka_unit_test(header_lists_keep_their_order),
		cmocka_unit_test(queues_keep_bytes_in_order_and_large_ones_by_reference),
		cmocka_unit_test(a_bucket_empties_and_fills),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
