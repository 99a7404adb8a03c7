/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_FILE_H
#define TROIKA_SUP_FILE_H

#include "buffer.h"
#include "error.h"

/* Appends the file, of at most 8 MiB. Never waits, whatever the path is of. */
int sup_file_read(const char *path, struct buffer *buffer, struct error *err) WARN_UNUSED;

#endif
