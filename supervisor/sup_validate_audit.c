/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_complaint.h"

#include "buffer.h"
#include "sup_text.h"

/* The sections auditing and admission. */

/* The flags of one audit backend. */
struct backend {
	const char *name;
	enum sup_flag_id target;
	enum sup_flag_id mode;
	enum sup_flag_id buffer_size;
	enum sup_flag_id batch_size;
	enum sup_flag_id throttle_enable;
	enum sup_flag_id throttle_qps;
	enum sup_flag_id throttle_burst;
	enum sup_flag_id truncate_enabled;
	enum sup_flag_id truncate_event_size;
	enum sup_flag_id truncate_batch_size;
	enum sup_flag_id version;
};

static const struct backend log_backend = {"log", SUP_FLAG_AUDIT_LOG_PATH, SUP_FLAG_AUDIT_LOG_MODE,
	SUP_FLAG_AUDIT_LOG_BATCH_BUFFER_SIZE, SUP_FLAG_AUDIT_LOG_BATCH_MAX_SIZE,
	SUP_FLAG_AUDIT_LOG_BATCH_THROTTLE_ENABLE, SUP_FLAG_AUDIT_LOG_BATCH_THROTTLE_QPS,
	SUP_FLAG_AUDIT_LOG_BATCH_THROTTLE_BURST, SUP_FLAG_AUDIT_LOG_TRUNCATE_ENABLED,
	SUP_FLAG_AUDIT_LOG_TRUNCATE_MAX_EVENT_SIZE, SUP_FLAG_AUDIT_LOG_TRUNCATE_MAX_BATCH_SIZE,
	SUP_FLAG_AUDIT_LOG_VERSION};

static const struct backend webhook_backend = {"webhook", SUP_FLAG_AUDIT_WEBHOOK_CONFIG_FILE,
	SUP_FLAG_AUDIT_WEBHOOK_MODE, SUP_FLAG_AUDIT_WEBHOOK_BATCH_BUFFER_SIZE,
	SUP_FLAG_AUDIT_WEBHOOK_BATCH_MAX_SIZE, SUP_FLAG_AUDIT_WEBHOOK_BATCH_THROTTLE_ENABLE,
	SUP_FLAG_AUDIT_WEBHOOK_BATCH_THROTTLE_QPS, SUP_FLAG_AUDIT_WEBHOOK_BATCH_THROTTLE_BURST,
	SUP_FLAG_AUDIT_WEBHOOK_TRUNCATE_ENABLED, SUP_FLAG_AUDIT_WEBHOOK_TRUNCATE_MAX_EVENT_SIZE,
	SUP_FLAG_AUDIT_WEBHOOK_TRUNCATE_MAX_BATCH_SIZE, SUP_FLAG_AUDIT_WEBHOOK_VERSION};

static void check_positive(const struct sup_flags *flags, const struct backend *backend,
	enum sup_flag_id id, const char *what, struct sup_complaints *complaints)
{
	struct str text = sup_flags_text(flags, id);
	double value = 0;

	sup_text_parse_float(text, &value);
	if (!(value > 0))
		sup_complain(complaints,
			"invalid audit batch %s %s %.*s, must be a positive number", backend->name,
			what, STR_ARG(text));
}

static void check_batches(const struct sup_flags *flags, const struct backend *backend,
	struct sup_complaints *complaints)
{
	struct str mode = sup_flags_text(flags, backend->mode);

	if (!str_equal(mode, STR("batch")) && !str_equal(mode, STR("blocking")) &&
		!str_equal(mode, STR("blocking-strict"))) {
		sup_complain(complaints,
			"invalid audit %s mode %.*s, allowed modes are "
			"\"batch,blocking,blocking-strict\"",
			backend->name, STR_ARG(mode));
		return;
	}
	if (!str_equal(mode, STR("batch")))
		return;
	check_positive(flags, backend, backend->buffer_size, "buffer size", complaints);
	check_positive(flags, backend, backend->batch_size, "max batch size", complaints);
	if (!sup_flags_bool(flags, backend->throttle_enable))
		return;
	check_positive(flags, backend, backend->throttle_qps, "throttle QPS", complaints);
	check_positive(flags, backend, backend->throttle_burst, "throttle burst", complaints);
}

static void check_truncation(const struct sup_flags *flags, const struct backend *backend,
	struct sup_complaints *complaints)
{
	int64_t event_size = sup_flags_integer(flags, backend->truncate_event_size);
	int64_t batch_size = sup_flags_integer(flags, backend->truncate_batch_size);

	if (event_size <= 0)
		sup_complain(complaints,
			"invalid audit truncate %s max event size %lld, must be a positive number",
			backend->name, (long long)event_size);
	else if (batch_size < event_size)
		sup_complain(complaints,
			"invalid audit truncate %s max batch size %lld, must be greater than max "
			"event size (%lld)",
			backend->name, (long long)batch_size, (long long)event_size);
}

static void check_version(const struct sup_flags *flags, const struct backend *backend,
	struct sup_complaints *complaints)
{
	static const struct str versions[] = {STR_INIT("audit.k8s.io/v1"),
		STR_INIT("audit.k8s.io/v1beta1"), STR_INIT("audit.k8s.io/v1alpha1")};
	struct str version = sup_flags_text(flags, backend->version);

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (str_equal(version, versions[i]))
			return;
	}
	sup_complain(complaints, "invalid group version, allowed versions are "
				 "[\"audit.k8s.io/v1alpha1\" \"audit.k8s.io/v1beta1\" "
				 "\"audit.k8s.io/v1\"]");
}

static void check_backend(const struct sup_flags *flags, const struct backend *backend,
	struct sup_complaints *complaints)
{
	if (sup_flags_is_empty(flags, backend->target))
		return;
	check_batches(flags, backend, complaints);
	check_truncation(flags, backend, complaints);
	check_version(flags, backend, complaints);
}

static void check_log(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	static const enum sup_flag_id ids[] = {SUP_FLAG_AUDIT_LOG_MAXAGE,
		SUP_FLAG_AUDIT_LOG_MAXBACKUP, SUP_FLAG_AUDIT_LOG_MAXSIZE};
	struct str format = sup_flags_text(flags, SUP_FLAG_AUDIT_LOG_FORMAT);

	if (sup_flags_is_empty(flags, SUP_FLAG_AUDIT_LOG_PATH))
		return;
	if (!str_equal(format, STR("json")) && !str_equal(format, STR("legacy")))
		sup_complain(complaints,
			"invalid audit log format %.*s, allowed formats are \"legacy,json\"",
			STR_ARG(format));
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		if (sup_flags_integer(flags, ids[i]) < 0)
			sup_complain(complaints, "--%s %lld can't be a negative number",
				sup_flag_get(ids[i])->name,
				(long long)sup_flags_integer(flags, ids[i]));
	}
}

void sup_validate_audit(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	check_backend(flags, &log_backend, complaints);
	check_log(flags, complaints);
	check_backend(flags, &webhook_backend, complaints);
}

/* All that any release from 1.12 on has had, in their order. */
static const char *const plugins[] = {"AlwaysAdmit", "NamespaceAutoProvision", "NamespaceLifecycle",
	"NamespaceExists", "SecurityContextDeny", "LimitPodHardAntiAffinityTopology", "PodPreset",
	"LimitRanger", "ServiceAccount", "NodeRestriction", "TaintNodesByCondition",
	"AlwaysPullImages", "ImagePolicyWebhook", "PodSecurity", "PodSecurityPolicy",
	"PodNodeSelector", "Priority", "DefaultTolerationSeconds", "PodTolerationRestriction",
	"DenyEscalatingExec", "DenyExecOnPrivileged", "EventRateLimit",
	"ExtendedResourceToleration", "PersistentVolumeLabel", "DefaultStorageClass",
	"StorageObjectInUseProtection", "OwnerReferencesPermissionEnforcement",
	"PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval", "CertificateSigning",
	"ClusterTrustBundleAttest", "CertificateSubjectRestriction", "DefaultIngressClass",
	"DenyServiceExternalIPs", "PodTopologyLabels", "NodeDeclaredFeatureValidator",
	"PodGroupProtection", "PodGroupWorkloadExists", "JobValidation", "PodResizeValidator",
	"MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "Initializers",
	"ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook", "ResourceQuota", "AlwaysDeny"};

static bool is_plugin(struct str name)
{
	for (size_t i = 0; i < sizeof(plugins) / sizeof(*plugins); i++) {
		if (str_equal_c(name, plugins[i]))
			return true;
	}
	return false;
}

static void check_plugins(
	const struct sup_flags *flags, enum sup_flag_id id, struct sup_complaints *complaints)
{
	for (size_t i = 0; i < sup_flags_count(flags, id); i++) {
		struct str name = sup_flags_value(flags, id, i);

		if (!is_plugin(name))
			sup_complain(complaints, "%s plugin \"%.*s\" is unknown",
				sup_flag_get(id)->name, STR_ARG(name));
	}
}

static void check_overlap(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	struct buffer both = {0};

	for (size_t i = 0; i < sup_flags_count(flags, SUP_FLAG_ENABLE_ADMISSION_PLUGINS); i++) {
		struct str name = sup_flags_value(flags, SUP_FLAG_ENABLE_ADMISSION_PLUGINS, i);

		if (sup_flags_has(flags, SUP_FLAG_DISABLE_ADMISSION_PLUGINS, name))
			buffer_printf(&both, "%s%.*s", both.length ? " " : "", STR_ARG(name));
	}
	if (both.length > 0)
		sup_complain(complaints,
			"[%.*s] in enable-admission-plugins and disable-admission-plugins "
			"overlapped",
			STR_ARG(buffer_str(&both)));
	buffer_fini(&both);
}

void sup_validate_admission(const struct sup_flags *flags, struct sup_complaints *complaints)
{
	bool has_old = sup_flags_count(flags, SUP_FLAG_ADMISSION_CONTROL) > 0;
	bool has_new = sup_flags_count(flags, SUP_FLAG_ENABLE_ADMISSION_PLUGINS) > 0 ||
		       sup_flags_count(flags, SUP_FLAG_DISABLE_ADMISSION_PLUGINS) > 0;

	if (has_old && has_new)
		sup_complain(complaints, "admission-control and enable-admission-plugins/"
					 "disable-admission-plugins flags are mutually exclusive");
	check_plugins(flags, SUP_FLAG_ADMISSION_CONTROL, complaints);
	check_plugins(flags, SUP_FLAG_ENABLE_ADMISSION_PLUGINS, complaints);
	check_plugins(flags, SUP_FLAG_DISABLE_ADMISSION_PLUGINS, complaints);
	check_overlap(flags, complaints);
}
