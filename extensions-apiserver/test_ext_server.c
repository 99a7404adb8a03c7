/* SPDX-License-Identifier: Apache-2.0 */
#include "test_ext_server.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "assertion.h"
#include "memory.h"

#define TEST_DEADLINE_NS UINT64_C(20000000000)

static void on_deadline(void *context)
{
	(void)context;
	ASSERT(!"the test takes too long");
}

/* ---- Start and stop ---- */

static int listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

void start(struct fixture *fixture)
{
	struct error err = ERROR_INIT(fixture->arena);
	struct storage_options storage = {
		.loop = fixture->loop, .directory = fixture->directory, .no_sync = true};

	assert_int_equal(storage_open(&storage, &fixture->storage, &err), 0);
	fixture->server = (struct ext_server){0};
	ext_server_init(&fixture->server, &(struct api_server_options){
						  .loop = fixture->loop,
						  .storage = fixture->storage,
						  .authorizer = fixture->authorizer,
						  .trusted_uids = &fixture->uid,
						  .trusted_uid_count = 1,
						  .enable_garbage_collector = true,
					  });
	fixture->fd = listen_on(fixture->socket_path);
	api_server_listen(fixture->server.api, fixture->fd);
	fixture->client = http_client_create(&(struct http_client_options){
		.loop = fixture->loop, .unix_path = fixture->socket_path});
}

void stop(struct fixture *fixture)
{
	http_client_destroy(&fixture->client);
	ext_server_fini(&fixture->server);
	storage_close(&fixture->storage);
	close(fixture->fd);
}

int set_up(void **state)
{
	struct fixture *fixture = MEMORY_NEW(struct fixture);
	struct str modes[] = {STR_INIT("AlwaysAllow")};
	struct error err;

	memcpy(fixture->directory, "/tmp/troika-ext-XXXXXX", sizeof("/tmp/troika-ext-XXXXXX"));
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->socket_path, sizeof(fixture->socket_path), "%s/socket",
		fixture->directory);
	fixture->uid = getuid();
	fixture->arena = arena_create(0);
	err = ERROR_INIT(fixture->arena);
	fixture->loop = event_loop_create();
	fixture->deadline = event_timer_create(fixture->loop, on_deadline, fixture);
	event_timer_start(fixture->deadline, TEST_DEADLINE_NS);
	assert_int_equal(authorizer_create(modes, 1, NULL, &fixture->authorizer, &err), 0);
	start(fixture);
	*state = fixture;
	return 0;
}

int tear_down(void **state)
{
	struct fixture *fixture = *state;
	DIR *directory;
	struct dirent *entry;

	stop(fixture);
	authorizer_destroy(&fixture->authorizer);
	event_timer_destroy(&fixture->deadline);
	event_loop_destroy(&fixture->loop);
	directory = opendir(fixture->directory);
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	rmdir(fixture->directory);
	arena_destroy(&fixture->arena);
	memory_free(fixture);
	return 0;
}

/* ---- Calls ---- */

void on_response(void *context, int status, const struct http_headers *headers)
{
	(void)headers;
	((struct waiting_call *)context)->answer.status = status;
}

static void on_data(void *context, struct str bytes)
{
	buffer_append(&((struct waiting_call *)context)->answer.body, bytes);
}

static void on_end(void *context)
{
	event_loop_stop(((struct waiting_call *)context)->fixture->loop);
}

void on_failure(void *context, enum http_failure failure, const char *message)
{
	(void)context;
	(void)failure;
	fail_msg("call failed: %s", message);
}

static const struct http_call_handler handler = {on_response, on_data, on_end, on_failure};

static struct http_call *send_call(struct waiting_call *call, const char *method, const char *path,
	const char *content_type, struct str body)
{
	static const struct str groups[] = {STR_INIT("system:masters")};
	struct fixture *fixture = call->fixture;
	struct user_info user = {.name = STR("admin"), .groups = groups, .group_count = 1};
	struct http_headers headers = {0};
	struct http_client_request request = {
		.method = str_from_c(method),
		.path_and_query = str_from_c(path),
		.headers = &headers,
		.body = body,
	};

	user_info_to_headers(fixture->arena, &user, &headers);
	http_headers_add(fixture->arena, &headers, STR("content-type"), str_from_c(content_type));
	return http_client_send(fixture->client, &request, &handler, call);
}

struct json_value call(struct fixture *fixture, const char *method, const char *path,
	const struct json_value *body, int *ret_status)
{
	struct waiting_call waiting = {.fixture = fixture};
	struct json_value value = json_null();
	struct error err = ERROR_INIT(fixture->arena);
	bool is_patch = strcmp(method, "PATCH") == 0;

	send_call(&waiting, method, path,
		is_patch ? "application/merge-patch+json" : "application/json",
		body ? json_to_str(fixture->arena, body) : STR_EMPTY);
	event_loop_run(fixture->loop);
	struct str text = arena_copy(fixture->arena, buffer_str(&waiting.answer.body));

	if (json_read(fixture->arena, text, NULL, &value, &err) != 0)
		value = json_string(text);
	*ret_status = waiting.answer.status;
	buffer_fini(&waiting.answer.body);
	return value;
}

struct json_value expect(struct fixture *fixture, int expected, const char *method,
	const char *path, const char *body)
{
	struct json_value sent, received;
	int status;

	if (body)
		sent = parse(fixture->arena, body);
	received = call(fixture, method, path, body ? &sent : NULL, &status);
	if (status != expected) {
		struct str text = json_to_str(fixture->arena, &received);

		fail_msg("%s %s: %d, not %d: %.*s", method, path, status, expected, STR_ARG(text));
	}
	return received;
}
