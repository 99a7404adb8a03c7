# SPDX-License-Identifier: Apache-2.0
"""CustomResourceDefinitions themselves: what is refused, what is warned of, their conditions."""

import copy
import json
import unittest

from plane import PlaneCase, wait_until

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = {"Content-Type": "application/merge-patch+json"}
TEXT = {"type": "string"}


def definition(plural, group, kind, **properties):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"plural": plural, "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True,
                                   "schema": {"openAPIV3Schema": {
                                       "type": "object", "properties": {"spec": {
                                           "type": "object", "properties": properties}}}}}]}}


def conditions(found):
    return {c["type"]: (c["status"], c["reason"], c["message"])
            for c in found["status"]["conditions"]}


class CustomDefinitions(PlaneCase):
    def define(self, crd, status=201):
        answer = self.plane.create(CRDS, crd)
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def problems(self, crd):
        found = self.define(crd, status=422).json()
        return [f"{c['field']}: {c['message']}" for c in found["details"]["causes"]]

    def test_errors_of_what_versions_share_are_told_at_the_spec(self):
        crd = definition("bads", "paths.example.com", "Bad", x={"description": "no type"})
        first = crd["spec"]["versions"][0]
        first["subresources"] = {"scale": {"specReplicasPath": ".x",
                                           "statusReplicasPath": ".status.x"}}
        first["additionalPrinterColumns"] = [{"name": "a", "type": "string", "jsonPath": "x"}]
        expected = [
            "{}validation.openAPIV3Schema.properties[spec].properties[x].type: Required value: "
            "must not be empty for specified object fields",
            "{}subresources.scale.specReplicasPath: Invalid value: \".x\": should be a json path "
            "under .spec",
            "{}additionalPrinterColumns[0].JSONPath: Invalid value: \"x\": must be a simple json "
            "path starting with ."]
        self.assertEqual(self.problems(crd), [text.format("spec.") for text in expected])
        crd["spec"]["versions"].append({**copy.deepcopy(first), "name": "v2", "storage": False})
        self.assertEqual(self.problems(crd), [text.format("spec.") for text in expected])
        crd["spec"]["versions"][1] = definition("b", "b", "B")["spec"]["versions"][0]
        crd["spec"]["versions"][1].update(name="v2", storage=False)
        self.assertEqual(self.problems(crd), [
            text.format("spec.versions[0].").replace("validation", "schema") for text in expected])

    def test_a_bad_name_is_told_once(self):
        crd = definition("bads", "names.example.com", "Bad")
        crd["spec"]["names"]["shortNames"] = ["A B"]
        problems = self.problems(crd)
        self.assertEqual(len(problems), 1, problems)
        self.assertTrue(problems[0].startswith('spec.names.shortNames[0]: Invalid value: "A B": '))

    def test_rules_that_are_not_evaluated_are_warned_of(self):
        crd = definition("ruled", "rules.example.com", "Ruled", x={
            **TEXT, "x-kubernetes-validations": [{"rule": "self.startsWith('x')"}]})
        answer = self.define(crd)
        self.assertIn("x-kubernetes-validations are not evaluated by this server",
                      answer.headers["Warning"])
        again = self.plane.request("PATCH", f"{CRDS}/ruled.rules.example.com", headers=MERGE,
                                   body='{"metadata":{"labels":{"a":"b"}}}')
        self.assertEqual((again.status, again.headers["Warning"]), (200, None))
        shown = self.plane.kubectl("apply", "-f", "-", stdin=json.dumps(
            definition("others", "rules.example.com", "Other", x={
                **TEXT, "format": "zip",
                "x-kubernetes-validations": [{"rule": "self != ''"}]}))).stderr
        self.assertIn('Warning: unrecognized format "zip"', shown)
        self.assertIn("Warning: x-kubernetes-validations are not evaluated", shown)

    def path(self, group, plural, name=""):
        return (f"/apis/{group}/v1/namespaces/default/{plural}" + (f"/{name}" if name else ""))

    def make(self, group, plural, kind, name, status=201, **fields):
        body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}, **fields}
        answer = self.plane.create(self.path(group, plural), body)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def test_names_in_use_keep_a_definition_from_being_served(self):
        group = "conflict.example.com"
        first, second = definition("firsts", group, "First"), definition("seconds", group, "Second")
        first["spec"]["names"].update(shortNames=["ff"], categories=["mine", "all"])
        second["spec"]["names"].update(shortNames=["ff", "ss"])
        self.define(first)
        found = conditions(self.define(second).json())
        self.assertEqual(found["NamesAccepted"],
                         ("False", "ShortNamesConflict", '"ff" is already in use'))
        self.assertEqual(found["Established"],
                         ("False", "NotAccepted", "not all names are accepted"))
        self.assertEqual(self.plane.get(self.path(group, "seconds")).status, 404)
        self.make(group, "firsts", "First", "one")
        # kubectl takes categories from what it found in an earlier run.
        fresh = f"--cache-dir={self.plane.state_dir}/fresh"
        for words in (("mine", fresh), ("ff",), ("all", fresh)):
            self.assertIn("one", self.plane.kubectl("get", *words).stdout, words)
        self.plane.kubectl("delete", "crd", f"firsts.{group}")

        def established():
            crd = self.plane.get(f"{CRDS}/seconds.{group}").json()
            return conditions(crd)["Established"][0] == "True" and crd
        accepted = wait_until(established, "the freed names are taken")["status"]["acceptedNames"]
        self.assertEqual(accepted["shortNames"], ["ff", "ss"])
        self.make(group, "seconds", "Second", "two")
        self.assertIn("two", self.plane.kubectl("get", "ff", fresh + "er").stdout)

    def test_columns_end_at_one_that_cannot_be_read(self):
        group = "columns.example.com"
        crd = definition("rows", group, "Row", list={"type": "array", "items": TEXT}, n=TEXT)
        crd["spec"]["versions"][0]["additionalPrinterColumns"] = [
            {"name": "Last", "type": "string", "jsonPath": ".spec.list[-1:]"},
            {"name": "Whole", "type": "string", "jsonPath": ".spec.list"},
            {"name": "Date", "type": "date", "jsonPath": ".spec.n"},
            {"name": "Number", "type": "integer", "jsonPath": ".spec.n"},
            {"name": "Bad", "type": "string", "jsonPath": ".spec["},
            {"name": "Behind", "type": "string", "jsonPath": ".spec.n"}]
        self.define(crd)
        self.make(group, "rows", "Row", "r", spec={"list": ["a", "b"], "n": "x"})
        self.assertRegex(
            self.plane.kubectl("get", "rows").stdout,
            r'^NAME +LAST +WHOLE +DATE +NUMBER\nr +b +\["a","b"\] +<invalid> +\n$')

    def test_embedded_resources_have_a_type(self):
        group = "embed.example.com"
        self.define(definition("boxes", group, "Box", inner={
            "type": "object", "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True}))
        kept = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "any": {"thing": 1}}
        made = self.make(group, "boxes", "Box", "a", spec={
            "inner": {**kept, "metadata": {"name": "p", "bogus": 1}}})
        self.assertEqual(made["spec"]["inner"], kept)
        for inner, message in (
                ({"kind": "Pod"}, "spec.inner.apiVersion: Required value"),
                ({"apiVersion": "a/b/c", "kind": "Pod"},
                 'spec.inner.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: '
                 "a/b/c"),
                ({"apiVersion": "v1", "kind": "A B"},
                 'spec.inner.kind: Invalid value: "A B": may have mixed case, but should '
                 "otherwise match: a DNS-1035 label")):
            answer = self.make(group, "boxes", "Box", "b", status=422, spec={"inner": inner})
            self.assertIn(message, answer["message"])

    def test_int_or_string_and_lists_by_keys(self):
        group = "lists.example.com"
        item = {"type": "object", "required": ["name"], "properties": {
            "name": TEXT, "port": {"type": "integer", "default": 80}}}
        self.define(definition(
            "lists", group, "ListOf", either={"x-kubernetes-int-or-string": True},
            byKey={"type": "array", "items": item, "x-kubernetes-list-type": "map",
                   "x-kubernetes-list-map-keys": ["name", "port"]}))
        made = self.make(group, "lists", "ListOf", "a", spec={
            "either": "5%", "byKey": [{"name": "x"}, {"name": "x", "port": 81}]})
        self.assertEqual(made["spec"]["byKey"][0], {"name": "x", "port": 80})
        self.make(group, "lists", "ListOf", "b", spec={"either": 5})
        answer = self.make(group, "lists", "ListOf", "c", status=422, spec={"either": True})
        self.assertIn("spec.either in body must be of type integer,string", answer["message"])
        answer = self.make(group, "lists", "ListOf", "d", status=422, spec={
            "byKey": [{"name": "x"}, {"name": "x", "port": 80}]})
        self.assertIn('spec.byKey[1]: Duplicate value: {"name":"x","port":80}', answer["message"])

    def test_objects_near_the_limit(self):
        group = "large.example.com"
        self.define(definition("larges", group, "Large", text=TEXT))
        self.make(group, "larges", "Large", "a", spec={"text": "x" * (1024 * 1024)})
        found = self.plane.get(self.path(group, "larges", "a")).json()
        self.assertEqual(len(found["spec"]["text"]), 1024 * 1024)
        answer = self.make(group, "larges", "Large", "b", status=413,
                           spec={"text": "x" * (2 * 1024 * 1024)})
        self.assertEqual(answer["reason"], "RequestEntityTooLarge")
        answer = self.make(group, "larges", "Large", "c", status=413,
                           spec={"text": "x" * (4 * 1024 * 1024)})

    def test_generation_and_subresources(self):
        group = "parts.example.com"
        crd = definition("parts", group, "Part", count={"type": "integer"}, text=TEXT)
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["status"] = {"type": "object", "properties": {
            "count": {"type": "integer"}, "selector": TEXT}}
        plain = copy.deepcopy(crd)
        plain["metadata"]["name"] = f"plains.{group}"
        plain["spec"]["names"] = {"plural": "plains", "kind": "Plain"}
        crd["spec"]["versions"][0]["subresources"] = {
            "status": {}, "scale": {"specReplicasPath": ".spec.count",
                                    "statusReplicasPath": ".status.count",
                                    "labelSelectorPath": ".status.selector"}}
        self.define(crd)
        self.define(plain)

        def patch(plural, name, body, status=200):
            answer = self.plane.request("PATCH", self.path(group, plural, name), headers=MERGE,
                                        body=json.dumps(body))
            self.assertEqual(answer.status, status, answer.body)
            return answer.json()
        # Without a status subresource the status is a field like any other.
        self.make(group, "plains", "Plain", "a", status=201, spec={"count": 1})
        self.assertEqual(patch("plains", "a", {"status": {"count": 1}})["metadata"]["generation"],
                         2)
        self.assertEqual(self.plane.get(self.path(group, "plains", "a/status")).status, 404)
        self.make(group, "parts", "Part", "a", spec={"text": "x"})
        found = patch("parts", "a", {"metadata": {"labels": {"a": "b"}}, "status": {"count": 9}})
        self.assertEqual((found["metadata"]["generation"], found.get("status")), (1, None))
        found = patch("parts", "a/status", {"spec": {"text": "no"}, "status": {"count": 3},
                                            "metadata": {"labels": {"c": "d"}}})
        self.assertEqual((found["metadata"]["generation"], found["spec"], found["status"],
                          found["metadata"]["labels"]),
                         (1, {"text": "x"}, {"count": 3}, {"a": "b"}))
        patch("parts", "a/status", {"status": {"count": "many"}}, status=422)
        scale = self.plane.get(self.path(group, "parts", "a/scale"))
        self.assertEqual((scale.status, scale.json()["message"]), (
            500, 'Internal error occurred: the spec replicas field ".spec.count" does not exist'))
        self.plane.kubectl("patch", "parts", "a", "--type=merge", "-p", '{"spec":{"count":1}}')
        patch("parts", "a/status", {"status": {"selector": "x=y"}})
        scale = self.plane.get(self.path(group, "parts", "a/scale")).json()
        self.assertEqual((scale["spec"], scale["status"]),
                         ({"replicas": 1}, {"replicas": 3, "selector": "x=y"}))
        self.plane.kubectl("scale", "parts/a", "--replicas=4", "--current-replicas=1")
        found = self.plane.get(self.path(group, "parts", "a")).json()
        self.assertEqual((found["spec"]["count"], found["metadata"]["generation"]), (4, 3))

    def test_deletion_waits_for_finalizers(self):
        group = "ending.example.com"
        crd = definition("endings", group, "Ending")
        self.define(crd)
        self.make(group, "endings", "Ending", "free")
        body = {"apiVersion": f"{group}/v1", "kind": "Ending",
                "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
        self.assertEqual(self.plane.create(self.path(group, "endings"), body).status, 201)
        self.plane.kubectl("delete", "crd", f"endings.{group}", "--wait=false")
        wait_until(lambda: self.plane.get(self.path(group, "endings", "free")).status == 404,
                   "what has no finalizer is gone")
        found = conditions(self.plane.get(f"{CRDS}/endings.{group}").json())
        self.assertEqual(found["Terminating"], ("True", "InstanceDeletionInProgress",
                                                "CustomResource deletion is in progress"))
        answer = self.make(group, "endings", "Ending", "late", status=403)
        self.assertEqual(
            answer["message"],
            f'endings.{group} "late" is forbidden: create not allowed while custom resource '
            "definition is terminating")
        answer = self.plane.create(CRDS, crd)
        self.assertEqual(answer.status, 409, answer.body)
        self.assertIn("object is being deleted", answer.json()["message"])
        held = self.plane.get(self.path(group, "endings", "held")).json()
        self.assertIn("deletionTimestamp", held["metadata"])
        self.plane.kubectl("patch", "endings", "held", "--type=merge", "-p",
                           '{"metadata":{"finalizers":null}}')
        wait_until(lambda: self.plane.get(f"{CRDS}/endings.{group}").status == 404,
                   "the definition is gone")
        self.assertEqual(self.plane.get(self.path(group, "endings")).status, 404)

    def test_the_old_version_of_definitions_is_gone(self):
        old = "/apis/apiextensions.k8s.io/v1beta1"
        self.assertEqual(self.plane.get(old).status, 404)
        self.assertEqual(self.plane.get(f"{old}/customresourcedefinitions").status, 404)
        answer = self.plane.kubectl("apply", "-f", "-", check=False, stdin=json.dumps(
            {**definition("olds", "old.example.com", "Old"),
             "apiVersion": "apiextensions.k8s.io/v1beta1"}))
        self.assertIn('no matches for kind "CustomResourceDefinition" in version '
                      '"apiextensions.k8s.io/v1beta1"', answer.stderr)


if __name__ == "__main__":
    unittest.main()
