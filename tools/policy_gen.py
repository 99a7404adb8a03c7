#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes C data, the RBAC objects as a JSON array, of api/bootstrap_policy.txt.

policy_gen.py INPUT OUTPUT_C
"""
import json
import sys

GROUP = "rbac.authorization.k8s.io"
READ = ["get", "list", "watch"]
WRITE = ["create", "delete", "deletecollection", "patch", "update"]
VERBS = {"READ": READ, "WRITE": WRITE, "ALL": READ + WRITE}


def metadata(name, namespace=None, label=None):
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    if label:
        labels[f"{GROUP}/aggregate-to-{label}"] = "true"
    result = {"name": name}
    if namespace:
        result["namespace"] = namespace
    result["labels"] = labels
    result["annotations"] = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
    return result


def rule(words):
    if words == ["events"]:
        return {"verbs": ["create", "patch", "update"], "apiGroups": ["", "events.k8s.io"],
                "resources": ["events"]}
    verbs = sorted(VERBS.get(words[0], words[0].split(",")))
    if words[1] == "url":
        return {"verbs": verbs, "nonResourceURLs": sorted(words[2].split(","))}
    groups = ["" if group == "core" else group for group in words[1].split(",")]
    result = {"verbs": verbs, "apiGroups": sorted(groups),
              "resources": sorted(words[2].split(","))}
    if len(words) > 3:
        result["resourceNames"] = sorted(words[3].split(","))
    return result


def subject(text):
    kind, name = text.split(":", 1)
    if kind == "sa":
        namespace, name = name.split("/")
        return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    return {"kind": {"user": "User", "group": "Group"}[kind], "apiGroup": GROUP, "name": name}


def binding(name, namespace, role_kind, role, subjects):
    result = {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "apiVersion": f"{GROUP}/v1",
        "metadata": metadata(name, namespace),
    }
    if subjects:
        result["subjects"] = [subject(text) for text in subjects]
    result["roleRef"] = {"apiGroup": GROUP, "kind": role_kind, "name": role}
    return result


def role(name, namespace=None, label=None, collects=None):
    result = {
        "kind": "Role" if namespace else "ClusterRole",
        "apiVersion": f"{GROUP}/v1",
        "metadata": metadata(name, namespace, label),
        "rules": [],
    }
    if collects:
        selector = {"matchLabels": {f"{GROUP}/aggregate-to-{collects}": "true"}}
        result["aggregationRule"] = {"clusterRoleSelectors": [selector]}
    return result


def parse(lines):
    objects = []
    bindings = []
    for line in lines:
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith(" "):
            objects[-1]["rules"].append(rule(words))
        elif words[0] == "cluster-role":
            options = dict(word.split("=") for word in words[2:])
            objects.append(role(words[1], **options))
        elif words[0] == "controller":
            name = f"system:controller:{words[1]}"
            objects.append(role(name))
            bindings.append(binding(name, None, "ClusterRole", name,
                                    [f"sa:kube-system/{words[1]}"]))
        elif words[0] == "role":
            objects.append(role(words[2], words[1]))
        elif words[0] == "cluster-binding":
            bindings.append(binding(words[1], None, "ClusterRole", words[2], words[3:]))
        elif words[0] == "binding":
            bindings.append(binding(words[2], words[1], "Role", words[3], words[4:]))
        else:
            sys.exit(f"bootstrap policy: unknown line: {line}")
    return objects + bindings


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        text = json.dumps(parse(source), separators=(",", ":"))
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write("/* Made by tools/policy_gen.py. */\n#include \"bootstrap_policy_data.h\"\n\n")
        out.write(f"const size_t bootstrap_policy_json_length = {len(text)};\n")
        out.write("const char bootstrap_policy_json[] = {\n")
        data = text.encode("ascii")
        for start in range(0, len(data), 24):
            out.write("\t" + ", ".join(str(byte) for byte in data[start:start + 24]) + ",\n")
        out.write("};\n")


main()
