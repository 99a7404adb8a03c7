/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_server.h"

#include "assertion.h"

/*
 * The numbers lie in the range from 60578 to 61183, which neither distributions nor systemd hand
 * out: see docs/processes.md.
 */
static const struct sup_server servers[SUP_SERVER_COUNT] = {
	[SUP_FRONT] = {"aggregator", "aggregator", SUP_SERVER_FRONT, true, "troika-aggregator",
		60801},
	[SUP_CORE] = {"core", "core-apiserver", SUP_SERVER_CORE, false, "troika-core", 60802},
	[SUP_EXTENSIONS] = {"extensions", "extensions-apiserver", SUP_SERVER_EXTENSIONS, false,
		"troika-extensions", 60803},
};

const struct sup_server *sup_server_get(enum sup_server_id id)
{
	ASSERT((unsigned)id < SUP_SERVER_COUNT);
	return &servers[id];
}
