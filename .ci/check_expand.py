"""The example `expand`: the guide's three ApplicationSets, previews with their exit statuses, cases, and input that is bad."""
import json
import pathlib
import subprocess
import sys
import tempfile

program, repository, cases = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]


def run(*arguments, text=None):
    return subprocess.run([program, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)


def application_set(generators, name, server="{{server}}", **spec):
    template = {
        "metadata": {"name": name},
        "spec": {"project": "platform", "source": {"repoURL": "https://github.com/org/gitops-repo", "path": "x"},
                 "destination": {"server": server, "namespace": "x"}},
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
            "metadata": {"name": "set", "namespace": "argocd"}, "spec": {"generators": generators, "template": template, **spec}}


def cluster(name, env):
    labels = {"argocd.argoproj.io/secret-type": "cluster", "env": env, "region": "eu-west-1"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"cluster-{name}", "namespace": "argocd", "labels": labels},
            "stringData": {"name": name, "server": f"https://{name}:6443", "config": "{}"}}


production = {"clusters": {"selector": {"matchLabels": {"env": "production"}}}}
with tempfile.TemporaryDirectory() as directory:
    root = pathlib.Path(directory)

    def written(name, content):
        (root / name).write_text(content if isinstance(content, str) else json.dumps(content))
        return root / name

    clusters = root / "clusters"
    clusters.mkdir()
    for name, env in [("eu", "production"), ("us", "production"), ("lab", "staging")]:
        (clusters / f"{name}.json").write_text(json.dumps(cluster(name, env)))
    for service in ["cart", "pay"]:
        (root / "repo/apps/services" / service).mkdir(parents=True)
        (root / "repo/apps/services" / service / "app.yaml").write_text("")
    repo = f"https://github.com/org/gitops-repo={root / 'repo'}"
    pulls = written("pulls.json", [{"number": 12, "branch": "feature/x", "headSHA": "089d92cb", "labels": ["preview"]}])

    def names(result):
        return [one["metadata"]["name"] for one in json.loads(result.stdout)]

    # The guide's three.
    addon = run("--applicationset", repository / "applicationsets/nginx-ingress.yaml", "--clusters", clusters, "-o", "json")
    assert addon.returncode == 0 and names(addon) == ["nginx-ingress-eu", "nginx-ingress-us"], addon
    directories = {"git": {"repoURL": "https://github.com/org/gitops-repo", "revision": "HEAD", "directories": [{"path": "apps/services/*"}]}}
    services = written("services.json", application_set([{"matrix": {"generators": [directories, production]}}], "{{path.basename}}-{{name}}"))
    every = run("--applicationset", services, "--clusters", clusters, "--repo", repo, "-o", "json")
    assert every.returncode == 0 and names(every) == ["cart-eu", "cart-us", "pay-eu", "pay-us"], every
    request = {"pullRequest": {"github": {"owner": "org", "repo": "my-app", "labels": ["preview"]}, "requeueAfterSeconds": 60}}
    previews = written("previews.json", application_set([request], "pr-{{number}}-preview", "https://lab:6443"))
    preview = run("--applicationset", previews, "--pull-requests", pulls, "-o", "json")
    assert preview.returncode == 0 and names(preview) == ["pr-12-preview"], preview

    # Every form of output, and what is flagged.
    for form, words in [("yaml", "kind: Application"), ("table", "cart-eu  platform"), ("diff", "+ cart-eu"), ("markdown", "| + | cart-eu | created |")]:
        shown = run("--applicationset", services, "--clusters", clusters, "--repo", repo, "-o", form)
        assert shown.returncode == 0 and words in shown.stdout, (form, shown)
    before = written("before.json", every.stdout)
    fewer = written("fewer.json", application_set([{"matrix": {"generators": [
        {"git": {**directories["git"], "directories": [{"path": "apps/services/cart"}]}}, production]}}], "{{path.basename}}-{{name}}"))
    flagged = run("--applicationset", fewer, "--clusters", clusters, "--repo", repo, "--before", before, "-o", "diff")
    assert flagged.returncode == 1 and "flagged: too-many-deletions: 2 of 4 Applications (50 %) go" in flagged.stderr, flagged
    allowed = run("--applicationset", fewer, "--clusters", clusters, "--repo", repo, "--before", before, "--max-deletions", "2")
    assert allowed.returncode == 0, allowed
    nothing = written("nothing.json", application_set([{"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}], "x-{{name}}"))
    was = written("was.json", application_set([production], "x-{{name}}"))
    collapsed = run("--applicationset", nothing, "--clusters", clusters, "--before", was)
    assert collapsed.returncode == 1 and 'no cluster matches its selector {"matchLabels":{"env":"prod"}}' in collapsed.stderr, collapsed
    reached = run("--applicationset", previews, "--pull-requests", pulls, "--production", "https://lab:6443")
    assert reached.returncode == 1 and "preview-reaches-production" in reached.stderr, reached
    leftover = run("--applicationset", written("left.json", application_set([production], "x-{{nope}}-{{name}}")), "--clusters", clusters)
    assert leftover.returncode == 1 and "{{nope}}" in leftover.stderr, leftover

    # Bad input: status 2, the place, and nothing on standard output.
    def go(text):
        return application_set([{"list": {"elements": [{"a": "x"}]}}], text, goTemplate=True, goTemplateOptions=["missingkey=error"])

    for what, arguments, words in [
        ("no file", ["--applicationset", root / "gone.yaml"], "gone.yaml"),
        ("no object", ["--applicationset", written("text.yaml", "just text")], "no object of kind ApplicationSet"),
        ("bad YAML", ["--applicationset", written("bad.yaml", "kind: ApplicationSet\nspec: [")], "bad.yaml"),
        ("a wrong type", ["--applicationset", written("type.json", application_set("x", "y"))], "spec.generators"),
        ("a template", ["--applicationset", written("parse.json", go("{{ .a"))], "spec.template.metadata.name"),
        ("a function", ["--applicationset", written("function.json", go("{{ env \"HOME\" }}"))], 'function "env" not defined'),
        ("a missing key", ["--applicationset", written("key.json", go("{{ .b }}"))], 'map has no entry for key "b"'),
        ("an endless template", ["--applicationset", written("endless.json", go("{{ range until 1000000000 }}x{{ end }}"))], "the limit of"),
        ("a repository that is not given", ["--applicationset", services, "--clusters", clusters], "gitops-repo"),
        ("a repository that is not there", ["--applicationset", services, "--repo", "u=/nowhere"], "is not a directory"),
        ("pull requests that are not given", ["--applicationset", previews], "no source of pull requests was given"),
        ("pull requests without a commit", ["--applicationset", previews, "--pull-requests",
                                            written("p.json", [{"number": 1, "head_sha": "089d92cb"}])], "pull request 1 has no number or no headSHA"),
        ("clusters of another kind", ["--applicationset", was, "--clusters", written("k.json", {"kind": "ConfigMap"})], "expected Argo CD's cluster Secrets"),
        ("a before that is none", ["--applicationset", was, "--clusters", clusters, "--before", written("b.json", {"kind": "Deployment"})],
         "object 1 is no Application with a name"),
        ("clusters that are none", ["--applicationset", was, "--clusters", written("c.json", {"kind": "Secret", "metadata": 7})], "c.json"),
    ]:
        result = run(*arguments)
        assert result.returncode == 2 and words in result.stderr and not result.stdout, (what, result)
        assert "panicked" not in result.stderr, (what, result)
    assert run().returncode == 2

# Cases: a line each, in their order.
lines = pathlib.Path(cases).read_text().splitlines()
answered = run("--cases", cases)
answers = [json.loads(line) for line in answered.stdout.splitlines()]
assert answered.returncode == 0 and [one["name"] for one in answers] == [json.loads(line)["name"] for line in lines], answered.stderr
assert all(set(one) in ({"name", "applications"}, {"name", "error"}) for one in answers)
piped = run("--cases", "-", text=lines[0] + "\n\nnot a case\n" + lines[1] + "\n")
assert piped.returncode == 2 and len(piped.stdout.splitlines()) == 3, piped
print(f"expand: the guide's ApplicationSets, what is flagged, what is refused, and {len(answers)} cases")
