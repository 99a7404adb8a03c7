/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JSON_TEXT_H
#define TROIKA_JSON_TEXT_H

#include "error.h"
#include "json_value.h"

/* Tokens of JSON text; private to the json layer. */

/*
 * The bytes between the quotes of a well-formed string literal, unescaped, with U+FFFD for what is
 * no UTF-8 and for lone surrogates.
 */
struct str json_text_unescape(struct arena *arena, struct str raw);
/* A copy with U+FFFD for each byte that is no UTF-8. */
struct str json_text_repair(struct arena *arena, struct str text);
/* A well-formed number literal of any length; false when too large for a double. */
bool json_text_number(struct str literal, struct json_value *ret);

/* What stands before the place where the text stopped to be JSON. */
enum json_text_state {
	JSON_TEXT_START,
	JSON_TEXT_IN_ARRAY,  /* behind [ */
	JSON_TEXT_IN_OBJECT, /* behind { */
	JSON_TEXT_AFTER_KEY,
	JSON_TEXT_AFTER_ELEMENT,
	JSON_TEXT_AFTER_MEMBER,
	JSON_TEXT_AFTER_TOP,
};

/*
 * Fills err with what is wrong with `rest`, which follows a well-formed beginning, in the words of
 * Go's encoding/json; returns ERROR_RETURN. Looks at no more than the next token.
 */
int json_text_explain(enum json_text_state state, struct str rest, struct error *err);

#endif
