//! Who is in a mesh, in which island, and what is known of each.

use std::collections::BTreeMap;

use fleet_core::{Fleet, FleetCluster, NetworkKind, Networks};
use ipnet::IpNet;

use super::{Problem, Role, Warning};
use crate::policy::{Member, MeshPolicy, Technology, Topology};

/// Clusters that will be connected with each other, before it is known that they can be.
pub(super) struct Group<'a> {
    pub(super) name: String,
    /// In the order of their names.
    pub(super) candidates: Vec<Candidate<'a>>,
}

/// A cluster that shall become a member.
pub(super) struct Candidate<'a> {
    pub(super) cluster: &'a FleetCluster,
    pub(super) member: Option<&'a Member>,
    /// Its name in the mesh.
    pub(super) name: &'a str,
    pub(super) id: Option<u16>,
    pub(super) role: Role,
    pub(super) networks: Networks,
    pub(super) globalnet: Option<IpNet>,
}

impl Candidate<'_> {
    /// Whether it is in the mesh already: somebody wrote down its number or its global block.
    pub(super) fn established(&self) -> bool {
        self.member
            .is_some_and(|member| member.id.is_some() || member.globalnet.is_some())
    }
}

pub(super) fn groups<'a>(
    fleet: &'a Fleet,
    policy: &'a MeshPolicy,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Warning>,
) -> Vec<Group<'a>> {
    let mut islands: BTreeMap<&str, Vec<Candidate<'a>>> = BTreeMap::new();
    let mut unknown_nodes = Vec::new();
    for cluster in fleet.select(&policy.selector) {
        let member = policy.members.get(cluster.name());
        let (island, role) = match &policy.topology {
            Topology::Full => (policy.name.as_str(), Role::Peer),
            Topology::HubAndSpoke { hubs } => {
                let is_hub = hubs.matches(cluster.labels());
                (policy.name.as_str(), if is_hub { Role::Hub } else { Role::Spoke })
            }
            Topology::Islands { by } => {
                let Some(value) = cluster.label(by) else {
                    problems.push(Problem::NoIsland {
                        cluster: cluster.name().clone(),
                        label: by.clone(),
                    });
                    continue;
                };
                (value, Role::Peer)
            }
        };
        let networks = networks(cluster, member, problems);
        if networks.nodes.is_empty() {
            unknown_nodes.push(cluster.name());
        }
        islands.entry(island).or_default().push(Candidate {
            cluster,
            member,
            name: member
                .and_then(|member| member.name.as_deref())
                .unwrap_or_else(|| cluster.name().as_str()),
            id: member.and_then(|member| member.id),
            role,
            networks,
            globalnet: member.and_then(|member| member.globalnet),
        });
    }
    let has_hub = islands
        .values()
        .flatten()
        .any(|candidate| candidate.role == Role::Hub);
    let has_spoke = islands
        .values()
        .flatten()
        .any(|candidate| candidate.role == Role::Spoke);
    if has_spoke && !has_hub {
        problems.push(Problem::NoHub);
    }
    if let Some(first) = unknown_nodes.first() {
        warnings.push(Warning::NodesUnknown {
            clusters: unknown_nodes.len(),
            first: (*first).clone(),
        });
    }
    for cluster in policy.members.keys() {
        if fleet.get(cluster.as_str()).is_none() {
            warnings.push(Warning::Reserved {
                cluster: cluster.clone(),
            });
        }
    }
    if matches!(&policy.technology, Technology::Cilium(cilium) if cilium.max_connected_clusters == 511) {
        warnings.push(Warning::FewerIdentities);
    }
    for candidates in islands.values() {
        if let [only] = candidates.as_slice() {
            warnings.push(Warning::Alone {
                cluster: only.cluster.name().clone(),
            });
        }
    }
    if islands.is_empty() && problems.is_empty() {
        problems.push(Problem::Nobody);
    }
    islands
        .into_iter()
        .map(|(name, candidates)| Group {
            name: name.to_owned(),
            candidates,
        })
        .collect()
}

/// What the policy says, else what the cluster says; where both say something, they must say the same.
fn networks(cluster: &FleetCluster, member: Option<&Member>, problems: &mut Vec<Problem>) -> Networks {
    let Some(said) = member
        .map(|member| &member.networks)
        .filter(|said| !said.is_empty())
    else {
        return cluster.networks().clone();
    };
    let own = cluster.networks();
    for kind in [NetworkKind::Pods, NetworkKind::Services, NetworkKind::Nodes] {
        let (said, own) = (said.of(kind), own.of(kind));
        if !said.is_empty() && !own.is_empty() && said != own {
            problems.push(Problem::NetworksDiffer {
                cluster: cluster.name().clone(),
                kind,
                policy: said.to_vec(),
                found: own.to_vec(),
            });
        }
    }
    let pick = |kind| {
        let said = said.of(kind);
        if said.is_empty() { own.of(kind) } else { said }.to_vec()
    };
    Networks {
        pods: pick(NetworkKind::Pods),
        services: pick(NetworkKind::Services),
        nodes: pick(NetworkKind::Nodes),
        node_network: said.node_network.clone().or_else(|| own.node_network.clone()),
        service_domain: said.service_domain.clone().or_else(|| own.service_domain.clone()),
    }
}
