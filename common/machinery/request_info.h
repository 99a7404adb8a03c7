/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_REQUEST_INFO_H
#define TROIKA_REQUEST_INFO_H

#include "http_message.h"

/* What a request asks for, by its method, path and query (apiserver/pkg/endpoints/request). */
struct request_info {
	bool is_resource_request;
	struct str path; /* percent-decoded */
	struct str verb; /* "get", "list", "watch", ...; of other paths the method in lower case */
	struct str api_prefix; /* "api" or "apis"; all of these are empty for other paths */
	struct str group;      /* "" for core */
	struct str version;
	struct str namespace; /* of namespaces themselves: their name */
	struct str resource;
	struct str subresource;
	struct str name; /* of the URL; a watch of old, /watch/.../NAME, has one too */
	/*
	 * What authorization is asked about: `name`, or for list, watch and deletecollection the X
	 * of a field selector metadata.name=X.
	 */
	struct str authorization_name;
	const struct str *parts; /* the path from the resource on: {"pods", "web-0", "log"} */
	size_t part_count;
};

/*
 * Everything lies in the arena. Fails with ERROR_BAD_REQUEST.
 */
int request_info_parse(struct arena *arena, struct str method, struct str path,
	const struct http_query *query, struct request_info *ret, struct error *err) WARN_UNUSED;
/* watch, proxy, exec, attach, portforward, log: without request timeout and in-flight limit. */
bool request_info_is_long_running(const struct request_info *info);
/*
 * A boolean query parameter as upstream reads it: absent, "0" and "false" are false, all else (the
 * empty text, too) is true.
 */
bool request_info_query_bool(const struct http_query *query, struct str name);

#endif
