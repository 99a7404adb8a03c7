/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_ASSERTION_H
#define TROIKA_ASSERTION_H

/*
 * ASSERT says "if this is false, we have a bug"; never use it for input. It stays on in release
 * builds, costs little and has no side effect. A failure logs the place and aborts: the supervisor
 * starts the server anew.
 */
#define ASSERT(condition)                                                                          \
	((condition) ? (void)0 : assertion_failed(#condition, __FILE__, __LINE__, __func__))

_Noreturn void assertion_failed(
	const char *condition, const char *file, int line, const char *function);

#endif
