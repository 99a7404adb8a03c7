/* SPDX-License-Identifier: Apache-2.0 */
#include "test_server_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "assertion.h"
#include "memory.h"
#include "request_context.h"
#include "test_server_resources.h"

#define PATIENCE_NS UINT64_C(20000000000)

/* ---- The server ---- */

/* A change that is queued between a look at the namespace and the create that relies on it. */
static void disturb(struct server_test *test, struct storage_prefix *prefix, struct str name)
{
	struct storage_operation operation = {.type = STORAGE_PUT,
		.prefix = prefix,
		.name = name,
		.value = STR("changed"),
		.revision_offset = SIZE_MAX};

	storage_commit(test->storage.storage,
		&(struct storage_transaction){.operations = &operation, .operation_count = 1}, NULL,
		NULL);
}

static void check_namespace(void *context, struct request_context *request, struct str namespace,
	namespace_checked_fn done)
{
	struct server_test *test = context;
	struct storage_prefix *prefix =
		storage_prefix_intern(test->storage.storage, test_racks.storage_prefix);
	struct storage_record record;

	test->namespace_checks++;
	if (test->guards_namespace) {
		struct storage_snapshot *snapshot = storage_snapshot_open(test->storage.storage);

		assert_int_equal(storage_snapshot_get(snapshot, prefix, namespace, 0, &record), 0);
		request->namespace_guard.prefix = prefix;
		request->namespace_guard.name = namespace;
		request->namespace_guard.revision = record.mod_revision;
		storage_snapshot_close(&snapshot);
		if (test->namespace_checks == 1)
			disturb(test, prefix, namespace);
	}
	if (test->namespace_waits) {
		test->waiting = request;
		test->waiting_done = done;
		event_loop_stop(test->loop);
		return;
	}
	if (test->namespace_state == NAMESPACE_UNKNOWN)
		error_set(&request->err, ERROR_UNAVAILABLE, "nobody knows");
	done(request, test->namespace_state);
}

static void on_deadline(void *context)
{
	(void)context;
	ASSERT(!"the test takes too long");
}

static void listen_on(struct server_test *test)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(test->path, sizeof(test->path), "%s/.socket", test->storage.directory);
	memcpy(address.sun_path, test->path, strlen(test->path));
	test->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(test->listener >= 0);
	assert_int_equal(bind(test->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(test->listener, 16), 0);
	api_server_listen(test->server, test->listener);
}

static int setup(void **state, const char *mode)
{
	struct server_test *test = MEMORY_NEW(struct server_test);
	struct str modes[] = {str_from_c(mode)};
	struct error err = ERROR_INIT(NULL);

	storage_fixture_init(&test->storage);
	storage_fixture_open(&test->storage);
	test->loop = test->storage.loop;
	test->uid = getuid();
	test->rbac = rbac_create();
	assert_int_equal(authorizer_create(modes, 1, test->rbac, &test->authorizer, &err), 0);
	test->server = api_server_create(&(struct api_server_options){
		.loop = test->loop,
		.storage = test->storage.storage,
		.authorizer = test->authorizer,
		.trusted_uids = &test->uid,
		.trusted_uid_count = 1,
		.check_namespace = check_namespace,
		.enable_garbage_collector = true,
		.revision_wait_ns = TEST_REVISION_WAIT_NS,
		.compresses_answers = true,
		.limits = {.write_high_water_bytes = 64 * 1024},
		.context = test,
	});
	api_server_add_resource(test->server, &test_widgets);
	api_server_add_resource(test->server, &test_racks);
	api_server_add_resource(test->server, &test_tickets);
	listen_on(test);
	test->client = http_client_create(
		&(struct http_client_options){.loop = test->loop, .unix_path = test->path});
	test->deadline = event_timer_create(test->loop, on_deadline, NULL);
	event_timer_start(test->deadline, PATIENCE_NS);
	*state = test;
	return 0;
}

int server_test_setup(void **state)
{
	return setup(state, "AlwaysAllow");
}

int server_test_setup_rbac(void **state)
{
	return setup(state, "RBAC");
}

int server_test_teardown(void **state)
{
	struct server_test *test = *state;

	while (test->calls) {
		struct test_call *call = test->calls;

		test->calls = call->next;
		test_cancel(call);
		buffer_fini(&call->body);
		buffer_fini(&call->warnings);
		memory_free(call);
	}
	http_client_destroy(&test->client);
	api_server_destroy(&test->server);
	authorizer_destroy(&test->authorizer);
	rbac_destroy(&test->rbac);
	event_timer_destroy(&test->deadline);
	close(test->listener);
	unlink(test->path);
	storage_fixture_fini(&test->storage);
	memory_free(test);
	return 0;
}

void test_run_until(struct server_test *test, bool (*condition)(void *context), void *context)
{
	while (!condition(context))
		event_loop_run(test->loop);
}

/* ---- Calls ---- */

static void on_response(void *context, int status, const struct http_headers *headers)
{
	struct test_call *call = context;
	struct str type = http_headers_find(headers, STR("content-type"));

	call->status = status;
	call->is_gzip = str_equal(http_headers_find(headers, STR("content-encoding")), STR("gzip"));
	snprintf(call->content_type, sizeof(call->content_type), "%.*s", STR_ARG(type));
	for (size_t i = 0; i < headers->count; i++) {
		if (str_equal(headers->entries[i].name, STR("warning")))
			buffer_printf(
				&call->warnings, "%.*s\n", STR_ARG(headers->entries[i].value));
	}
	event_loop_stop(call->test->loop);
}

static void on_data(void *context, struct str bytes)
{
	struct test_call *call = context;

	buffer_append(&call->body, bytes);
	event_loop_stop(call->test->loop);
}

static void on_end(void *context)
{
	struct test_call *call = context;

	call->call = NULL;
	call->is_over = true;
	event_loop_stop(call->test->loop);
}

static void on_failure(void *context, enum http_failure failure, const char *message)
{
	struct test_call *call = context;

	(void)failure;
	(void)message;
	call->has_failed = true;
	on_end(context);
}

static const struct http_call_handler handler = {
	.on_response = on_response,
	.on_data = on_data,
	.on_end = on_end,
	.on_failure = on_failure,
};

static void add_headers(struct arena *arena, struct http_headers *headers, struct str lines)
{
	while (!str_is_empty(lines)) {
		struct str line = str_split(&lines, '\n');
		struct str name = str_split(&line, ':');

		http_headers_add(arena, headers, name, str_trim(line));
	}
}

struct test_call *test_send(struct server_test *test, const char *method, const char *path,
	const char *headers, const char *body)
{
	struct test_call *call = MEMORY_NEW(struct test_call);
	struct arena *arena = arena_create(0);
	struct http_headers fields = {0};

	call->test = test;
	call->next = test->calls;
	test->calls = call;
	http_headers_add(arena, &fields, STR("x-remote-user"), STR("tester"));
	add_headers(arena, &fields, headers ? str_from_c(headers) : STR_EMPTY);
	call->call = http_client_send(test->client,
		&(struct http_client_request){
			.method = str_from_c(method),
			.path_and_query = str_from_c(path),
			.headers = &fields,
			.body = body ? str_from_c(body) : STR_EMPTY,
		},
		&handler, call);
	arena_destroy(&arena);
	return call;
}

static bool is_over(void *context)
{
	return ((struct test_call *)context)->is_over;
}

void test_wait(struct test_call *call)
{
	test_run_until(call->test, is_over, call);
}

struct test_call *test_request(struct server_test *test, const char *method, const char *path,
	const char *headers, const char *body)
{
	struct test_call *call = test_send(test, method, path, headers, body);

	test_wait(call);
	return call;
}

void test_cancel(struct test_call *call)
{
	if (call->call)
		http_call_cancel(call->call);
	call->call = NULL;
}

/* ---- What came ---- */

size_t test_count(const struct test_call *call, const char *text)
{
	struct str rest = buffer_str(&call->body), wanted = str_from_c(text);
	size_t count = 0;

	for (;;) {
		size_t at = str_find(rest, wanted);

		if (at == rest.length)
			return count;
		count++;
		rest = str_skip(rest, at + wanted.length);
	}
}

bool test_holds(const struct test_call *call, const char *text)
{
	return test_count(call, text) > 0;
}

struct wanted {
	struct test_call *call;
	const char *text;
	size_t times;
};

static bool has_come(void *context)
{
	const struct wanted *wanted = context;

	return test_count(wanted->call, wanted->text) >= wanted->times || wanted->call->is_over;
}

void test_wait_for(struct test_call *call, const char *text, size_t times)
{
	struct wanted wanted = {.call = call, .text = text, .times = times};

	test_run_until(call->test, has_come, &wanted);
	if (test_count(call, text) < times)
		check_answer(call, call->status, text, __FILE__, __LINE__);
}

const char *test_extract(const struct test_call *call, const char *before)
{
	struct str body = buffer_str(&call->body), key = str_from_c(before);
	size_t at = str_find(body, key);

	if (at == body.length)
		check_answer(call, call->status, before, __FILE__, __LINE__);
	body = str_skip(body, at + key.length);
	struct str found = str_slice(body, 0, str_find_byte(body, '"'));
	/* In the buffer of warnings, which nobody looks at any more. */
	struct buffer *keep = &((struct test_call *)call)->warnings;

	buffer_clear(keep);
	buffer_append(keep, found);
	buffer_append_byte(keep, '\0');
	return keep->data;
}

void check_answer(
	const struct test_call *call, int status, const char *text, const char *file, int line)
{
	if (call->status == status && (!text || test_holds(call, text)))
		return;
	print_error("expected %d and %s\nhave %d%s: %.*s\n", status, text ? text : "anything",
		call->status, call->has_failed ? " (failed)" : "",
		STR_ARG(buffer_str(&call->body)));
	_fail(file, line);
}

void check_without(const struct test_call *call, const char *text, const char *file, int line)
{
	if (!test_holds(call, text))
		return;
	print_error("unexpected %s in: %.*s\n", text, STR_ARG(buffer_str(&call->body)));
	_fail(file, line);
}
