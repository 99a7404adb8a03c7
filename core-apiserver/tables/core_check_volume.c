/* SPDX-License-Identifier: Apache-2.0 */
#include "core_checks.h"
#include "schema_engine.h"

/* Volumes of pods, persistent ones, and claims. */

static const char *const persistent_sources[] = {"hostPath", "gcePersistentDisk",
	"awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs", "iscsi",
	"cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk",
	"portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi"};

void core_check_volume(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const sources[] = {"emptyDir", "hostPath", "gitRepo",
		"gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs",
		"persistentVolumeClaim", "rbd", "cinder", "cephfs", "flocker", "downwardAPI", "fc",
		"flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk",
		"portworxVolume", "azureDisk", "storageos", "projected", "scaleIO", "csi",
		"ephemeral", "image", "quobyte"};
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (check_at_most_one(&check, sources, CHECK_COUNT(sources), "volume type") == 0)
		check_required(&check, NULL, "must specify a volume type");
}

void core_check_host_path(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_no_backsteps(&check, "path");
}

void core_check_local_path(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_local_path(&check, "path");
}

void core_check_nfs(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (check_has(&check, "path") && !str_starts_with(check_text(&check, "path"), STR("/")))
		check_invalid(&check, "path", "must be an absolute path");
}

static void check_mode(const struct check *check, const char *member)
{
	int64_t mode = json_integer_or(check_member(check, member), 0);

	if (mode < 0 || mode > 0777)
		check_invalid(check, member,
			"must be a number between 0 and 0777 (octal), both inclusive");
}

void core_check_default_mode(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_mode(&check, "defaultMode");
}

void core_check_key_to_path(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_local_path(&check, "path");
	check_mode(&check, "mode");
}

void core_check_downward_file(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	bool has_field = check_has(&check, "fieldRef");
	bool has_resource = check_has(&check, "resourceFieldRef");

	check_local_path(&check, "path");
	check_mode(&check, "mode");
	if (!has_field && !has_resource)
		check_required(&check, NULL, "one of fieldRef and resourceFieldRef is required");
	else if (has_field && has_resource)
		check_invalid(&check, NULL,
			"fieldRef and resourceFieldRef can not be specified simultaneously");
}

void core_check_projection(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const sources[] = {"secret", "downwardAPI", "configMap",
		"serviceAccountToken", "clusterTrustBundle", "podCertificate"};
	const struct check check = CHECK_INIT(object, old, path, errors);

	check_at_most_one(&check, sources, CHECK_COUNT(sources), "volume type per source");
}

void core_check_empty_dir(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (check_has(&check, "sizeLimit") &&
		quantity_compare(check_text(&check, "sizeLimit"), STR("0")) < 0)
		check_forbidden(
			&check, "sizeLimit", "SizeLimit field must be a valid resource quantity");
}

/* ---- Persistent volumes ---- */

static void check_size(
	const struct check *check, const struct json_value *size, const struct field_path *list)
{
	struct field_path child = field_path_key(list, STR("storage"));

	if (size && quantity_compare(json_text(size), STR("0")) <= 0)
		field_errors_add(check->errors, FIELD_ERROR_INVALID, &child, size,
			"must be greater than zero");
}

static bool source_changed(const struct check *check)
{
	for (size_t i = 0; i < CHECK_COUNT(persistent_sources); i++)
		if (check_changed(check, persistent_sources[i]))
			return true;
	return false;
}

void core_check_persistent_volume_spec(const struct json_value *object,
	const struct json_value *old, const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *capacity = check_member(&check, "capacity");
	struct field_path capacity_path = field_path_child(path, STR("capacity"));
	size_t sources = check_at_most_one(
		&check, persistent_sources, CHECK_COUNT(persistent_sources), "volume type");

	if (sources == 0)
		check_required(&check, NULL, "must specify a volume type");
	if (capacity && (json_count(capacity) > 1 || !json_find(capacity, STR("storage")))) {
		static const char *const supported[] = {"storage"};

		check_unsupported(&check, "capacity", supported, 1);
	}
	check_size(&check, json_find(capacity, STR("storage")), &capacity_path);
	check_name(&check, "storageClassName", NAME_FORMAT_DNS1123_SUBDOMAIN);
	if (old && source_changed(&check))
		check_forbidden(&check, "persistentvolumesource",
			"spec.persistentvolumesource is immutable after creation");
	if (str_equal(json_text(json_find_path(object, "hostPath", "path", NULL)), STR("/")) &&
		str_equal(check_text(&check, "persistentVolumeReclaimPolicy"), STR("Recycle")))
		check_forbidden(&check, "persistentVolumeReclaimPolicy",
			"may not be 'recycle' for a hostPath mount of '/'");
}

void core_check_volume_node_affinity(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);

	if (!check_has(&check, "required"))
		check_required(&check, "required", "must specify required node constraints");
}

/* ---- Claims ---- */

void core_check_claim_spec(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	const struct check check = CHECK_INIT(object, old, path, errors);
	const struct json_value *size =
		json_find_path(object, "resources", "requests", "storage", NULL);
	struct field_path resources = field_path_child(path, STR("resources"));
	struct field_path child = field_path_key(&resources, STR("storage"));

	if (!size)
		field_errors_add(errors, FIELD_ERROR_REQUIRED, &child, NULL, "%s", "");
	check_size(&check, size, &resources);
	check_name(&check, "storageClassName", NAME_FORMAT_DNS1123_SUBDOMAIN);
}

/* What may change of a claim: its volume when it gets one, its size when it has one, its class. */
void core_check_claim(const struct json_value *object, const struct json_value *old,
	const struct field_path *path, struct field_errors *errors)
{
	static const char *const fixed[] = {
		"accessModes", "selector", "volumeMode", "dataSource", "dataSourceRef"};
	const struct json_value *spec = json_find(object, STR("spec"));
	const struct json_value *old_spec = json_find(old, STR("spec"));
	struct field_path spec_path = field_path_child(path, STR("spec"));
	const struct check check = CHECK_INIT(spec, old_spec, &spec_path, errors);
	const struct json_value *size =
		json_find_path(spec, "resources", "requests", "storage", NULL);
	const struct json_value *old_size =
		json_find_path(old_spec, "resources", "requests", "storage", NULL);
	bool is_bound =
		str_equal(json_text(json_find_path(old, "status", "phase", NULL)), STR("Bound"));
	bool is_changed = false;

	if (!old)
		return;
	for (size_t i = 0; i < CHECK_COUNT(fixed); i++)
		is_changed = is_changed || check_changed(&check, fixed[i]);
	if (json_find(old_spec, STR("storageClassName")))
		is_changed = is_changed || check_changed(&check, "storageClassName");
	if (!str_is_empty(json_text(json_find(old_spec, STR("volumeName")))))
		is_changed = is_changed || check_changed(&check, "volumeName");
	if (size && old_size && !json_equal(size, old_size)) {
		is_changed = is_changed || !is_bound;
		if (is_bound && quantity_compare(json_text(size), json_text(old_size)) < 0)
			check_forbidden(&check, "resources.requests.storage",
				"field can not be less than previous value");
	}
	if (is_changed)
		check_forbidden(&check, NULL,
			"spec is immutable after creation except resources.requests and "
			"volumeAttributesClassName for bound claims");
}
