/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "log.h"
#include "sup_config.h"
#include "sup_options.h"

#include <stdlib.h>

/*
 * A command line, its words separated by line breaks: it is parsed or refused, echoed, completed
 * and validated, and nothing is refused without a word.
 */

#define MAX_WORDS 64

static char *words[MAX_WORDS + 1];

static int split(char *text, size_t length)
{
	int count = 1;

	words[0] = (char *)"kube-apiserver";
	for (size_t i = 0; i < length && count < MAX_WORDS;) {
		words[count++] = text + i;
		while (i < length && text[i] != '\n')
			i++;
		text[i++] = '\0';
	}
	words[count] = NULL;
	return count;
}

static void check_echo(const struct sup_flags *flags, struct arena *arena)
{
	struct buffer file = {0};

	for (unsigned i = 0; i < SUP_FLAG_COUNT; i++) {
		enum sup_flag_id id = (enum sup_flag_id)i;
		struct str echo = sup_flags_echo(flags, id, arena);

		ASSERT(echo.length == 0 || echo.data);
	}
	sup_config_write(flags, &file);
	ASSERT(file.length > 0);
	buffer_fini(&file);
}

static void discard(enum log_severity severity, const char *line, size_t length)
{
	(void)severity;
	(void)line;
	(void)length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create(0);
	struct sup_flags *flags = sup_flags_create();
	struct error err = ERROR_INIT(arena);
	struct sup_options options;
	char *text = arena_allocate_text(arena, size + 1);

	log_set_writer(discard);
	if (size > 0)
		memcpy(text, data, size);
	if (sup_flags_parse(flags, split(text, size), words, &err) == 0) {
		check_echo(flags, arena);
		error_clear(&err);
		if (sup_options_complete(flags, arena, &options, &err) == 0) {
			int result = sup_options_validate(flags, &err);

			ASSERT(result == 0 || err.message.length > 0);
		}
	} else {
		ASSERT(err.message.length > 0);
	}
	sup_flags_destroy(&flags);
	arena_destroy(&arena);
	return 0;
}
