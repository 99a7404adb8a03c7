# SPDX-License-Identifier: Apache-2.0
"""Several versions of a custom resource: in which one objects are stored, and how they are read."""

import copy
import json
import unittest

from plane import PlaneCase

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = {"Content-Type": "application/merge-patch+json"}


def version(name, storage=False, served=True, **properties):
    return {"name": name, "served": served, "storage": storage,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": properties}}}}}


def definition(group, *versions):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"things.{group}"},
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"plural": "things", "kind": "Thing"},
                     "versions": list(versions)}}


TEXT = {"type": "string"}


class CustomVersions(PlaneCase):
    def define(self, group, *versions):
        answer = self.plane.create(CRDS, definition(group, *versions))
        self.assertEqual(answer.status, 201, answer.body)
        return answer.json()

    def change(self, group, *versions, status=200):
        """Replaces the versions of a definition."""
        answer = self.plane.request(
            "PATCH", f"{CRDS}/things.{group}", headers=MERGE,
            body=json.dumps({"spec": {"versions": list(versions)}}))
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def path(self, group, version_name, name=""):
        return (f"/apis/{group}/{version_name}/namespaces/default/things"
                + (f"/{name}" if name else ""))

    def make(self, group, version_name, name, spec, **more):
        body = {"apiVersion": f"{group}/{version_name}", "kind": "Thing",
                "metadata": {"name": name}, "spec": spec, **more}
        answer = self.plane.create(self.path(group, version_name), body)
        self.assertEqual(answer.status, 201, answer.body)
        return answer.json()

    def read(self, group, version_name, name):
        answer = self.plane.get(self.path(group, version_name, name))
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def touch(self, group, version_name, name):
        """An update that changes nothing."""
        found = self.read(group, version_name, name)
        answer = self.plane.request("PUT", self.path(group, version_name, name), body=found)
        self.assertEqual(answer.status, 200, answer.body)
        return found, answer.json()

    def test_an_update_of_nothing_migrates_the_stored_version(self):
        group = "migrate.example.com"
        self.define(group, version("v1", storage=True, text=TEXT), version("v2", text=TEXT))
        self.make(group, "v1", "a", {"text": "x"})
        before, after = self.touch(group, "v1", "a")
        self.assertEqual(before, after, "nothing to write while it lies in the storage version")
        before, after = self.touch(group, "v2", "a")
        self.assertEqual(before, after, "by whichever version it is updated")
        found = self.change(group, version("v1", text=TEXT), version("v2", storage=True, text=TEXT))
        self.assertEqual(found["status"]["storedVersions"], ["v1", "v2"])
        before, after = self.touch(group, "v1", "a")
        self.assertNotEqual(before["metadata"]["resourceVersion"],
                            after["metadata"]["resourceVersion"])
        del before["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"]
        self.assertEqual(before, after, "and nothing else")
        before, after = self.touch(group, "v1", "a")
        self.assertEqual(before, after, "the second one finds it migrated")
        # kubectl's way: an apply of the same, a patch of nothing.
        self.make(group, "v2", "b", {"text": "x"})
        before = self.read(group, "v2", "b")
        answer = self.plane.request("PATCH", self.path(group, "v1", "b"), body="{}", headers=MERGE)
        self.assertEqual(answer.json()["metadata"]["resourceVersion"],
                         before["metadata"]["resourceVersion"])

    def test_writes_go_to_the_storage_version_pruned_by_its_schema(self):
        group = "prune.example.com"
        self.define(group, version("v1", text=TEXT, old=TEXT),
                    version("v2", storage=True, text=TEXT, new={**TEXT, "default": "n"}))
        made = self.make(group, "v1", "a", {"text": "x", "old": "lost"})
        self.assertEqual(made["apiVersion"], f"{group}/v1")
        self.assertEqual(made["spec"], {"text": "x"}, "as it was stored, without v2's field")
        self.assertEqual(self.read(group, "v1", "a")["spec"], {"text": "x"})
        # What lies in the store is defaulted by the storage version.
        self.assertEqual(self.read(group, "v2", "a")["spec"], {"text": "x", "new": "n"})
        listed = self.plane.get(self.path(group, "v2")).json()
        self.assertEqual(listed["items"][0]["apiVersion"], f"{group}/v2")
        self.assertEqual(listed["items"][0]["spec"], {"text": "x", "new": "n"})
        answer = self.plane.request(
            "PATCH", self.path(group, "v1", "a"), headers=MERGE,
            body=json.dumps({"spec": {"text": "y", "old": "again"}}))
        self.assertEqual(answer.json()["spec"], {"text": "y"})

    def test_a_storage_version_that_is_not_served(self):
        group = "hidden.example.com"
        self.define(group, version("v1", text=TEXT),
                    version("v2", storage=True, served=False, text=TEXT))
        self.make(group, "v1", "a", {"text": "x"}, stray=1)
        found = self.read(group, "v1", "a")
        self.assertEqual(found["apiVersion"], f"{group}/v1")
        self.assertNotIn("stray", found)
        self.assertEqual(self.plane.get(self.path(group, "v2", "a")).status, 404)
        connection = self.plane.connect()
        connection.request("GET", self.path(group, "v1") + "?watch=1")
        stream = connection.getresponse()
        event = json.loads(stream.readline())
        self.assertEqual((event["type"], event["object"]["apiVersion"]), ("ADDED", f"{group}/v1"))
        self.plane.request("DELETE", self.path(group, "v1", "a"))
        event = json.loads(stream.readline())
        self.assertEqual((event["type"], event["object"]["apiVersion"]), ("DELETED", f"{group}/v1"))
        connection.close()

    def test_stored_versions_guard_the_versions(self):
        group = "guard.example.com"
        first, second = version("v1", text=TEXT), version("v2", storage=True, text=TEXT)
        self.define(group, {**first, "storage": True}, {**second, "storage": False})
        self.change(group, first, second)
        answer = self.change(group, second, status=422)
        self.assertEqual(
            answer["message"],
            f'CustomResourceDefinition.apiextensions.k8s.io "things.{group}" is invalid: '
            'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was '
            'previously a storage version, and must remain in spec.versions until a storage '
            'migration ensures no data remains persisted in v1 and removes v1 from '
            'status.storedVersions')
        # A write of the main resource does not touch the status.
        answer = self.plane.request("PATCH", f"{CRDS}/things.{group}", headers=MERGE,
                                    body=json.dumps({"status": {"storedVersions": ["v2"]}}))
        self.assertEqual(answer.json()["status"]["storedVersions"], ["v1", "v2"])
        self.plane.kubectl("patch", "crd", f"things.{group}", "--subresource=status",
                           "--type=merge", "-p", '{"status":{"storedVersions":["v2"]}}')
        found = self.plane.get(f"{CRDS}/things.{group}").json()
        self.assertEqual(found["status"]["storedVersions"], ["v2"])
        found = self.change(group, second)
        self.assertEqual([v["name"] for v in found["spec"]["versions"]], ["v2"])
        self.assertEqual(self.plane.get(self.path(group, "v1")).status, 404)

    def test_a_finalizer_holds_an_object_in_either_version(self):
        group = "held.example.com"
        self.define(group, version("v1", text=TEXT), version("v2", storage=True, text=TEXT))
        body = {"apiVersion": f"{group}/v1", "kind": "Thing", "spec": {"text": "x"},
                "metadata": {"name": "a", "finalizers": ["example.com/hold"]}}
        self.assertEqual(self.plane.create(self.path(group, "v1"), body).status, 201)
        answer = self.plane.request("DELETE", self.path(group, "v1", "a"))
        self.assertEqual((answer.status, answer.json()["apiVersion"]), (200, f"{group}/v1"))
        self.assertIn("deletionTimestamp", self.read(group, "v2", "a")["metadata"])
        answer = self.plane.request("PATCH", self.path(group, "v2", "a"), headers=MERGE,
                                    body='{"metadata":{"finalizers":null}}')
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(self.plane.get(self.path(group, "v1", "a")).status, 404)

    def test_stored_objects_are_defaulted_and_pruned_on_read(self):
        group = "later.example.com"
        self.define(group, version("v1", storage=True, text=TEXT, gone=TEXT))
        self.make(group, "v1", "a", {"text": "x", "gone": "x"})
        self.change(group, version("v1", storage=True, text=TEXT, more={**TEXT, "default": "d"}))
        found = self.read(group, "v1", "a")
        self.assertEqual(found["spec"], {"text": "x", "more": "d"})
        before, after = self.touch(group, "v1", "a")
        self.assertNotEqual(before["metadata"]["resourceVersion"],
                            after["metadata"]["resourceVersion"], "the store had other bytes")
        before, after = self.touch(group, "v1", "a")
        self.assertEqual(before, after)

    def test_versions_with_other_selectable_fields(self):
        group = "select.example.com"
        first, second = version("v1", color=TEXT), version("v2", storage=True, color=TEXT, size=TEXT)
        second["selectableFields"] = [{"jsonPath": ".spec.size"}, {"jsonPath": ".spec.color"}]
        first["selectableFields"] = [{"jsonPath": ".spec.color"}]
        self.define(group, first, second)
        self.make(group, "v2", "a", {"color": "red", "size": "1"})
        self.make(group, "v1", "b", {"color": "blue"})
        for name in ("v1", "v2"):
            found = self.plane.get(self.path(group, name) + "?fieldSelector=spec.color%3Dred")
            self.assertEqual([i["metadata"]["name"] for i in found.json()["items"]], ["a"], name)
        answer = self.plane.get(self.path(group, "v1") + "?fieldSelector=spec.size%3D1")
        self.assertEqual(answer.status, 400, answer.body)

    def test_a_watch_of_the_storage_version_goes_on_through_its_schema(self):
        group = "grow.example.com"
        second = version("v2", text=TEXT)
        self.define(group, version("v1", storage=True, text=TEXT), second)
        self.make(group, "v1", "a", {"text": "x"})
        streams = {}
        for name in ("v1", "v2"):
            connection = self.plane.connect()
            connection.request("GET", self.path(group, name) + "?watch=1&timeoutSeconds=30")
            streams[name] = connection.getresponse()
            json.loads(streams[name].readline())
        self.change(group, version("v1", storage=True, text=TEXT, more={**TEXT, "default": "d"}),
                    second)
        self.assertEqual(streams["v2"].read(), b"", "what is stored reads differently in v2")
        self.make(group, "v1", "b", {"text": "x"})
        event = json.loads(streams["v1"].readline())
        self.assertEqual(event["object"]["spec"], {"text": "x", "more": "d"})
        self.touch(group, "v1", "a")
        event = json.loads(streams["v1"].readline())
        self.assertEqual((event["type"], event["object"]["spec"]),
                         ("MODIFIED", {"text": "x", "more": "d"}))

    def test_a_watch_goes_on_while_its_version_stays_the_same(self):
        group = "watch.example.com"
        first, second = version("v1", storage=True, text=TEXT), version("v2", text=TEXT)
        self.define(group, first, second)
        streams = {}
        for name in ("v1", "v2"):
            connection = self.plane.connect()
            connection.request("GET", self.path(group, name) + "?watch=1&timeoutSeconds=30")
            streams[name] = connection.getresponse()
        changed = copy.deepcopy(first)
        changed["additionalPrinterColumns"] = [
            {"name": "Text", "type": "string", "jsonPath": ".spec.text"}]
        self.change(group, changed, {**second, "deprecated": True})
        changed = copy.deepcopy(changed)
        changed["subresources"] = {"status": {}}
        self.change(group, changed, second)
        self.make(group, "v1", "a", {"text": "x"})
        for name, stream in streams.items():
            event = json.loads(stream.readline())
            self.assertEqual(event["object"]["apiVersion"], f"{group}/{name}")
        self.change(group, changed)
        self.assertEqual(streams["v2"].read(), b"", "the version is gone")
        self.make(group, "v1", "b", {"text": "x"})
        self.assertEqual(json.loads(streams["v1"].readline())["object"]["metadata"]["name"], "b")


if __name__ == "__main__":
    unittest.main()
