/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls_context.h"
#include "tls_identity.h"
#include "tls_session.h"

static struct arena *arena;

struct issued {
	X509 *certificate;
	EVP_PKEY *key;
	struct str certificate_pem;
	struct str key_pem;
};

static struct issued ca, other_ca, server_pair, sni_pair, client_pair, stranger_pair, server_only;

static struct str bio_text(BIO *bio)
{
	char *data;
	long length = BIO_get_mem_data(bio, &data);
	struct str copy = arena_copy(arena, str_from(data, (size_t)length));

	BIO_free(bio);
	return copy;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static void add_name(X509 *certificate, const char *field, const char *value)
{
	assert_int_equal(1, X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field,
				    MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0));
}

static struct issued issue(
	const struct issued *issuer, const char *name, const char *dns, const char *usage)
{
	static long serial = 1;
	struct issued made = {.certificate = X509_new(), .key = EVP_EC_gen("P-256")};

	X509_set_version(made.certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(made.certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(made.certificate), 3600);
	add_name(made.certificate, "CN", name);
	if (usage) {
		add_name(made.certificate, "O", "devs");
		add_name(made.certificate, "O", "ops");
		add_name(made.certificate, "1.3.6.1.4.1.57683.2", "uid-7");
		add_extension(made.certificate, NID_ext_key_usage, usage);
	} else if (!issuer) {
		add_extension(made.certificate, NID_basic_constraints, "critical,CA:TRUE");
	}
	if (dns)
		add_extension(made.certificate, NID_subject_alt_name, dns);
	X509_set_pubkey(made.certificate, made.key);
	X509_set_issuer_name(made.certificate,
		X509_get_subject_name(issuer ? issuer->certificate : made.certificate));
	assert_true(X509_sign(made.certificate, issuer ? issuer->key : made.key, EVP_sha256()) > 0);

	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, made.certificate);
	made.certificate_pem = bio_text(bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, made.key, NULL, NULL, 0, NULL, NULL);
	made.key_pem = bio_text(bio);
	return made;
}

static struct tls_server_options base_options(void)
{
	return (struct tls_server_options){
		.main = {.certificate_pem = server_pair.certificate_pem,
			.key_pem = server_pair.key_pem},
		.client_ca_pem = ca.certificate_pem,
		.allow_http2 = true,
	};
}

struct handshake {
	SSL_CTX *client_context;
	SSL *client, *server;
	int fds[2];
	bool done;
	unsigned long server_error;
};

static void step(SSL *ssl, bool *done, bool *failed)
{
	int result = *done ? 1 : SSL_do_handshake(ssl);

	*done = result == 1;
	if (result != 1) {
		int error = SSL_get_error(ssl, result);

		*failed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
	}
}

static void handshake_run(struct handshake *h, struct tls_context *context)
{
	bool client_done = false, server_done = false, failed = false;
	char byte;

	h->server = tls_session_create(context, h->fds[1]);
	assert_non_null(h->server);
	for (int i = 0; i < 20 && !failed && !(client_done && server_done); i++) {
		step(h->client, &client_done, &failed);
		if (!failed)
			step(h->server, &server_done, &failed);
	}
	h->server_error = ERR_peek_error();
	h->done = client_done && server_done;
	if (h->done)
		SSL_read(h->client, &byte, 1); /* takes up what follows the handshake */
	ERR_clear_error();
}

static void handshake_start(struct handshake *h, const struct issued *client, const char *sni)
{
	h->client_context = SSL_CTX_new(TLS_client_method());
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, h->fds));
	if (client) {
		SSL_CTX_use_certificate(h->client_context, client->certificate);
		SSL_CTX_use_PrivateKey(h->client_context, client->key);
	}
	h->client = SSL_new(h->client_context);
	SSL_set_fd(h->client, h->fds[0]);
	SSL_set_connect_state(h->client);
	if (sni)
		SSL_set_tlsext_host_name(h->client, sni);
}

static void handshake_fini(struct handshake *h)
{
	SSL_free(h->client);
	SSL_free(h->server);
	SSL_CTX_free(h->client_context);
	close(h->fds[0]);
	close(h->fds[1]);
}

static struct tls_context *create(const struct tls_server_options *options)
{
	struct error err = ERROR_INIT(arena);
	struct tls_context *context = NULL;

	if (tls_context_create(options, &context, &err) < 0)
		fail_msg("%.*s", STR_ARG(err.message));
	return context;
}

static void a_verified_client_certificate_gives_an_identity(void **state)
{
	struct tls_server_options options = base_options();
	struct tls_context *context = create(&options);
	struct handshake h = {0};
	struct tls_identity *identity;
	bool unverified;

	(void)state;
	handshake_start(&h, &client_pair, NULL);
	handshake_run(&h, context);
	assert_true(h.done);
	tls_identity_read(h.server, &identity, &unverified);
	assert_non_null(identity);
	assert_false(unverified);
	assert_true(str_equal(identity->common_name, STR("alice")));
	assert_int_equal(2, identity->organization_count);
	assert_true(str_equal(identity->organizations[0], STR("devs")));
	assert_true(str_equal(identity->organizations[1], STR("ops")));
	assert_true(str_equal(identity->subject_uid, STR("uid-7")));
	assert_int_equal(64, identity->sha256_hex.length);
	assert_true(identity->not_after_wall_seconds > 1700000000);

	struct tls_trust *trust = NULL, *other = NULL;

	assert_int_equal(0, tls_trust_create(ca.certificate_pem, &trust, NULL));
	assert_int_equal(0, tls_trust_create(other_ca.certificate_pem, &other, NULL));
	assert_true(tls_trust_verifies(trust, identity));
	assert_false(tls_trust_verifies(other, identity));
	assert_false(tls_trust_verifies(trust, NULL));
	tls_trust_destroy(&trust);
	tls_trust_destroy(&other);
	tls_identity_destroy(&identity);
	handshake_fini(&h);
	tls_context_unref(&context);
}

static void a_certificate_that_does_not_verify_is_told_from_none(void **state)
{
	struct tls_server_options options = base_options();
	struct tls_context *context = create(&options);
	const struct issued *clients[] = {&stranger_pair, &server_only, NULL};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct handshake h = {0};
		struct tls_identity *identity;
		bool unverified;

		handshake_start(&h, clients[i], NULL);
		handshake_run(&h, context);
		assert_true(h.done);
		tls_identity_read(h.server, &identity, &unverified);
		assert_null(identity);
		assert_int_equal(clients[i] != NULL, unverified);
		handshake_fini(&h);
	}
	tls_context_unref(&context);
}

static void the_server_name_chooses_the_certificate(void **state)
{
	static const struct {
		const char *sni;
		const char *expected;
	} cases[] = {{NULL, "server"}, {"server.example", "server"}, {"a.wild.example", "sni"},
		{"b.a.wild.example", "server"}, {"exact.example", "sni"}, {"EXACT.example", "sni"},
		{"unknown.example", "server"}};
	struct tls_server_options options = base_options();
	struct tls_pair extra = {
		.certificate_pem = sni_pair.certificate_pem, .key_pem = sni_pair.key_pem};

	(void)state;
	options.sni_pairs = &extra;
	options.sni_pair_count = 1;
	struct tls_context *context = create(&options);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct handshake h = {0};
		char name[64] = "";

		handshake_start(&h, NULL, cases[i].sni);
		handshake_run(&h, context);
		assert_true(h.done);
		X509 *certificate = SSL_get1_peer_certificate(h.client);

		X509_NAME_get_text_by_NID(
			X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
		assert_string_equal(cases[i].expected, name);
		X509_free(certificate);
		handshake_fini(&h);
	}
	tls_context_unref(&context);
}

static void protocols_are_agreed_on_or_the_handshake_ends(void **state)
{
	static const struct {
		const char *offer;
		bool done, http2;
	} cases[] = {{"\x02h2\x08http/1.1", true, true}, {"\x08http/1.1", true, false},
		{"\x08http/1.1\x02h2", true, true},
		{"\x03"
		 "foo",
			false, false}};
	struct tls_server_options options = base_options();
	struct tls_context *context = create(&options);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct handshake h = {0};

		handshake_start(&h, NULL, NULL);
		SSL_set_alpn_protos(h.client, (const unsigned char *)cases[i].offer,
			(unsigned)strlen(cases[i].offer));
		handshake_run(&h, context);
		assert_int_equal(cases[i].done, h.done);
		if (h.done)
			assert_int_equal(cases[i].http2, tls_session_is_http2(h.server));
		handshake_fini(&h);
	}
	tls_context_unref(&context);
}

static void old_versions_and_cbc_suites_are_refused(void **state)
{
	struct tls_server_options options = base_options();
	struct tls_context *context = create(&options);
	struct handshake h = {0};

	(void)state;
	handshake_start(&h, NULL, NULL);
	SSL_set_min_proto_version(h.client, TLS1_1_VERSION);
	SSL_set_max_proto_version(h.client, TLS1_1_VERSION);
	SSL_set_cipher_list(h.client, "ALL:@SECLEVEL=0");
	handshake_run(&h, context);
	assert_false(h.done);
	handshake_fini(&h);

	h = (struct handshake){0};
	handshake_start(&h, NULL, NULL);
	SSL_set_max_proto_version(h.client, TLS1_2_VERSION);
	SSL_set_cipher_list(h.client, "ECDHE-ECDSA-AES128-SHA");
	handshake_run(&h, context);
	assert_false(h.done);
	handshake_fini(&h);
	tls_context_unref(&context);

	options.cipher_suites = STR("TLS_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA");
	context = create(&options);
	h = (struct handshake){0};
	handshake_start(&h, NULL, NULL);
	SSL_set_max_proto_version(h.client, TLS1_2_VERSION);
	SSL_set_cipher_list(h.client, "ECDHE-ECDSA-AES128-SHA");
	handshake_run(&h, context);
	assert_true(h.done);
	handshake_fini(&h);
	tls_context_unref(&context);
}

static void a_flood_of_key_updates_is_noticed(void **state)
{
	struct tls_server_options options = base_options();
	struct tls_context *context = create(&options);
	struct handshake h = {0};
	char byte;

	(void)state;
	handshake_start(&h, NULL, NULL);
	handshake_run(&h, context);
	assert_true(h.done);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(i > 32, tls_session_is_abused(h.server, 1000));
		assert_int_equal(1, SSL_key_update(h.client, SSL_KEY_UPDATE_NOT_REQUESTED));
		assert_int_equal(1, SSL_write(h.client, "x", 1));
		assert_int_equal(1, SSL_read(h.server, &byte, 1));
	}
	assert_false(tls_session_is_abused(h.server, 1 << 20));
	handshake_fini(&h);
	tls_context_unref(&context);
}

static void plain_http_is_recognised(void **state)
{
	struct tls_server_options options = base_options();
	struct tls_context *context = create(&options);
	int fds[2];

	(void)state;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	SSL *ssl = tls_session_create(context, fds[1]);

	assert_int_equal(18, write(fds[0], "GET / HTTP/1.1\r\n\r\n", 18));
	assert_true(SSL_do_handshake(ssl) <= 0);
	assert_true(tls_session_saw_plain_http());
	ERR_clear_error();
	SSL_free(ssl);
	close(fds[0]);
	close(fds[1]);
	tls_context_unref(&context);
}

static void bad_options_are_errors_with_a_reason(void **state)
{
	struct tls_context *context = NULL;
	struct error err = ERROR_INIT(arena);
	struct tls_server_options options = base_options();

	(void)state;
	options.main.key_pem = client_pair.key_pem;
	assert_true(tls_context_create(&options, &context, &err) < 0);
	assert_true(str_find(err.message, STR("does not match")) < err.message.length);
	options = base_options();
	options.main.certificate_pem = STR("nonsense");
	error_clear(&err);
	assert_true(tls_context_create(&options, &context, &err) < 0);
	assert_true(str_equal(err.message, STR("no certificate found in PEM data")));
	options = base_options();
	options.cipher_suites = STR("TLS_NONE");
	error_clear(&err);
	assert_true(tls_context_create(&options, &context, &err) < 0);
	assert_true(str_find(err.message, STR("TLS_NONE")) < err.message.length);
	options = base_options();
	options.minimum_version = STR("SSL3");
	assert_true(tls_context_create(&options, &context, NULL) < 0);
	options = base_options();
	options.client_ca_pem =
		STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_true(tls_context_create(&options, &context, NULL) < 0);
	assert_null(context);
}

static void only_the_groups_that_are_asked_for_are_taken(void **state)
{
	struct tls_server_options options = base_options();
	static const struct {
		const char *offered;
		bool is_taken;
	} rows[] = {{"P-384", true}, {"P-256:P-384", true}, {"X25519", false}, {"P-256", false}};
	struct tls_context *context;
	struct error err = ERROR_INIT(NULL);

	(void)state;
	options.groups = STR("24, 4588");
	context = create(&options);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct handshake h = {0};

		handshake_start(&h, NULL, NULL);
		assert_int_equal(SSL_set1_groups_list(h.client, rows[i].offered), 1);
		handshake_run(&h, context);
		assert_int_equal(h.done, rows[i].is_taken);
		handshake_fini(&h);
	}
	tls_context_unref(&context);
	options.groups = STR("23,26");
	assert_true(tls_context_create(&options, &context, &err) < 0);
	options.groups = STR("4588");
	assert_true(tls_context_create(&options, &context, &err) < 0);
	assert_null(context);
}

static int setup(void **state)
{
	(void)state;
	arena = arena_create(0);
	ca = issue(NULL, "ca", NULL, NULL);
	other_ca = issue(NULL, "other", NULL, NULL);
	server_pair = issue(&ca, "server", "DNS:server.example", "serverAuth");
	sni_pair = issue(&ca, "sni", "DNS:*.wild.example,DNS:exact.example", "serverAuth");
	client_pair = issue(&ca, "alice", NULL, "clientAuth");
	stranger_pair = issue(&other_ca, "mallory", NULL, "clientAuth");
	server_only = issue(&ca, "admin", NULL, "serverAuth");
	return 0;
}

static int teardown(void **state)
{
	struct issued *all[] = {&ca, &other_ca, &server_pair, &sni_pair, &client_pair,
		&stranger_pair, &server_only};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		X509_free(all[i]->certificate);
		EVP_PKEY_free(all[i]->key);
	}
	arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verified_client_certificate_gives_an_identity),
		cmocka_unit_test(a_certificate_that_does_not_verify_is_told_from_none),
		cmocka_unit_test(the_server_name_chooses_the_certificate),
		cmocka_unit_test(protocols_are_agreed_on_or_the_handshake_ends),
		cmocka_unit_test(old_versions_and_cbc_suites_are_refused),
		cmocka_unit_test(only_the_groups_that_are_asked_for_are_taken),
		cmocka_unit_test(a_flood_of_key_updates_is_noticed),
		cmocka_unit_test(plain_http_is_recognised),
		cmocka_unit_test(bad_options_are_errors_with_a_reason),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
