# SPDX-License-Identifier: Apache-2.0
"""What flags make of the built-in groups: what is served, and what a start writes."""

import json
import unittest

from plane import Plane, wait_until

EVENTS = "/api/v1/namespaces/default/events"


def event(name):
    return {"metadata": {"name": name, "namespace": "default"}, "reason": "Test",
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"}}


class EventTtl(unittest.TestCase):
    def test_an_event_ends_after_the_ttl_and_a_watch_sees_it(self):
        with Plane("--event-ttl=1s") as plane:
            created = plane.create(EVENTS, event("short"))
            self.assertEqual(created.status, 201, created.body)
            version = created.json()["metadata"]["resourceVersion"]
            connection = plane.connect()
            connection.request(
                "GET", f"{EVENTS}?watch=1&timeoutSeconds=30&resourceVersion={version}")
            change = json.loads(connection.getresponse().readline())
            connection.close()
            self.assertEqual(change["type"], "DELETED")
            self.assertEqual(change["object"]["metadata"]["name"], "short")
            self.assertGreater(
                int(change["object"]["metadata"]["resourceVersion"]), int(version))
            self.assertEqual(plane.get(f"{EVENTS}/short").status, 404)

    def test_other_objects_stay(self):
        with Plane("--event-ttl=1s") as plane:
            path = "/api/v1/namespaces/default/configmaps"
            self.assertEqual(
                plane.create(path, {"metadata": {"name": "stays"}}).status, 201)
            self.assertEqual(plane.create(EVENTS, event("goes")).status, 201)
            wait_until(lambda: plane.get(f"{EVENTS}/goes").status == 404, "the event ends")
            self.assertEqual(plane.get(f"{path}/stays").status, 200)


class RuntimeConfig(unittest.TestCase):
    def groups_of(self, plane):
        return {group["name"] for group in plane.get("/apis").json()["groups"]}

    def services_of(self, plane):
        path = "/apis/apiregistration.k8s.io/v1/apiservices"
        return {item["metadata"]["name"] for item in plane.get(path).json()["items"]}

    def test_a_version_that_is_off_is_gone_everywhere(self):
        with Plane("--runtime-config=apps/v1=false,batch/v1=false") as plane:
            for path in ("/apis/apps/v1/deployments", "/apis/apps/v1",
                         "/apis/batch/v1/namespaces/default/jobs", "/apis/batch"):
                self.assertEqual(plane.get(path).status, 404, path)
            groups = self.groups_of(plane)
            self.assertNotIn("apps", groups)
            self.assertNotIn("batch", groups)
            self.assertIn("policy", groups)
            index = plane.get("/openapi/v3").json()["paths"]
            self.assertNotIn("apis/apps/v1", index)
            self.assertIn("apis/policy/v1", index)
            self.assertEqual(plane.get("/openapi/v3/apis/apps/v1").status, 404)
            services = self.services_of(plane)
            self.assertNotIn("v1.apps", services)
            self.assertIn("v1.policy", services)
            self.assertEqual(plane.get("/readyz").body, b"ok")

    def test_the_narrower_key_wins(self):
        flag = ("--runtime-config=api/all=false,v1=true,rbac.authorization.k8s.io/v1=true,"
                "apiregistration.k8s.io/v1=true,apiextensions.k8s.io/v1=true,"
                "apps/v1,apps/v1/daemonsets=false")
        with Plane(flag) as plane:
            self.assertEqual(plane.get("/api/v1/namespaces/default").status, 200)
            self.assertEqual(plane.get("/apis/apps/v1/deployments").status, 200)
            self.assertEqual(plane.get("/apis/apps/v1/daemonsets").status, 404)
            self.assertEqual(plane.get("/apis/batch/v1/jobs").status, 404)
            resources = plane.get("/apis/apps/v1").json()["resources"]
            names = {resource["name"] for resource in resources}
            self.assertIn("deployments/scale", names)
            self.assertNotIn("daemonsets", names)
            self.assertEqual(
                self.groups_of(plane),
                {"apiregistration.k8s.io", "apiextensions.k8s.io", "apps",
                 "rbac.authorization.k8s.io"})

    def test_without_definitions_there_are_no_custom_resources(self):
        with Plane("--runtime-config=apiextensions.k8s.io/v1=false") as plane:
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            self.assertEqual(plane.get(path).status, 404)
            self.assertNotIn("apiextensions.k8s.io", self.groups_of(plane))
            self.assertNotIn(
                "apis/apiextensions.k8s.io/v1", plane.get("/openapi/v3").json()["paths"])

    def test_what_is_on_by_a_start_is_as_it_was_before_it_was_off(self):
        plane = Plane().start()
        try:
            path = "/apis/batch/v1/namespaces/default/jobs"
            job = {"metadata": {"name": "kept"}, "spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}}
            self.assertEqual(plane.create(path, job).status, 201)
            plane.stop()
            plane.flags = ["--runtime-config=batch/v1=false"]
            plane.start()
            self.assertEqual(plane.get(f"{path}/kept").status, 404)
            wait_until(lambda: "v1.batch" not in self.services_of(plane), "v1.batch goes")
            plane.stop()
            plane.flags = []
            plane.start()
            self.assertEqual(plane.get(f"{path}/kept").status, 200)
            wait_until(lambda: "v1.batch" in self.services_of(plane), "v1.batch comes")
        finally:
            plane.close()
