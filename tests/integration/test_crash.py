# SPDX-License-Identifier: Apache-2.0
"""Death by kill -9 under load: no acknowledged write is lost, no event is lost or doubled, and while
only an inner server dies no request fails."""

import collections
import http.client
import json
import os
import random
import threading
import time
import unittest

from plane import Plane, wait_until

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "5"))
# A server that has been ready this long is healthy: the supervisor starts it again at once.
HEALTHY_SECONDS = 1.0
WRITERS = 8
WATCHERS = 4
NETWORK_ERRORS = (OSError, http.client.HTTPException)

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "notes.crash.example.com"},
    "spec": {
        "group": "crash.example.com",
        "scope": "Namespaced",
        "names": {"plural": "notes", "singular": "note", "kind": "Note", "listKind": "NoteList"},
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }],
    },
}


class Target:
    def __init__(self, name, path, api_version, kind):
        self.name = name
        self.path = path
        self.api_version = api_version
        self.kind = kind

    def make(self, name, value):
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": {"name": name},
                "data": {"value": str(value)}}


CORE = Target("core", "/api/v1/namespaces/default/configmaps", "v1", "ConfigMap")
CUSTOM = Target("custom", "/apis/crash.example.com/v1/namespaces/default/notes",
                "crash.example.com/v1", "Note")


class Writer(threading.Thread):
    """Creates, updates and deletes objects of its own; remembers what was acknowledged."""

    def __init__(self, plane, target, index, stop):
        super().__init__(daemon=True)
        self.plane, self.target, self.index, self.stop = plane, target, index, stop
        self.random = random.Random(index)
        self.acknowledged = {}   # name -> value, or None once deleted
        self.unsure = {}         # name -> the values the object may have besides
        self.failures = []       # answers that were no success
        self.breaks = 0
        self.count = 0
        self.connection = None

    def ask(self, method, path, body=None):
        if self.connection is None:
            self.connection = self.plane.connect(timeout=60)
        try:
            answer = self.plane.request(method, path, body=body, connection=self.connection)
        except NETWORK_ERRORS:
            self.connection.close()
            self.connection = None
            raise
        return answer

    def step(self):
        self.count += 1
        living = [name for name, value in self.acknowledged.items()
                  if value is not None and name not in self.unsure]
        choice = self.random.random()
        if choice < 0.5 or not living:
            name = f"w{self.index}-{self.count}"
            self.write("POST", self.target.path, name, self.count)
        elif choice < 0.85:
            name = self.random.choice(living)
            self.write("PUT", f"{self.target.path}/{name}", name, self.count)
        else:
            name = self.random.choice(living)
            self.write("DELETE", f"{self.target.path}/{name}", name, None)

    def write(self, method, path, name, value):
        body = None if method == "DELETE" else self.target.make(name, value)
        if method == "PUT":
            live = self.ask("GET", path)
            if live.status != 200:
                self.failures.append((method, path, live.status, live.body[:300]))
                return
            body["metadata"] = live.json()["metadata"]
        try:
            answer = self.ask(method, path, body)
        except NETWORK_ERRORS:
            self.unsure.setdefault(name, {self.acknowledged.get(name)}).add(value)
            raise
        if answer.status not in (200, 201):
            self.failures.append((method, path, answer.status, answer.body[:300]))
            return
        self.acknowledged[name] = value

    def run(self):
        while not self.stop.is_set():
            try:
                self.step()
            except NETWORK_ERRORS:
                self.breaks += 1
                self.stop.wait(0.01)


class Watcher(threading.Thread):
    """Follows the collection from its list on; goes on after breaks from the last revision seen."""

    def __init__(self, plane, target, stop):
        super().__init__(daemon=True)
        self.plane, self.target, self.stop = plane, target, stop
        listed = plane.get(target.path).json()
        self.revision = int(listed["metadata"]["resourceVersion"])
        self.state = {item["metadata"]["name"]: item for item in listed.get("items") or []}
        self.seen = collections.Counter()
        self.problems = []
        self.resumes = 0

    def follow(self):
        connection = self.plane.connect(timeout=5)
        try:
            connection.request(
                "GET", f"{self.target.path}?watch=1&resourceVersion={self.revision}"
                       "&allowWatchBookmarks=true")
            answer = connection.getresponse()
            if answer.status != 200:
                return
            for line in answer:
                if not line.endswith(b"\n"):
                    return
                self.take(json.loads(line))
                if self.stop.is_set():
                    return
        finally:
            connection.close()

    def take(self, event):
        kind, item = event["type"], event["object"]
        if kind == "BOOKMARK":
            self.revision = int(item["metadata"]["resourceVersion"])
            return
        if kind == "ERROR":
            self.problems.append(item)
            return
        name, revision = item["metadata"]["name"], int(item["metadata"]["resourceVersion"])
        if revision <= self.revision:
            self.problems.append(f"event {revision} of {name} again, after {self.revision}")
        if kind == "ADDED" and name in self.state:
            self.problems.append(f"ADDED of {name}, which is there")
        if kind in ("MODIFIED", "DELETED") and name not in self.state:
            self.problems.append(f"{kind} of {name}, which is not there")
        self.revision = revision
        self.seen[kind] += 1
        if kind == "DELETED":
            self.state.pop(name, None)
        else:
            self.state[name] = item

    def run(self):
        while not self.stop.is_set():
            try:
                self.follow()
            except NETWORK_ERRORS:
                self.stop.wait(0.01)
            self.resumes += 1


class Crash(unittest.TestCase):
    def setUp(self):
        self.plane = Plane().start()
        self.addCleanup(self.plane.close)
        answer = self.plane.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
        self.assertEqual(answer.status, 201, answer.body)
        self.stop = threading.Event()

    def start_load(self):
        self.watchers = [Watcher(self.plane, target, self.stop)
                         for target in (CORE, CUSTOM) for _ in range(WATCHERS // 2)]
        self.writers = [Writer(self.plane, (CORE, CUSTOM)[i % 2], i, self.stop)
                        for i in range(WRITERS)]
        for thread in self.watchers + self.writers:
            thread.start()

    def acknowledged_count(self):
        return sum(writer.count for writer in self.writers)

    def let_work(self, steps=40):
        """Waits until the writers got some steps further (the plane is back at work) and every
        server counts as healthy again."""
        start, began = self.acknowledged_count(), time.monotonic()
        wait_until(lambda: self.acknowledged_count() >= start + steps
                   and time.monotonic() - began > HEALTHY_SECONDS * 1.2, "writers go on", 60)

    def collections(self):
        found = {}
        for target in (CORE, CUSTOM):
            listed = self.plane.get(target.path).json()
            found[target.name] = (
                int(listed["metadata"]["resourceVersion"]),
                {item["metadata"]["name"]: item for item in listed["items"]})
        return found

    def check_nothing_lost(self):
        found = self.collections()
        for writer in self.writers:
            items = found[writer.target.name][1]
            for name, value in writer.acknowledged.items():
                allowed = writer.unsure.get(name, set()) | {value}
                item = items.get(name)
                present = None if item is None else item["data"]["value"]
                self.assertIn(present, {None if v is None else str(v) for v in allowed},
                              f"{name}: acknowledged {value}, found {present}")
        for watcher in self.watchers:
            revision, items = found[watcher.target.name]
            self.assertEqual(watcher.problems, [])
            strip = lambda objects: {  # noqa: E731
                name: item["metadata"]["resourceVersion"] for name, item in objects.items()
                if name.startswith("w")}
            self.assertEqual(strip(watcher.state), strip(items))

    def let_watchers_catch_up(self):
        found = self.collections()
        last = {name: max([int(i["metadata"]["resourceVersion"]) for i in items.values()] or [0])
                for name, (_, items) in found.items()}
        for watcher in self.watchers:
            wait_until(lambda: watcher.revision >= last[watcher.target.name],
                       "watch catches up", 30)

    def kill_rounds(self, victims):
        self.start_load()
        self.let_work()
        for round_number in range(ROUNDS):
            victim = victims[round_number % len(victims)]
            if victim == "tree":
                self.plane.kill()
                self.plane.start(wait=False)
                self.plane.wait_ready(60)
            else:
                pid = self.plane.kill_server(victim)
                wait_until(lambda: self.plane.server_pids().get(victim, pid) != pid,
                           f"{victim} restarts", 30)
            self.let_work()
        self.stop_writers_then_watchers()

    def stop_writers_then_watchers(self):
        writers_stop, self.stop = self.stop, threading.Event()
        for watcher in self.watchers:
            watcher.stop = self.stop
        writers_stop.set()
        for writer in self.writers:
            writer.join(timeout=70)
            self.assertFalse(writer.is_alive(), "a request hangs")
        self.let_watchers_catch_up()
        self.check_nothing_lost()
        self.stop.set()
        for writer in self.writers:
            self.assertGreater(len(writer.acknowledged), ROUNDS, "a writer hardly wrote")

    def assert_no_failures(self):
        for writer in self.writers:
            self.assertEqual(writer.failures, [])
            self.assertEqual(writer.breaks, 0)

    def test_core_dies_and_no_request_fails(self):
        self.kill_rounds(["core-apiserver"])
        self.assert_no_failures()

    def test_extensions_dies_and_no_request_fails(self):
        self.kill_rounds(["extensions-apiserver"])
        self.assert_no_failures()

    def test_aggregator_dies_and_no_write_is_lost(self):
        self.kill_rounds(["aggregator"])

    def test_the_whole_tree_dies_and_no_write_is_lost(self):
        self.kill_rounds(["tree"])


if __name__ == "__main__":
    unittest.main()
