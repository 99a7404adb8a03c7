/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_front_proxy.h"

#include "clock.h"
#include "memory.h"
#include "tls_identity.h"

#define VERDICTS   256
#define VERDICT_NS UINT64_C(30000000000)

struct names {
	struct str *items;
	size_t count;
};

/* Chains are not checked anew with every request of a connection. */
struct verdict {
	char sha256_hex[64]; /* of the certificate */
	uint64_t until_ns;   /* 0: empty */
	bool is_proxy, is_client;
};

struct agg_front_proxy {
	struct arena *arena;
	struct tls_trust *proxies;
	struct tls_trust *clients; /* NULL: no client has a certificate */
	struct names allowed;      /* common names; empty: any */
	/* In lower case, as fields are. */
	struct names user_fields, uid_fields, group_fields, extra_prefixes;
	struct verdict verdicts[VERDICTS];
};

/* ---- Settings ---- */

static struct names read_names(
	struct arena *arena, const struct settings *settings, const char *setting, bool is_field)
{
	struct str name = str_from_c(setting);
	struct names names = {.count = settings_count(settings, name)};

	names.items = ARENA_ARRAY(arena, struct str, names.count + 1);
	for (size_t i = 0; i < names.count; i++) {
		struct str value = str_trim(settings_value(settings, name, i));
		char *text = arena_allocate_text(arena, value.length);

		for (size_t j = 0; j < value.length; j++) {
			char c = value.data[j];
			bool is_upper = is_field && c >= 'A' && c <= 'Z';

			text[j] = is_upper ? (char)(c + ('a' - 'A')) : c;
		}
		names.items[i] = str_from(text, value.length);
	}
	return names;
}

static int read_trust(const struct settings *settings, const char *name, struct tls_trust **ret,
	struct error *err)
{
	struct str pem = settings_text(settings, name);

	return str_is_empty(pem) ? 0 : tls_trust_create(pem, ret, err);
}

int agg_front_proxy_create(
	const struct settings *settings, struct agg_front_proxy **ret, struct error *err)
{
	struct agg_front_proxy *proxy;
	struct arena *arena;

	*ret = NULL;
	if (str_is_empty(settings_text(settings, "content.requestheader-client-ca-file")))
		return 0;
	proxy = MEMORY_NEW(struct agg_front_proxy);
	proxy->arena = arena = arena_create(0);
	proxy->allowed = read_names(arena, settings, "requestheader-allowed-names", false);
	proxy->user_fields = read_names(arena, settings, "requestheader-username-headers", true);
	proxy->uid_fields = read_names(arena, settings, "requestheader-uid-headers", true);
	proxy->group_fields = read_names(arena, settings, "requestheader-group-headers", true);
	proxy->extra_prefixes =
		read_names(arena, settings, "requestheader-extra-headers-prefix", true);
	if (read_trust(settings, "content.requestheader-client-ca-file", &proxy->proxies, err) !=
			0 ||
		read_trust(settings, "content.client-ca-file", &proxy->clients, err) != 0) {
		agg_front_proxy_destroy(&proxy);
		return error_wrap(err, "unable to load request-header-client-ca-file");
	}
	*ret = proxy;
	return 0;
}

void agg_front_proxy_destroy(struct agg_front_proxy **proxy)
{
	struct agg_front_proxy *gone = *proxy;

	*proxy = NULL;
	if (!gone)
		return;
	tls_trust_destroy(&gone->proxies);
	tls_trust_destroy(&gone->clients);
	arena_destroy(&gone->arena);
	memory_free(gone);
}

/* ---- Certificates ---- */

static bool contains(const struct names *names, struct str name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (str_equal(names->items[i], name))
			return true;
	}
	return false;
}

static const struct verdict *judge(
	struct agg_front_proxy *proxy, const struct tls_identity *identity)
{
	struct str digest = identity->sha256_hex;
	struct verdict *verdict = &proxy->verdicts[str_hash(digest) % VERDICTS];
	uint64_t now = clock_now_ns();
	bool is_known = digest.length == sizeof(verdict->sha256_hex) && now < verdict->until_ns &&
			memcmp(verdict->sha256_hex, digest.data, digest.length) == 0;

	if (is_known)
		return verdict;
	*verdict = (struct verdict){
		.is_proxy = tls_trust_verifies(proxy->proxies, identity),
		.is_client = proxy->clients && tls_trust_verifies(proxy->clients, identity),
	};
	if (digest.length == sizeof(verdict->sha256_hex)) {
		memcpy(verdict->sha256_hex, digest.data, digest.length);
		verdict->until_ns = now + VERDICT_NS;
	}
	return verdict;
}

bool agg_front_proxy_is_client(struct agg_front_proxy *proxy, const struct tls_identity *identity)
{
	return judge(proxy, identity)->is_client;
}

/* ---- Fields ---- */

/* The first value there is, by the order of the names. */
static struct str read_first(const struct names *names, const struct http_headers *headers)
{
	struct str value = STR_EMPTY;

	for (size_t i = 0; i < names->count && str_is_empty(value); i++)
		value = http_headers_find(headers, names->items[i]);
	return value;
}

static void read_groups(const struct agg_front_proxy *proxy, struct arena *arena,
	const struct http_headers *headers, struct user_info *user)
{
	struct str *groups = ARENA_ARRAY(arena, struct str, headers->count + 1);

	for (size_t i = 0; i < headers->count; i++) {
		const struct http_header *field = &headers->entries[i];

		if (contains(&proxy->group_fields, field->name) && !str_is_empty(field->value))
			groups[user->group_count++] = field->value;
	}
	user->groups = groups;
}

static void read_extra(const struct agg_front_proxy *proxy, struct arena *arena,
	const struct http_headers *headers, struct user_info *user)
{
	struct user_extra *extra = ARENA_ARRAY(arena, struct user_extra, headers->count + 1);

	user->extra = extra;
	for (size_t i = 0; i < headers->count; i++) {
		const struct http_header *field = &headers->entries[i];

		for (size_t j = 0; j < proxy->extra_prefixes.count; j++) {
			struct str prefix = proxy->extra_prefixes.items[j];
			struct str key, decoded;

			if (!str_starts_with(field->name, prefix))
				continue;
			key = str_skip(field->name, prefix.length);
			if (http_percent_decode(arena, key, false, &decoded))
				key = decoded;
			user_info_add_extra(arena, user, extra, key, field->value);
			break;
		}
	}
}

bool agg_front_proxy_read(struct agg_front_proxy *proxy, struct arena *arena,
	const struct tls_identity *identity, const struct http_headers *headers,
	struct user_info *ret)
{
	struct str name = read_first(&proxy->user_fields, headers);

	if (str_is_empty(name) || !judge(proxy, identity)->is_proxy)
		return false;
	if (proxy->allowed.count > 0 && !contains(&proxy->allowed, identity->common_name))
		return false;
	*ret = (struct user_info){.name = name, .uid = read_first(&proxy->uid_fields, headers)};
	read_groups(proxy, arena, headers, ret);
	read_extra(proxy, arena, headers, ret);
	return true;
}
