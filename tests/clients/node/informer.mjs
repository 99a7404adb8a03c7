// SPDX-License-Identifier: Apache-2.0
// An informer on configmaps of one namespace; prints one line for each event, ends on standard
// input's end. Used by tests/integration/test_client_node.py.
import * as k8s from '@kubernetes/client-node';

const namespace = process.argv[2];
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const list = () => core.listNamespacedConfigMap({ namespace });
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list);

for (const event of ['add', 'update', 'delete']) {
  informer.on(event, (object) => console.log(`${event} ${object.metadata.name}`));
}
informer.on('error', (error) => {
  console.log(`error ${error && error.code}`);
  setTimeout(() => informer.start(), 50);
});
informer.on('connect', () => console.log('connect -'));
await informer.start();
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
