/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_HELP_H
#define TROIKA_SUP_HELP_H

#include "buffer.h"

/*
 * The text of --help, from the flag table. `columns` is the terminal's width: 0 gives two aligned
 * columns without wrapping.
 */
void sup_help_format(struct buffer *buffer, unsigned columns);
/* Writes it to stdout, with the width of the terminal if it is one. */
void sup_help_print(void);

#endif
