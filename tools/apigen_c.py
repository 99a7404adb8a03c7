# SPDX-License-Identifier: Apache-2.0
"""Pieces of C text for apigen.py."""

import json
import re


def identifier(name):
    return re.sub(r'[^A-Za-z0-9]', '_', name)


def literal(text):
    """A C string literal; JSON's escapes are C's but for non-ASCII, which stays as UTF-8."""
    return json.dumps(text, ensure_ascii=False)


def string(text):
    return 'STR_INIT(%s)' % literal(text) if text else None


def boolean(value):
    return 'true' if value else None


class CData:
    """Gathers definitions in the order in which a C file needs them; equal data is kept once."""

    def __init__(self):
        self.constants = []
        self.rules = []
        self.schemas = []
        self.structs = []
        self.resource_parts = []
        self.resources = []
        self._names = {}

    @staticmethod
    def initialiser(members, separator=' '):
        """{.a = 1, .b = 2}; members whose value is None or zero are left out."""
        parts = ['.%s = %s' % (name, value) for name, value in members.items()
                 if value not in (None, '0')]
        if separator == ' ':
            return '{' + ', '.join(parts) + '}'
        return '{' + ''.join(separator + part + ',' for part in parts) + '\n}'

    def _named(self, stem, lines, declaration, text):
        key = (declaration, text)
        if key not in self._names:
            name = '%s_%d' % (stem, len(self._names))
            self._names[key] = name
            lines.append('static const %s = %s;' % (declaration % name, text))
        return self._names[key]

    def array(self, c_type, items):
        """The name of an array of these initialisers; None when there are none."""
        items = ['{NULL, 0}' if item is None else item for item in items]
        if not items:
            return None
        lines = self.constants if c_type == 'struct str' else self.resource_parts
        return self._named('array', lines, c_type + ' %s[]', '{' + ', '.join(items) + '}')

    def rule(self, members):
        return self._named('rules', self.rules, 'struct schema_rules %s', self.initialiser(members))

    # ---- JSON constants

    def json_address(self, value):
        if value is None:
            return None
        return '&' + self._named(
            'json', self.constants, 'struct json_value %s', self._json(value))

    def json_array(self, values):
        return self._named('json', self.constants, 'struct json_value %s[]',
                           '{' + ', '.join(self._json(value) for value in values) + '}')

    def _json(self, value):
        if isinstance(value, bool):
            return '{.type = JSON_BOOL, .boolean = %s}' % ('true' if value else 'false')
        if isinstance(value, int):
            return '{.type = JSON_INTEGER, .integer = %d}' % value
        if isinstance(value, str):
            return '{.type = JSON_STRING, .length = %d, .string = %s}' % (
                len(value.encode()), literal(value))
        if isinstance(value, list):
            return self._json_container('JSON_ARRAY', 'elements', 'struct json_value', [
                self._json(element) for element in value])
        return self._json_container('JSON_OBJECT', 'members', 'struct json_member', [
            '{.key = %s, .value = %s}' % (string(key), self._json(member))
            for key, member in value.items()])

    def _json_container(self, json_type, member, c_type, items):
        if not items:
            return '{.type = %s}' % json_type
        name = self._named('json', self.constants, c_type + ' %s[]', '{' + ', '.join(items) + '}')
        return '{.type = %s, .length = %d, .capacity = %d, .%s = (%s *)%s}' % (
            json_type, len(items), len(items), member, c_type, name)
