/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "authentication.h"
#include "tls_context.h"
#include "token_file.h"

static void a_token_file_names_users_uids_and_groups(void **state)
{
	struct token_file *tokens = NULL;
	struct error err = ERROR_INIT(NULL);
	const struct user_info *user;

	(void)state;
	assert_int_equal(token_file_parse(STR("t1,alice,1,\"dev,ops\"\r\n\n"
					      "t2,bob,2\n"
					      ",nobody,3\n"
					      "\"t\"\"3\",\"ca\nrol\",4,one,more\n"
					      "t2,bobby,5"),
				 &tokens, &err),
		0);
	assert_int_equal(token_file_count(tokens), 4);
	user = token_file_find(tokens, STR("t1"));
	assert_non_null(user);
	assert_true(str_equal_c(user->name, "alice"));
	assert_true(str_equal_c(user->uid, "1"));
	assert_int_equal(user->group_count, 2);
	assert_true(user_info_has_group(user, STR("ops")));
	assert_true(str_equal_c(token_file_find(tokens, STR("t2"))->name, "bobby"));
	assert_true(str_equal_c(token_file_find(tokens, STR("t\"3"))->name, "ca\nrol"));
	assert_int_equal(token_file_find(tokens, STR("t\"3"))->group_count, 1);
	assert_null(token_file_find(tokens, STR("")));
	assert_null(token_file_find(tokens, STR("t")));
	assert_null(token_file_find(tokens, STR("t11")));
	token_file_destroy(&tokens);
}

static void broken_token_files_are_refused(void **state)
{
	static const char *const texts[] = {
		"t,u\n", "t", "a\"b,u,1\n", "\"t,u,1\n", "\"t\"x,u,1\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct token_file *tokens = NULL;
		struct error err = ERROR_INIT(NULL);

		assert_int_equal(
			token_file_parse(str_from_c(texts[i]), &tokens, &err), ERROR_RETURN);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_null(tokens);
	}
}

static void an_empty_token_file_knows_nobody(void **state)
{
	struct token_file *tokens = NULL;
	struct error err = ERROR_INIT(NULL);

	(void)state;
	assert_int_equal(token_file_parse(STR_EMPTY, &tokens, &err), 0);
	assert_null(token_file_find(tokens, STR("x")));
	token_file_destroy(&tokens);
}

static void a_bearer_token_is_taken_from_its_field(void **state)
{
	(void)state;
	assert_true(str_equal_c(authenticate_bearer_token(STR("Bearer abc")), "abc"));
	assert_true(str_equal_c(authenticate_bearer_token(STR(" bearer abc x ")), "abc"));
	assert_true(str_is_empty(authenticate_bearer_token(STR("Basic abc"))));
	assert_true(str_is_empty(authenticate_bearer_token(STR("Bearer"))));
	assert_true(str_is_empty(authenticate_bearer_token(STR("Bearer  abc"))));
	assert_true(str_is_empty(authenticate_bearer_token(STR_EMPTY)));
}

static void a_certificate_names_its_user(void **state)
{
	struct arena *arena = arena_create(0);
	struct str groups[] = {STR_INIT("dev"), STR_INIT("ops")};
	struct tls_identity identity = {.common_name = STR("alice"),
		.organizations = groups,
		.organization_count = 2,
		.sha256_hex = STR("ab")};
	struct user_info user;

	(void)state;
	assert_true(authenticate_certificate(arena, &identity, &user));
	authenticate_complete_groups(arena, &user);
	assert_true(str_equal_c(user.name, "alice"));
	assert_int_equal(user.group_count, 3);
	assert_true(user_info_has_group(&user, STR("system:authenticated")));
	assert_int_equal(user.extra_count, 1);
	assert_true(str_equal_c(user.extra[0].values[0], "X509SHA256=ab"));
	authenticate_complete_groups(arena, &user);
	assert_int_equal(user.group_count, 3);
	identity.common_name = STR_EMPTY;
	assert_false(authenticate_certificate(arena, &identity, &user));
	arena_destroy(&arena);
}

static void anonymous_is_not_authenticated(void **state)
{
	struct arena *arena = arena_create(0);
	struct user_info user;

	(void)state;
	authenticate_anonymous(&user);
	authenticate_complete_groups(arena, &user);
	assert_int_equal(user.group_count, 1);
	assert_true(user_info_has_group(&user, STR("system:unauthenticated")));
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_file_names_users_uids_and_groups),
		cmocka_unit_test(broken_token_files_are_refused),
		cmocka_unit_test(an_empty_token_file_knows_nobody),
		cmocka_unit_test(a_bearer_token_is_taken_from_its_field),
		cmocka_unit_test(a_certificate_names_its_user),
		cmocka_unit_test(anonymous_is_not_authenticated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
