# SPDX-License-Identifier: Apache-2.0
"""A control plane started for a test, and the ways to talk to it from outside."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("TROIKA_PROGRAMS", TOP / "build" / "release" / "programs"))
CLIENTS = pathlib.Path(os.environ.get("TROIKA_CLIENTS", TOP / "build" / "clients"))
SERVERS = ("aggregator", "core-apiserver", "extensions-apiserver")


def wait_until(condition, what, seconds=30.0):
    """Polls until condition() is true or returns a value; fails with `what` at the deadline."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Plane:
    """One supervisor with its three servers, on loopback, in a folder of its own."""

    def __init__(self, *flags, state_dir=None, port=None):
        self.own_folder = state_dir is None
        self.state_dir = pathlib.Path(state_dir or tempfile.mkdtemp(prefix="troika-test-"))
        self.port = port or free_port()
        self.flags = list(flags)
        self.process = None
        self.log_path = self.state_dir / "kube-apiserver.log"

    # ---- Life ----

    def start(self, wait=True):
        self.bootstrap()
        pki = self.state_dir / "pki"
        command = [
            str(PROGRAMS / "kube-apiserver"),
            f"--state-dir={self.state_dir}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key",
            f"--client-ca-file={pki}/ca.crt",
            *self.flags,
        ]
        if not any(flag.startswith("--authorization-mode=") for flag in self.flags):
            command.append("--authorization-mode=RBAC")
        environment = dict(os.environ, TROIKA_LIBEXEC_DIR=str(PROGRAMS))
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        log.close()
        if wait:
            self.wait_ready()
        return self

    def bootstrap(self):
        """Keys, certificates and the administrator's kubeconfig; what is there is kept."""
        if (self.state_dir / "admin.kubeconfig").exists():
            return
        subprocess.run(
            [str(PROGRAMS / "troika-pki"), "bootstrap", str(self.state_dir),
             "--advertise", "127.0.0.1", "--port", str(self.port)],
            check=True, stdout=subprocess.DEVNULL)

    def wait_ready(self, seconds=30.0):
        wait_until(self.is_ready, f"plane ready; log: {self.log_tail()}", seconds)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(
                f"supervisor ended with {self.process.returncode}: {self.log_tail()}")
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False

    def log_tail(self, size=3000):
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[-size:].decode(errors="replace")

    def stop(self, seconds=30):
        """SIGTERM and the ordered end; returns the exit status."""
        if self.process is None or self.process.poll() is not None:
            return None if self.process is None else self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def kill(self):
        """kill -9 of the supervisor; waits until its servers are gone too."""
        pids = list(self.server_pids().values())
        self.process.kill()
        self.process.wait()
        for pid in pids:
            wait_until(lambda: not is_alive(pid), f"server {pid} ends with its supervisor", 10)

    def close(self):
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            if self.own_folder:
                shutil.rmtree(self.state_dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(f"---- log of the plane ----\n{self.log_tail(6000)}")
        self.close()

    # ---- Its processes ----

    def server_pids(self):
        """Name of each server to its pid, for those that run now."""
        found = {}
        try:
            children = pathlib.Path(
                f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except OSError:
            return found
        for pid in children.split():
            try:
                name = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
            except OSError:
                continue
            base = os.path.basename(name)
            if base in SERVERS:
                found[base] = int(pid)
        return found

    def all_pids(self):
        return [self.process.pid, *self.server_pids().values()]

    def kill_server(self, name):
        """kill -9 of one server; returns the pid that is gone."""
        pid = wait_until(lambda: self.server_pids().get(name), f"{name} runs")
        os.kill(pid, signal.SIGKILL)
        return pid

    # ---- Requests ----

    def ssl_context(self, with_certificate=True):
        pki = self.state_dir / "pki"
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        if with_certificate:
            context.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        return context

    def connect(self, with_certificate=True, timeout=60):
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=timeout, context=self.ssl_context(with_certificate))

    def request(self, method, path, body=None, headers=None, connection=None,
                with_certificate=True):
        own = connection is None
        connection = connection or self.connect(with_certificate)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read())
        finally:
            if own:
                connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def create(self, path, body, **options):
        return self.request("POST", path, body=body, **options)

    def list_path(self, group_version, resource, namespace=None, **query):
        base = f"/api/{group_version}" if "/" not in group_version else f"/apis/{group_version}"
        where = f"/namespaces/{namespace}" if namespace else ""
        text = f"?{urllib.parse.urlencode(query)}" if query else ""
        return f"{base}{where}/{resource}{text}"

    # ---- Real clients ----

    def run(self, *command, check=True, stdin=None, timeout=120):
        environment = dict(os.environ, KUBECONFIG=str(self.state_dir / "admin.kubeconfig"),
                           HOME=str(self.state_dir), HELM_CACHE_HOME=str(self.state_dir / "helm"))
        result = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout,
            env=environment)
        if check and result.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)} ended with {result.returncode}:\n"
                f"{result.stdout}\n{result.stderr}")
        return result

    def kubectl(self, *arguments, program=None, **options):
        return self.run(program or str(CLIENTS / "bin" / "kubectl"), *arguments, **options)

    def helm(self, *arguments, **options):
        return self.run(str(CLIENTS / "bin" / "helm"), *arguments, **options)


def is_alive(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


class PlaneCase(unittest.TestCase):
    """Tests that share a plane, started with `flags`."""

    flags = ()
    plane = None

    @classmethod
    def setUpClass(cls):
        cls.plane = Plane(*cls.flags)
        cls.addClassCleanup(cls.plane.close)
        cls.plane.start()
