/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "assertion.h"
#include "clock.h"
#include "http_server_private.h"
#include "memory.h"
#include "server_listener.h"
#include "tls_context.h"
#include "tls_identity.h"
#include "tls_session.h"

#define SECOND_NS            UINT64_C(1000000000)
#define SWEEP_LONGEST_NS     SECOND_NS
#define SWEEP_SHORTEST_NS    (SECOND_NS / 100)
#define LINGER_NS            (2 * SECOND_NS)
#define SLOW_BODY_GRACE_NS   (5 * SECOND_NS)
#define SLOW_BODY_PER_SECOND 1024
#define CONNECTIONS_MAXIMUM  10000

static const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* ---- Shared by the protocols ---- */

struct str server_date(struct http_server *server)
{
	int64_t now = clock_wall_seconds(NULL);

	if (now != server->date_wall_seconds) {
		static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
		static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
			"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
		time_t seconds = (time_t)now;
		struct tm tm = {0};

		gmtime_r(&seconds, &tm);
		snprintf(server->date, sizeof(server->date), "%s, %02d %s %04d %02d:%02d:%02d GMT",
			days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year % 8100 + 1900,
			tm.tm_hour, tm.tm_min, tm.tm_sec);
		server->date_wall_seconds = now;
	}
	return str_from_c(server->date);
}

struct arena *server_take_arena(struct http_server *server)
{
	return server->arena_count > 0 ? server->arenas[--server->arena_count] : arena_create(0);
}

void server_return_arena(struct http_server *server, struct arena *arena)
{
	if (server->arena_count < SERVER_ARENAS_KEPT) {
		arena_reset(arena);
		server->arenas[server->arena_count++] = arena;
	} else {
		arena_destroy(&arena);
	}
}

void server_set_deadline(struct server_connection *connection, uint64_t delay_ns)
{
	uint64_t now = clock_now_ns();

	connection->deadline_ns = delay_ns < UINT64_MAX - now ? now + delay_ns : UINT64_MAX;
}

/* ---- Connections ---- */

static void begin_protocol(struct server_connection *connection, bool is_http2)
{
	if (is_http2)
		http2_server_start(connection);
	else
		http1_server_start(connection);
	/* HTTP/1 answers what comes and closes; in HTTP/2 GOAWAY says that nothing was taken up. */
	if (connection->server->is_draining && is_http2)
		http2_server_drain(connection);
}

static void count_handshake(struct server_connection *connection, uint16_t source)
{
	connection->is_counted_handshake = true;
	connection->source = source;
	connection->server->handshake_count++;
	connection->server->handshakes_by_source[source]++;
}

static void uncount_handshake(struct server_connection *connection)
{
	struct http_server *server = connection->server;

	if (!connection->is_counted_handshake)
		return;
	connection->is_counted_handshake = false;
	ASSERT(server->handshake_count > 0 && server->handshakes_by_source[connection->source] > 0);
	server->handshake_count--;
	server->handshakes_by_source[connection->source]--;
}

static void on_open(void *context)
{
	struct server_connection *connection = context;
	struct ssl_st *ssl = connection->transport.ssl;

	uncount_handshake(connection);
	server_set_deadline(connection, connection->server->limits.header_timeout_ns);
	if (!ssl)
		return;
	tls_identity_read(ssl, &connection->identity, &connection->peer.has_unverified_certificate);
	connection->peer.tls = connection->identity;
	begin_protocol(connection, tls_session_is_http2(ssl));
}

/*
 * The first bytes on a plain socket. An HTTP/1 request that begins as the preface does is not
 * possible past "PRI * HTTP/2.0", so the stash holds less than the preface's length.
 */
static void detect_protocol(struct server_connection *connection, struct str bytes)
{
	struct buffer stash = connection->stash;
	struct str preface = STR(http2_preface);

	buffer_append(&stash, bytes);
	connection->stash = (struct buffer){0};
	bytes = buffer_str(&stash);
	if (bytes.length < preface.length && str_starts_with(preface, bytes)) {
		connection->stash = stash;
		return;
	}
	begin_protocol(connection, str_starts_with(bytes, preface));
	if (connection->protocol == SERVER_PROTOCOL_HTTP2)
		http2_server_receive(connection, bytes);
	else
		http1_server_receive(connection, bytes);
	buffer_fini(&stash);
}

static void on_data(void *context, struct str bytes)
{
	struct server_connection *connection = context;

	switch (connection->protocol) {
	case SERVER_PROTOCOL_UNKNOWN:
		detect_protocol(connection, bytes);
		break;
	case SERVER_PROTOCOL_HTTP1:
		http1_server_receive(connection, bytes);
		break;
	case SERVER_PROTOCOL_HTTP2:
		http2_server_receive(connection, bytes);
		break;
	}
	exchange_run_ready(connection->server);
}

static void on_fill(void *context)
{
	struct server_connection *connection = context;

	if (connection->protocol == SERVER_PROTOCOL_HTTP1)
		http1_server_fill(connection);
	else if (connection->protocol == SERVER_PROTOCOL_HTTP2)
		http2_server_fill(connection);
	if (connection->transport.state == HTTP_CONNECTION_FINISHING)
		server_set_deadline(connection, connection->server->limits.stall_timeout_ns);
}

static void on_end(void *context)
{
	struct server_connection *connection = context;
	struct http_server *server = connection->server;

	uncount_handshake(connection);
	while (connection->exchanges)
		exchange_close(connection->exchanges);
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	connection->next_ended = server->ended;
	server->ended = connection;
	http_io_wake(&server->io);
}

static const struct http_connection_handler connection_handler = {
	.on_open = on_open,
	.on_data = on_data,
	.on_fill = on_fill,
	.on_end = on_end,
};

static void free_connection(struct server_connection *connection)
{
	if (connection->protocol == SERVER_PROTOCOL_HTTP2)
		http2_server_fini(connection);
	http1_server_fini(connection);
	http_connection_fini(&connection->transport);
	tls_identity_destroy(&connection->identity);
	tls_context_unref(&connection->tls);
	memory_free(connection);
}

void server_accept(struct http_server *server, int fd, const struct http_peer *peer,
	struct str address, struct str ip, uint16_t source)
{
	struct server_connection *connection = MEMORY_NEW(struct server_connection);
	struct ssl_st *ssl = NULL;

	connection->server = server;
	connection->peer = *peer;
	memcpy(connection->address_text, address.data, address.length);
	memcpy(connection->ip_text, ip.data, ip.length);
	connection->peer.address = str_from(connection->address_text, address.length);
	connection->peer.ip = str_from(connection->ip_text, ip.length);
	if (server->tls) {
		connection->tls = tls_context_ref(server->tls);
		ssl = tls_session_create(connection->tls, fd);
		ASSERT(ssl);
		connection->peer.is_tls = true;
		count_handshake(connection, source);
	}
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->connection_count++;
	server_set_deadline(connection, server->limits.handshake_timeout_ns);
	http_connection_start(
		&connection->transport, &server->io, fd, ssl, &connection_handler, connection);
	if (!event_timer_is_running(server->sweep_timer))
		event_timer_start(server->sweep_timer, server->sweep_ns);
}

/* ---- Deadlines ---- */

/* True when a body has been coming in for too long, or drips. */
static bool is_too_slow(const struct http_exchange *exchange, uint64_t now_ns)
{
	uint64_t elapsed = now_ns - exchange->body_start_ns;

	return elapsed > exchange->server->limits.body_timeout_ns ||
	       (elapsed > SLOW_BODY_GRACE_NS &&
		       exchange->body.length < elapsed / SECOND_NS * SLOW_BODY_PER_SECOND);
}

static bool is_stalled(const struct http_server *server, uint64_t progress_ns, uint64_t now_ns)
{
	return now_ns > progress_ns && now_ns - progress_ns > server->limits.stall_timeout_ns;
}

static void check_http2_exchanges(struct server_connection *connection, uint64_t now_ns)
{
	struct http_exchange *next;

	for (struct http_exchange *exchange = connection->exchanges; exchange; exchange = next) {
		next = exchange->next;
		if (!exchange->is_whole && is_too_slow(exchange, now_ns))
			http2_server_refuse(exchange, 408);
		else if (exchange->output.bytes > 0 &&
			 is_stalled(exchange->server, exchange->progress_ns, now_ns))
			http2_server_reset(exchange, 8 /* CANCEL */);
	}
}

static void check_http1_exchange(struct server_connection *connection, uint64_t now_ns)
{
	const struct http_exchange *exchange = connection->exchanges;

	/* While the head is not there the connection's own deadline counts. */
	if (exchange && !exchange->is_whole && exchange->request.method.length > 0 &&
		is_too_slow(exchange, now_ns))
		http1_server_timeout(connection);
}

static void deadline_passed(struct server_connection *connection)
{
	connection->deadline_ns = UINT64_MAX;
	if (connection->transport.state != HTTP_CONNECTION_OPEN ||
		connection->protocol == SERVER_PROTOCOL_UNKNOWN) {
		http_connection_close(&connection->transport);
		return;
	}
	if (connection->protocol == SERVER_PROTOCOL_HTTP2)
		http2_server_end(connection, 0 /* NO_ERROR */);
	else
		http1_server_timeout(connection);
	if (connection->transport.state != HTTP_CONNECTION_CLOSED &&
		connection->deadline_ns == UINT64_MAX && connection->exchange_count == 0)
		server_set_deadline(connection, LINGER_NS);
}

/* When room gets scarce those that do nothing make some: their clients come back when they must. */
static bool is_idle_under_pressure(const struct server_connection *connection, uint64_t now_ns)
{
	const struct http_server *server = connection->server;
	const struct http_limits *limits = &server->limits;

	/* While a connection is idle its deadline is that of its idleness. */
	if (connection->exchange_count > 0 || !connection->has_had_request ||
		connection->transport.state != HTTP_CONNECTION_OPEN ||
		limits->idle_timeout_ns == UINT64_MAX || connection->deadline_ns == UINT64_MAX ||
		server->connection_count <= limits->maximum_connections / 4 * 3)
		return false;
	return limits->idle_timeout_ns > limits->pressed_idle_timeout_ns &&
	       connection->deadline_ns - now_ns <=
		       limits->idle_timeout_ns - limits->pressed_idle_timeout_ns;
}

static void check_connection(struct server_connection *connection, uint64_t now_ns)
{
	struct http_connection *transport = &connection->transport;

	if (transport->output.bytes > 0 &&
		is_stalled(connection->server, transport->progress_ns, now_ns)) {
		http_connection_reset(transport);
		return;
	}
	if (transport->state == HTTP_CONNECTION_OPEN) {
		if (connection->protocol == SERVER_PROTOCOL_HTTP2)
			check_http2_exchanges(connection, now_ns);
		else
			check_http1_exchange(connection, now_ns);
	} else if (transport->state == HTTP_CONNECTION_LINGERING && !connection->is_lingering) {
		connection->is_lingering = true;
		server_set_deadline(connection, LINGER_NS);
	}
	if (now_ns >= connection->deadline_ns || is_idle_under_pressure(connection, now_ns))
		deadline_passed(connection);
}

static void sweep(void *context)
{
	struct http_server *server = context;
	struct server_connection *next;
	uint64_t now = clock_now_ns();

	for (struct server_connection *connection = server->connections; connection;
		connection = next) {
		next = connection->next;
		check_connection(connection, now);
	}
	exchange_run_ready(server);
	if (server->connections)
		event_timer_start(server->sweep_timer, server->sweep_ns);
}

/* ---- The end of a turn ---- */

static bool is_drained(const struct http_server *server)
{
	if (server->exchange_count > 0 || server->ready || server->closing)
		return false;
	for (const struct server_connection *at = server->connections; at; at = at->next) {
		if (at->exchanges || at->transport.output.bytes > 0)
			return false;
	}
	return true;
}

static void close_exchanges(struct http_server *server)
{
	struct http_exchange *exchange;

	while ((exchange = server->closing)) {
		server->closing = exchange->next_pending;
		if (!server->closing)
			server->closing_last = NULL;
		exchange_destroy(exchange);
	}
}

static void free_ended(struct http_server *server)
{
	struct server_connection *connection;

	while ((connection = server->ended)) {
		server->ended = connection->next_ended;
		server->connection_count--;
		free_connection(connection);
	}
}

static void after_flush(void *context)
{
	struct http_server *server = context;

	exchange_run_ready(server);
	close_exchanges(server);
	free_ended(server);
	server_update_accepting(server);
	if (server->is_draining && server->on_drained && is_drained(server)) {
		void (*on_drained)(void *) = server->on_drained;

		/* The server may be destroyed from there. */
		server->on_drained = NULL;
		on_drained(server->drain_context);
	}
}

/* ---- The server ---- */

/* Files, the store and the servers behind need some descriptors too. */
static uint32_t connections_by_descriptors(void)
{
	struct rlimit limit;
	uint64_t room = CONNECTIONS_MAXIMUM;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 4 * 3 < room)
		room = limit.rlim_cur / 4 * 3;
	return room > 0 ? (uint32_t)room : 1;
}

static void fill_limits(struct http_limits *limits)
{
#define DEFAULT(field, value)                                                                      \
	if (limits->field == 0)                                                                    \
	limits->field = (value)
	DEFAULT(header_bytes, 65536);
	DEFAULT(header_count, 256);
	DEFAULT(uri_bytes, 16384);
	DEFAULT(body_bytes, 3145728);
	DEFAULT(concurrent_streams, 100);
	DEFAULT(stream_window_bytes, 262144);
	DEFAULT(connection_window_bytes, 1024 * 1024);
	DEFAULT(stranger_streams, limits->concurrent_streams);
	DEFAULT(stranger_window_bytes, limits->stream_window_bytes);
	DEFAULT(maximum_connections, connections_by_descriptors());
	DEFAULT(header_timeout_ns, 10 * SECOND_NS);
	DEFAULT(idle_timeout_ns, 90 * SECOND_NS);
	DEFAULT(pressed_idle_timeout_ns, 5 * SECOND_NS);
	DEFAULT(body_timeout_ns, 60 * SECOND_NS);
	DEFAULT(handshake_timeout_ns, 5 * SECOND_NS);
	DEFAULT(write_high_water_bytes, 262144);
	DEFAULT(stall_timeout_ns, 30 * SECOND_NS);
#undef DEFAULT
}

/* Often enough for the shortest of the timeouts. */
static uint64_t sweep_interval(const struct http_limits *limits)
{
	const uint64_t timeouts[] = {limits->header_timeout_ns, limits->idle_timeout_ns,
		limits->body_timeout_ns, limits->handshake_timeout_ns, limits->stall_timeout_ns,
		limits->pressed_idle_timeout_ns};
	uint64_t interval = SWEEP_LONGEST_NS;

	for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
		if (timeouts[i] / 4 < interval)
			interval = timeouts[i] / 4;
	}
	return interval < SWEEP_SHORTEST_NS ? SWEEP_SHORTEST_NS : interval;
}

struct http_server *http_server_create(const struct http_server_options *options)
{
	struct http_server *server = MEMORY_NEW(struct http_server);

	ASSERT(options->loop && options->on_request);
	server->options = *options;
	server->limits = options->limits;
	fill_limits(&server->limits);
	if (getrandom(&server->source_seed, sizeof(server->source_seed), 0) < 0)
		server->source_seed = clock_now_ns();
	server->tls = tls_context_ref(options->tls);
	server->sweep_ns = sweep_interval(&server->limits);
	http_io_init(&server->io, options->loop, after_flush, server);
	server->sweep_timer = event_timer_create(options->loop, sweep, server);
	server_listeners_init(server);
	http2_server_init(server);
	return server;
}

void http_server_set_tls(struct http_server *server, struct tls_context *tls)
{
	struct tls_context *old = server->tls;

	server->tls = tls_context_ref(tls);
	tls_context_unref(&old);
}

void http_server_drain(struct http_server *server, void (*on_drained)(void *context), void *context)
{
	struct server_connection *next;

	server->is_draining = true;
	server->on_drained = on_drained;
	server->drain_context = context;
	server_update_accepting(server);
	for (struct server_connection *connection = server->connections; connection;
		connection = next) {
		next = connection->next;
		if (connection->transport.state != HTTP_CONNECTION_OPEN)
			continue;
		/* Of those that have not said a word yet begin_protocol() takes care. */
		if (connection->protocol == SERVER_PROTOCOL_HTTP2)
			http2_server_drain(connection);
		else if (connection->protocol == SERVER_PROTOCOL_HTTP1)
			http1_server_drain(connection);
	}
	http_io_wake(&server->io);
}

void http_exchange_close_connection(struct http_exchange *exchange)
{
	struct server_connection *connection = exchange->connection;

	if (!connection)
		return;
	if (exchange->stream_id != 0)
		http2_server_drain(connection);
	else
		connection->closes_after_response = true;
}

void http_exchange_trust(struct http_exchange *exchange)
{
	if (exchange->connection && exchange->stream_id != 0)
		http2_server_trust(exchange->connection);
}

size_t http_server_exchange_count(const struct http_server *server)
{
	return server->exchange_count;
}

void http_server_destroy(struct http_server **server)
{
	struct http_server *gone = *server;

	*server = NULL;
	if (!gone)
		return;
	server_listeners_fini(gone);
	while (gone->connections)
		http_connection_close(&gone->connections->transport);
	close_exchanges(gone);
	free_ended(gone);
	event_timer_destroy(&gone->sweep_timer);
	http_io_fini(&gone->io);
	http2_server_fini_server(gone);
	while (gone->arena_count > 0)
		arena_destroy(&gone->arenas[--gone->arena_count]);
	tls_context_unref(&gone->tls);
	memory_free(gone);
}
