# SPDX-License-Identifier: Apache-2.0
"""Flags that say how the front serves: plain HTTP, browsers, connections, front proxies."""

import json
import subprocess
import unittest

from plane import Plane, free_port


def curl(*arguments):
    return subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", *arguments],
                          capture_output=True, text=True)


class PlainHttp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.plane = Plane(f"--insecure-port={cls.port}", "--anonymous-auth=false")
        cls.addClassCleanup(cls.plane.close)
        cls.plane.start()
        cls.url = f"http://127.0.0.1:{cls.port}"

    def whoami(self, *arguments):
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        result = curl("--json", json.dumps(review), *arguments,
                      f"{self.url}/apis/authentication.k8s.io/v1/selfsubjectreviews")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_everyone_is_the_administrator(self):
        for protocol in ("--http1.1", "--http2-prior-knowledge"):
            result = curl(protocol, "--write-out", " %{http_code} %{http_version}",
                          f"{self.url}/api/v1/namespaces/kube-system/secrets")
            self.assertIn('"kind":"SecretList"', result.stdout.replace(" ", ""))
            version = "1.1" if protocol == "--http1.1" else "2"
            self.assertTrue(result.stdout.endswith(f" 200 {version}"), result.stdout)

    def test_nobody_logs_in_or_impersonates_there(self):
        for header in ("Authorization: Bearer unknown", "X-Remote-User: alice",
                       "Impersonate-User: alice"):
            user = self.whoami("--header", header)["status"]["userInfo"]
            self.assertEqual(user["username"], "system:unsecured", header)
            self.assertEqual(user["groups"], ["system:masters", "system:authenticated"])

    def test_objects_are_written(self):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "by-http"}}
        result = curl("--json", json.dumps(body), f"{self.url}/api/v1/namespaces")
        self.assertEqual(json.loads(result.stdout)["metadata"]["name"], "by-http")
        self.assertEqual(self.plane.get("/api/v1/namespaces/by-http").status, 200)

    def test_the_secure_port_still_asks_who_it_is(self):
        self.assertEqual(self.plane.get("/api", with_certificate=False).status, 401)

    def test_the_log_warns(self):
        log = self.plane.log_path.read_text()
        self.assertIn(f"Serving insecurely on 127.0.0.1:{self.port}", log)
        self.assertIn(f"Whoever reaches 127.0.0.1:{self.port} is an administrator", log)

    def test_a_stop_drains_both_ports(self):
        port = free_port()
        with Plane(f"--port={port}", "--address=127.0.0.1") as plane:
            self.assertEqual(curl(f"http://127.0.0.1:{port}/readyz").stdout, "ok")
            self.assertEqual(plane.stop(), 0)
        self.assertNotEqual(curl(f"http://127.0.0.1:{port}/readyz").returncode, 0)


if __name__ == "__main__":
    unittest.main()
