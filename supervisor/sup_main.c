/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"
#include "sup_certificate.h"
#include "sup_config.h"
#include "sup_effect.h"
#include "sup_help.h"
#include "sup_plane.h"
#include "sup_settings.h"
#include "sup_sink.h"
#include "version.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Outcomes of read_flags beside 0 and ERROR_RETURN. */
#define FLAGS_DONE 1 /* what was asked for is printed */

static void print_version(struct str kind)
{
	struct utsname system = {0};

	if (!str_equal(kind, STR("raw"))) {
		printf("Kubernetes %s\n", KUBERNETES_VERSION);
		return;
	}
	uname(&system);
	printf("version.Info{Major:\"%s\", Minor:\"%s\", GitVersion:\"%s\", GitCommit:\"\", "
	       "GitTreeState:\"\", BuildDate:\"\", GoVersion:\"\", Compiler:\"%s\", "
	       "Platform:\"linux/%s\"} Troika %s\n",
		KUBERNETES_VERSION_MAJOR, KUBERNETES_VERSION_MINOR, KUBERNETES_VERSION, __VERSION__,
		system.machine, TROIKA_VERSION);
}

static int read_flags(struct sup_flags *flags, int argc, char **argv, struct error *err)
{
	struct str version, path;

	if (sup_flags_parse(flags, argc, argv, err) < 0)
		return ERROR_RETURN;
	if (sup_flags_bool(flags, SUP_FLAG_HELP)) {
		sup_help_print();
		return FLAGS_DONE;
	}
	version = sup_flags_text(flags, SUP_FLAG_VERSION);
	if (str_equal(version, STR("true")) || str_equal(version, STR("raw"))) {
		print_version(version);
		return FLAGS_DONE;
	}
	if (sup_flags_read_environment(flags, err) < 0)
		return ERROR_RETURN;
	path = sup_flags_text(flags, SUP_FLAG_CONFIG);
	if (!str_is_empty(path) && sup_config_read(flags, path.data, err) < 0)
		return ERROR_RETURN;
	return 0;
}

static void print_config(const struct sup_flags *flags)
{
	struct buffer buffer = {0};

	sup_config_write(flags, &buffer);
	fwrite(buffer.data, 1, buffer.length, stdout);
	buffer_fini(&buffer);
}

static int set_log(const struct sup_flags *flags, struct arena *arena, struct error *err)
{
	struct str modules = sup_flags_echo(flags, SUP_FLAG_VMODULE, arena);

	log_set_verbosity((int)sup_flags_integer(flags, SUP_FLAG_V));
	log_set_modules(arena_copy_c(arena, modules));
	if (str_equal(sup_flags_text(flags, SUP_FLAG_LOGGING_FORMAT), STR("json")))
		log_set_format(LOG_FORMAT_JSON);
	/* Who only looks at the configuration leaves no files. */
	if (sup_flags_bool(flags, SUP_FLAG_PRINT_CONFIG) ||
		sup_flags_bool(flags, SUP_FLAG_VALIDATE_ONLY))
		return 0;
	return sup_sink_open(flags, err);
}

/* FLAGS_DONE when the flags want no more than to be looked at. */
static int check(struct sup_plane *plane, struct arena *arena, struct error *err)
{
	struct sup_flags *flags = plane->flags;
	struct str version = sup_flags_text(flags, SUP_FLAG_VERSION);

	if (set_log(flags, arena, err) < 0)
		return ERROR_RETURN;
	sup_flags_log(flags);
	if (str_equal(version, STR("false")))
		version = STR(KUBERNETES_VERSION);
	log_info("Version: %.*s (Troika %s)", STR_ARG(version), TROIKA_VERSION);
	if (sup_options_complete(flags, arena, &plane->options, err) < 0 ||
		sup_options_validate(flags, err) < 0)
		return ERROR_RETURN;
	if (sup_flags_bool(flags, SUP_FLAG_PRINT_CONFIG)) {
		print_config(flags);
		return FLAGS_DONE;
	}
	if (sup_flags_bool(flags, SUP_FLAG_VALIDATE_ONLY))
		return sup_settings_try(flags, err) < 0 ? ERROR_RETURN : FLAGS_DONE;
	return 0;
}

/* From flags to open listeners; what is open is in *plane. */
static int prepare(struct sup_plane *plane, struct error *err)
{
	sup_effects_warn(plane->flags);
	if (sup_certificate_complete(plane->flags, &plane->options, err) < 0 ||
		sup_state_open(plane->flags, &plane->options, &plane->state, err) < 0)
		return ERROR_RETURN;
	if (!plane->state.has_own_users)
		log_warning("Walls missing: all servers run as the user of the supervisor (%s)",
			plane->state.missing);
	return sup_listeners_open(&plane->options, &plane->state, &plane->listeners, err);
}

static void init_plane(struct sup_plane *plane, struct sup_flags *flags)
{
	*plane = (struct sup_plane){.flags = flags, .signal_fd = -1, .state.lock_fd = -1};
	sup_control_init(&plane->control);
	plane->listeners.secure = -1;
	plane->listeners.insecure = -1;
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		plane->listeners.private[id] = -1;
}

static int run(struct sup_flags *flags, struct arena *arena, struct error *err)
{
	static struct sup_plane plane;
	int status;

	init_plane(&plane, flags);
	status = check(&plane, arena, err);
	if (status == FLAGS_DONE)
		return SUP_EXIT_OK;
	if (status == 0 && prepare(&plane, err) == 0 && sup_plane_init(&plane, err) == 0) {
		status = sup_plane_run(&plane);
		sup_plane_fini(&plane);
	} else {
		status = ERROR_RETURN;
	}
	sup_listeners_close(&plane.listeners);
	sup_state_close(&plane.state);
	sup_sink_close();
	return status;
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_create(0);
	struct sup_flags *flags;
	struct error err = ERROR_INIT(arena);
	int status;

	str_hash_seed_init();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	flags = sup_flags_create();
	status = read_flags(flags, argc, argv, &err);
	if (status == FLAGS_DONE)
		status = SUP_EXIT_OK;
	else if (status == 0)
		status = run(flags, arena, &err);
	if (status < 0) {
		fprintf(stderr, "Error: %.*s\n", STR_ARG(err.message));
		status = SUP_EXIT_FAILURE;
	}
	sup_flags_destroy(&flags);
	arena_destroy(&arena);
	return status;
}
