/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_feature.h"

#include "log.h"

static const struct sup_feature gates[] = {
#define GATE(name, stage, otherwise, is_locked) {#name, SUP_FEATURE_##stage, otherwise, is_locked},
#include "feature_gates.def"
#undef GATE
};

#define GATE_COUNT (sizeof(gates) / sizeof(*gates))

const struct sup_feature *sup_feature_get(size_t index)
{
	return index < GATE_COUNT ? &gates[index] : NULL;
}

const char *sup_feature_stage_name(enum sup_feature_stage stage)
{
	static const char *const names[] = {"ALPHA", "BETA", "GA", "DEPRECATED", "GONE"};

	return names[stage];
}

static const struct sup_feature *find(struct str name)
{
	for (size_t i = 0; i < GATE_COUNT; i++) {
		if (str_equal_c(name, gates[i].name))
			return &gates[i];
	}
	return NULL;
}

/* The value that the flag has for the name: 0, 1, or -1 when it has none. */
static int asked(const struct sup_flags *flags, struct str name)
{
	for (size_t i = 0; i < sup_flags_count(flags, SUP_FLAG_FEATURE_GATES); i++) {
		struct str value = sup_flags_value(flags, SUP_FLAG_FEATURE_GATES, i);

		if (str_equal(str_split(&value, '='), name))
			return str_equal(value, STR("true")) ? 1 : 0;
	}
	return -1;
}

bool sup_feature_is_on(const struct sup_flags *flags, struct str name)
{
	const struct sup_feature *gate = find(name);
	int value = asked(flags, name);

	if (!gate || gate->is_locked)
		return gate && gate->otherwise;
	if (value < 0 && gate->stage == SUP_FEATURE_ALPHA)
		value = asked(flags, STR("AllAlpha"));
	if (value < 0 && gate->stage == SUP_FEATURE_BETA)
		value = asked(flags, STR("AllBeta"));
	return value < 0 ? gate->otherwise : value == 1;
}

static void warn(const struct sup_feature *gate, bool value)
{
	const char *text = value ? "true" : "false";

	if (gate->stage == SUP_FEATURE_DEPRECATED)
		log_warning("Setting deprecated feature gate %s=%s. It will be removed in a future "
			    "release.",
			gate->name, text);
	else if (gate->stage == SUP_FEATURE_GA)
		log_warning(
			"Setting GA feature gate %s=%s. It will be removed in a future release.",
			gate->name, text);
	else if (gate->stage == SUP_FEATURE_GONE)
		log_warning("Feature gate %s=%s is of an earlier release and is ignored.",
			gate->name, text);
}

void sup_feature_check(const struct sup_flags *flags,
	void (*complain)(void *context, struct str message), void *context)
{
	struct arena *arena = arena_create(0);

	for (size_t i = 0; i < sup_flags_count(flags, SUP_FLAG_FEATURE_GATES); i++) {
		struct str value = sup_flags_value(flags, SUP_FLAG_FEATURE_GATES, i);
		struct str name = str_split(&value, '=');
		const struct sup_feature *gate = find(name);
		bool is_on = str_equal(value, STR("true"));

		if (str_equal(name, STR("AllAlpha")) || str_equal(name, STR("AllBeta")))
			continue;
		if (!gate)
			complain(context, arena_printf(arena, "unrecognized feature gate: %.*s",
						  STR_ARG(name)));
		else if (gate->is_locked && gate->otherwise != is_on)
			complain(context,
				arena_printf(arena,
					"cannot set feature gate %s to %s, feature is locked to %s",
					gate->name, is_on ? "true" : "false",
					gate->otherwise ? "true" : "false"));
		else
			warn(gate, is_on);
	}
	arena_destroy(&arena);
}
