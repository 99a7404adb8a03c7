#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the OpenAPI documents of one library of api/ as compressed C data.

Usage: openapi_gen.py LIBRARY TABLE_FOLDER VERSION_HEADER OUTPUT.c
One OpenAPI 3 document for each group version, and one Swagger 2 document of all of them, as JSON
and as protobuf. api/openapi_documents.h says how they are found.
"""

import gzip
import hashlib
import json
import re
import sys

import openapi_gen_protobuf
from apigen_tables import Tables
from openapi_gen_paths import Paths, add_group_version
from openapi_gen_schemas import Schemas


def compact(value):
    return json.dumps(value, separators=(',', ':'), ensure_ascii=False, sort_keys=True).encode()


def sorted_members(value):
    return dict(sorted(value.items()))


def group_versions(resources):
    found = {}
    for resource in resources:
        found.setdefault((resource.group, resource.version), []).append(resource)
    return found


def build(tables, resources, version):
    schemas = Schemas(tables, version)
    paths = Paths(tables, schemas)
    for (group, group_version), members in group_versions(resources).items():
        add_group_version(paths, schemas, group, group_version)
        for resource in members:
            paths.add_resource(resource)
    return sorted_members(paths.paths), sorted_members(schemas.definitions)


def document_2(tables, resources, release):
    paths, definitions = build(tables, resources, 2)
    return {'swagger': '2.0', 'info': {'title': 'Kubernetes', 'version': release},
            'paths': paths, 'definitions': definitions}


def document_3(tables, resources):
    paths, schemas = build(tables, resources, 3)
    return {
        'openapi': '3.0.0', 'info': {'title': 'Kubernetes', 'version': 'unversioned'},
        'paths': paths,
        'components': {'schemas': schemas, 'securitySchemes': {
            'BearerToken': {'type': 'apiKey', 'name': 'authorization', 'in': 'header'}}},
    }


class Source:
    """C text with compressed byte arrays."""

    def __init__(self):
        self.lines = ['/* SPDX-License-Identifier: Apache-2.0 */',
                      '/* Made by tools/openapi_gen.py from the tables in api/. */',
                      '#include "openapi_documents.h"']

    def encoding(self, name, content):
        """An initialiser of struct openapi_encoding."""
        data = gzip.compress(content, 9, mtime=0)
        self.lines.append('static const unsigned char %s[] = {' % name)
        for start in range(0, len(data), 64):
            self.lines.append(','.join(map(str, data[start:start + 64])) + ',')
        self.lines.append('};')
        tag = hashlib.sha512(content).hexdigest().upper()
        return '{{(const char *)%s, sizeof(%s)}, %d, STR_INIT("%s")}' % (
            name, name, len(content), tag)


def main():
    library, folder, version_header, output_path = sys.argv[1:]
    tables = Tables(folder)
    resources = [resource for resource in tables.resources if resource.server == library]
    with open(version_header, encoding='utf-8') as header:
        release = re.search(r'KUBERNETES_VERSION +"(.*)"', header.read()).group(1)
    source = Source()
    rows = []
    for (group, version), members in sorted(group_versions(resources).items()):
        path = 'api/' + version if not group else 'apis/%s/%s' % (group, version)
        content = compact(document_3(tables, members))
        rows.append('\t{STR_INIT("%s"), %s},' % (
            path, source.encoding('json_%d' % len(rows), content)))
    swagger = document_2(tables, resources, release)
    json_2 = source.encoding('swagger_json', compact(swagger))
    protobuf_2 = source.encoding('swagger_protobuf', openapi_gen_protobuf.document(swagger))
    prefix = 'api_%s_openapi' % library
    source.lines += ['const struct openapi_document %s_documents[] = {' % prefix, *rows, '};',
                     'const size_t %s_document_count = %d;' % (prefix, len(rows)),
                     'const struct openapi_swagger %s_swagger = {\n\t%s,\n\t%s,\n};' % (
                         prefix, json_2, protobuf_2)]
    with open(output_path, 'w', encoding='utf-8') as output:
        output.write('\n'.join(source.lines) + '\n')


if __name__ == '__main__':
    main()
