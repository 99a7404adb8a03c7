#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the plane lets a client take: time, streams, bytes."""

import gzip
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from plane import Plane, PlaneCase, wait_until  # noqa: E402  (found by the line above)
from raw_http import (  # noqa: E402
    GOAWAY, HEADERS, PING, SETTINGS, Http2Connection, frame, head, receive_all)

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
TOKENS = "good-token,alice,uid,\"system:masters\"\n"


class Door:
    """The secure port, for those who speak by hand."""

    def __init__(self, plane, protocol, with_certificate=False):
        self.plane = plane
        self.protocol = protocol
        self.with_certificate = with_certificate

    def connect(self):
        context = self.plane.ssl_context(self.with_certificate)
        context.set_alpn_protocols([self.protocol])
        plain = socket.create_connection(("127.0.0.1", self.plane.port), 20)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")


def settings_of(payload):
    return {int.from_bytes(payload[i:i + 2], "big"): int.from_bytes(payload[i + 2:i + 6], "big")
            for i in range(0, len(payload), 6)}


def frames_until(connection, kind, flags=0):
    """All frames up to the first of that kind, which is the last."""
    found = []
    while True:
        got = connection.next_frame()
        if got is None:
            raise AssertionError(f"closed after {found}")
        found.append(got)
        if got[0] == kind and got[1] & flags == flags:
            return found


class Strangers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plane = Plane()
        cls.addClassCleanup(cls.plane.close)
        cls.plane.bootstrap()
        tokens = cls.plane.state_dir / "tokens.csv"
        tokens.write_text(TOKENS)
        cls.plane.flags.append(f"--token-auth-file={tokens}")
        cls.plane.start()

    def open(self, **options):
        connection = Http2Connection(Door(self.plane, "h2", **options))
        self.addCleanup(connection.close)
        first = frames_until(connection, SETTINGS)[-1]
        return connection, settings_of(first[3])

    def ask(self, connection, stream, path, *fields):
        connection.send(frame(HEADERS, 5, stream, head(
            path, extra=fields, authority=f"127.0.0.1:{self.plane.port}")))
        return connection.status(stream)

    def is_kept(self, connection):
        """Whether no GOAWAY comes before the answer to a ping."""
        connection.send(frame(PING, 0, 0, b"12345678"))
        return all(got[0] != GOAWAY for got in frames_until(connection, PING, 1))

    def assert_last_requests(self, connection, status):
        """GOAWAY without an error comes before the answer, and then the connection ends."""
        goaway = frames_until(connection, GOAWAY)[-1]
        self.assertEqual(goaway[3][4:8], bytes(4))
        self.assertEqual(connection.status(1), status)
        self.assertIsNone(connection.wait(GOAWAY))

    def test_anonymous_gets_one_request_of_a_connection(self):
        connection, settings = self.open()
        self.assertEqual((settings[3], settings[4]), (100, 65536))
        connection.send(b"".join(frame(HEADERS, 5, stream, head(
            "/version", authority=f"127.0.0.1:{self.plane.port}")) for stream in (1, 3)))
        self.assert_last_requests(connection, 200)
        connection.send(frame(HEADERS, 5, 5, head("/version")))
        self.assertIsNone(connection.wait(HEADERS, 5))

    def test_what_cannot_be_read_counts_as_well(self):
        connection, _ = self.open()
        connection.send(b"".join(frame(HEADERS, 5, stream, head("/version?timeout=x"))
                                 for stream in (1, 3)))
        self.assert_last_requests(connection, 400)
        connection.send(frame(HEADERS, 5, 5, head("/version")))
        self.assertIsNone(connection.wait(HEADERS, 5))

    def test_a_bad_token_too(self):
        connection, _ = self.open()
        connection.send(frame(HEADERS, 5, 1, head(
            "/version", extra=[("authorization", "Bearer bad")],
            authority=f"127.0.0.1:{self.plane.port}")))
        self.assert_last_requests(connection, 401)

    def test_a_good_token_opens_the_connection(self):
        connection, _ = self.open()
        self.assertEqual(
            self.ask(connection, 1, "/version", ("authorization", "Bearer good-token")), 200)
        connection.send(frame(SETTINGS, 1, 0))
        for stream in range(3, 203, 2):
            self.assertEqual(self.ask(
                connection, stream, "/version", ("authorization", "Bearer good-token")), 200)
        self.assertTrue(self.is_kept(connection))

    def test_more_streams_are_told_to_who_shows_a_token(self):
        connection, _ = self.open()
        connection.send(frame(HEADERS, 5, 1, head(
            "/version", extra=[("authorization", "Bearer good-token")],
            authority=f"127.0.0.1:{self.plane.port}")))
        frames = frames_until(connection, SETTINGS)
        if frames[-1][1] & 1:
            frames = frames_until(connection, SETTINGS)
        self.assertEqual((250, 262144), tuple(settings_of(frames[-1][3])[i] for i in (3, 4)))

    def test_a_certificate_says_it_at_once(self):
        connection, settings = self.open(with_certificate=True)
        self.assertEqual((settings[3], settings[4]), (250, 262144))
        for stream in (1, 3, 5):
            self.assertEqual(self.ask(connection, stream, "/version"), 200)
        self.assertTrue(self.is_kept(connection))

    def test_the_gate_turns_it_off(self):
        with Plane("--feature-gates=UnauthenticatedHTTP2DOSMitigation=false") as plane:
            connection = Http2Connection(Door(plane, "h2"))
            self.addCleanup(connection.close)
            for stream in (1, 3):
                connection.send(frame(HEADERS, 5, stream, head(
                    "/version", authority=f"127.0.0.1:{plane.port}")))
                self.assertEqual(connection.status(stream), 200)
            self.assertTrue(self.is_kept(connection))


class Time(PlaneCase):
    flags = ("--request-timeout=2s",)

    def stop_core(self):
        pid = self.plane.server_pids()["core-apiserver"]
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)

    def test_a_timeout_that_cannot_be_read_is_refused(self):
        for text, reason in (("abc", 'invalid duration "abc"'),
                             ("10", 'missing unit in duration "10"')):
            answer = self.plane.get(f"{CONFIG_MAPS}?timeout={text}")
            self.assertEqual(answer.status, 400)
            self.assertEqual(
                answer.json()["message"],
                f"invalid timeout specified in the request URL - time: {reason}")
        self.assertEqual(self.plane.get("/version?timeout=abc").status, 400)

    def test_a_timeout_that_can_be_read_changes_nothing_of_a_quick_answer(self):
        for text in ("", "0s", "1s", "100h", "-1s"):
            self.assertEqual(self.plane.get(f"{CONFIG_MAPS}?timeout={text}").status, 200)
        self.assertEqual(self.plane.get(f"{CONFIG_MAPS}?timeoutSeconds=1").status, 200)
        self.assertEqual(self.plane.get(f"{CONFIG_MAPS}?timeoutSeconds=x").status, 400)

    def test_requests_have_their_time(self):
        self.stop_core()
        for query, seconds in (("?timeout=300ms", 0.3), ("?timeout=1h", 2), ("", 2)):
            start = time.monotonic()
            answer = self.plane.get(f"{CONFIG_MAPS}{query}")
            self.assertEqual(answer.status, 504)
            self.assertEqual(answer.json()["reason"], "Timeout")
            self.assertEqual(answer.json()["message"],
                             "Timeout: request did not complete within the allotted timeout")
            self.assertGreaterEqual(time.monotonic() - start, seconds)
            self.assertLess(time.monotonic() - start, seconds + 5)

    def test_a_body_has_the_time_of_its_request(self):
        with Door(self.plane, "http/1.1", with_certificate=True).connect() as s:
            start = time.monotonic()
            s.sendall(f"POST {CONFIG_MAPS} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
                      .encode() + b"x" * 50000)
            self.assertIn(b" 408 ", receive_all(s))
            self.assertGreaterEqual(time.monotonic() - start, 2)
            self.assertLess(time.monotonic() - start, 7)


class Bytes(PlaneCase):
    def raw(self, request):
        with Door(self.plane, "http/1.1", with_certificate=True).connect() as s:
            s.sendall(request)
            return receive_all(s)

    def test_heads_have_a_limit(self):
        host = b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        for request, status in (
                (b"GET /version" + host + b"a: " + b"b" * 60000 + b"\r\n\r\n", 200),
                (b"GET /version" + host + b"a: " + b"b" * 66000 + b"\r\n\r\n", 431),
                (b"GET /version" + host + b"a: b\r\n" * 253 + b"\r\n", 200),
                (b"GET /version" + host + b"a: b\r\n" * 256 + b"\r\n", 431),
                (b"GET /version?" + b"a" * 16000 + host + b"\r\n", 200),
                (b"GET /version?" + b"a" * 16384 + host + b"\r\n", 414)):
            with self.subTest(length=len(request), status=status):
                self.assertTrue(self.raw(request).startswith(b"HTTP/1.1 %d " % status))

    def test_bodies_have_a_limit_for_every_verb(self):
        for method, path in (("POST", CONFIG_MAPS), ("PUT", CONFIG_MAPS + "/a"),
                             ("PATCH", CONFIG_MAPS + "/a"), ("DELETE", CONFIG_MAPS + "/a")):
            answer = self.raw(f"{method} {path} HTTP/1.1\r\nHost: a\r\n"
                              f"Content-Length: 3145729\r\n\r\n".encode())
            self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)
            self.assertIn(b"Request entity too large: limit is 3145728", answer)

    def config_map(self, size, annotation=0):
        return self.plane.create(CONFIG_MAPS, {
            "metadata": {"generateName": "a-", "annotations": {"a": "b" * annotation}},
            "data": {"a": "b" * size}})

    def test_what_is_in_them_has_limits(self):
        self.assertEqual(self.config_map(1048575).status, 201)
        self.assertEqual(self.config_map(1, 262143).status, 201)
        answer = self.config_map(1, 262144)
        self.assertEqual(answer.status, 422)
        self.assertIn("Too long: may not be more than 262144 bytes", answer.json()["message"])

    def test_data_has_a_limit_of_its_own(self):
        answer = self.config_map(1048577)
        self.assertEqual(answer.status, 422)
        self.assertIn("is invalid: []: Too long: may not be more than 1048576 bytes",
                      answer.json()["message"])
        answer = self.plane.create("/api/v1/namespaces/default/secrets", {
            "metadata": {"name": "long"}, "stringData": {"a": "b" * 1048577}})
        self.assertEqual(answer.status, 422)
        self.assertIn("data: Too long: may not be more than 1048576 bytes",
                      answer.json()["message"])

    def test_an_object_does_not_grow_by_small_changes(self):
        labels = {"app": "grows"}
        container = {"name": "c", "image": "i", "args": ["b" * 500000]}
        path = "/apis/apps/v1/namespaces/default/deployments"
        self.assertEqual(self.plane.create(path, {"metadata": {"name": "grows"}, "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels},
                         "spec": {"containers": [container]}}}}).status, 201)
        one_more = json.dumps([{"op": "add", "value": "b" * 500000,
                                "path": "/spec/template/spec/containers/0/args/-"}])
        answers = [self.plane.request("PATCH", f"{path}/grows", one_more, {
            "Content-Type": "application/json-patch+json"}) for _ in range(3)]
        self.assertEqual([answer.status for answer in answers], [200, 200, 413])
        self.assertIn("more than 1572864 bytes", answers[2].json()["message"])
        stored = self.plane.get(f"{path}/grows").json()["spec"]["template"]["spec"]
        self.assertEqual(len(stored["containers"][0]["args"]), 3)

    def test_a_long_bad_value_is_not_sent_back_whole(self):
        answer = self.plane.create(CONFIG_MAPS, {"metadata": {"name": "A" * 900000}})
        self.assertEqual(answer.status, 422)
        self.assertLess(len(answer.body), 10000)


class Requests(PlaneCase):
    """Odd requests at the secure port, byte by byte as they are."""

    def ask(self, line, *fields, with_certificate=True):
        with Door(self.plane, "http/1.1", with_certificate).connect() as s:
            s.sendall("\r\n".join(
                [line, "Host: a", "Connection: close", *fields, "", ""]).encode("latin-1"))
            answer = receive_all(s).decode()
        return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]

    def test_methods_that_nobody_knows(self):
        for method in ("get", "FOO", "TRACE", "OPTIONS", "PUT", "POST", "DELETE"):
            status, body = self.ask(f"{method} /api/v1/pods HTTP/1.1")
            self.assertEqual(status, 405, method)
            self.assertEqual(json.loads(body)["reason"], "MethodNotAllowed")
        for method in ("get", "FOO", "TRACE", "OPTIONS"):
            self.assertEqual(self.ask(f"{method} {CONFIG_MAPS} HTTP/1.1")[0], 405, method)
            self.assertEqual(self.ask(f"{method} {CONFIG_MAPS}/a HTTP/1.1")[0], 405, method)
        self.assertEqual(self.ask("HEAD /api/v1/pods HTTP/1.1"), (200, ""))
        self.assertEqual(self.ask("CONNECT a:80 HTTP/1.1")[0], 405)
        self.assertEqual(self.ask("OPTIONS * HTTP/1.1")[0], 200)

    def test_paths_are_taken_as_they_are(self):
        for path in ("//api/v1/pods", "/api/v1/../v1/pods", "/api//v1/pods", "/api/v1/./pods",
                     "/x/../api/v1/pods", "/%2fapi/v1/pods",
                     "/api/v1/namespaces/%2e%2e/pods/..%2f..%2fsecrets"):
            status, _ = self.ask(f"GET {path} HTTP/1.1")
            self.assertIn(status, (400, 404), path)
        for path in ("/%zz", "/%0", "/a\x80", "/a\x01"):
            self.assertEqual(self.ask(f"GET {path} HTTP/1.1")[0], 400, path)
        self.assertEqual(self.ask("GET https://other.example/version HTTP/1.1")[0], 200)

    def test_who_asks_is_not_said_twice(self):
        self.assertEqual(self.ask("GET /version HTTP/1.1", "Authorization: Bearer a",
                                  "Authorization: Bearer b", with_certificate=False)[0], 400)
        self.assertEqual(self.ask(
            "GET /version HTTP/1.1", "Authorization: Bearer a", with_certificate=False)[0], 401)

    def test_expectations(self):
        self.assertEqual(self.ask("GET /version HTTP/1.1", "Expect: more")[0], 417)

    def test_plain_http_is_told_where_it_is(self):
        with socket.create_connection(("127.0.0.1", self.plane.port), 20) as s:
            s.sendall(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(receive_all(s), b"HTTP/1.0 400 Bad Request\r\n\r\n"
                             b"Client sent an HTTP request to an HTTPS server.\n")


class InFlight(unittest.TestCase):
    def test_over_the_limit_is_to_come_back(self):
        plane = Plane("--max-requests-inflight=2", "--max-mutating-requests-inflight=1")
        self.addCleanup(plane.close)
        plane.bootstrap()
        tokens = plane.state_dir / "tokens.csv"
        tokens.write_text("alice-token,alice,uid\n")
        plane.flags.append(f"--token-auth-file={tokens}")
        plane.start()
        alice = {"Authorization": "Bearer alice-token"}
        pid = plane.server_pids()["core-apiserver"]
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        waiting = []
        for method in ("GET", "GET", "POST"):
            connection = plane.connect(with_certificate=False)
            self.addCleanup(connection.close)
            connection.request(method, CONFIG_MAPS, headers=alice)
            waiting.append(connection)
        for method in ("GET", "POST"):
            refused = wait_until(
                lambda: next((answer for answer in [plane.request(
                    method, CONFIG_MAPS + "?timeout=100ms", headers=alice,
                    with_certificate=False)] if answer.status == 429), None), "429")
            self.assertEqual(refused.headers["Retry-After"], "1")
            self.assertEqual(refused.body, b"Too many requests, please try again later.\n")
        # Watches and administrators are not counted.
        self.assertEqual(plane.get("/version").status, 200)
        os.kill(pid, signal.SIGCONT)
        for connection in waiting:
            self.assertIn(connection.getresponse().status, (403,))
        answer = plane.get(CONFIG_MAPS, headers=alice, with_certificate=False)
        self.assertEqual(answer.status, 403)


class SlowReaders(unittest.TestCase):
    # A build with the address sanitizer would keep what is freed.
    @unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=":".join(
        [os.environ.get("ASAN_OPTIONS", ""), "quarantine_size_mb=1",
         "thread_local_quarantine_size_kb=64"]).strip(":"))
    def test_a_watch_that_nobody_reads_costs_no_memory(self):
        with Plane() as plane:
            slow = [Door(plane, "http/1.1", True).connect() for _ in range(10)]
            for s in slow:
                self.addCleanup(s.close)
                s.sendall(f"GET {CONFIG_MAPS}?watch=1&resourceVersion=1 HTTP/1.1\r\n"
                          "Host: a\r\n\r\n".encode())
                self.assertEqual(s.recv(12), b"HTTP/1.1 200")
            quick = plane.connect()
            self.addCleanup(quick.close)
            quick.request("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=1")
            events = quick.getresponse()
            self.assertEqual(plane.create(CONFIG_MAPS, {
                "metadata": {"name": "a"}, "data": {"a": "b" * 1000000}}).status, 201)
            self.write(plane, events, 4)
            before = self.memory(plane)
            self.write(plane, events, 60)
            # 60 MB for each of them, of which sockets and queues hold a part.
            self.assertLess(self.memory(plane) - before, 60_000_000)

    @staticmethod
    def write(plane, events, count):
        """So many changes, each seen by the quick watch."""
        connection = plane.connect()
        for i in range(count):
            answer = plane.request(
                "PATCH", f"{CONFIG_MAPS}/a",
                json.dumps({"data": {"a": chr(97 + i % 26) * 1000000, "i": str(i)}}),
                {"Content-Type": "application/merge-patch+json"}, connection)
            revision = answer.json()["metadata"]["resourceVersion"]
            while json.loads(events.readline())["object"]["metadata"][
                    "resourceVersion"] != revision:
                pass
        connection.close()

    @staticmethod
    def memory(plane):
        """What is in use by none but our processes; pages of the store's file do not count."""
        return sum(int(line.split()[1]) * 1024 for pid in plane.all_pids()
                   for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                   if line.startswith("RssAnon:"))


class Compression(PlaneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for i in range(10):
            assert cls.plane.create(CONFIG_MAPS, {
                "metadata": {"name": f"large-{i}"},
                "data": {"a": "".join(f"line {j * i}\n" for j in range(15000))}}).status == 201

    def curl(self, plane, path, *arguments):
        """(head, body) of the answer, the body as curl hands it out."""
        pki = plane.state_dir / "pki"
        result = subprocess.run(
            ["curl", "--silent", "--show-error", "--cacert", pki / "ca.crt", "--cert",
             pki / "admin.crt", "--key", pki / "admin.key", "--dump-header", "/dev/stderr",
             "--user-agent", "test", *arguments, f"https://127.0.0.1:{plane.port}{path}"],
            capture_output=True, check=True, timeout=60)
        return result.stderr.decode().lower(), result.stdout

    def test_large_answers_are_compressed_for_who_takes_it(self):
        for version in ("--http1.1", "--http2"):
            for path in (CONFIG_MAPS, f"{CONFIG_MAPS}?limit=5", f"{CONFIG_MAPS}/large-3",
                         "/api/v1/configmaps?pretty=1"):
                with self.subTest(path, version=version):
                    plain_head, plain = self.curl(self.plane, path, version)
                    head, body = self.curl(self.plane, path, version, "--compressed")
                    _, raw = self.curl(
                        self.plane, path, version, "--header", "Accept-Encoding: gzip")
                    self.assertEqual(body, plain)
                    self.assertEqual(gzip.decompress(raw), plain)
                    self.assertLess(len(raw), len(plain) / 2)
                    self.assertIn("content-encoding: gzip", head)
                    self.assertIn("vary: accept-encoding", head)
                    self.assertNotIn("content-encoding", plain_head)
                    json.loads(body)

    def test_small_answers_and_watches_are_not(self):
        for path in ("/api/v1/namespaces", f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1"):
            head, body = self.curl(self.plane, path, "--header", "Accept-Encoding: gzip")
            self.assertNotIn("content-encoding", head)
            self.assertTrue(body.startswith(b"{"))

    def test_kubectl_sees_no_difference(self):
        self.assertEqual(
            self.plane.kubectl("get", "configmaps", "-o", "json").stdout,
            self.plane.kubectl(
                "get", "configmaps", "-o", "json", "--disable-compression").stdout)

    def test_the_gate_turns_it_off(self):
        with Plane("--feature-gates=APIResponseCompression=false") as plane:
            self.assertEqual(plane.create(CONFIG_MAPS, {
                "metadata": {"name": "large"}, "data": {"a": "b" * 200000}}).status, 201)
            head, body = self.curl(plane, CONFIG_MAPS, "--header", "Accept-Encoding: gzip")
            self.assertNotIn("content-encoding", head)
            self.assertTrue(body.startswith(b"{"))


class Damage(unittest.TestCase):
    """Bytes in the store that nobody can read, as a bad disk leaves them."""

    MAGIC = struct.pack("<I", 0x3153b54f)

    def damage(self, data, name):
        """Spoils what opens the stored object, in every copy of it on the disk."""
        found = 0
        at = data.find(b'"name":"%s"' % name.encode())
        while at >= 0:
            start = data.rfind(self.MAGIC, max(0, at - 400), at)
            if start >= 0:
                data[start:start + 4] = b"\xde\xad\xbe\xef"
                found += 1
            at = data.find(b'"name":"%s"' % name.encode(), at + 1)
        self.assertGreater(found, 0)

    def test_an_object_that_cannot_be_read(self):
        plane = Plane()
        self.addCleanup(plane.close)
        plane.start()
        for i in range(5):
            self.assertEqual(plane.create(CONFIG_MAPS, {
                "metadata": {"name": f"object-{i}"}, "data": {"a": "b"}}).status, 201)
        self.assertEqual(plane.stop(), 0)
        path = plane.state_dir / "data" / "core" / "data.mdb"
        data = bytearray(path.read_bytes())
        self.damage(data, "object-1")
        self.damage(data, "object-3")
        path.write_bytes(data)
        plane.start()
        self.assertEqual(plane.get(f"{CONFIG_MAPS}/object-2").status, 200)
        answer = plane.get(f"{CONFIG_MAPS}/object-1")
        self.assertEqual((answer.status, answer.json()["reason"]), (500, "InternalError"))
        self.assertEqual(
            answer.json()["message"],
            "Internal error occurred: /registry/configmaps/default/object-1: "
            "the stored bytes are corrupt")
        answer = plane.get(CONFIG_MAPS)
        self.assertEqual((answer.status, answer.json()["reason"]), (500, "StorageReadError"))
        self.assertEqual(
            [cause["field"] for cause in answer.json()["details"]["causes"]],
            ["/registry/configmaps/default/object-1", "/registry/configmaps/default/object-3"])
        result = plane.kubectl("get", "configmaps", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("failed to read one or more configmaps", result.stderr)


if __name__ == "__main__":
    unittest.main()
