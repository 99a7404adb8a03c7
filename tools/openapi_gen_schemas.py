# SPDX-License-Identifier: Apache-2.0
"""OpenAPI schemas of the types in api/, in the dialects of Swagger 2 and OpenAPI 3."""

META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
# Scalars that clients know as definitions of their own, with what they look like in each dialect.
SPECIAL = {
    'time': (META + 'Time', {'type': 'string', 'format': 'date-time'}, None),
    'micro-time': (META + 'MicroTime', {'type': 'string', 'format': 'date-time'}, None),
    'duration': (META + 'Duration', {'type': 'string'}, None),
    'quantity': ('io.k8s.apimachinery.pkg.api.resource.Quantity', {'type': 'string'},
                 {'oneOf': [{'type': 'string'}, {'type': 'number'}]}),
    'int-or-string': ('io.k8s.apimachinery.pkg.util.intstr.IntOrString',
                      {'type': 'string', 'format': 'int-or-string'},
                      {'oneOf': [{'type': 'integer'}, {'type': 'string'}],
                       'format': 'int-or-string'}),
    'any': ('io.k8s.apimachinery.pkg.runtime.RawExtension', {'type': 'object'}, None),
}
PATCH = META + 'Patch'
PLAIN = {
    'string': {'type': 'string'}, 'bytes': {'type': 'string', 'format': 'byte'},
    'int32': {'type': 'integer', 'format': 'int32'},
    'int64': {'type': 'integer', 'format': 'int64'},
    'number': {'type': 'number', 'format': 'double'}, 'boolean': {'type': 'boolean'},
}
# Types that are no structs but have names. kubectl explain cannot show a schema without members.
ANY_JSON = {'description': 'Any JSON value.'}
NAMED_ANY = {META + 'FieldsV1': {'type': 'object'}}
# Kinds that every group has.
SHARED_KINDS = ('meta/v1.DeleteOptions', 'meta/v1.WatchEvent')


class Schemas:
    """The schemas that one document needs, found by following references."""

    def __init__(self, tables, version):
        self.tables = tables
        self.version = version  # 2 or 3
        self.prefix = '#/definitions/' if version == 2 else '#/components/schemas/'
        self.definitions = {}

    def reference(self, type_name):
        """{"$ref": ...} to a type of the tables, which is added with all that it needs."""
        model = self.tables.types[type_name].model
        if model not in self.definitions:
            self.definitions[model] = {}
            self.definitions[model] = self._definition(self.tables.types[type_name])
        return {'$ref': self.prefix + model}

    def patch(self):
        self.definitions[PATCH] = {'type': 'object'}
        return {'$ref': self.prefix + PATCH}

    def _special(self, kind):
        model, version_2, version_3 = SPECIAL[kind]
        self.definitions[model] = version_3 if version_3 and self.version == 3 else version_2
        return {'$ref': self.prefix + model}

    def _definition(self, owner):
        schema = {'type': 'object'}
        properties = {field.name: self._property(field)
                      for field in sorted(owner.fields, key=lambda field: field.name)}
        if properties:
            schema['properties'] = properties
        required = sorted(field.name for field in owner.fields if 'required' in field.presence)
        if required:
            schema['required'] = required
        kinds = self._kinds(owner)
        if kinds:
            schema['x-kubernetes-group-version-kind'] = kinds
        if owner.topology:
            schema['x-kubernetes-map-type'] = owner.topology
        return schema

    def _kinds(self, owner):
        if owner.name in SHARED_KINDS:
            versions = sorted({(resource.group, resource.version)
                               for resource in self.tables.resources})
        elif owner.package == 'meta/v1' and owner.is_kind:
            versions = [('', 'v1')]
        elif owner.is_kind:
            versions = [self.tables.group_version_of_package(owner.package)]
        else:
            versions = []
        return [{'group': group, 'kind': owner.short_name, 'version': version}
                for group, version in versions]

    def _property(self, field):
        schema = self._value(field.value, field)
        extra = {}
        if field.topology and field.value.kind in ('map', 'struct'):
            extra['x-kubernetes-map-type'] = field.topology
        elif field.topology:
            extra['x-kubernetes-list-type'] = field.topology
            if field.map_keys:
                extra['x-kubernetes-list-map-keys'] = field.map_keys
        if field.patch:
            extra['x-kubernetes-patch-strategy'] = ','.join(sorted(field.patch))
        if field.merge_key:
            extra['x-kubernetes-patch-merge-key'] = field.merge_key
        if field.published:
            extra['default'] = field.default
        # In OpenAPI 3 nothing may stand beside a reference.
        if extra and '$ref' in schema and self.version == 3:
            schema = {'allOf': [schema]}
        return {**schema, **extra}

    def _value(self, value, field):
        if value.kind == 'struct':
            return self.reference(value.reference)
        if value.kind == 'list':
            return {'type': 'array', 'items': self._value(value.element, field)}
        if value.kind == 'map':
            return {'type': 'object', 'additionalProperties': self._value(value.element, field)}
        if value.model:
            self.definitions[value.model] = NAMED_ANY.get(value.model, ANY_JSON)
            return {'$ref': self.prefix + value.model}
        if value.kind in SPECIAL:
            return self._special(value.kind)
        schema = dict(PLAIN[value.kind])
        if field.enum:
            schema['enum'] = sorted(word for word in field.enum)
        return schema
