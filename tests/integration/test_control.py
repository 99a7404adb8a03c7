# SPDX-License-Identifier: Apache-2.0
"""troikactl and its door to the supervisor."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from fake_plane import BUILD, DEADLINE_SECONDS, PROGRAMS, plane, wait_until


class Control(unittest.TestCase):
    def ctl(self, p, *arguments):
        return subprocess.run(
            [BUILD / "supervisor" / "troikactl", "--state-dir", p.directory / "state", *arguments],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=DEADLINE_SECONDS)

    def test_status_tells_of_every_process(self):
        with plane() as p:
            p.wait_ready()
            result = self.ctl(p, "status", "--output=json")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            status = json.loads(result.stdout)
            self.assertTrue(status["ready"])
            self.assertEqual(status["pid"], p.process.pid)
            self.assertEqual(status["address"], f"127.0.0.1:{p.port}")
            self.assertGreater(status["memoryBytes"], 0)
            for server in status["servers"]:
                self.assertEqual(server["pid"], p.pid(server["name"]))
                self.assertEqual((server["state"], server["restarts"]), ("ready", 0))
                self.assertGreater(server["memoryBytes"], 0)
                self.assertEqual(server["storeRevision"], 42)
            self.assertEqual({s["name"] for s in status["servers"]}, set(PROGRAMS))
            table = self.ctl(p, "status").stdout.splitlines()
            self.assertEqual([line.split()[0] for line in table],
                             ["NAME", "supervisor", "aggregator", "core", "extensions"])
            self.assertEqual(table[3].split()[1:3], ["ready", str(p.pid("core"))])
            self.assertEqual([line.split()[-1] for line in table],
                             ["REVISION", "-", "42", "42", "42"])

    def test_a_server_that_does_not_answer_does_not_keep_the_status_back(self):
        with plane({"core": "hang-revision"}) as p:
            p.wait_ready()
            servers = json.loads(self.ctl(p, "status", "-ojson").stdout)["servers"]
            self.assertEqual({s["name"]: s["storeRevision"] for s in servers},
                             {"aggregator": 42, "core": 0, "extensions": 42})

    def test_one_server_is_restarted_and_waited_for(self):
        with plane(flags=["--server-restart=core=never"]) as p:
            p.wait_ready()
            others = p.pid("aggregator"), p.pid("extensions")
            result = self.ctl(p, "restart", "core")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(len(p.pids("core")), 2)
            self.assertIn(("core", "TERM"), p.events())
            self.assertEqual((p.pid("aggregator"), p.pid("extensions")), others)
            servers = json.loads(self.ctl(p, "status", "-ojson").stdout)["servers"]
            self.assertEqual([s["restarts"] for s in servers if s["name"] == "core"], [1])
            result = self.ctl(p, "restart", "other")
            self.assertEqual((result.returncode, result.stderr),
                             (1, 'troikactl: there is no server "other"\n'))

    def test_drain_stops_in_order_and_waits(self):
        with plane() as p:
            p.wait_ready()
            result = self.ctl(p, "drain")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(p.wait_exit(), 0)
            self.assertIn(("aggregator", "DRAIN"), p.events())
            self.assertFalse((p.directory / "state/run/control.sock").exists())

    def test_reload_tells_what_is_wrong(self):
        with plane() as p:
            p.wait_ready()
            (p.directory / "ca").write_text("second ca")
            self.assertEqual(self.ctl(p, "reload").returncode, 0)
            wait_until(lambda: ("core", "RELOAD second ca") in p.events())
            (p.directory / "ca").unlink()
            result = self.ctl(p, "reload")
            self.assertEqual(result.returncode, 1)
            self.assertIn("--client-ca-file: open ", result.stderr)

    def test_logs_are_kept_and_followed(self):
        with plane() as p:
            p.wait_ready()
            self.assertIn("Serving securely on ", self.ctl(p, "logs").stdout)
            follower = subprocess.Popen(
                [BUILD / "supervisor" / "troikactl", "--state-dir", p.directory / "state", "logs",
                 "--follow"], stdout=subprocess.PIPE, text=True)
            for line in follower.stdout:
                if "Serving securely" in line:
                    break
            os.kill(p.pid("core"), signal.SIGKILL)
            self.assertTrue(any("was ended by signal 9" in line for line in
                                iter(follower.stdout.readline, "")
                                if "was ended" in line or "is ready" in line))
            follower.kill()
            follower.wait()
            follower.stdout.close()
            # The supervisor is not held by who went.
            self.assertEqual(self.ctl(p, "status").returncode, 0)

    def test_only_its_user_may_ask(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        with plane() as p:
            p.wait_ready()
            path = p.directory / "state/run/control.sock"
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            # Even where the file's mode would let him.
            path.parent.chmod(0o777)
            path.chmod(0o777)
            child = os.fork()
            if child == 0:
                os._exit(self.ask_as_nobody(str(path)))
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    @staticmethod
    def ask_as_nobody(path):
        """0 when nothing is told."""
        try:
            os.setuid(65534)
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(DEADLINE_SECONDS)
            client.connect(path)
            client.sendall(b"status\n")
            return 1 if client.recv(999) else 0
        except (BrokenPipeError, ConnectionResetError):
            return 0
        except OSError:
            return 2

    def test_garbage_and_many_clients_do_no_harm(self):
        with plane() as p:
            p.wait_ready()
            path = str(p.directory / "state/run/control.sock")
            clients = []
            for text in (b"", b"x" * 4096, b"\0\0\n", b"restart \xff\n", b"status", b"logs follow\n",
                         *[b""] * 20):
                client = socket.socket(socket.AF_UNIX)
                client.settimeout(DEADLINE_SECONDS)
                client.connect(path)
                with contextlib.suppress(OSError):
                    client.sendall(text)
                clients.append(client)
            for client in clients:
                client.close()
            wait_until(lambda: self.ctl(p, "status").returncode == 0)

    def test_without_a_supervisor_that_is_said(self):
        with tempfile.TemporaryDirectory(prefix="tk-") as directory:
            result = subprocess.run(
                [BUILD / "supervisor" / "troikactl", f"--state-dir={directory}", "status"],
                capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr),
                             (1, f"troikactl: no kube-apiserver runs on {directory}\n"))

    def test_a_config_file_is_checked(self):
        with tempfile.TemporaryDirectory(prefix="tk-") as directory:
            path = pathlib.Path(directory, "c")
            for text, status, message in (
                    ("advertise-address = \"192.0.2.1\";\n", 0, ""),
                    ("secure-port = 0;\n", 1, "Error: --secure-port 0 must be between"),
                    ("secure-port = x;\n", 1, f"Error: {path}:1: syntax error")):
                path.write_text(text)
                result = subprocess.run(
                    [BUILD / "supervisor" / "troikactl", "config", "check", path],
                    capture_output=True, text=True)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(message, result.stderr)
