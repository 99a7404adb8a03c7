/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_server_options.h"

#include "sup_complaint.h"
#include "sup_text.h"

#include <errno.h>
#include <sys/resource.h>

#define NICE_MINIMUM  (-20)
#define NICE_MAXIMUM  19
#define LOOPS_MAXIMUM 256u
/* Below, no server would come up. */
#define MEMORY_MINIMUM_BYTES (16u << 20)

struct reader {
	const struct sup_flags *flags;
	enum sup_server_id id;
	void (*complain)(void *context, struct str message);
	void *context;
};

struct str sup_server_options_value(
	const struct sup_flags *flags, enum sup_flag_id flag, enum sup_server_id id)
{
	for (size_t i = 0; i < sup_flags_count(flags, flag); i++) {
		struct str value = sup_flags_value(flags, flag, i);
		struct str name = str_split(&value, '=');

		if (str_equal_c(name, sup_server_get(id)->name))
			return value;
	}
	return STR_EMPTY;
}

static void complain(
	const struct reader *reader, enum sup_flag_id flag, struct str value, const char *expected)
{
	struct arena *arena = arena_create(0);

	reader->complain(reader->context,
		arena_printf(arena, "--%s: \"%.*s\" of %s is not %s", sup_flag_get(flag)->name,
			STR_ARG(value), sup_server_get(reader->id)->name, expected));
	arena_destroy(&arena);
}

static void read_nice(const struct reader *reader, struct sup_server_options *options)
{
	struct str text = sup_server_options_value(reader->flags, SUP_FLAG_SERVER_NICE, reader->id);
	int64_t value;

	if (str_is_empty(text))
		return;
	options->has_nice =
		str_parse_i64(text, &value) && value >= NICE_MINIMUM && value <= NICE_MAXIMUM;
	if (options->has_nice)
		options->nice = (int)value;
	else
		complain(reader, SUP_FLAG_SERVER_NICE, text, "a number from -20 to 19");
}

static void read_memory(const struct reader *reader, struct sup_server_options *options)
{
	struct str text =
		sup_server_options_value(reader->flags, SUP_FLAG_SERVER_MEMORY_LIMITS, reader->id);
	double value;

	if (str_is_empty(text))
		return;
	if (sup_text_parse_quantity(text, &value) && value >= MEMORY_MINIMUM_BYTES &&
		value <= 0x1p62)
		options->memory_limit_bytes = (uint64_t)value;
	else
		complain(reader, SUP_FLAG_SERVER_MEMORY_LIMITS, text, "a quantity of 16Mi or more");
}

/* "0-3,8" */
static bool parse_cpus(struct str text, cpu_set_t *ret)
{
	CPU_ZERO(ret);
	while (!str_is_empty(text)) {
		struct str last_text = str_split(&text, ',');
		bool is_range = str_find_byte(last_text, '-') < last_text.length;
		struct str first_text = str_split(&last_text, '-');
		uint64_t first, last;

		if (!str_parse_u64(first_text, CPU_SETSIZE - 1, &first))
			return false;
		last = first;
		if (is_range && !str_parse_u64(last_text, CPU_SETSIZE - 1, &last))
			return false;
		if (last < first)
			return false;
		for (uint64_t cpu = first; cpu <= last; cpu++)
			CPU_SET(cpu, ret);
	}
	return CPU_COUNT(ret) > 0;
}

static void read_cpus(const struct reader *reader, struct sup_server_options *options)
{
	struct str text = sup_server_options_value(reader->flags, SUP_FLAG_SERVER_CPUS, reader->id);

	if (str_is_empty(text))
		return;
	options->has_cpus = parse_cpus(text, &options->cpus);
	if (!options->has_cpus)
		complain(reader, SUP_FLAG_SERVER_CPUS, text, "a list of processors such as 0-3,8");
}

static void read_restart(const struct reader *reader, struct sup_server_options *options)
{
	struct str text =
		sup_server_options_value(reader->flags, SUP_FLAG_SERVER_RESTART, reader->id);

	if (str_is_empty(text) || str_equal(text, STR("always")))
		options->restart = SUP_RESTART_ALWAYS;
	else if (str_equal(text, STR("on-failure")))
		options->restart = SUP_RESTART_ON_FAILURE;
	else if (str_equal(text, STR("never")))
		options->restart = SUP_RESTART_NEVER;
	else
		complain(reader, SUP_FLAG_SERVER_RESTART, text, "always, on-failure or never");
}

static void read_loops(const struct reader *reader, struct sup_server_options *options)
{
	struct str text =
		sup_server_options_value(reader->flags, SUP_FLAG_SERVER_WORKER_LOOPS, reader->id);
	uint64_t value;

	if (str_is_empty(text))
		return;
	if (str_parse_u64(text, LOOPS_MAXIMUM, &value) && value > 0)
		options->worker_loops = (unsigned)value;
	else
		complain(reader, SUP_FLAG_SERVER_WORKER_LOOPS, text, "a number from 1 to 256");
}

void sup_server_options_read(const struct sup_flags *flags, enum sup_server_id id,
	struct sup_server_options *ret, void (*complain_fn)(void *context, struct str message),
	void *context)
{
	const struct reader reader = {flags, id, complain_fn, context};
	struct sup_server_options options = {0};

	read_nice(&reader, &options);
	read_memory(&reader, &options);
	read_cpus(&reader, &options);
	read_restart(&reader, &options);
	read_loops(&reader, &options);
	*ret = options;
}

int sup_server_options_apply(const struct sup_server_options *options, const char **ret_what)
{
	const struct rlimit limit = {options->memory_limit_bytes, options->memory_limit_bytes};

	*ret_what = "setting nice";
	if (options->has_nice && setpriority(PRIO_PROCESS, 0, options->nice) < 0)
		return errno;
	*ret_what = "limiting memory";
	if (options->memory_limit_bytes && setrlimit(RLIMIT_AS, &limit) < 0)
		return errno;
	*ret_what = "choosing processors";
	if (options->has_cpus && sched_setaffinity(0, sizeof(options->cpus), &options->cpus) < 0)
		return errno;
	return 0;
}

static void add_complaint(void *context, struct str message)
{
	sup_complain(context, "%.*s", STR_ARG(message));
}

static bool is_server(struct str name)
{
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++) {
		if (str_equal_c(name, sup_server_get((enum sup_server_id)id)->name))
			return true;
	}
	return false;
}

void sup_validate_servers(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const enum sup_flag_id ids[] = {SUP_FLAG_SERVER_CPUS, SUP_FLAG_SERVER_GROUPS,
		SUP_FLAG_SERVER_MEMORY_LIMITS, SUP_FLAG_SERVER_NICE, SUP_FLAG_SERVER_RESTART,
		SUP_FLAG_SERVER_USERS, SUP_FLAG_SERVER_WORKER_LOOPS};
	struct sup_server_options options;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		for (size_t j = 0; j < sup_flags_count(flags, ids[i]); j++) {
			struct str pair = sup_flags_value(flags, ids[i], j);
			struct str name = str_split(&pair, '=');

			if (!is_server(name))
				sup_complain(complaints, "--%s: there is no server \"%.*s\"",
					sup_flag_get(ids[i])->name, STR_ARG(name));
		}
	}
	for (unsigned id = 0; id < SUP_SERVER_COUNT; id++)
		sup_server_options_read(
			flags, (enum sup_server_id)id, &options, add_complaint, complaints);
}
