#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Raw bytes against http_test_server: what is answered, how many requests ran, what stays open.

usage: test_http_framing.py PATH_OF_HTTP_TEST_SERVER
"""
import os
import pathlib
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from raw_http import (  # noqa: E402  (found by the line above)
    CONTINUATION, DATA, HEADERS, HOST, PING, POST, PREFACE, PRIORITY, PROGRAM, RST, SETTINGS,
    SMUGGLED, TIMEOUT, WINDOW, Http2Connection, Server, frame, head, literal, receive_all,
    receive_responses, varint)

# (bytes, status): refused, answered once, closed; what follows is not executed.
REFUSED = [
    (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    (POST + b"Transfer-Encoding: identity\r\n\r\n" + SMUGGLED, 501),
    (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + SMUGGLED, 501),
    (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED, 501),
    (POST + b"Transfer-Encoding : chunked\r\n\r\n" + SMUGGLED, 400),
    (POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + SMUGGLED, 400),
    (POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + SMUGGLED, 400),
    (POST + b"Content-Length: 10737418240\r\n\r\n", 413),
    (POST + b"Content-Length: 9223372036854775807\r\n\r\n", 413),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n" + SMUGGLED, 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n" + SMUGGLED, 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 5000 + b"\r\n", 400),
    (b"GET /count HTTP/1.1\n" + HOST + b"\r\n" + SMUGGLED, 400),
    (b"GET /count HTTP/1.1\r\n\r\n" + SMUGGLED, 400),
    (b"GET /count HTTP/3.0\r\n" + HOST + b"\r\n", 505),
    (b"GET /count\r\n\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 505),
    (b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (b"GET / HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 70000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\n" + HOST + b"a: b\r\n" * 300 + b"\r\n", 431),
    (POST + b"Expect: foo\r\n\r\n", 417),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
]


class Http1(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def exchange(self, pieces):
        s = self.server.connect()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                s.sendall(piece)
        except OSError:
            pass
        data = receive_all(s)
        s.close()
        return data

    def test_refused_requests_are_answered_once_and_the_connection_closes(self):
        for text, status in REFUSED:
            with self.subTest(text[:90]):
                cuts = {len(text) // 2, min(30, len(text) - 1)}
                for pieces in [[text]] + [[text[:at], text[at:]] for at in cuts]:
                    data = self.exchange(pieces)
                    self.assertTrue(data.startswith(b"HTTP/1.1 %d " % status), data[:200])
                    self.assertEqual(1, data.count(b"HTTP/1.1 "), data)
                    self.assertIn(b"\r\nConnection: close\r\n", data)

    def test_pipelined_requests_are_answered_in_order(self):
        s = self.server.connect()
        requests = b"".join(
            POST + b"Content-Length: %d\r\n\r\n%s" % (len(str(i)), str(i).encode())
            for i in range(300))
        s.sendall(requests)
        responses, rest = receive_responses(s, 300)
        self.assertEqual([str(i).encode() for i in range(300)], [r[2] for r in responses])
        self.assertEqual(b"", rest)
        s.close()

    def test_a_stream_is_chunked_and_the_connection_stays(self):
        s = self.server.connect()
        s.sendall(b"GET /stream HTTP/1.1\r\n" + HOST + b"\r\n")
        data = b""
        while b"0\r\n\r\n" not in data:
            data += s.recv(4096)
        self.assertIn(b"Transfer-Encoding: chunked\r\n", data)
        self.assertIn(b"\r\n\r\nd\r\none two three\r\n0\r\n\r\n", data)
        s.sendall(SMUGGLED)
        self.assertEqual(200, receive_responses(s, 1)[0][0][0])
        s.close()

    def test_http_1_0_ends_with_the_connection(self):
        data = self.exchange([b"GET /stream HTTP/1.0\r\n\r\n"])
        self.assertTrue(data.endswith(b"\r\n\r\none two three"), data)
        self.assertNotIn(b"chunked", data)
        data = self.exchange([b"GET /count HTTP/1.0\r\n\r\n"])
        self.assertIn(b"Connection: close", data)

    def test_continue_is_sent_for_a_body_that_is_waited_for(self):
        s = self.server.connect()
        s.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", s.recv(4096))
        s.sendall(b"hi")
        self.assertEqual(b"hi", receive_responses(s, 1)[0][0][2])
        s.close()

    def test_head_and_options(self):
        s = self.server.connect()
        s.sendall(b"HEAD /count HTTP/1.1\r\n" + HOST + b"\r\n")
        data = b""
        while b"\r\n\r\n" not in data:
            data += s.recv(4096)
        self.assertRegex(data, rb"Content-Length: [1-9]")
        self.assertTrue(data.endswith(b"\r\n\r\n"))
        s.sendall(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")
        self.assertEqual(200, receive_responses(s, 1)[0][0][0])
        s.close()

    def test_an_abort_leaves_the_body_unfinished(self):
        data = self.exchange([b"GET /abort HTTP/1.1\r\n" + HOST + b"\r\n"])
        self.assertNotIn(b"0\r\n\r\n", data)

    def test_a_client_that_leaves_ends_its_exchange(self):
        waiting = [self.server.connect() for _ in range(5)]
        for s in waiting:
            s.sendall(b"GET /never HTTP/1.1\r\n" + HOST + b"\r\n")
        probe = self.server.connect()

        def under_way():
            probe.sendall(SMUGGLED)
            return int(receive_responses(probe, 1)[0][0][2].split()[1])

        deadline = time.monotonic() + TIMEOUT
        while under_way() < 6 and time.monotonic() < deadline:
            pass
        for s in waiting:
            s.close()
        while under_way() > 1 and time.monotonic() < deadline:
            pass
        self.assertEqual(1, under_way())
        probe.close()


class Http2(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def setUp(self):
        self.c = Http2Connection(self.server)

    def tearDown(self):
        self.c.close()
        alive = Http2Connection(self.server)
        alive.send(frame(HEADERS, 5, 1, head()))
        self.assertEqual(200, alive.status(1))
        alive.close()

    def expect_status(self, status, block, stream=1, flags=5):
        self.c.send(frame(HEADERS, flags, stream, block))
        self.assertEqual(status, self.c.status(stream))

    def test_the_preface_may_come_byte_by_byte(self):
        s = self.server.connect()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 5, 1, head("/head?x")):
            s.sendall(bytes([byte]))
        data = b""
        while b"HTTP/2 GET /head" not in data:
            data += s.recv(4096)
        s.close()

    def test_messages_that_contradict_themselves_are_refused(self):
        stream = 1
        for status, block in [
                (400, head(extra=[("host", "b")])),
                (400, head(path="/%zz")),
                (400, head(extra=[("authorization", "a"), ("authorization", "b")])),
                (417, head(extra=[("expect", "x")])),
                (414, head(path="/" + "a" * 17000)),
                (413, head("/echo", "POST", [("content-length", "99999999")])),
                (431, head(extra=[("x", "y")] * 300)),
                (200, head(extra=[("host", "a")])),
                (200, head(extra=[("host", "a")], authority=None))]:
            with self.subTest(block[:60], status=status):
                if len(block) > 16384:
                    self.c.send(frame(HEADERS, 1, stream, block[:16384]) +
                                frame(CONTINUATION, 4, stream, block[16384:]))
                    self.assertEqual(status, self.c.status(stream))
                else:
                    self.expect_status(status, block, stream, 4 if status == 413 else 5)
            stream += 2

    def test_malformed_heads_reset_the_stream(self):
        stream = 1
        for block in [head(path="a"), head(extra=[("X", "y")]), head(extra=[("a", "b\r\nc")]),
                      head(extra=[("host", "a"), ("host", "a")]),
                      head(extra=[(":path", "/")]), literal(":method", "GET"),
                      head(extra=[("connection", "close")]), head(extra=[("te", "gzip")]),
                      head(extra=[("transfer-encoding", "chunked")])]:
            self.c.send(frame(HEADERS, 5, stream, block))
            self.assertEqual(1, self.c.reset_code(stream))
            stream += 2

    def test_a_length_that_the_data_belies_resets_the_stream(self):
        self.c.send(frame(HEADERS, 4, 1, head("/echo", "POST", [("content-length", "5")])) +
                    frame(DATA, 1, 1, b"abc"))
        self.assertEqual(1, self.c.reset_code(1))

    def test_rapid_reset_ends_in_goaway(self):
        for i in range(4000):
            stream = 2 * i + 1
            if not self.c.send(frame(HEADERS, 5, stream, head("/never")) +
                               frame(RST, 0, stream, b"\0\0\0\x08")):
                break
        self.assertIn(self.c.goaway_code(), (11, None))

    def test_resets_that_the_server_is_made_to_send_count_too(self):
        data = b""
        for i in range(4000):
            stream = 2 * i + 1
            data += frame(HEADERS, 5, stream, head("/never")) + \
                frame(WINDOW, 0, stream, b"\x7f\xff\xff\xff")
        self.c.socket.settimeout(TIMEOUT)
        self.c.send(data)
        self.assertEqual(11, self.c.goaway_code())

    def test_a_continuation_flood_ends_the_connection(self):
        self.c.send(frame(HEADERS, 1, 1, head()))
        for _ in range(2000):
            if not self.c.send(frame(CONTINUATION, 0, 1, b"")):
                break
        self.assertIsNone(self.c.wait(HEADERS, 1))

    def test_an_endless_head_ends_the_connection(self):
        self.c.send(frame(HEADERS, 1, 1, head()))
        block = literal("x", "y" * 8000) * 2
        for _ in range(100):
            if not self.c.send(frame(CONTINUATION, 0, 1, block)):
                break
        self.assertIsNone(self.c.wait(HEADERS, 1))

    def test_an_hpack_bomb_ends_the_connection_or_the_request(self):
        # One field of 4,000 bytes put into the table, then named 10,000 times by one byte each.
        entry = b"\x40\x01x" + bytes([127]) + varint(3900 - 127) + b"y" * 3900
        self.c.send(frame(HEADERS, 1, 1, head() + entry + b"\xbe" * 10000) +
                    frame(CONTINUATION, 4, 1, b"\xbe" * 10000))
        self.assertIn(self.c.goaway_code(), (1, 11, None))

    def flood(self, data):
        """Sends without reading until the server gives up; False when it never does."""
        self.c.socket.settimeout(2)
        try:
            for _ in range(400):
                if not self.c.send(data):
                    return True
        except (socket.timeout, OSError):
            pass
        return self.c.goaway_code() in (11, None)

    def test_floods_of_pings_settings_and_priorities_end_the_connection(self):
        for data in (frame(PING, 0, 0, b"12345678") * 1000, frame(SETTINGS, 0, 0) * 1000,
                     frame(PRIORITY, 0, 9, b"\0\0\0\0\0") * 1000):
            with self.subTest(data[:9]):
                self.c.close()
                self.c = Http2Connection(self.server)
                self.assertTrue(self.flood(data))

    def test_protocol_errors_name_their_code(self):
        for data, code in [(frame(HEADERS, 5, 2, head()), 1), (frame(HEADERS, 5, 0, head()), 1),
                           (frame(DATA, 0, 1, b"x" * 20000), 6),
                           (frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff"), 3),
                           (frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff"), 9)]:
            c = Http2Connection(self.server)
            c.send(data)
            self.assertEqual(code, c.goaway_code())
            c.close()

    def test_a_request_limit_of_streams_is_held(self):
        self.c.send(b"".join(frame(HEADERS, 5, 2 * i + 1, head("/never")) for i in range(101)))
        # SETTINGS has not been acknowledged, so it is the stream that is refused.
        self.assertEqual(7, self.c.reset_code(201))

    def test_who_does_not_keep_to_the_limit_of_streams_is_sent_away(self):
        self.c.send(b"".join(frame(HEADERS, 5, 2 * i + 1, head("/never")) for i in range(400)))
        self.assertEqual(11, self.c.goaway_code())

    def test_a_few_bytes_do_not_unpack_to_a_large_head(self):
        # One field of 4,000 bytes goes into the table, then one byte each stands for all of it.
        entry = b"\x40" + b"\x01x" + bytes([127]) + varint(4000 - 127) + b"y" * 4000
        self.expect_status(431, head() + entry + b"\xbe" * 40)
        self.c.send(frame(HEADERS, 5, 3, head() + b"\xbe" * 16000))
        self.assertIsNone(self.c.wait(HEADERS, 3))

    def test_a_table_larger_than_allowed_or_an_entry_that_is_not_there_ends_the_connection(self):
        for block in (b"\x3f\xe1\xff\x3f", b"\xff\x80\x01", b"\x00\x84\xff\xff\xff\xff\x01a"):
            c = Http2Connection(self.server)
            c.send(frame(HEADERS, 5, 1, block))
            self.assertEqual(9, c.goaway_code())
            c.close()

    def test_a_body_past_the_limit_is_answered_and_its_rest_not_wanted(self):
        self.c.send(frame(HEADERS, 4, 1, head("/echo", "POST")))
        # As long as the server's SETTINGS are not acknowledged their windows do not count.
        windows, sent = {0: 65535, 1: 65535}, 0
        while sent <= 3145728:
            while min(windows.values()) < 16384:
                got = self.c.wait(WINDOW)
                windows[got[2]] += int.from_bytes(got[3], "big")
            self.c.send(frame(DATA, 0, 1, b"x" * 16384))
            windows = {stream: window - 16384 for stream, window in windows.items()}
            sent += 16384
        self.assertEqual(413, self.c.status(1))
        self.assertEqual(0, self.c.reset_code(1))


class Drain(unittest.TestCase):
    def test_a_server_with_idle_connections_drains_at_once(self):
        server = Server()
        one, two = server.connect(), Http2Connection(server)
        one.sendall(SMUGGLED)
        receive_responses(one, 1)
        two.send(frame(HEADERS, 5, 1, head()))
        self.assertEqual(200, two.status(1))
        self.assertEqual(0, server.stop())
        self.assertEqual(0, two.goaway_code())
        self.assertEqual(b"", receive_all(one))
        one.close()
        two.close()

    def test_what_is_under_way_is_finished(self):
        server = Server()
        s = server.connect()
        s.sendall(POST + b"Content-Length: 4\r\n\r\nab")
        probe = server.connect()
        probe.sendall(SMUGGLED)
        receive_responses(probe, 1)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(b"", receive_all(probe))
        probe.close()
        s.sendall(b"cd")
        data = receive_all(s)
        self.assertTrue(data.endswith(b"abcd"), data)
        self.assertIn(b"Connection: close", data)
        s.close()
        self.assertEqual(0, server.process.wait(TIMEOUT))
        server.process.stdout.close()


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.key = os.path.join(cls.directory.name, "key.pem")
        cls.certificate = os.path.join(cls.directory.name, "cert.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", cls.key, "-out",
             cls.certificate], check=True, stderr=subprocess.DEVNULL)
        cls.server = Server("--tls", cls.certificate, cls.key, cls.certificate, "--fast")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0
        cls.directory.cleanup()

    def context(self, *protocols):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def test_alpn_chooses_the_protocol(self):
        for protocols, chosen in [(("h2", "http/1.1"), "h2"), (("http/1.1",), "http/1.1"),
                                  ((), None)]:
            with self.context(*protocols).wrap_socket(self.server.connect()) as s:
                self.assertEqual(chosen, s.selected_alpn_protocol())

    def test_no_common_protocol_is_an_alert(self):
        with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
            self.context("foo").wrap_socket(self.server.connect())

    def test_plain_http_gets_an_explanation(self):
        s = self.server.connect()
        s.sendall(SMUGGLED)
        self.assertEqual(b"HTTP/1.0 400 Bad Request\r\n\r\n"
                         b"Client sent an HTTP request to an HTTPS server.\n", receive_all(s))
        s.close()

    def test_a_stranger_that_does_not_shake_hands_is_sent_away(self):
        s = self.server.connect()
        self.assertEqual(b"", receive_all(s))
        s.close()

    def test_one_address_takes_half_of_the_room_for_handshakes(self):
        # 40 connections: 11 may be before their handshake's end, 6 of them from one address.
        server = Server("--tls", self.certificate, self.key, self.certificate,
                        "--connections", "40")
        silent = [server.connect() for _ in range(6)]
        one_more = server.connect()
        self.assertEqual(b"", receive_all(one_more))
        self.assertEqual(0, len(select.select(silent, [], [], 0)[0]))
        with self.context().wrap_socket(server.connect("127.0.0.2")) as s:
            s.sendall(SMUGGLED)
            self.assertEqual(200, receive_responses(s, 1)[0][0][0])
        silent += [server.connect("127.0.0.2") for _ in range(5)]
        # All eleven places are taken: the next waits in the backlog until one is free.
        waiting = server.connect("127.0.0.3")
        silent.pop().close()
        with self.context().wrap_socket(waiting) as s:
            s.sendall(SMUGGLED)
            self.assertEqual(200, receive_responses(s, 1)[0][0][0])
        for s in silent + [one_more]:
            s.close()
        self.assertEqual(0, server.stop())

    def test_a_certificate_that_does_not_verify_reaches_the_handler(self):
        context = self.context()
        other = os.path.join(self.directory.name, "other")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=mallory", "-keyout", other + ".key", "-out",
             other], check=True, stderr=subprocess.DEVNULL)
        context.load_cert_chain(other, other + ".key")
        with context.wrap_socket(self.server.connect()) as s:
            s.sendall(b"GET /head HTTP/1.1\r\n" + HOST + b"\r\n")
            body = receive_responses(s, 1)[0][0][2]
            self.assertIn(b"unverified\n", body)
            self.assertNotIn(b"cn=", body)

    def test_large_bodies_go_both_ways(self):
        body = os.urandom(3000000)
        with self.context().wrap_socket(self.server.connect()) as s:
            s.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.assertEqual(body, receive_responses(s, 1)[0][0][2])


if __name__ == "__main__":
    PROGRAM[:] = [sys.argv.pop(1)]
    unittest.main()
