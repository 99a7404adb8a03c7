/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_SERVER_RESOURCES_H
#define TROIKA_TEST_SERVER_RESOURCES_H

#include "api_resource.h"

extern const struct api_resource test_widgets, test_racks, test_tickets;

#endif
