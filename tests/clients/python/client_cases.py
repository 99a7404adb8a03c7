# SPDX-License-Identifier: Apache-2.0
"""What a program that uses Debian's python3-kubernetes does. KUBECONFIG says where."""

import json
import threading
import unittest

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException

NAMESPACE = "python"
LABELS = {"app": "web"}
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "lamps.python.example.com"},
    "spec": {"group": "python.example.com", "scope": "Namespaced",
             "names": {"plural": "lamps", "singular": "lamp", "kind": "Lamp"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
                 "openAPIV3Schema": {"type": "object", "properties": {"spec": {
                     "type": "object", "properties": {"watts": {"type": "integer"}}}}}}}]}}


def configmap(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"made": "here"}),
                              data=data)


def deployment(name):
    container = client.V1Container(name="c", image="nginx", ports=[
        client.V1ContainerPort(container_port=80)])
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=LABELS),
                                        spec=client.V1PodSpec(containers=[container]))
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name), spec=client.V1DeploymentSpec(
        replicas=2, selector=client.V1LabelSelector(match_labels=LABELS), template=template))


class Cases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config.load_kube_config()
        cls.core = client.CoreV1Api()
        cls.apps = client.AppsV1Api()
        cls.core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))

    def assert_refused(self, status, reason, call, *arguments, **options):
        with self.assertRaises(ApiException) as refusal:
            call(*arguments, **options)
        self.assertEqual(refusal.exception.status, status)
        # The dynamic client hands over bytes, the others text.
        body = refusal.exception.body
        body = json.loads(body.decode() if isinstance(body, bytes) else body)
        self.assertEqual((body["kind"], body["reason"]), ("Status", reason))

    def test_an_object_is_made_read_changed_and_deleted(self):
        made = self.core.create_namespaced_config_map(NAMESPACE, configmap("a", key="1"))
        self.assertEqual(made.data, {"key": "1"})
        self.assertIsNotNone(made.metadata.creation_timestamp)
        self.assert_refused(409, "AlreadyExists", self.core.create_namespaced_config_map,
                            NAMESPACE, configmap("a"))
        patched = self.core.patch_namespaced_config_map("a", NAMESPACE, {"data": {"more": "2"}})
        self.assertEqual(patched.data, {"key": "1", "more": "2"})
        self.assert_refused(409, "Conflict", self.core.replace_namespaced_config_map,
                            "a", NAMESPACE, made)
        patched.data["key"] = "3"
        replaced = self.core.replace_namespaced_config_map("a", NAMESPACE, patched)
        self.assertEqual(replaced.data["key"], "3")
        self.core.delete_namespaced_config_map("a", NAMESPACE)
        self.assert_refused(404, "NotFound", self.core.read_namespaced_config_map, "a", NAMESPACE)

    def test_a_list_comes_in_pages(self):
        for number in range(7):
            self.core.create_namespaced_secret(NAMESPACE, client.V1Secret(
                metadata=client.V1ObjectMeta(name=f"s{number}", labels=LABELS),
                string_data={"n": str(number)}))
        names, token = [], None
        while True:
            page = self.core.list_namespaced_secret(
                NAMESPACE, label_selector="app=web", limit=3, _continue=token)
            names += [item.metadata.name for item in page.items]
            token = page.metadata._continue
            if not token:
                break
        self.assertEqual(names, [f"s{number}" for number in range(7)])
        self.core.delete_collection_namespaced_secret(NAMESPACE, label_selector="app=web")
        self.assertEqual(self.core.list_namespaced_secret(
            NAMESPACE, label_selector="app=web").items, [])

    def test_a_watch_sees_what_happens(self):
        start = self.core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
        seen = []

        def follow():
            for event in watch.Watch().stream(
                    self.core.list_namespaced_config_map, NAMESPACE, resource_version=start,
                    field_selector="metadata.name=watched", timeout_seconds=30):
                seen.append((event["type"], event["object"].data))
                if event["type"] == "DELETED":
                    return
        thread = threading.Thread(target=follow)
        thread.start()
        self.core.create_namespaced_config_map(NAMESPACE, configmap("watched", n="1"))
        self.core.patch_namespaced_config_map("watched", NAMESPACE, {"data": {"n": "2"}})
        self.core.delete_namespaced_config_map("watched", NAMESPACE)
        thread.join(30)
        self.assertEqual(seen, [("ADDED", {"n": "1"}), ("MODIFIED", {"n": "2"}),
                                ("DELETED", {"n": "2"})])

    def test_a_deployment_is_scaled_and_its_status_written(self):
        made = self.apps.create_namespaced_deployment(NAMESPACE, deployment("web"))
        self.assertEqual(made.spec.strategy.rolling_update.max_surge, "25%")
        scale = self.apps.patch_namespaced_deployment_scale(
            "web", NAMESPACE, {"spec": {"replicas": 5}})
        self.assertEqual(scale.spec.replicas, 5)
        made = self.apps.read_namespaced_deployment("web", NAMESPACE)
        self.assertEqual((made.spec.replicas, made.metadata.generation), (5, 2))
        made.status = client.V1DeploymentStatus(replicas=4, observed_generation=2)
        status = self.apps.replace_namespaced_deployment_status("web", NAMESPACE, made)
        self.assertEqual((status.status.replicas, status.metadata.generation), (4, 2))
        bad = deployment("bad")
        bad.spec.selector = client.V1LabelSelector(match_labels={"app": "other"})
        self.assert_refused(422, "Invalid", self.apps.create_namespaced_deployment,
                            NAMESPACE, bad)

    def test_files_are_made_from(self):
        utils.create_from_dict(client.ApiClient(), {
            "apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "from-file"},
                 "spec": {"selector": LABELS, "ports": [{"port": 80}]}},
                {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "from-file"},
                 "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {
                     "restartPolicy": "Never",
                     "containers": [{"name": "c", "image": "i"}]}}}}}}]}, namespace=NAMESPACE)
        service = self.core.read_namespaced_service("from-file", NAMESPACE)
        self.assertTrue(service.spec.cluster_ip.startswith("10."))

    def test_custom_resources_are_found_by_the_dynamic_client(self):
        client.ApiextensionsV1Api().create_custom_resource_definition(CRD)
        for event in watch.Watch().stream(
                client.ApiextensionsV1Api().list_custom_resource_definition,
                field_selector=f"metadata.name={CRD['metadata']['name']}", timeout_seconds=30):
            conditions = event["object"].status.conditions or []
            if any(c.type == "Established" and c.status == "True" for c in conditions):
                break
        lamps = dynamic.DynamicClient(client.ApiClient()).resources.get(
            api_version="python.example.com/v1", kind="Lamp")
        lamp = {"apiVersion": "python.example.com/v1", "kind": "Lamp",
                "metadata": {"name": "l"}, "spec": {"watts": 5}}
        lamps.create(body=lamp, namespace=NAMESPACE)
        patched = lamps.patch(body={"spec": {"watts": 7}}, name="l", namespace=NAMESPACE,
                              content_type="application/merge-patch+json")
        self.assertEqual(patched.spec.watts, 7)
        self.assert_refused(422, "Invalid", lamps.patch, body={"spec": {"watts": "x"}}, name="l",
                            namespace=NAMESPACE, content_type="application/merge-patch+json")
        items = client.CustomObjectsApi().list_namespaced_custom_object(
            "python.example.com", "v1", NAMESPACE, "lamps")["items"]
        self.assertEqual([item["spec"]["watts"] for item in items], [7])
        lamps.delete(name="l", namespace=NAMESPACE)
        self.assertEqual(lamps.get(namespace=NAMESPACE).items, [])

    def test_who_may_do_what_is_asked(self):
        review = client.AuthorizationV1Api().create_self_subject_access_review({
            "spec": {"resourceAttributes": {"verb": "delete", "resource": "nodes"}}})
        self.assertTrue(review.status.allowed)
        self.assertEqual(client.VersionApi().get_code().major, "1")
        groups = {group.name for group in client.ApisApi().get_api_versions().groups}
        self.assertIn("apps", groups)


if __name__ == "__main__":
    unittest.main(verbosity=2)
