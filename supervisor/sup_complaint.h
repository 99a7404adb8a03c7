/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_SUP_COMPLAINT_H
#define TROIKA_SUP_COMPLAINT_H

#include "sup_flag.h"

/* All that validation finds wrong, in order, each once. */
struct sup_complaints {
	struct arena *arena; /* texts; the caller's */
	struct str *texts;
	size_t count;
	size_t capacity;
};

__attribute__((format(printf, 2, 3))) void sup_complain(
	struct sup_complaints *complaints, const char *format, ...);
/* 0 when there are none; one as it is, several as "[c1, c2]". */
int sup_complaints_to_error(const struct sup_complaints *complaints, struct error *err) WARN_UNUSED;

/* The parts of sup_options_validate(), in the order of upstream. */
void sup_validate_storage(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_serving(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_services(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_authentication(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_authorization(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_audit(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_admission(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_enablement(const struct sup_flags *flags, struct sup_complaints *complaints);
void sup_validate_servers(const struct sup_flags *flags, struct sup_complaints *complaints);

/* Helpers that several parts need. */
bool sup_flags_has(const struct sup_flags *flags, enum sup_flag_id id, struct str value);
bool sup_flags_is_empty(const struct sup_flags *flags, enum sup_flag_id id);
/* ["A" "B"] */
struct str sup_flags_quoted_list(
	const struct sup_flags *flags, enum sup_flag_id id, struct arena *arena);

#endif
