/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_client.h"
#include "ctl_status.h"

#include "clock.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RESTART_WAIT_NS   120000000000ull
#define POLL_MS           20
#define DEFAULT_DIRECTORY "/var/lib/troika"

static const char usage[] =
	"Usage: troikactl [--state-dir DIR] COMMAND\n"
	"\n"
	"  status [--output table|json]   the processes, their memory and their stores\n"
	"  restart SERVER                 let a server end in order and start it again\n"
	"  drain                          stop in order, requests first, and wait until it is over\n"
	"  reload                         read all files anew and hand them to the servers\n"
	"  logs [--follow]                the last lines of the log\n"
	"  config check FILE              whether kube-apiserver can start with --config=FILE\n"
	"\n"
	"DIR is that of kube-apiserver (" DEFAULT_DIRECTORY ", or TROIKA_STATE_DIR).\n";

struct options {
	const char *directory;
	bool is_json;
	bool follows;
	char **words; /* the command and its arguments, NULL at the end */
	int count;
};

static void print(struct buffer *buffer)
{
	fwrite(buffer->data, 1, buffer->length, stdout);
	buffer_fini(buffer);
}

static void print_line(void *context, struct str line)
{
	(void)context;
	printf("%.*s\n", STR_ARG(line));
	fflush(stdout);
}

static int show_status(const struct options *options, struct arena *arena, struct error *err)
{
	struct ctl_status status;
	struct buffer buffer = {0};

	if (ctl_status_read(options->directory, arena, &status, err) < 0)
		return ERROR_RETURN;
	if (options->is_json)
		ctl_status_format_json(&status, &buffer);
	else
		ctl_status_format_table(&status, &buffer);
	print(&buffer);
	return 0;
}

/* Until another process of the server is ready. */
static int wait_restarted(const struct options *options, struct str name, uint64_t old_pid,
	struct arena *arena, struct error *err)
{
	uint64_t deadline_ns = clock_now_ns() + RESTART_WAIT_NS;

	while (clock_now_ns() < deadline_ns) {
		const struct ctl_server *server;
		struct ctl_status status;

		if (ctl_status_read(options->directory, arena, &status, err) < 0)
			return ERROR_RETURN;
		server = ctl_status_find(&status, name);
		if (server && server->pid != old_pid && str_equal(server->state, STR("ready")))
			return 0;
		poll(NULL, 0, POLL_MS);
	}
	return error_set(
		err, ERROR_TIMEOUT, "%.*s has not become ready again in 2 minutes", STR_ARG(name));
}

static int restart(const struct options *options, struct arena *arena, struct error *err)
{
	struct str name = str_from_c(options->words[1]);
	const struct ctl_server *server;
	struct ctl_status status;

	if (ctl_status_read(options->directory, arena, &status, err) < 0)
		return ERROR_RETURN;
	server = ctl_status_find(&status, name);
	if (ctl_client_ask(options->directory,
		    arena_printf(arena, "restart %.*s", STR_ARG(name)).data, print_line, NULL,
		    err) < 0)
		return ERROR_RETURN;
	return wait_restarted(options, name, server ? server->pid : 0, arena, err);
}

/* Until nobody answers any more; how long that may take is up to the flags. */
static int drain(const struct options *options, struct arena *arena, struct error *err)
{
	struct error gone = ERROR_INIT(arena);
	struct ctl_status status;

	if (ctl_client_ask(options->directory, "drain", print_line, NULL, err) < 0)
		return ERROR_RETURN;
	while (ctl_status_read(options->directory, arena, &status, &gone) == 0)
		poll(NULL, 0, POLL_MS);
	return 0;
}

/* kube-apiserver beside us, else by PATH. */
static int check_config(const struct options *options, struct arena *arena, struct error *err)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
	char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
	const char *program = "kube-apiserver";
	char *arguments[4];

	if (slash) {
		struct str folder = str_from(path, (size_t)(slash - path));
		const char *beside =
			arena_printf(arena, "%.*s/kube-apiserver", STR_ARG(folder)).data;

		if (access(beside, X_OK) == 0)
			program = beside;
	}
	arguments[0] = (char *)program;
	arguments[1] = (char *)arena_printf(arena, "--config=%s", options->words[2]).data;
	arguments[2] = (char *)"--validate-only";
	arguments[3] = NULL;
	execvp(program, arguments);
	return error_set_errno(err, errno, "%s", program);
}

static int run(const struct options *options, struct arena *arena, struct error *err)
{
	const char *verb = options->words[0];

	if (strcmp(verb, "status") == 0 && options->count == 1)
		return show_status(options, arena, err);
	if (strcmp(verb, "restart") == 0 && options->count == 2)
		return restart(options, arena, err);
	if (strcmp(verb, "drain") == 0 && options->count == 1)
		return drain(options, arena, err);
	if (strcmp(verb, "reload") == 0 && options->count == 1)
		return ctl_client_ask(options->directory, "reload", print_line, NULL, err);
	if (strcmp(verb, "logs") == 0 && options->count == 1)
		return ctl_client_ask(options->directory, options->follows ? "logs follow" : "logs",
			print_line, NULL, err);
	if (strcmp(verb, "config") == 0 && options->count == 3 &&
		strcmp(options->words[1], "check") == 0)
		return check_config(options, arena, err);
	return error_set(err, ERROR_INVALID, "no such command\n%s", usage);
}

static bool parse(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		{"state-dir", required_argument, NULL, 's'},
		{"output", required_argument, NULL, 'o'},
		{"follow", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "o:fh", known, NULL)) != -1) {
		switch (option) {
		case 's':
			ret->directory = optarg;
			break;
		case 'o':
			ret->is_json = strcmp(optarg, "json") == 0;
			if (!ret->is_json && strcmp(optarg, "table") != 0)
				return false;
			break;
		case 'f':
			ret->follows = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			return false;
		}
	}
	ret->words = argv + optind;
	ret->count = argc - optind;
	return ret->count > 0;
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_create(0);
	struct error err = ERROR_INIT(arena);
	const char *directory = getenv("TROIKA_STATE_DIR");
	struct options options = {.directory = directory ? directory : DEFAULT_DIRECTORY};
	int result;

	if (!parse(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	result = run(&options, arena, &err);
	if (result < 0)
		fprintf(stderr, "troikactl: %.*s\n", STR_ARG(err.message));
	arena_destroy(&arena);
	return result < 0 ? 1 : 0;
}
