# SPDX-License-Identifier: Apache-2.0
"""What clients learn of custom resources: OpenAPI 2 and 3, explain, and validation by old clients."""

import copy
import json
import unittest

from plane import CLIENTS, PlaneCase

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "tell.example.com"
MODEL = "com.example.tell.v1.Lamp"
TEXT = {"type": "string"}

LAMP = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": f"lamps.{GROUP}"},
    "spec": {
        "group": GROUP, "scope": "Namespaced", "names": {"plural": "lamps", "kind": "Lamp"},
        "versions": [{
            "name": "v1", "served": True, "storage": True, "subresources": {"scale": {
                "specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count"}},
            "schema": {"openAPIV3Schema": {
                "type": "object", "description": "A lamp gives light.", "properties": {
                    "spec": {
                        "type": "object", "description": "what is wanted",
                        "required": ["color", "maybe"],
                        "properties": {
                            "color": {**TEXT, "enum": ["red", "blue"], "default": "red",
                                      "pattern": "^[a-z]+$", "maxLength": 9},
                            "count": {"type": "integer", "format": "int32", "minimum": -1},
                            "power": {"x-kubernetes-int-or-string": True},
                            "maybe": {"type": "object", "nullable": True,
                                      "properties": {"x": TEXT}},
                            "free": {"type": "object",
                                     "x-kubernetes-preserve-unknown-fields": True},
                            "inner": {"type": "object", "x-kubernetes-embedded-resource": True,
                                      "properties": {"spec": {"type": "object"}}},
                            "parts": {"type": "array", "items": {
                                "type": "object", "properties": {"size": {
                                    "type": "number", "maximum": 2.5}}}},
                        }},
                    "status": {"type": "object", "properties": {"count": {"type": "integer"}}},
                }}},
        }]},
}


def lamp(**spec):
    return json.dumps({"apiVersion": f"{GROUP}/v1", "kind": "Lamp", "metadata": {"name": "l"},
                       "spec": {"color": "red", "maybe": {}, **spec}})


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for element in value:
            yield from references(element)


class CustomOpenApi(PlaneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        answer = cls.plane.create(CRDS, LAMP)
        assert answer.status == 201, answer.body

    def kubectl(self, *arguments, is_old=False, **options):
        return self.plane.kubectl(
            *arguments, program=str(CLIENTS / "bin" / "kubectl-1.20") if is_old else None,
            **options)

    def document(self):
        return self.plane.get(f"/openapi/v3/apis/{GROUP}/v1").json()

    def test_version_3_says_what_extensions_stand_for(self):
        model = self.document()["components"]["schemas"][MODEL]
        spec = model["properties"]["spec"]["properties"]
        self.assertEqual(spec["power"]["anyOf"], [{"type": "integer"}, {"type": "string"}])
        self.assertEqual(spec["inner"]["required"], ["kind", "apiVersion"])
        self.assertEqual(set(spec["inner"]["properties"]),
                         {"spec", "apiVersion", "kind", "metadata"})
        self.assertTrue(spec["maybe"]["nullable"])

    def test_version_2_loosens_what_it_cannot_say(self):
        swagger = self.plane.get("/openapi/v2").json()
        model = swagger["definitions"][MODEL]
        spec = model["properties"]["spec"]
        self.assertEqual(spec["required"], ["color"])
        self.assertEqual(spec["properties"]["maybe"], {})
        self.assertEqual(spec["properties"]["free"],
                         {"x-kubernetes-preserve-unknown-fields": True})
        self.assertEqual(spec["properties"]["power"], {"x-kubernetes-int-or-string": True})
        self.assertEqual(spec["properties"]["color"],
                         LAMP["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
                         ["spec"]["properties"]["color"])
        self.assertIn("io.k8s.api.core.v1.Pod", swagger["definitions"], "one document for all")
        patch = swagger["paths"][f"/apis/{GROUP}/v1/namespaces/{{namespace}}/lamps/{{name}}"][
            "patch"]
        self.assertEqual(patch["consumes"], ["application/apply-patch+yaml",
                                             "application/json-patch+json",
                                             "application/merge-patch+json"])
        self.assertIn({"name": "fieldValidation", "in": "query", "type": "string",
                       "uniqueItems": True}, patch["parameters"])
        missing = {name for name in references(swagger)
                   if name.removeprefix("#/definitions/") not in swagger["definitions"]}
        self.assertEqual(missing, set())

    def test_clients_explain(self):
        for is_old in (False, True):
            text = self.kubectl("explain", "lamps", is_old=is_old).stdout
            self.assertRegex(text, r"KIND: +Lamp")
            self.assertIn("A lamp gives light.", text)
            text = self.kubectl("explain", "lamps.spec", is_old=is_old).stdout
            self.assertIn("what is wanted", text)
            self.assertRegex(text, r"color\s+<string> -required-")
            text = self.kubectl("explain", "lamps.spec.parts.size", is_old=is_old).stdout
            self.assertRegex(text, r"FIELD: +size <number>")
            text = self.kubectl(
                "explain", "lamps.spec.inner.metadata.name", is_old=is_old).stdout
            self.assertRegex(text, r"FIELD: +name <string>")

    def test_an_old_client_validates_by_the_schema(self):
        def apply(text, check=True):
            return self.kubectl("apply", "-f", "-", stdin=text, is_old=True, check=check)
        apply(lamp(power="1", maybe={"x": "y"}, free={"any": {"thing": 1}}))
        apply(lamp(power=1))
        for spec, problem in (({"bogus": 1}, 'unknown field "bogus"'),
                              ({"parts": [{"size": "x"}]}, "invalid type"),
                              ({"parts": [{"sise": 1}]}, 'unknown field "sise"')):
            answer = apply(lamp(**spec), check=False)
            self.assertNotEqual(answer.returncode, 0)
            self.assertIn("error validating data", answer.stderr)
            self.assertIn(problem, answer.stderr)

    def test_documents_follow_the_definition(self):
        crd = copy.deepcopy(LAMP)
        crd["metadata"]["name"] = f"torches.{GROUP}"
        crd["spec"]["names"] = {"plural": "torches", "kind": "Torch"}
        self.assertEqual(self.plane.create(CRDS, crd).status, 201)
        name = "com.example.tell.v1.Torch"
        self.assertIn(name, self.document()["components"]["schemas"])
        self.assertIn(MODEL, self.document()["components"]["schemas"])
        before = self.plane.get("/openapi/v2")
        self.assertIn(name, before.json()["definitions"])
        schema = {"type": "object", "properties": {"burns": TEXT}}
        self.plane.kubectl(
            "patch", "crd", f"torches.{GROUP}", "--type=json", "-p", json.dumps([
                {"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema",
                 "value": schema}, {"op": "remove", "path": "/spec/versions/0/subresources"}]))
        after = self.plane.get("/openapi/v2")
        self.assertNotEqual(before.headers["ETag"], after.headers["ETag"])
        self.assertIn("burns", after.json()["definitions"][name]["properties"])
        self.assertIn("burns", self.document()["components"]["schemas"][name]["properties"])
        self.kubectl("explain", "torches.burns", is_old=True)
        self.plane.kubectl("delete", "crd", f"torches.{GROUP}")
        self.assertNotIn(name, self.plane.get("/openapi/v2").json()["definitions"])
        self.assertNotIn(name, self.document()["components"]["schemas"])


if __name__ == "__main__":
    unittest.main()
