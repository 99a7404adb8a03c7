/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_CLOCK_H
#define TROIKA_CLOCK_H

#include "arena.h"

/* Monotonic nanoseconds: for deadlines and durations. */
uint64_t clock_now_ns(void);
/* Wall time: seconds since 1970 and the microseconds within the second. */
int64_t clock_wall_seconds(uint32_t *ret_microseconds);

#define CLOCK_RFC3339_BYTES 32
/* "2006-01-02T15:04:05Z"; returns the length written into text[CLOCK_RFC3339_BYTES]. */
size_t clock_format_rfc3339(int64_t wall_seconds, char *text);
/* "2006-01-02T15:04:05.000000Z". */
size_t clock_format_rfc3339_micro(int64_t wall_seconds, uint32_t microseconds, char *text);
/* RFC 3339 with zone and optional fraction, as Go's time.Parse(time.RFC3339); false if malformed.
 */
bool clock_parse_rfc3339(struct str text, int64_t *ret_wall_seconds, uint32_t *ret_nanoseconds);
/* Go duration syntax ("1h30m", "500ms", "-1.5s", "0"); nanoseconds; false if malformed. */
bool clock_parse_duration(struct str text, int64_t *ret_ns);
/* Go's Duration.String(): "1h30m0s", "500ms", "0s". */
struct str clock_format_duration(struct arena *arena, int64_t ns);

#endif
