/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_MANAGED_SUPPORT_H
#define TROIKA_TEST_MANAGED_SUPPORT_H

#include "managed_fields.h"
#include "managed_fields_private.h"
#include "test_schema_support.h"

extern struct arena *test_arena;
extern struct schema *test_deployment; /* a small apps/v1 Deployment */
extern struct schema *test_custom;     /* a custom type with any spec */

/* cmocka's set-up and tear-down: they make the arena and the schemas. */
int test_managed_set_up(void **state);
int test_managed_tear_down(void **state);

/* The start of a Deployment in the tests' single quotes; metadata is still open. */
#define HEAD "'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'x'"

struct managed_fields_request test_request(const char *manager, int64_t now);
/* The object after an apply by the manager, which must work. */
struct json_value test_apply(
	const char *manager, const struct json_value *live, const char *config, bool force);
/* The message of an apply that must fail. */
const char *test_apply_error(
	const char *manager, const struct json_value *live, const char *config);
/* The object after an update by the manager. */
struct json_value test_update(
	const char *manager, const struct json_value *live, const char *object);
/* The FieldsV1 of the manager's entry, "-" when it has none. */
const char *test_fields_of(const struct json_value *object, const char *manager);
/* The object without managedFields. */
const char *test_body_of(const struct json_value *object);

#endif
