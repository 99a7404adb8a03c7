/* SPDX-License-Identifier: Apache-2.0 */
#include "object_meta.h"
#include "schema_engine.h"

#include <sys/random.h>

#include "assertion.h"
#include "clock.h"

#define GENERATED_BASE_MAXIMUM 58
#define GENERATED_SUFFIX       5

/* ---- Access ---- */

struct str object_meta_text(const struct json_value *object, struct str name)
{
	return json_text(json_find(json_find(object, STR("metadata")), name));
}

int64_t object_meta_integer(const struct json_value *object, struct str name)
{
	return json_integer_or(json_find(json_find(object, STR("metadata")), name), 0);
}

/* Go's order of ObjectMeta. */
static size_t rank(struct str name)
{
	static const char *const order[] = {"name", "generateName", "namespace", "selfLink", "uid",
		"resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
		"deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences",
		"finalizers", "managedFields"};
	size_t count = sizeof(order) / sizeof(order[0]);

	for (size_t i = 0; i < count; i++) {
		if (str_equal_c(name, order[i]))
			return i;
	}
	return count;
}

static bool stands_before(const struct api_resource *resource, struct str a, struct str b)
{
	if (resource->flags & RESOURCE_CUSTOM)
		return str_compare(a, b) < 0;
	return rank(a) < rank(b);
}

/* Adds metadata where it stands in canonical objects: behind kind and apiVersion. */
static void add_metadata(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	struct json_value with = json_object();
	bool is_placed = false;

	for (size_t i = 0; i < json_count(object); i++) {
		const struct json_member *member = &object->members[i];
		bool is_type = str_equal(member->key, STR("kind")) ||
			       str_equal(member->key, STR("apiVersion"));

		if (str_equal(member->key, STR("metadata")))
			continue;
		if (!is_type && !is_placed) {
			json_append_member(arena, &with, STR("metadata"), json_object());
			is_placed = true;
		}
		json_append_member(arena, &with, member->key, member->value);
	}
	if (!is_placed)
		json_append_member(arena, &with, STR("metadata"), json_object());
	*object = with;
	if (resource->flags & RESOURCE_CUSTOM)
		json_sort_members(object);
}

/* Rebuilt rather than shifted: metadata has a dozen members, and its members may be shared. */
void object_meta_set(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, struct str name, struct json_value value)
{
	const struct json_value *found = json_find(object, STR("metadata"));

	if (!found || found->type != JSON_OBJECT)
		add_metadata(arena, resource, object);
	struct json_value *present = json_find(object, STR("metadata"));
	struct json_value metadata = json_object();
	bool is_placed = false;

	for (size_t i = 0; i < present->length; i++) {
		const struct json_member *member = &present->members[i];

		if (str_equal(member->key, name))
			continue;
		if (!is_placed && stands_before(resource, name, member->key)) {
			json_append_member(arena, &metadata, name, value);
			is_placed = true;
		}
		json_append_member(arena, &metadata, member->key, member->value);
	}
	if (!is_placed)
		json_append_member(arena, &metadata, name, value);
	*present = metadata;
}

void object_meta_remove(struct json_value *object, struct str name)
{
	struct json_value *metadata = json_find(object, STR("metadata"));

	if (metadata && metadata->type == JSON_OBJECT)
		json_remove(metadata, name);
}

void object_meta_set_finalizers(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, const struct json_value *finalizers)
{
	if (json_count(finalizers) > 0)
		object_meta_set(arena, resource, object, STR("finalizers"), *finalizers);
	else
		object_meta_remove(object, STR("finalizers"));
}

bool object_meta_has_finalizers(
	const struct api_resource *resource, const struct json_value *object)
{
	if (json_count(json_find_path(object, "metadata", "finalizers", NULL)) > 0)
		return true;
	return (resource->flags & RESOURCE_FINALIZER_PHASE) &&
	       json_count(json_find_path(object, "spec", "finalizers", NULL)) > 0;
}

bool object_meta_is_finished(const struct api_resource *resource, const struct json_value *object)
{
	return !str_is_empty(object_meta_text(object, STR("deletionTimestamp"))) &&
	       object_meta_integer(object, STR("deletionGracePeriodSeconds")) == 0 &&
	       !object_meta_has_finalizers(resource, object);
}

/* ---- The URL ---- */

int object_meta_check_url(const struct api_resource *resource, struct json_value *document,
	struct str namespace, struct str name, struct error *err)
{
	struct str body_name = object_meta_text(document, STR("name"));
	struct str body_namespace = object_meta_text(document, STR("namespace"));
	const struct json_value *metadata = json_find(document, STR("metadata"));
	bool is_namespaced = resource->flags & RESOURCE_NAMESPACED;

	if (metadata && metadata->type != JSON_OBJECT && metadata->type != JSON_NULL)
		return error_set(err, ERROR_BAD_REQUEST,
			"%.*s in version \"%.*s\" cannot be handled as a %.*s: json: cannot unmarshal "
			"into Go struct field %.*s.metadata of type v1.ObjectMeta",
			STR_ARG(resource->kind), STR_ARG(resource->version),
			STR_ARG(resource->kind), STR_ARG(resource->kind));
	if (is_namespaced && !str_is_empty(namespace)) {
		if (str_is_empty(body_namespace))
			object_meta_set(err->arena, resource, document, STR("namespace"),
				json_string(namespace));
		else if (!str_equal(body_namespace, namespace))
			return error_set(err, ERROR_BAD_REQUEST,
				"the namespace of the provided object does not match the namespace "
				"sent on the request");
	}
	/* What has no namespace is not kept from saying one; it is not heard. */
	if (!is_namespaced)
		object_meta_remove(document, STR("namespace"));
	if (str_is_empty(name))
		return 0;
	if (str_is_empty(body_name))
		return error_set(err, ERROR_BAD_REQUEST,
			"the name of the object (%.*s based on URL) was undeterminable: name must be "
			"provided",
			STR_ARG(name));
	if (!str_equal(body_name, name))
		return error_set(err, ERROR_BAD_REQUEST,
			"the name of the object (%.*s) does not match the name on the URL (%.*s)",
			STR_ARG(body_name), STR_ARG(name));
	return 0;
}

/* ---- Create ---- */

static void random_bytes(unsigned char *bytes, size_t count)
{
	ssize_t got = getrandom(bytes, count, 0);

	ASSERT(got == (ssize_t)count);
}

struct str object_meta_make_uid(struct arena *arena)
{
	unsigned char b[16];

	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	return arena_printf(arena,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

static struct str make_name(struct arena *arena, struct str base)
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	unsigned char bytes[GENERATED_SUFFIX];
	char suffix[GENERATED_SUFFIX];

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		suffix[i] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
	base = str_slice(base, 0, GENERATED_BASE_MAXIMUM);
	return arena_printf(arena, "%.*s%.*s", STR_ARG(base), (int)sizeof(suffix), suffix);
}

static struct json_value make_time(struct arena *arena)
{
	char *text = arena_allocate_text(arena, CLOCK_RFC3339_BYTES);

	return json_string(str_from(text, clock_format_rfc3339(clock_wall_seconds(NULL), text)));
}

/* A status of which nothing is known yet, with the zeros that are always written. */
static struct json_value empty_status(struct arena *arena, const struct api_resource *resource)
{
	const struct schema_field *field =
		resource->schema ? schema_find_field(resource->schema, STR("status")) : NULL;
	struct json_value nothing = json_object(), status;

	if (!field || schema_decode(arena, field->schema, &nothing, NULL, &status, NULL) != 0)
		return nothing;
	return status;
}

static void clear_status(
	struct arena *arena, const struct api_resource *resource, struct json_value *object)
{
	if (!(resource->flags & RESOURCE_HAS_STATUS) ||
		(resource->flags & RESOURCE_STATUS_ON_CREATE))
		return;
	if (resource->flags & RESOURCE_CUSTOM)
		json_remove(object, STR("status"));
	else if (json_find(object, STR("status")))
		json_set(arena, object, STR("status"), empty_status(arena, resource));
}

int object_meta_prepare_create(struct arena *arena, const struct api_resource *resource,
	struct str namespace, struct json_value *object, struct error *err)
{
	static const char *const cleared[] = {
		"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"};
	struct str base = object_meta_text(object, STR("generateName"));

	if (!str_is_empty(object_meta_text(object, STR("resourceVersion"))))
		return error_set(err, ERROR_UNTYPED,
			"resourceVersion should not be set on objects to be created");
	for (size_t i = 0; i < sizeof(cleared) / sizeof(cleared[0]); i++)
		object_meta_remove(object, str_from_c(cleared[i]));
	if (!(resource->flags & RESOURCE_NAMESPACED))
		object_meta_remove(object, STR("namespace"));
	else if (!str_is_empty(namespace))
		object_meta_set(arena, resource, object, STR("namespace"), json_string(namespace));
	if (str_is_empty(object_meta_text(object, STR("name"))) && !str_is_empty(base))
		object_meta_set(
			arena, resource, object, STR("name"), json_string(make_name(arena, base)));
	object_meta_set(
		arena, resource, object, STR("uid"), json_string(object_meta_make_uid(arena)));
	object_meta_set(arena, resource, object, STR("creationTimestamp"), make_time(arena));
	if (resource->flags & (RESOURCE_GENERATION | RESOURCE_GENERATION_ANY))
		object_meta_set(arena, resource, object, STR("generation"), json_integer(1));
	clear_status(arena, resource, object);
	return 0;
}

/* ---- Update ---- */

static void copy_member(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, const struct json_value *live, const char *name)
{
	const struct json_value *value =
		json_find(json_find(live, STR("metadata")), str_from_c(name));

	if (value)
		object_meta_set(arena, resource, object, str_from_c(name), *value);
	else
		object_meta_remove(object, str_from_c(name));
}

static void copy_top(struct arena *arena, struct json_value *object, const struct json_value *live,
	struct str name)
{
	const struct json_value *value = json_find(live, name);

	if (value)
		json_set(arena, object, name, json_copy(arena, value, false));
	else
		json_remove(object, name);
}

/* A write to status: everything else is the live object's. */
static void keep_all_but_status(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, const struct json_value *live)
{
	struct json_value merged = json_copy(arena, live, false);
	const struct json_value *status = json_find(object, STR("status"));
	const struct json_value *managed =
		json_find_path(object, "metadata", "managedFields", NULL);
	const struct json_value *version =
		json_find_path(object, "metadata", "resourceVersion", NULL);
	const struct json_value *uid = json_find_path(object, "metadata", "uid", NULL);

	if (status) {
		json_set(arena, &merged, STR("status"), *status);
		if (resource->flags & RESOURCE_CUSTOM)
			json_sort_members(&merged);
	} else {
		json_remove(&merged, STR("status"));
	}
	if (resource->flags & RESOURCE_STATUS_KEEPS_METADATA) {
		copy_member(arena, resource, &merged, object, "labels");
		copy_member(arena, resource, &merged, object, "annotations");
		copy_member(arena, resource, &merged, object, "finalizers");
	}
	if (managed)
		object_meta_set(arena, resource, &merged, STR("managedFields"), *managed);
	if (version)
		object_meta_set(arena, resource, &merged, STR("resourceVersion"), *version);
	if (uid)
		object_meta_set(arena, resource, &merged, STR("uid"), *uid);
	*object = merged;
}

void object_meta_prepare_update(struct arena *arena, const struct api_resource *resource,
	struct str subresource, struct json_value *object, const struct json_value *live)
{
	static const char *const kept[] = {"uid", "creationTimestamp", "deletionTimestamp",
		"deletionGracePeriodSeconds", "generation", "selfLink"};

	if (str_equal(subresource, STR("status")))
		keep_all_but_status(arena, resource, object, live);
	else if ((resource->flags & RESOURCE_HAS_STATUS) && str_is_empty(subresource))
		copy_top(arena, object, live, STR("status"));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		copy_member(arena, resource, object, live, kept[i]);
	if (resource->flags & RESOURCE_CUSTOM)
		json_sort_members(object);
}

static bool is_counted(const struct api_resource *resource, struct str name)
{
	if (str_equal(name, STR("metadata")) || str_equal(name, STR("apiVersion")) ||
		str_equal(name, STR("kind")))
		return false;
	if (resource->flags & RESOURCE_GENERATION_ANY)
		return !(str_equal(name, STR("status")) && (resource->flags & RESOURCE_HAS_STATUS));
	return str_equal(name, STR("spec"));
}

static bool has_changed(const struct api_resource *resource, const struct json_value *object,
	const struct json_value *live)
{
	for (size_t i = 0; i < json_count(object); i++) {
		const struct json_member *member = &object->members[i];
		const struct json_value *before = json_find(live, member->key);

		if (is_counted(resource, member->key) &&
			(!before || !json_equal(before, &member->value)))
			return true;
	}
	for (size_t i = 0; i < json_count(live); i++) {
		if (is_counted(resource, live->members[i].key) &&
			!json_find(object, live->members[i].key))
			return true;
	}
	return false;
}

void object_meta_update_generation(struct arena *arena, const struct api_resource *resource,
	struct json_value *object, const struct json_value *live)
{
	int64_t generation = object_meta_integer(live, STR("generation"));

	if (!(resource->flags & (RESOURCE_GENERATION | RESOURCE_GENERATION_ANY)))
		return;
	if (has_changed(resource, object, live))
		generation++;
	if (generation > 0)
		object_meta_set(
			arena, resource, object, STR("generation"), json_integer(generation));
}
