//! Ids and address blocks for clusters that have none: the lowest that is free, and never one that anybody has.

use std::collections::BTreeSet;

use fleet_core::{Fleet, NetworkKind};
use ipnet::IpNet;

use super::groups::{Candidate, Group};
use super::{Allocation, Problem, What};
use crate::ipam::AddressSpace;
use crate::policy::{Globalnet, MeshPolicy, Pool, Technology};

/// Everything that is taken: by the whole fleet, whether in the mesh or not, by those who left and are still written down, and by others.
pub(super) fn taken(fleet: &Fleet, policy: &MeshPolicy) -> AddressSpace {
    let mut space = AddressSpace::new();
    for cluster in fleet {
        cluster
            .networks()
            .blocks()
            .for_each(|(_, block)| space.take(&block));
    }
    for member in policy.members.values() {
        member.networks.blocks().for_each(|(_, block)| space.take(&block));
        member.globalnet.iter().for_each(|block| space.take(block));
    }
    policy.reserved.iter().for_each(|block| space.take(block));
    space
}

/// Gives a number to each candidate of a Cilium mesh that has none.
pub(super) fn ids(
    group: &mut Group<'_>,
    fleet: &Fleet,
    policy: &MeshPolicy,
    allocations: &mut Vec<Allocation>,
    problems: &mut Vec<Problem>,
) {
    let Technology::Cilium(cilium) = &policy.technology else {
        return;
    };
    // Of those who left: their Pods, caches and policies may still carry the number.
    let left = policy.members.iter().filter(|(name, _)| {
        let cluster = fleet.get(name.as_str());
        !cluster.is_some_and(|cluster| policy.selector.matches(cluster.labels()))
    });
    let taken: BTreeSet<u16> = left.filter_map(|(_, member)| member.id).collect();
    let mut given: BTreeSet<u16> = group.candidates.iter().filter_map(|it| it.id).collect();
    let mut lowest = 1;
    let without = group.candidates.iter().filter(|it| it.id.is_none()).count();
    let mut left_without = without;
    for candidate in group.candidates.iter_mut().filter(|it| it.id.is_none()) {
        while taken.contains(&lowest) || given.contains(&lowest) {
            lowest += 1;
        }
        if lowest > cilium.max_connected_clusters {
            problems.push(Problem::NoIdLeft {
                island: group.name.clone(),
                clusters: left_without,
                most: cilium.max_connected_clusters,
            });
            return;
        }
        candidate.id = Some(lowest);
        given.insert(lowest);
        left_without -= 1;
        allocations.push(Allocation {
            cluster: candidate.cluster.name().clone(),
            what: What::Id(lowest),
        });
    }
}

/// Gives address blocks to each candidate that lacks them.
pub(super) fn blocks(
    group: &mut Group<'_>,
    policy: &MeshPolicy,
    space: &mut AddressSpace,
    allocations: &mut Vec<Allocation>,
    problems: &mut Vec<Problem>,
) {
    let globalnet = match &policy.technology {
        Technology::Submariner(submariner) => submariner.globalnet.as_ref(),
        Technology::Cilium(_) => None,
    };
    let global_pool = globalnet.map(|Globalnet { cidr, prefix }| Pool {
        supernets: vec![*cidr],
        prefix: *prefix,
    });
    let kinds = [
        (NetworkKind::Pods, policy.pools.pods.as_ref()),
        (NetworkKind::Services, policy.pools.services.as_ref()),
        (NetworkKind::Nodes, policy.pools.nodes.as_ref()),
        (NetworkKind::Globalnet, global_pool.as_ref()),
    ];
    for (kind, pool) in kinds {
        let lacks = |candidate: &&mut Candidate<'_>| match kind {
            NetworkKind::Globalnet => candidate.globalnet.is_none(),
            kind => candidate.networks.of(kind).is_empty(),
        };
        let Some(pool) = pool else {
            if is_needed(kind, policy) {
                let without = group.candidates.iter_mut().filter(lacks);
                problems.extend(without.map(|candidate| Problem::NoNetwork {
                    cluster: candidate.cluster.name().clone(),
                    kind,
                }));
            }
            continue;
        };
        let mut without = group.candidates.iter_mut().filter(lacks).peekable();
        while let Some(candidate) = without.next() {
            let Some(block) = from_pool(space, pool) else {
                problems.push(Problem::PoolExhausted {
                    kind,
                    prefix: pool.prefix,
                    supernets: pool.supernets.clone(),
                    first: candidate.cluster.name().clone(),
                    clusters: 1 + without.count(),
                });
                break;
            };
            match kind {
                NetworkKind::Pods => candidate.networks.pods.push(block),
                NetworkKind::Services => candidate.networks.services.push(block),
                NetworkKind::Nodes => candidate.networks.nodes.push(block),
                _ => candidate.globalnet = Some(block),
            }
            allocations.push(Allocation {
                cluster: candidate.cluster.name().clone(),
                what: What::Block(kind, block),
            });
        }
    }
}

/// Whether a mesh cannot be without a kind of network: Cilium never looks at the Services' of others.
fn is_needed(kind: NetworkKind, policy: &MeshPolicy) -> bool {
    match kind {
        NetworkKind::Pods => true,
        NetworkKind::Services => matches!(policy.technology, Technology::Submariner(_)),
        _ => false,
    }
}

fn from_pool(space: &mut AddressSpace, pool: &Pool) -> Option<IpNet> {
    pool.supernets
        .iter()
        .find_map(|supernet| space.allocate(supernet, pool.prefix))
}

/// A free block to renumber to: of the same size, from the pool of its kind, else from the private networks.
pub(super) fn instead_of(
    block: &IpNet,
    kind: NetworkKind,
    policy: &MeshPolicy,
    space: &mut AddressSpace,
) -> Option<IpNet> {
    let pool = match (kind, &policy.technology) {
        (NetworkKind::Pods, _) => policy.pools.pods.clone(),
        (NetworkKind::Services, _) => policy.pools.services.clone(),
        (NetworkKind::Nodes, _) => policy.pools.nodes.clone(),
        (NetworkKind::Globalnet, Technology::Submariner(submariner)) => {
            submariner.globalnet.as_ref().map(|globalnet| Pool {
                supernets: vec![globalnet.cidr],
                prefix: globalnet.prefix,
            })
        }
        _ => None,
    };
    let supernets = pool.map(|pool| pool.supernets).unwrap_or_default();
    let private = PRIVATE.iter().filter_map(|text| text.parse().ok());
    supernets
        .into_iter()
        .chain(private)
        .filter(|supernet| {
            matches!(
                (supernet, block),
                (IpNet::V4(_), IpNet::V4(_)) | (IpNet::V6(_), IpNet::V6(_))
            )
        })
        .find_map(|supernet| space.allocate(&supernet, block.prefix_len()))
}

/// RFC 1918, RFC 6598 and RFC 4193.
const PRIVATE: [&str; 5] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fd00::/8",
];
