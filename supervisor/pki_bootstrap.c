/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_bootstrap.h"

#include "pki_certificate.h"
#include "pki_file.h"

#include <arpa/inet.h>
#include <unistd.h>

#define AUTHORITY_DAYS 3650
#define LEAF_DAYS      365

static const char *path_of(const struct pki_bootstrap *bootstrap, struct arena *arena,
	const char *name, const char *end)
{
	return arena_printf(arena, "%s/pki/%s%s", bootstrap->directory, name, end).data;
}

static int load(const struct pki_bootstrap *bootstrap, struct arena *arena, const char *name,
	struct pki_pair *ret, struct error *err)
{
	struct str certificate, key;

	if (pki_file_read(arena, path_of(bootstrap, arena, name, ".crt"), &certificate, err) < 0 ||
		pki_file_read(arena, path_of(bootstrap, arena, name, ".key"), &key, err) < 0)
		return ERROR_RETURN;
	return pki_pair_from_pem(certificate, key, ret, err);
}

static int save(const struct pki_bootstrap *bootstrap, struct arena *arena, const char *name,
	const struct pki_pair *pair, struct error *err)
{
	struct str certificate = pki_certificate_to_pem(arena, pair->certificate);
	struct str key = pki_key_to_pem(arena, pair->key);

	if (pki_file_write(arena, path_of(bootstrap, arena, name, ".key"), key, 0600, err) < 0)
		return ERROR_RETURN;
	return pki_file_write(
		arena, path_of(bootstrap, arena, name, ".crt"), certificate, 0600, err);
}

/* Keeps the pair if it is good (address: what it must cover), else makes it anew. */
static int ensure(const struct pki_bootstrap *bootstrap, struct arena *arena, const char *name,
	const struct pki_request *request, const struct pki_pair *issuer, const char *address,
	struct pki_pair *ret, struct error *err)
{
	if (load(bootstrap, arena, name, ret, NULL) == 0) {
		X509 *authority = issuer ? issuer->certificate : ret->certificate;

		if (pki_certificate_is_good(ret->certificate, authority, address))
			return 0;
		pki_pair_fini(ret);
	}
	if (pki_pair_make(request, issuer, ret, err) < 0)
		return ERROR_RETURN;
	return save(bootstrap, arena, name, ret, err);
}

static bool is_address(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static const char *serving_names(const struct pki_bootstrap *bootstrap, struct arena *arena)
{
	char host[256] = "";
	struct str names = arena_printf(arena,
		"DNS:localhost,IP:127.0.0.1,IP:::1,DNS:kubernetes,DNS:kubernetes.default,"
		"DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:%s",
		bootstrap->service_ip);

	if (gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0' && !strpbrk(host, ",:"))
		names = arena_printf(arena, "%.*s,DNS:%s", STR_ARG(names), host);
	if (bootstrap->advertise)
		names = arena_printf(arena, "%.*s,%s:%s", STR_ARG(names),
			is_address(bootstrap->advertise) ? "IP" : "DNS", bootstrap->advertise);
	return names.data;
}

static struct str base64(struct arena *arena, struct str text)
{
	char *encoded = arena_allocate_text(arena, text.length / 3 * 4 + 5);
	int length = EVP_EncodeBlock(
		(unsigned char *)encoded, (const unsigned char *)text.data, (int)text.length);

	return str_from(encoded, (size_t)length);
}

/* Kept when it leads to the same server with the same certificate: people set their namespace
 * there. */
static int ensure_kubeconfig(const struct pki_bootstrap *bootstrap, struct arena *arena,
	const struct pki_pair *authority, const struct pki_pair *admin, struct error *err)
{
	const char *path = arena_printf(arena, "%s/admin.kubeconfig", bootstrap->directory).data;
	const char *format = strchr(bootstrap->server, ':') ? "https://[%s]:%u" : "https://%s:%u";
	struct str url = arena_printf(arena, format, bootstrap->server, bootstrap->port);
	struct str ca = base64(arena, pki_certificate_to_pem(arena, authority->certificate));
	struct str certificate = base64(arena, pki_certificate_to_pem(arena, admin->certificate));
	struct str key = base64(arena, pki_key_to_pem(arena, admin->key));
	struct str line = arena_printf(arena, "server: %.*s\n", STR_ARG(url));
	struct str text;

	if (pki_file_read(arena, path, &text, NULL) == 0 && str_find(text, line) < text.length &&
		str_find(text, ca) < text.length && str_find(text, certificate) < text.length)
		return 0;
	text = arena_printf(arena,
		"apiVersion: v1\n"
		"kind: Config\n"
		"clusters:\n"
		"- name: troika\n"
		"  cluster:\n"
		"    %.*s"
		"    certificate-authority-data: %.*s\n"
		"users:\n"
		"- name: kubernetes-admin\n"
		"  user:\n"
		"    client-certificate-data: %.*s\n"
		"    client-key-data: %.*s\n"
		"contexts:\n"
		"- name: kubernetes-admin@troika\n"
		"  context:\n"
		"    cluster: troika\n"
		"    user: kubernetes-admin\n"
		"current-context: kubernetes-admin@troika\n",
		STR_ARG(line), STR_ARG(ca), STR_ARG(certificate), STR_ARG(key));
	return pki_file_write(arena, path, text, 0600, err);
}

int pki_bootstrap(const struct pki_bootstrap *bootstrap, struct arena *arena, struct error *err)
{
	const struct pki_request authority_request = {
		.purpose = PKI_AUTHORITY, .common_name = "troika-ca", .valid_days = AUTHORITY_DAYS};
	const struct pki_request serving_request = {.purpose = PKI_SERVING,
		.common_name = "kube-apiserver",
		.names = serving_names(bootstrap, arena),
		.valid_days = LEAF_DAYS};
	const struct pki_request admin_request = {.purpose = PKI_CLIENT,
		.common_name = "kubernetes-admin",
		.organization = "system:masters",
		.valid_days = LEAF_DAYS};
	struct pki_pair authority = {0}, serving = {0}, admin = {0};
	const char *address = bootstrap->advertise && is_address(bootstrap->advertise)
				      ? bootstrap->advertise
				      : NULL;
	const char *directory = arena_printf(arena, "%s/pki", bootstrap->directory).data;
	int result = pki_file_make_directory(arena, directory, 0700, err);

	if (result == 0)
		result = ensure(
			bootstrap, arena, "ca", &authority_request, NULL, NULL, &authority, err);
	if (result == 0)
		result = ensure(bootstrap, arena, "apiserver", &serving_request, &authority,
			address, &serving, err);
	if (result == 0)
		result = ensure(
			bootstrap, arena, "admin", &admin_request, &authority, NULL, &admin, err);
	if (result == 0)
		result = ensure_kubeconfig(bootstrap, arena, &authority, &admin, err);
	pki_pair_fini(&authority);
	pki_pair_fini(&serving);
	pki_pair_fini(&admin);
	return result;
}
