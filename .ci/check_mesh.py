"""The example `mesh`: the plan of the sample repository holds by brute force, and what cannot be joined is told with its place."""
import ipaddress
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

plan, program, repository = json.load(open(sys.argv[1])), sys.argv[2], pathlib.Path(sys.argv[3])

blocks = [
    (member["island"], member["cluster"], kind, ipaddress.ip_network(block))
    for member in plan["members"]
    for kind in ("pods", "services", "nodes")
    for block in member["networks"].get(kind, [])
]
for place, (island, cluster, kind, block) in enumerate(blocks):
    for other_island, other, other_kind, other_block in blocks[place + 1 :]:
        both_services = kind == other_kind == "services"
        if island == other_island and cluster != other and not both_services:
            assert not block.overlaps(other_block), (cluster, kind, other, other_kind)
ids = [(member["island"], member["id"]) for member in plan["members"]]
assert len(ids) == len(set(ids)) and all(1 <= number <= 255 for _, number in ids)
assert plan["links"] == len(plan["connections"]) > 0 and plan["steps"]

with tempfile.TemporaryDirectory() as directory:
    broken = pathlib.Path(directory) / "clusters"
    shutil.copytree(repository / "clusters", broken)
    manifest = broken / "orders-eu-west" / "cluster.yaml"
    text = manifest.read_text()
    pods = next(line for line in text.splitlines() if "cidrBlocks" in line)

    def run(replacement):
        manifest.write_text(text.replace(pods, pods.split("[")[0] + f'["{replacement}"]', 1))
        return subprocess.run(
            [program, "--fleet", str(broken), "--policy", str(repository / "meshes/production.yaml")],
            capture_output=True, text=True, timeout=60,
        )

    collides = run("10.64.0.0/16")
    assert collides.returncode == 1 and "orders-eu-west/cluster.yaml:15:" in collides.stderr + collides.stdout \
        or "production-eu-west/cluster.yaml:15:" in collides.stderr, collides
    assert "renumber it" in collides.stderr, collides.stderr
    malformed = run("10.64.0/16")
    assert malformed.returncode == 2 and "orders-eu-west/cluster.yaml:15:" in malformed.stderr, malformed
    assert "expected a CIDR block" in malformed.stderr, malformed.stderr
print("mesh: the plan holds, and what cannot be joined is told with its place")
