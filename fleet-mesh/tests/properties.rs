//! A valid plan has no conflicts, by brute force; what was allocated never moves and never collides.
#![allow(clippy::unwrap_used)]

mod support;

use fleet_core::{Fleet, FleetCluster, NetworkKind, Networks};
use fleet_mesh::{MeshPlan, MeshPolicy, PlannedMember, Pool, Pools, mesh_plan};
use ipnet::IpNet;
use proptest::prelude::*;
use support::{cilium, cluster, submariner};

/// Small networks in a small space, so that collisions are common; sometimes none, so that some are allocated.
fn blocks(most: usize) -> impl Strategy<Value = Vec<IpNet>> {
    proptest::collection::vec(
        (0u8..16, 22u8..=26).prop_map(|(third, prefix)| {
            format!("10.0.{third}.0/{prefix}")
                .parse::<IpNet>()
                .unwrap()
                .trunc()
        }),
        0..=most,
    )
}

fn clusters() -> impl Strategy<Value = Vec<FleetCluster>> {
    let one = (blocks(2), blocks(1), blocks(1)).prop_map(|(pods, services, nodes)| Networks {
        pods,
        services,
        nodes,
        ..Networks::default()
    });
    proptest::collection::vec(one, 1..6).prop_map(|all| {
        let named = all.into_iter().enumerate();
        named
            .map(|(number, networks)| cluster(&format!("c{number}"), networks, &[]))
            .collect()
    })
}

fn with_pools(policy: MeshPolicy) -> MeshPolicy {
    let pool = |supernet: &str| {
        Some(Pool {
            supernets: vec![supernet.parse().unwrap()],
            prefix: 24,
        })
    };
    policy.with_pools(Pools {
        pods: pool("10.0.0.0/18"),
        services: pool("10.0.32.0/19"),
        nodes: None,
    })
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// The rules, written a second time, pair by pair.
fn conflict(policy: &MeshPolicy, one: &PlannedMember, other: &PlannedMember) -> bool {
    let is_cilium = matches!(policy.technology, fleet_mesh::Technology::Cilium(_));
    one.networks.blocks().any(|(kind, block)| {
        other.networks.blocks().any(|(other_kind, other_block)| {
            use NetworkKind::{Nodes, Services};
            let same_cluster = one.cluster == other.cluster;
            let apart = if same_cluster {
                kind != other_kind
            } else if is_cilium {
                (kind, other_kind) != (Services, Services)
            } else {
                (kind, other_kind) != (Nodes, Nodes)
            };
            apart && overlap(&block, &other_block)
        })
    })
}

fn has_conflict(policy: &MeshPolicy, plan: &MeshPlan) -> bool {
    let members = plan.members();
    members
        .iter()
        .enumerate()
        .any(|(place, one)| members[place..].iter().any(|other| conflict(policy, one, other)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_valid_plan_has_no_conflict_and_a_refusal_mends_itself(clusters in clusters(), is_cilium in any::<bool>()) {
        let policy = with_pools(if is_cilium { cilium() } else { submariner() });
        let fleet = Fleet::new(clusters.clone()).unwrap();
        match mesh_plan(&fleet, &policy) {
            Ok(plan) => prop_assert!(!has_conflict(&policy, &plan)),
            Err(error) => {
                prop_assert!(error.renumberings().count() == error.problems().len(), "{error}");
                let mended = clusters.into_iter().map(|cluster| {
                    let mut networks = cluster.networks().clone();
                    for change in error.renumberings().filter(|change| change.cluster == *cluster.name()) {
                        let list = match change.kind {
                            NetworkKind::Pods => &mut networks.pods,
                            NetworkKind::Services => &mut networks.services,
                            _ => &mut networks.nodes,
                        };
                        list[change.index] = change.to.unwrap();
                    }
                    cluster.with_networks(networks)
                });
                let plan = mesh_plan(&Fleet::new(mended).unwrap(), &policy);
                prop_assert!(plan.is_ok(), "{}", plan.unwrap_err());
                prop_assert!(!has_conflict(&policy, &plan.unwrap()));
            }
        }
    }

    /// Clusters come and go, in any order of names; what was recorded never moves.
    #[test]
    fn what_was_allocated_never_moves_and_never_collides(
        waves in proptest::collection::vec(proptest::collection::btree_set(0u8..30, 0..8), 1..6),
    ) {
        let mut policy = with_pools(cilium());
        let mut ever: std::collections::BTreeMap<String, (u16, Vec<IpNet>)> = std::collections::BTreeMap::new();
        for wave in waves {
            if wave.is_empty() {
                continue;
            }
            let fleet = Fleet::new(
                wave.iter().map(|name| cluster(&format!("c{name}"), Networks::default(), &[])),
            ).unwrap();
            let Ok(plan) = mesh_plan(&fleet, &policy) else {
                // 64 blocks are enough for 30 names.
                return Err(TestCaseError::fail("refused"));
            };
            prop_assert_eq!(&plan, &mesh_plan(&fleet, &policy).unwrap(), "the same again");
            for member in plan.members() {
                let got = (member.id.unwrap(), member.networks.pods.clone());
                let first = ever.entry(member.cluster.to_string()).or_insert_with(|| got.clone());
                prop_assert_eq!(&*first, &got, "{} moved", member.cluster);
            }
            let all: Vec<_> = ever.values().collect();
            for (place, (id, pods)) in all.iter().enumerate() {
                for (other_id, other_pods) in &all[place + 1..] {
                    prop_assert_ne!(id, other_id);
                    prop_assert!(!overlap(&pods[0], &other_pods[0]));
                }
            }
            policy = plan.record(policy);
        }
    }

    #[test]
    fn the_order_of_the_clusters_does_not_matter(clusters in clusters()) {
        let policy = with_pools(cilium());
        let mut turned = clusters.clone();
        turned.reverse();
        let plans = [clusters, turned].map(|clusters| mesh_plan(&Fleet::new(clusters).unwrap(), &policy));
        let [one, other] = plans.map(|plan| plan.map_err(|error| error.to_string()));
        prop_assert_eq!(one, other);
    }
}
