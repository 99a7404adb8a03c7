/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_complaint.h"

#include "sup_feature.h"
#include "sup_text.h"
#include "version.h"

#include <stdlib.h>

/* Which APIs and features there are: runtime-config, feature gates, versions to emulate. */

/* How many minor versions back another one can be emulated. */
#define EMULATED_MINORS 3u

/* All that any release from 1.12 on has served. */
static const struct str groups[] = {STR_INIT(""), STR_INIT("admission.k8s.io"),
	STR_INIT("admissionregistration.k8s.io"), STR_INIT("apiextensions.k8s.io"),
	STR_INIT("apiregistration.k8s.io"), STR_INIT("apps"), STR_INIT("auditregistration.k8s.io"),
	STR_INIT("authentication.k8s.io"), STR_INIT("authorization.k8s.io"),
	STR_INIT("autoscaling"), STR_INIT("batch"), STR_INIT("certificates.k8s.io"),
	STR_INIT("coordination.k8s.io"), STR_INIT("discovery.k8s.io"), STR_INIT("events.k8s.io"),
	STR_INIT("extensions"), STR_INIT("flowcontrol.apiserver.k8s.io"),
	STR_INIT("imagepolicy.k8s.io"), STR_INIT("internal.apiserver.k8s.io"),
	STR_INIT("lifecycle.k8s.io"), STR_INIT("networking.k8s.io"), STR_INIT("node.k8s.io"),
	STR_INIT("policy"), STR_INIT("rbac.authorization.k8s.io"), STR_INIT("resource.k8s.io"),
	STR_INIT("scheduling.k8s.io"), STR_INIT("settings.k8s.io"), STR_INIT("storage.k8s.io"),
	STR_INIT("storagemigration.k8s.io")};

static bool is_group(struct str name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		if (str_equal(name, groups[i]))
			return true;
	}
	return false;
}

static bool is_matcher(struct str key)
{
	return str_equal(key, STR("api/all")) || str_equal(key, STR("api/ga")) ||
	       str_equal(key, STR("api/beta")) || str_equal(key, STR("api/alpha"));
}

static int compare(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static struct str *sorted_keys(
	const struct sup_flags *flags, struct arena *arena, size_t *ret_count)
{
	size_t count = sup_flags_count(flags, SUP_FLAG_RUNTIME_CONFIG);
	struct str *keys = ARENA_ARRAY(arena, struct str, count + 1);

	for (size_t i = 0; i < count; i++) {
		struct str pair = sup_flags_value(flags, SUP_FLAG_RUNTIME_CONFIG, i);

		keys[i] = str_split(&pair, '=');
	}
	qsort(keys, count, sizeof(*keys), compare);
	*ret_count = count;
	return keys;
}

static unsigned slashes_in(struct str text)
{
	unsigned count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += text.data[i] == '/';
	return count;
}

static void check_runtime_config(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	const enum sup_flag_id id = SUP_FLAG_RUNTIME_CONFIG;
	struct str unknown = STR_EMPTY;
	size_t count;
	struct str *keys = sorted_keys(flags, complaints->arena, &count);

	if (count == 1 && str_equal(sup_flags_text(flags, id), STR("api/all=false"))) {
		sup_complain(complaints, "invalid runtime-config with only api/all=false");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct str rest = keys[i];
		unsigned slashes = slashes_in(keys[i]);
		struct str group = str_split(&rest, '/');
		struct str version = str_split(&rest, '/');

		if (is_matcher(keys[i]))
			continue;
		if (slashes < 1 || slashes > 2) {
			sup_complain(
				complaints, "runtime-config invalid key %.*s", STR_ARG(keys[i]));
			return;
		}
		if (!is_group(group))
			unknown = arena_printf(complaints->arena, "%.*s%s%.*s/%.*s",
				STR_ARG(unknown), unknown.length ? "," : "", STR_ARG(group),
				STR_ARG(version));
	}
	if (!str_is_empty(unknown))
		sup_complain(complaints, "unknown api groups %.*s", STR_ARG(unknown));
}

static void check_flow_control(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	if (sup_flags_bool(flags, SUP_FLAG_ENABLE_PRIORITY_AND_FAIRNESS) &&
		sup_flags_has(flags, SUP_FLAG_RUNTIME_CONFIG,
			STR("flowcontrol.apiserver.k8s.io/v1=false")))
		sup_complain(complaints,
			"--runtime-config=flowcontrol.apiserver.k8s.io/v1=false conflicts with "
			"--enable-priority-and-fairness=true");
}

static void add_complaint(void *context, struct str message)
{
	sup_complain(context, "%.*s", STR_ARG(message));
}

static uint64_t our_minor(void)
{
	uint64_t major = 0, minor = 0;

	sup_text_parse_version(STR(KUBERNETES_VERSION), &major, &minor);
	return minor;
}

/* The minor version that the flag names, ours when it names none or a bad one. */
static uint64_t check_version(const struct sup_flags *flags, enum sup_flag_id id, const char *what,
	uint64_t maximum, struct sup_complaints *complaints)
{
	uint64_t ours = our_minor();
	uint64_t found = maximum;

	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		struct str version = sup_flags_value(flags, id, i);
		size_t equals = str_find_byte(version, '=');
		struct str component = STR("kube");
		uint64_t major, minor;

		if (equals < version.length) {
			component = str_slice(version, 0, equals);
			version = str_skip(version, equals + 1);
		}
		if (!str_equal(component, STR("kube"))) {
			sup_complain(
				complaints, "component not registered: %.*s", STR_ARG(component));
			continue;
		}
		if (!sup_text_parse_version(version, &major, &minor)) {
			sup_complain(
				complaints, "illegal version string \"%.*s\"", STR_ARG(version));
			continue;
		}
		if (major != 1 || minor > maximum || minor + EMULATED_MINORS < ours) {
			sup_complain(complaints, "%s version %.*s is not between [1.%llu, 1.%llu]",
				what, STR_ARG(version),
				(unsigned long long)(ours - EMULATED_MINORS),
				(unsigned long long)maximum);
			continue;
		}
		found = minor;
	}
	return found;
}

static void check_versions(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	uint64_t ours = our_minor();
	uint64_t emulated =
		check_version(flags, SUP_FLAG_EMULATED_VERSION, "emulation", ours, complaints);

	check_version(flags, SUP_FLAG_MIN_COMPATIBILITY_VERSION, "min compatibility", emulated,
		complaints);
	if (emulated != ours)
		return;
	if (sup_flags_bool(flags, SUP_FLAG_EMULATION_FORWARD_COMPATIBLE))
		sup_complain(complaints,
			"ServerRunOptions.EmulationForwardCompatible cannot be set to true if the "
			"emulation version is the same as the binary version");
	if (sup_flags_bool(flags, SUP_FLAG_RUNTIME_CONFIG_EMULATION_FORWARD_COMPATIBLE))
		sup_complain(complaints,
			"ServerRunOptions.RuntimeConfigEmulationForwardCompatible cannot be set to "
			"true if the emulation version is the same as the binary version");
}

static void check_peers(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const enum sup_flag_id ids[] = {
		SUP_FLAG_PEER_CA_FILE, SUP_FLAG_PEER_ADVERTISE_IP, SUP_FLAG_PEER_ADVERTISE_PORT};

	if (sup_feature_is_on(flags, STR("UnknownVersionInteroperabilityProxy")))
		return;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		if (!sup_flags_is_empty(flags, ids[i]))
			sup_complain(complaints,
				"--%s requires UnknownVersionInteroperabilityProxy feature to be "
				"turned on",
				sup_flag_get(ids[i])->name);
	}
}

void sup_validate_enablement(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	check_runtime_config(flags, complaints);
	check_flow_control(flags, complaints);
	sup_feature_check(flags, add_complaint, complaints);
	check_versions(flags, complaints);
	check_peers(flags, complaints);
}
