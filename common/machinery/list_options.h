/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_LIST_OPTIONS_H
#define TROIKA_LIST_OPTIONS_H

#include "field_error.h"
#include "field_selector.h"
#include "http_message.h"
#include "label_selector.h"

/* The query parameters of each verb (apimachinery meta/v1 ...Options), parsed and validated. */

enum resource_version_match {
	RESOURCE_VERSION_MATCH_UNSET,
	RESOURCE_VERSION_MATCH_EXACT,
	RESOURCE_VERSION_MATCH_NOT_OLDER_THAN,
};

struct list_options {
	struct str label_selector;
	struct str field_selector;
	bool is_watch;
	bool allow_watch_bookmarks;
	bool has_resource_version;
	uint64_t resource_version; /* 0 when absent or "0" */
	enum resource_version_match match;
	int64_t limit; /* 0: none */
	struct str continue_text;
	int64_t timeout_seconds; /* 0: not given */
	bool has_send_initial_events;
	bool send_initial_events;
};

/* Of list, watch and deletecollection. */
int list_options_parse(struct arena *arena, const struct http_query *query,
	struct list_options *ret, struct error *err) WARN_UNUSED;

enum field_validation {
	FIELD_VALIDATION_WARN,
	FIELD_VALIDATION_IGNORE,
	FIELD_VALIDATION_STRICT
};

struct write_options {
	bool is_dry_run;
	struct str field_manager;
	bool has_default_manager; /* none was given: it comes from the User-Agent */
	enum field_validation field_validation;
};

/* Of create, update and patch. */
int write_options_parse(struct arena *arena, const struct http_query *query, struct str user_agent,
	struct write_options *ret, struct error *err) WARN_UNUSED;

struct delete_options {
	int64_t grace_period_seconds; /* -1: not given */
	bool has_precondition_uid;
	struct str precondition_uid;
	bool has_precondition_resource_version;
	struct str precondition_resource_version;
	bool has_orphan_dependents;
	bool orphan_dependents;
	struct str propagation_policy; /* "Orphan", "Background", "Foreground" or empty */
	bool is_dry_run;
};

/* From a DeleteOptions body, or from the query when the body is empty. */
int delete_options_parse(struct arena *arena, const struct http_query *query, struct str body,
	struct delete_options *ret, struct error *err) WARN_UNUSED;

#endif
