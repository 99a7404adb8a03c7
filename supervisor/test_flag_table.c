/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sup_config.h"
#include "sup_feature.h"
#include "sup_file.h"
#include "sup_flag_value.h"
#include "sup_help.h"

/* The table of flags as a whole: beside the known facts, in help, and through a config file. */

static void read_golden(const char *name, struct buffer *buffer)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIRECTORY, name);
	assert_int_equal(sup_file_read(path, buffer, NULL), 0);
}

static void check_line(struct sup_flags *flags, struct arena *arena, struct str line)
{
	struct str rest = line;
	struct str name = str_split(&rest, '\t');
	struct str type = str_split(&rest, '\t');
	struct str otherwise = str_split(&rest, '\t');
	const struct sup_flag *flag = sup_flag_find(name);

	if (!flag)
		fail_msg("--%.*s is unknown", STR_ARG(name));

	struct str echo = sup_flags_echo(flags, sup_flag_id(flag), arena);
	const char *word = sup_flag_value_word(flag->type);

	if (!str_equal_c(type, word[0] ? word : "bool"))
		fail_msg("--%s is of type %s", flag->name, word);
	if (!str_equal(echo, otherwise))
		fail_msg("--%s has the default %.*s", flag->name, STR_ARG(echo));
	if ((flag->deprecated != NULL) != str_equal(rest, STR("yes")))
		fail_msg("--%s %s deprecated", flag->name, flag->deprecated ? "is" : "is not");
}

static void every_flag_of_upstream_is_known_with_type_default_and_deprecation(void **state)
{
	struct sup_flags *flags = sup_flags_create();
	struct arena *arena = arena_create(0);
	struct buffer golden = {0};
	struct str rest;
	size_t count = 0;

	(void)state;
	read_golden("flags.tsv", &golden);
	rest = buffer_str(&golden);
	while (!str_is_empty(rest)) {
		struct str line = str_split(&rest, '\n');

		if (str_starts_with(line, STR("#")))
			continue;
		check_line(flags, arena, line);
		count++;
	}
	assert_int_equal(count, 216);
	buffer_fini(&golden);
	arena_destroy(&arena);
	sup_flags_destroy(&flags);
}

static bool is_in(struct str text, const char *word)
{
	return str_find(text, str_from_c(word)) < text.length;
}

static void no_row_contradicts_itself(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		const struct sup_flag *flag = sup_flag_get((enum sup_flag_id)i);
		struct str effect = str_from_c(sup_flag_effect_text(flag->effect));
		bool is_alias = flag->variable != (enum sup_flag_id)i;
		bool is_later = is_in(effect, "acts from");

		if (str_find_byte(str_from_c(flag->name), '_') < strlen(flag->name))
			fail_msg("--%s has an underscore", flag->name);
		if (is_alias && (sup_flag_get(flag->variable)->variable != flag->variable ||
					!flag->deprecated))
			fail_msg("--%s is an alias of an alias, or not deprecated", flag->name);
		if (flag->effect == SUP_EFFECT_IGNORED && flag->servers != 0)
			fail_msg("--%s is ignored, but servers get it", flag->name);
		if (is_later && !is_alias && flag->servers == 0 &&
			flag->section != SUP_SECTION_TROIKA)
			fail_msg("--%s is to act later, but no server gets it", flag->name);
		if (flag->section != SUP_SECTION_TROIKA && flag->since[0] == '\0')
			fail_msg("--%s does not say since when", flag->name);
	}
}

static void help_looks_as_it_did(const char *name, unsigned columns)
{
	struct buffer golden = {0}, help = {0};
	struct str expected, got;
	unsigned line = 0;

	read_golden(name, &golden);
	sup_help_format(&help, columns);
	expected = buffer_str(&golden);
	got = buffer_str(&help);
	while (!str_is_empty(expected) || !str_is_empty(got)) {
		struct str expected_line = str_split(&expected, '\n');
		struct str got_line = str_split(&got, '\n');

		line++;
		if (!str_equal(expected_line, got_line))
			fail_msg("%s, line %u: %.*s", name, line, STR_ARG(got_line));
	}
	buffer_fini(&golden);
	buffer_fini(&help);
}

static void help_without_a_terminal_has_two_columns(void **state)
{
	(void)state;
	help_looks_as_it_did("help_0.txt", 0);
}

static void help_on_a_usual_terminal_is_wrapped(void **state)
{
	(void)state;
	help_looks_as_it_did("help_80.txt", 80);
}

static void help_on_a_narrow_terminal_is_not_wrapped(void **state)
{
	(void)state;
	help_looks_as_it_did("help_30.txt", 30);
}

/* --- echo, config file, echo ------------------------------------------------------------------ */

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

/* Bytes that have a meaning to somebody on the way. */
static struct str random_text(struct arena *arena)
{
	static const char bytes[] = "abAB01.:/*-_=,;\"'\\{}()[]#@\n\t \x01\x7f\xc3\xa9";
	size_t length = random_below(12);
	char *text = arena_allocate_text(arena, length + 1);

	for (size_t i = 0; i < length; i++)
		text[i] = bytes[random_below(sizeof(bytes) - 1)];
	text[length] = '\0';
	return str_from(text, length);
}

static struct str random_value(struct arena *arena, enum sup_flag_type type)
{
	struct str a = random_text(arena), b = random_text(arena);

	switch (type) {
	case SUP_FLAG_TYPE_BOOL:
		return random_below(2) ? STR("true") : STR("false");
	case SUP_FLAG_TYPE_INT:
	case SUP_FLAG_TYPE_LEVEL:
		return arena_printf(arena, "%d", (int)random_below(1 << 24) - (1 << 23));
	case SUP_FLAG_TYPE_UINT:
		return arena_printf(arena, "%u000000", random_below(1 << 24));
	case SUP_FLAG_TYPE_FLOAT:
	case SUP_FLAG_TYPE_FLOAT32:
		return arena_printf(arena, "%u.%ue-3", random_below(1000), random_below(1000));
	case SUP_FLAG_TYPE_DURATION:
		return arena_printf(arena, "%um%ums", random_below(100), random_below(10000));
	case SUP_FLAG_TYPE_IP:
		return random_below(4) ? arena_printf(arena, "10.0.%u.1", random_below(256))
				       : STR_EMPTY;
	case SUP_FLAG_TYPE_PORT_RANGE:
		return arena_printf(arena, "%u+%u", random_below(1000), random_below(1000));
	case SUP_FLAG_TYPE_CIDRS:
		return STR("10.0.0.0/8,fd00::/8");
	case SUP_FLAG_TYPE_INT32S:
		return STR("23,-4");
	case SUP_FLAG_TYPE_MODULE_SPEC:
		return STR("sup_*=3,main=2");
	case SUP_FLAG_TYPE_MAP_BOOL:
		return arena_printf(arena, "Gate%u=%s", random_below(9), "true");
	case SUP_FLAG_TYPE_NAMED_CERT_KEY:
		return arena_printf(arena, "c%u,k:*.a,%u", random_below(9), random_below(9));
	case SUP_FLAG_TYPE_QUANTITY:
		return STR("1.5Gi");
	case SUP_FLAG_TYPE_SEVERITY:
		return STR("WARNING");
	case SUP_FLAG_TYPE_TRACE_LOCATION:
		return STR("main.c:12");
	case SUP_FLAG_TYPE_MAP:
	case SUP_FLAG_TYPE_PAIRS:
	case SUP_FLAG_TYPE_STRING_TO_STRING:
		return arena_printf(arena, "%.*s=%.*s", STR_ARG(a), STR_ARG(b));
	default:
		return a;
	}
}

static void set_some(struct sup_flags *flags, struct arena *arena)
{
	for (unsigned i = 0; i < 60; i++) {
		enum sup_flag_id id = (enum sup_flag_id)random_below(SUP_FLAG_COUNT);
		const struct sup_flag *flag = sup_flag_get(id);

		if (flag->type == SUP_FLAG_TYPE_VERSION || id == SUP_FLAG_HELP ||
			id == SUP_FLAG_CONFIG || id == SUP_FLAG_PRINT_CONFIG ||
			id == SUP_FLAG_VALIDATE_ONLY || flag->deprecated)
			continue;
		/* What is refused (a stray quote) is not set. */
		if (sup_flags_set(flags, flag, SUP_SOURCE_COMMAND_LINE,
			    random_value(arena, flag->type), NULL) < 0)
			continue;
	}
}

static void assert_same(
	const struct sup_flags *a, const struct sup_flags *b, struct arena *arena, struct str file)
{
	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		enum sup_flag_id id = (enum sup_flag_id)i;
		struct str first = sup_flags_echo(a, id, arena);
		struct str second = sup_flags_echo(b, id, arena);

		if (!str_equal(first, second))
			fail_msg("--%s was %.*s and is %.*s by way of\n%.*s",
				sup_flag_get(id)->name, STR_ARG(first), STR_ARG(second),
				STR_ARG(file));
	}
}

static void a_printed_configuration_read_again_is_the_same(void **state)
{
	(void)state;
	for (random_state = 1; random_state < 200; random_state++) {
		uint32_t seed = random_state;
		char path[] = "/tmp/troika-test-flags-XXXXXX";
		struct sup_flags *flags = sup_flags_create(), *again = sup_flags_create();
		struct arena *arena = arena_create(0);
		struct error err = ERROR_INIT(arena);
		struct buffer file = {0};
		int fd = mkstemp(path);

		set_some(flags, arena);
		sup_config_write(flags, &file);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, file.data, file.length), (ssize_t)file.length);
		close(fd);
		if (sup_config_read(again, path, &err) < 0)
			fail_msg("seed %u: %.*s\n%.*s", seed, STR_ARG(err.message),
				STR_ARG(buffer_str(&file)));
		unlink(path);
		assert_same(flags, again, arena, buffer_str(&file));
		buffer_fini(&file);
		arena_destroy(&arena);
		sup_flags_destroy(&flags);
		sup_flags_destroy(&again);
		random_state = seed;
	}
}

/* --- precedence and sections ------------------------------------------------------------------ */

static struct sup_flags *read_all(
	const char *file, const char *variable, const char *value, const char *word)
{
	char path[] = "/tmp/troika-test-flags-XXXXXX";
	char *argv[] = {(char *)"kube-apiserver", (char *)word};
	struct sup_flags *flags = sup_flags_create();
	struct error err = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, strlen(file)), (ssize_t)strlen(file));
	close(fd);
	if (variable)
		setenv(variable, value, 1);
	if (sup_flags_parse(flags, word ? 2 : 1, argv, &err) < 0 ||
		sup_flags_read_environment(flags, &err) < 0 ||
		sup_config_read(flags, path, &err) < 0)
		fail_msg("%.*s", STR_ARG(err.message));
	if (variable)
		unsetenv(variable);
	unlink(path);
	return flags;
}

static void the_command_line_goes_before_the_environment_and_that_before_the_file(void **state)
{
	(void)state;
	static const struct {
		const char *value, *word;
		int64_t port;
	} rows[] = {
		{NULL, NULL, 3},
		{"2", NULL, 2},
		{"2", "--secure-port=1", 1},
		{NULL, "--secure-port=1", 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sup_flags *flags = read_all("secure-port = 3;\n",
			rows[i].value ? "TROIKA_SECURE_PORT" : NULL, rows[i].value, rows[i].word);

		assert_int_equal(sup_flags_integer(flags, SUP_FLAG_SECURE_PORT), rows[i].port);
		sup_flags_destroy(&flags);
	}
}

static void a_bad_variable_is_named(void **state)
{
	(void)state;
	struct sup_flags *flags = sup_flags_create();
	struct error err = {0};

	setenv("TROIKA_SECURE_PORT", "x", 1);
	assert_int_equal(sup_flags_read_environment(flags, &err), ERROR_RETURN);
	unsetenv("TROIKA_SECURE_PORT");
	assert_true(str_equal(err.message,
		STR("invalid value \"x\" for TROIKA_SECURE_PORT: strconv.ParseInt: parsing \"x\": "
		    "invalid syntax")));
	sup_flags_destroy(&flags);
}

static void an_empty_list_in_the_file_takes_the_default_away(void **state)
{
	(void)state;
	struct sup_flags *flags = read_all("authorization-mode = [];\n", NULL, NULL, NULL);

	assert_int_equal(sup_flags_count(flags, SUP_FLAG_AUTHORIZATION_MODE), 0);
	sup_flags_destroy(&flags);
}

static void a_servers_section_fills_the_flags_for_servers(void **state)
{
	(void)state;
	struct arena *arena = arena_create(0);
	struct sup_flags *flags = read_all(
		"core: { user = \"a\"; nice = 3; cpus = \"0-1,4\"; memory-limit = \"2Gi\"; };\n"
		"extensions-apiserver: { restart = \"never\"; worker-loops = 2; group = \"g\"; };\n",
		NULL, NULL, NULL);

	assert_true(str_equal(sup_flags_echo(flags, SUP_FLAG_SERVER_USERS, arena), STR("core=a")));
	assert_true(str_equal(sup_flags_echo(flags, SUP_FLAG_SERVER_NICE, arena), STR("core=3")));
	assert_true(str_equal(sup_flags_text(flags, SUP_FLAG_SERVER_CPUS), STR("core=0-1,4")));
	assert_true(
		str_equal(sup_flags_text(flags, SUP_FLAG_SERVER_RESTART), STR("extensions=never")));
	assert_true(str_equal(sup_flags_text(flags, SUP_FLAG_SERVER_GROUPS), STR("extensions=g")));
	sup_flags_destroy(&flags);
	arena_destroy(&arena);
}

/* --- features --------------------------------------------------------------------------------- */

static void gates_are_on_as_their_stage_and_the_flag_say(void **state)
{
	(void)state;
	static const struct {
		const char *word, *gate;
		bool is_on;
	} rows[] = {
		{NULL, "StorageVersionAPI", false},
		{"--feature-gates=AllAlpha=true", "StorageVersionAPI", true},
		{"--feature-gates=AllAlpha=true,StorageVersionAPI=false", "StorageVersionAPI",
			false},
		{NULL, "WatchList", true},
		{"--feature-gates=AllBeta=false", "WatchList", false},
		{"--feature-gates=AllBeta=false", "SidecarContainers", true},
		{"--feature-gates=kube:WatchList=false", "WatchList", false},
		{NULL, "NoSuchGate", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sup_flags *flags = read_all("", NULL, NULL, rows[i].word);

		if (sup_feature_is_on(flags, str_from_c(rows[i].gate)) != rows[i].is_on)
			fail_msg("row %zu", i);
		sup_flags_destroy(&flags);
	}
}

static void gates_stand_in_order_and_once(void **state)
{
	(void)state;
	for (size_t i = 1; sup_feature_get(i); i++)
		assert_true(strcmp(sup_feature_get(i - 1)->name, sup_feature_get(i)->name) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flag_of_upstream_is_known_with_type_default_and_deprecation),
		cmocka_unit_test(no_row_contradicts_itself),
		cmocka_unit_test(help_without_a_terminal_has_two_columns),
		cmocka_unit_test(help_on_a_usual_terminal_is_wrapped),
		cmocka_unit_test(help_on_a_narrow_terminal_is_not_wrapped),
		cmocka_unit_test(a_printed_configuration_read_again_is_the_same),
		cmocka_unit_test(
			the_command_line_goes_before_the_environment_and_that_before_the_file),
		cmocka_unit_test(a_bad_variable_is_named),
		cmocka_unit_test(an_empty_list_in_the_file_takes_the_default_away),
		cmocka_unit_test(a_servers_section_fills_the_flags_for_servers),
		cmocka_unit_test(gates_are_on_as_their_stage_and_the_flag_say),
		cmocka_unit_test(gates_stand_in_order_and_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
