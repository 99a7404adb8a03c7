/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "event_loop.h"

struct fixture {
	struct event_loop *loop;
	int calls;
	int limit;
	int order[8];
	struct event_timer *timer;
	struct event_descriptor *descriptor;
	uint64_t fired_ns;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.loop = event_loop_create()};
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	event_timer_destroy(&fixture->timer);
	event_descriptor_destroy(&fixture->descriptor);
	event_loop_destroy(&fixture->loop);
	return 0;
}

static void count_and_stop_at_limit(void *context)
{
	struct fixture *fixture = context;

	if (++fixture->calls == fixture->limit)
		event_loop_stop(fixture->loop);
}

static void note_first(void *context)
{
	struct fixture *fixture = context;

	fixture->order[fixture->calls++] = 1;
}

static void note_second(void *context)
{
	struct fixture *fixture = context;

	fixture->order[fixture->calls++] = 2;
	event_loop_stop(fixture->loop);
}

static void deferred_calls_run_in_order_and_can_be_taken_back(void **state)
{
	struct fixture *fixture = *state;

	event_loop_defer(fixture->loop, count_and_stop_at_limit, fixture);
	event_loop_defer(fixture->loop, note_first, fixture);
	event_loop_defer(fixture->loop, note_second, fixture);
	event_loop_cancel_deferred(fixture->loop, count_and_stop_at_limit, fixture);
	assert_int_equal(fixture->calls, 0);
	event_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 2);
	assert_int_equal(fixture->order[0], 1);
	assert_int_equal(fixture->order[1], 2);
}

static void defer_again(void *context)
{
	struct fixture *fixture = context;

	fixture->calls++;
	event_loop_defer(fixture->loop, defer_again, fixture);
}

static void stop_when_readable(void *context, bool readable, bool writable)
{
	struct fixture *fixture = context;

	assert_true(readable);
	assert_false(writable);
	event_loop_stop(fixture->loop);
}

static void a_call_that_defers_itself_for_ever_does_not_starve_descriptors(void **state)
{
	struct fixture *fixture = *state;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	fixture->descriptor =
		event_descriptor_create(fixture->loop, ends[0], stop_when_readable, fixture);
	event_descriptor_want(fixture->descriptor, true, false);
	event_loop_defer(fixture->loop, defer_again, fixture);
	event_loop_run(fixture->loop);
	event_loop_cancel_deferred(fixture->loop, defer_again, fixture);
	close(ends[0]);
	close(ends[1]);
}

static void many_deferred_calls_all_run(void **state)
{
	struct fixture *fixture = *state;

	fixture->limit = 1000;
	for (int i = 0; i < fixture->limit; i++)
		event_loop_defer(fixture->loop, count_and_stop_at_limit, fixture);
	event_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 1000);
}

static void *post_many(void *context)
{
	struct fixture *fixture = context;

	for (int i = 0; i < fixture->limit / 2; i++)
		event_loop_post(fixture->loop, count_and_stop_at_limit, fixture);
	return NULL;
}

static void posts_from_other_threads_all_run_on_the_loop(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[2];

	fixture->limit = 20000;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, fixture), 0);
	event_loop_run(fixture->loop);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(fixture->calls, 20000);
}

static void note_time_and_stop(void *context)
{
	struct fixture *fixture = context;

	fixture->calls++;
	fixture->fired_ns = clock_now_ns();
	event_loop_stop(fixture->loop);
}

static void a_timer_fires_once_and_never_early(void **state)
{
	struct fixture *fixture = *state;

	fixture->timer = event_timer_create(fixture->loop, note_time_and_stop, fixture);
	for (int i = 0; i < 10; i++) {
		uint64_t start_ns = clock_now_ns();

		event_timer_start(fixture->timer, 3000001);
		assert_true(event_timer_is_running(fixture->timer));
		event_loop_run(fixture->loop);
		assert_true(fixture->fired_ns - start_ns >= 3000001);
		assert_false(event_timer_is_running(fixture->timer));
	}
	assert_int_equal(fixture->calls, 10);
}

static void a_stopped_timer_does_not_fire_and_a_restarted_one_waits_anew(void **state)
{
	struct fixture *fixture = *state;
	struct event_timer *never = event_timer_create(fixture->loop, defer_again, fixture);

	fixture->timer = event_timer_create(fixture->loop, note_time_and_stop, fixture);
	event_timer_start(never, 0);
	event_timer_stop(never);
	event_timer_start(fixture->timer, UINT64_MAX);
	event_timer_start(fixture->timer, 1000000);
	event_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 1);
	event_timer_destroy(&never);
	assert_null(never);
	event_timer_destroy(&never);
}

static void write_then_rest(void *context, bool readable, bool writable)
{
	struct fixture *fixture = context;

	assert_false(readable);
	assert_true(writable);
	event_descriptor_destroy(&fixture->descriptor);
	event_loop_stop(fixture->loop);
}

static void a_descriptor_may_be_destroyed_in_its_own_callback(void **state)
{
	struct fixture *fixture = *state;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fixture->descriptor =
		event_descriptor_create(fixture->loop, ends[1], write_then_rest, fixture);
	event_descriptor_want(fixture->descriptor, true, true);
	event_descriptor_want(fixture->descriptor, false, false);
	event_descriptor_want(fixture->descriptor, false, true);
	event_loop_run(fixture->loop);
	assert_null(fixture->descriptor);
	close(ends[0]);
	close(ends[1]);
}

static void a_lost_reader_is_an_error_of_the_write(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_int_equal(write(ends[1], "x", 1), -1);
	close(ends[1]);
}

static void signals_arrive_on_the_loop(void **state)
{
	struct fixture *fixture = *state;
	struct event_signal *hangup =
		event_signal_create(fixture->loop, SIGHUP, note_time_and_stop, fixture);

	raise(SIGHUP);
	event_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 1);
	event_signal_destroy(&hangup);
	assert_null(hangup);
}

static void a_stop_before_the_run_is_not_lost(void **state)
{
	struct fixture *fixture = *state;

	event_loop_stop(fixture->loop);
	event_loop_run(fixture->loop);
	event_loop_defer(fixture->loop, note_time_and_stop, fixture);
	event_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 1);
}

#define LOOP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(deferred_calls_run_in_order_and_can_be_taken_back),
		LOOP_TEST(a_call_that_defers_itself_for_ever_does_not_starve_descriptors),
		LOOP_TEST(many_deferred_calls_all_run),
		LOOP_TEST(posts_from_other_threads_all_run_on_the_loop),
		LOOP_TEST(a_timer_fires_once_and_never_early),
		LOOP_TEST(a_stopped_timer_does_not_fire_and_a_restarted_one_waits_anew),
		LOOP_TEST(a_descriptor_may_be_destroyed_in_its_own_callback),
		LOOP_TEST(a_lost_reader_is_an_error_of_the_write),
		LOOP_TEST(signals_arrive_on_the_loop),
		LOOP_TEST(a_stop_before_the_run_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
