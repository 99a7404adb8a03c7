/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_FLAGS_DOC_H
#define TROIKA_FLAGS_DOC_H

#include "buffer.h"
#include "sup_flag.h"

/* Parts of the program that writes what is made from the table of flags; `flags` are by name. */

/* Appends the text without back quotes, with `by` in front of every byte in `special`. */
void flags_doc_escape(struct buffer *buffer, struct str text, const char *special, const char *by);

void flags_doc_write_bash(struct buffer *buffer, const struct sup_flag *const *flags);
void flags_doc_write_zsh(struct buffer *buffer, const struct sup_flag *const *flags);
void flags_doc_write_fish(struct buffer *buffer, const struct sup_flag *const *flags);

#endif
