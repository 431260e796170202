"""The example `onboard`: the change of the repository is whole, and its order of events is the one that keeps workloads away until the end."""
import pathlib
import re
import sys

import yaml

out, story = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text()
files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
for addon in ("cilium", "cert-manager", "external-secrets", "kyverno", "velero", "monitoring"):
    assert f"clusters/checkout-eu-west/{addon}/values.yaml" in files, addon
    assert f"clusters/checkout-eu-west/argocd/{addon}.yaml" in files, addon
for path in files:
    if path.endswith(".yaml"):
        assert any(document for document in yaml.safe_load_all((out / path).read_text())), path
values = yaml.safe_load((out / "clusters/checkout-eu-west/cilium/values.yaml").read_text())
assert values["cluster"]["name"] == "checkout-eu-west" and 1 <= values["cluster"]["id"] <= 255, values["cluster"]

done = re.findall(r"✓ done\s+(\S+)", story)
assert len(done) == len(set(done)) == 14, done
assert done[0] == "provision" and done[-2:] == ["verify", "tag"], done
assert "takes workloads" in story
print(f"onboard: {len(files)} files, 14 steps, the labels last")
