/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "assertion.h"
#include "memory.h"
#include "tls_private.h"
#include "tls_session.h"

/* One certificate with its key and the names it answers to; the first of a context is its default.
 */
struct pair {
	SSL_CTX *ssl_context;
	struct str *names;
	size_t name_count;
};

struct tls_context {
	atomic_int references;
	struct arena *arena; /* the names */
	struct pair *pairs;
	size_t pair_count;
	bool allow_http2;
};

/* ---- Callbacks of the handshake ---- */

static bool name_matches(struct str pattern, struct str name)
{
	if (str_equal_ignore_case(pattern, name))
		return true;
	if (!str_starts_with(pattern, STR("*.")))
		return false;

	size_t dot = str_find_byte(name, '.');

	return dot > 0 && dot < name.length &&
	       str_equal_ignore_case(str_skip(pattern, 1), str_skip(name, dot));
}

static bool pair_answers_to(const struct pair *pair, struct str name, bool wildcards)
{
	for (size_t i = 0; i < pair->name_count; i++) {
		if (str_starts_with(pair->names[i], STR("*.")) == wildcards &&
			name_matches(pair->names[i], name))
			return true;
	}
	return false;
}

static const struct pair *find_pair(const struct tls_context *context, struct str name)
{
	/* Exact names come before wildcards, and explicit pairs in their order before the main one.
	 */
	for (int wildcards = 0; wildcards < 2; wildcards++) {
		for (size_t i = 1; i <= context->pair_count; i++) {
			const struct pair *pair = &context->pairs[i % context->pair_count];

			if (pair_answers_to(pair, name, wildcards == 1))
				return pair;
		}
	}
	return &context->pairs[0];
}

static int choose_certificate(SSL *ssl, int *alert, void *argument)
{
	const struct tls_context *context = argument;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	if (name && context->pair_count > 1)
		SSL_set_SSL_CTX(ssl, find_pair(context, str_from_c(name))->ssl_context);
	return SSL_TLSEXT_ERR_OK;
}

static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_length,
	const unsigned char *offered, unsigned offered_length, void *argument)
{
	static const unsigned char protocols[] = "\x02h2\x08http/1.1";
	const struct tls_context *context = argument;
	size_t skip = context->allow_http2 ? 0 : 3;
	unsigned char *chosen = NULL;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, ret_length, protocols + skip,
		    (unsigned)(sizeof(protocols) - 1 - skip), offered,
		    offered_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol */
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool certificate_is_small(X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);

	return key && EVP_PKEY_get_bits(key) <= TLS_KEY_BITS_MAXIMUM;
}

/*
 * A certificate that does not verify does not end the handshake: whoever authenticates answers 401.
 * What would make verifying itself dear is refused before it is tried.
 */
static int verify_client(X509_STORE_CTX *verification, void *argument)
{
	STACK_OF(X509) *presented = X509_STORE_CTX_get0_untrusted(verification);
	X509 *leaf = X509_STORE_CTX_get0_cert(verification);

	(void)argument;
	if (sk_X509_num(presented) > TLS_CHAIN_DEPTH_MAXIMUM + 1 || !certificate_is_small(leaf)) {
		X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_CHAIN_TOO_LONG);
		return 0;
	}
	for (int i = 0; i < sk_X509_num(presented); i++) {
		if (!certificate_is_small(sk_X509_value(presented, i))) {
			X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_CHAIN_TOO_LONG);
			return 0;
		}
	}
	if (X509_verify_cert(verification) != 1 &&
		X509_STORE_CTX_get_error(verification) == X509_V_OK)
		X509_STORE_CTX_set_error(verification, X509_V_ERR_UNSPECIFIED);
	ERR_clear_error();
	return 1;
}

/* ---- Making one ---- */

static int set_versions(SSL_CTX *ssl_context, struct str minimum, struct error *err)
{
	int version = TLS1_2_VERSION;

	if (str_equal(minimum, STR("VersionTLS13")))
		version = TLS1_3_VERSION;
	/* Older minimums are accepted, as upstream's flag does, and raised: no client needs them.
	 */
	else if (!str_is_empty(minimum) && !str_equal(minimum, STR("VersionTLS10")) &&
		 !str_equal(minimum, STR("VersionTLS11")) &&
		 !str_equal(minimum, STR("VersionTLS12")))
		return error_set(
			err, ERROR_BAD_REQUEST, "unknown tls version \"%.*s\"", STR_ARG(minimum));
	SSL_CTX_set_min_proto_version(ssl_context, version);
	return 0;
}

static int set_client_ca(SSL_CTX *ssl_context, struct str ca_pem, struct error *err)
{
	STACK_OF(X509) *list = tls_certificates_parse(ca_pem, err);
	X509_STORE *store = list ? tls_store_create(ca_pem, err) : NULL;

	if (!store) {
		sk_X509_pop_free(list, X509_free);
		return error_wrap(err, "client CA");
	}
	for (int i = 0; i < sk_X509_num(list); i++)
		SSL_CTX_add_client_CA(ssl_context, sk_X509_value(list, i));
	sk_X509_pop_free(list, X509_free);
	SSL_CTX_set_cert_store(ssl_context, store);
	SSL_CTX_set_verify(ssl_context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_verify_depth(ssl_context, TLS_CHAIN_DEPTH_MAXIMUM);
	SSL_CTX_set_cert_verify_callback(ssl_context, verify_client, NULL);
	/* A resumed session would carry an identity past a change of the CA. */
	SSL_CTX_set_session_cache_mode(ssl_context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ssl_context, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ssl_context, 0);
	return 0;
}

static int set_pair(SSL_CTX *ssl_context, const struct tls_pair *pair, struct error *err)
{
	STACK_OF(X509) *list = tls_certificates_parse(pair->certificate_pem, err);
	EVP_PKEY *key = list ? tls_key_parse(pair->key_pem, err) : NULL;
	int result = 0;

	if (!key) {
		sk_X509_pop_free(list, X509_free);
		return ERROR_RETURN;
	}
	if (SSL_CTX_use_certificate(ssl_context, sk_X509_value(list, 0)) != 1)
		result = tls_error(err, "certificate");
	for (int i = 1; result == 0 && i < sk_X509_num(list); i++) {
		if (SSL_CTX_add1_chain_cert(ssl_context, sk_X509_value(list, i)) != 1)
			result = tls_error(err, "intermediate certificate");
	}
	if (result == 0 && SSL_CTX_use_PrivateKey(ssl_context, key) != 1)
		result = tls_error(err, "private key does not match the certificate");
	sk_X509_pop_free(list, X509_free);
	EVP_PKEY_free(key);
	return result;
}

static SSL_CTX *create_ssl_context(struct tls_context *context, const struct tls_pair *pair,
	const struct tls_server_options *options, struct error *err)
{
	static const unsigned char session_id_context[] = "troika";
	SSL_CTX *ssl_context = SSL_CTX_new(TLS_server_method());

	ASSERT(ssl_context);
	SSL_CTX_set_options(ssl_context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
						 SSL_OP_CIPHER_SERVER_PREFERENCE |
						 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ssl_context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* One read for a whole record; idle connections keep no buffer all the same. */
	SSL_CTX_set_read_ahead(ssl_context, 1);
	SSL_CTX_set_max_cert_list(ssl_context, TLS_CERTIFICATE_BYTES_LIMIT);
	SSL_CTX_set_session_id_context(
		ssl_context, session_id_context, sizeof(session_id_context) - 1);
	SSL_CTX_set_session_cache_mode(ssl_context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ssl_context, choose_protocol, context);
	SSL_CTX_set_tlsext_servername_callback(ssl_context, choose_certificate);
	SSL_CTX_set_tlsext_servername_arg(ssl_context, context);
	if (set_versions(ssl_context, options->minimum_version, err) < 0 ||
		tls_cipher_configure(ssl_context, options->cipher_suites, err) < 0 ||
		tls_group_configure(ssl_context, options->groups, err) < 0 ||
		set_pair(ssl_context, pair, err) < 0 ||
		(!str_is_empty(options->client_ca_pem) &&
			set_client_ca(ssl_context, options->client_ca_pem, err) < 0)) {
		SSL_CTX_free(ssl_context);
		return NULL;
	}
	return ssl_context;
}

/* The DNS names a certificate bears; its common name when it has none, as clients of old sent. */
static void read_certificate_names(struct arena *arena, X509 *certificate, struct pair *pair)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int count = names ? sk_GENERAL_NAME_num(names) : 0;

	pair->names = ARENA_ARRAY(arena, struct str, (size_t)count + 1);
	for (int i = 0; i < count; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS)
			continue;
		struct str text = str_from((const char *)ASN1_STRING_get0_data(name->d.dNSName),
			(size_t)ASN1_STRING_length(name->d.dNSName));

		pair->names[pair->name_count++] = arena_copy(arena, text);
	}
	GENERAL_NAMES_free(names);
	char common_name[256];
	int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
		common_name, sizeof(common_name));

	if (pair->name_count == 0 && length > 0)
		pair->names[pair->name_count++] =
			arena_copy(arena, str_from(common_name, (size_t)length));
}

static int add_pair(struct tls_context *context, const struct tls_pair *source,
	const struct tls_server_options *options, struct error *err)
{
	struct pair *pair = &context->pairs[context->pair_count];

	pair->ssl_context = create_ssl_context(context, source, options, err);
	if (!pair->ssl_context)
		return ERROR_RETURN;
	context->pair_count++;
	if (source->name_count == 0) {
		read_certificate_names(
			context->arena, SSL_CTX_get0_certificate(pair->ssl_context), pair);
		return 0;
	}
	pair->names = ARENA_ARRAY(context->arena, struct str, source->name_count);
	for (size_t i = 0; i < source->name_count; i++)
		pair->names[i] = arena_copy(context->arena, source->names[i]);
	pair->name_count = source->name_count;
	return 0;
}

int tls_context_create(
	const struct tls_server_options *options, struct tls_context **ret, struct error *err)
{
	struct tls_context *context = MEMORY_NEW(struct tls_context);

	context->references = 1;
	context->arena = arena_create(0);
	context->allow_http2 = options->allow_http2;
	context->pairs = ARENA_ARRAY(context->arena, struct pair, options->sni_pair_count + 1);
	if (add_pair(context, &options->main, options, err) < 0) {
		tls_context_unref(&context);
		return ERROR_RETURN;
	}
	for (size_t i = 0; i < options->sni_pair_count; i++) {
		if (add_pair(context, &options->sni_pairs[i], options, err) < 0) {
			tls_context_unref(&context);
			return error_wrap(err, "SNI certificate %zu", i);
		}
	}
	*ret = context;
	return 0;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
	if (context) {
		int before = atomic_fetch_add(&context->references, 1);

		ASSERT(before > 0);
	}
	return context;
}

void tls_context_unref(struct tls_context **context)
{
	struct tls_context *gone = *context;

	*context = NULL;
	if (!gone)
		return;

	int before = atomic_fetch_sub(&gone->references, 1);

	ASSERT(before > 0);
	if (before > 1)
		return;
	for (size_t i = 0; i < gone->pair_count; i++)
		SSL_CTX_free(gone->pairs[i].ssl_context);
	arena_destroy(&gone->arena);
	memory_free(gone);
}

/* ---- Sessions ---- */

#define KEY_UPDATES_PER_MEGABYTE 32

/* The session's application data is the number of key updates it has received. */
static void note_message(int is_written, int version, int content_type, const void *bytes,
	size_t length, SSL *ssl, void *argument)
{
	(void)version;
	(void)argument;
	if (is_written || content_type != SSL3_RT_HANDSHAKE || length == 0 ||
		*(const unsigned char *)bytes != SSL3_MT_KEY_UPDATE)
		return;
	SSL_set_app_data(ssl, (void *)((uintptr_t)SSL_get_app_data(ssl) + 1));
}

bool tls_session_is_abused(struct ssl_st *ssl, uint64_t received_bytes)
{
	uint64_t updates = (uintptr_t)SSL_get_app_data(ssl);

	return updates > KEY_UPDATES_PER_MEGABYTE * (1 + (received_bytes >> 20));
}

struct ssl_st *tls_session_create(struct tls_context *context, int fd)
{
	SSL *ssl = SSL_new(context->pairs[0].ssl_context);

	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_accept_state(ssl);
	SSL_set_msg_callback(ssl, note_message);
	return ssl;
}

bool tls_session_is_http2(struct ssl_st *ssl)
{
	const unsigned char *name = NULL;
	unsigned length = 0;

	SSL_get0_alpn_selected(ssl, &name, &length);
	return str_equal(str_from((const char *)name, length), STR("h2"));
}

bool tls_session_saw_plain_http(void)
{
	unsigned long code = ERR_peek_error();

	return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
}
