/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_VERSION_H
#define TROIKA_VERSION_H

/* The Kubernetes release whose API we speak, as clients see it, and our own release. */
#define KUBERNETES_VERSION       "v1.36.0"
#define KUBERNETES_VERSION_MAJOR "1"
#define KUBERNETES_VERSION_MINOR "36"
#define TROIKA_VERSION           "0.1.0"

#endif
