/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TOKEN_FILE_H
#define TROIKA_TOKEN_FILE_H

#include "user_info.h"

/*
 * Static bearer tokens (--token-auth-file): CSV lines TOKEN,USER,UID[,"GROUP,GROUP"]. Immutable; a
 * reload makes a new one.
 */
struct token_file;

/*
 * Reads the text of such a file. Lines with an empty token are left out; of two with one token the
 * later holds. Fails with ERROR_INVALID when it is not CSV or a line has fewer than three columns.
 */
int token_file_parse(struct str text, struct token_file **ret, struct error *err) WARN_UNUSED;
void token_file_destroy(struct token_file **tokens);
size_t token_file_count(const struct token_file *tokens);
/*
 * The user of a token, or NULL; lives as long as `tokens`. How long it takes does not tell how much
 * of a wrong token was right.
 */
const struct user_info *token_file_find(const struct token_file *tokens, struct str token);

#endif
