/* SPDX-License-Identifier: Apache-2.0 */
#include "core_cells.h"

/* ---- PersistentVolumes and their claims */

struct json_value core_cell_volume_phase(
	const struct table_cell_context *context, const struct json_value *object)
{
	if (json_find_path(object, "metadata", "deletionTimestamp", NULL))
		return json_string(STR("Terminating"));
	return cell_text_or(context, json_find_path(object, "status", "phase", NULL), STR_EMPTY);
}

/* Short names, in a fixed order, each once. */
static struct json_value access_modes(
	const struct table_cell_context *context, const struct json_value *modes)
{
	static const struct {
		struct str name, short_name;
	} known[] = {
		{STR_INIT("ReadWriteOnce"), STR_INIT("RWO")},
		{STR_INIT("ReadOnlyMany"), STR_INIT("ROX")},
		{STR_INIT("ReadWriteMany"), STR_INIT("RWX")},
		{STR_INIT("ReadWriteOncePod"), STR_INIT("RWOP")},
	};
	struct buffer text = {0};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		for (size_t mode = 0; mode < json_count(modes); mode++) {
			if (!str_equal(json_text(json_element(modes, mode)), known[i].name))
				continue;
			cell_join(&text, ",", known[i].short_name);
			break;
		}
	}
	return cell_take(context, &text, STR_EMPTY);
}

struct json_value core_cell_access_modes(
	const struct table_cell_context *context, const struct json_value *object)
{
	return access_modes(context, json_find_path(object, "spec", "accessModes", NULL));
}

static bool is_bound(const struct json_value *claim)
{
	return !str_is_empty(json_text(json_find_path(claim, "spec", "volumeName", NULL)));
}

struct json_value core_cell_claim_access_modes(
	const struct table_cell_context *context, const struct json_value *object)
{
	if (!is_bound(object))
		return json_string(STR_EMPTY);
	return access_modes(context, json_find_path(object, "status", "accessModes", NULL));
}

struct json_value core_cell_claim_capacity(
	const struct table_cell_context *context, const struct json_value *object)
{
	if (!is_bound(object))
		return json_string(STR_EMPTY);
	return cell_text_or(
		context, json_find_path(object, "status", "capacity", "storage", NULL), STR("0"));
}

struct json_value core_cell_volume_claim(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *claim = json_find_path(object, "spec", "claimRef", NULL);
	if (!claim)
		return json_string(STR_EMPTY);
	return cell_printf(context, "%.*s/%.*s",
		STR_ARG(json_text(json_find(claim, STR("namespace")))),
		STR_ARG(json_text(json_find(claim, STR("name")))));
}

struct json_value core_cell_storage_class(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *beta = json_find_path(
		object, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class", NULL);
	if (beta)
		return cell_text_or(context, beta, STR_EMPTY);
	return cell_text_or(
		context, json_find_path(object, "spec", "storageClassName", NULL), STR_EMPTY);
}

TEXT_CELL(core_cell_claim_volume, "", "spec", "volumeName")
TEXT_CELL(core_cell_volume_reason, "", "status", "reason")
TEXT_CELL(core_cell_volume_capacity, "0", "spec", "capacity", "storage")
TEXT_CELL(core_cell_volume_attributes_class, "<unset>", "spec", "volumeAttributesClassName")
TEXT_CELL(core_cell_volume_mode, "<unset>", "spec", "volumeMode")

/* ---- storage.k8s.io */

BOOLEAN_CELL(core_cell_class_expansion, "allowVolumeExpansion")
TEXT_CELL(core_cell_attached_volume, "", "spec", "source", "persistentVolumeName")
TEXT_CELL(core_cell_driver_free_capacity, "<unset>", "capacity")
BOOLEAN_CELL(core_cell_attached, "status", "attached")
BOOLEAN_CELL(core_cell_driver_pod_info, "spec", "podInfoOnMount")
BOOLEAN_CELL(core_cell_driver_capacity, "spec", "storageCapacity")
BOOLEAN_CELL(core_cell_driver_republish, "spec", "requiresRepublish")
COUNT_CELL(core_cell_node_drivers, "spec", "drivers")

static bool is_true_annotation(const struct json_value *object, const char *key)
{
	const struct json_value *value =
		json_find_path(object, "metadata", "annotations", key, NULL);
	return str_equal(json_text(value), STR("true"));
}

struct json_value core_cell_class_name(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct str name = json_text(json_find_path(object, "metadata", "name", NULL));
	bool is_default =
		is_true_annotation(object, "storageclass.kubernetes.io/is-default-class") ||
		is_true_annotation(object, "storageclass.beta.kubernetes.io/is-default-class");
	return cell_printf(context, "%.*s%s", STR_ARG(name), is_default ? " (default)" : "");
}

struct json_value core_cell_driver_attach(
	const struct table_cell_context *context, const struct json_value *object)
{
	(void)context;
	return json_bool(
		json_bool_or(json_find_path(object, "spec", "attachRequired", NULL), true));
}

struct json_value core_cell_driver_tokens(
	const struct table_cell_context *context, const struct json_value *object)
{
	const struct json_value *requests = json_find_path(object, "spec", "tokenRequests", NULL);
	struct buffer text = {0};
	for (size_t i = 0; i < json_count(requests); i++)
		cell_join(&text, ",",
			json_text(json_find(json_element(requests, i), STR("audience"))));
	return cell_take(context, &text, STR("<unset>"));
}

struct json_value core_cell_driver_modes(
	const struct table_cell_context *context, const struct json_value *object)
{
	struct buffer text = {0};
	cell_join_all(&text, ",", json_find_path(object, "spec", "volumeLifecycleModes", NULL));
	return cell_take(context, &text, STR("<none>"));
}
