# SPDX-License-Identifier: Apache-2.0
"""The supervisor with fake servers: their lives, its own, and its end."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from fake_plane import BUILD, DEADLINE_SECONDS, PROGRAMS, Plane, is_alive, plane, wait_until


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

