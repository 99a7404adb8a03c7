/* SPDX-License-Identifier: Apache-2.0 */
#include "media_type.h"

#include <stdlib.h>

#define CLAUSES_MAXIMUM 32

struct clause {
	struct str type;
	struct str as, group, version, profile;
	bool pretty, has_pretty;
	int quality; /* thousandths */
	size_t position;
};

static int parse_quality(struct str text)
{
	char copy[16];

	if (text.length == 0 || text.length >= sizeof(copy))
		return 0;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	double value = strtod(copy, NULL);

	/* Not a number compares false: nothing is wanted. */
	return !(value > 0) ? 0 : value > 1 ? 1000 : (int)(value * 1000);
}

static struct clause parse_clause(struct str text, size_t position)
{
	struct clause clause = {.quality = 1000, .position = position};

	clause.type = str_trim(str_split(&text, ';'));
	while (!str_is_empty(text)) {
		struct str parameter = str_trim(str_split(&text, ';'));
		struct str name = str_trim(str_split(&parameter, '='));
		struct str value = str_trim(parameter);

		if (str_equal(name, STR("as")))
			clause.as = value;
		else if (str_equal(name, STR("g")))
			clause.group = value;
		else if (str_equal(name, STR("v")))
			clause.version = value;
		else if (str_equal(name, STR("q")))
			clause.quality = parse_quality(value);
		else if (str_equal(name, STR("profile")))
			clause.profile = value;
		else if (str_equal(name, STR("pretty")))
			clause.has_pretty = str_parse_bool(value, &clause.pretty);
	}
	return clause;
}

/* What is named goes before what is only said in general. */
static int count_stars(struct str type)
{
	return str_starts_with(type, STR("*/")) + str_ends_with(type, STR("/*"));
}

static int compare_clauses(const void *a, const void *b)
{
	const struct clause *left = a, *right = b;

	if (left->quality != right->quality)
		return right->quality - left->quality;
	if (count_stars(left->type) != count_stars(right->type))
		return count_stars(left->type) - count_stars(right->type);
	return left->position < right->position ? -1 : 1;
}

static bool take_transform(const struct clause *clause, struct media_type *type)
{
	static const struct {
		struct str as, group;
		enum media_transform transform;
	} transforms[] = {
		{STR_INIT("Table"), STR_INIT("meta.k8s.io"), MEDIA_TRANSFORM_TABLE},
		{STR_INIT("PartialObjectMetadata"), STR_INIT("meta.k8s.io"),
			MEDIA_TRANSFORM_PARTIAL},
		{STR_INIT("PartialObjectMetadataList"), STR_INIT("meta.k8s.io"),
			MEDIA_TRANSFORM_PARTIAL_LIST},
		{STR_INIT("APIGroupDiscoveryList"), STR_INIT("apidiscovery.k8s.io"),
			MEDIA_TRANSFORM_DISCOVERY},
	};

	if (str_is_empty(clause->as)) {
		type->transform = MEDIA_TRANSFORM_NONE;
		return true;
	}
	for (size_t i = 0; i < sizeof(transforms) / sizeof(transforms[0]); i++) {
		bool is_discovery = transforms[i].transform == MEDIA_TRANSFORM_DISCOVERY;

		if (!str_equal(clause->as, transforms[i].as) ||
			!str_equal(clause->group, transforms[i].group))
			continue;
		if (is_discovery ? !str_equal(clause->version, STR("v2"))
				 : !str_equal(clause->version, STR("v1")) &&
					   !str_equal(clause->version, STR("v1beta1")))
			return false;
		type->transform = transforms[i].transform;
		type->version = clause->version;
		return true;
	}
	return false;
}

static bool take_clause(const struct clause *clause, struct media_type *type)
{
	if (clause->quality == 0)
		return false;
	if (str_equal_ignore_case(clause->type, STR("application/json")) ||
		str_equal(clause->type, STR("*/*")) ||
		str_equal(clause->type, STR("application/*")))
		type->format = MEDIA_FORMAT_JSON;
	else if (str_equal_ignore_case(clause->type, STR("application/yaml")))
		type->format = MEDIA_FORMAT_YAML;
	else
		return false;
	return take_transform(clause, type);
}

static bool is_for_people(struct str user_agent)
{
	return str_starts_with(user_agent, STR("curl")) ||
	       str_starts_with(user_agent, STR("Wget")) ||
	       str_starts_with(user_agent, STR("Mozilla/5.0"));
}

static void take_query(
	const struct http_query *query, struct str user_agent, struct media_type *type)
{
	struct str include = http_query_find(query, STR("includeObject"), NULL);
	bool is_present;
	struct str pretty = http_query_find(query, STR("pretty"), &is_present);

	if (!is_present)
		type->pretty = is_for_people(user_agent);
	else if (!str_parse_bool(pretty, &type->pretty))
		type->pretty = true;
	if (str_equal(include, STR("None")))
		type->include = TABLE_INCLUDE_NONE;
	else if (str_equal(include, STR("Object")))
		type->include = TABLE_INCLUDE_OBJECT;
}

static int check_include(const struct http_query *query, struct error *err)
{
	static const char *const known[] = {"", "None", "Metadata", "Object"};
	struct str include = http_query_find(query, STR("includeObject"), NULL);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_equal_c(include, known[i]))
			return 0;
	}
	return error_set(err, ERROR_BAD_REQUEST,
		"Unable to convert to Table as requested: includeObject: Invalid value: \"%.*s\": "
		"must be 'Metadata', 'Object', 'None', or empty",
		STR_ARG(str_slice(include, 0, 128)));
}

int media_type_negotiate(struct arena *arena, struct str accept, const struct http_query *query,
	struct str user_agent, struct media_type *ret, struct error *err)
{
	struct clause clauses[CLAUSES_MAXIMUM];
	size_t count = 0;

	(void)arena;
	*ret = (struct media_type){0};
	take_query(query, user_agent, ret);
	if (str_is_empty(str_trim(accept)))
		return 0;
	while (!str_is_empty(accept) && count < CLAUSES_MAXIMUM) {
		clauses[count] = parse_clause(str_split(&accept, ','), count);
		count++;
	}
	qsort(clauses, count, sizeof(clauses[0]), compare_clauses);
	for (size_t i = 0; i < count; i++) {
		if (!take_clause(&clauses[i], ret))
			continue;
		if (ret->transform == MEDIA_TRANSFORM_TABLE && check_include(query, err) != 0)
			return ERROR_RETURN;
		if (clauses[i].has_pretty)
			ret->pretty = clauses[i].pretty;
		return 0;
	}
	*ret = (struct media_type){0};
	return error_set(err, ERROR_NOT_ACCEPTABLE,
		"only the following media types are accepted: application/json, application/yaml");
}

bool media_type_is_plain_json(const struct media_type *type)
{
	return type->format == MEDIA_FORMAT_JSON && type->transform == MEDIA_TRANSFORM_NONE &&
	       !type->pretty;
}
