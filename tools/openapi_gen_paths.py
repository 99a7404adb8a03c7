# SPDX-License-Identifier: Apache-2.0
"""OpenAPI paths of the resources in api/, in the dialects of Swagger 2 and OpenAPI 3."""


READ_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
WATCH_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json',
               'application/strategic-merge-patch+json', 'application/apply-patch+yaml']
STRING, INTEGER, BOOLEAN = 'string', 'integer', 'boolean'
LIST_QUERY = [('allowWatchBookmarks', BOOLEAN), ('continue', STRING), ('fieldSelector', STRING),
              ('labelSelector', STRING), ('limit', INTEGER), ('resourceVersion', STRING),
              ('resourceVersionMatch', STRING), ('sendInitialEvents', BOOLEAN),
              ('timeoutSeconds', INTEGER), ('watch', BOOLEAN)]
WRITE_QUERY = [('dryRun', STRING), ('fieldManager', STRING), ('fieldValidation', STRING)]
PATCH_QUERY = WRITE_QUERY + [('force', BOOLEAN)]
DELETE_QUERY = [('dryRun', STRING), ('gracePeriodSeconds', INTEGER),
                ('ignoreStoreReadErrorWithClusterBreakingPotential', BOOLEAN),
                ('orphanDependents', BOOLEAN), ('propagationPolicy', STRING)]
COLLECTION_QUERY = sorted(set(DELETE_QUERY + [
    item for item in LIST_QUERY if item[0] not in ('allowWatchBookmarks', 'watch')]))
PRETTY = [('pretty', STRING)]
CONNECT_METHODS = {'create': 'post', 'delete': 'delete', 'get': 'get', 'patch': 'patch',
                   'update': 'put'}


def group_words(group):
    """["rbac", "authorization"] of "rbac.authorization.k8s.io"."""
    words = [word for word in (group or 'core').split('.')]
    return words[:-2] if words[-2:] == ['k8s', 'io'] else words


def title(word):
    return word[:1].upper() + word[1:]


class Paths:
    def __init__(self, tables, schemas):
        self.tables = tables
        self.schemas = schemas
        self.version = schemas.version
        self.paths = {}

    # ---- Parts of an operation

    def _parameter(self, name, place, kind, required=False):
        parameter = {'name': name, 'in': place}
        if required:
            parameter['required'] = True
        schema = {'type': kind, 'uniqueItems': True}
        if self.version == 2:
            parameter.update(schema)
        else:
            parameter['schema'] = schema
        return parameter

    def _query(self, items):
        return [self._parameter(name, 'query', kind) for name, kind in items]

    def _path_parameters(self, path):
        parameters = [self._parameter(name, 'path', STRING, True)
                      for name in ('name', 'namespace', 'path') if '{%s}' % name in path]
        return parameters + self._query(PRETTY)

    def _response(self, schema, types):
        if self.version == 2:
            return {'description': 'OK', 'schema': schema}
        return {'description': 'OK', 'content': {kind: {'schema': schema} for kind in types}}

    def _operation(self, resource, action, verb, name, query, schema, codes, kind=None,
                   watch=False):
        types = READ_TYPES + (WATCH_TYPES if watch else [])
        words = group_words(resource.group)
        responses = {str(code): self._response(schema, types) for code in codes}
        responses['401'] = {'description': 'Unauthorized'}
        group, version, kind_name = kind or (resource.group, resource.version, resource.kind)
        operation = {
            'operationId': verb + ''.join(map(title, words)) + title(resource.version) + name,
            'tags': [words[0] + ''.join(map(title, words[1:])) + '_' + resource.version],
            'responses': responses,
            'x-kubernetes-action': action,
            'x-kubernetes-group-version-kind': {
                'group': group, 'kind': kind_name, 'version': version},
        }
        if query:
            operation['parameters'] = self._query(query)
        if self.version == 2:
            operation.update({'consumes': ['*/*'], 'produces': types, 'schemes': ['https']})
        return operation

    def _body(self, operation, schema, required=True, types=None):
        if self.version == 2:
            body = {'name': 'body', 'in': 'body', 'schema': schema}
            if required:
                body['required'] = True
            operation.setdefault('parameters', []).insert(0, body)
            if types:
                operation['consumes'] = types
            return
        body = {'content': {kind: {'schema': schema} for kind in types or ['*/*']}}
        if required:
            body['required'] = True
        operation['requestBody'] = body

    def _add(self, path, method, operation):
        item = self.paths.setdefault(path, {'parameters': self._path_parameters(path)})
        item[method] = operation

    # ---- Resources

    def add_resource(self, resource):
        root = ('/api/' if not resource.group else '/apis/') + resource.group_version
        namespaced = 'namespaced' in resource.flags
        scope = '/namespaces/{namespace}/' if namespaced else '/'
        collection = root + scope + resource.name
        name = ('Namespaced' if namespaced else '') + resource.kind
        self._add_collection(resource, collection, name)
        self._add_object(resource, collection + '/{name}', name)
        if namespaced and 'list' in resource.verbs:
            self._add(root + '/' + resource.name, 'get', self._list(
                resource, resource.kind + 'ForAllNamespaces'))
        if 'watch' in resource.verbs:
            self._add_watches(resource, root, scope, name)
        for subresource in resource.subresources:
            self._add_subresource(
                resource, subresource, collection + '/{name}/' + subresource.name, name)

    def _list(self, resource, name):
        schema = self.schemas.reference(resource.type_name + 'List')
        return self._operation(
            resource, 'list', 'list', name, LIST_QUERY, schema, [200], watch=True)

    def _add_collection(self, resource, path, name):
        this = self.schemas.reference(resource.type_name)
        if 'list' in resource.verbs:
            self._add(path, 'get', self._list(resource, name))
        if 'create' in resource.verbs:
            operation = self._operation(
                resource, 'post', 'create', name, WRITE_QUERY, this, [200, 201, 202])
            self._body(operation, this)
            self._add(path, 'post', operation)
        if 'deletecollection' in resource.verbs:
            operation = self._operation(
                resource, 'deletecollection', 'delete', 'Collection' + name, COLLECTION_QUERY,
                self.schemas.reference('meta/v1.Status'), [200])
            self._body(operation, self.schemas.reference('meta/v1.DeleteOptions'), False)
            self._add(path, 'delete', operation)

    def _add_object(self, resource, path, name):
        self._add_reads_and_writes(resource, path, name, resource.type_name, resource.verbs, None)
        if 'delete' in resource.verbs:
            returned = resource.type_name if 'returns-deleted' in resource.flags \
                else 'meta/v1.Status'
            operation = self._operation(
                resource, 'delete', 'delete', name, DELETE_QUERY,
                self.schemas.reference(returned), [200, 202])
            self._body(operation, self.schemas.reference('meta/v1.DeleteOptions'), False)
            self._add(path, 'delete', operation)

    def _add_reads_and_writes(self, resource, path, name, type_name, verbs, kind):
        this = self.schemas.reference(type_name)
        if 'get' in verbs:
            self._add(path, 'get', self._operation(
                resource, 'get', 'read', name, [], this, [200], kind))
        if 'update' in verbs:
            operation = self._operation(
                resource, 'put', 'replace', name, WRITE_QUERY, this, [200, 201], kind)
            self._body(operation, this)
            self._add(path, 'put', operation)
        if 'patch' in verbs:
            operation = self._operation(
                resource, 'patch', 'patch', name, PATCH_QUERY, this, [200, 201], kind)
            self._body(operation, self.schemas.patch(), types=PATCH_TYPES)
            self._add(path, 'patch', operation)

    def _add_watches(self, resource, root, scope, name):
        event = self.schemas.reference('meta/v1.WatchEvent')
        watched = root + '/watch' + scope + resource.name
        for path, action, suffix in (
                (watched, 'watchlist', name + 'List'), (watched + '/{name}', 'watch', name),
                (root + '/watch/' + resource.name, 'watchlist',
                 resource.kind + 'ListForAllNamespaces')):
            if path in self.paths:
                continue
            operation = self._operation(
                resource, action, 'watch', suffix, LIST_QUERY, event, [200], watch=True)
            operation['deprecated'] = True
            self._add(path, 'get', operation)

    def _add_subresource(self, resource, subresource, path, name):
        kind_name = subresource.type_name.split('.')[-1]
        suffix = name + title(subresource.name)
        if '/' not in subresource.type_name:
            self._add_connect(resource, subresource, path, suffix)
            return
        package = subresource.type_name.split('.')[0]
        group, version = self.tables.group_version_of_package(package)
        kind = (group, version, kind_name)
        self._add_reads_and_writes(
            resource, path, suffix, subresource.type_name, subresource.verbs, kind)
        if 'create' in subresource.verbs:
            this = self.schemas.reference(subresource.type_name)
            operation = self._operation(
                resource, 'post', 'create', suffix, WRITE_QUERY, this, [200, 201, 202], kind)
            self._body(operation, this)
            self._add(path, 'post', operation)

    def _add_connect(self, resource, subresource, path, suffix):
        """A stream or a proxy: the answer is text as far as OpenAPI can say."""
        text = {'type': 'string'}
        if subresource.name == 'log':
            self._add(path, 'get', self._operation(
                resource, 'get', 'read', suffix, [], text, [200]))
            return
        kind = (resource.group, resource.version, subresource.type_name)
        methods = [CONNECT_METHODS[verb] for verb in subresource.verbs]
        paths = [(path, suffix)]
        if subresource.name == 'proxy':
            methods += ['head', 'options']
            paths.append((path + '/{path}', suffix + 'WithPath'))
        for each, name in paths:
            for method in methods:
                self._add(each, method, self._operation(
                    resource, 'connect', 'connect', title(method) + name, [], text, [200], kind))


def add_group_version(paths, schemas, group, version):
    """The discovery document of a group version."""
    words = group_words(group)
    path = '/api/%s/' % version if not group else '/apis/%s/%s/' % (group, version)
    schema = schemas.reference('meta/v1.APIResourceList')
    response = {'description': 'OK', 'schema': schema} if schemas.version == 2 else {
        'description': 'OK', 'content': {kind: {'schema': schema} for kind in READ_TYPES}}
    operation = {
        'operationId': 'get' + ''.join(map(title, words)) + title(version) + 'APIResources',
        'tags': [words[0] + ''.join(map(title, words[1:])) + '_' + version],
        'responses': {'200': response, '401': {'description': 'Unauthorized'}},
    }
    if schemas.version == 2:
        operation.update({'consumes': READ_TYPES, 'produces': READ_TYPES, 'schemes': ['https']})
    paths.paths[path] = {'get': operation}


