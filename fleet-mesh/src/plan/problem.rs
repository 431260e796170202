//! What keeps clusters from being joined, where it stands, and how to mend it.

use std::fmt;

use fleet_core::purpose::Breach;
use fleet_core::{ClusterName, NetworkKind};
use ipnet::IpNet;
use serde::Serialize;

use crate::ReleaseVersion;
use crate::policy::Port;

/// Why there is no plan: everything that is wrong, in the order of the clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MeshError {
    problems: Vec<Problem>,
}

impl MeshError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Everything that is wrong; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The blocks that collide, and what to renumber them to: all of it together mends every collision, and as few of them move as
    /// can.
    pub fn renumberings(&self) -> impl Iterator<Item = &Renumbering> {
        self.problems.iter().filter_map(|problem| match problem {
            Problem::Overlap { renumber, .. } => Some(renumber.as_ref()),
            _ => None,
        })
    }
}

impl fmt::Display for MeshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for MeshError {}

/// Where something stands: what a program turns into a file, a line and a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum At {
    /// A field of the policy, by its path.
    Policy(Vec<String>),
    /// A network of a cluster, by its place in the list; in the policy's `members` if it stands there.
    Network(ClusterName, NetworkKind, usize),
    /// A cluster.
    Cluster(ClusterName),
}

impl At {
    pub(super) fn member(cluster: &ClusterName, field: &str) -> Self {
        Self::Policy(vec![
            "spec".to_owned(),
            "members".to_owned(),
            cluster.to_string(),
            field.to_owned(),
        ])
    }
}

/// A block that has to move, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Renumbering {
    /// The cluster.
    pub cluster: ClusterName,
    /// What the block is for.
    pub kind: NetworkKind,
    /// Its place in the cluster's list of that kind.
    pub index: usize,
    /// The block.
    pub from: IpNet,
    /// A free block of the same size; `None` where there is none in the pools and the private networks.
    pub to: Option<IpNet>,
}

/// One thing that keeps clusters from being joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Problem {
    /// Two blocks that must be apart are not.
    #[error(
        "{}: the {} {} {} the {other_kind} {other}{}; renumber it{}",
        renumber.cluster, renumber.kind, renumber.from,
        if renumber.from == *other { "is also" } else if renumber.from.contains(other) { "contains" } else { "lies in" },
        if *other_cluster == renumber.cluster { " of the same cluster".to_owned() } else { format!(" of {other_cluster}") },
        renumber.to.map_or_else(
            || "; no block of its size is free in the pools and the private networks, so choose a smaller one".to_owned(),
            |to| format!(", to {to} say")
        )
    )]
    Overlap {
        /// The block that should move.
        renumber: Box<Renumbering>,
        /// Whose block it collides with.
        other_cluster: ClusterName,
        /// What that is for.
        other_kind: NetworkKind,
        /// That block.
        other: IpNet,
    },
    /// A cluster has no addresses of a kind, and there is no pool to take them from.
    #[error(
        "{cluster}: no {kind} is known; say it in `spec.clusterNetwork` of the Cluster, in `members.{cluster}.networks.{}` or \
         add `pools.{}`",
        kind.as_str(), kind.as_str()
    )]
    NoNetwork {
        /// The cluster.
        cluster: ClusterName,
        /// What is missing.
        kind: NetworkKind,
    },
    /// A pool has no block left.
    #[error(
        "{first}: no /{prefix} is left for a {kind} in {}{}; add a supernet, or take smaller blocks",
        supernets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        if *clusters > 1 { format!(", nor for {} more clusters", clusters - 1) } else { String::new() }
    )]
    PoolExhausted {
        /// What for.
        kind: NetworkKind,
        /// The size.
        prefix: u8,
        /// Where it was looked for.
        supernets: Vec<IpNet>,
        /// The first cluster that gets none.
        first: ClusterName,
        /// How many get none.
        clusters: usize,
    },
    /// A pool that no block can come from.
    #[error("pools.{}: {reason}", kind.as_str())]
    Pool {
        /// Which.
        kind: NetworkKind,
        /// Why, and how to mend it.
        reason: String,
    },
    /// The policy and the cluster disagree.
    #[error(
        "{cluster}: the policy says the {kind} is {}, the cluster says {}; correct the one that is wrong",
        list(policy),
        list(found)
    )]
    NetworksDiffer {
        /// The cluster.
        cluster: ClusterName,
        /// What for.
        kind: NetworkKind,
        /// What the policy says.
        policy: Vec<IpNet>,
        /// What the cluster says.
        found: Vec<IpNet>,
    },
    /// Addresses of a family that the others do not have, or the technology does not know.
    #[error("{cluster}: its Pod network is {found}; {expected}")]
    Family {
        /// The cluster.
        cluster: ClusterName,
        /// What it has.
        found: &'static str,
        /// What was expected, and how to mend it.
        expected: String,
    },
    /// A cluster's id is none.
    #[error(
        "{cluster}: found id {found}, expected 1 to {most}{}",
        if *found == 0 { "; 0 means no mesh, leave it out to have one allocated" } else if *most == 255 { "; more need `maxConnectedClusters: 511`, set when Cilium is installed" } else { "" }
    )]
    Id {
        /// The cluster.
        cluster: ClusterName,
        /// Its id.
        found: u16,
        /// The highest one.
        most: u16,
    },
    /// Two clusters have one id.
    #[error(
        "{cluster}: id {id} is also that of {other}; take it out of the one that joined later, so that a free one is \
         allocated"
    )]
    SameId {
        /// The cluster.
        cluster: ClusterName,
        /// The id.
        id: u16,
        /// Who else has it.
        other: ClusterName,
    },
    /// There are more clusters than ids.
    #[error(
        "{island}: {clusters} clusters get no id, since a mesh has at most {most}; {}",
        if *most == 255 { "install with `maxConnectedClusters: 511`, or make islands" } else { "make islands" }
    )]
    NoIdLeft {
        /// The island.
        island: String,
        /// How many get none.
        clusters: usize,
        /// How many there are.
        most: u16,
    },
    /// A name that Cilium does not take.
    #[error("{cluster}: `{found}` cannot be its name in the mesh: {reason}; set `members.{cluster}.name`")]
    Name {
        /// The cluster.
        cluster: ClusterName,
        /// The name.
        found: String,
        /// Why.
        reason: &'static str,
    },
    /// Two clusters have one name in the mesh.
    #[error(
        "{cluster}: its name in the mesh, `{name}`, is also that of {other}; set another one in `members.{cluster}.name`"
    )]
    SameName {
        /// The cluster.
        cluster: ClusterName,
        /// The name.
        name: String,
        /// Who else has it.
        other: ClusterName,
    },
    /// `maxConnectedClusters` is neither 255 nor 511, or not the same everywhere.
    #[error("{}found maxConnectedClusters {found}, expected {expected}; it is set at installation and must be equal everywhere",
        cluster.as_ref().map(|cluster| format!("{cluster}: ")).unwrap_or_default())]
    MaxConnectedClusters {
        /// The cluster; none for the policy's own.
        cluster: Option<ClusterName>,
        /// What is there.
        found: u16,
        /// What should be.
        expected: String,
    },
    /// A member routes in another way.
    #[error(
        "{cluster}: {setting} is {found}, and {expected} in the policy; all members of a mesh must be equal in that"
    )]
    Datapath {
        /// The cluster.
        cluster: ClusterName,
        /// Which setting.
        setting: &'static str,
        /// What it has.
        found: &'static str,
        /// What the policy has.
        expected: &'static str,
    },
    /// Native routing does not cover a Pod network.
    #[error(
        "{cluster}: its Pod network {pods} is outside of nativeRoutingCIDR {routed}; widen that, or renumber the cluster"
    )]
    NotRouted {
        /// The cluster.
        cluster: ClusterName,
        /// Its Pod network.
        pods: IpNet,
        /// What is routed.
        routed: IpNet,
    },
    /// Native routing without a block to route.
    #[error(
        "`routing: native` needs `nativeRoutingCIDR`, a block that holds the Pod network of every member"
    )]
    NoNativeRouting,
    /// Members are more than one minor apart.
    #[error(
        "{cluster}: runs {found}, {} runs {newest}; members must be within one minor, so bring it to {}.{} first",
        newest_on, newest.minor().0, newest.minor().1.saturating_sub(1)
    )]
    Skew {
        /// The cluster.
        cluster: ClusterName,
        /// What it runs.
        found: ReleaseVersion,
        /// The newest that any member runs.
        newest: ReleaseVersion,
        /// Who runs it.
        newest_on: ClusterName,
    },
    /// Members trust different certificate authorities.
    #[error(
        "{cluster}: trusts another certificate authority than {other}; copy the Secret `cilium-ca` before connecting"
    )]
    Authority {
        /// The cluster.
        cluster: ClusterName,
        /// One that trusts another.
        other: ClusterName,
    },
    /// A port that the others must reach is closed.
    #[error("{cluster}: {port} is closed; open it for {purpose}")]
    Closed {
        /// The cluster.
        cluster: ClusterName,
        /// The port.
        port: Port,
        /// What for.
        purpose: &'static str,
    },
    /// kube-proxy runs in a way that Submariner does not support.
    #[error("{cluster}: kube-proxy runs as {found}; Submariner supports iptables only")]
    KubeProxy {
        /// The cluster.
        cluster: ClusterName,
        /// How it runs.
        found: &'static str,
    },
    /// An admission plugin that refuses what Globalnet makes.
    #[error("{cluster}: the admission plugin DenyServiceExternalIPs is on, which Globalnet needs off")]
    ExternalIpsDenied {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A Globalnet block outside of the mesh's.
    #[error(
        "{cluster}: its Globalnet block {found} is outside of {globalnet}; leave it out to have one allocated"
    )]
    OutsideGlobalnet {
        /// The cluster.
        cluster: ClusterName,
        /// Its block.
        found: IpNet,
        /// The mesh's.
        globalnet: IpNet,
    },
    /// A cluster does not say which island it is on.
    #[error(
        "{cluster}: has no label `{label}`, which says which island it is on; add it, or narrow the selector"
    )]
    NoIsland {
        /// The cluster.
        cluster: ClusterName,
        /// The label.
        label: String,
    },
    /// Nobody is a hub.
    #[error(
        "topology.hubAndSpoke.hubs selects no cluster of the mesh, so that nobody would be connected; widen it"
    )]
    NoHub,
    /// The selector selects nobody.
    #[error("selector selects no cluster of the fleet; correct it")]
    Nobody,
    /// A topology that the technology has not.
    #[error(
        "Submariner connects all members of a broker with each other; use `topology: full`, or islands with a broker each"
    )]
    NoSuchTopology,
    /// A cluster is in two meshes.
    #[error("{cluster}: is in the mesh {} and in {}; narrow the selector of one", meshes[0], meshes[1])]
    TwoMeshes {
        /// The cluster.
        cluster: ClusterName,
        /// The two.
        meshes: [String; 2],
    },
    /// The fleet's forcing functions forbid it.
    #[error("{}{breach}{}", breach.clusters().first().map(|it| format!("{it}: ")).unwrap_or_default(),
        if *others > 0 { format!(" (and {others} more pairs of these two scopes)") } else { String::new() })]
    Forbidden {
        /// What.
        breach: Breach,
        /// How many more pairs of the same two scopes.
        others: u64,
    },
}

impl Problem {
    /// Where it stands.
    pub fn at(&self) -> At {
        let policy = |path: &[&str]| At::Policy(path.iter().map(ToString::to_string).collect());
        match self {
            Self::Overlap { renumber, .. } => {
                At::Network(renumber.cluster.clone(), renumber.kind, renumber.index)
            }
            Self::NotRouted { cluster, .. } => At::Network(cluster.clone(), NetworkKind::Pods, 0),
            Self::Id { cluster, .. } | Self::SameId { cluster, .. } => At::member(cluster, "id"),
            Self::Name { cluster, .. } | Self::SameName { cluster, .. } => At::member(cluster, "name"),
            Self::Skew { cluster, .. } => At::member(cluster, "version"),
            Self::Authority { cluster, .. } => At::member(cluster, "caFingerprint"),
            Self::Closed { cluster, .. } => At::member(cluster, "openPorts"),
            Self::KubeProxy { cluster, .. } => At::member(cluster, "kubeProxy"),
            Self::ExternalIpsDenied { cluster } => At::member(cluster, "denyServiceExternalIPs"),
            Self::OutsideGlobalnet { cluster, .. } => At::member(cluster, "globalnet"),
            Self::NetworksDiffer { cluster, .. } => At::member(cluster, "networks"),
            Self::MaxConnectedClusters {
                cluster: Some(cluster),
                ..
            } => At::member(cluster, "maxConnectedClusters"),
            Self::Datapath { cluster, setting, .. } => At::member(cluster, setting),
            Self::NoNetwork { cluster, .. }
            | Self::Family { cluster, .. }
            | Self::NoIsland { cluster, .. }
            | Self::TwoMeshes { cluster, .. } => At::Cluster(cluster.clone()),
            Self::Forbidden { breach, .. } => breach
                .clusters()
                .first()
                .map_or_else(|| policy(&["spec"]), |cluster| At::Cluster((*cluster).clone())),
            Self::PoolExhausted { kind, .. } | Self::Pool { kind, .. } => match kind {
                NetworkKind::Globalnet => policy(&["spec", "submariner", "globalnet"]),
                kind => policy(&["spec", "pools", kind.as_str()]),
            },
            Self::MaxConnectedClusters { cluster: None, .. } => {
                policy(&["spec", "cilium", "maxConnectedClusters"])
            }
            Self::NoNativeRouting => policy(&["spec", "cilium", "routing"]),
            Self::NoHub => policy(&["spec", "topology", "hubAndSpoke", "hubs"]),
            Self::NoSuchTopology => policy(&["spec", "topology"]),
            Self::Nobody => policy(&["spec", "selector"]),
            Self::NoIdLeft { .. } => policy(&["spec", "cilium"]),
        }
    }
}

fn list(blocks: &[IpNet]) -> String {
    let blocks: Vec<_> = blocks.iter().map(ToString::to_string).collect();
    blocks.join(", ")
}
