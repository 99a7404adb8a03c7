# SPDX-License-Identifier: Apache-2.0
"""Debian's python3-kubernetes: tests/clients/python says what it does."""

import os
import subprocess
import unittest

from plane import TOP, Plane

CASES = TOP / "tests" / "clients" / "python" / "client_cases.py"


class PythonClient(unittest.TestCase):
    def test_all_that_a_program_does_works(self):
        with Plane() as plane:
            # The system's own interpreter is the one that has the package.
            result = subprocess.run(
                ["/usr/bin/python3", "-B", "-W", "ignore::ResourceWarning", CASES], capture_output=True, text=True, timeout=120,
                env=dict(os.environ, KUBECONFIG=str(plane.state_dir / "admin.kubeconfig")))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertRegex(result.stderr, r"Ran 7 tests in ")
