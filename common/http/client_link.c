/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#include "assertion.h"
#include "http_client_private.h"
#include "memory.h"

#define CONNECTION_WINDOW_BYTES  (64 * 1024 * 1024)
#define FRAME_BYTES_MAXIMUM      (256 * 1024)
#define OUTPUT_BYTES_MAXIMUM     (256 * 1024)
#define RESPONSE_HEADERS_MAXIMUM (1024 * 1024)
#define PLAIN_FRAME_BYTES        (64 * 1024)

static struct http_call *find_call(nghttp2_session *session, int32_t stream_id)
{
	return nghttp2_session_get_stream_user_data(session, stream_id);
}

/* ---- Responses ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *context)
{
	struct http_call *call = find_call(session, frame->hd.stream_id);

	(void)flags;
	(void)context;
	if (!call || call->is_answered)
		return 0;
	call->response_header_bytes += name_length + value_length + 32;
	if (call->response_header_bytes > RESPONSE_HEADERS_MAXIMUM)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;

	struct str value_copy =
		arena_copy(call->arena, str_from((const char *)value, value_length));
	struct str name_copy = arena_copy(call->arena, str_from((const char *)name, name_length));
	uint64_t status = 0;

	if (str_equal(name_copy, STR(":status"))) {
		str_parse_u64(value_copy, 999, &status);
		call->status = (int)status;
	} else {
		http_headers_add(call->arena, &call->response_headers, name_copy, value_copy);
	}
	return 0;
}

static void take_head(struct http_call *call)
{
	struct http_client *client = call->client;

	if (call->is_answered)
		return;
	/* An interim response: the real one follows. */
	if (call->status < 200) {
		call->response_headers.count = 0;
		return;
	}
	call->is_answered = true;
	client->in_callbacks++;
	call->handler.on_response(call->context, call->status, &call->response_headers);
	client->in_callbacks--;
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct client_link *link = context;
	struct http_call *call = find_call(session, frame->hd.stream_id);

	if (frame->hd.type == NGHTTP2_GOAWAY)
		link->is_leaving = true;
	if (!call || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS) {
		take_head(call);
		/* The callback may have cancelled it. */
		call = find_call(session, frame->hd.stream_id);
	}
	if (call && call->is_answered && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
		call->is_complete = true;
		call_end(call);
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
	size_t length, void *context)
{
	struct client_link *link = context;
	struct http_call *call = find_call(session, stream_id);

	(void)flags;
	/* One slow reader must not hold up the others: only its own window stays closed. */
	nghttp2_session_consume_connection(session, length);
	if (!call || !call->is_answered) {
		nghttp2_session_consume_stream(session, stream_id, length);
		return 0;
	}
	if (call->is_paused)
		call->held_bytes += length;
	link->client->in_callbacks++;
	bool was_paused = call->is_paused;

	call->handler.on_data(call->context, str_from((const char *)data, length));
	link->client->in_callbacks--;
	if (was_paused)
		return 0;
	call = find_call(session, stream_id);
	if (call && call->is_paused)
		call->held_bytes += length;
	else
		nghttp2_session_consume_stream(session, stream_id, length);
	return 0;
}

static int on_stream_closed(
	nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *context)
{
	struct http_call *call = find_call(session, stream_id);

	(void)context;
	if (!call)
		return 0;
	/* Nothing is left to reset. */
	call->is_closed = true;
	if (error_code == NGHTTP2_REFUSED_STREAM)
		call_fail(call, HTTP_FAILURE_UNSENT, "the server refused the stream");
	else
		call_fail(call, HTTP_FAILURE_LOST, nghttp2_http2_strerror(error_code));
	return 0;
}

/* ---- Requests ---- */

static ssize_t provide_data(nghttp2_session *session, int32_t stream_id, uint8_t *buffer,
	size_t length, uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct http_call *call = find_call(session, stream_id);

	(void)buffer;
	(void)source;
	(void)context;
	if (!call)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (length >= call->body.bytes) {
		length = call->body.bytes;
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	}
	return (ssize_t)length;
}

static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *frame_head,
	size_t length, nghttp2_data_source *source, void *context)
{
	struct client_link *link = context;
	struct http_queue *output = &link->transport.output;
	struct http_call *call = find_call(session, frame->hd.stream_id);

	(void)source;
	if (!call)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (output->bytes >= OUTPUT_BYTES_MAXIMUM)
		return NGHTTP2_ERR_WOULDBLOCK;
	http_queue_append(output, str_from((const char *)frame_head, 9));
	http_queue_move(output, &call->body, length);
	return 0;
}

static ssize_t send_bytes(
	nghttp2_session *session, const uint8_t *data, size_t length, int flags, void *context)
{
	struct client_link *link = context;

	(void)session;
	(void)flags;
	if (link->transport.output.bytes >= OUTPUT_BYTES_MAXIMUM)
		return NGHTTP2_ERR_WOULDBLOCK;
	http_queue_append(&link->transport.output, str_from((const char *)data, length));
	return (ssize_t)length;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct client_link *link = context;
	struct http_call *call;

	if (frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	call = find_call(session, frame->hd.stream_id);
	if (call) {
		call->is_sent = true;
		call->sent_at_bytes = link->transport.written_bytes + link->transport.output.bytes;
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

void client_link_submit(struct client_link *link, struct http_call *call)
{
	const struct http_headers *headers = &call->request_headers;
	nghttp2_nv *fields = ARENA_ARRAY(call->arena, nghttp2_nv, headers->count + 5);
	nghttp2_data_provider provider = {.read_callback = provide_data};
	bool has_authority = http_headers_find(headers, STR("host")).data != NULL;
	size_t count = 0;

	fields[count++] = field(STR(":method"), call->request.method);
	fields[count++] = field(STR(":path"), call->request.path_and_query);
	fields[count++] = field(STR(":scheme"), STR("http"));
	if (!has_authority)
		fields[count++] = field(STR(":authority"), STR("localhost"));
	for (size_t i = 0; i < headers->count; i++)
		fields[count++] = field(headers->entries[i].name, headers->entries[i].value);
	if (call->body.bytes > 0 && !http_headers_find(headers, STR("content-length")).data)
		fields[count++] = field(
			STR("content-length"), arena_printf(call->arena, "%zu", call->body.bytes));
	call->stream_id = nghttp2_submit_request(
		link->session, NULL, fields, count, call->body.bytes > 0 ? &provider : NULL, call);
	if (call->stream_id < 0) {
		/* Out of stream numbers, after a thousand million calls: a new connection goes on.
		 */
		ASSERT(call->stream_id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE);
		link->is_leaving = true;
		call_list_remove(&link->calls, call);
		call->link = NULL;
		call_list_append(&call->client->waiting, call);
	}
	http_connection_flush_later(&link->transport);
}

void client_link_forget(struct http_call *call)
{
	struct client_link *link = call->link;

	if (call->stream_id <= 0)
		return;
	/* A pending request is found by this number too, and taken back unsent. */
	nghttp2_session_set_stream_user_data(link->session, call->stream_id, NULL);
	if (link->is_ended)
		return;
	if (call->held_bytes > 0)
		nghttp2_session_consume_stream(link->session, call->stream_id, call->held_bytes);
	/* Once both sides have ended it there is nothing to reset. */
	if (!call->is_closed && (!call->is_complete || call->body.bytes > 0))
		nghttp2_submit_rst_stream(
			link->session, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_CANCEL);
	http_connection_flush_later(&link->transport);
}

void client_link_consume(struct http_call *call, size_t bytes)
{
	struct client_link *link = call->link;

	if (!link || link->is_ended)
		return;
	nghttp2_session_consume_stream(link->session, call->stream_id, bytes);
	http_connection_flush_later(&link->transport);
}

/* ---- The connection ---- */

static void on_open(void *context)
{
	struct client_link *link = context;

	http_connection_flush_later(&link->transport);
}

static void on_bytes(void *context, struct str bytes)
{
	struct client_link *link = context;
	ssize_t taken =
		nghttp2_session_mem_recv(link->session, (const uint8_t *)bytes.data, bytes.length);

	if (link->is_ended)
		return;
	if (taken < 0)
		http_connection_close(&link->transport);
	else if (nghttp2_session_want_write(link->session))
		http_connection_flush_later(&link->transport);
	else if (!nghttp2_session_want_read(link->session))
		http_connection_close(&link->transport);
}

static void on_fill(void *context)
{
	struct client_link *link = context;

	if (nghttp2_session_send(link->session) != 0) {
		http_connection_close(&link->transport);
		return;
	}
	if (!nghttp2_session_want_read(link->session) && !nghttp2_session_want_write(link->session))
		http_connection_finish(&link->transport);
}

static void on_end(void *context)
{
	struct client_link *link = context;

	link->is_leaving = true;
	link->is_ended = true;
	while (link->calls.first) {
		struct http_call *call = link->calls.first;
		/* A frame of which not all bytes have left has not been acted on. */
		bool unsent = !call->is_sent || link->transport.written_bytes < call->sent_at_bytes;

		call_fail(call, unsent ? HTTP_FAILURE_UNSENT : HTTP_FAILURE_LOST,
			"the connection was lost");
	}
	http_io_wake(&link->client->io);
}

static const struct http_connection_handler link_handler = {
	.on_open = on_open,
	.on_data = on_bytes,
	.on_fill = on_fill,
	.on_end = on_end,
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);

	if (length >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, length);

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int reason = errno;

		close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

struct client_link *client_link_open(struct http_client *client)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, client->stream_window_bytes},
		{NGHTTP2_SETTINGS_MAX_FRAME_SIZE, FRAME_BYTES_MAXIMUM},
	};
	int fd = connect_to(client->unix_path);

	if (fd < 0)
		return NULL;

	struct client_link *link = MEMORY_NEW(struct client_link);

	link->client = client;
	nghttp2_session_client_new2(&link->session, client->callbacks, link, client->option);
	ASSERT(link->session);
	nghttp2_submit_settings(
		link->session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(settings[0]));
	nghttp2_session_set_local_window_size(
		link->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW_BYTES);
	link->next = client->links;
	client->links = link;
	http_connection_start(&link->transport, &client->io, fd, NULL, &link_handler, link);
	return link;
}

void client_link_free(struct client_link *link)
{
	http_connection_fini(&link->transport);
	nghttp2_session_del(link->session);
	memory_free(link);
}

static ssize_t choose_frame_length(nghttp2_session *session, uint8_t frame_type, int32_t stream_id,
	int32_t session_window, int32_t stream_window, uint32_t remote_maximum, void *context)
{
	int32_t length = PLAIN_FRAME_BYTES;

	(void)session;
	(void)frame_type;
	(void)stream_id;
	(void)context;
	if (length > session_window)
		length = session_window;
	if (length > stream_window)
		length = stream_window;
	return (uint32_t)length > remote_maximum ? (ssize_t)remote_maximum : length;
}

void client_links_init(struct http_client *client)
{
	nghttp2_session_callbacks_new(&client->callbacks);
	nghttp2_session_callbacks_set_on_header_callback(client->callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(client->callbacks, on_frame_received);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(client->callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(client->callbacks, on_stream_closed);
	nghttp2_session_callbacks_set_send_callback(client->callbacks, send_bytes);
	nghttp2_session_callbacks_set_send_data_callback(client->callbacks, send_data);
	nghttp2_session_callbacks_set_data_source_read_length_callback(
		client->callbacks, choose_frame_length);
	nghttp2_session_callbacks_set_on_frame_send_callback(client->callbacks, on_frame_sent);
	nghttp2_option_new(&client->option);
	/* The window is given back when the caller has taken the bytes. */
	nghttp2_option_set_no_auto_window_update(client->option, 1);
	nghttp2_option_set_no_closed_streams(client->option, 1);
}

void client_links_fini(struct http_client *client)
{
	struct client_link *link;

	while ((link = client->links)) {
		client->links = link->next;
		client_link_free(link);
	}
	nghttp2_session_callbacks_del(client->callbacks);
	nghttp2_option_del(client->option);
}
