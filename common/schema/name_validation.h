/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_NAME_VALIDATION_H
#define TROIKA_NAME_VALIDATION_H

#include "str.h"

/*
 * The formats of Kubernetes' names, with upstream's messages. Upstream counts length in
 * "characters" in its older validators and in "bytes" in the declarative ones (NAME_FORMAT_K8S_*):
 * both mean bytes.
 */
enum name_format {
	NAME_FORMAT_DNS1123_LABEL,      /* namespaces, container names */
	NAME_FORMAT_DNS1123_SUBDOMAIN,  /* most objects */
	NAME_FORMAT_DNS1035_LABEL,      /* services of old; plural, singular, kind of a CRD */
	NAME_FORMAT_WILDCARD_SUBDOMAIN, /* "*.example.com" */
	NAME_FORMAT_PATH_SEGMENT,       /* RBAC: anything without '/' and '%' */
	NAME_FORMAT_QUALIFIED,          /* label, annotation and finalizer keys */
	NAME_FORMAT_LABEL_VALUE,
	NAME_FORMAT_C_IDENTIFIER,
	NAME_FORMAT_PORT_NAME,   /* container and service ports, at most 15 */
	NAME_FORMAT_CONFIG_KEY,  /* keys of ConfigMaps and Secrets */
	NAME_FORMAT_ENVIRONMENT, /* names of environment variables, the relaxed rule */
	NAME_FORMAT_PERCENT,     /* "25%" */
	NAME_FORMAT_HTTP_HEADER,
	NAME_FORMAT_K8S_SHORT_NAME,
	NAME_FORMAT_K8S_LONG_NAME,
	NAME_FORMAT_K8S_LONG_NAME_CASELESS,
	NAME_FORMAT_K8S_PREFIXED_LABEL_KEY,
	NAME_FORMAT_K8S_UUID,
};

#define NAME_MESSAGES_MAXIMUM 5

/*
 * Checks `text`: returns how many messages say what is wrong (0: well-formed), each a constant
 * string, in upstream's order.
 */
size_t name_validate(
	enum name_format format, struct str text, struct str ret_messages[NAME_MESSAGES_MAXIMUM]);
bool name_is_valid(enum name_format format, struct str text);
/* The format of an OpenAPI "format" keyword such as "k8s-short-name"; false when it is none. */
bool name_format_find(struct str keyword, enum name_format *ret_format);

#endif
