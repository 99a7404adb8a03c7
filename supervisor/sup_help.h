/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_HELP_H
#define TROIKA_SUP_HELP_H

#include "buffer.h"
#include "sup_flag.h"

/*
 * The text of --help, from the flag table. `columns` is the terminal's width: 0 gives two aligned
 * columns without wrapping.
 */
void sup_help_format(struct buffer *buffer, unsigned columns);
/* A flag's own line ("      --name type") and its text with the default. */
void sup_help_format_flag(struct buffer *buffer, const struct sup_flag *flag);
void sup_help_format_text(struct buffer *buffer, const struct sup_flag *flag);
/* Writes it to stdout, with the width of the terminal if it is one. */
void sup_help_print(void);

#endif
