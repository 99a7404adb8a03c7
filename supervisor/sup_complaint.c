/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_complaint.h"

#include "buffer.h"
#include "sup_text.h"

static void add(struct sup_complaints *complaints, struct str text)
{
	for (size_t i = 0; i < complaints->count; i++) {
		if (str_equal(complaints->texts[i], text))
			return;
	}
	if (complaints->count == complaints->capacity) {
		size_t capacity = complaints->capacity ? complaints->capacity * 2 : 8;
		struct str *texts = ARENA_ARRAY(complaints->arena, struct str, capacity);

		if (complaints->count)
			memcpy(texts, complaints->texts, complaints->count * sizeof(*texts));
		complaints->texts = texts;
		complaints->capacity = capacity;
	}
	complaints->texts[complaints->count++] = text;
}

void sup_complain(struct sup_complaints *complaints, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(complaints, arena_vprintf(complaints->arena, format, arguments));
	va_end(arguments);
}

int sup_complaints_to_error(const struct sup_complaints *complaints, struct error *err)
{
	struct buffer buffer = {0};

	if (complaints->count == 0)
		return 0;
	if (complaints->count == 1)
		return error_set(err, ERROR_INVALID, "%.*s", STR_ARG(complaints->texts[0]));
	for (size_t i = 0; i < complaints->count; i++)
		buffer_printf(&buffer, "%s%.*s", i ? ", " : "", STR_ARG(complaints->texts[i]));
	error_set(err, ERROR_INVALID, "[%.*s]", STR_ARG(buffer_str(&buffer)));
	buffer_fini(&buffer);
	return ERROR_RETURN;
}

bool sup_flags_has(const struct sup_flags *flags, enum sup_flag_id id, struct str value)
{
	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		if (str_equal(sup_flags_value(flags, id, i), value))
			return true;
	}
	return false;
}

bool sup_flags_is_empty(const struct sup_flags *flags, enum sup_flag_id id)
{
	return str_is_empty(sup_flags_text(flags, id));
}

struct str sup_flags_quoted_list(
	const struct sup_flags *flags, enum sup_flag_id id, struct arena *arena)
{
	struct buffer buffer = {0};
	struct str text;

	buffer_append_byte(&buffer, '[');
	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		text = sup_text_quote(arena, sup_flags_value(flags, id, i));
		buffer_printf(&buffer, "%s%.*s", i ? " " : "", STR_ARG(text));
	}
	buffer_append_byte(&buffer, ']');
	text = arena_copy(arena, buffer_str(&buffer));
	buffer_fini(&buffer);
	return text;
}
