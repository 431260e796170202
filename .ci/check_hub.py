#!/usr/bin/env python3
"""Serves a hub from files, uses it with kubectl, saves it, goes on from what was saved, and gives it what it must refuse.

usage: check_hub.py HUB REPOSITORY
"""
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

program, repository = sys.argv[1:3]
home = tempfile.TemporaryDirectory()
SAVED = os.path.join(home.name, "scenario.hub")
CONFIG = os.path.join(home.name, "kubeconfig")

SHOPS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: shops, singular: shop, kind: Shop}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {town: {type: string, maxLength: 20}}}
          status: {type: object, properties: {open: {type: boolean}}}
"""
# As `kubectl get -o yaml` writes it: with what another server set, a status, and an owner by its uid.
LISTED = """
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: stock, namespace: team, uid: 22222222-0000-0000-0000-000000000000, resourceVersion: "7",
    ownerReferences: [{apiVersion: example.com/v1, kind: Shop, name: corner, uid: 11111111-0000-0000-0000-000000000000}]}
  data: {tea: "12"}
- apiVersion: example.com/v1
  kind: Shop
  metadata: {name: corner, namespace: team, uid: 11111111-0000-0000-0000-000000000000, generation: 4, managedFields: []}
  spec: {town: Ulm}
  status: {open: true}
"""


def directory(name, **files):
    path = os.path.join(home.name, name)
    os.makedirs(path)
    for file, text in files.items():
        with open(os.path.join(path, file + ".yaml"), "w", encoding="utf-8") as out:
            out.write(text)
    return path


class Hub:
    def __init__(self, *options):
        command = [program, "--listen", "127.0.0.1:0", "--kubeconfig-out", CONFIG, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.said = self.process.stdout.readline()
        assert re.match(r"the hub listens on http://127\.0\.0\.1:\d+, ", self.said), self.said

    def kubectl(self, *arguments, status=0):
        environment = {**os.environ, "KUBECONFIG": CONFIG, "HOME": home.name}
        answer = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, timeout=60, env=environment)
        assert answer.returncode == status, f"kubectl {arguments}: {answer.returncode}\n{answer.stderr}"
        return answer.stdout + answer.stderr

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, rest
        return rest


def refused(expected, *options, listen="127.0.0.1:0"):
    answer = subprocess.run(
        [program, "--listen", listen, *options], capture_output=True, text=True, timeout=30
    )
    assert answer.returncode == 2, f"{expected}: status {answer.returncode}\n{answer.stdout}{answer.stderr}"
    assert answer.stdout == "", f"{expected}: served"
    assert re.search(expected, answer.stderr), f"expected {expected}\n{answer.stderr}"


crds, load = directory("crds", shops=SHOPS, kustomization="resources: [shops.yaml]"), directory("load", all=LISTED)
hub = Hub("--crds", crds, "--load", load, "--save", SAVED)
assert "1 definitions and 2 objects loaded" in hub.said, hub.said
assert stat.S_IMODE(os.stat(CONFIG).st_mode) == 0o600
shop = json.loads(hub.kubectl("get", "shop", "corner", "-n", "team", "-o", "json"))
assert shop["status"] == {"open": True} and shop["metadata"]["generation"] == 1, shop
stock = json.loads(hub.kubectl("get", "configmap", "stock", "-n", "team", "-o", "json"))
assert stock["metadata"]["ownerReferences"][0]["uid"] == shop["metadata"]["uid"], stock
hub.kubectl("create", "configmap", "later", "--from-literal=a=b")
assert "saved to" in hub.stop()
assert stat.S_IMODE(os.stat(SAVED).st_mode) == 0o600

hub = Hub("--restore", SAVED)
again = json.loads(hub.kubectl("get", "shop", "corner", "-n", "team", "-o", "json"))
assert again == shop, again
hub.kubectl("get", "configmap", "later")
hub.kubectl("delete", "shop", "corner", "-n", "team")
assert "NotFound" in hub.kubectl("get", "configmap", "stock", "-n", "team", status=1)
hub.stop()

hub = Hub("--simulate", "cluster-api", "--load", os.path.join(repository, "clusters"))
clusters = hub.kubectl("get", "clusters.cluster.x-k8s.io", "-A", "--no-headers").splitlines()
assert len(clusters) == 20, clusters
hub.kubectl("wait", "--for=jsonpath={.status.phase}=Provisioning", "cluster/lab-eu-west", "-n", "clusters", "--timeout=20s")
hub.stop()

token = directory("token", token="a-token-of-sixteen-and-more\n")
hub = Hub("--token-file", os.path.join(token, "token.yaml"))



def answers(presented):
    # Not kubectl: it sends no token where there is no TLS.
    url = re.search(r"http://127\.0\.0\.1:\d+", hub.said).group()
    asked = urllib.request.Request(f"{url}/api/v1/namespaces", headers={"Authorization": f"Bearer {presented}"})
    try:
        return urllib.request.urlopen(asked, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


assert answers("a-token-of-sixteen-and-more") == 200
assert answers("another-token-of-sixteen") == 401
assert "must be logged in" in hub.kubectl("get", "namespaces", status=1)
hub.stop()

refused(r"can be reached from other machines.*--token-file", listen="0.0.0.0:0")
refused(r"a token must be at least 16", "--token-file", os.path.join(directory("weak", token="short"), "token.yaml"))
refused(r"no-such-dir: cannot be read", "--load", "no-such-dir")
refused(r"found no CustomResourceDefinition", "--crds", load)
refused(r"all\.yaml:\d+: the hub serves no Shop of example\.com/v1", "--load", load)
refused(r"a\.yaml:2:\d+: ", "--load", directory("broken", a="metadata:\n  name: [\n"))
refused(r"a\.yaml:1: metadata\.name is missing", "--load", directory("nameless", a="apiVersion: v1\nkind: Pod\n"))
wrong = LISTED.replace("town: Ulm", "town: " + "U" * 30)
refused(r"a\.yaml:\d+: .*spec\.town: Too long", "--crds", crds, "--load", directory("wrong", a=wrong))
refused(r"is not a snapshot", "--restore", os.path.join(load, "all.yaml"))
print("hub: served, saved, restored, simulated; 9 mistakes refused")
