/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"
#include "tls_private.h"

/* The registry "TLS Supported Groups". Those that OpenSSL may lack are accepted and left out. */
static const struct {
	uint64_t number;
	const char *openssl_name; /* NULL: accepted, without effect */
} groups[] = {
	{23, "P-256"}, {24, "P-384"}, {25, "P-521"}, {29, "X25519"}, {30, "X448"},
	{4587, NULL}, /* SecP256r1MLKEM768 */
	{4588, NULL}, /* X25519MLKEM768 */
	{4589, NULL}, /* SecP384r1MLKEM1024 */
};

static int append_group(struct buffer *list, struct str text, struct error *err)
{
	uint64_t number;
	bool is_number = str_parse_u64(text, UINT16_MAX, &number);

	for (size_t i = 0; is_number && i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (groups[i].number != number)
			continue;
		if (groups[i].openssl_name)
			buffer_printf(
				list, "%s%s", list->length > 0 ? ":" : "", groups[i].openssl_name);
		return 0;
	}
	return error_set(err, ERROR_BAD_REQUEST,
		"key exchange group %.*s not supported or doesn't exist", STR_ARG(text));
}

int tls_group_configure(SSL_CTX *ssl_context, struct str numbers, struct error *err)
{
	struct buffer list = {0};
	bool is_open = str_is_empty(numbers);
	int result = 0;

	while (result == 0 && !str_is_empty(numbers))
		result = append_group(&list, str_trim(str_split(&numbers, ',')), err);
	buffer_append_byte(&list, '\0');
	if (result == 0 && !is_open && list.length == 1)
		result = error_set(err, ERROR_BAD_REQUEST,
			"none of the key exchange groups is among those that are built in");
	if (result == 0 && !is_open && SSL_CTX_set1_groups_list(ssl_context, list.data) != 1)
		result = tls_error(err, "key exchange groups");
	buffer_fini(&list);
	return result;
}
