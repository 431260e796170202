#!/usr/bin/env python3
"""Gives the quickstart wrong repositories: each must be refused with status 2 and its place, with nothing on standard output.

usage: check_bad_input.py QUICKSTART REPOSITORY
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

program, repository = sys.argv[1:3]

SET = "applicationsets/nginx-ingress.yaml"
POLICY = "upgrades/to-1.31.yaml"
CLUSTER = "clusters/lab-eu-west/cluster.yaml"
WORKERS = "clusters/lab-eu-west/workers.yaml"

# What is wrong, the file, a pattern in it, its replacement, and what the error must say after the file's name.
MISTAKES = [
    ("a misspelled selector", SET, "matchLabels", "matchLabel", r":\d+:\d+: .*did you mean `matchLabels`"),
    ("a misspelled field of the spec", SET, "generators", "generatrs", r":\d+:\d+: spec.generatrs: .*`generators`"),
    ("a misspelled field of the template", SET, "repoURL", "repoUrl", r":\d+:\d+: .*did you mean `repoURL`"),
    ("a parameter that does not exist", SET, r"\{\{name\}\}", "{{nam}}", r":\d+:\d+: spec.template.metadata.name: "),
    ("one name for all Applications", SET, r"\{\{name\}\}", "x", r":\d+:\d+: spec.template.metadata.name: "),
    ("another kind", SET, "kind: ApplicationSet", "kind: AppSet", r":\d+:\d+: kind: found `AppSet`, expected `ApplicationSet`"),
    ("another namespace", SET, "namespace: argocd", "namespace: argo", r":\d+:\d+: metadata.namespace: found `argo`"),
    ("no YAML", SET, "metadata:", "metadata: [", r":\d+:\d+: "),
    ("two targets", POLICY, r"( +target: v1.31.0)", r"\1\n\1", r":\d+:\d+: spec.target: duplicate"),
    ("a version that is none", POLICY, "target: v1.31.0", "target: latest", r":\d+:\d+: spec.target: "),
    ("a downgrade", POLICY, "target: v1.31.0", "target: v1.29.0", r":\d+:\d+: "),
    ("two minors without hops", POLICY, "target: v1.31.0", "target: v1.32.0", r":\d+:\d+: "),
    ("a misspelled field of a stage", POLICY, "maxPerDay", "maxPerDays", r":\d+:\d+: .*did you mean `maxPerDay`"),
    ("negative replicas", CLUSTER, r"replicas: \d+", "replicas: -1", r":\d+:\d+: spec.replicas: found -1"),
    ("a name that is none", CLUSTER, "name: lab-eu-west", "name: Lab_W", r":\d+:\d+: metadata.name: .*`Lab_W`"),
    ("a name that another cluster has", CLUSTER, "name: lab-eu-west\n", "name: edge-ap-south\n", r":\d+:\d+: metadata.name: "),
    ("an unknown kind", CLUSTER, "kind: Cluster\n", "kind: Clutser\n", r":\d+:\d+: kind: .*Cluster"),
    ("a paused cluster", CLUSTER, r"kind: Cluster\n([\s\S]*?)spec:\n", r"kind: Cluster\n\1spec:\n  paused: true\n", r":\d+:\d+: spec.paused: .*remove"),
    ("workers without a version", WORKERS, r" +version: v[0-9.]+\n", "", r":\d+:\d+: spec.template.spec.version: found nothing"),
    ("workers of another minor version", WORKERS, r"version: v[0-9.]+", "version: v1.28.3", r":\d+:\d+: spec.template.spec.version: found v1.28.3"),
    ("a cluster without machines", CLUSTER, r"(?m)^  infrastructureRef:(\n    .*)+", "", r":\d+:\d+: spec.infrastructureRef: found nothing"),
    ("a version of another kind", WORKERS, r"version: v[0-9.]+", "version: newest", r":\d+:\d+: .*version: "),
]


def refused(name, mutate, expected, *options):
    with tempfile.TemporaryDirectory() as directory:
        repo = os.path.join(directory, "repo")
        shutil.copytree(repository, repo)
        mutate(repo)
        answer = subprocess.run(
            [program, "--repo", repo, "--output", "json", *options],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert answer.returncode == 2, f"{name}: status {answer.returncode}\n{answer.stderr}"
    assert answer.stdout == "", f"{name}: wrote to standard output"
    assert re.search(expected, answer.stderr), f"{name}: expected {expected}\n{answer.stderr}"


def replaced(file, pattern, replacement):
    def mutate(repo):
        path = os.path.join(repo, file)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        changed = re.sub(pattern, replacement, text)
        assert changed != text, f"{file}: no {pattern} in it"
        with open(path, "w", encoding="utf-8") as target:
            target.write(changed)

    return mutate


def emptied(repo):
    shutil.rmtree(os.path.join(repo, "clusters"))
    os.mkdir(os.path.join(repo, "clusters"))


def piped(repo):
    os.mkfifo(os.path.join(repo, "applicationsets", "pipe.yaml"))


for name, file, pattern, replacement, expected in MISTAKES:
    refused(name, replaced(file, pattern, replacement), re.escape(file) + expected)
refused("no clusters", emptied, r"clusters")
refused("a pipe", piped, r"pipe.yaml: is no regular file")
refused("no policy", lambda repo: None, r"no-such.yaml", "--policy", "no-such.yaml")
refused("a report that cannot be written", lambda repo: None, r"--report: cannot write", "--report", "/nonexistent/r.html")
print(f"bad input: {len(MISTAKES) + 4} mistakes refused")
