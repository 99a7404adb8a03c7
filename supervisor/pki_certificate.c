/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <time.h>

#define SERIAL_BYTES 16
#define DAY_SECONDS  86400L
#define BACKDATE     (-3600L)

static int fail(struct error *err, const char *what)
{
	char text[256];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	return error_set(err, ERROR_INTERNAL, "%s: %s", what, text);
}

void pki_pair_fini(struct pki_pair *pair)
{
	X509_free(pair->certificate);
	EVP_PKEY_free(pair->key);
	*pair = (struct pki_pair){0};
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool is_good;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	is_good = extension && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_good;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct pki_request *request)
{
	bool is_authority = request->purpose == PKI_AUTHORITY;
	bool is_good = add_extension(certificate, issuer, NID_basic_constraints,
		is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");

	is_good = is_good &&
		  add_extension(certificate, issuer, NID_key_usage,
			  is_authority ? "critical,digitalSignature,keyEncipherment,keyCertSign"
				       : "critical,digitalSignature,keyEncipherment");
	is_good = is_good && add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
	if (!is_authority) {
		is_good = is_good &&
			  add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
		is_good = is_good &&
			  add_extension(certificate, issuer, NID_ext_key_usage,
				  request->purpose == PKI_SERVING ? "serverAuth" : "clientAuth");
	}
	if (request->names)
		is_good = is_good &&
			  add_extension(certificate, issuer, NID_subject_alt_name, request->names);
	return is_good;
}

static bool add_name(X509_NAME *name, const char *field, const char *value)
{
	return X509_NAME_add_entry_by_txt(
		       name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number;
	bool is_good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] &= 0x7f;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	is_good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	return is_good;
}

static bool fill(X509 *certificate, EVP_PKEY *key, X509 *issuer, const struct pki_request *request)
{
	X509_NAME *name = X509_get_subject_name(certificate);

	return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), BACKDATE) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate),
		       BACKDATE + request->valid_days * DAY_SECONDS) &&
	       (!request->organization || add_name(name, "O", request->organization)) &&
	       add_name(name, "CN", request->common_name) &&
	       X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
	       X509_set_pubkey(certificate, key) == 1 &&
	       add_extensions(certificate, issuer, request);
}

static EVP_PKEY *make_key(enum pki_key_type type)
{
	return type == PKI_KEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
}

int pki_pair_make(const struct pki_request *request, const struct pki_pair *issuer,
	struct pki_pair *ret, struct error *err)
{
	struct pki_pair pair = {.certificate = X509_new(), .key = make_key(request->key_type)};

	if (!pair.certificate || !pair.key ||
		!fill(pair.certificate, pair.key, issuer ? issuer->certificate : pair.certificate,
			request) ||
		X509_sign(pair.certificate, issuer ? issuer->key : pair.key, EVP_sha256()) == 0) {
		pki_pair_fini(&pair);
		return fail(err, "making a certificate");
	}
	*ret = pair;
	return 0;
}

static struct str take_text(struct arena *arena, BIO *bio)
{
	char *data;
	long length = BIO_get_mem_data(bio, &data);
	struct str text = arena_copy(arena, str_from(data, length > 0 ? (size_t)length : 0));

	BIO_free(bio);
	return text;
}

struct str pki_certificate_to_pem(struct arena *arena, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, certificate);
	return take_text(arena, bio);
}

struct str pki_key_to_pem(struct arena *arena, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	return take_text(arena, bio);
}

int pki_pair_from_pem(
	struct str certificate, struct str key, struct pki_pair *ret, struct error *err)
{
	BIO *certificate_bio = BIO_new_mem_buf(certificate.data, (int)certificate.length);
	BIO *key_bio = BIO_new_mem_buf(key.data, (int)key.length);
	struct pki_pair pair = {
		.certificate = PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL),
		.key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL),
	};

	BIO_free(certificate_bio);
	BIO_free(key_bio);
	if (!pair.certificate || !pair.key ||
		X509_check_private_key(pair.certificate, pair.key) != 1) {
		pki_pair_fini(&pair);
		return fail(err, "reading a certificate and its key");
	}
	*ret = pair;
	return 0;
}

bool pki_certificate_is_good(X509 *certificate, X509 *issuer, const char *address)
{
	time_t tomorrow = time(NULL) + DAY_SECONDS;
	EVP_PKEY *key = X509_get0_pubkey(issuer);

	return X509_cmp_time(X509_get0_notAfter(certificate), &tomorrow) > 0 && key &&
	       X509_verify(certificate, key) == 1 &&
	       (!address || X509_check_ip_asc(certificate, address, 0) == 1);
}
