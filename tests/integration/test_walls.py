# SPDX-License-Identifier: Apache-2.0
"""What each process of a real plane is, may and holds."""

import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

from plane import PROGRAMS, Plane, PlaneCase, is_alive, wait_until

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.M))


class Walls(PlaneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pids = cls.plane.server_pids()

    def test_the_supervisor_links_no_tls_json_or_http(self):
        linked = subprocess.run(["ldd", str(PROGRAMS / "kube-apiserver")], capture_output=True,
                                text=True, check=True).stdout
        for library in ("ssl", "crypto", "yajl", "nghttp2", "event", "lmdb", "yaml", "curl"):
            self.assertNotIn(f"lib{library}", linked)

    def test_every_server_is_a_program_of_its_own(self):
        self.assertEqual(len(self.pids), 3)
        programs = {os.path.realpath(f"/proc/{pid}/exe") for pid in self.pids.values()}
        self.assertEqual(len(programs), 3)

    def test_servers_have_no_capabilities_and_gain_none(self):
        for name, pid in self.pids.items():
            status = status_of(pid)
            for which in ("CapEff", "CapPrm", "CapAmb"):
                self.assertEqual(int(status[which], 16), 0, f"{name} {which}")
            self.assertEqual(status["NoNewPrivs"], "1", name)
            self.assertEqual(status["Seccomp"], "2", name)

    @staticmethod
    def others_can_reach(folder):
        """A checkout below /root is closed to the servers' users; the supervisor then says so."""
        return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))

    def test_each_server_has_its_own_user_and_data(self):
        uids = {name: status_of(pid)["Uid"].split()[0] for name, pid in self.pids.items()}
        if os.geteuid() == 0 and self.others_can_reach(PROGRAMS.resolve()):
            self.assertEqual(len(set(uids.values())), 3, uids)
            self.assertNotIn("0", uids.values())
        else:
            self.assertIn("Walls missing: all servers run as the user of the supervisor",
                          self.plane.log_path.read_text())
        for folder in (self.plane.state_dir / "data").iterdir():
            self.assertEqual(folder.stat().st_mode & 0o077, 0, folder)
            self.assertIn(str(folder.stat().st_uid), uids.values())

    def test_private_sockets_are_not_for_everybody(self):
        for path in (self.plane.state_dir / "run").glob("*.sock"):
            self.assertEqual(path.stat().st_mode & 0o007, 0, path)


class Signals(unittest.TestCase):
    def setUp(self):
        self.plane = Plane()
        self.addCleanup(self.plane.close)

    def write_tokens(self, *tokens):
        path = self.plane.state_dir / "tokens.csv"
        path.write_text("".join(f'{token},{token},{token},"system:masters"\n' for token in tokens))
        return path

    def status_with(self, token):
        return self.plane.get("/api", with_certificate=False,
                              headers={"Authorization": f"Bearer {token}"}).status

    def test_hangup_takes_up_new_tokens_and_drops_old_ones(self):
        self.plane.flags.append(f"--token-auth-file={self.write_tokens('first')}")
        self.plane.start()
        self.assertEqual((self.status_with("first"), self.status_with("second")), (200, 401))
        pids = self.plane.server_pids()
        self.write_tokens("second")
        self.plane.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.status_with("second") == 200, "the new token is known")
        self.assertEqual(self.status_with("first"), 401)
        self.assertEqual(self.plane.server_pids(), pids)

    def test_hangup_takes_up_a_new_serving_certificate(self):
        self.plane.start()

        def fingerprint():
            connection = self.plane.connect()
            connection.connect()
            certificate = connection.sock.getpeercert(binary_form=True)
            connection.close()
            return certificate

        before = fingerprint()
        pki = self.plane.state_dir / "pki"
        for name in ("apiserver.crt", "apiserver.key"):
            (pki / name).unlink()
        (self.plane.state_dir / "admin.kubeconfig").unlink()
        self.plane.bootstrap()
        self.plane.process.send_signal(signal.SIGHUP)
        wait_until(lambda: fingerprint() != before, "the new certificate is shown")

    def test_terminating_one_server_restarts_it_without_notice(self):
        self.plane.start()
        for name in ("core-apiserver", "extensions-apiserver"):
            pid = self.plane.server_pids()[name]
            os.kill(pid, signal.SIGTERM)
            answer = self.plane.create(
                CONFIGMAPS, {"metadata": {"name": f"during-{name}"}})
            self.assertEqual(answer.status, 201, answer.body)
            wait_until(lambda: self.plane.server_pids().get(name, pid) != pid, f"{name} is back")
        self.assertEqual(self.plane.get("/readyz").status, 200)

    def test_readiness_goes_first_and_serving_last(self):
        self.plane.flags.append("--shutdown-delay-duration=2s")
        self.plane.start()
        began = time.monotonic()
        self.plane.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.plane.get("/readyz").status == 500, "readyz fails")
        self.assertEqual(self.plane.get("/livez").status, 200)
        self.assertEqual(self.plane.get(CONFIGMAPS).status, 200)
        self.assertIn(b"[-]shutdown failed: reason withheld", self.plane.get("/readyz").body)
        self.assertEqual(self.plane.process.wait(timeout=30), 0)
        self.assertGreater(time.monotonic() - began, 1.9)

    def test_a_second_signal_ends_at_once(self):
        self.plane.flags.append("--shutdown-delay-duration=1h")
        self.plane.start()
        pids = self.plane.server_pids()
        self.plane.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.plane.get("/readyz").status == 500, "readyz fails")
        self.plane.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.plane.process.wait(timeout=10), 1)
        for pid in pids.values():
            wait_until(lambda: not is_alive(pid), "the servers are gone")


if __name__ == "__main__":
    unittest.main()
