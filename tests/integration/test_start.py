# SPDX-License-Identifier: Apache-2.0
"""What flags make of the built-in groups: what is served, and what a start writes."""

import json
import os
import pathlib
import subprocess
import unittest

from plane import Plane, free_port, wait_until

SERVICE = "/api/v1/namespaces/default/services/kubernetes"
ENDPOINTS = "/api/v1/namespaces/default/endpoints/kubernetes"
SLICE = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
EVENTS = "/api/v1/namespaces/default/events"

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD_DIR", ROOT / "build" / "release"))


def event(name):
    return {"metadata": {"name": name, "namespace": "default"}, "reason": "Test",
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"}}


def start_again(plane, *flags, port=None):
    """The same state under other flags."""
    plane.stop()
    plane.flags = list(flags)
    if port:
        plane.port = port
    plane.start()


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
            swagger = plane.get("/openapi/v2").json()["paths"]
            self.assertFalse([path for path in swagger if path.startswith("/apis/apps/")])
            self.assertFalse([path for path in swagger if path.startswith("/apis/batch/")])
            self.assertTrue("/apis/policy/v1/poddisruptionbudgets" in swagger)
            protobuf = plane.get("/openapi/v2", headers={
                "Accept": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"}).body
            self.assertFalse(b"/apis/apps/v1/" in protobuf)
            self.assertTrue(b"/apis/policy/v1/poddisruptionbudgets" in protobuf)
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
            swagger = plane.get("/openapi/v2").json()["paths"]
            self.assertFalse([path for path in swagger if "apiextensions.k8s.io" in path])
            self.assertNotIn(
                "apis/apiextensions.k8s.io/v1", plane.get("/openapi/v3").json()["paths"])

    def test_without_the_core_group_there_is_no_api(self):
        with Plane("--runtime-config=v1=false") as plane:
            for path in ("/api", "/api/v1", "/api/v1/namespaces"):
                self.assertEqual(plane.get(path).status, 404, path)
            self.assertNotIn("v1.", self.services_of(plane))
            self.assertEqual(plane.get("/apis/apps/v1/deployments").status, 200)

    def test_without_api_services_the_others_are_found_as_before(self):
        with Plane("--runtime-config=apiregistration.k8s.io/v1=false") as plane:
            for path in ("", "/v1", "/v1/apiservices"):
                self.assertEqual(
                    plane.get(f"/apis/apiregistration.k8s.io{path}").status, 404, path)
            self.assertNotIn("apiregistration.k8s.io", self.groups_of(plane))
            self.assertNotIn("apis/apiregistration.k8s.io/v1",
                             plane.get("/openapi/v3").json()["paths"])
            self.assertEqual(plane.get("/api/v1/namespaces/default").status, 200)
            self.assertEqual(plane.get("/apis/apps/v1/deployments").status, 200)

    def test_without_roles_the_plane_becomes_ready_and_serves_administrators_only(self):
        with Plane("--runtime-config=api/all=false,v1=true,"
                   "apiregistration.k8s.io/v1=true") as plane:
            self.assertEqual(plane.get("/readyz").body, b"ok")
            self.assertEqual(self.groups_of(plane), {"apiregistration.k8s.io"})
            self.assertEqual(plane.get("/api/v1/namespaces/default").status, 200)
            self.assertEqual(plane.get("/apis/apiregistration.k8s.io/v1/apiservices").status, 200)
            self.assertEqual(plane.get("/api/v1/namespaces/default", headers={
                "Impersonate-User": "someone"}).status, 403)

    def test_what_is_on_by_a_start_is_as_it_was_before_it_was_off(self):
        with Plane() as plane:
            path = "/apis/batch/v1/namespaces/default/jobs"
            job = {"metadata": {"name": "kept"}, "spec": {"template": {"spec": {
                "restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}}
            self.assertEqual(plane.create(path, job).status, 201)
            start_again(plane, "--runtime-config=batch/v1=false")
            self.assertEqual(plane.get(f"{path}/kept").status, 404)
            wait_until(lambda: "v1.batch" not in self.services_of(plane), "v1.batch goes")
            start_again(plane)
            self.assertEqual(plane.get(f"{path}/kept").status, 200)
            wait_until(lambda: "v1.batch" in self.services_of(plane), "v1.batch comes")


class Revision(unittest.TestCase):
    def revisions(self, plane):
        result = subprocess.run(
            [BUILD / "supervisor" / "troikactl", f"--state-dir={plane.state_dir}", "status",
             "--output=json"], capture_output=True, text=True, check=True)
        return {server["name"]: server["storeRevision"]
                for server in json.loads(result.stdout)["servers"]}

    def test_the_status_tells_how_far_each_store_is(self):
        with Plane() as plane:
            before = self.revisions(plane)
            self.assertTrue(all(revision > 0 for revision in before.values()), before)
            created = plane.create("/api/v1/namespaces/default/configmaps",
                                   {"metadata": {"name": "c"}}).json()
            after = self.revisions(plane)
            self.assertGreater(after["core"], before["core"])
            self.assertGreaterEqual(
                after["core"], int(created["metadata"]["resourceVersion"]))
            self.assertEqual(after["extensions"], before["extensions"])


class KubernetesService(unittest.TestCase):
    def test_the_node_port_comes_and_goes_with_the_flag(self):
        with Plane("--kubernetes-service-node-port=30123") as plane:
            spec = plane.get(SERVICE).json()["spec"]
            self.assertEqual(spec["type"], "NodePort")
            self.assertEqual(spec["ports"], [{
                "name": "https", "protocol": "TCP", "port": 443, "targetPort": plane.port,
                "nodePort": 30123}])
            self.assertEqual(self.take_node_port(plane, 30123), 422)
            start_again(plane)
            spec = plane.get(SERVICE).json()["spec"]
            self.assertEqual(spec["type"], "ClusterIP")
            self.assertNotIn("nodePort", spec["ports"][0])
            self.assertNotIn("externalTrafficPolicy", spec)
            self.assertEqual(self.take_node_port(plane, 30123), 201)
            start_again(plane, "--kubernetes-service-node-port=30123")
            self.assertEqual(plane.get(SERVICE).json()["spec"]["type"], "ClusterIP")
            self.assertIn("The node port of the service default/kubernetes", plane.log_tail(20000))

    def take_node_port(self, plane, port):
        return plane.create("/api/v1/namespaces/default/services", {
            "metadata": {"name": "other"},
            "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}}).status

    def test_service_and_endpoints_follow_the_port_and_keep_the_rest(self):
        with Plane("--advertise-address=192.0.2.7") as plane:
            patched = plane.request(
                "PATCH", SERVICE, body=json.dumps({"metadata": {"labels": {"mine": "kept"}}}),
                headers={"Content-Type": "application/merge-patch+json"})
            self.assertEqual(patched.status, 200)
            before = plane.get(SERVICE).json()
            start_again(plane, *plane.flags, port=free_port())
            after = plane.get(SERVICE).json()
            self.assertEqual(after["spec"]["ports"][0]["targetPort"], plane.port)
            self.assertEqual(after["metadata"]["labels"]["mine"], "kept")
            self.assertEqual(after["metadata"]["uid"], before["metadata"]["uid"])
            self.assertEqual(after["spec"]["clusterIP"], before["spec"]["clusterIP"])
            subset = plane.get(ENDPOINTS).json()["subsets"][0]
            self.assertEqual(subset["addresses"], [{"ip": "192.0.2.7"}])
            self.assertEqual(subset["ports"][0]["port"], plane.port)
            self.assertEqual(plane.get(SLICE).json()["ports"][0]["port"], plane.port)

    def test_a_start_with_the_same_flags_writes_nothing(self):
        with Plane("--advertise-address=192.0.2.7",
                   "--kubernetes-service-node-port=30124") as plane:
            paths = (SERVICE, ENDPOINTS, SLICE)
            before = [plane.get(path).json() for path in paths]
            start_again(plane, *plane.flags)
            self.assertEqual([plane.get(path).json() for path in paths], before)

    def test_no_reconciler_means_hands_off_the_endpoints(self):
        flags = ("--advertise-address=192.0.2.7", "--endpoint-reconciler-type=none",
                 "--apiserver-count=3")
        with Plane(*flags) as plane:
            self.assertEqual(plane.get(ENDPOINTS).status, 404)
            self.assertEqual(plane.get(SLICE).status, 404)
            self.assertEqual(plane.get(SERVICE).status, 200)
            mine = {"metadata": {"name": "kubernetes"},
                    "subsets": [{"addresses": [{"ip": "192.0.2.99"}], "ports": [{"port": 1}]}]}
            self.assertEqual(
                plane.create(ENDPOINTS.rsplit("/", 1)[0], mine).status, 201)
            start_again(plane, *flags)
            self.assertEqual(plane.get(ENDPOINTS).json()["subsets"][0]["addresses"],
                             [{"ip": "192.0.2.99"}])

    def test_the_first_of_two_ranges_gives_the_addresses(self):
        with Plane("--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112") as plane:
            self.assertEqual(plane.get(SERVICE).json()["spec"]["clusterIPs"], ["10.96.0.1"])
            created = plane.create("/api/v1/namespaces/default/services", {
                "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
            self.assertEqual(created.status, 201, created.body)
            self.assertTrue(created.json()["spec"]["clusterIP"].startswith("10.96."))


RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"


class BootstrapPolicy(unittest.TestCase):
    def change(self, plane, path, change):
        changed = plane.get(path).json()
        change(changed)
        answer = plane.request("PUT", path, body=changed)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def urls_of(self, role):
        return {url for rule in role["rules"] for url in rule.get("nonResourceURLs", [])}

    def test_rules_that_are_gone_come_back_and_own_ones_stay(self):
        path = f"{RBAC}/clusterroles/system:discovery"
        own = {"verbs": ["get"], "nonResourceURLs": ["/mine"]}

        def replace_rules(role):
            role["rules"] = [own, {"verbs": ["get"], "nonResourceURLs": ["/api*"]}]
            role["metadata"]["labels"] = {"mine": "kept"}

        with Plane() as plane:
            before = plane.get(path).json()
            self.change(plane, path, replace_rules)
            start_again(plane)
            after = plane.get(path).json()
            self.assertEqual(after["rules"][0], own)
            self.assertEqual(after["metadata"]["labels"], {
                "kubernetes.io/bootstrapping": "rbac-defaults", "mine": "kept"})
            urls = self.urls_of(after)
            self.assertIn("/version", urls)
            self.assertIn("/healthz", urls)
            self.assertNotIn("/apis", urls, "/api* covers it")
            self.assertLess(len(urls), len(self.urls_of(before)) + 2)
            start_again(plane)
            self.assertEqual(plane.get(path).json(), after, "a second start writes nothing")

    def test_without_autoupdate_the_rules_stay_away(self):
        path = f"{RBAC}/clusterroles/system:discovery"

        def protect(role):
            role["rules"] = []
            role["metadata"]["annotations"][AUTOUPDATE] = "false"

        with Plane() as plane:
            protected = self.change(plane, path, protect)
            start_again(plane)
            self.assertEqual(plane.get(path).json(), protected)

    def test_subjects_that_are_gone_come_back_and_own_ones_stay(self):
        path = f"{RBAC}/clusterrolebindings/cluster-admin"
        mine = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}

        def replace_subjects(binding):
            binding["subjects"] = [mine]

        with Plane() as plane:
            subjects = plane.get(path).json()["subjects"]
            self.change(plane, path, replace_subjects)
            start_again(plane)
            self.assertEqual(plane.get(path).json()["subjects"], [mine, *subjects])

    def test_collected_roles_get_their_selectors_back(self):
        path = f"{RBAC}/clusterroles/view"

        def replace_selectors(role):
            role["aggregationRule"] = {
                "clusterRoleSelectors": [{"matchLabels": {"mine": "yes"}}]}

        with Plane() as plane:
            self.change(plane, path, replace_selectors)
            start_again(plane)
            self.assertEqual(
                plane.get(path).json()["aggregationRule"]["clusterRoleSelectors"],
                [{"matchLabels": {"mine": "yes"}},
                 {"matchLabels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}])

    def test_a_start_without_changes_writes_no_policy(self):
        with Plane() as plane:
            before = plane.get(f"{RBAC}/clusterroles").json()["items"]
            start_again(plane)
            self.assertEqual(plane.get(f"{RBAC}/clusterroles").json()["items"], before)


class Health(unittest.TestCase):
    HOOKS = {
        "apiservice-discovery-controller", "apiservice-openapi-controller",
        "apiservice-openapiv3-controller", "apiservice-registration-controller",
        "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller", "bootstrap-controller",
        "crd-informer-synced", "generic-apiserver-start-informers",
        "kube-apiserver-autoregistration", "rbac/bootstrap-roles",
        "scheduling/bootstrap-system-priority-classes", "start-apiextensions-controllers",
        "start-apiextensions-informers", "start-apiserver-admission-initializer",
        "start-cluster-authentication-info-controller", "start-kube-aggregator-informers",
        "start-service-ip-repair-controllers", "start-system-namespaces-controller",
    }

    def names_of(self, plane, endpoint):
        answer = plane.get(f"/{endpoint}?verbose")
        self.assertEqual(answer.status, 200, answer.body)
        lines = answer.body.decode().split("\n")
        self.assertEqual(lines[-2:], [f"{endpoint} check passed", ""])
        for line in lines[:-2]:
            self.assertRegex(line, r"^\[\+\][^ ]+ ok$")
        return [line.removeprefix("[+]").removesuffix(" ok") for line in lines[:-2]]

    def test_the_checks_of_all_servers_are_one_list_without_duplicates(self):
        with Plane("--livez-grace-period=10s") as plane:
            hooks = {f"poststarthook/{name}" for name in self.HOOKS}
            both = {"ping", "log", "etcd", "autoregister-completion"}
            ready = {"etcd-readiness", "informer-sync", "shutdown"}
            for endpoint, extra in (("healthz", set()), ("livez", set()), ("readyz", ready)):
                names = self.names_of(plane, endpoint)
                self.assertEqual(len(names), len(set(names)), names)
                self.assertEqual(set(names), hooks | both | extra)
                self.assertEqual(plane.get(f"/{endpoint}").body, b"ok")
            for name in sorted(hooks):
                self.assertEqual(plane.get(f"/livez/{name}").body, b"ok", name)

    def test_without_rbac_there_is_no_policy_and_no_hook_for_it(self):
        with Plane("--authorization-mode=AlwaysAllow") as plane:
            names = self.names_of(plane, "readyz")
            self.assertNotIn("poststarthook/rbac/bootstrap-roles", names)
            self.assertEqual(plane.get(f"{RBAC}/clusterroles").json()["items"], [])


AUTHENTICATION = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"


class ExtensionAuthentication(unittest.TestCase):
    def test_the_config_map_says_what_the_flags_say_and_keeps_the_rest(self):
        with Plane() as plane:
            authority = (plane.state_dir / "pki" / "ca.crt").read_text()
            self.assertEqual(plane.get(AUTHENTICATION).json()["data"],
                             {"client-ca-file": authority})
            patched = plane.request(
                "PATCH", AUTHENTICATION,
                body=json.dumps({"data": {"mine": "kept", "client-ca-file": "wrong"}}),
                headers={"Content-Type": "application/merge-patch+json"})
            self.assertEqual(patched.status, 200)
            start_again(
                plane, f"--requestheader-client-ca-file={plane.state_dir}/pki/ca.crt",
                "--requestheader-allowed-names=front-proxy-client,other",
                "--requestheader-username-headers=X-Remote-User",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-")
            self.assertEqual(plane.get(AUTHENTICATION).json()["data"], {
                "mine": "kept",
                "client-ca-file": authority,
                "requestheader-client-ca-file": authority,
                "requestheader-allowed-names": '["front-proxy-client","other"]',
                "requestheader-username-headers": '["X-Remote-User"]',
                "requestheader-group-headers": '["X-Remote-Group"]',
                "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]'})
            start_again(plane)
            self.assertEqual(plane.get(AUTHENTICATION).json()["data"],
                             {"mine": "kept", "client-ca-file": authority})
