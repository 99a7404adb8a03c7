// SPDX-License-Identifier: Apache-2.0
// Typed calls of client-node against a plane; throws when an answer is not what it should be.
import assert from 'node:assert';
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const namespace = 'default';

const made = await core.createNamespacedConfigMap({
  namespace, body: { metadata: { generateName: 'typed-' }, data: { a: 'b' } },
});
assert.match(made.metadata.name, /^typed-[a-z0-9]{5}$/);
const read = await core.readNamespacedConfigMap({ namespace, name: made.metadata.name });
assert.deepStrictEqual(read.data, { a: 'b' });

await apps.createNamespacedDeployment({
  namespace,
  body: {
    metadata: { name: 'typed' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', image: 'busybox' }] },
      },
    },
  },
});
const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'typed' });
assert.strictEqual(scale.spec.replicas, 1);
assert.strictEqual(scale.status.selector, 'a=b');

await assert.rejects(
  core.readNamespacedConfigMap({ namespace, name: 'missing' }), (error) => error.code === 404);
const listed = await core.listNamespacedConfigMap({ namespace, labelSelector: 'none=such' });
assert.strictEqual(listed.items.length, 0);
console.log('done');
