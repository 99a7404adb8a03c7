/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SETTINGS_H
#define TROIKA_SETTINGS_H

#include "error.h"

/*
 * What the supervisor puts in beside the flags:
 *   internal.server             which server this is: the NAME in the rows below
 *   internal.listeners          names of the listening sockets, in order ("secure", "private")
 *   internal.data-directory     absolute, writable for this server alone
 *   internal.service-ip         the address of the service default/kubernetes
 *   internal.socket.NAME        path of each server's private socket
 *   internal.uid.NAME           the user that each server runs as
 *   internal.worker-loops       how many event loops the server is to run; absent: as it likes
 *   internal.trusted-uids       who may claim any identity on the private socket
 *   internal.jail.writable, internal.jail.readable, internal.jail.open-files
 *                               for child_process_enter_jail
 *   service-cluster-ip-range    one value a range: one, or two of different families
 *   content.tls-sni-cert-key    three values for each pair: certificate, key, names with commas
 *                               between (may be empty)
 * List flags have one value an item, map flags one "key=value" an item; a flag with neither value
 * nor default is absent.
 */

/*
 * Settings of one process: names with lists of values, in order. Names are those of the flags
 * ("secure-port"); the supervisor adds "internal.*" ones and, for a flag that names a file which
 * the server needs, the file's contents under "content.FLAG" (so that servers open no file
 * themselves). Encoded as: magic, count, then (name length, name, value count, (value length,
 * value)...), all lengths as little-endian 32-bit numbers; bounded and checked when read.
 */
struct settings;

struct settings *settings_create(void);
void settings_destroy(struct settings **settings);
/* Replaces the name's values by one value (copied). */
void settings_set(struct settings *settings, struct str name, struct str value);
/* Adds a value behind those that are there (copied). */
void settings_add(struct settings *settings, struct str name, struct str value);

size_t settings_count(const struct settings *settings, struct str name);
/* Value `index` of the name, or the empty view. Lives as long as the settings. */
struct str settings_value(const struct settings *settings, struct str name, size_t index);
/* The first value, or the empty view. */
struct str settings_text(const struct settings *settings, const char *name);
bool settings_bool(const struct settings *settings, const char *name, bool otherwise);
int64_t settings_integer(const struct settings *settings, const char *name, int64_t otherwise);
/* A Go duration. */
int64_t settings_duration_ns(const struct settings *settings, const char *name, int64_t otherwise);

/* A sealed memfd with the encoded settings, close-on-exec; the caller closes it. */
int settings_to_memfd(const struct settings *settings, int *ret_fd, struct error *err) WARN_UNUSED;
/* Reads what settings_to_memfd made; at most 64 MiB. */
int settings_from_memfd(int fd, struct settings **ret, struct error *err) WARN_UNUSED;
/* The same from bytes, which are only read during the call. */
int settings_decode(struct str encoded, struct settings **ret, struct error *err) WARN_UNUSED;
/* The names in order of first use: the empty view past the last one. */
struct str settings_name(const struct settings *settings, size_t index);

#endif
