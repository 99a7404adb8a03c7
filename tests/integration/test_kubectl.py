# SPDX-License-Identifier: Apache-2.0
"""kubectl, the current one and Debian's 1.20, doing what people do with it."""

import json
import re
import subprocess
import unittest

from plane import CLIENTS, PlaneCase

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: nginx
        image: nginx:1.25
        ports:
        - containerPort: 80
"""

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
"""


class KubectlCases:
    """Run for each kubectl; `program` says which."""

    program = None

    def setUp(self):
        self.namespace = re.sub(r"[^a-z0-9]+", "-", self._testMethodName.lower()).strip("-")[:50]
        self.kubectl("create", "namespace", self.namespace)

    def kubectl(self, *arguments, **options):
        return self.plane.kubectl(*arguments, program=self.program, **options)

    def here(self, *arguments, **options):
        return self.kubectl("-n", self.namespace, *arguments, **options)

    def test_create_get_and_delete_a_configmap(self):
        self.here("create", "configmap", "settings", "--from-literal=a=1", "--from-literal=b=two")
        data = json.loads(self.here("get", "configmap", "settings", "-o", "json").stdout)
        self.assertEqual(data["data"], {"a": "1", "b": "two"})
        self.assertEqual(data["kind"], "ConfigMap")
        self.assertRegex(data["metadata"]["uid"], r"^[0-9a-f-]{36}$")
        table = self.here("get", "configmap", "settings").stdout
        self.assertRegex(table, r"NAME +DATA +AGE\nsettings +2 +\d+s\n")
        value = self.here("get", "cm", "settings", "-o", "jsonpath={.data.b}").stdout
        self.assertEqual(value, "two")
        yaml = self.here("get", "cm", "settings", "-o", "yaml").stdout
        self.assertIn("b: two", yaml)
        self.here("delete", "configmap", "settings")
        gone = self.here("get", "configmap", "settings", check=False)
        self.assertEqual(gone.returncode, 1)
        self.assertIn('Error from server (NotFound): configmaps "settings" not found', gone.stderr)

    def test_apply_twice_changes_what_changed(self):
        self.here("apply", "-f", "-", stdin=DEPLOYMENT)
        again = self.here("apply", "-f", "-", stdin=DEPLOYMENT).stdout
        self.assertIn("deployment.apps/web unchanged", again)
        changed = self.here("apply", "-f", "-", stdin=DEPLOYMENT.replace("1.25", "1.26")).stdout
        self.assertIn("deployment.apps/web configured", changed)
        found = json.loads(self.here("get", "deploy", "web", "-o", "json").stdout)
        self.assertEqual(found["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1.26")
        self.assertEqual(found["metadata"]["generation"], 2)
        self.assertEqual(found["spec"]["strategy"]["rollingUpdate"]["maxSurge"], "25%")
        self.assertEqual(
            found["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent")

    def test_tables_have_upstreams_columns(self):
        self.here("apply", "-f", "-", stdin=DEPLOYMENT + "---" + SERVICE)
        self.here("run", "pod", "--image=busybox", "--restart=Never")
        deployments = self.here("get", "deployments").stdout
        self.assertRegex(
            deployments, r"NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0/2 +0 +0 +\d+s\n")
        wide = self.here("get", "deployments", "-o", "wide").stdout
        self.assertRegex(wide, r"CONTAINERS +IMAGES +SELECTOR\n.*nginx +nginx:1.25 +app=web")
        services = self.here("get", "services").stdout
        self.assertRegex(
            services,
            r"NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\n"
            r"web +ClusterIP +10\.0\.0\.\d+ +<none> +80/TCP +\d+s\n")
        pods = self.here("get", "pods").stdout
        self.assertRegex(pods, r"NAME +READY +STATUS +RESTARTS +AGE\npod +0/1 +Pending +0 +\d+s\n")
        everything = self.kubectl("get", "pods", "-A").stdout
        self.assertRegex(everything, rf"{self.namespace} +pod +0/1 +Pending")
        everything = self.here("get", "all").stdout
        for name in ("pod/pod", "service/web", "deployment.apps/web"):
            self.assertIn(name, everything)

    def test_selectors_and_sorting(self):
        for name, tier in (("c", "back"), ("a", "front"), ("b", "front")):
            self.here("create", "configmap", name)
            self.here("label", "configmap", name, f"tier={tier}")
        front = self.here("get", "cm", "-l", "tier=front", "-o", "name").stdout.split()
        self.assertEqual(front, ["configmap/a", "configmap/b"])
        either = self.here("get", "cm", "-l", "tier in (back)", "-o", "name").stdout.split()
        self.assertEqual(either, ["configmap/c"])
        without = self.here("get", "cm", "-l", "!tier", "-o", "name").stdout.split()
        self.assertNotIn("configmap/a", without)
        one = self.here("get", "cm", "--field-selector", "metadata.name=b", "-o", "name").stdout
        self.assertEqual(one.split(), ["configmap/b"])
        sorted_names = self.here(
            "get", "cm", "-l", "tier", "--sort-by=.metadata.labels.tier", "-o", "name").stdout
        self.assertEqual(sorted_names.split()[0], "configmap/c")
        bad = self.here("get", "cm", "--field-selector", "data.x=1", check=False)
        self.assertEqual(bad.returncode, 1)
        self.assertIn('"data.x" is not a known field selector', bad.stderr)

    def test_label_annotate_and_edit(self):
        self.here("create", "configmap", "c", "--from-literal=a=old")
        self.here("label", "cm", "c", "color=red")
        refused = self.here("label", "cm", "c", "color=blue", check=False)
        self.assertIn("already has a value", refused.stderr)
        self.here("label", "cm", "c", "color=blue", "--overwrite")
        self.here("annotate", "cm", "c", "note=hello world")
        self.here("label", "cm", "c", "color-")
        subprocess.run(
            [self.program or str(CLIENTS / "bin" / "kubectl"), "-n", self.namespace, "edit",
             "cm", "c"],
            check=True, capture_output=True,
            env={"KUBECONFIG": str(self.plane.state_dir / "admin.kubeconfig"),
                 "KUBE_EDITOR": "sed -i s/old/new/", "PATH": "/usr/bin:/bin",
                 "HOME": str(self.plane.state_dir)})
        found = json.loads(self.here("get", "cm", "c", "-o", "json").stdout)
        self.assertEqual(found["data"]["a"], "new")
        self.assertEqual(found["metadata"]["annotations"]["note"], "hello world")
        self.assertNotIn("labels", found["metadata"])

    def test_three_kinds_of_patch(self):
        self.here("apply", "-f", "-", stdin=DEPLOYMENT)
        self.here("patch", "deploy", "web", "--type=json", "-p",
                  '[{"op":"replace","path":"/spec/replicas","value":3}]')
        self.here("patch", "deploy", "web", "--type=merge", "-p",
                  '{"metadata":{"labels":{"x":"y"}}}')
        self.here("patch", "deploy", "web", "-p",
                  '{"spec":{"template":{"spec":{"containers":'
                  '[{"name":"side","image":"busybox"}]}}}}')
        found = json.loads(self.here("get", "deploy", "web", "-o", "json").stdout)
        self.assertEqual(found["spec"]["replicas"], 3)
        self.assertEqual(found["metadata"]["labels"], {"app": "web", "x": "y"})
        names = [c["name"] for c in found["spec"]["template"]["spec"]["containers"]]
        self.assertEqual(sorted(names), ["nginx", "side"])
        bad = self.here("patch", "deploy", "web", "--type=json", "-p",
                        '[{"op":"remove","path":"/spec/nothing"}]', check=False)
        self.assertEqual(bad.returncode, 1)

    def test_scale(self):
        self.here("apply", "-f", "-", stdin=DEPLOYMENT)
        self.here("scale", "deployment", "web", "--replicas=5")
        count = self.here("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").stdout
        self.assertEqual(count, "5")
        generation = self.here(
            "get", "deploy", "web", "-o", "jsonpath={.metadata.generation}").stdout
        self.assertEqual(generation, "2")

    def test_describe(self):
        self.here("apply", "-f", "-", stdin=DEPLOYMENT + "---" + SERVICE)
        text = self.here("describe", "deployment", "web").stdout
        self.assertRegex(text, r"Image: +nginx:1.25")
        self.assertRegex(text, r"StrategyType: +RollingUpdate")
        text = self.here("describe", "service", "web").stdout
        self.assertRegex(text, r"Type: +ClusterIP")

    def test_delete_waits_and_knows_finalizers(self):
        self.here("create", "configmap", "held")
        self.here("patch", "cm", "held", "--type=merge", "-p",
                  '{"metadata":{"finalizers":["example.com/hold"]}}')
        self.here("delete", "cm", "held", "--wait=false")
        found = json.loads(self.here("get", "cm", "held", "-o", "json").stdout)
        self.assertIn("deletionTimestamp", found["metadata"])
        self.here("patch", "cm", "held", "--type=merge", "-p",
                  '{"metadata":{"finalizers":null}}')
        gone = self.here("get", "cm", "held", check=False)
        self.assertIn("NotFound", gone.stderr)
        self.here("create", "configmap", "plain")
        self.here("delete", "cm", "plain", "--wait=true", "--timeout=10s")

    def test_cascade_sets_the_collectors_finalizers(self):
        self.here("apply", "-f", "-", stdin=DEPLOYMENT)
        self.here("delete", "deploy", "web", "--cascade=orphan", "--wait=false")
        found = json.loads(self.here("get", "deploy", "web", "-o", "json").stdout)
        self.assertEqual(found["metadata"]["finalizers"], ["orphan"])
        self.here("patch", "deploy", "web", "--type=merge", "-p",
                  '{"metadata":{"finalizers":[]}}')
        self.assertIn("NotFound", self.here("get", "deploy", "web", check=False).stderr)

    def test_watch_shows_changes(self):
        self.here("create", "configmap", "w")
        watch = subprocess.Popen(
            [self.program or str(CLIENTS / "bin" / "kubectl"), "-n", self.namespace, "get", "cm",
             "-w", "-o", "name"],
            stdout=subprocess.PIPE, text=True,
            env={"KUBECONFIG": str(self.plane.state_dir / "admin.kubeconfig"),
                 "PATH": "/usr/bin:/bin", "HOME": str(self.plane.state_dir)})
        try:
            self.assertEqual(watch.stdout.readline().strip(), "configmap/w")
            self.here("label", "cm", "w", "seen=yes")
            self.assertEqual(watch.stdout.readline().strip(), "configmap/w")
            self.here("create", "configmap", "w2")
            self.assertEqual(watch.stdout.readline().strip(), "configmap/w2")
        finally:
            watch.kill()
            watch.communicate()

    def test_wait_for_a_condition(self):
        self.here("apply", "-f", "-", stdin=DEPLOYMENT)
        waiting = subprocess.Popen(
            [self.program or str(CLIENTS / "bin" / "kubectl"), "-n", self.namespace, "wait",
             "deployment/web", "--for=condition=Available", "--timeout=30s"],
            stdout=subprocess.PIPE, text=True,
            env={"KUBECONFIG": str(self.plane.state_dir / "admin.kubeconfig"),
                 "PATH": "/usr/bin:/bin", "HOME": str(self.plane.state_dir)})
        status = {"status": {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2,
                             "observedGeneration": 1,
                             "conditions": [{"type": "Available", "status": "True",
                                             "reason": "MinimumReplicasAvailable"}]}}
        answer = self.plane.request(
            "PATCH", f"/apis/apps/v1/namespaces/{self.namespace}/deployments/web/status",
            body=json.dumps(status),
            headers={"Content-Type": "application/merge-patch+json"})
        self.assertEqual(answer.status, 200, answer.body)
        output, _ = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 0)
        self.assertIn("condition met", output)

    def test_api_resources_and_versions(self):
        resources = self.kubectl("api-resources").stdout
        self.assertRegex(resources, r"deployments +deploy +apps/v1 +true +Deployment")
        self.assertRegex(resources, r"pods +po +v1 +true +Pod")
        self.assertRegex(resources, r"customresourcedefinitions +crd,crds +apiextensions.k8s.io/v1")
        versions = self.kubectl("api-versions").stdout.split()
        for version in ("v1", "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1",
                        "apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1"):
            self.assertIn(version, versions)

    def test_version(self):
        version = json.loads(self.kubectl("version", "-o", "json").stdout)
        self.assertEqual(version["serverVersion"]["major"], "1")

    def test_auth_can_i(self):
        self.assertEqual(self.kubectl("auth", "can-i", "create", "pods").stdout.strip(), "yes")
        self.kubectl("create", "clusterrole", f"reader-{self.namespace}", "--verb=get,list",
                     "--resource=configmaps")
        self.here("create", "rolebinding", "reader", f"--clusterrole=reader-{self.namespace}",
                  "--user=jane")
        allowed = self.here("auth", "can-i", "list", "configmaps", "--as=jane", check=False)
        denied = self.here("auth", "can-i", "delete", "configmaps", "--as=jane", check=False)
        self.assertEqual((allowed.stdout.strip(), denied.stdout.strip()), ("yes", "no"))

    def test_errors_are_upstreams(self):
        self.here("create", "configmap", "twice")
        twice = self.here("create", "configmap", "twice", check=False)
        self.assertIn('configmaps "twice" already exists', twice.stderr)
        bad = self.here("create", "configmap", "Bad_Name", check=False)
        self.assertIn("a lowercase RFC 1123 subdomain must consist of", bad.stderr)
        nowhere = self.kubectl("-n", "missing", "create", "configmap", "x", check=False)
        self.assertIn('namespaces "missing" not found', nowhere.stderr)
        invalid = self.here("apply", "-f", "-",
                            stdin=DEPLOYMENT.replace("labels: {app: web}\n    spec",
                                                     "labels: {app: other}\n    spec"), check=False)
        self.assertIn("`selector` does not match template `labels`", invalid.stderr)

    def test_namespace_lifecycle(self):
        name = f"{self.namespace}-x"
        self.kubectl("create", "namespace", name)
        found = json.loads(self.kubectl("get", "ns", name, "-o", "json").stdout)
        self.assertEqual(found["metadata"]["labels"], {"kubernetes.io/metadata.name": name})
        self.assertEqual(found["spec"]["finalizers"], ["kubernetes"])
        self.kubectl("delete", "namespace", name, "--wait=false")
        found = json.loads(self.kubectl("get", "ns", name, "-o", "json").stdout)
        self.assertEqual(found["status"]["phase"], "Terminating")
        refused = self.kubectl("-n", name, "create", "configmap", "late", check=False)
        self.assertIn("because it is being terminated", refused.stderr)
        found["spec"]["finalizers"] = []
        answer = self.plane.request("PUT", f"/api/v1/namespaces/{name}/finalize", body=found)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(self.plane.get(f"/api/v1/namespaces/{name}").status, 404)
        immortal = self.kubectl("delete", "namespace", "default", check=False)
        self.assertIn("this namespace may not be deleted", immortal.stderr)


    def test_log_of_a_pod_that_is_placed_nowhere_is_empty(self):
        self.here("run", "idle", "--image=busybox", "--restart=Never")
        self.assertEqual(self.here("logs", "idle").stdout, "")


class CurrentKubectl(KubectlCases, PlaneCase):
    is_new = True

    def make_pods(self, *names):
        pod = {"metadata": {"labels": {"app": "guarded"}},
               "spec": {"containers": [{"name": "c", "image": "busybox"}]}}
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        for name in names:
            pod["metadata"]["name"] = name
            self.assertEqual(self.plane.create(path, pod).status, 201)
            answer = self.plane.request(
                "PATCH", f"{path}/{name}/status",
                body=json.dumps({"status": {"phase": "Running", "conditions": [
                    {"type": "Ready", "status": "True"}]}}),
                headers={"Content-Type": "application/merge-patch+json"})
            self.assertEqual(answer.status, 200, answer.body)
        return path

    def test_eviction_keeps_to_the_disruption_budget(self):
        path = self.make_pods("one", "two")
        self.here("create", "pdb", "guard", "--selector=app=guarded", "--min-available=1")
        budget = f"/apis/policy/v1/namespaces/{self.namespace}/poddisruptionbudgets/guard"
        answer = self.plane.request(
            "PATCH", f"{budget}/status",
            body=json.dumps({"status": {"disruptionsAllowed": 1, "currentHealthy": 2,
                                        "desiredHealthy": 1, "expectedPods": 2,
                                        "observedGeneration": 1}}),
            headers={"Content-Type": "application/merge-patch+json"})
        self.assertEqual(answer.status, 200, answer.body)

        def evict(name):
            return self.plane.create(f"{path}/{name}/eviction", {
                "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})

        self.assertEqual(evict("one").status, 201)
        self.assertEqual(self.plane.get(f"{path}/one").status, 404)
        left = self.plane.get(budget).json()["status"]
        self.assertEqual((left["disruptionsAllowed"], list(left["disruptedPods"])), (0, ["one"]))
        refused = evict("two")
        self.assertEqual(refused.status, 429, refused.body)
        self.assertEqual(refused.json()["details"]["causes"][0]["reason"], "DisruptionBudget")
        self.assertEqual(self.plane.get(f"{path}/two").status, 200)

    def test_server_side_apply_and_conflict(self):
        self.here("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT)
        self.here("scale", "deployment", "web", "--replicas=4")
        conflict = self.here("apply", "--server-side", "--field-manager=other", "-f", "-",
                             stdin=DEPLOYMENT, check=False)
        self.assertIn("conflict", conflict.stderr)
        self.here("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f",
                  "-", stdin=DEPLOYMENT)
        count = self.here("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").stdout
        self.assertEqual(count, "2")

    def test_strict_validation_names_the_unknown_field(self):
        bad = self.here("apply", "-f", "-", check=False,
                        stdin=DEPLOYMENT.replace("replicas: 2", "replicaz: 2"))
        self.assertIn('unknown field "spec.replicaz"', bad.stderr)


class OldKubectl(KubectlCases, PlaneCase):
    """Debian's kubectl 1.20."""

    is_new = False
    program = str(CLIENTS / "bin" / "kubectl-1.20")


if __name__ == "__main__":
    unittest.main()
