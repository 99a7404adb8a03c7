/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EVENT_LOOP_H
#define TROIKA_EVENT_LOOP_H

#include "error.h"

/*
 * The one loop of a process, over libevent. Nothing that runs on it may block.
 */
struct event_loop;
struct event_base;
struct event_timer;

/* Owned by the caller. Also makes the process ignore SIGPIPE: a lost peer is an error of a write.
 */
struct event_loop *event_loop_create(void);
/* Drops calls that still wait. Timers, descriptors and signals must be destroyed before. */
void event_loop_destroy(struct event_loop **loop);
/* libevent's own base, for layers that register descriptors. */
struct event_base *event_loop_base(struct event_loop *loop);
/* Runs until event_loop_stop(); returns at once when that was called since the last run. */
void event_loop_run(struct event_loop *loop);
/* Ends the run after the callback that now runs. Same thread only. */
void event_loop_stop(struct event_loop *loop);

typedef void (*event_fn)(void *context);

/*
 * Runs function once, from the loop, after what now runs has returned. Same thread only. What is
 * deferred from a deferred call waits for the loop's next turn, so descriptors never starve.
 */
void event_loop_defer(struct event_loop *loop, event_fn function, void *context);
/* Takes back all deferred calls with this function and context. */
void event_loop_cancel_deferred(struct event_loop *loop, event_fn function, void *context);
/* Runs function once on the loop, in the order of posts; may be called from any thread. */
void event_loop_post(struct event_loop *loop, event_fn function, void *context);

/* A timer at rest; owned by the caller. */
struct event_timer *event_timer_create(struct event_loop *loop, event_fn function, void *context);
/* (Re)starts it to fire once after delay_ns, never before. */
void event_timer_start(struct event_timer *timer, uint64_t delay_ns);
void event_timer_stop(struct event_timer *timer);
bool event_timer_is_running(const struct event_timer *timer);
void event_timer_destroy(struct event_timer **timer);

struct event_descriptor;
typedef void (*event_descriptor_fn)(void *context, bool readable, bool writable);
/*
 * Watches fd (not owned), level-triggered. At rest until event_descriptor_want(). A hang-up or an
 * error of the descriptor is told as readable and writable, as far as these are wanted.
 */
struct event_descriptor *event_descriptor_create(
	struct event_loop *loop, int fd, event_descriptor_fn function, void *context);
void event_descriptor_want(struct event_descriptor *descriptor, bool read, bool write);
/* Safe within its own callback. Does not close the descriptor. */
void event_descriptor_destroy(struct event_descriptor **descriptor);

struct event_signal;
/* Runs function on the loop each time the signal has arrived (bursts may fall together). */
struct event_signal *event_signal_create(
	struct event_loop *loop, int signal_number, event_fn function, void *context);
void event_signal_destroy(struct event_signal **signal);

#endif
