# SPDX-License-Identifier: Apache-2.0
"""The supervisor with fake servers that only keep the contract: see tests/fake_server.c."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD_DIR", ROOT / "build" / "release"))
PROGRAMS = {"aggregator": "aggregator", "core": "core-apiserver",
            "extensions": "extensions-apiserver"}
DEADLINE_SECONDS = 20


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Plane:
    """A supervisor in a directory of its own. Waits are for conditions, never for time."""

    def __init__(self, behaviours=None, flags=(), directory=None, stdout=None):
        self.owns_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="tk-"))
        self.directory.chmod(0o755)
        self.libexec = self.directory / "libexec"
        self.port = free_port()
        self.lines = []
        self.changed = threading.Condition()
        self.behaviours = behaviours or {}
        self.flags = list(flags)
        self.stdout = stdout
        self.process = None

    def prepare(self):
        if not self.libexec.exists():
            self.libexec.mkdir()
            self.libexec.chmod(0o777)
            for program in PROGRAMS.values():
                shutil.copy(BUILD / "tests" / "fake_server", self.libexec / program)
                (self.libexec / program).chmod(0o755)
            (self.libexec / "events").touch()
            (self.libexec / "events").chmod(0o666)
            for name in ("cert", "key", "ca"):
                (self.directory / name).write_text(f"first {name}")
        for name, behaviour in self.behaviours.items():
            path = self.libexec / f"{name}.behaviour"
            path.write_text(behaviour)
            path.chmod(0o644)

    def start(self):
        self.prepare()
        self.process = subprocess.Popen(
            [BUILD / "supervisor" / "kube-apiserver", "--state-dir", self.directory / "state",
             f"--secure-port={self.port}", "--bind-address=127.0.0.1",
             "--advertise-address=192.0.2.1", f"--tls-cert-file={self.directory}/cert",
             f"--tls-private-key-file={self.directory}/key",
             f"--client-ca-file={self.directory}/ca", "--authorization-mode=RBAC", "-v1"]
            + self.flags,
            env=dict(os.environ, TROIKA_LIBEXEC_DIR=str(self.libexec)),
            stdout=self.stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        return self

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait_line(self, pattern, count=1):
        """Until so many log lines match; returns the matches."""
        expression = re.compile(pattern)

        def found():
            return [m for m in map(expression.search, self.lines) if m]
        with self.changed:
            self.changed.wait_for(lambda: len(found()) >= count, DEADLINE_SECONDS)
            matches = found()
        if len(matches) < count:
            raise AssertionError(f"no line /{pattern}/ in:\n" + "\n".join(self.lines))
        return matches

    def wait_ready(self):
        self.wait_line(r"Serving securely on ")
        return self

    def events(self, name=None):
        rows = [line.split(" ", 2) for line in (self.libexec / "events").read_text().splitlines()]
        return [(row[0], row[2]) for row in rows if name in (None, row[0])]

    def pids(self, name):
        rows = [line.split(" ", 2) for line in (self.libexec / "events").read_text().splitlines()]
        return [int(row[1]) for row in rows if row[0] == name and row[2].startswith("start")]

    def pid(self, name):
        return self.pids(name)[-1]

    def wait_exit(self):
        status = self.process.wait(DEADLINE_SECONDS)
        self.reader.join(DEADLINE_SECONDS)
        return status

    def ask(self, address=None):
        """Who answers on the port (or a private socket)."""
        family = socket.AF_UNIX if address else socket.AF_INET
        with socket.socket(family) as s:
            s.settimeout(DEADLINE_SECONDS)
            s.connect(address or ("127.0.0.1", self.port))
            return s.makefile().readline().split()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.wait_exit()
        if self.process:
            self.process.stderr.close()
        if self.owns_directory:
            shutil.rmtree(self.directory, ignore_errors=True)


@contextlib.contextmanager
def plane(behaviours=None, flags=(), **more):
    it = Plane(behaviours, flags, **more)
    try:
        yield it.start()
    finally:
        it.close()


def wait_until(condition):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("the condition did not come true in time")
        os.sched_yield()
