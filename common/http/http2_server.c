/* SPDX-License-Identifier: Apache-2.0 */
#include <nghttp2/nghttp2.h>

#include "assertion.h"
#include "clock.h"
#include "http_server_private.h"
#include "http_syntax.h"

/*
 * nghttp2 frames; the bytes of bodies do not pass through it: its data provider only counts them
 * (NO_COPY), and send_data moves them from the exchange's queue to the connection's.
 */

#define OUTPUT_BYTES_MAXIMUM  (256 * 1024)
#define PLAIN_FRAME_BYTES     (64 * 1024)
#define RESET_BURST           1000
#define RESETS_PER_SECOND     33
#define REFUSAL_BURST         100
#define REFUSALS_PER_SECOND   10
#define GLITCH_BURST          10000
#define GLITCHES_PER_SECOND   330
#define ACKS_QUEUED_MAXIMUM   1000
#define SETTINGS_MAXIMUM      32
#define CONTINUATIONS_MAXIMUM 8
#define HEADER_OVERRUN_FACTOR 16

static struct http_exchange *find_exchange(nghttp2_session *session, int32_t stream_id)
{
	return nghttp2_session_get_stream_user_data(session, stream_id);
}

void http2_server_end(struct server_connection *connection, uint32_t error_code)
{
	if (connection->session)
		nghttp2_session_terminate_session(connection->session, error_code);
	http_connection_flush_later(&connection->transport);
}

static void count(struct server_connection *connection, struct http_bucket *bucket)
{
	if (!http_bucket_take(bucket, clock_now_ns()))
		connection->is_overrun = true;
}

/* ---- Requests ---- */

static void refuse(struct http_exchange *exchange, int status)
{
	if (exchange->is_whole || exchange->is_closed)
		return;
	exchange->refused_status = status;
	exchange->is_whole = true;
	exchange->request_is_cut = true;
	exchange_make_ready(exchange);
}

void http2_server_refuse(struct http_exchange *exchange, int status)
{
	refuse(exchange, status);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct server_connection *connection = context;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;

	struct http_exchange *exchange = exchange_create(connection, frame->hd.stream_id);

	exchange->body_start_ns = clock_now_ns();
	connection->has_had_request = true;
	server_set_deadline(connection, UINT64_MAX);
	nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, exchange);
	return 0;
}

static void take_pseudo_field(struct http_exchange *exchange, struct str name, struct str value)
{
	struct http_request *request = &exchange->request;

	if (str_equal(name, STR(":method"))) {
		request->method = value;
	} else if (str_equal(name, STR(":authority"))) {
		request->authority = value;
		exchange->has_authority = true;
	} else if (str_equal(name, STR(":path"))) {
		if (value.length > exchange->server->limits.uri_bytes)
			exchange->head_status = 414;
		else if (!http_syntax_is_target(value) ||
			 (value.data[0] != '/' && !str_equal(value, STR("*"))))
			exchange->head_status = 400;
		http_syntax_split_target(value, &request->path, &request->query);
	}
}

static void take_field(struct http_exchange *exchange, struct str name, struct str value)
{
	struct http_request *request = &exchange->request;

	if (str_equal(name, STR("authorization")) &&
		http_headers_find(&request->headers, name).data)
		exchange->head_status = 400;
	if (str_equal(name, STR("expect")) && !str_equal_ignore_case(value, STR("100-continue")))
		exchange->head_status = 417;
	http_headers_add(request->arena, &request->headers, name, value);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *context)
{
	struct server_connection *connection = context;
	struct http_exchange *exchange = find_exchange(session, frame->hd.stream_id);
	const struct http_limits *limits = &connection->server->limits;

	(void)flags;
	/* Trailers say nothing to us. */
	if (!exchange || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	exchange->header_bytes += name_length + value_length + 32;
	if (exchange->header_bytes > limits->header_bytes ||
		exchange->request.headers.count >= limits->header_count) {
		exchange->head_status = 431;
		/* A few bytes can stand for very many: there is an end to unpacking too. */
		if (exchange->header_bytes / HEADER_OVERRUN_FACTOR > limits->header_bytes)
			connection->is_overrun = true;
		return connection->is_overrun ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
	}

	struct arena *arena = exchange->request.arena;
	struct str name_copy = arena_copy(arena, str_from((const char *)name, name_length));
	struct str value_copy = arena_copy(arena, str_from((const char *)value, value_length));

	if (name_length > 0 && name[0] == ':')
		take_pseudo_field(exchange, name_copy, value_copy);
	else
		take_field(exchange, name_copy, value_copy);
	return 0;
}

static int check_head(struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;
	struct str host = STR_EMPTY;
	uint64_t length = 0;

	if (exchange->head_status != 0)
		return exchange->head_status;
	if (str_equal(request->method, STR("CONNECT")))
		return 405;
	if (str_equal(request->path, STR("*")) && !str_equal(request->method, STR("OPTIONS")))
		return 400;
	for (size_t i = 0, hosts = 0; i < request->headers.count; i++) {
		if (!str_equal(request->headers.entries[i].name, STR("host")))
			continue;
		if (++hosts > 1)
			return 400;
		host = request->headers.entries[i].value;
		if (exchange->has_authority && !str_equal_ignore_case(host, request->authority))
			return 400;
	}
	if (!exchange->has_authority)
		request->authority = host;
	if (!http_syntax_is_authority(request->authority))
		return 400;
	struct str length_text = http_headers_find(&request->headers, STR("content-length"));

	if (http_syntax_parse_length(length_text, &length) &&
		length > exchange->server->limits.body_bytes)
		return 413;
	return 0;
}

static void answer_expectation(nghttp2_session *session, struct http_exchange *exchange)
{
	static uint8_t name[] = ":status", value[] = "100";
	const nghttp2_nv field = {
		name, value, 7, 3, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};

	if (http_headers_find(&exchange->request.headers, STR("expect")).length > 0)
		nghttp2_submit_headers(
			session, NGHTTP2_FLAG_NONE, exchange->stream_id, NULL, &field, 1, NULL);
}

static void finish_request(struct http_exchange *exchange)
{
	if (exchange->is_whole)
		return;
	exchange->is_whole = true;
	exchange_make_ready(exchange);
}

static void take_head(nghttp2_session *session, const nghttp2_frame *frame)
{
	struct http_exchange *exchange = find_exchange(session, frame->hd.stream_id);
	bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	if (!exchange)
		return;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		int status = check_head(exchange);

		if (status != 0) {
			refuse(exchange, status);
			exchange->request_is_cut = !ends;
			return;
		}
		if (!ends)
			answer_expectation(session, exchange);
	}
	if (ends)
		finish_request(exchange);
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct server_connection *connection = context;
	struct http_exchange *exchange;

	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		take_head(session, frame);
		break;
	case NGHTTP2_DATA:
		exchange = find_exchange(session, frame->hd.stream_id);
		if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
			if (exchange)
				exchange->request_is_cut = false;
			if (exchange)
				finish_request(exchange);
		} else if (frame->hd.length == 0) {
			count(connection, &connection->glitches);
		}
		break;
	case NGHTTP2_RST_STREAM:
		count(connection, &connection->resets);
		break;
	case NGHTTP2_PING:
	case NGHTTP2_SETTINGS:
	case NGHTTP2_PRIORITY:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			count(connection, &connection->glitches);
		break;
	default:
		break;
	}
	return connection->is_overrun ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
	size_t length, void *context)
{
	struct http_exchange *exchange = find_exchange(session, stream_id);
	int status;

	(void)flags;
	(void)context;
	if (!exchange || exchange->is_whole)
		return 0;
	if (!exchange_append_body(exchange, str_from((const char *)data, length), &status))
		refuse(exchange, status);
	return 0;
}

static int on_stream_closed(
	nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *context)
{
	struct server_connection *connection = context;
	struct http_exchange *exchange = find_exchange(session, stream_id);

	(void)error_code;
	if (!exchange)
		return 0;
	nghttp2_session_set_stream_user_data(session, stream_id, NULL);
	exchange_close(exchange);
	if (connection->exchange_count == 0)
		server_set_deadline(connection, connection->server->limits.idle_timeout_ns);
	return 0;
}

/* ---- Responses ---- */

static ssize_t provide_data(nghttp2_session *session, int32_t stream_id, uint8_t *buffer,
	size_t length, uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct http_exchange *exchange = source->ptr;

	(void)session;
	(void)stream_id;
	(void)buffer;
	(void)context;
	if (exchange->is_aborted || (exchange->output.bytes == 0 && !exchange->is_ended)) {
		exchange->is_deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (length >= exchange->output.bytes) {
		length = exchange->output.bytes;
		if (exchange->is_ended)
			*flags |= NGHTTP2_DATA_FLAG_EOF;
	}
	return (ssize_t)length;
}

static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *frame_head,
	size_t length, nghttp2_data_source *source, void *context)
{
	struct server_connection *connection = context;
	struct http_exchange *exchange = source->ptr;
	struct http_queue *output = &connection->transport.output;

	(void)session;
	(void)frame;
	if (output->bytes >= OUTPUT_BYTES_MAXIMUM)
		return NGHTTP2_ERR_WOULDBLOCK;
	http_queue_append(output, str_from((const char *)frame_head, 9));
	http_queue_move(output, &exchange->output, length);
	exchange_output_moved(exchange);
	return 0;
}

static ssize_t send_bytes(
	nghttp2_session *session, const uint8_t *data, size_t length, int flags, void *context)
{
	struct server_connection *connection = context;

	(void)session;
	(void)flags;
	if (connection->transport.output.bytes >= OUTPUT_BYTES_MAXIMUM)
		return NGHTTP2_ERR_WOULDBLOCK;
	http_queue_append(&connection->transport.output, str_from((const char *)data, length));
	return (ssize_t)length;
}

static ssize_t choose_frame_length(nghttp2_session *session, uint8_t frame_type, int32_t stream_id,
	int32_t session_window, int32_t stream_window, uint32_t remote_maximum, void *context)
{
	const struct server_connection *connection = context;
	int32_t length = connection->peer.is_tls ? 16 * 1024 - 64 : PLAIN_FRAME_BYTES;

	(void)session;
	(void)frame_type;
	(void)stream_id;
	if (length > session_window)
		length = session_window;
	if (length > stream_window)
		length = stream_window;
	if ((uint32_t)length > remote_maximum)
		length = (int32_t)remote_maximum;
	return length;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct server_connection *connection = context;

	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		/* A client can have us reset as many streams as it could reset itself. */
		if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR &&
			frame->rst_stream.error_code != NGHTTP2_INTERNAL_ERROR)
			count(connection, &connection->resets);
		/* Who keeps to our SETTINGS is not refused at all, or once before it has them. */
		if (frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM)
			count(connection, &connection->refusals);
		/* When it is too much http2_server_fill() ends the connection, with its GOAWAY. */
		return 0;
	}
	if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
		(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
		struct http_exchange *exchange = find_exchange(session, frame->hd.stream_id);

		/* Answered before the request was whole: its rest is not wanted. */
		if (exchange && exchange->request_is_cut)
			nghttp2_submit_rst_stream(
				session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
	}
	return 0;
}

static nghttp2_nv field(struct str name, struct str value)
{
	uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

	if (http_header_is_new_each_time(name))
		flags |= NGHTTP2_NV_FLAG_NO_INDEX;
	return (nghttp2_nv){
		(uint8_t *)name.data, (uint8_t *)value.data, name.length, value.length, flags};
}

static bool is_ours(struct str name)
{
	return str_equal(name, STR("content-length")) || str_equal(name, STR("date")) ||
	       str_equal(name, STR("connection")) || str_equal(name, STR("transfer-encoding")) ||
	       str_equal(name, STR("keep-alive"));
}

static struct str status_text(struct arena *arena, int status)
{
	static const struct str usual[] = {STR_INIT("200"), STR_INIT("201"), STR_INIT("404")};

	if (status == 200 || status == 201)
		return usual[status - 200];
	return status == 404 ? usual[2] : arena_printf(arena, "%d", status);
}

void http2_server_respond(struct http_exchange *exchange, int status,
	const struct http_headers *headers, int64_t content_length)
{
	struct arena *arena = exchange->request.arena;
	nghttp2_session *session = exchange->connection->session;
	nghttp2_nv *fields = ARENA_ARRAY(arena, nghttp2_nv, headers->count + 3);
	nghttp2_data_provider provider = {{.ptr = exchange}, provide_data};
	size_t count_of_fields = 0;

	fields[count_of_fields++] = field(STR(":status"), status_text(arena, status));
	fields[count_of_fields++] =
		field(STR("date"), arena_copy(arena, server_date(exchange->server)));
	for (size_t i = 0; i < headers->count; i++) {
		if (!is_ours(headers->entries[i].name))
			fields[count_of_fields++] =
				field(arena_copy(arena, headers->entries[i].name),
					arena_copy(arena, headers->entries[i].value));
	}
	if (content_length >= 0 && status != 204 && status != 304)
		fields[count_of_fields++] = field(STR("content-length"),
			arena_printf(arena, "%lld", (long long)content_length));

	bool has_body =
		!exchange->is_bodiless && !(exchange->is_ended && exchange->output.bytes == 0);
	int result = nghttp2_submit_response(
		session, exchange->stream_id, fields, count_of_fields, has_body ? &provider : NULL);

	/* Only a stream that is being closed refuses it: on_stream_closed comes. */
	ASSERT(result != NGHTTP2_ERR_INVALID_ARGUMENT);
}

void http2_server_resume(struct http_exchange *exchange)
{
	if (!exchange->is_deferred)
		return;
	exchange->is_deferred = false;
	nghttp2_session_resume_data(exchange->connection->session, exchange->stream_id);
}

void http2_server_reset(struct http_exchange *exchange, uint32_t error_code)
{
	nghttp2_submit_rst_stream(
		exchange->connection->session, NGHTTP2_FLAG_NONE, exchange->stream_id, error_code);
	http_connection_flush_later(&exchange->connection->transport);
}

/* ---- Connections ---- */

void http2_server_init(struct http_server *server)
{
	nghttp2_session_callbacks_new(&server->callbacks);
	nghttp2_session_callbacks_set_on_begin_headers_callback(
		server->callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(server->callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(server->callbacks, on_frame_received);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(server->callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(server->callbacks, on_stream_closed);
	nghttp2_session_callbacks_set_send_callback(server->callbacks, send_bytes);
	nghttp2_session_callbacks_set_send_data_callback(server->callbacks, send_data);
	nghttp2_session_callbacks_set_data_source_read_length_callback(
		server->callbacks, choose_frame_length);
	nghttp2_session_callbacks_set_on_frame_send_callback(server->callbacks, on_frame_sent);
	nghttp2_option_new(&server->option);
	nghttp2_option_set_no_closed_streams(server->option, 1);
	nghttp2_option_set_max_outbound_ack(server->option, ACKS_QUEUED_MAXIMUM);
	nghttp2_option_set_max_settings(server->option, SETTINGS_MAXIMUM);
	nghttp2_option_set_max_continuations(server->option, CONTINUATIONS_MAXIMUM);
	/* A second line behind our own count, which answers with the right code. */
	nghttp2_option_set_stream_reset_rate_limit(
		server->option, 2 * RESET_BURST, 2 * RESETS_PER_SECOND);
}

void http2_server_fini_server(struct http_server *server)
{
	nghttp2_session_callbacks_del(server->callbacks);
	nghttp2_option_del(server->option);
}

void http2_server_start(struct server_connection *connection)
{
	struct http_server *server = connection->server;
	const struct http_limits *limits = &server->limits;
	bool is_trusted = connection->peer.tls != NULL;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
			is_trusted ? limits->concurrent_streams : limits->stranger_streams},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
			is_trusted ? limits->stream_window_bytes : limits->stranger_window_bytes},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->header_bytes},
	};
	uint64_t now = clock_now_ns();

	connection->protocol = SERVER_PROTOCOL_HTTP2;
	connection->is_trusted = is_trusted;
	http_bucket_init(&connection->resets, RESET_BURST, RESETS_PER_SECOND, now);
	http_bucket_init(&connection->refusals, REFUSAL_BURST, REFUSALS_PER_SECOND, now);
	http_bucket_init(&connection->glitches, GLITCH_BURST, GLITCHES_PER_SECOND, now);
	nghttp2_session_server_new2(
		&connection->session, server->callbacks, connection, server->option);
	ASSERT(connection->session);
	nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings,
		sizeof(settings) / sizeof(settings[0]));
	nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0,
		(int32_t)limits->connection_window_bytes);
	http_connection_flush_later(&connection->transport);
}

void http2_server_trust(struct server_connection *connection)
{
	const struct http_limits *limits = &connection->server->limits;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->concurrent_streams},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->stream_window_bytes},
	};

	if (connection->is_trusted)
		return;
	connection->is_trusted = true;
	if (limits->stranger_streams == limits->concurrent_streams &&
		limits->stranger_window_bytes == limits->stream_window_bytes)
		return;
	nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings,
		sizeof(settings) / sizeof(settings[0]));
	http_connection_flush_later(&connection->transport);
}

void http2_server_receive(struct server_connection *connection, struct str bytes)
{
	nghttp2_session *session = connection->session;
	ssize_t taken =
		nghttp2_session_mem_recv(session, (const uint8_t *)bytes.data, bytes.length);

	if (taken < 0) {
		uint32_t code = connection->is_overrun || taken == NGHTTP2_ERR_FLOODED
					? NGHTTP2_ENHANCE_YOUR_CALM
					: NGHTTP2_PROTOCOL_ERROR;

		connection->is_failed = true;
		/* What is not HTTP/2 at all gets no GOAWAY either. */
		if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
			http_connection_close(&connection->transport);
			return;
		}
		nghttp2_session_terminate_session(session, code);
		/* They live on to the end of this turn, past the last use of the session. */
		while (connection->exchanges)
			exchange_close(connection->exchanges);
	}
	if (nghttp2_session_want_write(session) || connection->is_failed)
		http_connection_flush_later(&connection->transport);
}

void http2_server_fill(struct server_connection *connection)
{
	nghttp2_session *session = connection->session;
	bool was_overrun = connection->is_overrun;
	int result = nghttp2_session_send(session);

	if (connection->is_overrun && !was_overrun && !connection->is_failed) {
		/* Our own resets were too many: once more, for the GOAWAY. */
		connection->is_failed = true;
		nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
		result = nghttp2_session_send(session);
	}
	if (result != 0) {
		http_connection_close(&connection->transport);
		return;
	}
	if (connection->is_failed ||
		(!nghttp2_session_want_read(session) && !nghttp2_session_want_write(session)))
		http_connection_finish(&connection->transport);
	while (connection->is_failed && connection->exchanges)
		exchange_close(connection->exchanges);
}

void http2_server_drain(struct server_connection *connection)
{
	nghttp2_session *session = connection->session;

	if (connection->goaway_sent)
		return;
	connection->goaway_sent = true;
	nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
		nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, NULL, 0);
	http_connection_flush_later(&connection->transport);
}

void http2_server_fini(struct server_connection *connection)
{
	nghttp2_session_del(connection->session);
	connection->session = NULL;
}
