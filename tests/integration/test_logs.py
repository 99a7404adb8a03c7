# SPDX-License-Identifier: Apache-2.0
"""Where the log goes."""

import contextlib
import json
import os
import pathlib
import signal
import tempfile
import unittest

from fake_plane import plane, wait_until


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

    @contextlib.contextmanager
    def folder_plane(self, *flags):
        """A plane that logs to files in a folder."""
        with tempfile.TemporaryDirectory(prefix="tk-") as folder:
            with plane({"core": "print"},
                       flags=["--logtostderr=false", f"--log-dir={folder}", *flags]) as p:
                info = pathlib.Path(folder, "kube-apiserver.INFO")
                wait_until(lambda: info.exists() and "Serving securely" in info.read_text())
                yield p, pathlib.Path(folder)

    def test_lines_go_to_files_and_standard_error(self):
        with self.folder_plane("--alsologtostderr") as (p, folder):
            p.wait_line(r"Serving securely on ")

    def test_the_threshold_says_what_is_shown_beside_the_files(self):
        with self.folder_plane("--stderrthreshold=FATAL") as (p, folder):
            os.kill(p.pid("core"), signal.SIGKILL)
            errors = folder / "kube-apiserver.ERROR"
            wait_until(lambda: "was ended by signal 9" in errors.read_text())
            os.kill(p.process.pid, signal.SIGTERM)
            self.assertEqual(p.wait_exit(), 0)
            # What is told of the flags comes before there is a log.
            self.assertEqual([line for line in p.lines if not line.startswith("Flag --")], [])

    def test_one_output_writes_a_line_once_and_headers_can_be_left_out(self):
        with self.folder_plane("--one-output", "--skip-log-headers") as (p, folder):
            os.kill(p.pid("core"), signal.SIGKILL)
            errors = folder / "kube-apiserver.ERROR"
            wait_until(lambda: "was ended by signal 9" in errors.read_text())
            os.kill(p.process.pid, signal.SIGTERM)
            self.assertEqual(p.wait_exit(), 0)
            info = (folder / "kube-apiserver.INFO").read_text()
            self.assertNotIn("was ended by signal 9", info)
            self.assertNotIn("Log file created", info + errors.read_text())

    def test_one_file_takes_all_and_is_cut_at_its_size(self):
        with tempfile.TemporaryDirectory(prefix="tk-") as folder:
            path = pathlib.Path(folder, "all.log")
            path.write_text("x" * ((1 << 20) - 300) + "\n")
            with plane(flags=["--logtostderr=false", f"--log-file={path}",
                              "--log-file-max-size=1"]) as p:
                wait_until(lambda: "Serving securely" in path.read_text())
                self.assertLess(path.stat().st_size, 1 << 20)
                self.assertFalse(path.read_text().startswith("x"))
                os.kill(p.pid("core"), signal.SIGKILL)
                wait_until(lambda: "was ended by signal 9" in path.read_text())

    def test_errors_and_the_rest_part_ways(self):
        for flag, form in (("--log-text-split-stream", "text"),
                           ("--log-json-split-stream", "json")):
            with self.subTest(flag), tempfile.TemporaryFile("w+") as output:
                with plane(flags=[flag, f"--logging-format={form}"], stdout=output) as p:
                    wait_until(lambda: "Serving securely" in self.content(output))
                    os.kill(p.pid("core"), signal.SIGKILL)
                    p.wait_line("was ended by signal 9")
                    self.assertNotIn("was ended by signal 9", self.content(output))
                    self.assertFalse(any("Serving securely" in line for line in p.lines))

    @staticmethod
    def content(file):
        file.seek(0)
        return file.read()

    def test_a_module_of_its_own_verbosity(self):
        with plane(flags=["-v=0", "--vmodule=sup_flag=1"]) as p:
            p.wait_ready()
            self.assertTrue(any('FLAG: --secure-port="' in line for line in p.lines))
        with plane(flags=["-v=0", "--vmodule=other=9"]) as p:
            p.wait_ready()
            self.assertFalse(any("FLAG: " in line for line in p.lines))

    def test_files_that_were_moved_away_are_begun_anew_by_a_reload(self):
        with tempfile.TemporaryDirectory(prefix="tk-") as folder:
            path = pathlib.Path(folder, "all.log")
            with plane(flags=["--logtostderr=false", f"--log-file={path}"]) as p:
                wait_until(lambda: path.exists() and "Serving securely" in path.read_text())
                old = path.rename(path.with_suffix(".old"))
                os.kill(p.process.pid, signal.SIGHUP)
                wait_until(lambda: path.exists() and "Reloading" in path.read_text())
                self.assertNotIn("Reloading", old.read_text())
                os.kill(p.pid("core"), signal.SIGKILL)
                wait_until(lambda: "was ended by signal 9" in path.read_text())
