# SPDX-License-Identifier: Apache-2.0
"""Writes that upstream refuses, with its status, reason and words."""

import unittest

from plane import PlaneCase

NAMESPACE = "/api/v1/namespaces/default"
CONFIGMAPS = f"{NAMESPACE}/configmaps"
PODS = f"{NAMESPACE}/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}


def pod(name, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": dict({"containers": [{"name": "c", "image": "i"}]}, **spec)}


def binding(of, **target):
    return {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": of}, "target": target}


class Refusals(PlaneCase):
    def assert_refused(self, answer, status, message):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.json()["message"], message)

    def assert_made(self, answer, status=201):
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def test_bodies_without_a_kind_are_shown(self):
        unrecognised = "the object provided is unrecognized (must be of type ConfigMap): "
        for body, cause in (
                (b"", "couldn't get version/kind; json parse error: unexpected end of JSON input "
                      "(<empty>)"),
                (b"x" * 40, "couldn't get version/kind; json parse error: invalid character 'x' "
                            f"looking for beginning of value ({'78' * 30} ...)")):
            self.assert_refused(
                self.plane.request("POST", CONFIGMAPS, body=body,
                                   headers={"Content-Type": "application/json"}),
                400, unrecognised + cause)
        for kind, cause in (("Secret", "converting (v1.Secret) to (core.ConfigMap): unknown "
                                       "conversion"),
                            ("Bogus", 'no kind "Bogus" is registered for version "v1" in scheme '
                                      '"pkg/api/legacyscheme/scheme.go:30"')):
            self.assert_refused(
                self.plane.create(CONFIGMAPS, {"apiVersion": "v1", "kind": kind}), 400,
                f'{kind} in version "v1" cannot be handled as a ConfigMap: {cause}')

    def test_what_a_patch_makes_is_no_object(self):
        self.assert_made(self.plane.create(CONFIGMAPS, {"metadata": {"name": "patched"}}))
        path = f"{CONFIGMAPS}/patched"
        answer = self.plane.request("PATCH", path, body={"data": 1}, headers=MERGE)
        self.assertEqual(answer.status, 422, answer.body)
        self.assertRegex(answer.json()["message"],
                         '^ "" is invalid: patch: Invalid value: ".*": json: cannot unmarshal')
        self.assert_refused(
            self.plane.request("PATCH", path, body={"metadata": {"uid": "u"}}, headers=MERGE), 422,
            'ConfigMap "patched" is invalid: metadata.uid: Invalid value: "u": field is immutable')
        self.assert_refused(
            self.plane.request("PATCH", path, body={"metadata": {"namespace": "a"}},
                               headers=MERGE), 400,
            "the namespace of the object (a) does not match the namespace on the request (default)")

    def test_finalizers_of_built_ins_are_qualified(self):
        self.assert_refused(
            self.plane.create(CONFIGMAPS, {"metadata": {"name": "f", "finalizers": ["mine"]}}), 422,
            'ConfigMap "f" is invalid: metadata.finalizers[0]: Invalid value: "mine": name is '
            "neither a standard finalizer name nor is it fully qualified")

    def test_deletes_that_are_not_meant(self):
        made = self.assert_made(self.plane.create(CONFIGMAPS, {"metadata": {"name": "kept"}}))
        path = f"{CONFIGMAPS}/kept"
        self.assert_refused(
            self.plane.request("DELETE", path, body={"preconditions": {"uid": "u"}}), 409,
            'Operation cannot be fulfilled on ConfigMap "kept": the UID in the precondition (u) '
            f"does not match the UID in record ({made['metadata']['uid']}). The object might have "
            "been deleted and then recreated")
        self.assert_refused(
            self.plane.request("DELETE", path, body=b"x", headers={"Content-Type": "text/plain"}),
            415, "the body of the request was in an unknown format - accepted media types include: "
                 "application/json, application/yaml, application/vnd.kubernetes.protobuf")
        self.assertEqual(self.plane.get(path).status, 200)

    def test_bindings(self):
        self.assert_made(self.plane.create(PODS, pod("bound")))
        path = f"{PODS}/bound/binding"
        self.assert_refused(self.plane.create(path, binding("other", name="n")), 400,
                            "name in URL does not match name in Binding object")
        self.assert_refused(self.plane.create(path, binding("bound", kind="Pod", name="n")), 422,
                            'Binding "bound" is invalid: target.kind: Unsupported value: "Pod": '
                            'supported values: "Node", "<empty>"')
        self.assert_made(self.plane.create(
            f"{NAMESPACE}/bindings", binding("bound", kind="Node", name="n")))
        self.assertEqual(self.plane.get(f"{PODS}/bound").json()["spec"]["nodeName"], "n")
        self.assert_refused(
            self.plane.create(path, binding("bound", name="m")), 409,
            'Operation cannot be fulfilled on pods/binding "bound": pod bound is already assigned '
            'to node "n"')

    def test_what_may_change_of_a_pod(self):
        tolerations = [{"key": "a", "operator": "Exists", "effect": "NoExecute"}]
        self.assert_made(self.plane.create(PODS, pod("changed", tolerations=tolerations)))
        path = f"{PODS}/changed"
        self.assert_refused(
            self.plane.request("PATCH", path, body={"spec": {"tolerations": []}}, headers=MERGE),
            422, 'Pod "changed" is invalid: spec.tolerations: Forbidden: existing toleration can '
                 "not be modified except its tolerationSeconds")
        longer = [dict(tolerations[0], tolerationSeconds=5), {"key": "b", "operator": "Exists"}]
        self.assert_made(self.plane.request(
            "PATCH", path, body={"spec": {"tolerations": longer}}, headers=MERGE), 200)
        two = [{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]
        self.assert_refused(
            self.plane.request("PATCH", path, body={"spec": {"containers": two}}, headers=MERGE),
            422, 'Pod "changed" is invalid: spec.containers: Forbidden: pod updates may not add or '
                 "remove containers")

    def test_jobs_select_by_their_uid(self):
        jobs = "/apis/batch/v1/namespaces/default/jobs"
        spec = {"template": {"spec": pod("x", restartPolicy="Never")["spec"]}}
        made = self.assert_made(self.plane.create(jobs, {"metadata": {"name": "j"}, "spec": spec}))
        self.assertEqual(made["spec"]["selector"], {"matchLabels": {
            "batch.kubernetes.io/controller-uid": made["metadata"]["uid"]}})
        sent = dict(spec, selector={"matchLabels": {"a": "b"}})
        answer = self.plane.create(jobs, {"metadata": {"name": "k"}, "spec": sent})
        self.assertEqual(answer.status, 422, answer.body)
        self.assertIn("`selector` not auto-generated", answer.json()["message"])

    def test_a_secret_is_written_as_text(self):
        made = self.assert_made(self.plane.create(
            f"{NAMESPACE}/secrets", {"metadata": {"name": "s"}, "stringData": {"a": "b"}}))
        self.assertEqual(made["data"], {"a": "Yg=="})
        self.assertNotIn("stringData", made)
        patched = self.assert_made(self.plane.request(
            "PATCH", f"{NAMESPACE}/secrets/s", body={"stringData": {"c": "d"}},
            headers=MERGE), 200)
        self.assertEqual(patched["data"], {"a": "Yg==", "c": "ZA=="})

    def test_what_controllers_report_starts_with_zeros(self):
        template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
        spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
        sets = "/apis/apps/v1/namespaces/default"
        made = self.assert_made(self.plane.create(
            f"{sets}/replicasets", {"metadata": {"name": "r"}, "spec": spec}))
        self.assertEqual(made["status"], {"replicas": 0})
        made = self.assert_made(self.plane.create(
            f"{sets}/daemonsets", {"metadata": {"name": "d"}, "spec": spec}))
        self.assertEqual(made["status"]["numberReady"], 0)
        generation = "deprecated.daemonset.template.generation"
        self.assertEqual(made["metadata"]["annotations"], {generation: "1"})
        template["metadata"]["labels"]["c"] = "d"
        made = self.assert_made(self.plane.request(
            "PATCH", f"{sets}/daemonsets/d", body={"spec": spec}, headers=MERGE), 200)
        self.assertEqual(made["metadata"]["annotations"], {generation: "2"})

    def test_node_ports_go_with_the_type(self):
        services = f"{NAMESPACE}/services"
        port = {"port": 80, "protocol": "TCP", "nodePort": 30123}
        refused = "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
        self.assert_refused(
            self.plane.create(services, {"metadata": {"name": "n"}, "spec": {"ports": [port]}}),
            422, f'Service "n" is invalid: {refused}')
        self.assert_made(self.plane.create(
            services, {"metadata": {"name": "n"}, "spec": {"type": "NodePort", "ports": [port]}}))
        made = self.assert_made(self.plane.request(
            "PATCH", f"{services}/n", body={"spec": {"type": "ClusterIP"}}, headers=MERGE), 200)
        self.assertNotIn("nodePort", made["spec"]["ports"][0])
        self.assertNotIn("externalTrafficPolicy", made["spec"])
        balancer = {"type": "LoadBalancer"}
        self.assert_made(self.plane.request(
            "PATCH", f"{services}/n", body={"spec": balancer}, headers=MERGE), 200)
        made = self.assert_made(self.plane.request(
            "PATCH", f"{services}/n", body={"spec": {"type": "ClusterIP"}}, headers=MERGE), 200)
        self.assertNotIn("allocateLoadBalancerNodePorts", made["spec"])
        made = self.assert_made(self.plane.request(
            "PATCH", f"{services}/n", headers=MERGE,
            body={"spec": {"type": "ExternalName", "externalName": "a.b", "ports": None}}), 200)
        self.assertNotIn("clusterIP", made["spec"])

    def test_endpoint_slices_of_both_families(self):
        slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
        for kind, address in (("IPv4", "10.0.0.1"), ("IPv6", "2001:db8::1"), ("FQDN", "a.b")):
            self.assert_made(self.plane.create(slices, {
                "metadata": {"name": kind.lower()}, "addressType": kind,
                "endpoints": [{"addresses": [address]}]}))

    def test_places_that_are_no_resource(self):
        for path in ("/api/v1/nothing", "/apis/apps/v1/nothing", "/api/v1/configmaps/x"):
            self.assert_refused(self.plane.get(path), 404,
                                "the server could not find the requested resource")
        answer = self.plane.get("/apis/no.such.group/v1/things")
        self.assertEqual((answer.status, answer.body), (404, b"404 page not found\n"))


if __name__ == "__main__":
    unittest.main()
