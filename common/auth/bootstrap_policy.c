/* SPDX-License-Identifier: Apache-2.0 */
#include "assertion.h"
#include "authorizer.h"
#include "bootstrap_policy_data.h"
#include "json_reader.h"

struct json_value bootstrap_policy(struct arena *arena)
{
	static const struct json_read_options options = {.share_text = true};
	struct str text = str_from(bootstrap_policy_json, bootstrap_policy_json_length);
	struct json_value policy;
	struct error err = ERROR_INIT(arena);

	if (json_read(arena, text, &options, &policy, &err) != 0)
		ASSERT(!"the built-in policy is JSON");
	return policy;
}
