/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "arena.h"
#include "buffer.h"
#include "clock.h"
#include "error.h"
#include "map.h"

static void str_splits_and_trims(void **state)
{
	(void)state;
	struct str rest = STR("a,b,,c");

	assert_true(str_equal(str_split(&rest, ','), STR("a")));
	assert_true(str_equal(str_split(&rest, ','), STR("b")));
	assert_true(str_is_empty(str_split(&rest, ',')));
	assert_true(str_equal(str_split(&rest, ','), STR("c")));
	assert_true(str_is_empty(rest));
	assert_true(str_equal(str_trim(STR(" \t x y\r\n")), STR("x y")));
	assert_true(str_compare(STR("ab"), STR("abc")) < 0);
}

static void numbers_keep_their_bounds(void **state)
{
	(void)state;
	uint64_t u;
	int64_t i;

	assert_true(str_parse_u64(STR("18446744073709551615"), UINT64_MAX, &u));
	assert_false(str_parse_u64(STR("18446744073709551616"), UINT64_MAX, &u));
	assert_false(str_parse_u64(STR(""), UINT64_MAX, &u));
	assert_false(str_parse_u64(STR("+1"), UINT64_MAX, &u));
	assert_true(str_parse_i64(STR("-9223372036854775808"), &i));
	assert_true(i == INT64_MIN);
	assert_false(str_parse_i64(STR("9223372036854775808"), &i));
}

static void arena_gives_zeroed_memory_and_drops_blobs(void **state)
{
	(void)state;
	struct arena *arena = arena_create(64);
	struct blob *blob = blob_create(STR("held"));

	arena_hold_blob(arena, blob);
	for (int i = 0; i < 100; i++) {
		char *bytes = arena_allocate(arena, 33);

		for (int j = 0; j < 33; j++)
			assert_int_equal(bytes[j], 0);
		memset(bytes, 0xff, 33);
	}
	assert_int_equal(atomic_load(&blob->references), 2);
	arena_reset(arena);
	assert_int_equal(atomic_load(&blob->references), 1);
	assert_true(str_equal(arena_printf(arena, "%d-%s", 7, "x"), STR("7-x")));
	const struct str parts[] = {STR("a"), STR_EMPTY, STR("bc")};

	assert_string_equal(arena_join(arena, parts, 3).data, "abc");
	assert_int_equal(arena_join(arena, parts, 0).length, 0);
	arena_destroy(&arena);
	assert_null(arena);
	blob_unref(&blob);
}

static void arena_goes_back_to_a_mark(void **state)
{
	(void)state;
	struct blob *blob = blob_create(STR("x"));
	struct arena *arena = arena_create(64);
	struct str kept = arena_copy(arena, STR("kept"));
	struct arena_mark mark = arena_mark(arena);

	for (int turn = 0; turn < 3; turn++) {
		arena_hold_blob(arena, blob);
		for (int i = 0; i < 100; i++)
			arena_allocate(arena, 50);
		assert_int_equal(atomic_load(&blob->references), 2);
		arena_rewind(arena, &mark);
		assert_int_equal(atomic_load(&blob->references), 1);
		assert_int_equal(arena_used_bytes(arena), kept.length + 1);
	}
	char *bytes = arena_allocate(arena, 16);

	assert_int_equal(bytes[15], 0);
	assert_true(str_equal(kept, STR("kept")));
	arena_destroy(&arena);
	blob_unref(&blob);
}

static void map_finds_what_was_set_after_removals(void **state)
{
	(void)state;
	struct map map = {0};
	char key[16];
	int marker;

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_null(map_set(&map, str_from_c(key), &marker));
	}
	for (int i = 0; i < 1000; i += 2) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_remove(&map, str_from_c(key)), &marker);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_find(&map, str_from_c(key)), i % 2 ? (void *)&marker : NULL);
	}
	assert_int_equal(map.count, 500);
	map_fini(&map);
}

static void times_are_read_and_written_as_go_does(void **state)
{
	(void)state;
	char text[CLOCK_RFC3339_BYTES];
	int64_t seconds, ns;
	uint32_t nanoseconds;
	struct arena *arena = arena_create(0);

	assert_true(
		clock_parse_rfc3339(STR("2024-02-29T23:59:59.25+01:00"), &seconds, &nanoseconds));
	assert_int_equal(nanoseconds, 250000000);
	clock_format_rfc3339(seconds, text);
	assert_string_equal(text, "2024-02-29T22:59:59Z");
	assert_false(clock_parse_rfc3339(STR("2023-02-29T00:00:00Z"), &seconds, NULL));
	assert_false(clock_parse_rfc3339(STR("2023-02-28 00:00:00Z"), &seconds, NULL));
	assert_true(clock_parse_duration(STR("1h30m"), &ns));
	assert_true(str_equal(clock_format_duration(arena, ns), STR("1h30m0s")));
	assert_true(clock_parse_duration(STR("-1.5s"), &ns));
	assert_true(str_equal(clock_format_duration(arena, ns), STR("-1.5s")));
	assert_true(str_equal(clock_format_duration(arena, 500000000), STR("500ms")));
	assert_false(clock_parse_duration(STR("5"), &ns));
	assert_false(clock_parse_duration(STR("5x"), &ns));
	arena_destroy(&arena);
}

static void errors_carry_message_and_causes_in_order(void **state)
{
	(void)state;
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);

	assert_int_equal(error_set(&err, ERROR_INVALID, "bad %s", "name"), ERROR_RETURN);
	error_add_cause(&err, STR("A"), STR("first"), STR("x"));
	error_add_cause(&err, STR("B"), STR("second"), STR("y"));
	assert_int_equal(error_wrap(&err, "pod %d", 1), ERROR_RETURN);
	assert_true(str_equal(err.message, STR("pod 1: bad name")));
	assert_true(str_equal(err.causes->reason, STR("A")));
	assert_true(str_equal(err.causes->next->reason, STR("B")));
	assert_null(err.causes->next->next);
	arena_destroy(&arena);
}

static void buffers_grow_and_consume(void **state)
{
	(void)state;
	struct buffer buffer = {0};

	for (int i = 0; i < 1000; i++)
		buffer_append_i64(&buffer, -i);
	buffer_printf(&buffer, "%s", "end");
	assert_true(str_ends_with(buffer_str(&buffer), STR("-999end")));
	buffer_consume(&buffer, buffer.length - 3);
	assert_true(str_equal(buffer_str(&buffer), STR("end")));
	buffer_fini(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(str_splits_and_trims),
		cmocka_unit_test(numbers_keep_their_bounds),
		cmocka_unit_test(arena_gives_zeroed_memory_and_drops_blobs),
		cmocka_unit_test(arena_goes_back_to_a_mark),
		cmocka_unit_test(map_finds_what_was_set_after_removals),
		cmocka_unit_test(times_are_read_and_written_as_go_does),
		cmocka_unit_test(errors_carry_message_and_causes_in_order),
		cmocka_unit_test(buffers_grow_and_consume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
