#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The supervisor with fake servers that only keep the contract: see fake_server.c."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

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

    def __init__(self, behaviours=None, flags=(), directory=None):
        self.owns_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="tk-"))
        self.directory.chmod(0o755)
        self.libexec = self.directory / "libexec"
        self.port = free_port()
        self.lines = []
        self.changed = threading.Condition()
        self.behaviours = behaviours or {}
        self.flags = list(flags)
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
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
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


class Lifecycle(unittest.TestCase):
    def test_all_servers_become_ready_and_get_their_listeners(self):
        with plane() as p:
            p.wait_ready()
            self.assertEqual(p.ask(), ["aggregator", str(p.pid("aggregator"))])
            addresses = dict(line.split() for line in
                             (p.directory / "state/run/addresses").read_text().splitlines())
            self.assertEqual(addresses["secure"], f"127.0.0.1:{p.port}")
            for name in PROGRAMS:
                self.assertEqual(p.ask(addresses[name]), [name, str(p.pid(name))])

    def test_servers_of_root_run_as_different_users_without_rights(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        with plane() as p:
            p.wait_ready()
            users = {event for _, event in p.events() if event.startswith("start")}
            self.assertEqual(len(users), 3)
            self.assertNotIn("start uid=0", users)
            for name in PROGRAMS:
                status = pathlib.Path(f"/proc/{p.pid(name)}/status").read_text()
                for line in ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000",
                             "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
                    self.assertIn(line, status)
                data = (p.directory / "state/data" / name).stat()
                self.assertEqual(data.st_mode & 0o777, 0o700)
                self.assertNotEqual(data.st_uid, 0)

    def test_a_user_from_the_config_file_is_taken(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        with plane() as p:
            p.process.kill()
            p.wait_exit()
        directory = tempfile.mkdtemp(prefix="tk-")
        try:
            config = pathlib.Path(directory) / "config"
            config.write_text('server-users: { core = "nobody"; };\n')
            with plane(flags=[f"--config={config}"], directory=directory) as p:
                p.wait_ready()
                self.assertIn(("core", "start uid=65534"), p.events())
        finally:
            shutil.rmtree(directory)

    def test_a_server_that_crashed_is_started_at_once_and_the_others_stay(self):
        with plane() as p:
            p.wait_ready()
            others = p.pid("aggregator"), p.pid("extensions")
            os.kill(p.pid("core"), signal.SIGKILL)
            p.wait_line(r"core \(process \d+\) was ended by signal 9")
            p.wait_line(r"Starting core again in 0 ms")
            p.wait_line(r"\bcore is ready", count=2)
            self.assertEqual((p.pid("aggregator"), p.pid("extensions")), others)

    def test_crashes_in_a_row_wait_twice_as_long_each_time(self):
        with plane({"extensions": "exit=1"}) as p:
            p.wait_line(r"Starting extensions again in 400 ms")
            waits = [m.group(1) for m in p.wait_line(r"Starting extensions again in (\d+) ms", 4)]
            self.assertEqual(waits[:4], ["0", "100", "200", "400"])
            self.assertFalse(any("Serving securely" in line for line in p.lines))

    def test_a_crash_before_ready_delays_ready_only(self):
        with plane({"core": "exit-once=1"}) as p:
            p.wait_ready()
            self.assertEqual(len(p.pids("core")), 2)

    def test_a_configuration_error_is_not_tried_again(self):
        with plane({"core": "exit=78"}) as p:
            self.assertEqual(p.wait_exit(), 3)
            p.wait_line(r"core \(process \d+\) ended with a configuration error")
            self.assertEqual(len(p.pids("core")), 1)

    def test_connections_wait_while_the_front_is_away(self):
        with plane() as p:
            p.wait_ready()
            first = p.pid("aggregator")
            (p.libexec / "aggregator.behaviour").write_text("exit-once=1")
            os.kill(first, signal.SIGKILL)
            for _ in range(20):
                name, pid = p.ask()
                self.assertEqual(name, "aggregator")
            self.assertNotEqual(int(pid), first)

    def test_sigterm_to_a_server_restarts_it(self):
        with plane() as p:
            p.wait_ready()
            os.kill(p.pid("extensions"), signal.SIGTERM)
            p.wait_line(r"extensions is ready", count=2)
            self.assertIn(("extensions", "TERM"), p.events())

    def test_output_is_forwarded_line_by_line(self):
        with plane({"core": "print"}) as p:
            p.wait_line(r"^core: a plain line$")
            p.wait_line(r"^I0102 03:04:05.000006       7 fake.c:1] a log line$")


class Logs(unittest.TestCase):
    def test_json_lines_come_from_all_processes(self):
        with plane({"core": "print"}, flags=["--logging-format=json"]) as p:
            p.wait_line(r'"msg":"Serving securely on ')
            p.wait_line(r"^core: a plain line$")
            for line in p.lines:
                if line.startswith("{"):
                    self.assertEqual(set(json.loads(line)) - {"v"}, {"ts", "caller", "msg"})

    def test_files_get_the_lines_of_their_severity_and_above(self):
        with tempfile.TemporaryDirectory(prefix="tk-") as logs:
            with plane({"core": "print"}, flags=["--logtostderr=false", f"--log-dir={logs}"]) as p:
                info = pathlib.Path(logs, "kube-apiserver.INFO")
                wait_until(lambda: info.exists() and "Serving securely" in info.read_text())
                wait_until(lambda: "core: a plain line\n" in info.read_text())
                os.kill(p.pid("core"), signal.SIGKILL)
                errors = pathlib.Path(logs, "kube-apiserver.ERROR")
                wait_until(lambda: "was ended by signal 9" in errors.read_text())
                self.assertIn("was ended by signal 9", info.read_text())
                self.assertNotIn("Serving", errors.read_text())
                self.assertTrue(info.read_text().startswith("Log file created at: "))
                self.assertRegex(os.readlink(info),
                                 rf"^kube-apiserver\.[^.]+\.\w+\.log\.INFO\.\d{{8}}-\d{{6}}\."
                                 rf"{p.process.pid}$")
                # Errors are worth being seen in any case.
                p.wait_line(r"was ended by signal 9")
                self.assertFalse(any("Serving" in line for line in p.lines))


class Servers(unittest.TestCase):
    def test_limits_of_a_server_are_set_before_it_starts(self):
        flags = ["--server-nice=extensions=7", "--server-memory-limits=extensions=64Ti",
                 "--server-cpus=extensions=0"]
        with plane(flags=flags) as p:
            p.wait_ready()
            pid = p.pid("extensions")
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, pid), 7)
            self.assertEqual(os.sched_getaffinity(pid), {0})
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, rf"Max address space +{64 << 40} ")
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, p.pid("core")), 0)

    def test_a_server_that_is_never_started_again_ends_all_in_order(self):
        with plane(flags=["--server-restart=core=never"]) as p:
            p.wait_ready()
            os.kill(p.pid("core"), signal.SIGKILL)
            self.assertEqual(p.wait_exit(), 1)
            p.wait_line(r"core is not to be started again")
            self.assertIn(("aggregator", "STOP"), p.events())
            self.assertEqual(len(p.pids("core")), 1)


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


class Shutdown(unittest.TestCase):
    ORDER = [
        ("core", "PRE_SHUTDOWN"), ("extensions", "PRE_SHUTDOWN"), ("aggregator", "PRE_SHUTDOWN"),
        ("aggregator", "DRAIN"), ("extensions", "STOP"), ("core", "STOP"), ("aggregator", "STOP"),
    ]

    def check_order(self, number):
        with plane() as p:
            p.wait_ready()
            p.process.send_signal(number)
            self.assertEqual(p.wait_exit(), 0)
            events = [e for e in p.events() if not e[1].startswith("start")]
            for name in PROGRAMS:
                self.assertLess(events.index((name, "NOT_READY")), events.index((name, "STOP")))
            self.assertEqual([e for e in events if e[1] != "NOT_READY"], self.ORDER)
            names = [m.group(1) for m in p.wait_line(r"shutdown event: (\w+)", 6)]
            self.assertEqual(names, [
                "ShutdownInitiated", "PreShutdownHooksStopped", "AfterShutdownDelayDuration",
                "NotAcceptingNewRequest", "InFlightRequestsDrained", "HTTPServerStoppedListening"])
            p.wait_line(r"\[pre-shutdown hook\] core: fake-hook-of-core ok")
            self.assertEqual(list((p.directory / "state/run").iterdir()), [])

    def test_sigterm_stops_in_order(self):
        self.check_order(signal.SIGTERM)

    def test_sigint_stops_in_order(self):
        self.check_order(signal.SIGINT)

    def test_a_second_signal_ends_all_at_once(self):
        with plane(flags=["--shutdown-delay-duration=1h"]) as p:
            p.wait_ready()
            p.process.terminate()
            p.wait_line(r"PreShutdownHooksStopped")
            self.assertEqual(p.ask()[0], "aggregator")
            pids = [p.pid(name) for name in PROGRAMS]
            p.process.terminate()
            self.assertEqual(p.wait_exit(), 1)
            self.assertFalse(any(map(is_alive, pids)))

    def test_the_delay_is_kept_before_requests_are_refused(self):
        with plane(flags=["--shutdown-delay-duration=300ms"]) as p:
            p.wait_ready()
            begin = time.monotonic()
            p.process.terminate()
            self.assertEqual(p.wait_exit(), 0)
            self.assertGreater(time.monotonic() - begin, 0.3)

    def test_requests_that_do_not_end_are_waited_for_until_the_timeout(self):
        with plane({"aggregator": "hang-drain"}, flags=["--request-timeout=200ms"]) as p:
            p.wait_ready()
            p.process.terminate()
            self.assertEqual(p.wait_exit(), 0)
            p.wait_line(r"did not end within the request timeout")

    def test_a_server_that_crashes_during_the_delay_comes_back(self):
        with plane(flags=["--shutdown-delay-duration=1h"]) as p:
            p.wait_ready()
            p.process.terminate()
            p.wait_line(r"PreShutdownHooksStopped")
            os.kill(p.pid("core"), signal.SIGKILL)
            p.wait_line(r"\bcore is ready", count=2)
            wait_until(lambda: p.events("core").count(("core", "NOT_READY")) == 2)

    def test_a_front_that_dies_while_it_drains_does_not_hold_the_rest(self):
        with plane({"aggregator": "hang-drain"}) as p:
            p.wait_ready()
            p.process.terminate()
            wait_until(lambda: ("aggregator", "DRAIN") in p.events())
            os.kill(p.pid("aggregator"), signal.SIGKILL)
            self.assertEqual(p.wait_exit(), 0)
            self.assertEqual(len(p.pids("aggregator")), 1)

    def test_a_server_that_does_not_stop_is_killed(self):
        with plane({"core": "hang-stop"}) as p:
            p.wait_ready()
            p.process.terminate()
            self.assertEqual(p.wait_exit(), 1)
            p.wait_line(r"core did not stop within 5000 ms")
            self.assertIn(("aggregator", "STOP"), p.events())

    def test_a_signal_before_all_are_ready_ends_in_order(self):
        with plane({"core": "never-ready"}) as p:
            p.wait_line(r"aggregator is ready")
            wait_until(lambda: p.pids("core"))
            p.process.terminate()
            self.assertEqual(p.wait_exit(), 0)
            self.assertIn(("core", "STOP"), p.events())

    def test_servers_end_when_the_supervisor_is_killed(self):
        with plane() as p:
            p.wait_ready()
            pids = [p.pid(name) for name in PROGRAMS]
            p.process.kill()
            p.wait_exit()
            wait_until(lambda: not any(map(is_alive, pids)))
            # A successor takes over the port and the sockets of the dead one.
            with contextlib.closing(Plane(directory=p.directory)) as successor:
                successor.port = p.port
                successor.start().wait_ready()
                self.assertEqual(successor.ask()[0], "aggregator")


class Manners(unittest.TestCase):
    def test_a_second_supervisor_on_the_same_directory_is_refused(self):
        with plane() as first:
            first.wait_ready()
            with plane(directory=first.directory) as second:
                self.assertEqual(second.wait_exit(), 1)
                second.wait_line(
                    rf"Error: another kube-apiserver \(process {first.process.pid}\) runs on ")
            self.assertEqual(first.ask()[0], "aggregator")

    def test_a_taken_port_is_named(self):
        with plane() as first:
            first.wait_ready()
            with contextlib.closing(Plane()) as second:
                second.port = first.port
                second.start()
                self.assertEqual(second.wait_exit(), 1)
                second.wait_line(r"Error: failed to create listener: failed to listen on "
                                 rf"127.0.0.1:{first.port}: Address already in use")

    def test_sighup_gives_the_servers_the_new_files(self):
        with plane({"core": "refuse-reload"}) as p:
            p.wait_ready()
            (p.directory / "ca").write_text("second ca")
            p.process.send_signal(signal.SIGHUP)
            p.wait_line(r"aggregator has reloaded")
            p.wait_line(r"core keeps its old settings: as it was told")
            self.assertIn(("aggregator", "RELOAD second ca"), p.events())
            (p.directory / "ca").unlink()
            p.process.send_signal(signal.SIGHUP)
            p.wait_line(r"Nothing is reloaded: unable to load client CA file: "
                        r"--client-ca-file: open .*/ca: No such file")
            self.assertEqual(p.events().count(("aggregator", "RELOAD second ca")), 1)

    def test_a_missing_file_is_named_at_start(self):
        with contextlib.closing(Plane(flags=["--token-auth-file=/nonexistent"])) as p:
            p.start()
            self.assertEqual(p.wait_exit(), 1)
            p.wait_line(r"Error: invalid authentication config: --token-auth-file: "
                        r"open /nonexistent: No such file or directory")

    def test_all_validation_errors_are_told_at_once(self):
        with plane(flags=["--secure-port=0", "--authorization-mode=X"]) as p:
            self.assertEqual(p.wait_exit(), 1)
            p.wait_line(r"Error: \[--secure-port 0 must be .*, authorization-mode \"X\" is not")

    def test_the_service_manager_is_told(self):
        with tempfile.TemporaryDirectory(prefix="tk-") as directory:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(f"{directory}/notify")
                manager.settimeout(DEADLINE_SECONDS)
                os.environ["NOTIFY_SOCKET"] = f"{directory}/notify"
                try:
                    with plane() as p:
                        self.assertTrue(manager.recv(999).startswith(b"READY=1\nSTATUS=Serving"))
                        p.process.terminate()
                        self.assertEqual(manager.recv(999), b"STOPPING=1")
                        self.assertEqual(p.wait_exit(), 0)
                finally:
                    del os.environ["NOTIFY_SOCKET"]

    def test_version_and_help_go_to_standard_output(self):
        program = BUILD / "supervisor" / "kube-apiserver"
        version = subprocess.run([program, "--version"], capture_output=True, text=True)
        self.assertEqual((version.returncode, version.stderr), (0, ""))
        self.assertRegex(version.stdout, r"^Kubernetes v\d+\.\d+\.\d+\n$")
        usage = subprocess.run([program, "--help"], capture_output=True, text=True)
        self.assertEqual((usage.returncode, usage.stderr), (0, ""))
        self.assertIn("--secure-port int", usage.stdout)
        unknown = subprocess.run([program, "--x"], capture_output=True, text=True)
        self.assertEqual((unknown.returncode, unknown.stderr), (1, "Error: unknown flag: --x\n"))

    def test_a_server_refuses_to_run_outside_the_contract(self):
        alone = subprocess.run([BUILD / "tests" / "fake_server"], capture_output=True, text=True)
        self.assertEqual(alone.returncode, 78)
        self.assertIn("descriptor 3 (control)", alone.stderr)

    def test_the_supervisor_links_no_tls_json_or_http_code(self):
        libraries = subprocess.run(["ldd", BUILD / "supervisor" / "kube-apiserver"],
                                   capture_output=True, text=True, check=True).stdout
        for name in ("ssl", "crypto", "yajl", "nghttp2", "event", "curl", "lmdb", "yaml"):
            self.assertNotIn(f"lib{name}", libraries)


if __name__ == "__main__":
    unittest.main(verbosity=2 if "-v" in sys.argv else 1)
