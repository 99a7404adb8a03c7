# SPDX-License-Identifier: Apache-2.0
"""http_test_server as a process, and HTTP/1.1 and HTTP/2 by hand."""

import os
import pathlib
import re
import socket
import struct
import subprocess

# The small program that the bytes are sent to: of the build at hand, or the one that is named.
BUILD = pathlib.Path(os.environ.get(
    "TROIKA_BUILD_DIR", pathlib.Path(__file__).resolve().parents[2] / "build" / "release"))
PROGRAM = [BUILD / "common" / "http" / "http_test_server"]
TIMEOUT = 10


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE)
        self.address = self.process.stdout.readline().decode().strip()

    def connect(self, source="127.0.0.1"):
        if self.address.isdigit():
            return socket.create_connection(
                ("127.0.0.1", int(self.address)), TIMEOUT, (source, 0))
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(TIMEOUT)
        s.connect(self.address)
        return s

    def stop(self):
        self.process.terminate()
        status = self.process.wait(TIMEOUT)
        self.process.stdout.close()
        return status


def receive_all(s):
    """Everything until the server closes."""
    data = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return data
            data += piece
    except ConnectionResetError:
        return data


def receive_responses(s, count):
    """`count` HTTP/1.1 responses with Content-Length; returns (status, headers, body) of each."""
    data, found = b"", []
    while len(found) < count:
        end = data.find(b"\r\n\r\n")
        if end >= 0:
            head = data[:end].decode()
            length = re.search(r"(?im)^content-length: (\d+)\r?$", head)
            length = int(length.group(1)) if length else 0
            if head.startswith("HTTP/1.1 100"):
                data = data[end + 4:]
                continue
            if len(data) >= end + 4 + length:
                found.append((int(head.split()[1]), head, data[end + 4:end + 4 + length]))
                data = data[end + 4 + length:]
                continue
        piece = s.recv(65536)
        if not piece:
            raise AssertionError(f"closed after {found} {data!r}")
        data += piece
    return found, data


HOST = b"Host: a\r\n"
POST = b"POST /echo HTTP/1.1\r\n" + HOST
SMUGGLED = b"GET /count HTTP/1.1\r\n" + HOST + b"\r\n"

# ---- HTTP/2 by hand ----

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def literal(name, value):
    def text(t):
        t = t if isinstance(t, bytes) else t.encode()
        return (bytes([len(t)]) if len(t) < 127 else bytes([127]) + varint(len(t) - 127)) + t
    return b"\x00" + text(name) + text(value)


def varint(n):
    out = b""
    while n >= 128:
        out += bytes([n % 128 + 128])
        n //= 128
    return out + bytes([n])


def head(path="/count", method="GET", extra=(), authority="a"):
    fields = [(":method", method), (":scheme", "http"), (":path", path)]
    if authority is not None:
        fields.append((":authority", authority))
    return b"".join(literal(n, v) for n, v in fields + list(extra))


class Http2Connection:
    def __init__(self, server):
        self.socket = server.connect()
        self.data = b""
        self.send(PREFACE + frame(SETTINGS, 0, 0))

    def send(self, data):
        """True unless the server has gone."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def next_frame(self):
        """(kind, flags, stream, payload), or None at the end."""
        while True:
            if len(self.data) >= 9:
                length = int.from_bytes(self.data[:3], "big")
                if len(self.data) >= 9 + length:
                    kind, flags = self.data[3], self.data[4]
                    stream = int.from_bytes(self.data[5:9], "big")
                    payload = self.data[9:9 + length]
                    self.data = self.data[9 + length:]
                    return kind, flags, stream, payload
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self.data += piece

    def wait(self, kind, stream=None):
        while True:
            got = self.next_frame()
            if got is None:
                return None
            if got[0] == kind and (stream is None or got[2] == stream):
                return got

    def goaway_code(self):
        got = self.wait(GOAWAY)
        return got and int.from_bytes(got[3][4:8], "big")

    def reset_code(self, stream):
        got = self.wait(RST, stream)
        return got and int.from_bytes(got[3], "big")

    def status(self, stream):
        """From the literal or indexed first field of a response head."""
        got = self.wait(HEADERS, stream)
        if got is None:
            return None
        block = got[3]
        indexed = {0x88: 200, 0x89: 204, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
        if block[0] in indexed:
            return indexed[block[0]]
        digits = block[2:2 + (block[1] & 127)]
        return int(digits) if not block[1] & 128 else huffman_digits(digits)

    def close(self):
        self.socket.close()


def huffman_digits(data):
    codes = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4",
             "011011": "5", "011100": "6", "011101": "7", "011110": "8", "011111": "9"}
    bits, out, code = "".join(f"{b:08b}" for b in data), "", ""
    for bit in bits:
        code += bit
        if code in codes:
            out += codes[code]
            code = ""
    return int(out)
