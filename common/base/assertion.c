/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"

#include <stdlib.h>

#include "log.h"

void assertion_failed(const char *condition, const char *file, int line, const char *function)
{
	log_at(LOG_SEVERITY_FATAL, file, line, "assertion failed: %s, in %s", condition, function);
	abort();
}
