/* SPDX-License-Identifier: Apache-2.0 */
#include "test_machinery_support.h"

#include "json_path.h"
#include "table.h"
#include "watch_framing.h"

#define POD                                                                                        \
	"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"namespace\":"      \
	"\"ns\",\"uid\":\"u\",\"resourceVersion\":\"99\",\"labels\":{\"a\":\"1\",\"b\":\"\"}},"    \
	"\"spec\":{\"nodeName\":\"n1\",\"hostNetwork\":true}}"

static void a_built_in_has_its_revision_behind_the_uid(void **state)
{
	struct arena *arena = *state;
	struct stored_object stored = store(arena, &support_pods, POD, "123");

	assert_text(arena, stored.json,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\","
		"\"namespace\":\"ns\",\"uid\":\"u\",\"resourceVersion\":\"123\",\"labels\":{\"a\":"
		"\"1\",\"b\":\"\"}},\"spec\":{\"nodeName\":\"n1\",\"hostNetwork\":true}}");
	assert_text(arena, stored.revision, "123");
	assert_int_equal(stored_object_type_prefix(&support_pods, &stored),
		strlen("{\"kind\":\"Pod\",\"apiVersion\":\"v1\","));
	assert_int_equal(stored_object_type_prefix(&support_widgets, &stored), 0);
}

static void a_custom_object_has_all_keys_sorted(void **state)
{
	struct arena *arena = *state;
	struct stored_object stored = store(arena, &support_widgets,
		"{\"apiVersion\":\"example.com/v1beta1\",\"kind\":\"Widget\",\"metadata\":{"
		"\"annotations\":{},\"name\":\"w\",\"uid\":\"u\"},\"spec\":1}",
		"5");

	assert_text(arena, stored.json,
		"{\"apiVersion\":\"example.com/v1beta1\",\"kind\":\"Widget\",\"metadata\":{"
		"\"annotations\":{},\"name\":\"w\",\"resourceVersion\":\"5\",\"uid\":\"u\"},"
		"\"spec\":1}");
	assert_true(stored_object_type_prefix(&support_widgets, &stored) > 0);
	stored = store(arena, &support_widgets,
		"{\"apiVersion\":\"example.com/v1beta1\",\"kind\":\"Widget\",\"metadata\":{}}",
		"5");
	assert_text(arena, stored.json,
		"{\"apiVersion\":\"example.com/v1beta1\",\"kind\":\"Widget\",\"metadata\":{"
		"\"resourceVersion\":\"5\"}}");
}

static void what_an_older_schema_wrote_has_to_be_converted(void **state)
{
	struct arena *arena = *state;
	struct api_resource resource = support_widgets;
	const char *text = "{\"apiVersion\":\"example.com/v1beta1\",\"kind\":\"Widget\","
			   "\"metadata\":{},\"spec\":1}";

	resource.schema_revision = 10;
	struct stored_object older = store(arena, &resource, text, "9");
	struct stored_object current = store(arena, &resource, text, "10");

	assert_int_equal(stored_object_type_prefix(&resource, &older), 0);
	assert_true(stored_object_type_prefix(&resource, &current) > 0);
	resource.version = STR("v1");
	assert_int_equal(stored_object_type_prefix(&resource, &current), 0);
}

static void the_header_answers_selectors(void **state)
{
	struct arena *arena = *state;
	struct stored_object stored = store(arena, &support_pods, POD, "123");
	struct str value;

	assert_true(stored_object_label(&stored, STR("a"), &value));
	assert_text(arena, value, "1");
	assert_true(stored_object_label(&stored, STR("b"), &value));
	assert_text(arena, value, "");
	assert_false(stored_object_label(&stored, STR("c"), &value));
	assert_text(arena, stored_object_selectable(&stored, 0), "n1");
	assert_text(arena, stored_object_selectable(&stored, 1), "true");
	assert_text(arena, stored_object_selectable(&stored, 2), "");
}

static void cut_or_changed_bytes_never_read_past_their_end(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct json_value object = parse_json(arena, POD);
	struct stored_encoding encoding;

	assert_int_equal(stored_object_encode(arena, &support_pods, &object, &encoding, &err), 0);
	for (size_t length = 0; length <= encoding.bytes.length; length++) {
		for (int change = 0; change < 256; change += 51) {
			char *copy = arena_allocate_text(arena, length + 1);
			struct stored_object stored;
			struct str value;

			memcpy(copy, encoding.bytes.data, length);
			if (length > 4)
				copy[4 + length % 40 % (length - 4)] ^= (char)change;
			if (!stored_object_parse(str_from(copy, length), &stored))
				continue;
			stored_object_label(&stored, STR("zz"), &value);
			stored_object_selectable(&stored, 1);
		}
	}
	assert_false(stored_object_parse(STR("{\"kind\":\"Pod\"}"), &(struct stored_object){0}));
}

static void an_object_over_the_limit_is_too_large(void **state)
{
	struct arena *arena = *state;
	struct error err = ERROR_INIT(arena);
	struct json_value object = parse_json(arena, POD);
	struct stored_encoding encoding;
	char *text = arena_allocate_text(arena, 2 << 20);

	memset(text, 'x', 2 << 20);
	json_set(arena, &object, STR("spec"), json_string(str_from(text, 2 << 20)));
	assert_int_equal(
		stored_object_encode(arena, &support_pods, &object, &encoding, &err), ERROR_RETURN);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	object = parse_json(arena, "{\"kind\":\"Pod\"}");
	error_clear(&err);
	assert_int_equal(
		stored_object_encode(arena, &support_pods, &object, &encoding, &err), ERROR_RETURN);
}

/* ---- Watch lines ---- */

static void watch_lines_carry_the_stored_bytes(void **state)
{
	struct arena *arena = *state;
	struct stored_object stored = store(arena, &support_pods,
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\"}}", "7");
	struct buffer out = {0};

	watch_write_stored(&out, WATCH_EVENT_ADDED, &stored, 0);
	watch_write_stored(&out, WATCH_EVENT_DELETED, &stored, 12345);
	watch_write_json(&out, WATCH_EVENT_ERROR, STR("{}"));
	assert_text(arena, buffer_str(&out),
		"{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
		"\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"7\"}}}\n"
		"{\"type\":\"DELETED\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
		"\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"12345\"}}}\n"
		"{\"type\":\"ERROR\",\"object\":{}}\n");
	buffer_fini(&out);
}

static void a_bookmark_says_where_the_watch_is(void **state)
{
	struct arena *arena = *state;
	struct buffer out = {0};

	watch_write_bookmark(arena, &out, &support_pods, 9, true);
	struct json_value line = parse_json(arena, arena_copy_c(arena, buffer_str(&out)));
	const struct json_value *object = json_find(&line, STR("object"));

	assert_text(arena, json_text(json_find(&line, STR("type"))), "BOOKMARK");
	assert_text(arena, json_text(json_find(object, STR("kind"))), "Pod");
	assert_text(
		arena, json_text(json_find_path(object, "metadata", "resourceVersion", NULL)), "9");
	assert_text(arena,
		json_text(json_find_path(
			object, "metadata", "annotations", "k8s.io/initial-events-end", NULL)),
		"true");
	buffer_fini(&out);
}

/* ---- Paths ---- */

static void paths_find_what_printer_columns_ask_for(void **state)
{
	static const struct {
		const char *path;
		const char *value; /* NULL: nothing */
	} cases[] = {
		{".a.b", "1"},
		{"$.a.b", "1"},
		{"{.a.b}", "1"},
		{".a['b']", "1"},
		{".a[\"x.y\"]", "2"},
		{".a.x\\.y", "2"},
		{".list[0].n", "\"p\""},
		{".list[-1].n", "\"q\""},
		{".list[*].n", "\"p\""},
		{".list[?(@.n==\"q\")].v", "true"},
		{".list[?(@.n!=\"p\")].v", "true"},
		{".list[?(@.v==true)].n", "\"q\""},
		{".list[?(@.k==7)].n", "\"p\""},
		{".a", "{\"b\":1,\"x.y\":2}"},
		{".none.b", NULL},
		{".a.b.c", NULL},
		{".list[9]", NULL},
		{".list[-9]", NULL},
		{".list[?(@.n==\"z\")].v", NULL},
		{".list[-1:].n", "\"q\""},
		{".list[:1].n", "\"p\""},
		{".list[1:2].n", "\"q\""},
		{".list[::2].n", "\"p\""},
		{".list[0:3].n", NULL},
		{".list[1,0].n", "\"q\""},
		{".a['none','b']", "1"},
		{".list[?(@.k)].n", "\"p\""},
		{".list[?(@.k>6)].n", "\"p\""},
		{".list[?(@.k<=6)].n", NULL},
		{".list[?(@.n>=\"q\")].n", "\"q\""},
		{".list[::0].n", NULL},
		{".list[", NULL},
		{".list[?(@[?(@[?(@.a==1)]==1)]==1)]", NULL},
		{"..", NULL},
	};
	struct arena *arena = *state;
	struct json_value root = parse_json(arena,
		"{\"a\":{\"b\":1,\"x.y\":2},\"list\":[{\"n\":\"p\",\"v\":false,\"k\":7},{\"n\":"
		"\"q\",\"v\":true}]}");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct json_value *found =
			json_path_first(arena, &root, str_from_c(cases[i].path));

		if (!found != !cases[i].value)
			fail_msg("%s", cases[i].path);
		if (found)
			assert_json(arena, found, cases[i].value);
	}
	assert_true(json_path_is_valid(STR(".spec.x[0]['y']")));
	assert_false(json_path_is_valid(STR(".spec[")));
	assert_false(json_path_is_valid(STR(".spec[a]")));
	assert_false(json_path_is_valid(STR(".spec[1:x]")));
}

/* ---- Tables ---- */

static void ages_are_short(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{-2, "<invalid>"},
		{-1, "0s"},
		{0, "0s"},
		{119, "119s"},
		{120, "2m"},
		{121, "2m1s"},
		{599, "9m59s"},
		{600, "10m"},
		{10799, "179m"},
		{10800, "3h"},
		{10860, "3h1m"},
		{28799, "7h59m"},
		{28800, "8h"},
		{172799, "47h"},
		{172800, "2d"},
		{176400, "2d1h"},
		{691199, "7d23h"},
		{691200, "8d"},
		{63071999, "729d"},
		{63072000, "2y"},
		{63158400, "2y1d"},
		{252287999, "7y364d"},
		{252288000, "8y"},
		{INT64_MAX, "292471208677y"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_text(arena, table_human_duration(arena, cases[i].seconds), cases[i].text);
}

static const struct table_column columns[] = {
	{.name = STR_INIT("Name"),
		.type = STR_INIT("string"),
		.format = STR_INIT("name"),
		.path = STR_INIT(".metadata.name"),
		.cell_type = COLUMN_STRING},
	{.name = STR_INIT("N"),
		.type = STR_INIT("integer"),
		.path = STR_INIT(".n"),
		.cell_type = COLUMN_INTEGER,
		.priority = 1},
	{.name = STR_INIT("F"),
		.type = STR_INIT("number"),
		.path = STR_INIT(".f"),
		.cell_type = COLUMN_NUMBER},
	{.name = STR_INIT("B"),
		.type = STR_INIT("boolean"),
		.path = STR_INIT(".b"),
		.cell_type = COLUMN_BOOLEAN},
	{.name = STR_INIT("T"),
		.type = STR_INIT("string"),
		.path = STR_INIT(".t"),
		.cell_type = COLUMN_STRING},
	{.name = STR_INIT("Age"),
		.type = STR_INIT("date"),
		.path = STR_INIT(".when"),
		.cell_type = COLUMN_DATE},
};

static struct str write_cells(struct arena *arena, uint32_t flags, const char *json)
{
	struct api_resource resource = {.kind = STR("X"),
		.flags = flags,
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0])};
	struct json_value object = parse_json(arena, json);
	struct buffer out = {0};

	table_write_row(arena, &out, &resource, TABLE_INCLUDE_NONE, false, STR_EMPTY, &object);
	struct str text = arena_copy(arena, buffer_str(&out));

	buffer_fini(&out);
	return text;
}

static void cells_have_the_type_of_their_column(void **state)
{
	static const struct {
		uint32_t flags;
		const char *object, *row;
	} cases[] = {
		{RESOURCE_CUSTOM,
			"{\"metadata\":{\"name\":\"a\"},\"n\":3,\"f\":1.5,\"b\":true,\"t\":{\"x\":1}"
			",\"when\":\"soon\"}",
			"{\"cells\":[\"a\",3,1.5,true,\"{\\\"x\\\":1}\",\"\\u003cinvalid\\u003e\"],\"object\":null}"},
		{RESOURCE_CUSTOM, "{\"metadata\":{\"name\":\"a\"},\"n\":\"3\",\"t\":7}",
			"{\"cells\":[\"a\",null,null,null,\"7\",null],\"object\":null}"},
		{RESOURCE_CUSTOM, "{\"n\":1e300,\"b\":null}",
			"{\"cells\":[null,null,null,null,null,null],\"object\":null}"},
		{0, "{\"metadata\":{\"name\":\"a\"}}",
			"{\"cells\":[\"a\",0,0,false,\"\",\"\\u003cunknown\\u003e\"],\"object\":null}"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_text(
			arena, write_cells(arena, cases[i].flags, cases[i].object), cases[i].row);
}

static void a_table_has_columns_rows_and_list_metadata(void **state)
{
	struct arena *arena = *state;
	struct table_metadata metadata = {.resource_version = STR("5"),
		.continue_token = STR("abc"),
		.has_remaining = true,
		.remaining_item_count = 2};
	struct json_value object = parse_json(arena,
		"{\"kind\":\"Widget\",\"apiVersion\":\"example.com/v1beta1\",\"metadata\":{"
		"\"name\":\"w\",\"creationTimestamp\":\"2020-01-01T00:00:00Z\"}}");
	struct buffer out = {0};

	table_write_begin(&out, &support_widgets, STR("v1"), &metadata, true);
	table_write_row(
		arena, &out, &support_widgets, TABLE_INCLUDE_METADATA, false, STR_EMPTY, &object);
	table_write_row(
		arena, &out, &support_widgets, TABLE_INCLUDE_OBJECT, true, STR("{}"), &object);
	table_write_end(&out);
	struct json_value table = parse_json(arena, arena_copy_c(arena, buffer_str(&out)));

	assert_json(arena, json_find(&table, STR("metadata")),
		"{\"resourceVersion\":\"5\",\"continue\":\"abc\",\"remainingItemCount\":2}");
	assert_int_equal(json_count(json_find(&table, STR("rows"))), 2);
	assert_json(arena,
		json_find(json_element(json_find(&table, STR("rows")), 0), STR("object")),
		"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\","
		"\"metadata\":{\"name\":\"w\",\"creationTimestamp\":\"2020-01-01T00:00:00Z\"}}");
	assert_int_equal(json_count(json_find(
				 json_element(json_find(&table, STR("rows")), 0), STR("cells"))),
		json_count(json_find(&table, STR("columnDefinitions"))));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(a_built_in_has_its_revision_behind_the_uid),
		ARENA_TEST(a_custom_object_has_all_keys_sorted),
		ARENA_TEST(what_an_older_schema_wrote_has_to_be_converted),
		ARENA_TEST(the_header_answers_selectors),
		ARENA_TEST(cut_or_changed_bytes_never_read_past_their_end),
		ARENA_TEST(an_object_over_the_limit_is_too_large),
		ARENA_TEST(watch_lines_carry_the_stored_bytes),
		ARENA_TEST(a_bookmark_says_where_the_watch_is),
		ARENA_TEST(paths_find_what_printer_columns_ask_for),
		ARENA_TEST(ages_are_short),
		ARENA_TEST(cells_have_the_type_of_their_column),
		ARENA_TEST(a_table_has_columns_rows_and_list_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
