# SPDX-License-Identifier: Apache-2.0
"""Reads the tables of api/ (their columns are described in api/README.md)."""

import json
import os
import re

SCALARS = {
    'string', 'bytes', 'int32', 'int64', 'number', 'boolean', 'int-or-string', 'quantity', 'time',
    'micro-time', 'duration', 'any',
}
STATUS_LIKE = re.compile(r'Status|Condition|ContainerState')


class TableError(Exception):
    """A mistake in a table, with its place."""


class Value:
    """What a field holds: a scalar, a reference to a type, or a list or map of values."""

    def __init__(self, text):
        self.text = text
        self.element = None
        self.reference = None
        self.model = ''         # of "any": its name in OpenAPI, if it has one of its own
        if text.startswith('[]'):
            self.kind = 'list'
            self.element = Value(text[2:])
        elif text.startswith('map:'):
            self.kind = 'map'
            self.element = Value(text[4:])
        elif text == 'resources':
            self.kind = 'map'
            self.element = Value('quantity')
        elif text in SCALARS:
            self.kind = text
        elif text.startswith('any='):
            self.kind, self.model = text.split('=')
        elif '.' in text:
            self.kind = 'struct'
            self.reference = text
        else:
            raise TableError('unknown value "%s"' % text)

    def references(self):
        if self.reference:
            return [self.reference]
        return self.element.references() if self.element else []


class Field:
    def __init__(self, owner, name, value):
        self.owner = owner      # the type whose table row it is, also when it is inlined elsewhere
        self.name = name
        self.value = value
        self.presence = set()
        self.number = 0
        self.parents = ()       # numbers of the embedded messages around it, outermost first
        self.topology = ''
        self.map_keys = []
        self.patch = set()
        self.merge_key = ''
        self.enum = []
        self.default = None     # parsed JSON or None
        self.published = False  # whether OpenAPI shows the default
        self.rules = {}

    def inlined(self, number):
        copy = Field(self.owner, self.name, self.value)
        copy.__dict__.update(self.__dict__)
        copy.parents = (number,) + self.parents
        return copy


class Type:
    def __init__(self, name, model, topology):
        self.name = name        # "core/v1.Pod"
        self.model = model      # "io.k8s.api.core.v1.Pod"
        self.topology = topology
        self.rows = []          # fields and inlined types in table order
        self.fields = []        # flat
        self.default_function = ''
        self.check_function = ''
        self.is_kind = False

    @property
    def package(self):
        return self.name.split('.')[0]

    @property
    def short_name(self):
        return self.name.split('.', 1)[1]


class Subresource:
    def __init__(self, name, type_name, verbs):
        self.name = name
        self.type_name = type_name  # with a package, or the bare name of an options kind
        self.verbs = verbs


class Resource:
    pass


class Column:
    pass


def rows(path, columns):
    """The rows of a table as lists of cells; comment and empty lines are left out."""
    with open(path, encoding='utf-8') as table:
        for number, line in enumerate(table, 1):
            line = line.rstrip('\n')
            if not line or line.startswith('#'):
                continue
            cells = line.split('\t')
            if len(cells) > columns:
                raise TableError('%s:%d: more than %d cells' % (path, number, columns))
            yield cells + [''] * (columns - len(cells))


ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']


class Tables:
    """Everything in api/."""

    def __init__(self, folder):
        self.folder = folder
        self.types = {}
        self.resources = []
        self._read_types()
        self._flatten()
        self._read_defaults()
        self._read_rules()
        self._read_resources()
        self._read_columns()

    def _read_types(self):
        for file_name in sorted(os.listdir(self.folder)):
            match = re.fullmatch(r'([a-z]+)_(v\d\w*)\.tsv', file_name)
            if match:
                self._read_package('%s/%s' % match.groups(), os.path.join(self.folder, file_name))

    def _read_package(self, package, path):
        for type_name, name, value, presence, number, topology, patch, enum in rows(path, 8):
            full_name = '%s.%s' % (package, type_name)
            if name == '-':
                self.types[full_name] = Type(full_name, value, topology)
                continue
            owner = self.types[full_name]
            if name == '+' and value == 'typemeta':
                owner.is_kind = True
                for member in ('kind', 'apiVersion'):
                    owner.rows.append(Field(full_name, member, Value('string')))
                continue
            if name == '+':
                owner.rows.append((value, int(number)))
                continue
            field = Field(full_name, name, Value(value))
            field.presence = set(presence.split(',')) - {''}
            field.number = int(number or 0)
            field.topology, _, keys = topology.partition(':')
            field.map_keys = [key for key in keys.split(',') if key]
            strategies, _, field.merge_key = patch.partition(':')
            field.patch = set(strategies.split(',')) - {''}
            field.enum = enum.split('|') if enum else []
            owner.rows.append(field)

    def _flatten(self):
        for owner in self.types.values():
            owner.fields = self._flat_fields(owner)
            names = [field.name for field in owner.fields]
            if len(set(names)) != len(names):
                raise TableError('%s: a field name occurs twice' % owner.name)
            for field in owner.fields:
                for reference in field.value.references():
                    if reference not in self.types:
                        raise TableError('%s.%s: no type %s' % (owner.name, field.name, reference))

    def _flat_fields(self, owner):
        fields = []
        for row in owner.rows:
            if isinstance(row, Field):
                fields.append(row)
                continue
            type_name, number = row
            inner = self._flat_fields(self.types[type_name])
            fields.extend(field.inlined(number) for field in inner)
        return fields

    def _declared(self, type_name, name):
        """All flat copies of a field that a type declares."""
        found = [field for owner in self.types.values() for field in owner.fields
                 if field.owner == type_name and field.name == name]
        if not found:
            raise TableError('no field %s of %s' % (name, type_name))
        return found

    def _read_defaults(self):
        for type_name, name, value, published in rows(self._path('defaults.tsv'), 4):
            if name == '-':
                self.types[type_name].default_function = value
                continue
            for field in self._declared(type_name, name):
                field.default = json.loads(value)
                field.published = published == 'published'

    def _read_rules(self):
        path = self._path('rules.tsv')
        if not os.path.exists(path):
            return
        for type_name, name, rule, value in rows(path, 4):
            if name == '-':
                if rule != 'check':
                    raise TableError('%s: a type has no rule "%s"' % (type_name, rule))
                self.types[type_name].check_function = value
                continue
            for field in self._declared(type_name, name):
                field.rules = dict(field.rules, **{rule: value})

    def _read_resources(self):
        for cells in rows(self._path('resources.tsv'), 15):
            resource = Resource()
            (resource.server, resource.group_version, resource.name, resource.singular,
             resource.type_name, flags, verbs, resource.name_format, short_names, categories,
             subresources, resource.storage_prefix, ttl, selectable, resource.deprecation) = cells
            group, _, version = resource.group_version.rpartition('/')
            resource.group, resource.version = group, version
            resource.kind = resource.type_name.split('.', 1)[1]
            resource.flags = set(flags.split(',')) - {''}
            resource.verbs = ALL_VERBS if verbs == 'all' else verbs.split(',')
            resource.short_names = [name for name in short_names.split(',') if name]
            resource.categories = [name for name in categories.split(',') if name]
            resource.ttl = int(ttl or 0)
            resource.subresources = [self._subresource(text)
                                     for text in subresources.split(';') if text]
            resource.selectable = [self._selectable(text)
                                   for text in selectable.split(',') if text]
            resource.columns = []
            if resource.type_name not in self.types:
                raise TableError('%s: no type %s' % (resource.name, resource.type_name))
            self.resources.append(resource)

    def _subresource(self, text):
        name, _, rest = text.partition('=')
        type_name, _, verbs = rest.partition(':')
        if '/' in type_name and type_name not in self.types:
            raise TableError('subresource %s: no type %s' % (name, type_name))
        return Subresource(name, type_name, verbs.split('+'))

    @staticmethod
    def _selectable(text):
        """label[:path][=alias]"""
        text, _, alias = text.partition('=')
        label, _, path = text.partition(':')
        return label, path or label, alias

    def _read_columns(self):
        path = self._path('columns.tsv')
        if not os.path.exists(path):
            return
        by_name = {(resource.group_version, resource.name): resource
                   for resource in self.resources}
        for cells in rows(path, 8):
            column = Column()
            (group_version, name, column.name, column.type, column.format, priority,
             column.source, column.description) = cells
            column.priority = int(priority or 0)
            by_name[(group_version, name)].columns.append(column)

    def _path(self, file_name):
        return os.path.join(self.folder, file_name)

    def reachable(self, roots):
        """The type names that `roots` lead to, in table order."""
        seen, todo = set(), list(roots)
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for field in self.types[name].fields:
                todo.extend(field.value.references())
        return [name for name in self.types if name in seen]

    def group_version_of_package(self, package):
        """("apps", "v1") of "apps/v1": by the resources that use its types."""
        for resource in self.resources:
            if resource.type_name.split('.')[0] == package:
                return resource.group, resource.version
        group, version = package.split('/')
        return {'meta': 'meta.k8s.io', 'events': 'events.k8s.io', 'core': ''}.get(group, group), version
