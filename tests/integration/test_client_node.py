# SPDX-License-Identifier: Apache-2.0
"""@kubernetes/client-node: typed calls, and an informer that survives restarts."""

import os
import queue
import shutil
import subprocess
import threading
import unittest

from plane import CLIENTS, TOP, PlaneCase, wait_until


class ClientNode(PlaneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for script in (TOP / "tests" / "clients" / "node").glob("*.mjs"):
            shutil.copy(script, CLIENTS)  # beside node_modules, where imports are looked for

    def environment(self):
        return dict(os.environ, KUBECONFIG=str(self.plane.state_dir / "admin.kubeconfig"))

    def test_typed_calls(self):
        result = subprocess.run(
            ["node", str(CLIENTS / "typed.mjs")], capture_output=True, text=True, timeout=60,
            env=self.environment())
        self.assertEqual(result.stdout.strip(), "done", result.stderr)

    def test_an_informer_survives_a_restart(self):
        self.plane.kubectl("create", "namespace", "informed")
        process = subprocess.Popen(
            ["node", str(CLIENTS / "informer.mjs"), "informed"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=self.environment())
        lines = queue.Queue()
        threading.Thread(
            target=lambda: [lines.put(line.strip()) for line in process.stdout],
            daemon=True).start()
        seen = []

        def has_seen(line):
            while not lines.empty():
                seen.append(lines.get())
            return line in seen

        try:
            self.plane.kubectl("-n", "informed", "create", "configmap", "before")
            wait_until(lambda: has_seen("add before"), f"the first event; seen {seen}")
            for server in ("core-apiserver", "aggregator"):
                pid = self.plane.kill_server(server)
                wait_until(lambda: self.plane.server_pids().get(server, pid) != pid, "restart")
                self.plane.wait_ready()
                name = f"after-{server}"
                self.plane.kubectl("-n", "informed", "create", "configmap", name)
                wait_until(lambda: has_seen(f"add {name}"), f"event after restart; seen {seen}")
            self.plane.kubectl("-n", "informed", "delete", "configmap", "before")
            wait_until(lambda: has_seen("delete before"), f"the delete; seen {seen}")
            self.assertEqual(seen.count("add before"), 1)
        finally:
            process.stdin.close()
            process.wait(timeout=10)


if __name__ == "__main__":
    unittest.main()
