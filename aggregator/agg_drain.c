/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_drain.h"

#include "agg_health.h"
#include "agg_request.h"
#include "agg_services.h"
#include "clock.h"
#include "event_loop.h"
#include "memory.h"

#define SECOND_NS          UINT64_C(1000000000)
#define TICKS_PER_SECOND   20
#define WATCHES_PER_SECOND 200 /* at least */

struct agg_drain {
	struct agg_server *server;
	struct event_timer *timer; /* ends some watches each time */
	uint64_t watch_grace_ns;
	uint64_t watch_deadline_ns;
	size_t watches_per_tick;
	unsigned undrained; /* HTTP servers that still have requests under way */
	bool sends_retry_after;
	bool has_begun;
	bool has_stopped_listening;
};

/* ---- The HTTP servers ---- */

static void on_drained(void *context)
{
	struct agg_drain *drain = context;

	if (--drain->undrained == 0)
		server_process_drained(drain->server->process);
}

static void stop_listening(struct agg_drain *drain)
{
	struct agg_server *server = drain->server;

	drain->has_stopped_listening = true;
	drain->undrained = server->insecure ? 2 : 1;
	http_server_drain(server->secure, on_drained, drain);
	if (server->insecure)
		http_server_drain(server->insecure, on_drained, drain);
}

static void check_idle(void *context)
{
	struct agg_drain *drain = context;

	if (drain->has_begun && !drain->has_stopped_listening && drain->server->under_way == 0)
		stop_listening(drain);
}

void agg_drain_idle(struct agg_drain *drain)
{
	/* Not from inside the exchange that ends. */
	if (drain->has_begun && !drain->has_stopped_listening)
		event_loop_defer(drain->server->loop, check_idle, drain);
}

/* ---- Watches ---- */

static void end_watches(struct agg_drain *drain)
{
	agg_request_drain(drain->server, SIZE_MAX);
	agg_services_drain(drain->server->services);
}

static void on_tick(void *context)
{
	struct agg_drain *drain = context;

	agg_request_drain(drain->server, drain->watches_per_tick);
	if (!drain->server->long_running || clock_now_ns() >= drain->watch_deadline_ns)
		end_watches(drain);
	else
		event_timer_start(drain->timer, SECOND_NS / TICKS_PER_SECOND);
}

/* As many a second as it takes to be through in time. */
static void begin_ending_watches(struct agg_drain *drain)
{
	size_t count = 0, per_second;

	for (struct agg_request *at = drain->server->long_running; at; at = at->next_long_running)
		count++;
	if (drain->watch_grace_ns == 0) {
		end_watches(drain);
		return;
	}
	per_second = (size_t)((double)count * (double)SECOND_NS / (double)drain->watch_grace_ns);
	if (per_second < WATCHES_PER_SECOND)
		per_second = WATCHES_PER_SECOND;
	drain->watches_per_tick = per_second / TICKS_PER_SECOND + 1;
	drain->watch_deadline_ns = clock_now_ns() + drain->watch_grace_ns;
	on_tick(drain);
}

/* ---- Life ---- */

struct agg_drain *agg_drain_create(struct agg_server *server, const struct settings *settings)
{
	struct agg_drain *drain = MEMORY_NEW(struct agg_drain);
	int64_t grace =
		settings_duration_ns(settings, "shutdown-watch-termination-grace-period", 0);

	drain->server = server;
	drain->timer = event_timer_create(server->loop, on_tick, drain);
	drain->watch_grace_ns = grace > 0 ? (uint64_t)grace : 0;
	drain->sends_retry_after = settings_bool(settings, "shutdown-send-retry-after", false);
	return drain;
}

void agg_drain_destroy(struct agg_drain **drain)
{
	struct agg_drain *gone = *drain;

	*drain = NULL;
	if (!gone)
		return;
	event_loop_cancel_deferred(gone->server->loop, check_idle, gone);
	event_timer_destroy(&gone->timer);
	memory_free(gone);
}

void agg_drain_begin(struct agg_drain *drain)
{
	if (drain->has_begun)
		return;
	drain->has_begun = true;
	drain->server->is_draining = true;
	agg_health_fail_ready(drain->server->health);
	begin_ending_watches(drain);
	if (drain->sends_retry_after)
		agg_drain_idle(drain);
	else
		stop_listening(drain);
}

bool agg_drain_refuses(const struct agg_drain *drain)
{
	return drain && drain->has_begun && drain->sends_retry_after;
}
