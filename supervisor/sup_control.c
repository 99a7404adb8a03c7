/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_control.h"

#include "buffer.h"
#include "clock.h"
#include "log.h"
#include "peer_credentials.h"
#include "sup_listen.h"
#include "sup_plane.h"
#include "sup_sink.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define STATUS_WITHIN_NS (500 * UINT64_C(1000000))

/* Whose clients follow the log; there is one plane in a process. */
static struct sup_control *followed;

void sup_control_init(struct sup_control *control)
{
	*control = (struct sup_control){.listener = -1};
	for (unsigned i = 0; i < SUP_CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
}

static void end_client(struct sup_control_client *client)
{
	close(client->fd);
	*client = (struct sup_control_client){.fd = -1};
}

/* A client that does not read loses the connection, not we our time. */
static void send_text(struct sup_control_client *client, const char *bytes, size_t length)
{
	while (client->fd >= 0 && length > 0) {
		ssize_t sent = send(client->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0) {
			end_client(client);
			return;
		}
		bytes += sent;
		length -= (size_t)sent;
	}
}

/* Called for every line of the log: must not log. */
static void pass_on_line(const char *line, size_t length)
{
	for (unsigned i = 0; followed && i < SUP_CONTROL_CLIENTS; i++) {
		if (followed->clients[i].fd >= 0 && followed->clients[i].follows)
			send_text(&followed->clients[i], line, length);
	}
}

int sup_control_open(struct sup_control *control, const struct sup_options *options,
	const struct sup_state *state, struct error *err)
{
	const char *path =
		arena_printf(options->arena, "%s/" SUP_CONTROL_SOCKET, state->run_directory).data;

	if (sup_listen_unix(path, NULL, &control->listener, err) < 0)
		return ERROR_RETURN;
	control->path = path;
	followed = control;
	sup_sink_set_follower(pass_on_line);
	return 0;
}

void sup_control_close(struct sup_control *control)
{
	sup_sink_set_follower(NULL);
	followed = NULL;
	for (unsigned i = 0; i < SUP_CONTROL_CLIENTS; i++) {
		if (control->clients[i].fd >= 0)
			end_client(&control->clients[i]);
	}
	if (control->listener < 0)
		return;
	close(control->listener);
	unlink(control->path);
	control->listener = -1;
}

void sup_control_poll(const struct sup_control *control, struct pollfd *fds)
{
	fds[0] = (struct pollfd){control->listener, POLLIN, 0};
	for (unsigned i = 0; i < SUP_CONTROL_CLIENTS; i++)
		fds[1 + i] = (struct pollfd){control->clients[i].fd, POLLIN, 0};
}

static void accept_client(struct sup_control *control)
{
	int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer_credentials peer;

	if (fd < 0)
		return;
	/* The socket's mode says so already, where the file system keeps it. */
	if (peer_credentials_get(fd, &peer, NULL) < 0 || (peer.uid != 0 && peer.uid != geteuid())) {
		close(fd);
		return;
	}
	for (unsigned i = 0; i < SUP_CONTROL_CLIENTS; i++) {
		if (control->clients[i].fd >= 0)
			continue;
		control->clients[i] = (struct sup_control_client){.fd = fd};
		return;
	}
	close(fd);
}

static const char *state_name(enum sup_service_state state)
{
	static const char *const names[] = {
		[SUP_SERVICE_DOWN] = "down",
		[SUP_SERVICE_STARTING] = "starting",
		[SUP_SERVICE_READY] = "ready",
		[SUP_SERVICE_STOPPING] = "stopping",
		[SUP_SERVICE_BACKOFF] = "waiting",
		[SUP_SERVICE_FAILED] = "failed",
		[SUP_SERVICE_GIVEN_UP] = "given-up",
	};

	return names[state];
}

static bool is_ready(const struct sup_plane *plane)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (plane->services[id].state != SUP_SERVICE_READY)
			return false;
	}
	return !plane->shutdown.has_begun;
}

static void append_server(struct buffer *buffer, const struct sup_service *service, uint64_t now_ns)
{
	bool is_running = sup_service_is_running(service);
	uint64_t uptime_ms = is_running ? (now_ns - service->started_ns) / 1000000 : 0;

	buffer_printf(buffer, "server %s %s %d %s %llu %u %llu\n", sup_service_name(service),
		sup_server_get(service->id)->program, (int)service->pid, state_name(service->state),
		(unsigned long long)uptime_ms, service->starts > 0 ? service->starts - 1 : 0,
		(unsigned long long)(service->is_asked_for_revision ? 0 : service->store_revision));
}

static void tell_status(const struct sup_plane *plane, struct buffer *buffer)
{
	const struct sup_options *options = &plane->options;
	uint64_t now_ns = clock_now_ns();
	struct arena *arena = arena_create(0);
	struct str address =
		sup_ip_format_port(arena, &options->bind_address, options->secure_port);

	buffer_printf(buffer, "supervisor %d %llu %s %s\n", (int)getpid(),
		(unsigned long long)((now_ns - plane->started_ns) / 1000000),
		is_ready(plane) ? "ready" : "not-ready", TROIKA_VERSION);
	buffer_printf(buffer, "address %.*s\n", STR_ARG(address));
	buffer_printf(buffer, "directory %s\n", options->state_directory);
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		append_server(buffer, &plane->services[id], now_ns);
	buffer_append(buffer, STR("ok\n"));
	arena_destroy(&arena);
}

/* The servers are asked first; the client gets its answer when all have given theirs. */
static void begin_status(struct sup_plane *plane, struct sup_control_client *client)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		struct sup_service *service = &plane->services[id];

		service->store_revision = 0;
		service->is_asked_for_revision = service->state == SUP_SERVICE_READY;
		if (service->is_asked_for_revision)
			sup_service_tell(service, CHILD_MESSAGE_TELL_REVISION, -1);
	}
	client->status_due_ns = clock_now_ns() + STATUS_WITHIN_NS;
}

static bool waits_for_revisions(const struct sup_plane *plane)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		const struct sup_service *service = &plane->services[id];

		if (service->is_asked_for_revision && service->control_fd >= 0)
			return true;
	}
	return false;
}

/* Answers who waits for the status, once all servers have told or the time is over. */
static void end_statuses(struct sup_plane *plane)
{
	uint64_t now_ns = clock_now_ns();
	bool is_complete = !waits_for_revisions(plane);

	for (unsigned i = 0; i < SUP_CONTROL_CLIENTS; i++) {
		struct sup_control_client *client = &plane->control.clients[i];
		struct buffer buffer = {0};

		if (client->fd < 0 || client->status_due_ns == 0 ||
			(!is_complete && now_ns < client->status_due_ns))
			continue;
		tell_status(plane, &buffer);
		send_text(client, buffer.data, buffer.length);
		buffer_fini(&buffer);
		if (client->fd >= 0)
			end_client(client);
	}
}

uint64_t sup_control_deadline(const struct sup_control *control)
{
	uint64_t deadline_ns = UINT64_MAX;

	for (unsigned i = 0; i < SUP_CONTROL_CLIENTS; i++) {
		const struct sup_control_client *client = &control->clients[i];

		if (client->fd >= 0 && client->status_due_ns != 0 &&
			client->status_due_ns < deadline_ns)
			deadline_ns = client->status_due_ns;
	}
	return deadline_ns;
}

static void restart(struct sup_plane *plane, struct str name, struct buffer *buffer)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		struct sup_service *service = &plane->services[id];

		if (!str_equal_c(name, sup_service_name(service)) &&
			!str_equal_c(name, sup_server_get(service->id)->program))
			continue;
		if (plane->shutdown.has_begun || !sup_service_is_running(service)) {
			buffer_printf(buffer, "error %s does not run\n", sup_service_name(service));
			return;
		}
		log_info("Restarting %s, as asked for", sup_service_name(service));
		service->is_to_restart = true;
		kill(service->pid, SIGTERM);
		buffer_append(buffer, STR("ok\n"));
		return;
	}
	buffer_printf(buffer, "error there is no server \"%.*s\"\n", STR_ARG(name));
}

static void drain(struct sup_plane *plane, struct buffer *buffer)
{
	if (plane->shutdown.has_begun) {
		buffer_append(buffer, STR("error the plane is stopping\n"));
		return;
	}
	log_info("Stopping, as asked for");
	sup_shutdown_begin(plane, SUP_EXIT_OK, false);
	buffer_append(buffer, STR("ok\n"));
}

static void reload(struct sup_plane *plane, struct buffer *buffer)
{
	struct error err = {0};

	if (sup_plane_reload(plane, &err) < 0)
		buffer_printf(buffer, "error %.*s\n", STR_ARG(err.message));
	else
		buffer_append(buffer, STR("ok\n"));
}

static void send_logs(struct sup_control_client *client, bool follows)
{
	struct str older, newer;

	sup_sink_recent(&older, &newer);
	send_text(client, older.data, older.length);
	send_text(client, newer.data, newer.length);
	client->follows = follows && client->fd >= 0;
	if (!follows)
		send_text(client, "ok\n", 3);
}

static void answer(struct sup_plane *plane, struct sup_control_client *client, struct str line)
{
	struct buffer buffer = {0};
	struct str argument = line;
	struct str verb = str_split(&argument, ' ');

	if (str_equal(verb, STR("status")))
		begin_status(plane, client);
	else if (str_equal(verb, STR("restart")))
		restart(plane, argument, &buffer);
	else if (str_equal(verb, STR("drain")))
		drain(plane, &buffer);
	else if (str_equal(verb, STR("reload")))
		reload(plane, &buffer);
	else if (str_equal(verb, STR("logs")))
		send_logs(client, str_equal(argument, STR("follow")));
	else
		buffer_append(&buffer, STR("error unknown request\n"));
	send_text(client, buffer.data, buffer.length);
	buffer_fini(&buffer);
	if (client->fd >= 0 && !client->follows && client->status_due_ns == 0)
		end_client(client);
}

static void read_client(struct sup_plane *plane, struct sup_control_client *client)
{
	ssize_t got = recv(client->fd, client->line + client->used,
		sizeof(client->line) - client->used, MSG_DONTWAIT);
	struct str line;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Who is being answered has nothing more to say: it is only seen to go. */
	if (got <= 0 || client->follows || client->status_due_ns != 0) {
		end_client(client);
		return;
	}
	client->used += (size_t)got;
	line = str_from(client->line, client->used);
	if (str_find_byte(line, '\n') < line.length)
		answer(plane, client, str_slice(line, 0, str_find_byte(line, '\n')));
	else if (client->used == sizeof(client->line))
		end_client(client);
}

void sup_control_handle(struct sup_plane *plane, const struct pollfd *fds)
{
	struct sup_control *control = &plane->control;

	for (unsigned i = 0; i < SUP_CONTROL_CLIENTS; i++) {
		if (fds[1 + i].revents && fds[1 + i].fd == control->clients[i].fd &&
			control->clients[i].fd >= 0)
			read_client(plane, &control->clients[i]);
	}
	if (fds[0].revents && control->listener >= 0)
		accept_client(control);
	end_statuses(plane);
}
