/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include "clock.h"
#include "log.h"
#include "memory.h"

struct health_check {
	char *name;
	unsigned endpoints;
	health_check_fn check; /* NULL: a latch */
	void *context;
	bool has_passed;
};

struct health_checks {
	struct health_check *entries;
	size_t count;
	uint64_t livez_grace_end_ns; /* 0: there is none */
};

struct health_checks *health_checks_create(void)
{
	return MEMORY_NEW(struct health_checks);
}

void health_checks_destroy(struct health_checks **checks)
{
	struct health_checks *gone = *checks;

	*checks = NULL;
	if (!gone)
		return;
	for (size_t i = 0; i < gone->count; i++)
		memory_free(gone->entries[i].name);
	memory_free(gone->entries);
	memory_free(gone);
}

static struct health_check *find(const struct health_checks *checks, const char *name)
{
	for (size_t i = 0; i < checks->count; i++) {
		if (strcmp(checks->entries[i].name, name) == 0)
			return &checks->entries[i];
	}
	return NULL;
}

void health_checks_add(struct health_checks *checks, const char *name, unsigned endpoints,
	health_check_fn check, void *context)
{
	if (find(checks, name))
		return;
	checks->entries =
		memory_resize(checks->entries, (checks->count + 1) * sizeof(*checks->entries));
	checks->entries[checks->count++] = (struct health_check){.name = memory_copy_text(name),
		.endpoints = endpoints,
		.check = check,
		.context = context};
}

void health_checks_add_latch(struct health_checks *checks, const char *name, unsigned endpoints)
{
	health_checks_add(checks, name, endpoints, NULL, NULL);
}

static void set_latch(struct health_checks *checks, const char *name, bool has_passed)
{
	struct health_check *check = find(checks, name);

	if (!check)
		return;
	check->has_passed = has_passed;
	if (!has_passed)
		check->check = NULL;
}

void health_checks_pass(struct health_checks *checks, const char *name)
{
	set_latch(checks, name, true);
}

void health_checks_fail(struct health_checks *checks, const char *name)
{
	set_latch(checks, name, false);
}

void health_checks_set_livez_grace(struct health_checks *checks, int64_t grace_ns)
{
	checks->livez_grace_end_ns = grace_ns > 0 ? clock_now_ns() + (uint64_t)grace_ns : 0;
}

static bool is_in_grace(
	const struct health_checks *checks, const struct health_check *check, unsigned bit)
{
	struct str name = str_from_c(check->name);

	return bit == HEALTH_LIVEZ && checks->livez_grace_end_ns > 0 &&
	       (str_starts_with(name, STR("poststarthook/")) ||
		       str_equal(name, STR("autoregister-completion"))) &&
	       clock_now_ns() < checks->livez_grace_end_ns;
}

static const char *run_check(
	const struct health_checks *checks, const struct health_check *check, unsigned bit)
{
	if (is_in_grace(checks, check, bit))
		return NULL;
	if (check->check)
		return check->check(check->context);
	return check->has_passed ? NULL : "not finished";
}

static unsigned endpoint_bit(struct str endpoint)
{
	if (str_equal(endpoint, STR("livez")))
		return HEALTH_LIVEZ;
	if (str_equal(endpoint, STR("readyz")))
		return HEALTH_READYZ;
	return HEALTH_HEALTHZ;
}

static int run_single(
	const struct health_checks *checks, unsigned bit, struct str name, struct buffer *out)
{
	for (size_t i = 0; i < checks->count; i++) {
		const struct health_check *check = &checks->entries[i];

		if (!(check->endpoints & bit) || !str_equal_c(name, check->name))
			continue;
		const char *problem = run_check(checks, check, bit);

		if (!problem) {
			buffer_append(out, STR("ok"));
			return 200;
		}
		buffer_printf(out, "internal server error: %s\n", problem);
		return 500;
	}
	buffer_append(out, STR("404 page not found\n"));
	return 404;
}

static bool take_excluded(
	const struct str *excluded, size_t excluded_count, bool *matched, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < excluded_count; i++) {
		if (str_equal_c(excluded[i], name)) {
			matched[i] = true;
			found = true;
		}
	}
	return found;
}

static void append_unmatched(
	struct buffer *out, const struct str *excluded, size_t excluded_count, const bool *matched)
{
	bool any = false;

	for (size_t i = 0; i < excluded_count; i++) {
		if (matched[i])
			continue;
		buffer_printf(out, "%s\"%.*s\"",
			any ? ", " : "warn: some health checks cannot be excluded: no matches for ",
			STR_ARG(excluded[i]));
		any = true;
	}
	if (any)
		buffer_append_byte(out, '\n');
}

#define EXCLUDED_MAXIMUM 64

int health_checks_run(const struct health_checks *checks, struct str endpoint, struct str only,
	bool is_verbose, const struct str *excluded, size_t excluded_count, struct buffer *out)
{
	unsigned bit = endpoint_bit(endpoint);
	bool matched[EXCLUDED_MAXIMUM] = {false}, has_failed = false;
	size_t start = out->length;

	if (!str_is_empty(only))
		return run_single(checks, bit, only, out);
	if (excluded_count > EXCLUDED_MAXIMUM)
		excluded_count = EXCLUDED_MAXIMUM;
	for (size_t i = 0; i < checks->count; i++) {
		const struct health_check *check = &checks->entries[i];

		if (!(check->endpoints & bit))
			continue;
		if (take_excluded(excluded, excluded_count, matched, check->name)) {
			buffer_printf(out, "[+]%s excluded: ok\n", check->name);
			continue;
		}
		const char *problem = run_check(checks, check, bit);

		if (problem) {
			has_failed = true;
			log_v(2, "%.*s check \"%s\" failed: %s", STR_ARG(endpoint), check->name,
				problem);
			buffer_printf(out, "[-]%s failed: reason withheld\n", check->name);
		} else {
			buffer_printf(out, "[+]%s ok\n", check->name);
		}
	}
	append_unmatched(out, excluded, excluded_count, matched);
	if (has_failed) {
		buffer_printf(out, "%.*s check failed\n", STR_ARG(endpoint));
		return 500;
	}
	if (is_verbose) {
		buffer_printf(out, "%.*s check passed\n", STR_ARG(endpoint));
	} else {
		out->length = start;
		buffer_append(out, STR("ok"));
	}
	return 200;
}

size_t health_checks_count(const struct health_checks *checks)
{
	return checks->count;
}

const char *health_checks_name(
	const struct health_checks *checks, size_t index, unsigned *ret_endpoints)
{
	*ret_endpoints = checks->entries[index].endpoints;
	return checks->entries[index].name;
}
