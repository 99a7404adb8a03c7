/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_PKI_BOOTSTRAP_H
#define TROIKA_PKI_BOOTSTRAP_H

#include "error.h"

struct pki_bootstrap {
	const char *directory;
	const char *advertise; /* further address of the server; NULL: none */
	const char *server;    /* host in the kubeconfig */
	const char *service_ip;
	unsigned port;
};

/*
 * In DIRECTORY/pki: ca.crt and ca.key, apiserver.crt and .key for serving, admin.crt and .key of
 * the user kubernetes-admin in the group system:masters; and DIRECTORY/admin.kubeconfig. What is
 * there and still good stays.
 */
int pki_bootstrap(
	const struct pki_bootstrap *bootstrap, struct arena *arena, struct error *err) WARN_UNUSED;

#endif
