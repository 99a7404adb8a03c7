#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What http_test_server lets a client take: time, connections, streams.

usage: test_http_limits.py PATH_OF_HTTP_TEST_SERVER
"""
import pathlib
import select
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from raw_http import (  # noqa: E402  (found by the line above)
    DATA, HEADERS, HOST, POST, PROGRAM, SETTINGS, SMUGGLED, Http2Connection, Server, frame, head,
    receive_all, receive_responses)


class Deadlines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--fast")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def closes(self, data, within=3):
        s = self.server.connect()
        s.settimeout(within)
        s.sendall(data)
        answer = receive_all(s)
        s.close()
        return answer

    def test_silence_ends_the_connection(self):
        self.assertEqual(b"", self.closes(b""))

    def test_half_a_head_is_answered_with_408(self):
        self.assertIn(b" 408 ", self.closes(b"GET / HT"))

    def test_half_a_body_is_answered_with_408(self):
        self.assertIn(b" 408 ", self.closes(POST + b"Content-Length: 9\r\n\r\nabc"))

    def test_an_idle_connection_ends(self):
        answer = self.closes(SMUGGLED)
        self.assertEqual(1, answer.count(b"HTTP/1.1 200"))

    def test_idle_http2_ends_with_goaway(self):
        c = Http2Connection(self.server)
        c.send(frame(HEADERS, 5, 1, head()))
        self.assertEqual(200, c.status(1))
        self.assertEqual(0, c.goaway_code())
        self.assertIsNone(c.next_frame())
        c.close()

    def test_half_an_http2_request_is_answered_with_408(self):
        c = Http2Connection(self.server)
        c.send(frame(HEADERS, 4, 1, head("/echo", "POST")) + frame(DATA, 0, 1, b"x"))
        self.assertEqual(408, c.status(1))
        c.close()

    def test_half_an_http2_head_is_answered_with_408_and_ends_the_connection(self):
        c = Http2Connection(self.server)
        c.socket.settimeout(5)
        c.send(frame(HEADERS, 1, 1, head()[:10]))
        self.assertEqual(408, c.status(1))
        self.assertEqual(0, c.goaway_code())
        self.assertIsNone(c.next_frame())
        c.close()

    def test_http2_without_a_request_ends_with_goaway(self):
        c = Http2Connection(self.server)
        c.socket.settimeout(5)
        self.assertEqual(0, c.goaway_code())
        self.assertIsNone(c.next_frame())
        c.close()

    def test_a_head_that_drips_has_no_more_time(self):
        s = self.server.connect()
        start = time.monotonic()
        while not select.select([s], [], [], 0.05)[0]:
            self.assertLess(time.monotonic() - start, 3)
            s.sendall(b"G")
        self.assertIn(b" 408 ", receive_all(s))
        s.close()

    def test_a_reader_that_takes_nothing_is_cut_off(self):
        s = self.server.connect()
        s.sendall(b"GET /big?100000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        poller = select.poll()
        poller.register(s, select.POLLHUP | select.POLLERR)
        self.assertTrue(poller.poll(5000))
        s.close()

    def test_a_stream_whose_window_stays_shut_is_cancelled(self):
        c = Http2Connection(self.server)
        c.send(frame(HEADERS, 5, 1, head("/big?100000000")))
        self.assertEqual(200, c.status(1))
        self.assertEqual(8, c.reset_code(1))
        c.close()

    def test_a_request_that_waits_for_its_answer_is_left_alone(self):
        s = self.server.connect()
        s.sendall(b"GET /never HTTP/1.1\r\n" + HOST + b"\r\n")
        self.assertEqual([], select.select([s], [], [], 1.5)[0])
        s.close()


class RealDeadlines(unittest.TestCase):
    """Limits of a few seconds, as they are."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--connections", "4")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def drip(self, s, piece, until):
        """Sends the piece whenever nothing comes back for a moment; what came at last."""
        while time.monotonic() < until:
            if select.select([s], [], [], 0.1)[0]:
                return s.recv(65536)
            s.sendall(piece)
        self.fail("still waiting")

    def test_a_body_that_drips_is_given_up_after_five_seconds(self):
        s = self.server.connect()
        start = time.monotonic()
        s.sendall(POST + b"Content-Length: 100000\r\n\r\n")
        self.assertIn(b" 408 ", self.drip(s, b"x", start + 9))
        self.assertGreaterEqual(time.monotonic() - start, 5)
        self.assertEqual(b"", receive_all(s))
        s.close()

    def test_a_body_that_drips_in_a_stream_is_given_up_too(self):
        c = Http2Connection(self.server)
        start = time.monotonic()
        c.send(frame(HEADERS, 4, 1, head("/echo", "POST")))
        c.socket.settimeout(0.1)
        status = None
        while status is None:
            self.assertLess(time.monotonic() - start, 9)
            try:
                status = c.status(1)
            except socket.timeout:
                c.send(frame(DATA, 0, 1, b"x"))
        self.assertEqual(408, status)
        self.assertGreaterEqual(time.monotonic() - start, 5)
        c.close()

    def test_when_connections_get_scarce_idle_ones_go_after_five_seconds(self):
        idle = [self.server.connect() for _ in range(4)]
        for s in idle[:3]:
            s.sendall(SMUGGLED)
            receive_responses(s, 1)
        start = time.monotonic()
        idle[3].sendall(b"GET /never HTTP/1.1\r\n" + HOST + b"\r\n")
        # The fifth waits until one of them is gone. The others stay: there is room again.
        fifth = self.server.connect()
        fifth.sendall(SMUGGLED)
        receive_responses(fifth, 1)
        self.assertGreaterEqual(time.monotonic() - start, 4.5)
        self.assertEqual([], select.select([idle[3]], [], [], 0)[0])
        for s in idle + [fifth]:
            s.close()


class Memory(unittest.TestCase):
    def test_many_answers_that_nobody_reads_cost_little(self):
        server = Server()
        self.addCleanup(server.process.kill)
        connections = [Http2Connection(server) for _ in range(10)]
        for c in connections:
            c.send(b"".join(frame(HEADERS, 5, 2 * i + 1, head("/big?10000000"))
                            for i in range(100)))
            for i in range(100):
                self.assertEqual(c.status(2 * i + 1), 200)
        # 256 KiB for each of 1,000 streams would be 250 MB.
        with open(f"/proc/{server.process.pid}/status") as status:
            resident = next(line for line in status if line.startswith("VmRSS:"))
        self.assertLess(int(resident.split()[1]), 160000)
        # Who reads goes on.
        with server.connect() as s:
            s.sendall(b"GET /big?3000000 HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
            self.assertGreater(len(receive_all(s)), 3000000)
        for c in connections:
            c.close()
        self.assertEqual(server.stop(), 0)


class Strangers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--strangers", "3")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    @staticmethod
    def settings(c):
        while True:
            kind, flags, _, payload = c.next_frame()
            if kind == SETTINGS and not flags & 1:
                c.send(frame(SETTINGS, 1, 0))
                return {int.from_bytes(payload[i:i + 2], "big"):
                        int.from_bytes(payload[i + 2:i + 6], "big")
                        for i in range(0, len(payload), 6)}

    def test_who_has_not_shown_who_it_is_gets_few_streams_and_a_small_window(self):
        c = Http2Connection(self.server)
        settings = self.settings(c)
        self.assertEqual((3, 65535), (settings[3], settings[4]))
        c.send(b"".join(frame(HEADERS, 5, 2 * i + 1, head("/never")) for i in range(4)))
        # The limit has been acknowledged: to go beyond it is an error of the connection.
        self.assertEqual(1, c.goaway_code())
        c.close()

    def test_who_has_gets_all(self):
        c = Http2Connection(self.server)
        self.settings(c)
        c.send(frame(HEADERS, 5, 1, head("/trust")))
        settings = self.settings(c)
        self.assertEqual((100, 262144), (settings[3], settings[4]))
        c.send(b"".join(frame(HEADERS, 5, 2 * i + 3, head("/never")) for i in range(99)))
        c.send(frame(HEADERS, 5, 999, head()))
        self.assertEqual(200, c.status(999))
        c.close()


if __name__ == "__main__":
    PROGRAM[:] = [sys.argv.pop(1)]
    unittest.main()
