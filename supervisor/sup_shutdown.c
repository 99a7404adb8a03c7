/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_shutdown.h"

#include "clock.h"
#include "log.h"
#include "sup_notify.h"
#include "sup_plane.h"

#define HOOKS_TIMEOUT_NS 10000000000ull
#define NEVER            UINT64_MAX

enum step_kind {
	STEP_HOOKS, /* the server's pre-shutdown hooks run; all still serve */
	STEP_DELAY, /* serving goes on until the delay since the signal is over */
	STEP_DRAIN, /* no new requests; those under way end */
	STEP_STOP,  /* the server flushes and exits */
};

/*
 * Hooks run before the delay has to be over, since they may take requests to do their work; servers
 * stop behind the front, which holds the requests, and the front stops last.
 */
static const struct {
	enum step_kind kind;
	enum sup_server_id id;
	const char *event; /* logged when the step is over */
} steps[] = {
	{STEP_HOOKS, SUP_CORE, NULL},
	{STEP_HOOKS, SUP_EXTENSIONS, NULL},
	{STEP_HOOKS, SUP_FRONT, "PreShutdownHooksStopped"},
	{STEP_DELAY, SUP_FRONT, "AfterShutdownDelayDuration"},
	{STEP_DRAIN, SUP_FRONT, "InFlightRequestsDrained"},
	{STEP_STOP, SUP_EXTENSIONS, NULL},
	{STEP_STOP, SUP_CORE, NULL},
	{STEP_STOP, SUP_FRONT, "HTTPServerStoppedListening"},
};
#define STEP_COUNT (sizeof(steps) / sizeof(*steps))

static void log_event(const char *event)
{
	log_info("[graceful-termination] shutdown event: %s", event);
}

void sup_shutdown_begin(struct sup_plane *plane, int exit_status, bool skips_delay)
{
	struct sup_shutdown *shutdown = &plane->shutdown;

	if (shutdown->has_begun)
		return;
	*shutdown = (struct sup_shutdown){.has_begun = true,
		.begun_ns = clock_now_ns(),
		.deadline_ns = NEVER,
		.skips_delay = skips_delay};
	plane->exit_status = exit_status;
	sup_notify("STOPPING=1");
	log_event("ShutdownInitiated");
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		sup_service_tell(&plane->services[id], CHILD_MESSAGE_NOT_READY, -1);
}

/* Requests and watches end side by side. */
static uint64_t drain_time_ns(const struct sup_options *options)
{
	int64_t request_ns = options->request_timeout_ns;
	int64_t watch_ns = options->shutdown_watch_grace_ns;

	return (uint64_t)(request_ns > watch_ns ? request_ns : watch_ns);
}

static void enter(struct sup_plane *plane, struct sup_service *service, uint64_t now_ns)
{
	struct sup_shutdown *shutdown = &plane->shutdown;

	shutdown->has_entered = true;
	shutdown->is_over_time = false;
	shutdown->deadline_ns = NEVER;
	service->has_drained = false;
	switch (steps[shutdown->step].kind) {
	case STEP_HOOKS:
		if (service->state != SUP_SERVICE_READY)
			return;
		sup_service_tell(service, CHILD_MESSAGE_PRE_SHUTDOWN, -1);
		shutdown->deadline_ns = now_ns + HOOKS_TIMEOUT_NS;
		return;
	case STEP_DELAY:
		shutdown->deadline_ns = shutdown->begun_ns;
		if (!shutdown->skips_delay)
			shutdown->deadline_ns += (uint64_t)plane->options.shutdown_delay_ns;
		return;
	case STEP_DRAIN:
		log_event("NotAcceptingNewRequest");
		if (service->state == SUP_SERVICE_READY)
			sup_service_tell(service, CHILD_MESSAGE_DRAIN, -1);
		shutdown->deadline_ns = now_ns + drain_time_ns(&plane->options);
		return;
	case STEP_STOP:
		service->state =
			sup_service_is_running(service) ? SUP_SERVICE_STOPPING : SUP_SERVICE_DOWN;
		sup_service_tell(service, CHILD_MESSAGE_STOP, -1);
		shutdown->deadline_ns = now_ns + CHILD_STOP_TIMEOUT_MS * 1000000ull;
		return;
	}
}

/* A step that ran out of time is over, but a server that has to be killed is waited for. */
static void overrun(struct sup_plane *plane, struct sup_service *service)
{
	const char *name = sup_service_name(service);

	plane->shutdown.is_over_time = true;
	plane->shutdown.deadline_ns = NEVER;
	switch (steps[plane->shutdown.step].kind) {
	case STEP_HOOKS:
		log_warning("Pre-shutdown hooks of %s did not end within 10s", name);
		return;
	case STEP_DELAY:
		return;
	case STEP_DRAIN:
		log_warning("Requests under way did not end within the request timeout");
		return;
	case STEP_STOP:
		log_error("%s did not stop within %d ms: killing it", name, CHILD_STOP_TIMEOUT_MS);
		plane->exit_status = SUP_EXIT_FAILURE;
		sup_service_kill(service);
		return;
	}
}

static bool is_done(const struct sup_plane *plane, const struct sup_service *service)
{
	bool is_over_time = plane->shutdown.is_over_time;

	switch (steps[plane->shutdown.step].kind) {
	case STEP_HOOKS:
	case STEP_DRAIN:
		return is_over_time || service->has_drained || service->state != SUP_SERVICE_READY;
	case STEP_DELAY:
		return is_over_time;
	case STEP_STOP:
		return !sup_service_is_running(service);
	}
	return true;
}

bool sup_shutdown_advance(struct sup_plane *plane, uint64_t now_ns)
{
	struct sup_shutdown *shutdown = &plane->shutdown;

	while (shutdown->has_begun && shutdown->step < STEP_COUNT) {
		struct sup_service *service = &plane->services[steps[shutdown->step].id];

		if (!shutdown->has_entered)
			enter(plane, service, now_ns);
		if (now_ns >= shutdown->deadline_ns)
			overrun(plane, service);
		if (!is_done(plane, service))
			return false;
		if (steps[shutdown->step].event)
			log_event(steps[shutdown->step].event);
		shutdown->step++;
		shutdown->has_entered = false;
		shutdown->deadline_ns = NEVER;
	}
	return shutdown->has_begun;
}

bool sup_shutdown_allows_restart(const struct sup_plane *plane, const struct sup_service *service)
{
	if (!plane->shutdown.has_begun)
		return true;
	if (plane->shutdown.step >= STEP_COUNT)
		return false;
	switch (steps[plane->shutdown.step].kind) {
	case STEP_HOOKS:
	case STEP_DELAY:
		return true;
	case STEP_DRAIN:
		/* Requests that the front holds may still need the others. */
		return service->id != SUP_FRONT;
	case STEP_STOP:
		return false;
	}
	return false;
}
