/* SPDX-License-Identifier: Apache-2.0 */
#include "ext_review.h"

#include "json_reader.h"
#include "json_writer.h"
#include "name_validation.h"

#define REVIEW_GROUP "apiextensions.k8s.io/"

static struct str text_of(const struct json_value *object, const char *name)
{
	return json_text(json_find(object, str_from_c(name)));
}

static struct str meta_text(const struct json_value *object, const char *name)
{
	return text_of(json_find(object, STR("metadata")), name);
}

struct str ext_review_request(struct arena *arena, struct str review_version, struct str uid,
	struct str desired_version, const struct json_value *objects)
{
	struct json_value review = json_object(), request = json_object();

	json_append_member(arena, &request, STR("uid"), json_string(uid));
	json_append_member(arena, &request, STR("desiredAPIVersion"), json_string(desired_version));
	json_append_member(arena, &request, STR("objects"), *objects);
	json_append_member(arena, &review, STR("kind"), json_string(STR("ConversionReview")));
	json_append_member(arena, &review, STR("apiVersion"),
		json_string(arena_printf(arena, REVIEW_GROUP "%.*s", STR_ARG(review_version))));
	json_append_member(arena, &review, STR("request"), request);
	return json_to_str(arena, &review);
}

/* ---- The answer as a whole ---- */

static int check_response(const struct json_value *review, struct str review_version,
	struct str uid, struct error *err)
{
	const struct json_value *response = json_find(review, STR("response"));
	struct str api_version = text_of(review, "apiVersion"), kind = text_of(review, "kind");
	struct str status = json_text(json_find_path(response, "result", "status", NULL));
	struct str message = json_text(json_find_path(response, "result", "message", NULL));
	bool is_strict = str_equal(review_version, STR("v1"));

	if (is_strict && (!str_equal(api_version, STR(REVIEW_GROUP "v1")) ||
				 !str_equal(kind, STR("ConversionReview"))))
		return error_set(err, ERROR_UNTYPED,
			"expected webhook response of " REVIEW_GROUP
			"v1, Kind=ConversionReview, got %.*s, Kind=%.*s",
			STR_ARG(api_version), STR_ARG(kind));
	if (!response || response->type != JSON_OBJECT)
		return error_set(err, ERROR_UNTYPED, "no response provided");
	if (is_strict && !str_equal(text_of(response, "uid"), uid))
		return error_set(err, ERROR_UNTYPED, "expected response.uid=\"%.*s\", got \"%.*s\"",
			STR_ARG(uid), STR_ARG(text_of(response, "uid")));
	if (str_equal(status, STR("Success")))
		return 0;
	if (!str_is_empty(message))
		return error_set(err, ERROR_UNTYPED, "%.*s", STR_ARG(message));
	return error_set(err, ERROR_UNTYPED, "response.result.status was '%.*s', not 'Success'",
		STR_ARG(status));
}

/* ---- One object ---- */

static int check_type(const struct json_value *object, const struct json_value *original,
	struct str desired_version, struct error *err)
{
	if (!str_equal(text_of(object, "apiVersion"), desired_version))
		return error_set(err, ERROR_UNTYPED,
			"invalid groupVersion (expected %.*s, received %.*s)",
			STR_ARG(desired_version), STR_ARG(text_of(object, "apiVersion")));
	if (!str_equal(text_of(object, "kind"), text_of(original, "kind")))
		return error_set(err, ERROR_UNTYPED, "invalid kind (expected %.*s, received %.*s)",
			STR_ARG(text_of(original, "kind")), STR_ARG(text_of(object, "kind")));
	return 0;
}

static int check_identity(
	const struct json_value *object, const struct json_value *original, struct error *err)
{
	static const struct {
		const char *name, *shown;
	} fields[] = {{"name", "name"}, {"namespace", "namespace"}, {"uid", "UID"}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct str before = meta_text(original, fields[i].name);
		struct str after = meta_text(object, fields[i].name);

		if (!str_equal(before, after))
			return error_set(err, ERROR_UNTYPED, "must have the same %s: %.*s != %.*s",
				fields[i].shown, STR_ARG(before), STR_ARG(after));
	}
	return 0;
}

static int check_texts(const struct json_value *texts, const char *name, struct error *err)
{
	bool are_labels = str_equal_c(STR("labels"), name);

	if (texts->type != JSON_OBJECT)
		return error_set(
			err, ERROR_UNTYPED, "invalid metadata.%s in converted object", name);
	for (size_t i = 0; i < texts->length; i++) {
		struct str key = texts->members[i].key;
		const struct json_value *value = &texts->members[i].value;

		if (value->type != JSON_STRING)
			return error_set(err, ERROR_UNTYPED,
				"metadata.%s[%.*s] must be a string in converted object", name,
				STR_ARG(key));
		if (!name_is_valid(NAME_FORMAT_QUALIFIED, key) ||
			(are_labels && !name_is_valid(NAME_FORMAT_LABEL_VALUE, json_text(value))))
			return error_set(err, ERROR_UNTYPED, "metadata.%s: Invalid value: \"%.*s\"",
				name, STR_ARG(key));
	}
	return 0;
}

/* The metadata stays as it was, but for labels and annotations. */
static int restore_metadata(struct arena *arena, struct json_value *object,
	const struct json_value *original, struct error *err)
{
	static const char *const changeable[] = {"labels", "annotations"};
	const struct json_value *answered = json_find(object, STR("metadata"));
	const struct json_value *before = json_find(original, STR("metadata"));
	struct json_value metadata = before ? json_copy(arena, before, false) : json_object();

	if (!answered)
		return error_set(err, ERROR_UNTYPED, "missing metadata in converted object");
	if (answered->type != JSON_OBJECT)
		return error_set(err, ERROR_UNTYPED, "invalid metadata in converted object");
	for (size_t i = 0; i < 2; i++) {
		struct str name = str_from_c(changeable[i]);
		const struct json_value *texts = json_find(answered, name);

		if (!texts || texts->type == JSON_NULL) {
			json_remove(&metadata, name);
			continue;
		}
		if (check_texts(texts, changeable[i], err) != 0)
			return ERROR_RETURN;
		json_set(arena, &metadata, name, *texts);
	}
	json_set(arena, object, STR("metadata"), metadata);
	return 0;
}

static int check_object(struct arena *arena, struct json_value *object,
	const struct json_value *original, struct str desired_version, struct error *err)
{
	if (check_type(object, original, desired_version, err) != 0 ||
		check_identity(object, original, err) != 0)
		return ERROR_RETURN;
	return restore_metadata(arena, object, original, err);
}

int ext_review_answer(struct arena *arena, struct str review_version, struct str uid,
	struct str desired_version, struct str kind_text, const struct json_value *objects,
	struct str answer, struct json_value *ret_converted, struct error *err)
{
	struct json_value review, *converted;

	if (json_read(arena, answer, NULL, &review, err) != 0 ||
		check_response(&review, review_version, uid, err) != 0)
		return error_wrap(err, "conversion webhook for %.*s failed", STR_ARG(kind_text));
	converted = json_find_path(&review, "response", "convertedObjects", NULL);
	if (json_count(converted) != json_count(objects))
		return error_set(err, ERROR_UNTYPED,
			"conversion webhook for %.*s returned %zu objects, expected %zu",
			STR_ARG(kind_text), json_count(converted), json_count(objects));
	for (size_t i = 0; i < json_count(converted); i++) {
		if (check_object(arena, json_element(converted, i), json_element(objects, i),
			    desired_version, err) != 0)
			return error_wrap(err,
				"conversion webhook for %.*s returned invalid converted object at "
				"index %zu",
				STR_ARG(kind_text), i);
	}
	*ret_converted = *converted;
	return 0;
}
