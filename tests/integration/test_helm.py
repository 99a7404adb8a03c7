# SPDX-License-Identifier: Apache-2.0
"""helm 4 with a small chart that brings a CRD."""

import json
import pathlib
import shutil
import tempfile
import unittest

from plane import PlaneCase

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: demo\nversion: {version}\n",
    "values.yaml": "greeting: hello\nreplicas: 1\n",
    "crds/widgets.yaml": """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.demo.example.com
spec:
  group: demo.example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer, minimum: 1, default: 3}
""",
    "templates/config.yaml": """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  greeting: {{ .Values.greeting | quote }}
""",
    "templates/deployment.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-app
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
    spec:
      containers:
      - name: app
        image: busybox:1
        ports:
        - {name: http, containerPort: 8080}
""",
    "templates/service.yaml": """
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {app: {{ .Release.Name }}}
  ports:
  - {name: http, port: 80, targetPort: http}
""",
    "templates/widget.yaml": """
apiVersion: demo.example.com/v1
kind: Widget
metadata:
  name: {{ .Release.Name }}-widget
spec: {}
""",
}


class Helm(PlaneCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="troika-chart-"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def write_chart(self, version):
        for name, text in CHART.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{version}", version))

    def greeting(self, release):
        return self.plane.kubectl(
            "get", "configmap", f"{release}-config", "-o", "jsonpath={.data.greeting}").stdout

    def life_of_a_release(self, release, *options):
        self.write_chart("1.0.0")
        self.plane.helm("install", release, str(self.folder), *options)
        self.assertEqual(self.greeting(release), "hello")
        widget = json.loads(
            self.plane.kubectl("get", "widget", f"{release}-widget", "-o", "json").stdout)
        self.assertEqual(widget["spec"]["size"], 3)
        self.assertIn("deployed", self.plane.helm("status", release).stdout)

        self.write_chart("1.1.0")
        self.plane.helm("upgrade", release, str(self.folder), "--set", "greeting=bye",
                        "--set", "replicas=2", *options)
        self.assertEqual(self.greeting(release), "bye")
        history = json.loads(self.plane.helm("history", release, "-o", "json").stdout)
        self.assertEqual([entry["status"] for entry in history], ["superseded", "deployed"])

        self.plane.helm("rollback", release, "1", *options)
        self.assertEqual(self.greeting(release), "hello")
        replicas = self.plane.kubectl(
            "get", "deployment", f"{release}-app", "-o", "jsonpath={.spec.replicas}").stdout
        self.assertEqual(replicas, "1")

        self.plane.helm("uninstall", release)
        gone = self.plane.kubectl("get", "configmap", f"{release}-config", check=False)
        self.assertIn("NotFound", gone.stderr)
        self.assertEqual(self.plane.helm("list", "-q").stdout.split(), [])

    def test_release_with_server_side_apply(self):
        self.life_of_a_release("applied", "--server-side=true")

    def test_release_with_client_side_apply(self):
        self.life_of_a_release("patched", "--server-side=false")


if __name__ == "__main__":
    unittest.main()
