/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TROIKA_TEST_EXT_SUPPORT_H
#define TROIKA_TEST_EXT_SUPPORT_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json_reader.h"
#include "json_writer.h"

/* JSON written with ' for ". */
static inline struct json_value parse(struct arena *arena, const char *text)
{
	struct str copy = arena_copy(arena, str_from_c(text));
	struct error err = ERROR_INIT(arena);
	struct json_value value;

	for (size_t i = 0; i < copy.length; i++) {
		if (copy.data[i] == '\'')
			((char *)(uintptr_t)copy.data)[i] = '"';
	}
	if (json_read(arena, copy, NULL, &value, &err) != 0)
		fail_msg("%.*s in %s", STR_ARG(err.message), text);
	return value;
}

/* A definition with one part replaced by other JSON: "spec.versions.0.schema". NULL: removed. */
static inline struct json_value *find_place(struct json_value *value, const char *path)
{
	struct str rest = str_from_c(path);

	while (value && !str_is_empty(rest)) {
		struct str step = str_split(&rest, '/');
		uint64_t index;

		value = str_parse_u64(step, 1000, &index) ? json_element(value, index)
							  : json_find(value, step);
	}
	return value;
}

#define WIDGET                                                                                     \
	"{'kind':'CustomResourceDefinition','apiVersion':'apiextensions.k8s.io/v1',"               \
	"'metadata':{'name':'widgets.example.com','uid':'u1','generation':1},"                     \
	"'spec':{'group':'example.com','scope':'Namespaced','conversion':{'strategy':'None'},"     \
	"'names':{'plural':'widgets','singular':'widget','kind':'Widget',"                         \
	"'listKind':'WidgetList','shortNames':['wd'],'categories':['all']},"                       \
	"'versions':[{'name':'v1','served':true,'storage':true,"                                   \
	"'subresources':{'status':{},'scale':{'specReplicasPath':'.spec.replicas',"                \
	"'statusReplicasPath':'.status.replicas','labelSelectorPath':'.status.selector'}},"        \
	"'additionalPrinterColumns':[{'name':'Color','type':'string','jsonPath':'.spec.color'}],"  \
	"'selectableFields':[{'jsonPath':'.spec.color'}],"                                         \
	"'schema':{'openAPIV3Schema':{'type':'object','properties':{"                              \
	"'spec':{'type':'object','properties':{'color':{'type':'string'},"                         \
	"'replicas':{'type':'integer'},'tags':{'type':'object',"                                   \
	"'additionalProperties':{'type':'string'}}}},"                                             \
	"'status':{'type':'object','properties':{'replicas':{'type':'integer'},"                   \
	"'selector':{'type':'string'}}}}}}}]},"                                                    \
	"'status':{'storedVersions':['v1']}}"

#endif
