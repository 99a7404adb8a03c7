# SPDX-License-Identifier: Apache-2.0
"""The API on the wire: what kubectl does not show."""

import json
import shutil
import subprocess
import unittest

from plane import Plane, PlaneCase, wait_until

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
MERGE = {"Content-Type": "application/merge-patch+json"}


def configmap(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


class Api(PlaneCase):
    def make(self, body, path=CONFIGMAPS, status=201):
        answer = self.plane.create(path, body)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def refuse(self, answer, status, reason):
        self.assertEqual(answer.status, status, answer.body)
        body = answer.json()
        self.assertEqual((body["kind"], body["status"], body["reason"], body["code"]),
                         ("Status", "Failure", reason, status))
        return body

    # ---- Writes ----

    def test_optimistic_concurrency(self):
        first = self.make(configmap("versions", a="1"))
        changed = dict(first, data={"a": "2"})
        self.assertEqual(
            self.plane.request("PUT", f"{CONFIGMAPS}/versions", body=changed).status, 200)
        body = self.refuse(
            self.plane.request("PUT", f"{CONFIGMAPS}/versions", body=changed), 409, "Conflict")
        self.assertEqual(
            body["message"],
            'Operation cannot be fulfilled on configmaps "versions": the object has been modified; '
            "please apply your changes to the latest version and try again")
        self.assertEqual(body["details"], {"name": "versions", "kind": "configmaps"})

    def test_an_unchanged_write_keeps_its_revision(self):
        made = self.make(configmap("same", a="1"))
        again = self.plane.request("PUT", f"{CONFIGMAPS}/same", body=made).json()
        self.assertEqual(again["metadata"]["resourceVersion"],
                         made["metadata"]["resourceVersion"])
        patched = self.plane.request("PATCH", f"{CONFIGMAPS}/same", headers=MERGE,
                                     body='{"data":{"a":"1"}}').json()
        self.assertEqual(patched["metadata"]["resourceVersion"],
                         made["metadata"]["resourceVersion"])

    def test_system_fields_are_the_servers(self):
        body = configmap("owned")
        body["metadata"].update(uid="00000000-0000-0000-0000-000000000000", generation=7,
                                creationTimestamp="2001-01-01T00:00:00Z",
                                deletionTimestamp="2001-01-01T00:00:00Z")
        made = self.make(body)["metadata"]
        self.assertNotEqual(made["uid"], "00000000-0000-0000-0000-000000000000")
        self.assertFalse(made["creationTimestamp"].startswith("2001"))
        self.assertNotIn("deletionTimestamp", made)
        self.assertNotIn("generation", made)

    def test_generate_name(self):
        names = {self.make({"metadata": {"generateName": "gen-"}})["metadata"]["name"]
                 for _ in range(20)}
        self.assertEqual(len(names), 20)
        for name in names:
            self.assertRegex(name, r"^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$")

    def test_dry_run_leaves_nothing(self):
        answer = self.plane.create(f"{CONFIGMAPS}?dryRun=All", configmap("dry"))
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(self.plane.get(f"{CONFIGMAPS}/dry").status, 404)
        self.refuse(self.plane.create(f"{CONFIGMAPS}?dryRun=Some", configmap("dry")), 422,
                    "Invalid")

    def test_bodies_in_yaml(self):
        answer = self.plane.request(
            "POST", CONFIGMAPS, body="metadata: {name: yaml}\ndata:\n  a: |\n    two\n    lines\n",
            headers={"Content-Type": "application/yaml"})
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(answer.json()["data"], {"a": "two\nlines\n"})
        answer = self.plane.get(f"{CONFIGMAPS}/yaml", headers={"Accept": "application/yaml"})
        self.assertEqual(answer.headers["Content-Type"], "application/yaml")
        self.assertIn(b"a: |\n    two\n    lines", answer.body)

    def test_unknown_fields_warn_or_fail(self):
        body = configmap("fields")
        body["bogus"] = 1
        answer = self.plane.create(CONFIGMAPS, body)
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.headers["Warning"], '299 - "unknown field \\"bogus\\""')
        self.assertNotIn("bogus", answer.json())
        body["metadata"]["name"] = "fields2"
        status = self.refuse(
            self.plane.create(f"{CONFIGMAPS}?fieldValidation=Strict", body), 400, "BadRequest")
        self.assertIn('strict decoding error: unknown field "bogus"', status["message"])
        answer = self.plane.create(f"{CONFIGMAPS}?fieldValidation=Ignore", body)
        self.assertIsNone(answer.headers["Warning"])
        answer = self.plane.request(
            "POST", CONFIGMAPS, headers={"Content-Type": "application/json"},
            body='{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}')
        self.assertIn('duplicate field \\"data.a\\"', answer.headers["Warning"])
        self.assertEqual(answer.json()["data"], {"a": "2"})

    def test_hostile_bodies_are_refused(self):
        json_type = {"Content-Type": "application/json"}
        for body in ("", "{", "[]", '{"metadata":{"name":"x"}} trailing', "\ufeff{}",
                     '{"metadata":"x"}', '{"metadata":{"name":"x"},"data":{"a":1}}',
                     "[" * 20000, '{"a":' * 20000):
            answer = self.plane.request("POST", CONFIGMAPS, body=body.encode(), headers=json_type)
            self.refuse(answer, 400, "BadRequest")
        # As in Go, null is an object with nothing in it: only its name is missed.
        self.refuse(self.plane.request("POST", CONFIGMAPS, body=b"null", headers=json_type), 422,
                    "Invalid")
        self.refuse(self.plane.request("POST", CONFIGMAPS, body="{}",
                                       headers={"Content-Type": "text/plain"}),
                    415, "UnsupportedMediaType")
        self.refuse(self.plane.request("POST", CONFIGMAPS, body="{}",
                                       headers={"Content-Type": "application/json",
                                                "Content-Encoding": "gzip"}),
                    415, "UnsupportedMediaType")
        bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n"
            for i in range(9))
        self.refuse(self.plane.request("POST", CONFIGMAPS, body=bomb,
                                       headers={"Content-Type": "application/yaml"}),
                    400, "BadRequest")
        huge = json.dumps(configmap("huge", a="x" * (3 * 1024 * 1024)))
        self.refuse(self.plane.request("POST", CONFIGMAPS, body=huge, headers=json_type), 413,
                    "RequestEntityTooLarge")

    def test_invalid_objects_name_their_fields(self):
        body = self.refuse(self.plane.create(CONFIGMAPS, configmap("Not_A_Name")), 422, "Invalid")
        self.assertTrue(body["message"].startswith(
            'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": '))
        self.assertEqual(body["details"]["causes"][0]["field"], "metadata.name")
        self.assertEqual(body["details"]["causes"][0]["reason"], "FieldValueInvalid")
        body = self.refuse(self.plane.create(CONFIGMAPS, {"metadata": {}}), 422, "Invalid")
        self.assertIn("name or generateName is required", body["message"])
        pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}
        body = self.refuse(
            self.plane.create("/api/v1/namespaces/default/pods", pod), 422, "Invalid")
        self.assertIn("spec.containers[0].image: Required value", body["message"])

    def test_wrong_places(self):
        self.refuse(self.plane.create(CONFIGMAPS, dict(configmap("x"), kind="Secret")), 400,
                    "BadRequest")
        body = configmap("x")
        body["metadata"]["namespace"] = "kube-system"
        self.refuse(self.plane.create(CONFIGMAPS, body), 400, "BadRequest")
        self.refuse(self.plane.request("PUT", f"{CONFIGMAPS}/y", body=configmap("x")), 400,
                    "BadRequest")
        self.refuse(self.plane.request("PUT", CONFIGMAPS, body=configmap("x")), 405,
                    "MethodNotAllowed")
        self.assertEqual(self.plane.get("/api/v1/nothing").status, 404)
        self.assertEqual(self.plane.get("/apis/no.such.group/v1/things").status, 404)
        self.refuse(self.plane.get("/api/v1/nodes", headers={"Accept": "text/html"}), 406,
                    "NotAcceptable")

    # ---- Lists and watches ----

    def fill(self, namespace, count):
        self.plane.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        for number in range(count):
            body = configmap(f"c{number:03}")
            body["metadata"]["labels"] = {"parity": "odd" if number % 2 else "even"}
            self.make(body, path)
        return path

    def test_pages_show_one_moment(self):
        path = self.fill("pages", 25)
        first = self.plane.get(f"{path}?limit=10").json()
        self.assertEqual(len(first["items"]), 10)
        self.assertEqual(first["metadata"]["remainingItemCount"], 15)
        self.plane.request("DELETE", f"{path}/c015")
        self.plane.create(path, configmap("c012x"))
        token = first["metadata"]["continue"]
        names = [item["metadata"]["name"] for item in first["items"]]
        while token:
            page = self.plane.get(f"{path}?limit=10&continue={token}").json()
            self.assertEqual(page["metadata"]["resourceVersion"],
                             first["metadata"]["resourceVersion"])
            names += [item["metadata"]["name"] for item in page["items"]]
            token = page["metadata"].get("continue")
        self.assertEqual(names, [f"c{number:03}" for number in range(25)])
        odd = self.plane.get(f"{path}?limit=5&labelSelector=parity%3Dodd").json()
        self.assertEqual([i["metadata"]["name"] for i in odd["items"]],
                         ["c001", "c003", "c005", "c007", "c009"])
        self.assertNotIn("remainingItemCount", odd["metadata"])
        self.refuse(self.plane.get(f"{path}?continue=garbage!"), 400, "BadRequest")

    def test_exact_lists(self):
        path = self.fill("exact", 3)
        revision = self.plane.get(path).json()["metadata"]["resourceVersion"]
        self.plane.request("DELETE", f"{path}/c001")
        exact = self.plane.get(
            f"{path}?resourceVersion={revision}&resourceVersionMatch=Exact").json()
        self.assertEqual(len(exact["items"]), 3)
        self.assertEqual(len(self.plane.get(path).json()["items"]), 2)
        body = self.plane.get(f"{path}?resourceVersion=999999999")
        self.refuse(body, 504, "Timeout")
        self.refuse(self.plane.get(f"{path}?resourceVersionMatch=Exact"), 422, "Invalid")
        self.refuse(self.plane.get(f"{path}?resourceVersion=abc"), 400, "BadRequest")

    def read_events(self, path, count):
        connection = self.plane.connect(timeout=20)
        try:
            connection.request("GET", path)
            stream = connection.getresponse()
            self.assertEqual(stream.status, 200)
            return [json.loads(stream.readline()) for _ in range(count)]
        finally:
            connection.close()

    def test_watch_from_a_revision(self):
        path = self.fill("watched", 2)
        revision = self.plane.get(path).json()["metadata"]["resourceVersion"]
        self.plane.request("PATCH", f"{path}/c000", headers=MERGE, body='{"data":{"a":"b"}}')
        self.plane.request("DELETE", f"{path}/c001")
        self.make(configmap("c009"), path)
        events = self.read_events(f"{path}?watch=1&resourceVersion={revision}", 3)
        self.assertEqual([(e["type"], e["object"]["metadata"]["name"]) for e in events],
                         [("MODIFIED", "c000"), ("DELETED", "c001"), ("ADDED", "c009")])
        revisions = [int(e["object"]["metadata"]["resourceVersion"]) for e in events]
        self.assertEqual(revisions, sorted(set(revisions)))

    def test_selected_watch_sees_objects_enter_and_leave(self):
        path = self.fill("selected", 2)
        revision = self.plane.get(path).json()["metadata"]["resourceVersion"]
        for parity in ("odd", "even"):
            self.plane.request("PATCH", f"{path}/c000", headers=MERGE,
                               body=json.dumps({"metadata": {"labels": {"parity": parity}}}))
        events = self.read_events(
            f"{path}?watch=1&resourceVersion={revision}&labelSelector=parity%3Dodd", 2)
        self.assertEqual([e["type"] for e in events], ["ADDED", "DELETED"])

    def test_watch_list(self):
        path = self.fill("streamed", 3)
        events = self.read_events(
            f"{path}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
            "&allowWatchBookmarks=true", 4)
        self.assertEqual([e["type"] for e in events], ["ADDED"] * 3 + ["BOOKMARK"])
        self.assertEqual(
            events[3]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true")

    def test_watch_ends_at_its_timeout(self):
        answer = self.plane.get(f"{CONFIGMAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true"
                                "&resourceVersion="
                                + self.plane.get(CONFIGMAPS).json()["metadata"]["resourceVersion"])
        self.assertEqual(answer.status, 200)
        self.assertEqual(json.loads(answer.body.splitlines()[-1])["type"], "BOOKMARK")

    def test_delete_collection(self):
        path = self.fill("swept", 6)
        answer = self.plane.request("DELETE", f"{path}?labelSelector=parity%3Deven")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(len(answer.json()["items"]), 3)
        left = [i["metadata"]["name"] for i in self.plane.get(path).json()["items"]]
        self.assertEqual(left, ["c001", "c003", "c005"])

    def test_tables_and_partial_metadata(self):
        path = self.fill("forms", 2)
        table = self.plane.get(
            path, headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}).json()
        self.assertEqual(table["kind"], "Table")
        self.assertEqual([c["name"] for c in table["columnDefinitions"]], ["Name", "Data", "Age"])
        self.assertEqual([row["cells"][:2] for row in table["rows"]], [["c000", 0], ["c001", 0]])
        self.assertEqual(table["rows"][0]["object"]["kind"], "PartialObjectMetadata")
        partial = self.plane.get(
            path, headers={"Accept": "application/json;as=PartialObjectMetadataList;v=v1;"
                                     "g=meta.k8s.io"}).json()
        self.assertEqual(partial["kind"], "PartialObjectMetadataList")
        self.assertEqual(set(partial["items"][0]), {"kind", "apiVersion", "metadata"})

    # ---- Services ----

    def test_service_addresses(self):
        services = "/api/v1/namespaces/default/services"
        body = {"metadata": {"name": "s1"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
        made = self.make(body, services)["spec"]
        self.assertRegex(made["clusterIP"], r"^10\.0\.0\.\d+$")
        self.assertEqual(made["clusterIPs"], [made["clusterIP"]])
        self.assertTrue(30000 <= made["ports"][0]["nodePort"] <= 32767)
        self.assertEqual(made["ports"][0]["targetPort"], 80)
        clash = {"metadata": {"name": "s2"},
                 "spec": {"clusterIP": made["clusterIP"], "ports": [{"port": 80}]}}
        answer = self.refuse(self.plane.create(services, clash), 422, "Invalid")
        self.assertIn("provided IP is already allocated", answer["message"])
        self.plane.request("DELETE", f"{services}/s1")
        self.make(clash, services)
        kubernetes = self.plane.get(f"{services}/kubernetes").json()
        self.assertEqual(kubernetes["spec"]["clusterIP"], "10.0.0.1")

    # ---- Who may ----

    def test_anonymous_and_strangers(self):
        answer = self.plane.get("/api/v1/pods", with_certificate=False)
        body = self.refuse(answer, 403, "Forbidden")
        self.assertEqual(
            body["message"],
            'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group '
            '"" at the cluster scope')
        self.assertEqual(self.plane.get("/version", with_certificate=False).status, 200)
        self.assertEqual(self.plane.get("/healthz", with_certificate=False).status, 200)
        answer = self.plane.get("/api", with_certificate=False,
                                headers={"Authorization": "Bearer nonsense"})
        self.refuse(answer, 401, "Unauthorized")

    def test_identity_headers_of_clients_are_not_believed(self):
        answer = self.plane.get("/api/v1/secrets", with_certificate=False,
                                headers={"X-Remote-User": "admin",
                                         "X-Remote-Group": "system:masters"})
        self.refuse(answer, 403, "Forbidden")

    # ---- Health, discovery, other clients ----

    def test_health_bodies(self):
        self.assertEqual(self.plane.get("/readyz").body, b"ok")
        verbose = self.plane.get("/readyz?verbose").body.decode()
        self.assertTrue(verbose.endswith("readyz check passed\n"), verbose)
        self.assertIn("[+]ping ok\n", verbose)
        self.assertIn("[+]poststarthook/rbac/bootstrap-roles ok\n", verbose)
        self.assertEqual(self.plane.get("/livez/ping").body, b"ok")
        excluded = self.plane.get("/readyz?verbose&exclude=ping").body.decode()
        self.assertIn("[+]ping excluded: ok\n", excluded)
        self.assertEqual(self.plane.get("/readyz/nothing").status, 404)

    def test_discovery(self):
        groups = self.plane.get("/apis").json()
        names = [group["name"] for group in groups["groups"]]
        self.assertEqual(names[0], "apiregistration.k8s.io")
        for name in ("apps", "batch", "rbac.authorization.k8s.io", "apiextensions.k8s.io"):
            self.assertIn(name, names)
        accept = ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                  "application/json")
        answer = self.plane.get("/apis", headers={"Accept": accept})
        self.assertIn("as=APIGroupDiscoveryList", answer.headers["Content-Type"])
        again = self.plane.get("/apis", headers={"Accept": accept,
                                                 "If-None-Match": answer.headers["ETag"]})
        self.assertEqual(again.status, 304)
        resources = self.plane.get("/api/v1").json()["resources"]
        pods = [r for r in resources if r["name"] == "pods"][0]
        self.assertEqual((pods["kind"], pods["namespaced"], pods["shortNames"]),
                         ("Pod", True, ["po"]))

    def test_apiservices(self):
        listed = self.plane.get("/apis/apiregistration.k8s.io/v1/apiservices").json()
        names = {item["metadata"]["name"]: item for item in listed["items"]}
        self.assertIn("v1.apps", names)
        self.assertIn("v1.", names)
        conditions = names["v1.apps"]["status"]["conditions"]
        self.assertEqual((conditions[0]["type"], conditions[0]["status"]), ("Available", "True"))

    def curl(self, *arguments):
        pki = self.plane.state_dir / "pki"
        return subprocess.run(
            ["curl", "-sS", "--cacert", str(pki / "ca.crt"), "--cert", str(pki / "admin.crt"),
             "--key", str(pki / "admin.key"), *arguments],
            capture_output=True, text=True, check=True).stdout

    def test_curl_on_http_1_and_2(self):
        url = f"https://127.0.0.1:{self.plane.port}/api/v1/namespaces/default"
        for version in ("--http1.1", "--http2"):
            text = self.curl(version, "-w", "\n%{http_version}", url)
            self.assertEqual(text.splitlines()[-1], version.removeprefix("--http")
                             if version == "--http1.1" else "2")
            self.assertIn('\n  "kind": "Namespace",', text)  # indented for people

    def test_nghttp(self):
        pki = self.plane.state_dir / "pki"
        nghttp = shutil.which("nghttp")
        result = subprocess.run(
            [nghttp, "-m", "20", "--cert", str(pki / "admin.crt"), "--key",
             str(pki / "admin.key"), f"https://127.0.0.1:{self.plane.port}/version"],
            capture_output=True, text=True, timeout=30)
        self.assertEqual(result.stdout.count('"gitVersion"'), 20, result.stderr)


class Restarts(unittest.TestCase):
    def test_watch_history_survives_a_restart(self):
        plane = Plane()
        self.addCleanup(plane.close)
        plane.start()
        revision = plane.get(CONFIGMAPS).json()["metadata"]["resourceVersion"]
        plane.create(CONFIGMAPS, configmap("before"))
        self.assertEqual(plane.stop(), 0)
        plane.start()
        connection = plane.connect(timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", f"{CONFIGMAPS}?watch=1&resourceVersion={revision}")
        event = json.loads(connection.getresponse().readline())
        self.assertEqual((event["type"], event["object"]["metadata"]["name"]),
                         ("ADDED", "before"))

    def test_two_planes_beside_each_other(self):
        with Plane() as first, Plane() as second:
            self.assertEqual(first.create(CONFIGMAPS, configmap("one")).status, 201)
            self.assertEqual(second.get(f"{CONFIGMAPS}/one").status, 404)

    def test_graceful_end_finishes_and_exits_zero(self):
        plane = Plane()
        self.addCleanup(plane.close)
        plane.start()
        connection = plane.connect(timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", f"{CONFIGMAPS}?watch=1")
        stream = connection.getresponse()
        self.assertEqual(stream.status, 200)
        self.assertEqual(plane.stop(), 0)
        self.assertTrue(stream.read() is not None)  # ended cleanly: read() does not raise
        wait_until(lambda: not plane.server_pids(), "no server is left")


if __name__ == "__main__":
    unittest.main()
