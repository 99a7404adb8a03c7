# SPDX-License-Identifier: Apache-2.0
"""Flags that say how the front serves: plain HTTP, browsers, connections, front proxies."""

import json
import signal
import socket
import ssl
import subprocess
import time
import unittest

from plane import Plane, PlaneCase, free_port, wait_until


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


class Connections(PlaneCase):
    flags = ("--cors-allowed-origins=^https://good\\.example(:|$),//other\\.example$",
             "--strict-transport-security-directives=max-age=31536000,includeSubDomains",
             "--goaway-chance=0.02", "--http2-max-streams-per-connection=7",
             "--external-hostname=api.example", "--anonymous-auth=false")

    def ask_as(self, origin, method="GET", **options):
        return self.plane.request(method, "/version", headers={"Origin": origin}, **options)

    def nghttp(self, plane, *arguments):
        pki = plane.state_dir / "pki"
        return subprocess.run(
            ["nghttp", f"--cert={pki}/admin.crt", f"--key={pki}/admin.key", "--verbose",
             "--null-out", *arguments, f"https://127.0.0.1:{plane.port}/version"],
            capture_output=True, text=True, timeout=60).stdout

    def test_pages_of_good_origins_may_ask(self):
        for origin in ("https://good.example", "https://good.example:8443",
                       "http://other.example"):
            answer = self.ask_as(origin)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], origin)
            self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")
            self.assertEqual(answer.headers["Access-Control-Expose-Headers"], "Date")

    def test_others_are_told_nothing(self):
        for origin in ("https://good.example.evil", "https://evilgood.example", "null",
                       "http://other.example.evil"):
            answer = self.ask_as(origin)
            self.assertEqual(answer.status, 200)
            self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertEqual(self.ask_as("https://evil", "OPTIONS", with_certificate=False).status,
                         401)

    def test_what_browsers_ask_first_needs_no_login(self):
        answer = self.ask_as("https://good.example", "OPTIONS", with_certificate=False)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(answer.headers["Access-Control-Allow-Methods"],
                         "POST, GET, OPTIONS, PUT, DELETE, PATCH")
        self.assertIn("Authorization", answer.headers["Access-Control-Allow-Headers"])

    def test_what_other_servers_answer_has_the_fields_too(self):
        answer = self.plane.get("/api/v1/namespaces", headers={"Origin": "https://good.example"})
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "https://good.example")
        self.assertEqual(answer.headers["Strict-Transport-Security"],
                         "max-age=31536000; includeSubDomains")

    def test_only_https_is_to_be_used(self):
        self.assertEqual(self.plane.get("/version").headers["Strict-Transport-Security"],
                         "max-age=31536000; includeSubDomains")

    def test_a_bad_origin_ends_the_start(self):
        plane = Plane("--cors-allowed-origins=^https://a(:|$")
        self.addCleanup(plane.close)
        plane.start(wait=False)
        self.assertNotEqual(plane.process.wait(20), 0)
        self.assertIn("Invalid CORS allowed origin, --cors-allowed-origins flag was set to "
                      "^https://a(:|$", plane.log_tail())

    def test_a_connection_has_so_many_streams(self):
        self.assertIn("[SETTINGS_MAX_CONCURRENT_STREAMS(0x03):7]", self.nghttp(self.plane))

    def test_connections_are_given_up_now_and_then(self):
        self.assertIn("recv GOAWAY frame", self.nghttp(self.plane, "--multiply=2000"))

    def test_clients_are_told_the_name(self):
        self.assertEqual(
            self.plane.get("/api").json()["serverAddressByClientCIDRs"],
            [{"clientCIDR": "0.0.0.0/0", "serverAddress": f"api.example:{self.plane.port}"}])

    def test_without_flags_there_is_none_of_it(self):
        with Plane("--disable-http2-serving") as plane:
            headers = plane.get("/version", headers={"Origin": "https://good.example"}).headers
            self.assertNotIn("Access-Control-Allow-Origin", headers)
            self.assertNotIn("Strict-Transport-Security", headers)
            result = curl("--insecure", "--http2", "--output", "/dev/null",
                          "--write-out", "%{http_version}", f"https://127.0.0.1:{plane.port}/")
            self.assertEqual(result.stdout, "1.1")
            self.assertEqual(
                plane.get("/api").json()["serverAddressByClientCIDRs"][0]["serverAddress"],
                f"127.0.0.1:{plane.port}")


class KeyExchange(unittest.TestCase):
    def test_only_the_groups_that_the_flag_names_are_taken(self):
        with Plane("--tls-curve-preferences=24") as plane:
            for curve, is_taken in (("secp384r1", True), ("prime256v1", False)):
                context = plane.ssl_context()
                context.set_ecdh_curve(curve)
                with socket.create_connection(("127.0.0.1", plane.port), 20) as plain:
                    if is_taken:
                        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                            self.assertEqual(secure.version(), "TLSv1.3")
                        continue
                    with self.assertRaises(ssl.SSLError):
                        context.wrap_socket(plain, server_hostname="127.0.0.1")

    def test_a_group_that_is_none_ends_the_start(self):
        plane = Plane("--tls-curve-preferences=1")
        self.addCleanup(plane.close)
        plane.start(wait=False)
        self.assertEqual(plane.process.wait(30), 3)
        self.assertIn("key exchange group 1 not supported or doesn't exist", plane.log_tail())


class FrontProxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plane = Plane()
        cls.addClassCleanup(cls.plane.close)
        cls.folder = cls.plane.state_dir
        cls.make_authority()
        for name in ("front-proxy", "other"):
            cls.make_certificate(name)
        cls.plane.flags += [
            f"--requestheader-client-ca-file={cls.folder}/proxies.crt",
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-username-headers=X-Remote-User,X-Second-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-uid-headers=X-Remote-Uid",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-"]
        cls.plane.start()

    @classmethod
    def openssl(cls, *arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=cls.folder, capture_output=True)

    @classmethod
    def make_authority(cls):
        cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=proxies", "-days", "2", "-keyout", "proxies.key",
                    "-out", "proxies.crt")

    @classmethod
    def make_certificate(cls, name):
        (cls.folder / "usage.cnf").write_text("extendedKeyUsage=clientAuth\n")
        cls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/O=system:masters/CN={name}", "-keyout", f"{name}.key",
                    "-out", f"{name}.csr")
        cls.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "proxies.crt", "-CAkey",
                    "proxies.key", "-CAcreateserial", "-days", "2", "-extfile", "usage.cnf",
                    "-out", f"{name}.crt")

    def whoami(self, certificate, *headers):
        """Status and user of a request with that certificate."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        pki = self.folder if certificate != "admin" else self.folder / "pki"
        options = [f"--cert={pki}/{certificate}.crt", f"--key={pki}/{certificate}.key"]
        result = curl(
            "--cacert", f"{self.folder}/pki/ca.crt", "--json", json.dumps(review),
            *[word for option in options for word in option.split("=")] if certificate else [],
            *[word for header in headers for word in ("--header", header)],
            f"https://127.0.0.1:{self.plane.port}"
            "/apis/authentication.k8s.io/v1/selfsubjectreviews")
        self.assertEqual(result.returncode, 0, result.stderr)
        answer = json.loads(result.stdout)
        if answer["kind"] == "Status":
            return answer["code"], answer["message"]
        return 201, answer["status"]["userInfo"]

    def test_it_says_for_whom_it_asks(self):
        for _ in range(2):  # what is known of a certificate is kept
            status, user = self.whoami(
                "front-proxy", "X-Remote-User: alice", "X-Remote-Uid: 7",
                "X-Remote-Group: a", "X-Remote-Group: b", "X-Remote-Extra-Scopes: one",
                "X-Remote-Extra-Scopes: two", "X-Remote-Extra-example.com%2fkey: three")
            self.assertEqual(status, 201, user)
            self.assertEqual((user["username"], user["uid"]), ("alice", "7"))
            self.assertEqual(user["groups"], ["a", "b", "system:authenticated"])
            self.assertEqual(user["extra"],
                             {"scopes": ["one", "two"], "example.com/key": ["three"]})

    def test_the_next_field_counts_when_the_first_is_not_there(self):
        status, user = self.whoami("front-proxy", "X-Second-User: bob")
        self.assertEqual((status, user["username"]), (201, "bob"))

    def test_the_fields_of_others_say_nothing(self):
        status, user = self.whoami("admin", "X-Remote-User: alice", "X-Remote-Group: a")
        self.assertEqual(status, 201)
        self.assertNotEqual(user["username"], "alice")
        self.assertIn("system:masters", user["groups"])
        # system:anonymous may not ask.
        status, message = self.whoami(None, "X-Remote-User: alice")
        self.assertEqual(status, 403)
        self.assertIn('User "system:anonymous" cannot', message)

    def test_a_proxy_is_nobody_itself(self):
        self.assertEqual(self.whoami("front-proxy"), (401, "Unauthorized"))

    def test_a_name_that_is_not_allowed_is_nobody(self):
        self.assertEqual(self.whoami("other", "X-Remote-User: alice"), (401, "Unauthorized"))


class Shutdown(unittest.TestCase):
    EVENTS = ["ShutdownInitiated", "PreShutdownHooksStopped", "AfterShutdownDelayDuration",
              "NotAcceptingNewRequest", "InFlightRequestsDrained", "HTTPServerStoppedListening"]

    def start(self, *flags):
        plane = Plane(*flags)
        self.addCleanup(plane.close)
        return plane.start()

    def events(self, plane):
        marker = "[graceful-termination] shutdown event: "
        return [line.partition(marker)[2] for line in plane.log_path.read_text().splitlines()
                if marker in line]

    def slow_reader(self, plane):
        """A request that is under way until its answer, too long for any buffer, is read."""
        for i in range(12):
            body = {"metadata": {"name": f"large-{i}"}, "data": {"text": "x" * 1000000}}
            created = plane.create("/api/v1/namespaces/default/configmaps", body)
            self.assertEqual(created.status, 201)
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        plain.connect(("127.0.0.1", plane.port))
        stream = plane.ssl_context().wrap_socket(plain, server_hostname="127.0.0.1")
        self.addCleanup(stream.close)
        stream.settimeout(20)
        stream.sendall(b"GET /api/v1/namespaces/default/configmaps HTTP/1.1\r\n"
                       b"Host: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(stream.recv(12), b"HTTP/1.1 200")
        return stream

    def test_new_requests_are_told_to_come_back(self):
        plane = self.start("--shutdown-send-retry-after")
        kept = plane.connect()
        self.addCleanup(kept.close)
        self.assertEqual(plane.get("/api", connection=kept).status, 200)
        slow = self.slow_reader(plane)
        plane.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "NotAcceptingNewRequest" in self.events(plane), "draining", 20)
        refused = wait_until(
            lambda: (answer := plane.get("/api")).status != 200 and answer, "refusal", 20)
        kept_refused = plane.get("/api", connection=kept)
        for answer in (refused, kept_refused):
            self.assertEqual(answer.status, 429)
            self.assertEqual(answer.headers["Retry-After"], "5")
            self.assertEqual(answer.headers["Connection"], "close")
            self.assertEqual(answer.body, b"The apiserver is shutting down, please try again "
                                          b"later.\n")
        self.assertEqual(plane.get("/livez").status, 200)
        self.assertEqual(plane.get("/readyz").status, 500)
        self.assertIsNone(plane.process.poll())
        body = bytearray()
        while piece := slow.recv(65536):
            body += piece
        self.assertGreater(len(body), 12000000)
        self.assertTrue(body.endswith(b"\r\n0\r\n\r\n"))
        self.assertEqual(plane.process.wait(20), 0)
        self.assertEqual(self.events(plane), self.EVENTS)

    def test_without_it_the_port_is_closed(self):
        plane = self.start()
        slow = self.slow_reader(plane)
        plane.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "NotAcceptingNewRequest" in self.events(plane), "draining", 20)
        while slow.recv(65536):
            pass
        self.assertEqual(plane.process.wait(20), 0)
        self.assertEqual(self.events(plane), self.EVENTS)

    def test_watches_end_little_by_little(self):
        plane = self.start("--shutdown-watch-termination-grace-period=20s")
        watches = []
        for _ in range(40):
            connection = plane.connect()
            self.addCleanup(connection.close)
            connection.request("GET", "/api/v1/configmaps?watch=1&resourceVersion=1")
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            watches.append(answer)
        plane.process.send_signal(signal.SIGTERM)
        # Newest first, some at a time.
        ends = []
        for answer in reversed(watches):
            answer.read()  # ends cleanly
            ends.append(time.monotonic())
        self.assertGreater(ends[-1] - ends[0], 0.1)
        self.assertEqual(plane.process.wait(20), 0)
        self.assertEqual(self.events(plane), self.EVENTS)


if __name__ == "__main__":
    unittest.main()
