# SPDX-License-Identifier: Apache-2.0
"""Encodes a Swagger 2 document as the protobuf message openapi.v2.Document.

Only what openapi_gen.py writes is covered; an unknown member is an error, so that nothing is lost
in silence. Maps become repeated {name = 1, value = 2} messages.
"""

import json


def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def message(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def text(number, value):
    return message(number, value.encode())


def texts(number, values):
    return b''.join(text(number, value) for value in values)


def truth(number, value):
    return varint(number << 3) + b'\x01' if value else b''


def any_value(value):
    """openapi.v2.Any: the value as YAML, of which JSON is a part."""
    return text(2, json.dumps(value, separators=(',', ':'), ensure_ascii=False) + '\n')


def named(name, body):
    return text(1, name) + message(2, body)


def extensions(number, members):
    return b''.join(message(number, named(name, any_value(value)))
                    for name, value in members.items() if name.startswith('x-'))


def members_of(value, known):
    unknown = [name for name in value if name not in known and not name.startswith('x-')]
    if unknown:
        raise ValueError('no protobuf encoding for %s' % unknown)
    return value


def schema(value):
    members_of(value, ('$ref', 'type', 'format', 'default', 'required', 'enum', 'items',
                       'properties', 'additionalProperties', 'description'))
    out = b''
    if '$ref' in value:
        out += text(1, value['$ref'])
    if 'format' in value:
        out += text(2, value['format'])
    if 'description' in value:
        out += text(4, value['description'])
    if 'default' in value:
        out += message(5, any_value(value['default']))
    out += texts(19, value.get('required', []))
    out += b''.join(message(20, any_value(word)) for word in value.get('enum', []))
    if 'additionalProperties' in value:
        out += message(21, message(1, schema(value['additionalProperties'])))
    if 'type' in value:
        out += message(22, text(1, value['type']))
    if 'items' in value:
        out += message(23, message(1, schema(value['items'])))
    if 'properties' in value:
        out += message(25, b''.join(message(1, named(name, schema(member)))
                                    for name, member in value['properties'].items()))
    return out + extensions(31, value)


def parameter(value):
    """A ParametersItem."""
    if value['in'] == 'body':
        members_of(value, ('in', 'name', 'required', 'schema'))
        body = text(2, value['name']) + text(3, 'body') + truth(4, value.get('required')) + \
            message(5, schema(value['schema']))
        return message(1, message(1, body))
    members_of(value, ('in', 'name', 'required', 'type', 'uniqueItems'))
    is_path = value['in'] == 'path'
    # The type of path parameters has no allow_empty_value, so what follows has lower numbers.
    start = 5 if is_path else 6
    body = truth(1, value.get('required')) + text(2, value['in']) + text(4, value['name']) + \
        text(start, value['type']) + truth(start + 14, value.get('uniqueItems'))
    return message(1, message(2, message(4 if is_path else 3, body)))


def response(value):
    """A ResponseValue."""
    members_of(value, ('description', 'schema'))
    body = text(1, value['description'])
    if 'schema' in value:
        body += message(2, message(1, schema(value['schema'])))
    return message(1, body)


def operation(value):
    members_of(value, ('tags', 'operationId', 'produces', 'consumes', 'parameters', 'responses',
                       'schemes', 'deprecated'))
    out = texts(1, value.get('tags', [])) + text(5, value['operationId'])
    out += texts(6, value.get('produces', [])) + texts(7, value.get('consumes', []))
    out += b''.join(message(8, parameter(item)) for item in value.get('parameters', []))
    out += message(9, b''.join(message(1, named(code, response(item)))
                               for code, item in value['responses'].items()))
    out += texts(10, value.get('schemes', [])) + truth(11, value.get('deprecated'))
    return out + extensions(13, value)


METHODS = {'get': 2, 'put': 3, 'post': 4, 'delete': 5, 'options': 6, 'head': 7, 'patch': 8}


def path_item(value):
    members_of(value, tuple(METHODS) + ('parameters',))
    out = b''.join(message(number, operation(value[method]))
                   for method, number in METHODS.items() if method in value)
    return out + b''.join(message(9, parameter(item)) for item in value.get('parameters', []))


def document(value):
    members_of(value, ('swagger', 'info', 'paths', 'definitions'))
    out = text(1, value['swagger'])
    out += message(2, text(1, value['info']['title']) + text(2, value['info']['version']))
    out += message(8, b''.join(message(2, named(path, path_item(item)))
                               for path, item in value['paths'].items()))
    out += message(9, b''.join(message(1, named(model, schema(item)))
                               for model, item in value['definitions'].items()))
    return out
