/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sup_complaint.h"
#include "sup_options.h"

/* A row for each message of validation. */

#define MAX_WORDS 8

struct row {
	const char *words[MAX_WORDS];
	const char *message;
};

/* Parses, completes and validates; the message, or the empty view when all is well. */
static struct str validate(struct arena *arena, const char *const *words)
{
	const char *argv[MAX_WORDS + 2] = {"kube-apiserver"};
	struct sup_flags *flags = sup_flags_create();
	struct error err = ERROR_INIT(arena);
	struct sup_options options;
	int argc = 1;

	while (argc <= MAX_WORDS && words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	if (sup_flags_parse(flags, argc, (char *const *)argv, &err) == 0) {
		if (!sup_flags_is_set(flags, SUP_FLAG_ADVERTISE_ADDRESS))
			sup_flags_replace(flags, SUP_FLAG_ADVERTISE_ADDRESS, STR("192.0.2.1"));
		if (sup_options_complete(flags, arena, &options, &err) == 0 &&
			sup_options_validate(flags, &err) == 0)
			error_clear(&err);
	}
	sup_flags_destroy(&flags);
	return err.message;
}

static void check_rows(const struct row *rows, size_t count)
{
	struct arena *arena = arena_create(0);

	for (size_t i = 0; i < count; i++) {
		struct str message = validate(arena, rows[i].words);

		if (!str_equal_c(message, rows[i].message))
			fail_msg("row %zu (%s): %.*s", i, rows[i].words[0], STR_ARG(message));
	}
	arena_destroy(&arena);
}

#define CHECK(rows) check_rows((rows), sizeof(rows) / sizeof(*(rows)))

static void storage_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--storage-backend=etcd3"}, "--etcd-servers must be specified"},
		{{"--storage-backend=consul"},
			"--storage-backend invalid, allowed values: lmdb, etcd3"},
		{{"--etcd-servers-overrides=/events"},
			"--etcd-servers-overrides invalid, must be of format: "
			"group/resource#servers, where servers are URLs, semicolon separated"},
		{{"--etcd-servers-overrides=/events#http://a;"},
			"--etcd-servers-overrides invalid, must be of format: "
			"group/resource#servers, where servers are URLs, semicolon separated"},
		{{"--etcd-servers-overrides=/events#http://a;http://b"}, ""},
		{{"--storage-media-type=text/plain"},
			"--storage-media-type \"text/plain\" invalid, allowed values: "
			"application/json, application/vnd.kubernetes.protobuf, application/yaml"},
		{{"--encryption-provider-config-automatic-reload"},
			"--encryption-provider-config-automatic-reload must be set with "
			"--encryption-provider-config"},
		{{"--watch-cache-sizes=pods"}, "invalid value of watch cache size: pods"},
		{{"--watch-cache-sizes=pods#x"}, "invalid size of watch cache size: pods#x"},
		{{"--watch-cache-sizes=pods#-1"}, "watch cache size cannot be negative: pods#-1"},
		{{"--watch-cache-sizes=pods#0,deployments.apps#10"}, ""},
	};

	CHECK(rows);
}

static void service_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--service-cluster-ip-range=10.0.0.0/8"},
			"specified --service-cluster-ip-range[0] is too large; for 32-bit "
			"addresses, the mask must be >= 12"},
		{{"--service-cluster-ip-range=10.0.0.0/16,fd00::/64"},
			"specified --service-cluster-ip-range[1] is too large; for 128-bit "
			"addresses, the mask must be >= 108"},
		{{"--service-cluster-ip-range=10.0.0.0/16,10.1.0.0/16"},
			"--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be "
			"of different IP family"},
		{{"--service-cluster-ip-range=10.0.0.0/16,fd00::/112,10.1.0.0/16"},
			"--service-cluster-ip-range must not contain more than two entries"},
		{{"--service-cluster-ip-range=x"},
			"service-cluster-ip-range[0] is not a valid cidr"},
		{{"--service-cluster-ip-range=10.0.0.0/16,x"},
			"service-cluster-ip-range[1] is not an ip net"},
		{{"--service-cluster-ip-range=10.0.0.0/31"},
			"error determining service IP ranges: The service cluster IP range must be "
			"at least 8 IP addresses"},
		{{"--service-cluster-ip-range=fd00::/112"},
			"service IP family \"fd00::/112\" must match public address family "
			"\"192.0.2.1\""},
		{{"--service-cluster-ip-range=fd00::/112", "--endpoint-reconciler-type=none"}, ""},
		{{"--kubernetes-service-node-port=70000"},
			"[--kubernetes-service-node-port 70000 must be between 0 and 65535, "
			"inclusive. If 0, the Kubernetes master service will be of type ClusterIP, "
			"kubernetes service port range 30000-32767 doesn't contain 70000]"},
		{{"--kubernetes-service-node-port=80"},
			"kubernetes service port range 30000-32767 doesn't contain 80"},
		{{"--kubernetes-service-node-port=30080"}, ""},
		{{"--endpoint-reconciler-type=x"}, "unknown endpoint reconciler type: x"},
		{{"--apiserver-count=0"},
			"--apiserver-count should be a positive number, but value '0' provided"},
		{{"--identity-lease-duration-seconds=0"},
			"--identity-lease-duration-seconds should be a positive number, but value "
			"'0' provided"},
		{{"--identity-lease-renew-interval-seconds=-1"},
			"--identity-lease-renew-interval-seconds should be a positive number, but "
			"value '-1' provided"},
		{{"--coordinated-leadership-lease-duration=10s"},
			"--coordinated-leadership-lease-duration must be greater than "
			"--coordinated-leadership-renew-deadline"},
		{{"--coordinated-leadership-retry-period=10s"},
			"--coordinated-leadership-renew-deadline must be greater than "
			"--coordinated-leadership-retry-period"},
	};

	CHECK(rows);
}

static void serving_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--secure-port=65536"}, "--secure-port 65536 must be between 1 and 65535, "
					  "inclusive. It cannot be turned off with 0"},
		{{"--tls-private-key-file=x"},
			"--tls-cert-file and --tls-private-key-file must be given together"},
		{{"--tls-min-version=VersionTLS11"}, ""},
		{{"--tls-min-version=1.2"}, "unknown tls version \"1.2\""},
		{{"--self-signed-key-type=dsa"},
			"--self-signed-key-type \"dsa\" invalid, allowed values: ecdsa, rsa"},
		{{"--insecure-port=65336"}, "insecure port 65336 must be between 0 and 65335, "
					    "inclusive. 0 for turning off insecure (HTTP) port"},
		{{"--cors-allowed-origins=\"\""},
			"empty value in --cors-allowed-origins, help: list origins such as "
			"^https://example\\.com(:|$)"},
		{{"--cors-allowed-origins=example"},
			"--cors-allowed-origins has an invalid regular expression: regular "
			"expression does not pin to start/end of host in the origin header, help: "
			"write it as in ^https://example\\.com(:|$)"},
		{{"--cors-allowed-origins=^https://a(:|$),//b:"}, ""},
		{{"--strict-transport-security-directives=max-age=1,preload,includeSubDomains"},
			""},
		{{"--strict-transport-security-directives= "},
			"empty value in strict-transport-security-directives"},
		{{"--strict-transport-security-directives=max-age"},
			"--strict-transport-security-directives invalid, allowed values: "
			"max-age=expireTime, includeSubDomains, preload. see "
			"https://tools.ietf.org/html/rfc6797#section-6.1 for more information"},
		{{"--max-requests-inflight=-1"},
			"--max-requests-inflight can not be negative value"},
		{{"--max-mutating-requests-inflight=-1"},
			"--max-mutating-requests-inflight can not be negative value"},
		{{"--request-timeout=-1s"}, "--request-timeout can not be negative value"},
		{{"--min-request-timeout=-1"}, "--min-request-timeout can not be negative value"},
		{{"--target-ram-mb=-1"}, "--target-ram-mb can not be negative value"},
		{{"--shutdown-delay-duration=-1s"},
			"--shutdown-delay-duration can not be negative value"},
		{{"--storage-initialization-timeout=-1s"},
			"--storage-initialization-timeout can not be negative value"},
		{{"--livez-grace-period=-1s"}, "--livez-grace-period can not be a negative value"},
		{{"--shutdown-watch-termination-grace-period=-1s"},
			"shutdown-watch-termination-grace-period, if provided, can not be a "
			"negative value"},
		{{"--goaway-chance=0.03"},
			"--goaway-chance can not be less than 0 or greater than 0.02"},
		{{"--goaway-chance=nan"},
			"--goaway-chance can not be less than 0 or greater than 0.02"},
		{{"--goaway-chance=0.02"}, ""},
		{{"--logging-format=xml"}, "unsupported log format: xml"},
		{{"--egress-selector-config-file=/nonexistent/e"},
			"egress-selector-config-file /nonexistent/e does not exist"},
		{{"--tracing-config-file=/nonexistent/t"},
			"tracing-config-file /nonexistent/t does not exist"},
	};

	CHECK(rows);
}

static void authentication_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--oidc-issuer-url=https://a"},
			"oidc-issuer-url and oidc-client-id should be specified together"},
		{{"--oidc-issuer-url=https://a", "--oidc-client-id=b",
			 "--authentication-config=/dev/null"},
			"authentication-config file and oidc-* flags are mutually exclusive"},
		{{"--service-account-issuer=https://a b/", "--service-account-signing-key-file=k",
			 "--service-account-key-file=k"},
			"service-account-issuer contained a ':' but was not a valid URL: parse "
			"\"https://a b/\": invalid character \" \" in host name"},
		{{"--service-account-issuer=", "--service-account-signing-key-file=k",
			 "--service-account-key-file=k"},
			"service-account-issuer should not be an empty string"},
		{{"--service-account-issuer=a", "--service-account-issuer=a",
			 "--service-account-signing-key-file=k", "--service-account-key-file=k"},
			"service-account-issuer \"a\" is already specified"},
		{{"--service-account-issuer=a", "--service-account-key-file=k"},
			"--service-account-signing-key-file and --service-account-issuer are "
			"required flags"},
		{{"--api-audiences=a", "--service-account-signing-key-file=k",
			 "--service-account-key-file=k"},
			"[--service-account-signing-key-file and --service-account-issuer are "
			"required flags, --service-account-signing-key-file, "
			"--service-account-issuer, and --api-audiences should be specified "
			"together]"},
		{{"--service-account-issuer=a", "--service-account-signing-key-file=k"},
			"either `--service-account-key-file` or "
			"`--service-account-signing-endpoint` must be set"},
		{{"--service-account-signing-endpoint=/s", "--service-account-issuer=a",
			 "--service-account-key-file=k"},
			"can't set `--service-account-signing-key-file` and/or "
			"`--service-account-key-file` with `--service-account-signing-endpoint` "
			"(They are mutually exclusive)"},
		{{"--service-account-jwks-uri=http://a"},
			"service-account-jwks-uri requires https scheme, parsed as: http://a"},
		{{"--service-account-jwks-uri=:a"},
			"service-account-jwks-uri must be a valid URL: parse \":a\": missing "
			"protocol scheme"},
		{{"--service-account-max-token-expiration=59m"},
			"the serviceaccount max expiration must be between 1 hour to 2^32 "
			"seconds"},
		{{"--service-account-max-token-expiration=1h"}, ""},
		{{"--requestheader-username-headers=X, "},
			"empty value in \"requestheader-username-headers\""},
		{{"--requestheader-uid-headers=X"},
			"--requestheader-uid-headers is set without specifying the standard "
			"X-Remote-Uid header - API aggregation will not work"},
		{{"--requestheader-uid-headers=x-remote-uid"}, ""},
		{{"--requestheader-uid-headers=X", "--feature-gates=RemoteRequestHeaderUID=false"},
			"--requestheader-uid-headers requires the \"RemoteRequestHeaderUID\" "
			"feature to be enabled"},
	};

	CHECK(rows);
}

static void authorization_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--authorization-mode="}, "at least one authorization-mode must be passed"},
		{{"--authorization-mode=Any"}, "authorization-mode \"Any\" is not a valid mode"},
		{{"--authorization-mode=ABAC"},
			"authorization-mode ABAC's authorization policy file not passed"},
		{{"--authorization-mode=Webhook"},
			"authorization-mode Webhook's authorization config file not passed"},
		{{"--authorization-policy-file=f"},
			"cannot specify --authorization-policy-file without mode ABAC"},
		{{"--authorization-webhook-config-file=f"},
			"cannot specify --authorization-webhook-config-file without mode Webhook"},
		{{"--authorization-mode=RBAC,RBAC"}, "authorization-mode [\"RBAC\" \"RBAC\"] has "
						     "mode specified more than once"},
		{{"--authorization-mode=ABAC", "--authorization-policy-file=f"}, ""},
		{{"--authorization-config=f"}, ""},
		{{"--authorization-config=f", "--authorization-mode=RBAC",
			 "--authorization-webhook-version=v1"},
			"--authorization-config can not be specified when --authorization-mode or "
			"--authorization-webhook-* flags are defined"},
	};

	CHECK(rows);
}

static void audit_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--audit-log-mode=x"}, ""},
		{{"--audit-log-path=-", "--audit-log-mode=x"},
			"invalid audit log mode x, allowed modes are "
			"\"batch,blocking,blocking-strict\""},
		{{"--audit-webhook-config-file=f", "--audit-webhook-mode=x"},
			"invalid audit webhook mode x, allowed modes are "
			"\"batch,blocking,blocking-strict\""},
		{{"--audit-log-path=-", "--audit-log-batch-buffer-size=0"}, ""},
		{{"--audit-log-path=-", "--audit-log-mode=batch",
			 "--audit-log-batch-buffer-size=0"},
			"invalid audit batch log buffer size 0, must be a positive number"},
		{{"--audit-log-path=-", "--audit-log-mode=batch", "--audit-log-batch-max-size=-1"},
			"invalid audit batch log max batch size -1, must be a positive number"},
		{{"--audit-webhook-config-file=f", "--audit-webhook-batch-throttle-qps=0",
			 "--audit-webhook-batch-throttle-burst=0"},
			"[invalid audit batch webhook throttle QPS 0, must be a positive number, "
			"invalid audit batch webhook throttle burst 0, must be a positive number]"},
		{{"--audit-log-path=-", "--audit-log-truncate-max-event-size=0"},
			"invalid audit truncate log max event size 0, must be a positive number"},
		{{"--audit-log-path=-", "--audit-log-truncate-max-batch-size=1"},
			"invalid audit truncate log max batch size 1, must be greater than max "
			"event size (102400)"},
		{{"--audit-log-path=-", "--audit-log-version=v1"},
			"invalid group version, allowed versions are [\"audit.k8s.io/v1alpha1\" "
			"\"audit.k8s.io/v1beta1\" \"audit.k8s.io/v1\"]"},
		{{"--audit-log-path=-", "--audit-log-format=x"},
			"invalid audit log format x, allowed formats are \"legacy,json\""},
		{{"--audit-log-path=-", "--audit-log-maxage=-1"},
			"--audit-log-maxage -1 can't be a negative number"},
		{{"--audit-log-path=-", "--audit-log-maxbackup=-1"},
			"--audit-log-maxbackup -1 can't be a negative number"},
		{{"--audit-log-path=-", "--audit-log-maxsize=-1"},
			"--audit-log-maxsize -1 can't be a negative number"},
	};

	CHECK(rows);
}

static void admission_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--admission-control=AlwaysAdmit", "--enable-admission-plugins=AlwaysAdmit"},
			"admission-control and "
			"enable-admission-plugins/disable-admission-plugins flags are mutually "
			"exclusive"},
		{{"--admission-control=X"}, "admission-control plugin \"X\" is unknown"},
		{{"--enable-admission-plugins=X"},
			"enable-admission-plugins plugin \"X\" is unknown"},
		{{"--disable-admission-plugins=X"},
			"disable-admission-plugins plugin \"X\" is unknown"},
		{{"--enable-admission-plugins=Priority,ResourceQuota",
			 "--disable-admission-plugins=ResourceQuota,Priority"},
			"[Priority ResourceQuota] in enable-admission-plugins and "
			"disable-admission-plugins overlapped"},
		{{"--enable-admission-plugins=NodeRestriction,PodSecurityPolicy,Initializers"}, ""},
	};

	CHECK(rows);
}

static void enablement_messages_are_those_of_upstream(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--runtime-config=api/all=false"},
			"invalid runtime-config with only api/all=false"},
		{{"--runtime-config=api/all=false,v1=true,api/legacy=true"}, ""},
		{{"--runtime-config=nonsense"}, "runtime-config invalid key nonsense"},
		{{"--runtime-config=b.c/v1=true,a.b/v2,batch/v2alpha1"},
			"unknown api groups a.b/v2,b.c/v1"},
		{{"--runtime-config=api/v1/pods=true,extensions/v1beta1/deployments=true"}, ""},
		{{"--runtime-config=flowcontrol.apiserver.k8s.io/v1=false"},
			"--runtime-config=flowcontrol.apiserver.k8s.io/v1=false conflicts with "
			"--enable-priority-and-fairness=true"},
		{{"--feature-gates=NoSuchGate=true"}, "unrecognized feature gate: NoSuchGate"},
		{{"--feature-gates=SidecarContainers=false"},
			"cannot set feature gate SidecarContainers to false, feature is locked to "
			"true"},
		{{"--feature-gates=SidecarContainers=true,AllAlpha=true,PodPriority=true"}, ""},
		{{"--emulated-version=1.35"}, ""},
		{{"--emulated-version=kube=1.20"},
			"emulation version 1.20 is not between [1.33, 1.36]"},
		{{"--emulated-version=x"}, "illegal version string \"x\""},
		{{"--emulated-version=wardle=1.35"}, "component not registered: wardle"},
		{{"--emulated-version=1.34", "--min-compatibility-version=1.35"},
			"min compatibility version 1.35 is not between [1.33, 1.34]"},
		{{"--emulation-forward-compatible"},
			"ServerRunOptions.EmulationForwardCompatible cannot be set to true if the "
			"emulation version is the same as the binary version"},
		{{"--runtime-config-emulation-forward-compatible"},
			"ServerRunOptions.RuntimeConfigEmulationForwardCompatible cannot be set to "
			"true if the emulation version is the same as the binary version"},
		{{"--emulated-version=1.35", "--emulation-forward-compatible"}, ""},
		{{"--peer-ca-file=x", "--feature-gates=UnknownVersionInteroperabilityProxy=false"},
			"--peer-ca-file requires UnknownVersionInteroperabilityProxy feature to be "
			"turned on"},
		{{"--peer-advertise-ip=x",
			 "--feature-gates=UnknownVersionInteroperabilityProxy=false"},
			"--peer-advertise-ip requires UnknownVersionInteroperabilityProxy feature "
			"to be turned on"},
		{{"--peer-advertise-port=x",
			 "--feature-gates=UnknownVersionInteroperabilityProxy=false"},
			"--peer-advertise-port requires UnknownVersionInteroperabilityProxy "
			"feature to be turned on"},
	};

	CHECK(rows);
}

static void what_servers_shall_be_like_is_checked(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--server-nice=core=20"},
			"--server-nice: \"20\" of core is not a number from -20 to 19"},
		{{"--server-nice=other=1"}, "--server-nice: there is no server \"other\""},
		{{"--server-users=other=root"}, "--server-users: there is no server \"other\""},
		{{"--server-memory-limits=core=1Ki"},
			"--server-memory-limits: \"1Ki\" of core is not a quantity of 16Mi or more"},
		{{"--server-cpus=core=3-1"}, "--server-cpus: \"3-1\" of core is not a list of "
					     "processors such as 0-3,8"},
		{{"--server-restart=core=maybe"},
			"--server-restart: \"maybe\" of core is not always, on-failure or never"},
		{{"--server-worker-loops=core=0"},
			"--server-worker-loops: \"0\" of core is not a number from 1 to 256"},
		{{"--server-cpus=core=0-3,8", "--server-nice=core=-5,extensions=5",
			 "--server-restart=aggregator=on-failure",
			 "--server-memory-limits=core=2Gi"},
			""},
	};

	CHECK(rows);
}

static void all_that_is_wrong_is_told_at_once_and_each_thing_once(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{{"--storage-backend=x", "--secure-port=0", "--authorization-mode=A,A",
			 "--runtime-config=a.b/v1", "--apiserver-count=0"},
			"[--storage-backend invalid, allowed values: lmdb, etcd3, --secure-port 0 "
			"must be between 1 and 65535, inclusive. It cannot be turned off with 0, "
			"authorization-mode \"A\" is not a valid mode, authorization-mode [\"A\" "
			"\"A\"] has mode specified more than once, --apiserver-count should be a "
			"positive number, but value '0' provided, unknown api groups a.b/v1]"},
	};

	CHECK(rows);
}

/* --- files ------------------------------------------------------------------------------------ */

static const char *write_file(struct arena *arena, const char *text)
{
	char path[] = "/tmp/troika-test-validate-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return arena_copy_c(arena, str_from_c(path));
}

static void one_authority_for_clients_and_proxies_needs_names(void **state)
{
	(void)state;
	static const char clients_text[] =
		"-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
	static const char proxies_text[] =
		"text\n-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n"
		"-----BEGIN CERTIFICATE-----\r\nAAAABBBB\r\n-----END CERTIFICATE-----\r\n";
	struct arena *arena = arena_create(0);
	const char *clients = write_file(arena, clients_text);
	const char *proxies = write_file(arena, proxies_text);
	const char *words[MAX_WORDS] = {arena_printf(arena, "--client-ca-file=%s", clients).data,
		arena_printf(arena, "--requestheader-client-ca-file=%s", proxies).data};
	struct str message = validate(arena, words);

	assert_true(str_starts_with(message, STR("--requestheader-client-ca-file and "
						 "--client-ca-file contain overlapping")));
	words[2] = "--requestheader-allowed-names=front";
	assert_true(str_is_empty(validate(arena, words)));
	unlink(clients);
	unlink(proxies);
	arena_destroy(&arena);
}

/* --- completion ------------------------------------------------------------------------------- */

static struct sup_flags *complete(
	struct arena *arena, const char *const *words, struct sup_options *ret)
{
	const char *argv[MAX_WORDS + 3] = {"kube-apiserver", "--advertise-address=192.0.2.1"};
	struct sup_flags *flags = sup_flags_create();
	struct error err = ERROR_INIT(arena);
	int argc = 2;

	while (argc <= MAX_WORDS + 1 && words[argc - 2]) {
		argv[argc] = words[argc - 2];
		argc++;
	}
	if (sup_flags_parse(flags, argc, (char *const *)argv, &err) < 0 ||
		sup_options_complete(flags, arena, ret, &err) < 0)
		fail_msg("%.*s", STR_ARG(err.message));
	return flags;
}

static void completion_gives_values_their_meaning(void **state)
{
	(void)state;
	static const struct {
		const char *words[MAX_WORDS];
		enum sup_flag_id id;
		const char *echo;
	} rows[] = {
		{{"--runtime-config=v1,api/legacy,api/v1/pods=false,batch/v2alpha1=true"},
			SUP_FLAG_RUNTIME_CONFIG, "/v1=false,batch/v2alpha1=true"},
		{{NULL}, SUP_FLAG_SERVICE_CLUSTER_IP_RANGE, "10.0.0.0/24"},
		{{NULL}, SUP_FLAG_EXTERNAL_HOSTNAME, "192.0.2.1"},
		{{"--external-hostname=a.b"}, SUP_FLAG_EXTERNAL_HOSTNAME, "a.b"},
		{{NULL}, SUP_FLAG_ANONYMOUS_AUTH, "false"},
		{{"--authorization-mode=RBAC"}, SUP_FLAG_ANONYMOUS_AUTH, "true"},
		{{"--authorization-mode=RBAC,AlwaysAllow"}, SUP_FLAG_ANONYMOUS_AUTH, "false"},
		{{"--authorization-config=f"}, SUP_FLAG_ANONYMOUS_AUTH, "true"},
		{{"--etcd-servers=http://127.0.0.1:2379"}, SUP_FLAG_STORAGE_BACKEND, "etcd3"},
		{{"--etcd-servers=http://a", "--storage-backend=lmdb"}, SUP_FLAG_STORAGE_BACKEND,
			"lmdb"},
		{{"--service-account-issuer=a", "--service-account-issuer=b"},
			SUP_FLAG_API_AUDIENCES, "[a,b]"},
		{{"--service-account-issuer=a", "--api-audiences=c"}, SUP_FLAG_API_AUDIENCES,
			"[c]"},
		{{"--service-account-api-audiences=c"}, SUP_FLAG_API_AUDIENCES, "[c]"},
		{{"--tls-min-version=VersionTLS10"}, SUP_FLAG_TLS_MIN_VERSION, "VersionTLS12"},
		{{"--tls-min-version=VersionTLS13"}, SUP_FLAG_TLS_MIN_VERSION, "VersionTLS13"},
		{{"--port=80", "--insecure-port=0"}, SUP_FLAG_PORT, "0"},
		{{"--insecure-port=0", "--port=80"}, SUP_FLAG_INSECURE_PORT, "80"},
	};
	struct arena *arena = arena_create(0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sup_options options;
		struct sup_flags *flags = complete(arena, rows[i].words, &options);
		struct str echo = sup_flags_echo(flags, rows[i].id, arena);

		if (!str_equal_c(echo, rows[i].echo))
			fail_msg("row %zu: %.*s", i, STR_ARG(echo));
		sup_flags_destroy(&flags);
	}
	arena_destroy(&arena);
}

static void the_key_for_https_verifies_tokens_only_where_no_other_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *words[MAX_WORDS];
		bool has_tls_key;
	} rows[] = {
		{{NULL}, true},
		{{"--service-account-key-file=k"}, false},
		{{"--service-account-signing-endpoint=/s"}, false},
	};
	struct arena *arena = arena_create(0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sup_options options;
		struct sup_flags *flags = complete(arena, rows[i].words, &options);

		assert_int_equal(options.has_tls_key_for_tokens, rows[i].has_tls_key);
		sup_flags_destroy(&flags);
	}
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(storage_messages_are_those_of_upstream),
		cmocka_unit_test(service_messages_are_those_of_upstream),
		cmocka_unit_test(serving_messages_are_those_of_upstream),
		cmocka_unit_test(authentication_messages_are_those_of_upstream),
		cmocka_unit_test(authorization_messages_are_those_of_upstream),
		cmocka_unit_test(audit_messages_are_those_of_upstream),
		cmocka_unit_test(admission_messages_are_those_of_upstream),
		cmocka_unit_test(enablement_messages_are_those_of_upstream),
		cmocka_unit_test(what_servers_shall_be_like_is_checked),
		cmocka_unit_test(all_that_is_wrong_is_told_at_once_and_each_thing_once),
		cmocka_unit_test(one_authority_for_clients_and_proxies_needs_names),
		cmocka_unit_test(completion_gives_values_their_meaning),
		cmocka_unit_test(the_key_for_https_verifies_tokens_only_where_no_other_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
