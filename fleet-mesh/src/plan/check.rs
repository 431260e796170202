//! What must hold before clusters can be joined.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::purpose::Purpose;
use fleet_core::{ClusterName, NetworkKind};
use ipnet::IpNet;

use super::groups::{Candidate, Group};
use super::{Connection, Problem, Renumbering, Role, allocate, openings};
use crate::ReleaseVersion;
use crate::ipam::AddressSpace;
use crate::policy::{
    CiliumSettings, KubeProxyMode, MeshPolicy, Pool, RoutingMode, SubmarinerSettings, Technology, Topology,
};
use crate::sweep::{self, Entry, Rules};

/// What is wrong with a policy, whatever the fleet.
pub(super) fn policy(policy: &MeshPolicy) -> Vec<Problem> {
    let mut problems = Vec::new();
    let pools = [
        (NetworkKind::Pods, &policy.pools.pods),
        (NetworkKind::Services, &policy.pools.services),
        (NetworkKind::Nodes, &policy.pools.nodes),
    ];
    for (kind, pool) in pools {
        let reason = pool.as_ref().and_then(bad_pool);
        problems.extend(reason.map(|reason| Problem::Pool { kind, reason }));
    }
    match &policy.technology {
        Technology::Cilium(cilium) => {
            if ![255, 511].contains(&cilium.max_connected_clusters) {
                problems.push(Problem::MaxConnectedClusters {
                    cluster: None,
                    found: cilium.max_connected_clusters,
                    expected: "255 or 511".to_owned(),
                });
            }
            if cilium.routing == RoutingMode::Native && cilium.native_routing_cidr.is_none() {
                problems.push(Problem::NoNativeRouting);
            }
        }
        Technology::Submariner(submariner) => {
            if matches!(policy.topology, Topology::HubAndSpoke { .. }) {
                problems.push(Problem::NoSuchTopology);
            }
            if let Some(globalnet) = &submariner.globalnet {
                let pool = Pool {
                    supernets: vec![globalnet.cidr],
                    prefix: globalnet.prefix,
                };
                problems.extend(bad_pool(&pool).map(|reason| Problem::Pool {
                    kind: NetworkKind::Globalnet,
                    reason,
                }));
            }
        }
    }
    problems
}

fn bad_pool(pool: &Pool) -> Option<String> {
    let Some(first) = pool.supernets.first() else {
        return Some("has no supernets; add one, such as 10.64.0.0/10".to_owned());
    };
    let is_v4 = |block: &IpNet| matches!(block, IpNet::V4(_));
    if let Some(other) = pool.supernets.iter().find(|block| is_v4(block) != is_v4(first)) {
        return Some(format!(
            "mixes IPv4 and IPv6 ({first} and {other}), whose blocks have no size in common; keep one family"
        ));
    }
    let small = pool
        .supernets
        .iter()
        .find(|block| pool.prefix < block.prefix_len() || pool.prefix > block.max_prefix_len());
    small.map(|block| {
        format!(
            "no /{} fits into {block}; expected a prefix between {} and {}",
            pool.prefix,
            block.prefix_len(),
            block.max_prefix_len()
        )
    })
}

/// What is wrong between the clusters of one island.
pub(super) fn group(
    group: &Group<'_>,
    policy: &MeshPolicy,
    space: &mut AddressSpace,
    problems: &mut Vec<Problem>,
) {
    let candidates = &group.candidates;
    scopes(candidates, policy, problems);
    names(candidates, policy, problems);
    match &policy.technology {
        Technology::Cilium(cilium) => self::cilium(candidates, cilium, problems),
        Technology::Submariner(submariner) => self::submariner(candidates, submariner, problems),
    }
    closed_ports(candidates, policy, problems);
    overlaps(candidates, policy, space, problems);
}

/// Pairs that are to be connected and that a regulation keeps apart: for each two scopes the first pair, and how many there are.
fn scopes(candidates: &[Candidate<'_>], policy: &MeshPolicy, problems: &mut Vec<Problem>) {
    let mut by_scope: BTreeMap<_, Vec<&Candidate<'_>>> = BTreeMap::new();
    for candidate in candidates {
        let Purpose { regulatory_scope, .. } = candidate.cluster.purpose();
        by_scope.entry(regulatory_scope).or_default().push(candidate);
    }
    let groups: Vec<_> = by_scope.into_values().collect();
    for (place, ones) in groups.iter().enumerate() {
        for others in &groups[place + 1..] {
            let spokes = |group: &[&Candidate<'_>]| {
                group
                    .iter()
                    .filter(|candidate| candidate.role == Role::Spoke)
                    .count() as u64
            };
            let connected = (ones.len() as u64) * (others.len() as u64) - spokes(ones) * spokes(others);
            let pairs = ones
                .iter()
                .flat_map(|one| others.iter().map(move |other| (one, other)))
                .filter(|(one, other)| one.role != Role::Spoke || other.role != Role::Spoke);
            let first = pairs
                .into_iter()
                .find_map(|(one, other)| policy.constraints.connection(one.cluster, other.cluster).err());
            if let Some(breach) = first {
                let excepted = excepted(ones, others, policy);
                problems.push(Problem::Forbidden {
                    breach,
                    others: connected.saturating_sub(1 + excepted),
                });
            }
        }
    }
}

/// How many connected pairs of two scopes the policy makes an exception for.
fn excepted(ones: &[&Candidate<'_>], others: &[&Candidate<'_>], policy: &MeshPolicy) -> u64 {
    let find = |group: &[&Candidate<'_>], name: &ClusterName| {
        group
            .iter()
            .find(|candidate| candidate.cluster.name() == name)
            .map(|candidate| candidate.role)
    };
    let named = policy.constraints.exceptions.iter().filter_map(|exception| {
        let [a, b] = &exception.between;
        let ends = find(ones, a).zip(find(others, b));
        let roles = ends.or_else(|| find(ones, b).zip(find(others, a)))?;
        (roles != (Role::Spoke, Role::Spoke)).then(|| Connection::new(a.clone(), b.clone()))
    });
    named.collect::<BTreeSet<_>>().len() as u64
}

fn names(candidates: &[Candidate<'_>], policy: &MeshPolicy, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<&str, &ClusterName> = BTreeMap::new();
    for candidate in candidates {
        let cluster = candidate.cluster.name();
        let reason = match &policy.technology {
            Technology::Cilium(_) => bad_cilium_name(candidate.name),
            // It becomes a label's value and a part of a DNS name.
            Technology::Submariner(_) => bad_label(candidate.name, 63),
        };
        if let Some(reason) = reason {
            problems.push(Problem::Name {
                cluster: cluster.clone(),
                found: candidate.name.to_owned(),
                reason,
            });
        }
        match owners.get(candidate.name) {
            Some(other) => problems.push(Problem::SameName {
                cluster: cluster.clone(),
                name: candidate.name.to_owned(),
                other: (*other).clone(),
            }),
            None => drop(owners.insert(candidate.name, cluster)),
        }
    }
}

fn bad_cilium_name(name: &str) -> Option<&'static str> {
    if name == "default" {
        return Some("Cilium keeps `default` for clusters that are in no mesh");
    }
    bad_label(name, 32)
}

fn bad_label(name: &str, longest: usize) -> Option<&'static str> {
    if name.len() > longest {
        return Some(if longest == 32 {
            "it is longer than 32 characters"
        } else {
            "it is longer than 63 characters"
        });
    }
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label =
        name.starts_with(inner) && name.ends_with(inner) && name.chars().all(|c| inner(c) || c == '-');
    (!is_label).then_some("expected lower-case letters, digits and `-`, with a letter or digit at both ends")
}

fn cilium(candidates: &[Candidate<'_>], settings: &CiliumSettings, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<u16, &ClusterName> = BTreeMap::new();
    for candidate in candidates {
        let cluster = candidate.cluster.name();
        let Some(id) = candidate.id else { continue };
        if id == 0 || id > settings.max_connected_clusters {
            problems.push(Problem::Id {
                cluster: cluster.clone(),
                found: id,
                most: settings.max_connected_clusters,
            });
        }
        match owners.get(&id) {
            Some(other) => problems.push(Problem::SameId {
                cluster: cluster.clone(),
                id,
                other: (*other).clone(),
            }),
            None => drop(owners.insert(id, cluster)),
        }
    }
    for candidate in candidates {
        datapath(candidate, settings, problems);
        native_routing(candidate, settings, problems);
    }
    skew(candidates, &settings.version, problems);
    authorities(candidates, problems);
    families(candidates, problems);
}

fn datapath(candidate: &Candidate<'_>, settings: &CiliumSettings, problems: &mut Vec<Problem>) {
    let Some(member) = candidate.member else { return };
    let cluster = candidate.cluster.name();
    if let Some(found) = member.max_connected_clusters
        && found != settings.max_connected_clusters
    {
        problems.push(Problem::MaxConnectedClusters {
            cluster: Some(cluster.clone()),
            found,
            expected: settings.max_connected_clusters.to_string(),
        });
    }
    let routing = member.routing.unwrap_or(settings.routing);
    if routing != settings.routing {
        problems.push(Problem::Datapath {
            cluster: cluster.clone(),
            setting: "routing",
            found: routing.as_str(),
            expected: settings.routing.as_str(),
        });
    }
    let tunnel = member.tunnel_protocol.unwrap_or(settings.tunnel_protocol);
    if settings.routing == RoutingMode::Tunnel && tunnel != settings.tunnel_protocol {
        problems.push(Problem::Datapath {
            cluster: cluster.clone(),
            setting: "tunnelProtocol",
            found: tunnel.as_str(),
            expected: settings.tunnel_protocol.as_str(),
        });
    }
}

fn native_routing(candidate: &Candidate<'_>, settings: &CiliumSettings, problems: &mut Vec<Problem>) {
    let (RoutingMode::Native, Some(routed)) = (settings.routing, settings.native_routing_cidr) else {
        return;
    };
    let same_family = |block: &&IpNet| matches!(block, IpNet::V4(_)) == matches!(routed, IpNet::V4(_));
    let outside = candidate
        .networks
        .pods
        .iter()
        .filter(same_family)
        .find(|block| !routed.contains(*block));
    problems.extend(outside.map(|pods| Problem::NotRouted {
        cluster: candidate.cluster.name().clone(),
        pods: *pods,
        routed,
    }));
}

/// Everyone within one minor of the newest.
fn skew(candidates: &[Candidate<'_>], default: &ReleaseVersion, problems: &mut Vec<Problem>) {
    let version = |candidate: &Candidate<'_>| {
        let own = candidate.member.and_then(|member| member.version.clone());
        own.unwrap_or_else(|| default.clone())
    };
    let newest = candidates
        .iter()
        .map(|it| (version(it), it.cluster.name()))
        .max_by(
            // The first by name of the newest.
            |(a, a_name), (b, b_name)| a.cmp(b).then(b_name.cmp(a_name)),
        );
    let Some((newest, newest_on)) = newest else { return };
    for candidate in candidates {
        let found = version(candidate);
        if found.minors_apart(&newest).is_none_or(|apart| apart > 1) {
            problems.push(Problem::Skew {
                cluster: candidate.cluster.name().clone(),
                found,
                newest: newest.clone(),
                newest_on: newest_on.clone(),
            });
        }
    }
}

fn authorities(candidates: &[Candidate<'_>], problems: &mut Vec<Problem>) {
    let mut first: Option<(&str, &ClusterName)> = None;
    for candidate in candidates {
        let said = candidate
            .member
            .and_then(|member| member.ca_fingerprint.as_deref());
        let Some(found) = said else { continue };
        match first {
            Some((other, whose)) if !other.eq_ignore_ascii_case(found) => problems.push(Problem::Authority {
                cluster: candidate.cluster.name().clone(),
                other: whose.clone(),
            }),
            Some(_) => {}
            None => first = Some((found, candidate.cluster.name())),
        }
    }
}

/// Which families a list of blocks has: IPv4, IPv6.
fn families_of(blocks: &[IpNet]) -> (bool, bool) {
    (
        blocks.iter().any(|block| matches!(block, IpNet::V4(_))),
        blocks.iter().any(|block| matches!(block, IpNet::V6(_))),
    )
}

fn family_name(families: (bool, bool)) -> &'static str {
    match families {
        (true, true) => "dual-stack",
        (true, false) => "IPv4",
        (false, true) => "IPv6",
        (false, false) => "unknown",
    }
}

/// Two Pods talk with addresses of a family that both have: every member has one in common with every other.
fn families(candidates: &[Candidate<'_>], problems: &mut Vec<Problem>) {
    let with_blocks = || candidates.iter().filter(|it| !it.networks.pods.is_empty());
    let all = [(true, false), (false, true)].map(|(v4, v6)| {
        with_blocks().filter(move |candidate| {
            let families = families_of(&candidate.networks.pods);
            (families.0 && v4) || (families.1 && v6)
        })
    });
    let [with_v4, with_v6] = all.map(Iterator::count);
    let members = with_blocks().count();
    if with_v4 == members || with_v6 == members {
        return;
    }
    let expects_v4 = with_v4 >= with_v6;
    for candidate in with_blocks() {
        let families = families_of(&candidate.networks.pods);
        let has = if expects_v4 { families.0 } else { families.1 };
        if !has {
            problems.push(Problem::Family {
                cluster: candidate.cluster.name().clone(),
                found: family_name(families),
                expected: format!(
                    "most members have {}; members need a family in common, so add a block of it or keep the cluster out",
                    if expects_v4 { "IPv4" } else { "IPv6" }
                ),
            });
        }
    }
}

fn submariner(candidates: &[Candidate<'_>], settings: &SubmarinerSettings, problems: &mut Vec<Problem>) {
    for candidate in candidates {
        let cluster = candidate.cluster.name();
        let families = families_of(&candidate.networks.pods);
        if families.1 && !families.0 {
            problems.push(Problem::Family {
                cluster: cluster.clone(),
                found: family_name(families),
                expected: "Submariner joins IPv4 networks only; add an IPv4 block or keep the cluster out"
                    .to_owned(),
            });
        }
        let Some(member) = candidate.member else { continue };
        if let Some(mode) = member.kube_proxy
            && mode != KubeProxyMode::Iptables
        {
            problems.push(Problem::KubeProxy {
                cluster: cluster.clone(),
                found: mode.as_str(),
            });
        }
        let Some(globalnet) = &settings.globalnet else {
            continue;
        };
        if member.deny_service_external_ips == Some(true) {
            problems.push(Problem::ExternalIpsDenied {
                cluster: cluster.clone(),
            });
        }
        if let Some(found) = member.globalnet
            && !globalnet.cidr.contains(&found)
        {
            problems.push(Problem::OutsideGlobalnet {
                cluster: cluster.clone(),
                found,
                globalnet: globalnet.cidr,
            });
        }
    }
    skew(candidates, &settings.version, problems);
}

fn closed_ports(candidates: &[Candidate<'_>], policy: &MeshPolicy, problems: &mut Vec<Problem>) {
    let openings = openings(&policy.technology);
    for candidate in candidates {
        let Some(open) = candidate.member.and_then(|member| member.open_ports.as_ref()) else {
            continue;
        };
        let closed = openings.iter().filter(|opening| !open.contains(&opening.port));
        problems.extend(closed.map(|opening| Problem::Closed {
            cluster: candidate.cluster.name().clone(),
            port: opening.port,
            purpose: opening.purpose,
        }));
    }
}

fn overlaps(
    candidates: &[Candidate<'_>],
    policy: &MeshPolicy,
    space: &mut AddressSpace,
    problems: &mut Vec<Problem>,
) {
    let rules = match &policy.technology {
        Technology::Cilium(_) => Rules::Cilium,
        Technology::Submariner(SubmarinerSettings {
            globalnet: Some(_), ..
        }) => Rules::Globalnet,
        Technology::Submariner(_) => Rules::Submariner,
    };
    let mut networks: BTreeMap<&str, u32> = BTreeMap::new();
    let mut entries = Vec::with_capacity(candidates.len() * 4);
    for (cluster, candidate) in (0u32..).zip(candidates) {
        let network = candidate.networks.node_network.as_deref().map(|network| {
            let next = u32::try_from(networks.len()).unwrap_or(u32::MAX);
            *networks.entry(network).or_insert(next)
        });
        let globalnet = candidate
            .globalnet
            .iter()
            .map(|block| (NetworkKind::Globalnet, *block));
        let mut index = 0;
        let mut last = None;
        for (kind, block) in candidate.networks.blocks().chain(globalnet) {
            index = if last == Some(kind) { index + 1 } else { 0 };
            last = Some(kind);
            entries.push(Entry {
                block: block.trunc(),
                kind,
                cluster,
                network,
                established: candidate.established(),
                index,
            });
        }
    }
    let mut collisions = sweep::collisions(&entries, rules);
    collisions.sort_unstable_by_key(|collision| collision.moves);
    let name = |entry: &Entry| candidates[entry.cluster as usize].cluster.name().clone();
    for collision in collisions {
        let (moves, other) = (&entries[collision.moves], &entries[collision.because_of]);
        problems.push(Problem::Overlap {
            renumber: Box::new(Renumbering {
                cluster: name(moves),
                kind: moves.kind,
                index: moves.index as usize,
                from: moves.block,
                to: allocate::instead_of(&moves.block, moves.kind, policy, space),
            }),
            other_cluster: name(other),
            other_kind: other.kind,
            other: other.block,
        });
    }
}
