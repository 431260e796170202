"""The example `dashboards`: the guide's two panels, both schemas' structure, and rules that the real promtool accepts."""
import json
import pathlib
import subprocess
import sys

out = pathlib.Path(sys.argv[1])
overview = json.loads((out / "dashboards/classic/fleet-overview.json").read_text())
first, second = overview["panels"][:2]
assert (first["title"], first["type"]) == ("Cluster Health Overview", "table")
assert first["targets"][0]["expr"] == "kube_node_status_condition{condition='Ready', status='true'} == 0"
assert first["targets"][0]["legendFormat"] == "{{cluster}} - {{node}} NOT READY"
assert (second["title"], second["type"]) == ("Workloads OutOfSync (ArgoCD)", "stat")
assert second["targets"][0]["expr"] == "sum by (cluster) (argocd_app_info{sync_status='OutOfSync'})"

classic = sorted((out / "dashboards/classic").glob("*.json"))
assert len(classic) == 7
for file in classic:
    dashboard = json.loads(file.read_text())
    assert dashboard["uid"] and dashboard["schemaVersion"] >= 36 and dashboard["panels"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    v2 = json.loads((out / "dashboards/v2" / file.name).read_text())
    assert v2["apiVersion"].startswith("dashboard.grafana.app/v2") and v2["kind"] == "Dashboard"
    names = {item["spec"]["element"]["name"] for item in v2["spec"]["layout"]["spec"]["items"]}
    assert names == set(v2["spec"]["elements"])

rules = sorted(map(str, (out / "rules/prometheus").glob("*.yaml")))
subprocess.run(["promtool", "check", "rules", *rules], check=True, stdout=subprocess.DEVNULL)
print(f"dashboards: {len(classic)} in both schemas, {len(rules)} rule files accepted by promtool")
