/* SPDX-License-Identifier: Apache-2.0 */
#include "agg_browser.h"

#include "memory.h"
#include "regex.h"

struct agg_browser {
	struct arena *arena;
	const struct regex **origins;
	size_t origin_count;
	struct str transport_security; /* the whole field; empty: not sent */
};

static int compile_origins(
	struct agg_browser *browser, const struct settings *settings, struct error *err)
{
	struct str name = STR("cors-allowed-origins");
	size_t count = settings_count(settings, name);

	browser->origins = ARENA_ARRAY(browser->arena, const struct regex *, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct str pattern = settings_value(settings, name, i);

		if (regex_compile(browser->arena, pattern, &browser->origins[i], err) != 0)
			return error_wrap(err,
				"Invalid CORS allowed origin, --cors-allowed-origins flag was set "
				"to %.*s",
				STR_ARG(pattern));
		browser->origin_count++;
	}
	return 0;
}

static void join_directives(struct agg_browser *browser, const struct settings *settings)
{
	struct str name = STR("strict-transport-security-directives");

	for (size_t i = 0; i < settings_count(settings, name); i++)
		browser->transport_security = arena_printf(browser->arena, "%.*s%s%.*s",
			STR_ARG(browser->transport_security), i > 0 ? "; " : "",
			STR_ARG(settings_value(settings, name, i)));
}

int agg_browser_create(const struct settings *settings, struct agg_browser **ret, struct error *err)
{
	struct agg_browser *browser = MEMORY_NEW(struct agg_browser);

	browser->arena = arena_create(0);
	join_directives(browser, settings);
	if (compile_origins(browser, settings, err) != 0) {
		agg_browser_destroy(&browser);
		return ERROR_RETURN;
	}
	*ret = browser;
	return 0;
}

void agg_browser_destroy(struct agg_browser **browser)
{
	struct agg_browser *gone = *browser;

	*browser = NULL;
	if (!gone)
		return;
	arena_destroy(&gone->arena);
	memory_free(gone);
}

bool agg_browser_allows(const struct agg_browser *browser, struct str origin)
{
	if (!browser || str_is_empty(origin))
		return false;
	for (size_t i = 0; i < browser->origin_count; i++) {
		if (regex_matches(browser->origins[i], origin))
			return true;
	}
	return false;
}

static const struct http_header cors_fields[] = {
	{STR_INIT("access-control-allow-methods"),
		STR_INIT("POST, GET, OPTIONS, PUT, DELETE, PATCH")},
	{STR_INIT("access-control-allow-headers"),
		STR_INIT("Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, "
			 "Authorization, X-Requested-With, If-Modified-Since")},
	{STR_INIT("access-control-expose-headers"), STR_INIT("Date")},
	{STR_INIT("access-control-allow-credentials"), STR_INIT("true")},
};

void agg_browser_add_headers(const struct agg_request *request, struct http_headers *headers)
{
	const struct agg_browser *browser = request->server->browser;

	if (browser && browser->transport_security.length > 0 &&
		request->origin == AGG_ORIGIN_SECURE)
		http_headers_add(request->arena, headers, STR("strict-transport-security"),
			arena_copy(request->arena, browser->transport_security));
	if (str_is_empty(request->allowed_page))
		return;
	http_headers_add(
		request->arena, headers, STR("access-control-allow-origin"), request->allowed_page);
	for (size_t i = 0; i < sizeof(cors_fields) / sizeof(cors_fields[0]); i++)
		http_headers_add(
			request->arena, headers, cors_fields[i].name, cors_fields[i].value);
}
