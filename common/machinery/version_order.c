/* SPDX-License-Identifier: Apache-2.0 */
#include "version_order.h"

enum stage {
	STAGE_ALPHA,
	STAGE_BETA,
	STAGE_STABLE
};

struct version {
	enum stage stage;
	uint64_t major;
	uint64_t minor;
};

/* A number without leading zeros at the start of *rest, which moves behind it. */
static bool take_number(struct str *rest, uint64_t *ret)
{
	size_t digits = 0;

	while (digits < rest->length && (unsigned)(rest->data[digits] - '0') <= 9)
		digits++;
	if (digits == 0 || rest->data[0] == '0' ||
		!str_parse_u64(str_slice(*rest, 0, digits), INT64_MAX, ret))
		return false;
	*rest = str_skip(*rest, digits);
	return true;
}

static bool parse_version(struct str text, struct version *ret)
{
	*ret = (struct version){.stage = STAGE_STABLE};
	if (!str_starts_with(text, STR("v")))
		return false;
	text = str_skip(text, 1);
	if (!take_number(&text, &ret->major))
		return false;
	if (str_is_empty(text))
		return true;
	if (str_starts_with(text, STR("alpha"))) {
		ret->stage = STAGE_ALPHA;
		text = str_skip(text, 5);
	} else if (str_starts_with(text, STR("beta"))) {
		ret->stage = STAGE_BETA;
		text = str_skip(text, 4);
	} else {
		return false;
	}
	return take_number(&text, &ret->minor) && str_is_empty(text);
}

static int higher_first(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

int version_order_compare(struct str a, struct str b)
{
	struct version va, vb;
	bool is_a = parse_version(a, &va), is_b = parse_version(b, &vb);

	if (!is_a && !is_b)
		return str_compare(a, b);
	if (is_a != is_b)
		return is_a ? -1 : 1;
	if (va.stage != vb.stage)
		return higher_first(va.stage, vb.stage);
	if (va.major != vb.major)
		return higher_first(va.major, vb.major);
	return higher_first(va.minor, vb.minor);
}
