/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "buffer.h"
#include "config_file.h"
#include "settings.h"

static struct settings *sample(void)
{
	struct settings *settings = settings_create();

	settings_set(settings, STR("secure-port"), STR("1"));
	settings_set(settings, STR("secure-port"), STR("6443"));
	settings_add(settings, STR("authorization-mode"), STR("Node"));
	settings_add(settings, STR("authorization-mode"), STR("RBAC"));
	settings_add(settings, STR("authorization-mode"), STR(""));
	settings_set(settings, STR("request-timeout"), STR("1m0s"));
	settings_set(settings, STR("anonymous-auth"), STR("false"));
	settings_set(settings, STR("content.binary"), str_from("a\0b", 3));
	return settings;
}

static void check_sample(const struct settings *settings)
{
	struct str mode = STR("authorization-mode");

	assert_int_equal(settings_integer(settings, "secure-port", -1), 6443);
	assert_int_equal(settings_count(settings, mode), 3);
	assert_true(str_equal(settings_value(settings, mode, 1), STR("RBAC")));
	assert_true(str_is_empty(settings_value(settings, mode, 2)));
	assert_true(str_is_empty(settings_value(settings, mode, 3)));
	assert_int_equal(settings_duration_ns(settings, "request-timeout", 0), 60000000000);
	assert_false(settings_bool(settings, "anonymous-auth", true));
	assert_true(settings_bool(settings, "absent", true));
	assert_int_equal(settings_integer(settings, "anonymous-auth", 7), 7);
	assert_int_equal(settings_text(settings, "content.binary").length, 3);
	assert_true(str_equal(settings_name(settings, 1), mode));
	assert_true(str_is_empty(settings_name(settings, 99)));
}

static void settings_survive_the_memfd(void **state)
{
	(void)state;
	struct settings *settings = sample();
	struct settings *copy = NULL;
	struct error err = {0};
	int fd = -1;

	check_sample(settings);
	assert_int_equal(settings_to_memfd(settings, &fd, &err), 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(settings_from_memfd(fd, &copy, &err), 0);
	check_sample(copy);
	close(fd);
	settings_destroy(&settings);
	settings_destroy(&copy);
	assert_null(copy);
	settings_destroy(&copy);
}

static struct str encoded_sample(struct buffer *buffer)
{
	struct settings *settings = sample();
	char chunk[4096];
	ssize_t got;
	int fd = -1;

	assert_int_equal(settings_to_memfd(settings, &fd, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buffer_append(buffer, str_from(chunk, (size_t)got));
	close(fd);
	settings_destroy(&settings);
	return buffer_str(buffer);
}

static void settings_cut_or_lengthened_anywhere_are_refused(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	struct settings *settings = NULL;
	struct str encoded = encoded_sample(&buffer);

	for (size_t length = 0; length < encoded.length; length++) {
		struct error err = {0};

		assert_int_equal(settings_decode(str_slice(encoded, 0, length), &settings, &err),
			ERROR_RETURN);
		assert_null(settings);
	}
	assert_int_equal(settings_decode(encoded, &settings, NULL), 0);
	settings_destroy(&settings);
	buffer_append_byte(&buffer, 'x');
	assert_int_equal(settings_decode(buffer_str(&buffer), &settings, NULL), ERROR_RETURN);
	buffer_fini(&buffer);
}

static void settings_with_wild_counts_are_refused(void **state)
{
	(void)state;
	struct buffer buffer = {0};
	struct str encoded = encoded_sample(&buffer);

	/* Each byte in turn becomes 0xff: never a crash, and the lengths are never believed. */
	for (size_t i = 0; i < encoded.length; i++) {
		struct settings *settings = NULL;
		char saved = buffer.data[i];

		buffer.data[i] = (char)0xff;
		if (settings_decode(buffer_str(&buffer), &settings, NULL) == 0)
			settings_destroy(&settings);
		assert_null(settings);
		buffer.data[i] = saved;
	}
	buffer_fini(&buffer);
}

static void an_unsealed_descriptor_is_refused(void **state)
{
	(void)state;
	struct settings *settings = NULL;
	struct error err = {0};
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(settings_from_memfd(fd, &settings, &err), ERROR_RETURN);
	assert_true(str_equal(err.message, STR("settings are not a sealed memfd")));
	close(fd);
}

struct seen {
	char text[1024];
};

static int note_entry(void *context, const struct config_entry *entry, struct error *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	if (str_equal(entry->name, STR("unknown")))
		return error_set(err, ERROR_INVALID, "unknown setting");
	snprintf(seen->text + used, sizeof(seen->text) - used, "%s%u %.*s.%.*s%s%.*s;",
		entry->is_first ? "" : "+", entry->line, STR_ARG(entry->group),
		STR_ARG(entry->name), entry->is_empty ? " is empty" : "=", STR_ARG(entry->value));
	return 0;
}

static int read_text(const char *text, struct seen *seen, struct error *err)
{
	char path[] = "/tmp/troika-test-conf-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	*seen = (struct seen){0};

	int result = config_file_read(path, note_entry, seen, err);

	unlink(path);
	return result;
}

static void a_config_file_gives_its_values_in_order(void **state)
{
	(void)state;
	struct error err = {0};
	struct seen seen;

	assert_int_equal(read_text("secure-port = 6443;\n"
				   "# comment\n"
				   "generic : { anonymous_auth = false; };\n"
				   "modes = [ \"Node\", \"RBAC\" ];\n"
				   "mixed = ( 1, true, 5000000000L, 0.5 );\n"
				   "nothing = ( );\n",
				 &seen, &err),
		0);
	assert_string_equal(seen.text,
		"1 .secure-port=6443;3 generic.anonymous_auth=false;4 .modes=Node;+4 .modes=RBAC;"
		"5 .mixed=1;+5 .mixed=true;+5 .mixed=5000000000;+5 .mixed=0.5;"
		"6 .nothing is empty;");
}

static void config_errors_name_file_and_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *end;
	} rows[] = {
		{"a = 1;\nb = = 2;\n", ":2: syntax error"},
		{"a = 1;\n\nunknown = 2;\n", ":3: unknown setting"},
		{"a = ( 1,\n ( 2 ) );\n",
			":2: \"a\" must be a text, number or boolean, or a list of these"},
		{"a:{b:{c:{d:{e:{f=1;};};};};};\n", ":1: groups nest too deep"},
		{"a = 1;\na = 2;\n", ":2: duplicate setting name"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct error err = {0};
		struct seen seen;

		assert_int_equal(read_text(rows[i].text, &seen, &err), ERROR_RETURN);
		if (!str_ends_with(err.message, str_from_c(rows[i].end)))
			fail_msg("row %zu: %.*s", i, STR_ARG(err.message));
		assert_true(str_starts_with(err.message, STR("/tmp/troika-test-conf-")));
	}
}

static void a_missing_config_file_is_named(void **state)
{
	(void)state;
	struct error err = {0};
	struct seen seen = {0};

	assert_int_equal(config_file_read("/nonexistent/x", note_entry, &seen, &err), ERROR_RETURN);
	assert_true(str_equal(err.message, STR("/nonexistent/x: No such file or directory")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_survive_the_memfd),
		cmocka_unit_test(settings_cut_or_lengthened_anywhere_are_refused),
		cmocka_unit_test(settings_with_wild_counts_are_refused),
		cmocka_unit_test(an_unsealed_descriptor_is_refused),
		cmocka_unit_test(a_config_file_gives_its_values_in_order),
		cmocka_unit_test(config_errors_name_file_and_line),
		cmocka_unit_test(a_missing_config_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
