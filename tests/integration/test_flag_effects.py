# SPDX-License-Identifier: Apache-2.0
"""Flags whose effect is seen from outside and that no other test is about."""

import http.client
import json
import socket
import ssl
import subprocess
import time
import unittest

from plane import Plane, free_port, wait_until

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


class Store(unittest.TestCase):
    def test_history_ends_with_the_compaction_interval(self):
        with Plane("--etcd-compaction-interval=1s") as plane:
            old = plane.create(CONFIGMAPS, {"metadata": {"name": "a"}}).json()
            revision = old["metadata"]["resourceVersion"]
            exact = (f"{CONFIGMAPS}?resourceVersion={revision}"
                     "&resourceVersionMatch=Exact&limit=500")
            self.assertEqual(plane.get(exact).status, 200)

            def is_compacted():
                # Compaction is part of ordinary writes.
                plane.request("PATCH", f"{CONFIGMAPS}/a", json.dumps(
                    {"data": {"now": str(time.monotonic())}}),
                    {"Content-Type": "application/merge-patch+json"})
                return plane.get(exact).status == 410
            wait_until(is_compacted, "the revision is compacted")

    def delete_in_the_foreground(self, plane):
        labels = {"app": "a"}
        deployment = {"metadata": {"name": "d"}, "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels},
                         "spec": {"containers": [{"name": "c", "image": "i"}]}}}}
        self.assertEqual(plane.create(DEPLOYMENTS, deployment).status, 201)
        answer = plane.request("DELETE", f"{DEPLOYMENTS}/d?propagationPolicy=Foreground")
        self.assertEqual(answer.status, 200, answer.body)
        return plane.get(f"{DEPLOYMENTS}/d").status

    def test_nothing_waits_for_a_garbage_collector_that_is_off(self):
        with Plane("--enable-garbage-collector=false") as plane:
            self.assertEqual(self.delete_in_the_foreground(plane), 404)
        with Plane() as plane:
            self.assertEqual(self.delete_in_the_foreground(plane), 200)


class Listeners(unittest.TestCase):
    def test_plain_http_has_an_address_of_its_own(self):
        port = free_port()
        with Plane(f"--insecure-port={port}", "--insecure-bind-address=127.0.0.2"):
            connection = http.client.HTTPConnection("127.0.0.2", port, timeout=20)
            connection.request("GET", "/version")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), 20)

    def test_a_port_is_shared_by_those_who_all_allow_it(self):
        port = free_port()
        one = Plane("--permit-port-sharing", port=port)
        other = Plane("--permit-port-sharing", port=port)
        third = Plane(port=port)
        for plane in (one, other, third):
            self.addCleanup(plane.close)
        one.start()
        other.start(wait=False)
        wait_until(lambda: "Serving securely" in other.log_tail(), "the other serves, too")
        third.start(wait=False)
        self.assertEqual(third.process.wait(30), 1)
        self.assertIn("Address already in use", third.log_tail())


class Certificates(unittest.TestCase):
    def test_a_name_has_a_certificate_of_its_own(self):
        other = Plane()
        self.addCleanup(other.close)
        other.bootstrap()
        pki = other.state_dir / "pki"
        pki.chmod(0o755)
        with Plane(f"--tls-sni-cert-key={pki}/apiserver.crt,{pki}/apiserver.key:"
                   "other.example,*.wild.example") as plane:
            for name, is_other in (("other.example", True), ("a.wild.example", True),
                                   ("else.example", False)):
                context = ssl.create_default_context(
                    cafile=str((other if is_other else plane).state_dir / "pki/ca.crt"))
                context.check_hostname = False
                with socket.create_connection(("127.0.0.1", plane.port), 20) as plain:
                    # The other authority does not vouch for what is shown else.
                    with context.wrap_socket(plain, server_hostname=name) as secure:
                        self.assertTrue(secure.getpeercert())

    def test_the_lowest_version_is_what_the_flag_says(self):
        with Plane("--tls-min-version=VersionTLS13") as plane:
            for highest, is_taken in ((ssl.TLSVersion.TLSv1_2, False),
                                      (ssl.TLSVersion.TLSv1_3, True)):
                context = plane.ssl_context()
                context.maximum_version = highest
                with socket.create_connection(("127.0.0.1", plane.port), 20) as plain:
                    if is_taken:
                        context.wrap_socket(plain, server_hostname="127.0.0.1").close()
                        continue
                    with self.assertRaises(ssl.SSLError):
                        context.wrap_socket(plain, server_hostname="127.0.0.1")

    def test_the_key_that_we_make_is_of_the_type_that_is_asked_for(self):
        for kind, bits in (("ecdsa", "prime256v1"), ("rsa", "2048 bit")):
            with self.subTest(kind):
                plane = Plane(f"--self-signed-key-type={kind}", "--tls-cert-file=",
                              "--tls-private-key-file=")
                plane.flags.append(f"--cert-dir={plane.state_dir}/certificates")
                self.addCleanup(plane.close)
                plane.start(wait=False)
                wait_until(lambda: "Serving securely" in plane.log_tail(), "the plane serves")
                text = subprocess.run(
                    ["openssl", "x509", "-noout", "-text", "-in",
                     plane.state_dir / "certificates" / "apiserver.crt"],
                    capture_output=True, text=True, check=True).stdout
                self.assertIn(bits, text)


class Limits(unittest.TestCase):
    def test_a_watch_without_a_time_ends_between_once_and_twice_the_least(self):
        with Plane("--min-request-timeout=1") as plane:
            started = time.monotonic()
            self.assertEqual(plane.get(f"{CONFIGMAPS}?watch=1").status, 200)
            self.assertGreater(time.monotonic() - started, 0.9)
