/* SPDX-License-Identifier: Apache-2.0 */
#include "event_loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "assertion.h"
#include "clock.h"
#include "memory.h"

/*
 * Deferred calls hang on a timer of delay zero and not on an activated event: libevent runs active
 * events until none is left, so a call that defers itself again would keep the loop from ever
 * looking at its descriptors.
 *
 * libevent is used without its own locks. The only way in from another thread is the posted queue:
 * a mutex and an eventfd that is written when the queue stops being empty.
 */

struct call {
	event_fn function; /* NULL: cancelled */
	void *context;
};

/* A ring; positions count up for ever and are masked when used. */
struct call_queue {
	struct call *calls;
	size_t capacity; /* power of two or 0 */
	size_t head, tail;
};

struct event_loop {
	struct event_base *base;
	struct event *deferred_event;
	struct call_queue deferred;
	struct event *post_event;
	int post_fd;
	pthread_mutex_t post_lock;
	struct call_queue posted; /* under post_lock */
	bool stop_requested;
};

static void queue_grow(struct call_queue *queue)
{
	size_t capacity = queue->capacity ? queue->capacity * 2 : 16;
	struct call *calls = memory_allocate(capacity * sizeof(*calls));

	for (size_t i = queue->head; i != queue->tail; i++)
		calls[i & (capacity - 1)] = queue->calls[i & (queue->capacity - 1)];
	memory_free(queue->calls);
	queue->calls = calls;
	queue->capacity = capacity;
}

static void queue_push(struct call_queue *queue, event_fn function, void *context)
{
	if (queue->tail - queue->head == queue->capacity)
		queue_grow(queue);
	queue->calls[queue->tail++ & (queue->capacity - 1)] = (struct call){function, context};
}

static bool queue_is_empty(const struct call_queue *queue)
{
	return queue->head == queue->tail;
}

static struct call queue_pop(struct call_queue *queue)
{
	return queue->calls[queue->head++ & (queue->capacity - 1)];
}

static void deferred_start(struct event_loop *loop)
{
	static const struct timeval at_once;

	if (event_add(loop->deferred_event, &at_once) < 0)
		ASSERT(!"event_add failed");
}

static void run_deferred(evutil_socket_t fd, short what, void *context)
{
	struct event_loop *loop = context;
	size_t end = loop->deferred.tail;

	(void)fd;
	(void)what;
	while (loop->deferred.head != end) {
		struct call call = queue_pop(&loop->deferred);

		if (call.function)
			call.function(call.context);
	}
	if (!queue_is_empty(&loop->deferred))
		deferred_start(loop);
}

static void run_posted(evutil_socket_t fd, short what, void *context)
{
	struct event_loop *loop = context;
	struct call_queue taken;
	uint64_t count;

	(void)what;
	/* Before the queue is taken: a post that comes after the read makes the loop wake again. */
	if (read(fd, &count, sizeof(count)) < 0)
		ASSERT(errno == EAGAIN || errno == EINTR);
	pthread_mutex_lock(&loop->post_lock);
	taken = loop->posted;
	loop->posted = (struct call_queue){0};
	pthread_mutex_unlock(&loop->post_lock);
	while (!queue_is_empty(&taken)) {
		struct call call = queue_pop(&taken);

		call.function(call.context);
	}
	memory_free(taken.calls);
}

struct event_loop *event_loop_create(void)
{
	struct event_loop *loop = MEMORY_NEW(struct event_loop);
	struct event_config *config = event_config_new();

	ASSERT(config);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	loop->post_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT(loop->base && loop->post_fd >= 0);
	pthread_mutex_init(&loop->post_lock, NULL);
	loop->deferred_event = event_new(loop->base, -1, 0, run_deferred, loop);
	loop->post_event =
		event_new(loop->base, loop->post_fd, EV_READ | EV_PERSIST, run_posted, loop);
	ASSERT(loop->deferred_event && loop->post_event);
	if (event_add(loop->post_event, NULL) < 0)
		ASSERT(!"event_add failed");
	signal(SIGPIPE, SIG_IGN);
	return loop;
}

void event_loop_destroy(struct event_loop **loop)
{
	struct event_loop *gone = *loop;

	*loop = NULL;
	if (!gone)
		return;
	event_free(gone->deferred_event);
	event_free(gone->post_event);
	event_base_free(gone->base);
	close(gone->post_fd);
	pthread_mutex_destroy(&gone->post_lock);
	memory_free(gone->deferred.calls);
	memory_free(gone->posted.calls);
	memory_free(gone);
}

struct event_base *event_loop_base(struct event_loop *loop)
{
	return loop->base;
}

void event_loop_run(struct event_loop *loop)
{
	if (!loop->stop_requested) {
		int result = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);

		ASSERT(result == 0 && loop->stop_requested);
	}
	loop->stop_requested = false;
}

void event_loop_stop(struct event_loop *loop)
{
	loop->stop_requested = true;
	event_base_loopbreak(loop->base);
}

void event_loop_defer(struct event_loop *loop, event_fn function, void *context)
{
	ASSERT(function);
	if (queue_is_empty(&loop->deferred))
		deferred_start(loop);
	queue_push(&loop->deferred, function, context);
}

void event_loop_cancel_deferred(struct event_loop *loop, event_fn function, void *context)
{
	struct call_queue *queue = &loop->deferred;

	for (size_t i = queue->head; i != queue->tail; i++) {
		struct call *call = &queue->calls[i & (queue->capacity - 1)];

		if (call->function == function && call->context == context)
			call->function = NULL;
	}
}

void event_loop_post(struct event_loop *loop, event_fn function, void *context)
{
	static const uint64_t one = 1;
	bool was_empty;

	ASSERT(function);
	pthread_mutex_lock(&loop->post_lock);
	was_empty = queue_is_empty(&loop->posted);
	queue_push(&loop->posted, function, context);
	/* Under the lock, so that the loop cannot have been destroyed by what was posted. */
	if (was_empty && write(loop->post_fd, &one, sizeof(one)) != sizeof(one))
		ASSERT(errno == EAGAIN);
	pthread_mutex_unlock(&loop->post_lock);
}

/* ---- Timers ---- */

struct event_timer {
	struct event *event;
	uint64_t deadline_ns;
	event_fn function;
	void *context;
};

static void timer_arm(struct event_timer *timer, uint64_t delay_ns)
{
	uint64_t delay_us = delay_ns / 1000 + (delay_ns % 1000 != 0);
	struct timeval delay = {.tv_sec = (time_t)(delay_us / 1000000),
		.tv_usec = (suseconds_t)(delay_us % 1000000)};

	if (event_add(timer->event, &delay) < 0)
		ASSERT(!"event_add failed");
}

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
	struct event_timer *timer = context;
	uint64_t now = clock_now_ns();

	(void)fd;
	(void)what;
	/* libevent counts from the start of the loop's turn by a coarse clock: it may be early. */
	if (now < timer->deadline_ns)
		timer_arm(timer, timer->deadline_ns - now);
	else
		timer->function(timer->context);
}

struct event_timer *event_timer_create(struct event_loop *loop, event_fn function, void *context)
{
	struct event_timer *timer = MEMORY_NEW(struct event_timer);

	timer->function = function;
	timer->context = context;
	timer->event = event_new(loop->base, -1, 0, timer_fired, timer);
	ASSERT(timer->event && function);
	return timer;
}

void event_timer_start(struct event_timer *timer, uint64_t delay_ns)
{
	/* A delay of some 100 years is as good as any longer one and overflows nothing. */
	const uint64_t longest_ns = UINT64_C(3000000000) * 1000000000;

	if (delay_ns > longest_ns)
		delay_ns = longest_ns;
	timer->deadline_ns = clock_now_ns() + delay_ns;
	timer_arm(timer, delay_ns);
}

void event_timer_stop(struct event_timer *timer)
{
	event_del(timer->event);
}

bool event_timer_is_running(const struct event_timer *timer)
{
	return event_pending(timer->event, EV_TIMEOUT, NULL) != 0;
}

void event_timer_destroy(struct event_timer **timer)
{
	struct event_timer *gone = *timer;

	*timer = NULL;
	if (!gone)
		return;
	event_free(gone->event);
	memory_free(gone);
}

/* ---- Descriptors ---- */

struct event_descriptor {
	struct event_base *base;
	struct event *event;
	int fd;
	short wanted;
	event_descriptor_fn function;
	void *context;
};

static void descriptor_ready(evutil_socket_t fd, short what, void *context)
{
	struct event_descriptor *descriptor = context;

	(void)fd;
	descriptor->function(descriptor->context, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
}

struct event_descriptor *event_descriptor_create(
	struct event_loop *loop, int fd, event_descriptor_fn function, void *context)
{
	struct event_descriptor *descriptor = MEMORY_NEW(struct event_descriptor);

	descriptor->base = loop->base;
	descriptor->fd = fd;
	descriptor->function = function;
	descriptor->context = context;
	descriptor->event = event_new(loop->base, fd, EV_PERSIST, descriptor_ready, descriptor);
	ASSERT(descriptor->event && fd >= 0 && function);
	return descriptor;
}

void event_descriptor_want(struct event_descriptor *descriptor, bool read, bool write)
{
	short wanted = (short)((read ? EV_READ : 0) | (write ? EV_WRITE : 0));

	if (wanted == descriptor->wanted)
		return;
	event_del(descriptor->event);
	descriptor->wanted = wanted;
	if (wanted == 0)
		return;
	if (event_assign(descriptor->event, descriptor->base, descriptor->fd,
		    (short)(wanted | EV_PERSIST), descriptor_ready, descriptor) < 0 ||
		event_add(descriptor->event, NULL) < 0)
		ASSERT(!"event_add failed");
}

void event_descriptor_destroy(struct event_descriptor **descriptor)
{
	struct event_descriptor *gone = *descriptor;

	*descriptor = NULL;
	if (!gone)
		return;
	event_free(gone->event);
	memory_free(gone);
}

/* ---- Signals ---- */

struct event_signal {
	struct event *event;
	event_fn function;
	void *context;
};

static void signal_arrived(evutil_socket_t number, short what, void *context)
{
	struct event_signal *received = context;

	(void)number;
	(void)what;
	received->function(received->context);
}

struct event_signal *event_signal_create(
	struct event_loop *loop, int signal_number, event_fn function, void *context)
{
	struct event_signal *created = MEMORY_NEW(struct event_signal);

	created->function = function;
	created->context = context;
	created->event = evsignal_new(loop->base, signal_number, signal_arrived, created);
	ASSERT(created->event && function);
	if (event_add(created->event, NULL) < 0)
		ASSERT(!"event_add failed");
	return created;
}

void event_signal_destroy(struct event_signal **signal)
{
	struct event_signal *gone = *signal;

	*signal = NULL;
	if (!gone)
		return;
	event_free(gone->event);
	memory_free(gone);
}
