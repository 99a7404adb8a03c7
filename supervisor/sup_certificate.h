/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_CERTIFICATE_H
#define TROIKA_SUP_CERTIFICATE_H

#include "sup_options.h"

/*
 * Without --tls-cert-file and --tls-private-key-file, takes the pair in --cert-dir, or has a child
 * process make a self-signed one there; the flags then name it.
 */
int sup_certificate_complete(
	struct sup_flags *flags, const struct sup_options *options, struct error *err) WARN_UNUSED;

#endif
