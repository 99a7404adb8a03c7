/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_EXT_URL_H
#define TROIKA_EXT_URL_H

#include "str.h"

/* The parts of a URL that validation looks at; views of the text. */
struct ext_url {
	struct str scheme;
	struct str user; /* "name:password" */
	bool has_user;
	struct str host; /* with the port */
	struct str path;
	struct str query;
	struct str fragment;
};

/* Splits as Go's url.Parse; false for what that refuses (blanks, control bytes, bad escapes,
 * ports). */
bool ext_url_parse(struct str text, struct ext_url *ret);

#endif
