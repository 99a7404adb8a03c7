#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes static const C data of the tables in api/.

Usage: apigen.py LIBRARY TABLE_FOLDER OUTPUT.c OUTPUT.h
LIBRARY is "meta" (what every server needs), or "core", "extensions" or "aggregation": the resources
that name it in their server column, and the types these lead to.
"""

import base64
import hashlib
import sys

from apigen_c import CData, boolean, identifier, string
from apigen_tables import STATUS_LIKE, Tables

META_TYPES = ('autoscaling/v1.Scale',)

SCALAR_KINDS = {
    'string': ('STRING', 0), 'bytes': ('BYTES', 0), 'int32': ('INTEGER', 32),
    'int64': ('INTEGER', 64), 'number': ('NUMBER', 0), 'boolean': ('BOOLEAN', 0),
    'int-or-string': ('INT_OR_STRING', 0), 'quantity': ('QUANTITY', 0), 'time': ('TIME', 0),
    'micro-time': ('MICRO_TIME', 0), 'duration': ('DURATION', 0), 'any': ('ANY', 0),
}
FIELD_FLAGS = (('required', 'FIELD_REQUIRED'), ('kept', 'FIELD_EMIT_EMPTY'),
               ('pointer', 'FIELD_POINTER'))
PATCH_FLAGS = (('merge', 'FIELD_PATCH_MERGE'), ('replace', 'FIELD_PATCH_REPLACE'),
               ('retainKeys', 'FIELD_PATCH_RETAIN_KEYS'))
NUMBER_RULES = {
    'min-length': 'minimum_length', 'max-length': 'maximum_length', 'min-items': 'minimum_items',
    'max-items': 'maximum_items', 'min-properties': 'minimum_properties',
    'max-properties': 'maximum_properties',
}
CELL_TYPES = {'string': 'STRING', 'integer': 'INTEGER', 'number': 'NUMBER', 'boolean': 'BOOLEAN',
              'date': 'DATE'}


def is_meta(name):
    return name.startswith('meta/v1.') or name.startswith(META_TYPES)


class Rules:
    """The rules of a field's value, and of its elements when that is a list of words."""

    def __init__(self, field):
        self.own = {rule: value for rule, value in field.rules.items()
                    if not rule.startswith('each-')}
        self.element = {rule[5:]: value for rule, value in field.rules.items()
                        if rule.startswith('each-')}
        if field.enum and not STATUS_LIKE.search(field.owner):
            if field.value.kind == 'list':
                self.element.setdefault('enum', '|'.join(field.enum))
            elif field.value.kind == 'string' and 'enum' not in self.own:
                self.own['enum'] = '|'.join(field.enum)
                if 'required' not in field.presence and 'pointer' not in field.presence:
                    self.own['enum-or-empty'] = ''


class Generator:
    def __init__(self, tables, library):
        self.tables = tables
        self.library = library
        self.data = CData()
        self.interned = {}
        self.resources = [resource for resource in tables.resources if resource.server == library]
        self.types = self._types()
        self.with_defaults = self._closure(self._own_defaults)
        self.with_rules = self._closure(self._own_rules)
        self.default_functions = set()
        self.check_functions = set()
        self.cell_functions = set()

    def _types(self):
        if self.library == 'meta':
            roots = [name for name in self.tables.types if is_meta(name)]
            return self.tables.reachable(roots)
        roots = []
        for resource in self.resources:
            roots.append(resource.type_name)
            roots.extend(sub.type_name for sub in resource.subresources if '/' in sub.type_name)
        return [name for name in self.tables.reachable(roots) if not is_meta(name)]

    @staticmethod
    def _own_defaults(owner):
        return bool(owner.default_function) or any(
            field.default is not None for field in owner.fields)

    @staticmethod
    def _own_rules(owner):
        if owner.check_function:
            return True
        for field in owner.fields:
            rules = Rules(field)
            if rules.own or rules.element:
                return True
        return False

    def _closure(self, test):
        """The types that pass a test or lead to one that does."""
        found = {name for name, owner in self.tables.types.items() if test(owner)}
        grew = True
        while grew:
            grew = False
            for name, owner in self.tables.types.items():
                if name not in found and any(
                        reference in found for field in owner.fields
                        for reference in field.value.references()):
                    found.add(name)
                    grew = True
        return found

    # ---- Schemas

    def schema(self, value, rules=None, field=None):
        """A C expression: the address of the schema of a value."""
        own = rules.own if rules else {}
        if value.kind == 'struct':
            return self._struct_reference(value.reference, own, field)
        if value.kind in ('list', 'map'):
            return self._container(value, rules, field)
        kind, bits = SCALAR_KINDS[value.kind]
        return self._intern({
            'kind': 'SCHEMA_' + kind, 'bits': str(bits) if bits else None,
            'rules': self._rules(own), 'has_rules': boolean(bool(own)),
        })

    def _struct_reference(self, name, own, field):
        owner = self.tables.types[name]
        atomic = field.topology if field is not None and field.topology else owner.topology
        if not own and (atomic == 'atomic') == (owner.topology == 'atomic'):
            return '&schema_' + identifier(name)
        return self._intern(self._struct_members(owner, atomic, own))

    def _struct_members(self, owner, topology, own):
        name = identifier(owner.name)
        flags = []
        if topology == 'atomic':
            flags.append('SCHEMA_ATOMIC')
        if owner.name == 'meta/v1.ObjectMeta':
            flags.append('SCHEMA_OBJECT_META')
        members = {'kind': 'SCHEMA_STRUCT', 'flags': ' | '.join(flags) or None,
                   'name': string(owner.model)}
        if owner.fields:
            members.update({'fields': 'fields_' + name, 'fields_by_name': 'order_' + name,
                            'field_count': str(len(owner.fields))})
        members.update({
            'rules': self._rules(own), 'default_function': owner.default_function or None,
            'check_function': owner.check_function or None,
            'has_defaults': boolean(owner.name in self.with_defaults),
            'has_rules': boolean(bool(own) or owner.name in self.with_rules),
        })
        if owner.default_function:
            self.default_functions.add(owner.default_function)
        if owner.check_function:
            self.check_functions.add(owner.check_function)
        return members

    def _container(self, value, rules, field):
        own = rules.own if rules else {}
        element_rules = Rules.__new__(Rules)
        element_rules.own, element_rules.element = (rules.element if rules else {}), {}
        flags = []
        if value.text == 'resources':
            flags.append('SCHEMA_RESOURCE_LIST')
        topology = field.topology if field is not None else ''
        if value.kind == 'map' and topology == 'atomic':
            flags.append('SCHEMA_ATOMIC')
        references = value.references()
        members = {
            'kind': 'SCHEMA_LIST' if value.kind == 'list' else 'SCHEMA_MAP',
            'flags': ' | '.join(flags) or None,
            'element': self.schema(value.element, element_rules),
            'rules': self._rules(own),
            'has_defaults': boolean(any(name in self.with_defaults for name in references)),
            'has_rules': boolean(bool(own or element_rules.own)
                                 or any(name in self.with_rules for name in references)),
        }
        if value.kind == 'list' and topology in ('set', 'map'):
            members['list_type'] = 'SCHEMA_LIST_' + topology.upper()
            if field.map_keys:
                members['map_key_count'] = str(len(field.map_keys))
                members['map_keys'] = self.data.array(
                    'struct str', [string(key) for key in field.map_keys])
        return self._intern(members)

    def _intern(self, members):
        text = CData.initialiser(members)
        if text not in self.interned:
            name = 'value_%d' % len(self.interned)
            self.interned[text] = '&' + name
            self.data.schemas.append('static const struct schema %s = %s;' % (name, text))
        return self.interned[text]

    def _rules(self, own):
        if not own:
            return None
        members = {name: '-1' for name in NUMBER_RULES.values()}
        for rule, value in own.items():
            if rule in NUMBER_RULES:
                members[NUMBER_RULES[rule]] = value
            elif rule == 'above':
                members['has_minimum'] = members['exclusive_minimum'] = 'true'
                members['minimum'] = value
            elif rule in ('minimum', 'maximum'):
                members['has_' + rule] = 'true'
                members[rule] = value
            elif rule in ('pattern', 'format', 'key-format'):
                members[rule.replace('-', '_')] = string(value)
            elif rule == 'enum':
                words = value.split('|')
                members['enum_count'] = str(len(words))
                members['enum_values'] = self.data.json_array(words)
            else:
                members[{'required': 'required_value', 'immutable': 'immutable', 'labels': 'labels',
                         'unique': 'unique_items', 'enum-or-empty': 'enum_allows_empty'}[rule]] = \
                    'true'
        return '&' + self.data.rule(members)

    def emit_type(self, name):
        owner = self.tables.types[name]
        c_name = identifier(name)
        linkage = '' if self.library == 'meta' else 'static '
        fields = []
        for field in owner.fields:
            flags = [flag for word, flag in FIELD_FLAGS if word in field.presence]
            flags += [flag for word, flag in PATCH_FLAGS if word in field.patch]
            parent = sum(number << (8 * level) for level, number in enumerate(field.parents))
            fields.append(CData.initialiser({
                'name': string(field.name),
                'schema': self.schema(field.value, Rules(field), field),
                'flags': ' | '.join(flags) or None,
                'protobuf_number': str(field.number) if field.number else None,
                'protobuf_parent_number': str(parent) if parent else None,
                'patch_merge_key': string(field.merge_key) if field.merge_key else None,
                'default_value': self.data.json_address(field.default),
            }))
        if fields:
            order = sorted(range(len(fields)), key=lambda i: owner.fields[i].name.encode())
            self.data.structs.append('%sconst struct schema_field fields_%s[] = {\n\t%s,\n};' % (
                linkage, c_name, ',\n\t'.join(fields)))
            self.data.structs.append('%sconst uint16_t order_%s[] = {%s};' % (
                linkage, c_name, ', '.join(map(str, order))))
        self.data.structs.append('%sconst struct schema schema_%s = %s;' % (
            linkage, c_name, CData.initialiser(self._struct_members(owner, owner.topology, {}))))

    # ---- Resources

    def emit_resource(self, resource):
        data = self.data
        name = identifier('%s_%s' % (resource.group_version, resource.name))
        virtual = 'virtual' in resource.flags
        digest = hashlib.sha256(('%s/%s/%s' % (
            resource.group, resource.version, resource.kind)).encode()).digest()[:8]
        members = {
            'group': string(resource.group), 'version': string(resource.version),
            'resource': string(resource.name), 'singular': string(resource.singular),
            'kind': string(resource.kind), 'list_kind': string(resource.kind + 'List'),
            'short_names': data.array('struct str', map(string, resource.short_names)),
            'short_name_count': str(len(resource.short_names)),
            'categories': data.array('struct str', map(string, resource.categories)),
            'category_count': str(len(resource.categories)),
            'verbs': self._verbs(resource.verbs),
            'flags': ' | '.join('RESOURCE_' + flag.upper().replace('-', '_') if flag != 'status'
                                else 'RESOURCE_HAS_STATUS' for flag in sorted(resource.flags))
            or None,
            'name_format': 'NAME_' + resource.name_format.upper().replace('-', '_'),
            'schema': '&schema_' + identifier(resource.type_name),
            'storage_prefix': string(resource.storage_prefix),
            'subresources': data.array('struct api_subresource', [
                self._subresource(resource, sub) for sub in resource.subresources]),
            'subresource_count': str(len(resource.subresources)),
            'columns': data.array('struct table_column', [
                self._column(column) for column in resource.columns]),
            'column_count': str(len(resource.columns)),
            'selectable_fields': data.array('struct selectable_field', [
                CData.initialiser({'label': string(label), 'path': string('.' + path),
                                   'alias': string(alias)})
                for label, path, alias in resource.selectable]),
            'selectable_field_count': str(len(resource.selectable)),
            'deprecation_warning': string(resource.deprecation),
            'default_ttl_seconds': str(resource.ttl),
            'storage_version_hash': string(
                '' if virtual else base64.b64encode(digest).decode()),
        }
        data.resources.append('static const struct api_resource resource_%s = %s;' % (
            name, CData.initialiser(members, '\n\t')))
        return '&resource_' + name

    @staticmethod
    def _verbs(verbs):
        if len(verbs) == 8:
            return 'API_VERBS_ALL'
        return ' | '.join('API_VERB_' + verb.upper() for verb in verbs)

    def _subresource(self, resource, sub):
        kind = sub.type_name.split('.')[-1]
        members = {'name': string(sub.name), 'verbs': self._verbs(sub.verbs),
                   'kind': string(kind)}
        if '/' in sub.type_name:
            package = sub.type_name.split('.')[0]
            if package != resource.type_name.split('.')[0]:
                group, version = self.tables.group_version_of_package(package)
                members.update({'group': string(group), 'version': string(version)})
            if sub.type_name != resource.type_name:
                members['schema'] = '&schema_' + identifier(sub.type_name)
        return CData.initialiser(members)

    def _column(self, column):
        members = {
            'name': string(column.name), 'type': string(column.type),
            'format': string(column.format), 'description': string(column.description),
            'priority': str(column.priority) if column.priority else None,
        }
        cell_type = CELL_TYPES[column.type]
        source = column.source
        if source.startswith('age:'):
            source, cell_type = source[4:], 'DATE'
        if source.startswith('.'):
            members['path'] = string(source)
        else:
            members['cell'] = source
            self.cell_functions.add(source)
        members['cell_type'] = 'COLUMN_' + cell_type
        return CData.initialiser(members)

    # ---- Files

    def source(self):
        header = 'api_%s.h' % self.library
        for name in self.types:
            self.emit_type(name)
        resources = [self.emit_resource(resource) for resource in self.resources]
        lines = ['/* SPDX-License-Identifier: Apache-2.0 */',
                 '/* Made by tools/apigen.py from the tables in api/. */', '#include "%s"' % header]
        if self.library != 'meta':
            lines.append('#include "api_meta.h"')
        if self.library != 'meta':
            for name in self.types:
                lines += self._forward_declarations(name)
        lines += self.data.constants + self.data.rules + self.data.schemas + self.data.structs
        lines += self.data.resource_parts + self.data.resources
        lines += self._tail(resources)
        return '\n'.join(lines) + '\n'

    def _forward_declarations(self, name):
        c_name, count = identifier(name), len(self.tables.types[name].fields)
        lines = ['static const struct schema schema_%s;' % c_name]
        if count:
            lines += ['static const struct schema_field fields_%s[%d];' % (c_name, count),
                      'static const uint16_t order_%s[%d];' % (c_name, count)]
        return lines

    def _tail(self, resources):
        prefix = 'api_' + self.library
        lines = []
        if resources:
            lines += ['const struct api_resource *const %s_resources[] = {\n\t%s,\n};' % (
                prefix, ',\n\t'.join(resources)),
                'const size_t %s_resource_count = %d;' % (prefix, len(resources))]
        by_model = sorted(self.types, key=lambda name: self.tables.types[name].model.encode())
        lines.append('static const struct schema *const schemas_by_name[] = {\n\t%s,\n};' % (
            ',\n\t'.join('&schema_' + identifier(name) for name in by_model)))
        lines.append('''
const struct schema *%s_find_schema(struct str name)
{
	size_t low = 0;
	size_t high = sizeof(schemas_by_name) / sizeof(*schemas_by_name);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(name, schemas_by_name[middle]->name);
		if (order == 0)
			return schemas_by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}''' % prefix)
        return lines

    def header(self):
        """To be called after source(), which finds the functions."""
        prefix = 'api_' + self.library
        guard = 'TROIKA_%s_H' % prefix.upper()
        lines = ['/* SPDX-License-Identifier: Apache-2.0 */',
                 '/* Made by tools/apigen.py from the tables in api/. */',
                 '#ifndef ' + guard, '#define ' + guard, '', '#include "api_resource.h"', '']
        if self.resources:
            lines += ['extern const struct api_resource *const %s_resources[];' % prefix,
                      'extern const size_t %s_resource_count;' % prefix]
        lines += ['/* A type by its OpenAPI model name ("io.k8s.api.core.v1.Pod"), or NULL. */',
                  'const struct schema *%s_find_schema(struct str name);' % prefix]
        if self.library == 'meta':
            for name in self.types:
                c_name = identifier(name)
                lines.append('extern const struct schema schema_%s;' % c_name)
                if self.tables.types[name].fields:
                    lines.append('extern const struct schema_field fields_%s[];' % c_name)
                    lines.append('extern const uint16_t order_%s[];' % c_name)
        if self.default_functions or self.check_functions or self.cell_functions:
            lines += ['', '/* Functions that the tables name. */']
        for function in sorted(self.default_functions):
            lines.append('void %s(struct arena *arena, struct json_value *object);' % function)
        for function in sorted(self.check_functions):
            lines.append('void %s(const struct json_value *object, const struct json_value *old,\n\t'
                         'const struct field_path *path, struct field_errors *errors);' % function)
        for function in sorted(self.cell_functions):
            lines.append('struct json_value %s(\n\tconst struct table_cell_context *context, '
                         'const struct json_value *object);' % function)
        return '\n'.join(lines + ['', '#endif']) + '\n'


def main():
    library, folder, source_path, header_path = sys.argv[1:]
    generator = Generator(Tables(folder), library)
    with open(source_path, 'w', encoding='utf-8') as output:
        output.write(generator.source())
    with open(header_path, 'w', encoding='utf-8') as output:
        output.write(generator.header())


if __name__ == '__main__':
    main()
