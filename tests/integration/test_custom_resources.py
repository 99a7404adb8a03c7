# SPDX-License-Identifier: Apache-2.0
"""CustomResourceDefinitions from create to delete, over plain HTTP and kubectl."""

import copy
import json
import time
import unittest

from plane import PlaneCase, wait_until

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PATH = "/apis/stable.example.com/v1/namespaces/default/crontabs"

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "crontabs.stable.example.com"},
    "spec": {
        "group": "stable.example.com",
        "scope": "Namespaced",
        "names": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab",
                  "shortNames": ["ct"]},
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "subresources": {
                "status": {},
                "scale": {"specReplicasPath": ".spec.replicas",
                          "statusReplicasPath": ".status.replicas"}},
            "additionalPrinterColumns": [
                {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
                {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
                {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}],
            "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {
                    "spec": {
                        "type": "object", "required": ["cronSpec"],
                        "properties": {
                            "cronSpec": {"type": "string", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"},
                            "image": {"type": "string", "default": "busybox"},
                            "replicas": {"type": "integer", "minimum": 1, "maximum": 10,
                                         "default": 1},
                            "tags": {"type": "array", "items": {"type": "string"},
                                     "x-kubernetes-list-type": "set"},
                            "free": {"type": "object",
                                     "x-kubernetes-preserve-unknown-fields": True},
                        }},
                    "status": {"type": "object", "properties": {
                        "replicas": {"type": "integer"}, "phase": {"type": "string"}}},
                }}},
        }],
    },
}


def crontab(name, **spec):
    return {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": name},
            "spec": {"cronSpec": "* * * * */5", **spec}}


class CustomResources(PlaneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        answer = cls.plane.create(CRDS, CRD)
        assert answer.status == 201, answer.body

    def make(self, body, status=201):
        answer = self.plane.create(PATH, body)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def test_usable_within_ten_milliseconds(self):
        crd = copy.deepcopy(CRD)
        crd["metadata"]["name"] = "quicks.fast.example.com"
        crd["spec"]["group"] = "fast.example.com"
        crd["spec"]["names"] = {"plural": "quicks", "kind": "Quick"}
        connection = self.plane.connect()
        self.plane.request("GET", "/version", connection=connection)
        answer = self.plane.request("POST", CRDS, body=crd, connection=connection)
        self.assertEqual(answer.status, 201, answer.body)
        created = time.monotonic()
        listed = self.plane.request(
            "GET", "/apis/fast.example.com/v1/quicks", connection=connection)
        groups = self.plane.request("GET", "/apis", connection=connection).json()
        elapsed = time.monotonic() - created
        self.assertEqual(listed.status, 200, listed.body)
        self.assertIn("fast.example.com", [g["name"] for g in groups["groups"]])
        self.assertLess(elapsed, 0.25, "two requests on a loaded machine; 10 ms when it is idle")
        conditions = {c["type"]: c["status"] for c in answer.json()["status"]["conditions"]}
        self.assertEqual(conditions.get("Established"), "True")
        self.assertEqual(conditions.get("NamesAccepted"), "True")

    def test_pruned_and_defaulted(self):
        made = self.make(crontab("pruned", bogus=1, free={"any": {"thing": [1]}}))
        self.assertEqual(made["spec"], {"cronSpec": "* * * * */5", "image": "busybox",
                                        "replicas": 1, "free": {"any": {"thing": [1]}}})
        self.assertEqual(made["metadata"]["generation"], 1)

    def test_invalid_values_are_named(self):
        answer = self.make(crontab("bad", replicas=11, cronSpec="nonsense"), status=422)
        self.assertEqual(answer["reason"], "Invalid")
        causes = {cause["field"]: cause for cause in answer["details"]["causes"]}
        self.assertIn("spec.replicas", causes)
        self.assertIn("should be less than or equal to 10", causes["spec.replicas"]["message"])
        self.assertIn("spec.cronSpec", causes)
        self.assertIn("should match", causes["spec.cronSpec"]["message"])
        answer = self.make(crontab("bad", replicas="many"), status=422)
        self.assertIn("must be of type integer", answer["message"])
        body = crontab("bad")
        del body["spec"]["cronSpec"]
        answer = self.make(body, status=422)
        self.assertIn("spec.cronSpec: Required value", answer["message"])
        answer = self.make(crontab("bad", tags=["a", "a"]), status=422)
        self.assertIn("Duplicate value", answer["message"])

    def test_status_is_a_world_of_its_own(self):
        body = crontab("stated")
        body["status"] = {"phase": "ignored"}
        self.assertNotIn("status", self.make(body))
        answer = self.plane.request(
            "PATCH", f"{PATH}/stated/status",
            body=json.dumps({"status": {"phase": "Good", "replicas": 1},
                             "spec": {"image": "ignored"}}),
            headers={"Content-Type": "application/merge-patch+json"})
        self.assertEqual(answer.status, 200, answer.body)
        found = answer.json()
        self.assertEqual(found["status"], {"phase": "Good", "replicas": 1})
        self.assertEqual(found["spec"]["image"], "busybox")
        self.assertEqual(found["metadata"]["generation"], 1)
        self.plane.kubectl("scale", "crontab", "stated", "--replicas=4")
        found = self.plane.get(f"{PATH}/stated").json()
        self.assertEqual((found["spec"]["replicas"], found["metadata"]["generation"]), (4, 2))

    def test_kubectl_shows_printer_columns_and_applies(self):
        text = json.dumps(crontab("shown"))
        self.plane.kubectl("apply", "-f", "-", stdin=text)
        again = self.plane.kubectl("apply", "-f", "-", stdin=text).stdout
        self.assertIn("crontab.stable.example.com/shown unchanged", again)
        table = self.plane.kubectl("get", "ct", "shown").stdout
        self.assertRegex(
            table, r"NAME +SPEC +REPLICAS +AGE\nshown +\* \* \* \* \*/5 +1 +\d+s\n")
        self.plane.kubectl("patch", "ct", "shown", "--type=merge", "-p",
                           '{"spec":{"replicas":2}}')
        strategic = self.plane.kubectl("patch", "ct", "shown", "-p", '{"spec":{"replicas":2}}',
                                       check=False)
        self.assertIn("the body of the request was in an unknown format", strategic.stderr)

    def test_watch_and_list(self):
        listed = self.plane.get(PATH).json()
        self.assertEqual(listed["kind"], "CronTabList")
        connection = self.plane.connect()
        connection.request("GET", f"{PATH}?watch=1&resourceVersion="
                                  f"{listed['metadata']['resourceVersion']}")
        stream = connection.getresponse()
        self.make(crontab("watched"))
        event = json.loads(stream.readline())
        self.assertEqual((event["type"], event["object"]["metadata"]["name"]),
                         ("ADDED", "watched"))
        self.plane.request("DELETE", f"{PATH}/watched")
        event = json.loads(stream.readline())
        self.assertEqual(event["type"], "DELETED")
        connection.close()

    def test_a_write_needs_the_resource_version(self):
        made = self.make(crontab("versioned"))
        del made["metadata"]["resourceVersion"]
        answer = self.plane.request("PUT", f"{PATH}/versioned", body=made)
        self.assertEqual(answer.status, 422, answer.body)
        self.assertIn("must be specified for an update", answer.json()["message"])

    def test_structural_errors_are_refused(self):
        crd = copy.deepcopy(CRD)
        crd["metadata"]["name"] = "bads.bad.example.com"
        crd["spec"]["group"] = "bad.example.com"
        crd["spec"]["names"] = {"plural": "bads", "kind": "Bad"}
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = {
            "properties": {"x": {"type": "string"}}}
        answer = self.plane.create(CRDS, crd)
        self.assertEqual(answer.status, 422, answer.body)
        self.assertIn("must not be empty for specified object fields", answer.json()["message"])
        crd["metadata"]["name"] = "wrong.bad.example.com"
        answer = self.plane.create(CRDS, crd)
        self.assertEqual(answer.status, 422, answer.body)

    def test_deleting_the_definition_removes_its_objects(self):
        crd = copy.deepcopy(CRD)
        crd["metadata"]["name"] = "temps.gone.example.com"
        crd["spec"]["group"] = "gone.example.com"
        crd["spec"]["names"] = {"plural": "temps", "kind": "Temp"}
        self.assertEqual(self.plane.create(CRDS, crd).status, 201)
        path = "/apis/gone.example.com/v1/namespaces/default/temps"
        for number in range(20):
            body = crontab(f"t{number}")
            body.update(apiVersion="gone.example.com/v1", kind="Temp")
            self.assertEqual(self.plane.create(path, body).status, 201)
        self.plane.kubectl("delete", "crd", "temps.gone.example.com", "--wait=true",
                           "--timeout=20s")
        wait_until(lambda: self.plane.get(path).status == 404, "the resource is gone")
        self.assertEqual(self.plane.create(CRDS, crd).status, 201)
        self.assertEqual(self.plane.get(path).json()["items"], [])

    def test_definitions_survive_a_restart(self):
        self.make(crontab("kept"))
        pid = self.plane.kill_server("extensions-apiserver")
        found = self.plane.get(f"{PATH}/kept")
        self.assertEqual(found.status, 200, found.body)
        wait_until(lambda: self.plane.server_pids().get("extensions-apiserver", pid) != pid,
                   "extensions-apiserver runs again")


if __name__ == "__main__":
    unittest.main()
