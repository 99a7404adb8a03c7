# SPDX-License-Identifier: Apache-2.0
"""Conversion webhooks: objects in a version that only somebody else can make."""

import base64
import copy
import http.server
import json
import ssl
import threading
import unittest

from plane import Plane, wait_until

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = {"Content-Type": "application/merge-patch+json"}
TEXT = {"type": "string"}


def convert(item, version):
    """v1 has spec.hostPort ("a:1"), v2 has spec.host and spec.port."""
    item = copy.deepcopy(item)
    item["apiVersion"] = version
    spec = item.get("spec", {})
    if version.endswith("/v2"):
        host, port = spec.pop("hostPort", "none:0").split(":")
        spec.update(host=host, port=port)
    else:
        spec["hostPort"] = f"{spec.pop('host', 'none')}:{spec.pop('port', '0')}"
    item["spec"] = spec
    return item


class Webhook:
    """Answers on HTTPS with the plane's own certificate; `behaviour` may change an answer."""

    def __init__(self, pki):
        self.reviews = []
        self.behaviour = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.reviews.append((self.path, review))
                request = review["request"]
                review["response"] = {
                    "uid": request["uid"], "result": {"status": "Success"},
                    "convertedObjects": [convert(item, request["desiredAPIVersion"])
                                         for item in request["objects"]]}
                del review["request"]
                status = 200
                if outer.behaviour:
                    status = outer.behaviour(review) or 200
                body = json.dumps(review).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "https://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(pki / "apiserver.crt"), str(pki / "apiserver.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class CustomWebhooks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plane = Plane().start()
        cls.pki = cls.plane.state_dir / "pki"
        cls.webhook = Webhook(cls.pki)

    @classmethod
    def tearDownClass(cls):
        cls.webhook.close()
        cls.plane.close()

    def setUp(self):
        self.webhook.behaviour = None
        self.webhook.reviews.clear()

    def define(self, group, storage="v1", client=None, review="v1"):
        def version(name, **fields):
            return {"name": name, "served": True, "storage": name == storage,
                    "selectableFields": [{"jsonPath": f".spec.{next(iter(fields))}"}],
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                        "spec": {"type": "object", "properties": fields}}}}}
        authority = base64.b64encode((self.pki / "ca.crt").read_bytes()).decode()
        client = client or {"url": f"https://127.0.0.1:{self.webhook.port}/convert"}
        crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
               "metadata": {"name": f"ends.{group}"},
               "spec": {"group": group, "scope": "Namespaced",
                        "names": {"plural": "ends", "kind": "End"},
                        "conversion": {"strategy": "Webhook", "webhook": {
                            "conversionReviewVersions": [review],
                            "clientConfig": {"caBundle": authority, **client}}},
                        "versions": [version("v1", hostPort=TEXT),
                                     version("v2", host=TEXT, port={**TEXT, "default": "80"})]}}
        answer = self.plane.create(CRDS, crd)
        self.assertEqual(answer.status, 201, answer.body)

    def path(self, group, version, name=""):
        return (f"/apis/{group}/{version}/namespaces/default/ends" + (f"/{name}" if name else ""))

    def make(self, group, version, name, status=201, **spec):
        answer = self.plane.create(self.path(group, version), {
            "apiVersion": f"{group}/{version}", "kind": "End", "metadata": {"name": name},
            "spec": spec})
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def get(self, group, version, name="", query="", status=200):
        answer = self.plane.get(self.path(group, version, name) + query)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def test_reads_and_writes_in_both_versions(self):
        group = "both.example.com"
        self.define(group)
        made = self.make(group, "v1", "a", hostPort="x:1")
        self.assertEqual(self.webhook.reviews, [], "the storage version needs nobody")
        found = self.get(group, "v2", "a")
        self.assertEqual((found["apiVersion"], found["spec"]),
                         (f"{group}/v2", {"host": "x", "port": "1"}))
        self.assertEqual(found["metadata"]["uid"], made["metadata"]["uid"])
        path, review = self.webhook.reviews[-1]
        self.assertEqual((path, review["apiVersion"]),
                         ("/convert", "apiextensions.k8s.io/v1"))
        made = self.make(group, "v2", "b", host="y")
        self.assertEqual(made["spec"], {"host": "y", "port": "80"})
        self.assertEqual(self.get(group, "v1", "b")["spec"], {"hostPort": "y:80"})
        answer = self.plane.request("PATCH", self.path(group, "v2", "b"), headers=MERGE,
                                    body='{"spec":{"port":"81"}}')
        self.assertEqual(answer.json()["spec"], {"host": "y", "port": "81"})
        self.assertEqual(answer.json()["metadata"]["generation"], 2)
        self.assertEqual(self.get(group, "v1", "b")["spec"], {"hostPort": "y:81"})
        same = self.get(group, "v2", "b")
        answer = self.plane.request("PUT", self.path(group, "v2", "b"), body=same)
        self.assertEqual(answer.json()["metadata"]["resourceVersion"],
                         same["metadata"]["resourceVersion"], "nothing has changed")
        answer = self.plane.request("DELETE", self.path(group, "v2", "b"))
        self.assertEqual(answer.status, 200, answer.body)
        self.get(group, "v1", "b", status=404)

    def test_a_list_is_one_review(self):
        group = "list.example.com"
        self.define(group)
        for number in range(5):
            self.make(group, "v1", f"e{number}", hostPort=f"h{number}:1")
        found = self.get(group, "v2")
        self.assertEqual([item["spec"]["host"] for item in found["items"]],
                         ["h0", "h1", "h2", "h3", "h4"])
        self.assertEqual(len(self.webhook.reviews), 1)
        self.assertEqual(len(self.webhook.reviews[0][1]["response"]["convertedObjects"]), 5)
        found = self.get(group, "v2", query="?limit=2")
        self.assertEqual([item["spec"]["host"] for item in found["items"]], ["h0", "h1"])
        found = self.get(group, "v2", query="?fieldSelector=spec.host%3Dh3")
        self.assertEqual([item["metadata"]["name"] for item in found["items"]], ["e3"])
        self.assertIn("e4", self.plane.kubectl("get", f"ends.v2.{group}").stdout)

    def test_a_watch_is_converted_event_by_event(self):
        group = "watch.example.com"
        self.define(group)
        self.make(group, "v1", "a", hostPort="x:1")
        connection = self.plane.connect()
        connection.request("GET", self.path(group, "v2") + "?watch=1&timeoutSeconds=20")
        stream = connection.getresponse()

        def event():
            found = json.loads(stream.readline())
            return (found["type"], found["object"]["apiVersion"],
                    found["object"]["metadata"]["name"], found["object"]["spec"])
        version = f"{group}/v2"
        self.assertEqual(event(), ("ADDED", version, "a", {"host": "x", "port": "1"}))
        for number in range(3):
            self.make(group, "v1", f"b{number}", hostPort=f"y{number}:2")
        self.plane.request("PATCH", self.path(group, "v1", "a"), headers=MERGE,
                           body='{"spec":{"hostPort":"z:3"}}')
        self.plane.request("DELETE", self.path(group, "v1", "a"))
        for number in range(3):
            self.assertEqual(event(), ("ADDED", version, f"b{number}",
                                       {"host": f"y{number}", "port": "2"}))
        self.assertEqual(event(), ("MODIFIED", version, "a", {"host": "z", "port": "3"}))
        self.assertEqual(event(), ("DELETED", version, "a", {"host": "z", "port": "3"}))
        connection.close()

    def test_answers_that_are_not_believed(self):
        group = "lies.example.com"
        self.define(group)
        self.make(group, "v1", "a", hostPort="x:1")
        prefix = f"conversion webhook for {group}/v1, Kind=End"

        def first(review):
            return review["response"]["convertedObjects"][0]

        def refuse(review):
            review["response"]["result"] = {"status": "Failure", "message": "not today"}
        for behaviour, message in (
                (refuse, f"{prefix} failed: not today"),
                (lambda review: review["response"].update(uid="other"),
                 f"{prefix} failed: expected response.uid="),
                (lambda review: review["response"]["convertedObjects"].clear(),
                 f"{prefix} returned 0 objects, expected 1"),
                (lambda review: first(review).update(apiVersion="x/v9"),
                 f"{prefix} returned invalid converted object at index 0: invalid groupVersion "
                 f"(expected {group}/v2, received x/v9)"),
                (lambda review: first(review)["metadata"].update(name="b"),
                 f"{prefix} returned invalid converted object at index 0: must have the same "
                 "name: a != b"),
                (lambda review: first(review)["metadata"].update(labels={"a": 1}),
                 f"{prefix} returned invalid converted object at index 0: metadata.labels[a] "
                 "must be a string"),
                (lambda review: 500, "with status 500"),
                (lambda review: 302, "with status 302")):
            self.webhook.behaviour = behaviour
            answer = self.get(group, "v2", "a", status=500)
            self.assertIn(message, answer["message"])
            self.assertIn(message, self.get(group, "v2", status=500)["message"])
            self.make(group, "v2", "c", status=500, host="y")
        self.get(group, "v1", "c", status=404)
        # All but labels and annotations is as it was.
        self.webhook.behaviour = lambda review: first(review)["metadata"].update(
            labels={"a": "b"}, generation=77, finalizers=["example.com/x"])
        found = self.get(group, "v2", "a")["metadata"]
        self.assertEqual((found["labels"], found["generation"]), ({"a": "b"}, 1))
        self.assertNotIn("finalizers", found)
        self.get(group, "v1", "a")

    def test_nobody_answers(self):
        group = "nobody.example.com"
        self.define(group, client={"url": "https://127.0.0.1:1/"})
        self.make(group, "v1", "a", hostPort="x:1")
        answer = self.get(group, "v2", "a", status=500)
        self.assertIn(f"conversion webhook for {group}/v1, Kind=End failed: Post "
                      '"https://127.0.0.1:1/"', answer["message"])
        connection = self.plane.connect()
        connection.request("GET", self.path(group, "v2") + "?watch=1&timeoutSeconds=20")
        event = json.loads(connection.getresponse().readline())
        self.assertEqual(event["type"], "ERROR")
        connection.close()
        self.plane.kubectl("delete", "crd", f"ends.{group}", "--timeout=20s")

    def test_a_stranger_is_not_trusted(self):
        group = "stranger.example.com"
        self.define(group, client={"url": f"https://127.0.0.1:{self.webhook.port}/convert",
                                   "caBundle": ""})
        self.make(group, "v1", "a", hostPort="x:1")
        self.get(group, "v2", "a", status=500)
        self.assertEqual(self.webhook.reviews, [])

    def test_a_service_is_called_at_its_cluster_ip(self):
        group = "service.example.com"
        client = {"service": {"namespace": "default", "name": "kubernetes", "path": "/c"}}
        self.define(group, client={"service": {"namespace": "default", "name": "absent"}})
        self.make(group, "v1", "a", hostPort="x:1")
        answer = self.get(group, "v2", "a", status=500)
        self.assertIn('failed: service "absent" not found', answer["message"])
        client["service"]["port"] = 7
        group = "port.example.com"
        self.define(group, client=client)
        self.make(group, "v1", "a", hostPort="x:1")
        answer = self.get(group, "v2", "a", status=500)
        self.assertIn('no service port 7 found for service "kubernetes"', answer["message"])

    def test_migration_of_the_storage_version(self):
        group = "move.example.com"
        self.define(group, review="v1beta1")
        self.make(group, "v1", "a", hostPort="x:1")
        crd = self.plane.get(f"{CRDS}/ends.{group}").json()
        for version in crd["spec"]["versions"]:
            version["storage"] = version["name"] == "v2"
        self.assertEqual(self.plane.request("PUT", f"{CRDS}/ends.{group}", body=crd).status, 200)
        before = self.get(group, "v2", "a")
        self.assertEqual(before["spec"], {"host": "x", "port": "1"})
        self.assertEqual(self.webhook.reviews[-1][1]["apiVersion"],
                         "apiextensions.k8s.io/v1beta1")
        answer = self.plane.request("PUT", self.path(group, "v1", "a"),
                                    body=self.get(group, "v1", "a"))
        self.assertNotEqual(answer.json()["metadata"]["resourceVersion"],
                            before["metadata"]["resourceVersion"])
        self.webhook.reviews.clear()
        self.assertEqual(self.get(group, "v2", "a")["spec"], {"host": "x", "port": "1"})
        self.assertEqual(self.webhook.reviews, [], "it lies in v2 now")
        self.assertEqual(self.get(group, "v1", "a")["spec"], {"hostPort": "x:1"})

    def test_a_slow_webhook_holds_up_nobody(self):
        group = "slow.example.com"
        self.define(group)
        self.make(group, "v1", "a", hostPort="x:1")
        go_on = threading.Event()
        self.webhook.behaviour = lambda review: go_on.wait(20) and None
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(
            self.plane.get(self.path(group, "v2", "a")).status)) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(self.webhook.reviews) == 3, "all three are asked at once")
        self.get(group, "v1", "a")
        self.assertEqual(answers, [])
        go_on.set()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200, 200, 200])


if __name__ == "__main__":
    unittest.main()
