# SPDX-License-Identifier: Apache-2.0
"""CustomResourceDefinitions themselves: what is refused, what is warned of, their conditions."""

import copy
import json
import unittest

from plane import Plane, wait_until

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


class CustomDefinitions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plane = Plane().start()

    @classmethod
    def tearDownClass(cls):
        cls.plane.close()

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
