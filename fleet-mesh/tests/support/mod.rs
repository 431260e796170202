//! Fleets and policies in few words.
#![allow(dead_code, clippy::unwrap_used)]

use fleet_core::{Fleet, FleetCluster, Labels, Networks};
use fleet_mesh::{CiliumSettings, MeshPolicy, SubmarinerSettings, Technology};

pub fn networks(pods: &str, services: &str, nodes: &str) -> Networks {
    let list = |text: &str| {
        text.split_whitespace()
            .map(|block| block.parse().unwrap())
            .collect()
    };
    Networks {
        pods: list(pods),
        services: list(services),
        nodes: list(nodes),
        ..Networks::default()
    }
}

pub fn cluster(name: &str, networks: Networks, labels: &[(&str, &str)]) -> FleetCluster {
    FleetCluster::new(name.parse().unwrap(), "v1.33.0".parse().unwrap())
        .with_networks(networks)
        .with_labels(Labels::from_pairs(labels.iter().copied()).unwrap())
}

pub fn fleet(clusters: impl IntoIterator<Item = FleetCluster>) -> Fleet {
    Fleet::new(clusters).unwrap()
}

pub fn cilium() -> MeshPolicy {
    MeshPolicy::new(
        "production",
        Technology::Cilium(CiliumSettings::new("v1.18.4".parse().unwrap())),
    )
}

pub fn submariner() -> MeshPolicy {
    MeshPolicy::new(
        "production",
        Technology::Submariner(SubmarinerSettings::new("v0.20.1".parse().unwrap(), "hub")),
    )
}

/// A policy from the `spec` of one.
pub fn policy(spec: &str) -> MeshPolicy {
    let indented: Vec<_> = spec.lines().map(|line| format!("  {line}")).collect();
    let head = "apiVersion: fleet-sdk.dev/v1alpha1\nkind: MeshPolicy\nmetadata: {name: production}\nspec:\n";
    let text = format!("{head}{}\n", indented.join("\n"));
    MeshPolicy::from_yaml(&text, "mesh.yaml").unwrap()
}
