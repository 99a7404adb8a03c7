/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_identity.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "memory.h"
#include "tls_private.h"

#define IDENTITY_MAGIC       0x1de27117u
#define ORGANIZATION_MAXIMUM 1024

/* What the caller sees, and what verifying it once more needs. */
struct identity {
	struct tls_identity public; /* first */
	unsigned magic;
	struct arena *arena;
	X509 *leaf;
	STACK_OF(X509) * chain;
};

struct tls_trust {
	X509_STORE *store;
};

static struct str entry_text(struct arena *arena, const X509_NAME_ENTRY *entry)
{
	unsigned char *utf8 = NULL;
	int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	struct str copy = STR_EMPTY;

	if (length > 0)
		copy = arena_copy(arena, str_from((const char *)utf8, (size_t)length));
	OPENSSL_free(utf8);
	return copy;
}

static bool is_uid_attribute(const ASN1_OBJECT *object)
{
	char text[64];

	return OBJ_obj2txt(text, sizeof(text), object, 1) > 0 &&
	       strcmp(text, "1.3.6.1.4.1.57683.2") == 0;
}

static void read_subject(struct identity *identity)
{
	struct tls_identity *public = &identity->public;
	const X509_NAME *name = X509_get_subject_name(identity->leaf);
	int count = X509_NAME_entry_count(name);
	int limit = count < ORGANIZATION_MAXIMUM ? count : ORGANIZATION_MAXIMUM;
	struct str *organizations =
		ARENA_ARRAY(identity->arena, struct str, (size_t)(limit > 0 ? limit : 1));

	public->organizations = organizations;
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
		int nid = OBJ_obj2nid(object);

		/* Of several common names the last counts, as in Go. */
		if (nid == NID_commonName)
		public->common_name = entry_text(identity->arena, entry);
		else if (nid == NID_organizationName && public->organization_count < (size_t)limit)
			organizations[public->organization_count++] =
				entry_text(identity->arena, entry);
		else if (is_uid_attribute(object)) public->subject_uid =
			entry_text(identity->arena, entry);
	}
}

static void read_digest(struct identity *identity)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	if (X509_digest(identity->leaf, EVP_sha256(), digest, &length) != 1)
		return;

	char *hex = arena_allocate_text(identity->arena, length * 2);

	for (unsigned i = 0; i < length; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	identity->public.sha256_hex = str_from(hex, length * 2);
}

static void read_expiry(struct identity *identity)
{
	struct tm when = {0};

	if (ASN1_TIME_to_tm(X509_get0_notAfter(identity->leaf), &when) == 1)
		identity->public.not_after_wall_seconds = (int64_t)timegm(&when);
}

void tls_identity_read(
	struct ssl_st *ssl, struct tls_identity **ret_identity, bool *ret_has_unverified)
{
	X509 *leaf = SSL_get1_peer_certificate(ssl);

	*ret_identity = NULL;
	*ret_has_unverified = leaf && SSL_get_verify_result(ssl) != X509_V_OK;
	if (!leaf || *ret_has_unverified) {
		X509_free(leaf);
		return;
	}

	struct identity *identity = MEMORY_NEW(struct identity);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	identity->magic = IDENTITY_MAGIC;
	identity->arena = arena_create(1024);
	identity->leaf = leaf;
	identity->chain = chain ? X509_chain_up_ref(chain) : NULL;
	read_subject(identity);
	read_digest(identity);
	read_expiry(identity);
	*ret_identity = &identity->public;
}

void tls_identity_destroy(struct tls_identity **identity)
{
	struct identity *gone = (struct identity *)*identity;

	*identity = NULL;
	if (!gone)
		return;
	X509_free(gone->leaf);
	sk_X509_pop_free(gone->chain, X509_free);
	arena_destroy(&gone->arena);
	memory_free(gone);
}

int tls_trust_create(struct str ca_pem, struct tls_trust **ret, struct error *err)
{
	X509_STORE *store = tls_store_create(ca_pem, err);

	if (!store)
		return ERROR_RETURN;
	*ret = MEMORY_NEW(struct tls_trust);
	(*ret)->store = store;
	return 0;
}

void tls_trust_destroy(struct tls_trust **trust)
{
	struct tls_trust *gone = *trust;

	*trust = NULL;
	if (!gone)
		return;
	X509_STORE_free(gone->store);
	memory_free(gone);
}

bool tls_trust_verifies(const struct tls_trust *trust, const struct tls_identity *identity)
{
	const struct identity *full = (const struct identity *)identity;

	/* An identity that somebody else made up has no certificate behind it. */
	if (!identity || full->magic != IDENTITY_MAGIC)
		return false;

	X509_STORE_CTX *verification = X509_STORE_CTX_new();
	bool verified = false;

	if (verification &&
		X509_STORE_CTX_init(verification, trust->store, full->leaf, full->chain) == 1) {
		X509_STORE_CTX_set_default(verification, "ssl_client");
		X509_VERIFY_PARAM_set_depth(
			X509_STORE_CTX_get0_param(verification), TLS_CHAIN_DEPTH_MAXIMUM);
		verified = X509_verify_cert(verification) == 1;
	}
	X509_STORE_CTX_free(verification);
	ERR_clear_error();
	return verified;
}
