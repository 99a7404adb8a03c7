#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command lines of real installations, and what the program says of good and bad ones."""

import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from plane import PROGRAMS, Plane# noqa: E402  (found by the line above)

PROGRAM = PROGRAMS / "kube-apiserver"

# Paths are below a folder of the test. K3s adds --advertise-port, which is its own and not here.
KUBEADM_1_12 = """
    --authorization-mode=Node,RBAC
    --advertise-address=192.168.0.10
    --allow-privileged=true
    --client-ca-file=@/ca.crt
    --enable-admission-plugins=NodeRestriction
    --enable-bootstrap-token-auth=true
    --etcd-cafile=@/etcd-ca.crt
    --etcd-certfile=@/etcd-client.crt
    --etcd-keyfile=@/etcd-client.key
    --etcd-servers=https://127.0.0.1:2379
    --insecure-port=0
    --kubelet-client-certificate=@/kubelet-client.crt
    --kubelet-client-key=@/kubelet-client.key
    --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
    --proxy-client-cert-file=@/front-proxy.crt
    --proxy-client-key-file=@/front-proxy.key
    --requestheader-allowed-names=front-proxy-client
    --requestheader-client-ca-file=@/front-proxy-ca.crt
    --requestheader-extra-headers-prefix=X-Remote-Extra-
    --requestheader-group-headers=X-Remote-Group
    --requestheader-username-headers=X-Remote-User
    --secure-port=6443
    --service-account-key-file=@/sa.pub
    --service-cluster-ip-range=10.96.0.0/12
    --tls-cert-file=@/apiserver.crt
    --tls-private-key-file=@/apiserver.key
"""

KUBEADM_1_36 = """
    --advertise-address=192.168.0.10
    --allow-privileged=true
    --authorization-mode=Node,RBAC
    --client-ca-file=@/ca.crt
    --enable-admission-plugins=NodeRestriction
    --enable-bootstrap-token-auth=true
    --etcd-cafile=@/etcd-ca.crt
    --etcd-certfile=@/etcd-client.crt
    --etcd-keyfile=@/etcd-client.key
    --etcd-servers=https://127.0.0.1:2379
    --kubelet-client-certificate=@/kubelet-client.crt
    --kubelet-client-key=@/kubelet-client.key
    --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
    --proxy-client-cert-file=@/front-proxy.crt
    --proxy-client-key-file=@/front-proxy.key
    --requestheader-allowed-names=front-proxy-client
    --requestheader-client-ca-file=@/front-proxy-ca.crt
    --requestheader-extra-headers-prefix=X-Remote-Extra-
    --requestheader-group-headers=X-Remote-Group
    --requestheader-username-headers=X-Remote-User
    --secure-port=6443
    --service-account-issuer=https://kubernetes.default.svc.cluster.local
    --service-account-key-file=@/sa.pub
    --service-account-signing-key-file=@/sa.key
    --service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112
    --tls-cert-file=@/apiserver.crt
    --tls-private-key-file=@/apiserver.key
"""

HARD_WAY_1_12 = """
    --advertise-address=10.240.0.10
    --allow-privileged=true
    --apiserver-count=3
    --audit-log-maxage=30
    --audit-log-maxbackup=3
    --audit-log-maxsize=100
    --audit-log-path=@/audit.log
    --authorization-mode=Node,RBAC
    --bind-address=0.0.0.0
    --client-ca-file=@/ca.crt
    --enable-admission-plugins=Initializers,NamespaceLifecycle,NodeRestriction,LimitRanger,ServiceAccount,DefaultStorageClass,ResourceQuota
    --enable-swagger-ui=true
    --etcd-cafile=@/ca.crt
    --etcd-certfile=@/kubernetes.crt
    --etcd-keyfile=@/kubernetes.key
    --etcd-servers=https://10.240.0.10:2379,https://10.240.0.11:2379,https://10.240.0.12:2379
    --event-ttl=1h
    --experimental-encryption-provider-config=@/encryption-config.yaml
    --kubelet-certificate-authority=@/ca.crt
    --kubelet-client-certificate=@/kubernetes.crt
    --kubelet-client-key=@/kubernetes.key
    --kubelet-https=true
    --runtime-config=api/all
    --service-account-key-file=@/service-account.crt
    --service-cluster-ip-range=10.32.0.0/24
    --service-node-port-range=30000-32767
    --tls-cert-file=@/kubernetes.crt
    --tls-private-key-file=@/kubernetes.key
    --v=2
"""

HARD_WAY_1_36 = """
    --allow-privileged=true
    --audit-log-maxage=30
    --audit-log-maxbackup=3
    --audit-log-maxsize=100
    --audit-log-path=@/audit.log
    --authorization-mode=Node,RBAC
    --bind-address=0.0.0.0
    --client-ca-file=@/ca.crt
    --enable-admission-plugins=NamespaceLifecycle,NodeRestriction,LimitRanger,ServiceAccount,DefaultStorageClass,ResourceQuota
    --etcd-servers=http://127.0.0.1:2379
    --event-ttl=1h
    --encryption-provider-config=@/encryption-config.yaml
    --kubelet-certificate-authority=@/ca.crt
    --kubelet-client-certificate=@/kube-api-server.crt
    --kubelet-client-key=@/kube-api-server.key
    --runtime-config=api/all=true
    --service-account-key-file=@/service-accounts.crt
    --service-account-signing-key-file=@/service-accounts.key
    --service-account-issuer=https://server.kubernetes.local:6443
    --service-node-port-range=30000-32767
    --tls-cert-file=@/kube-api-server.crt
    --tls-private-key-file=@/kube-api-server.key
    --advertise-address=10.240.0.10
    --v=2
"""

K3S_1_18 = """
    --allow-privileged=true
    --anonymous-auth=false
    --api-audiences=unknown
    --authorization-mode=Node,RBAC
    --basic-auth-file=@/passwd
    --bind-address=127.0.0.1
    --cert-dir=@/temporary-certs
    --client-ca-file=@/client-ca.crt
    --enable-admission-plugins=NodeRestriction
    --etcd-servers=unix://kine.sock
    --insecure-port=0
    --kubelet-certificate-authority=@/server-ca.crt
    --kubelet-client-certificate=@/client-kube-apiserver.crt
    --kubelet-client-key=@/client-kube-apiserver.key
    --proxy-client-cert-file=@/client-auth-proxy.crt
    --proxy-client-key-file=@/client-auth-proxy.key
    --requestheader-allowed-names=system:auth-proxy
    --requestheader-client-ca-file=@/request-header-ca.crt
    --requestheader-extra-headers-prefix=X-Remote-Extra-
    --requestheader-group-headers=X-Remote-Group
    --requestheader-username-headers=X-Remote-User
    --secure-port=6444
    --service-account-issuer=k3s
    --service-account-key-file=@/service.key
    --service-account-signing-key-file=@/service.key
    --service-cluster-ip-range=10.43.0.0/16
    --storage-backend=etcd3
    --tls-cert-file=@/serving-kube-apiserver.crt
    --tls-private-key-file=@/serving-kube-apiserver.key
    --advertise-address=10.0.0.5
"""

K3S_1_36 = """
    --advertise-address=10.0.0.5
    --allow-privileged=true
    --anonymous-auth=false
    --api-audiences=https://kubernetes.default.svc.cluster.local,k3s
    --authorization-mode=Node,RBAC
    --bind-address=127.0.0.1
    --cert-dir=@/temporary-certs
    --client-ca-file=@/client-ca.crt
    --egress-selector-config-file=@/egress-selector-config.yaml
    --enable-admission-plugins=NodeRestriction
    --enable-aggregator-routing=true
    --enable-bootstrap-token-auth=true
    --etcd-servers=unix://kine.sock
    --kubelet-certificate-authority=@/server-ca.crt
    --kubelet-client-certificate=@/client-kube-apiserver.crt
    --kubelet-client-key=@/client-kube-apiserver.key
    --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
    --proxy-client-cert-file=@/client-auth-proxy.crt
    --proxy-client-key-file=@/client-auth-proxy.key
    --requestheader-allowed-names=system:auth-proxy
    --requestheader-client-ca-file=@/request-header-ca.crt
    --requestheader-extra-headers-prefix=X-Remote-Extra-
    --requestheader-group-headers=X-Remote-Group
    --requestheader-username-headers=X-Remote-User
    --secure-port=6444
    --service-account-issuer=https://kubernetes.default.svc.cluster.local
    --service-account-key-file=@/service.key
    --service-account-signing-key-file=@/service.current.key
    --service-cluster-ip-range=10.43.0.0/16
    --service-node-port-range=30000-32767
    --storage-backend=etcd3
    --tls-cert-file=@/serving-kube-apiserver.crt
    --tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    --tls-private-key-file=@/serving-kube-apiserver.key
"""


def run(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          env=dict(os.environ, **environment), stdin=subprocess.DEVNULL)


class Manifests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="tk-")
        self.addCleanup(self.folder.cleanup)

    def flags_of(self, manifest):
        flags = manifest.replace("@", self.folder.name).split()
        for path in re.findall(re.escape(self.folder.name) + r"[^ ,]*", " ".join(flags)):
            pathlib.Path(path).write_text(f"contents of {path}\n")
        return flags

    def check(self, manifest):
        flags = self.flags_of(manifest)
        # Every path is read, and nothing is found wrong.
        result = run(*flags, "--validate-only")
        self.assertNotIn("Error:", result.stderr)
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        # What is printed means the same again.
        printed = run(*flags, "--print-config")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        config = pathlib.Path(self.folder.name, "printed.conf")
        config.write_text(printed.stdout)
        again = run(f"--config={config}", "--print-config")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.settings(again.stdout), self.settings(printed.stdout))
        return printed.stdout

    @staticmethod
    def settings(text):
        return [line.removesuffix(" # default") for line in text.splitlines()]

    def test_kubeadm_1_12(self):
        config = self.check(KUBEADM_1_12)
        self.assertIn('authorization-mode = [ "Node", "RBAC" ];', config)
        self.assertIn('storage-backend = "etcd3";', config)

    def test_kubeadm_1_36(self):
        config = self.check(KUBEADM_1_36)
        self.assertIn(
            'api-audiences = [ "https://kubernetes.default.svc.cluster.local" ];', config)

    def test_the_hard_way_1_12(self):
        config = self.check(HARD_WAY_1_12)
        self.assertIn(f'encryption-provider-config = "{self.folder.name}/', config)

    def test_the_hard_way_1_36(self):
        self.check(HARD_WAY_1_36)

    def test_k3s_1_18(self):
        self.check(K3S_1_18)

    def test_k3s_1_36(self):
        self.check(K3S_1_36)

    def test_deprecated_flags_of_the_hard_way_are_told(self):
        result = run(*self.flags_of(HARD_WAY_1_12), "--validate-only")
        told = re.findall(r"^Flag (--[a-z-]+) has been deprecated, .", result.stderr, re.M)
        self.assertEqual(told, ["--apiserver-count", "--enable-swagger-ui",
                                "--experimental-encryption-provider-config",
                                "--kubelet-https"])

    def test_a_file_that_is_missing_is_named(self):
        flags = self.flags_of(KUBEADM_1_12)
        pathlib.Path(self.folder.name, "sa.pub").unlink()
        result = run(*flags, "--validate-only")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Error: invalid authentication config: --service-account-key-file: "
                      f"open {self.folder.name}/sa.pub: No such file or directory", result.stderr)

    def test_files_that_are_missing_are_told_in_the_words_of_upstream(self):
        for flag, message in (
                ("--audit-policy-file", "loading audit policy file: "),
                ("--client-ca-file", "unable to load client CA file: "),
                ("--admission-control-config-file", "failed to read plugin config: "),
                ("--authorization-config", "invalid authorization config: ")):
            result = run(f"{flag}=/nonexistent", "--validate-only")
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"Error: {message}{flag}: open /nonexistent: No such file or directory",
                          result.stderr)

    def test_the_embedded_store_is_taken_where_it_is_named(self):
        flags = [*self.flags_of(KUBEADM_1_12), f"--state-dir={self.folder.name}/state"]
        result = run(*flags, "--storage-backend=lmdb", "--validate-only")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("--etcd-servers is not used with --storage-backend=lmdb", result.stderr)


class Start(unittest.TestCase):
    """With real keys in the place of the manifests', all of them serve."""

    def check(self, manifest):
        with tempfile.TemporaryDirectory(prefix="tk-") as folder:
            state = pathlib.Path(folder, "state")
            it = Plane(*self.adjust(manifest, state, folder),
                       state_dir=state)
            state.mkdir()
            try:
                it.start()
                answer = it.get("/version")
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.json()["major"], "1")
                self.assertIn("What is in etcd is neither read nor written", it.log_tail(20000))
                self.assertRegex(it.log_tail(20000), r"acts from the etcd backend on: .*"
                                 r"--etcd-servers")
                self.assertEqual(it.stop(), 0)
            finally:
                it.close()

    @staticmethod
    def adjust(manifest, state, folder):
        """The plane's own port and certificate stay; all files are of its keys."""
        flags = []
        for flag in manifest.split():
            name, _, value = flag.partition("=")
            if name in ("--secure-port", "--bind-address", "--tls-cert-file", "--client-ca-file",
                        "--tls-private-key-file", "--advertise-address"):
                continue
            if name in ("--cert-dir", "--audit-log-path"):
                value = f"{folder}/{name[2:]}"
            elif value.startswith("@/"):
                file = "admin" if name.startswith("--requestheader") else "apiserver"
                value = f"{state}/pki/{file}.{'key' if 'key' in name else 'crt'}"
            flags.append(f"{name}={value}")
        return flags

    def test_kubeadm_1_12(self):
        self.check(KUBEADM_1_12)

    def test_kubeadm_1_36(self):
        self.check(KUBEADM_1_36)

    def test_the_hard_way_1_12(self):
        self.check(HARD_WAY_1_12)

    def test_the_hard_way_1_36(self):
        self.check(HARD_WAY_1_36)

    def test_k3s_1_18(self):
        self.check(K3S_1_18)

    def test_k3s_1_36(self):
        self.check(K3S_1_36)


class CommandLine(unittest.TestCase):
    def test_errors_are_upstreams_and_end_with_status_one(self):
        for arguments, message in (
                (["--nonsense"], "unknown flag: --nonsense"),
                (["--secure-port=x"],
                 'invalid argument "x" for "--secure-port" flag: strconv.ParseInt: parsing "x": '
                 "invalid syntax"),
                (["word"], '"kube-apiserver" does not take any arguments, got ["word"]'),
                (["-x"], "unknown shorthand flag: 'x' in -x")):
            result = run(*arguments)
            self.assertEqual((result.returncode, result.stdout, result.stderr),
                             (1, "", f"Error: {message}\n"))

    def test_version_ends_before_anything_else(self):
        raw = run("--version=raw", "--secure-port=0")
        self.assertEqual(raw.returncode, 0)
        self.assertRegex(raw.stdout, r'^version.Info\{Major:"1", Minor:"\d+", GitVersion:"v1\.')
        self.assertEqual(run("--version=maybe").returncode, 1)
        other = run("--version=v1.36.7-troika", "--validate-only")
        self.assertEqual(other.returncode, 0)
        self.assertIn("Version: v1.36.7-troika (", other.stderr)

    def test_every_flag_is_echoed_in_order_at_verbosity_one(self):
        result = run("-v1", "--validate-only", "--external-hostname=a\"b")
        echoed = re.findall(r'FLAG: --([a-z0-9-]+)="(.*)"$', result.stderr, re.M)
        names = [name for name, _ in echoed]
        self.assertGreater(len(names), 216)
        self.assertEqual(names, sorted(names))
        self.assertIn(("external-hostname", 'a\\"b'), echoed)
        self.assertNotIn("FLAG:", run("--validate-only").stderr)

    def test_the_environment_is_read(self):
        result = run("--print-config", TROIKA_SECURE_PORT="7443", TROIKA_AUTHORIZATION_MODE="RBAC")
        self.assertIn("secure-port = 7443;", result.stdout)
        self.assertIn('authorization-mode = [ "RBAC" ];', result.stdout)

    def test_help_is_as_wide_as_the_terminal(self):
        plain = run("--help").stdout
        for columns in (80, 120):
            text = self.help_on_terminal(columns)
            self.assertIn("\nSecure serving flags:\n", text)
            self.assertNotEqual(text, plain)
            long_lines = [line for line in text.splitlines() if len(line.rstrip()) > columns]
            self.assertEqual(long_lines, [])
            self.assertIn("\n                The IP address to listen on", text)

    def help_on_terminal(self, columns):
        master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen([PROGRAM, "--help"], stdout=terminal)
        os.close(terminal)
        text = b""
        try:
            while chunk := os.read(master, 65536):
                text += chunk
        except OSError:
            pass  # the other side is closed
        os.close(master)
        self.assertEqual(process.wait(), 0)
        return text.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    unittest.main()
