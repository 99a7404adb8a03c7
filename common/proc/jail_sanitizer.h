/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_JAIL_SANITIZER_H
#define TROIKA_JAIL_SANITIZER_H

/* The leak check at exit clones and traces the process: builds with a sanitizer leave that open. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAIL_UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JAIL_UNDER_SANITIZER 1
#endif
#endif
#ifndef JAIL_UNDER_SANITIZER
#define JAIL_UNDER_SANITIZER 0
#endif

#endif
