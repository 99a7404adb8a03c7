/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "buffer.h"
#include "sup_backoff.h"
#include "sup_config.h"
#include "sup_flag.h"
#include "sup_flag_value.h"
#include "sup_help.h"
#include "sup_network.h"
#include "sup_options.h"
#include "sup_output.h"

#define MAX_WORDS 8

struct fixture {
	struct arena *arena;
	struct sup_flags *flags;
	struct error err;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture.arena = arena_create(0);
	fixture.flags = sup_flags_create();
	fixture.err = ERROR_INIT(fixture.arena);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sup_flags_destroy(&fixture->flags);
	arena_destroy(&fixture->arena);
	return 0;
}

static int parse(struct fixture *fixture, const char *const *words)
{
	const char *argv[MAX_WORDS + 2] = {"kube-apiserver"};
	int argc = 1;

	while (argc <= MAX_WORDS && words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	return sup_flags_parse(fixture->flags, argc, (char *const *)argv, &fixture->err);
}

static void good_flags_get_their_normal_form(void **state)
{
	static const struct {
		const char *words[MAX_WORDS];
		enum sup_flag_id id;
		const char *echo;
	} rows[] = {
		{{NULL}, SUP_FLAG_SECURE_PORT, "6443"},
		{{"--secure-port", "7443"}, SUP_FLAG_SECURE_PORT, "7443"},
		{{"--secure_port=7443"}, SUP_FLAG_SECURE_PORT, "7443"},
		{{"--secure-port=1", "--secure-port=2"}, SUP_FLAG_SECURE_PORT, "2"},
		{{NULL}, SUP_FLAG_ADVERTISE_ADDRESS, "<nil>"},
		{{"--advertise-address=::1"}, SUP_FLAG_ADVERTISE_ADDRESS, "::1"},
		{{NULL}, SUP_FLAG_ANONYMOUS_AUTH, "true"},
		{{"--anonymous-auth"}, SUP_FLAG_ANONYMOUS_AUTH, "true"},
		{{"--anonymous-auth=F"}, SUP_FLAG_ANONYMOUS_AUTH, "false"},
		{{"--request-timeout=90s"}, SUP_FLAG_REQUEST_TIMEOUT, "1m30s"},
		{{NULL}, SUP_FLAG_AUTHORIZATION_MODE, "[AlwaysAllow]"},
		{{"--authorization-mode=Node,RBAC"}, SUP_FLAG_AUTHORIZATION_MODE, "[Node,RBAC]"},
		{{"--authorization-mode=Node", "--authorization-mode=RBAC"},
			SUP_FLAG_AUTHORIZATION_MODE, "[Node,RBAC]"},
		{{"--tls-cipher-suites=\"a,b\",c"}, SUP_FLAG_TLS_CIPHER_SUITES, "[\"a,b\",c]"},
		{{"--service-account-issuer=a,b", "--service-account-issuer=c"},
			SUP_FLAG_SERVICE_ACCOUNT_ISSUER, "[\"a,b\",c]"},
		{{"--runtime-config=b=false,api/all", "--runtime-config=a=true"},
			SUP_FLAG_RUNTIME_CONFIG, "a=true,api/all=,b=false"},
		{{"--feature-gates=X=true,Y=0", "--feature-gates=X=false"}, SUP_FLAG_FEATURE_GATES,
			"X=false,Y=false"},
		{{"--service-node-port-range=80"}, SUP_FLAG_SERVICE_NODE_PORT_RANGE, "80"},
		{{"--service-node-port-range=100+20"}, SUP_FLAG_SERVICE_NODE_PORT_RANGE, "100-120"},
		{{"--tls-sni-cert-key=c,k", "--tls-sni-cert-key=c2,k2:n,*.m"},
			SUP_FLAG_TLS_SNI_CERT_KEY, "[c,k;c2,k2:n,*.m]"},
		{{"-v2"}, SUP_FLAG_V, "2"},
		{{"-v", "3"}, SUP_FLAG_V, "3"},
		{{"-v=4"}, SUP_FLAG_V, "4"},
		{{"--v=5", "--"}, SUP_FLAG_V, "5"},
		{{"-h"}, SUP_FLAG_HELP, "true"},
		{{"-hv7"}, SUP_FLAG_V, "7"},
		{{"--version"}, SUP_FLAG_VERSION, "true"},
		{{"--version=raw"}, SUP_FLAG_VERSION, "raw"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sup_flags_destroy(&fixture->flags);
		fixture->flags = sup_flags_create();
		if (parse(fixture, rows[i].words) < 0)
			fail_msg("row %zu: %.*s", i, STR_ARG(fixture->err.message));
		struct str echo = sup_flags_echo(fixture->flags, rows[i].id, fixture->arena);

		if (!str_equal_c(echo, rows[i].echo))
			fail_msg("row %zu: %.*s", i, STR_ARG(echo));
	}
}

static void bad_flags_are_refused_in_the_known_words(void **state)
{
	static const struct {
		const char *words[MAX_WORDS];
		const char *message;
	} rows[] = {
		{{"--nonsense"}, "unknown flag: --nonsense"},
		{{"--nonsense=1"}, "unknown flag: --nonsense"},
		{{"--=x"}, "bad flag syntax: --=x"},
		{{"---x"}, "bad flag syntax: ---x"},
		{{"-x"}, "unknown shorthand flag: 'x' in -x"},
		{{"--secure-port"}, "flag needs an argument: --secure-port"},
		{{"-v"}, "flag needs an argument: 'v' in -v"},
		{{"--secure-port=x"},
			"invalid argument \"x\" for \"--secure-port\" flag: strconv.ParseInt: parsing "
			"\"x\": invalid syntax"},
		{{"--secure-port=99999999999999999999"},
			"invalid argument \"99999999999999999999\" for \"--secure-port\" flag: "
			"strconv.ParseInt: parsing \"99999999999999999999\": value out of range"},
		{{"-vx"},
			"invalid argument \"x\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"x\": "
			"invalid syntax"},
		{{"--anonymous-auth=maybe"},
			"invalid argument \"maybe\" for \"--anonymous-auth\" flag: strconv.ParseBool: "
			"parsing \"maybe\": invalid syntax"},
		{{"--bind-address=host"},
			"invalid argument \"host\" for \"--bind-address\" flag: failed "
			"to parse IP: \"host\""},
		{{"--request-timeout=5"},
			"invalid argument \"5\" for \"--request-timeout\" flag: time: "
			"missing unit in duration \"5\""},
		{{"--feature-gates=X"},
			"invalid argument \"X\" for \"--feature-gates\" flag: missing "
			"bool value for X"},
		{{"--service-node-port-range=9-8"},
			"invalid argument \"9-8\" for \"--service-node-port-range\" flag: unable to "
			"parse port range: \"9-8\""},
		{{"--tls-sni-cert-key=c"},
			"invalid argument \"c\" for \"--tls-sni-cert-key\" flag: "
			"expected comma separated certificate and key file paths"},
		{{"word", "--v=1", "other"},
			"\"kube-apiserver\" does not take any arguments, got [\"word\" \"other\"]"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		error_clear(&fixture->err);
		assert_int_equal(parse(fixture, rows[i].words), ERROR_RETURN);
		if (!str_equal_c(fixture->err.message, rows[i].message))
			fail_msg("row %zu: %.*s", i, STR_ARG(fixture->err.message));
	}
}

static const char *write_config(struct fixture *fixture, const char *text)
{
	char path[] = "/tmp/troika-test-supervisor-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return arena_copy_c(fixture->arena, str_from_c(path));
}

static void the_command_line_goes_before_the_config_file(void **state)
{
	struct fixture *fixture = *state;
	const char *words[MAX_WORDS] = {"--secure-port=1", "--authorization-mode=Node"};
	const char *path = write_config(fixture,
		"secure-port = 2;\n"
		"authorization_mode = ( \"RBAC\" );\n"
		"generic: { request-timeout = \"5s\"; tls-cipher-suites = [ \"a\", \"b\" ]; };\n"
		"server-users: { core = \"nobody\"; extensions = \"daemon\"; };\n");

	assert_int_equal(parse(fixture, words), 0);
	assert_int_equal(sup_config_read(fixture->flags, path, &fixture->err), 0);
	unlink(path);
	assert_int_equal(sup_flags_integer(fixture->flags, SUP_FLAG_SECURE_PORT), 1);
	assert_int_equal(sup_flags_count(fixture->flags, SUP_FLAG_AUTHORIZATION_MODE), 1);
	assert_int_equal(
		sup_flags_duration_ns(fixture->flags, SUP_FLAG_REQUEST_TIMEOUT), 5000000000);
	assert_int_equal(sup_flags_count(fixture->flags, SUP_FLAG_TLS_CIPHER_SUITES), 2);
	assert_true(str_equal(sup_flags_echo(fixture->flags, SUP_FLAG_SERVER_USERS, fixture->arena),
		STR("core=nobody,extensions=daemon")));
}

static void config_values_are_checked_by_type(void **state)
{
	static const struct {
		const char *text, *end;
	} rows[] = {
		{"\nsecure-port = \"x\";\n",
			":2: invalid value \"x\" for \"secure-port\": strconv.ParseInt: parsing \"x\": "
			"invalid syntax"},
		{"secure-prot = 1;\n", ":1: unknown setting \"secure-prot\""},
		{"config = \"x\";\n", ":1: \"config\" cannot be set in a file"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *path = write_config(fixture, rows[i].text);

		assert_int_equal(
			sup_config_read(fixture->flags, path, &fixture->err), ERROR_RETURN);
		unlink(path);
		if (!str_ends_with(fixture->err.message, str_from_c(rows[i].end)))
			fail_msg("row %zu: %.*s", i, STR_ARG(fixture->err.message));
	}
}

static void validation_collects_all_errors(void **state)
{
	static const struct {
		const char *words[MAX_WORDS];
		const char *message;
	} rows[] = {
		{{"--secure-port=0"}, "--secure-port 0 must be between 1 and 65535, inclusive. It "
				      "cannot be turned off with 0"},
		{{"--secure-port=0", "--authorization-mode=X,RBAC,RBAC", "--tls-min-version=SSL3"},
			"[--secure-port 0 must be between 1 and 65535, inclusive. It cannot be turned "
			"off with 0, unknown tls version \"SSL3\", authorization-mode \"X\" is not a "
			"valid mode, authorization-mode [\"X\" \"RBAC\" \"RBAC\"] has mode "
			"specified more than once]"},
		{{"--service-cluster-ip-range=10.0.0.0/8"},
			"specified --service-cluster-ip-range[0] is too large; for 32-bit addresses, "
			"the mask must be >= 12"},
		{{"--request-timeout=-1s"}, "--request-timeout can not be negative value"},
		{{"--storage-backend=consul"},
			"--storage-backend invalid, allowed values: lmdb, etcd3"},
		{{"--tls-cert-file=x"},
			"--tls-cert-file and --tls-private-key-file must be given together"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sup_options options;

		sup_flags_destroy(&fixture->flags);
		fixture->flags = sup_flags_create();
		assert_int_equal(parse(fixture, rows[i].words), 0);
		sup_flags_replace(fixture->flags, SUP_FLAG_ADVERTISE_ADDRESS, STR("192.0.2.1"));
		assert_int_equal(sup_options_complete(
					 fixture->flags, fixture->arena, &options, &fixture->err),
			0);
		assert_int_equal(sup_options_validate(fixture->flags, &fixture->err), ERROR_RETURN);
		if (!str_equal_c(fixture->err.message, rows[i].message))
			fail_msg("row %zu: %.*s", i, STR_ARG(fixture->err.message));
	}
}

static void completion_fills_what_is_left_open(void **state)
{
	struct fixture *fixture = *state;
	const char *words[MAX_WORDS] = {"--advertise-address=192.0.2.7", "--state-dir=relative/",
		"--service-cluster-ip-range=10.96.0.0/12,fd00::/112"};
	struct sup_options options;

	assert_int_equal(parse(fixture, words), 0);
	assert_int_equal(
		sup_options_complete(fixture->flags, fixture->arena, &options, &fixture->err), 0);
	assert_true(
		str_equal(sup_ip_format(fixture->arena, &options.service_ip), STR("10.96.0.1")));
	assert_true(options.state_directory[0] == '/');
	assert_true(str_ends_with(str_from_c(options.state_directory), STR("/relative")));
	assert_true(str_equal(
		sup_flags_text(fixture->flags, SUP_FLAG_EXTERNAL_HOSTNAME), STR("192.0.2.7")));
	assert_false(sup_flags_bool(fixture->flags, SUP_FLAG_ANONYMOUS_AUTH));
	assert_true(
		str_equal(sup_flags_text(fixture->flags, SUP_FLAG_STORAGE_BACKEND), STR("lmdb")));
	assert_int_equal(sup_options_validate(fixture->flags, &fixture->err), 0);
}

static void a_service_range_that_is_too_small_is_refused(void **state)
{
	struct fixture *fixture = *state;
	const char *words[MAX_WORDS] = {
		"--advertise-address=192.0.2.7", "--service-cluster-ip-range=10.0.0.0/30"};
	struct sup_options options;

	assert_int_equal(parse(fixture, words), 0);
	assert_int_equal(
		sup_options_complete(fixture->flags, fixture->arena, &options, &fixture->err),
		ERROR_RETURN);
	assert_true(str_ends_with(fixture->err.message, STR("at least 8 IP addresses")));
}

static void restarts_wait_longer_each_time_up_to_ten_seconds(void **state)
{
	(void)state;
	static const uint64_t expected_ms[] = {
		0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000};
	struct sup_backoff backoff = {0};

	for (size_t i = 0; i < sizeof(expected_ms) / sizeof(*expected_ms); i++)
		assert_int_equal(sup_backoff_next_ns(&backoff, 1000), expected_ms[i] * 1000000);
	for (int i = 0; i < 1000; i++)
		sup_backoff_next_ns(&backoff, 0);
	assert_int_equal(sup_backoff_next_ns(&backoff, 0), SUP_BACKOFF_LAST_NS);
	assert_int_equal(sup_backoff_next_ns(&backoff, SUP_BACKOFF_HEALTHY_NS), 0);
	assert_int_equal(sup_backoff_next_ns(&backoff, SUP_BACKOFF_HEALTHY_NS - 1), 100000000);
}

static void addresses_and_ranges_are_understood(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *text;
		bool is_good, is_global;
	} rows[] = {
		{"10.0.0.1", true, true},
		{"127.0.0.1", true, false},
		{"169.254.1.1", true, false},
		{"224.0.0.1", true, false},
		{"255.255.255.255", true, false},
		{"0.0.0.0", true, false},
		{"::1", true, false},
		{"fe80::1", true, false},
		{"ff02::1", true, false},
		{"2001:db8::1", true, true},
		{"10.0.0", false, false},
		{"10.0.0.256", false, false},
		{"", false, false},
		{"host", false, false},
		{"1::2::3", false, false},
	};
	struct sup_cidr cidr;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sup_ip ip;
		bool is_good = sup_ip_parse(str_from_c(rows[i].text), &ip);

		if (is_good != rows[i].is_good ||
			(is_good && sup_ip_is_global_unicast(&ip) != rows[i].is_global))
			fail_msg("row %zu", i);
	}
	assert_true(sup_cidr_parse(STR("10.1.2.3/20"), &cidr));

	struct sup_ip ip = sup_cidr_address(&cidr, 257);

	assert_true(str_equal(sup_ip_format(fixture->arena, &ip), STR("10.1.1.1")));
	assert_int_equal(sup_cidr_host_bits(&cidr), 12);
	assert_false(sup_cidr_parse(STR("10.1.2.3/33"), &cidr));
	assert_false(sup_cidr_parse(STR("10.1.2.3"), &cidr));
}

static void the_default_route_is_found_in_the_kernels_table(void **state)
{
	(void)state;
	static const char routes[] =
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n"
		"eth1\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		"eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";

	assert_true(str_equal(sup_network_default_interface(STR(routes)), STR("eth0")));
	assert_true(str_is_empty(sup_network_default_interface(STR("Iface\n"))));
	assert_true(str_is_empty(sup_network_default_interface(STR(""))));
}

static void help_shows_every_flag_in_its_section(void **state)
{
	(void)state;
	struct buffer buffer = {0};

	sup_help_format(&buffer, 0);
	for (unsigned id = 0; id < SUP_FLAG_COUNT; id++) {
		char name[80];

		const struct sup_flag *flag = sup_flag_get((enum sup_flag_id)id);

		snprintf(name, sizeof(name), " --%s ", flag->name);
		if ((str_find(buffer_str(&buffer), str_from_c(name)) == buffer.length) !=
			flag->is_hidden)
			fail_msg("%s is %sshown", name, flag->is_hidden ? "" : "not ");
	}
	assert_true(
		str_find(buffer_str(&buffer), STR("\nSecure serving flags:\n\n")) < buffer.length);
	assert_true(str_find(buffer_str(&buffer), STR("      --secure-port int ")) < buffer.length);
	assert_true(str_find(buffer_str(&buffer), STR(" (default 6443)\n")) < buffer.length);
	assert_true(str_find(buffer_str(&buffer), STR("      --version version[=true] ")) <
		    buffer.length);
	assert_true(str_find(buffer_str(&buffer), STR("  -h, --help ")) < buffer.length);
	buffer_clear(&buffer);
	sup_help_format(&buffer, 80);

	struct str rest = buffer_str(&buffer);

	while (!str_is_empty(rest)) {
		struct str line = str_split(&rest, '\n');

		if (line.length > 90)
			fail_msg("%.*s", STR_ARG(line));
	}
	buffer_fini(&buffer);
}

static void log_lines_are_known_from_others(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		bool is_log;
	} rows[] = {
		{"I0102 15:04:05.000000 1234567 main.c:1] text\n", true},
		{"E1231 23:59:59.999999       1 x.c:1] text\n", true},
		{"X0102 15:04:05.000000 1234567 main.c:1] text\n", false},
		{"I0102 15:04:05,000000 1234567 main.c:1] text\n", false},
		{"I0102", false},
		{"", false},
		{"==1234==ERROR: AddressSanitizer\n", false},
		{"{\"ts\":1.2,\"caller\":\"x.c:1\",\"msg\":\"m\"}\n", true},
		{"{\"kind\":\"Pod\"}\n", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(
			sup_output_is_log_line(rows[i].line, strlen(rows[i].line)), rows[i].is_log);
}

int main(void)
{
#define WITH_FLAGS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_FLAGS(good_flags_get_their_normal_form),
		WITH_FLAGS(bad_flags_are_refused_in_the_known_words),
		WITH_FLAGS(the_command_line_goes_before_the_config_file),
		WITH_FLAGS(config_values_are_checked_by_type),
		WITH_FLAGS(validation_collects_all_errors),
		WITH_FLAGS(completion_fills_what_is_left_open),
		WITH_FLAGS(a_service_range_that_is_too_small_is_refused),
		WITH_FLAGS(addresses_and_ranges_are_understood),
		cmocka_unit_test(restarts_wait_longer_each_time_up_to_ten_seconds),
		cmocka_unit_test(the_default_route_is_found_in_the_kernels_table),
		cmocka_unit_test(help_shows_every_flag_in_its_section),
		cmocka_unit_test(log_lines_are_known_from_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
