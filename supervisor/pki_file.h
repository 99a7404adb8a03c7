/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_PKI_FILE_H
#define TROIKA_PKI_FILE_H

#include <sys/types.h>

#include "buffer.h"
#include "error.h"

/* Makes the directory and those above it. */
int pki_file_make_directory(
	struct arena *arena, const char *path, mode_t mode, struct error *err) WARN_UNUSED;
/* Puts the whole text in the file's place at once (written beside it, synced, renamed). */
int pki_file_write(struct arena *arena, const char *path, struct str text, mode_t mode,
	struct error *err) WARN_UNUSED;
/* At most 1 MiB; *ret_text lives in the arena. */
int pki_file_read(
	struct arena *arena, const char *path, struct str *ret_text, struct error *err) WARN_UNUSED;

#endif
