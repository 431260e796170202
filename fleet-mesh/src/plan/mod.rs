//! From a fleet and a policy to a mesh: who is in it, with which numbers and addresses, connected with whom.

mod allocate;
mod check;
mod groups;
mod problem;
mod show;

use std::collections::BTreeMap;

use fleet_core::{ClusterName, Fleet, NetworkKind, Networks};
use ipnet::IpNet;
use serde::Serialize;

pub use problem::{At, MeshError, Problem, Renumbering};

use crate::ReleaseVersion;
use crate::policy::{MeshPolicy, Port, Technology, TunnelProtocol};
use groups::Candidate;

/// Plans a mesh: validates what is there, allocates what is missing, and says who is to be connected with whom.
///
/// ```
/// use fleet_core::{Fleet, FleetCluster, Networks};
/// use fleet_mesh::{CiliumSettings, MeshPolicy, Technology, mesh_plan};
///
/// let cluster = |name: &str, pods: &str| -> Result<_, Box<dyn std::error::Error>> {
///     let networks = Networks { pods: vec![pods.parse()?], ..Networks::default() };
///     Ok(FleetCluster::new(name.parse()?, "v1.33.0".parse()?).with_networks(networks))
/// };
/// let policy = MeshPolicy::new("all", Technology::Cilium(CiliumSettings::new("v1.18.4".parse()?)));
///
/// let fleet = Fleet::new([cluster("eu", "10.64.0.0/16")?, cluster("us", "10.65.0.0/16")?])?;
/// let plan = mesh_plan(&fleet, &policy)?;
/// assert_eq!(plan.members()[1].id, Some(2));
/// assert_eq!(plan.connections().map(|connection| connection.to_string()).collect::<Vec<_>>(), ["eu - us"]);
///
/// // Kubernetes' own default, twice.
/// let fleet = Fleet::new([cluster("eu", "192.168.0.0/16")?, cluster("us", "192.168.0.0/16")?])?;
/// let refusal = mesh_plan(&fleet, &policy).unwrap_err();
/// assert_eq!(
///     refusal.to_string(),
///     "us: the Pod network 192.168.0.0/16 is also the Pod network 192.168.0.0/16 of eu; renumber it, to 10.0.0.0/16 say"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
/// O(n log n) in the number of address blocks.
///
/// # Errors
/// Everything that keeps the clusters from being joined, at once: see [`Problem`].
pub fn mesh_plan(fleet: &Fleet, policy: &MeshPolicy) -> Result<MeshPlan, MeshError> {
    let mut problems = check::policy(policy);
    let mut warnings = Vec::new();
    let mut groups = groups::groups(fleet, policy, &mut problems, &mut warnings);
    let mut space = allocate::taken(fleet, policy);
    let mut allocations = Vec::new();
    for group in &mut groups {
        allocate::ids(group, fleet, policy, &mut allocations, &mut problems);
        allocate::blocks(group, policy, &mut space, &mut allocations, &mut problems);
    }
    for group in &groups {
        check::group(group, policy, &mut space, &mut problems);
    }
    if !problems.is_empty() {
        return Err(MeshError::new(problems));
    }
    let mut members = Vec::new();
    let mut islands = Vec::new();
    for (number, group) in groups.into_iter().enumerate() {
        islands.push(Island {
            name: group.name,
            hubs: group
                .candidates
                .iter()
                .filter(|candidate| candidate.role == Role::Hub)
                .map(|candidate| candidate.cluster.name().clone())
                .collect(),
            members: group
                .candidates
                .iter()
                .map(|candidate| candidate.cluster.name().clone())
                .collect(),
        });
        members.extend(
            group
                .candidates
                .into_iter()
                .map(|candidate| PlannedMember::new(candidate, number, policy)),
        );
    }
    members.sort_by(|a, b| a.cluster.cmp(&b.cluster));
    allocations.sort_by(|a, b| (&a.cluster, &a.what).cmp(&(&b.cluster, &b.what)));
    Ok(MeshPlan {
        name: policy.name.clone(),
        technology: policy.technology.clone(),
        members,
        islands,
        allocations,
        warnings,
    })
}

/// A mesh that works: see [`mesh_plan`].
#[derive(Debug, Clone, PartialEq)]
pub struct MeshPlan {
    name: String,
    technology: Technology,
    /// By name.
    members: Vec<PlannedMember>,
    islands: Vec<Island>,
    allocations: Vec<Allocation>,
    warnings: Vec<Warning>,
}

impl MeshPlan {
    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What joins the members, and its settings.
    pub fn technology(&self) -> &Technology {
        &self.technology
    }

    /// The members, in the order of their clusters' names.
    pub fn members(&self) -> &[PlannedMember] {
        &self.members
    }

    /// The member of this cluster.
    pub fn member(&self, cluster: &str) -> Option<&PlannedMember> {
        let found = self
            .members
            .binary_search_by(|member| member.cluster.as_str().cmp(cluster))
            .ok()?;
        self.members.get(found)
    }

    /// The groups that are connected, each within itself; one, unless the topology says otherwise.
    pub fn islands(&self) -> &[Island] {
        &self.islands
    }

    /// What is new: ids and blocks that were not there before.
    pub fn allocations(&self) -> &[Allocation] {
        &self.allocations
    }

    /// What works and deserves a look.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Every connection, island by island. Made as it is asked for: a full mesh of 10,000 members has 50 million.
    pub fn connections(&self) -> impl Iterator<Item = Connection> {
        self.islands.iter().flat_map(Island::connections)
    }

    /// How many connections there are.
    pub fn links(&self) -> u64 {
        self.islands.iter().map(Island::links).sum()
    }

    /// Whether two clusters are to be connected.
    pub fn connects(&self, one: &ClusterName, other: &ClusterName) -> bool {
        let (Some(a), Some(b)) = (self.member(one.as_str()), self.member(other.as_str())) else {
            return false;
        };
        a.island == b.island && one != other && !(a.role == Role::Spoke && b.role == Role::Spoke)
    }

    /// The policy with what was allocated written into its members: from then on it never moves.
    ///
    /// ```
    /// # use fleet_core::{Fleet, FleetCluster, Networks};
    /// # use fleet_mesh::{CiliumSettings, MeshPolicy, Technology, mesh_plan};
    /// # let networks = Networks { pods: vec!["10.64.0.0/16".parse()?], ..Networks::default() };
    /// # let fleet = Fleet::new([FleetCluster::new("eu".parse()?, "v1.33.0".parse()?).with_networks(networks)])?;
    /// # let policy = MeshPolicy::new("all", Technology::Cilium(CiliumSettings::new("v1.18.4".parse()?)));
    /// let plan = mesh_plan(&fleet, &policy)?;
    /// let recorded = plan.record(policy);
    /// assert_eq!(recorded.members["eu"].id, Some(1));
    /// assert!(mesh_plan(&fleet, &recorded)?.allocations().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(&self, policy: MeshPolicy) -> MeshPolicy {
        let mut policy = policy;
        for allocation in &self.allocations {
            let member = policy.members.entry(allocation.cluster.clone()).or_default();
            match allocation.what {
                What::Id(id) => member.id = Some(id),
                What::Block(NetworkKind::Pods, block) => member.networks.pods.push(block),
                What::Block(NetworkKind::Services, block) => member.networks.services.push(block),
                What::Block(NetworkKind::Nodes, block) => member.networks.nodes.push(block),
                What::Block(_, block) => member.globalnet = Some(block),
            }
        }
        policy
    }

    /// What every member must let in from its peers.
    pub fn openings(&self) -> Vec<Opening> {
        openings(&self.technology)
    }
}

/// Two meshes cannot share a cluster: it has one id, and one owner of `clusterset.local`.
///
/// # Errors
/// Each cluster that is in two of the plans.
pub fn check_together(plans: &[MeshPlan]) -> Result<(), MeshError> {
    let mut owners: BTreeMap<&ClusterName, &MeshPlan> = BTreeMap::new();
    let mut problems = Vec::new();
    for plan in plans {
        for member in &plan.members {
            if let Some(other) = owners.insert(&member.cluster, plan) {
                problems.push(Problem::TwoMeshes {
                    cluster: member.cluster.clone(),
                    meshes: [other.name.clone(), plan.name.clone()],
                });
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(MeshError::new(problems))
    }
}

/// What a member is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Connected with everyone of its island.
    Peer,
    /// Connected with everyone of its island, where not everyone is.
    Hub,
    /// Connected with the hubs.
    Spoke,
}

/// A cluster in a mesh.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlannedMember {
    /// The cluster.
    pub cluster: ClusterName,
    /// Its name in the mesh.
    pub name: String,
    /// Its number (Cilium).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u16>,
    /// The kubeconfig context of commands.
    pub context: String,
    /// The release it runs.
    pub version: ReleaseVersion,
    /// Its networks, allocated ones included.
    pub networks: Networks,
    /// Its global addresses (Submariner with Globalnet).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub globalnet: Option<IpNet>,
    /// Which of [`MeshPlan::islands`] it is in.
    pub island: usize,
    /// What it is to the others.
    pub role: Role,
    /// Its clustermesh API server, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mesh_address: Option<String>,
}

impl PlannedMember {
    fn new(candidate: Candidate<'_>, island: usize, policy: &MeshPolicy) -> Self {
        let member = candidate.member;
        let version = member.and_then(|member| member.version.clone());
        Self {
            cluster: candidate.cluster.name().clone(),
            name: candidate.name.to_owned(),
            id: candidate.id,
            context: member
                .and_then(|member| member.context.clone())
                .unwrap_or_else(|| candidate.cluster.name().to_string()),
            version: version.unwrap_or_else(|| match &policy.technology {
                Technology::Cilium(cilium) => cilium.version.clone(),
                Technology::Submariner(submariner) => submariner.version.clone(),
            }),
            networks: candidate.networks,
            globalnet: candidate.globalnet,
            island,
            role: candidate.role,
            mesh_address: member.and_then(|member| member.mesh_address.clone()),
        }
    }
}

/// Members that are connected with each other and with nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Island {
    /// The value of the label that makes it one; the policy's name where there is one island only.
    pub name: String,
    /// The members that are connected with everyone, if not everyone is.
    pub hubs: Vec<ClusterName>,
    /// All members, in the order of their names.
    pub members: Vec<ClusterName>,
}

impl Island {
    /// The pairs that are connected, each once.
    pub fn connections(&self) -> impl Iterator<Item = Connection> {
        let everyone = self.hubs.is_empty();
        self.members.iter().enumerate().flat_map(move |(place, one)| {
            let one_is_hub = everyone || self.is_hub(one);
            self.members[place + 1..]
                .iter()
                .filter(move |other| one_is_hub || self.is_hub(other))
                .map(move |other| Connection(one.clone(), other.clone()))
        })
    }

    /// How many pairs are connected.
    pub fn links(&self) -> u64 {
        let count = |members: usize| members as u64 * (members as u64).saturating_sub(1) / 2;
        let spokes = self.members.len() - self.hubs.len();
        if self.hubs.is_empty() {
            count(self.members.len())
        } else {
            count(self.members.len()) - count(spokes)
        }
    }

    fn is_hub(&self, cluster: &ClusterName) -> bool {
        self.hubs.binary_search(cluster).is_ok()
    }
}

/// Two clusters that are connected, the first by name first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection(ClusterName, ClusterName);

impl Connection {
    /// Two clusters, in any order.
    pub fn new(one: ClusterName, other: ClusterName) -> Self {
        if other < one {
            Self(other, one)
        } else {
            Self(one, other)
        }
    }

    /// The two.
    pub fn ends(&self) -> [&ClusterName; 2] {
        [&self.0, &self.1]
    }
}

/// Something that a plan gave to a cluster which did not have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Allocation {
    /// The cluster.
    pub cluster: ClusterName,
    /// What it got.
    pub what: What,
}

/// What can be allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum What {
    /// A number in the mesh.
    Id(u16),
    /// An address block.
    Block(NetworkKind, IpNet),
}

/// Something that works and deserves a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Warning {
    /// A cluster's node addresses are not known, so that they were not held against anything.
    NodesUnknown {
        /// How many clusters.
        clusters: usize,
        /// The first of them.
        first: ClusterName,
    },
    /// A member is spoken of that the fleet does not have; its id and blocks stay reserved.
    Reserved {
        /// The name.
        cluster: ClusterName,
    },
    /// 511 clusters leave half of the identities.
    FewerIdentities,
    /// An island of one has nobody to talk to.
    Alone {
        /// The cluster.
        cluster: ClusterName,
    },
}

/// The protocol of an [`Opening`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP; the number is its type.
    Icmp,
}

impl Protocol {
    /// In lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        }
    }
}

/// A port that a member must let its peers reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Opening {
    /// The port.
    pub port: Port,
    /// What for.
    pub purpose: &'static str,
}

fn openings(technology: &Technology) -> Vec<Opening> {
    let opening = |protocol, number, purpose| Opening {
        port: Port { protocol, number },
        purpose,
    };
    match technology {
        Technology::Cilium(cilium) => {
            let mut openings = vec![
                opening(Protocol::Tcp, 4240, "health checks between nodes"),
                match cilium.service_type {
                    crate::ServiceType::NodePort => {
                        opening(Protocol::Tcp, 32379, "clustermesh API server, on every node")
                    }
                    _ => opening(Protocol::Tcp, 2379, "clustermesh API server"),
                },
            ];
            if cilium.routing == crate::RoutingMode::Tunnel {
                openings.push(match cilium.tunnel_protocol {
                    TunnelProtocol::Vxlan => opening(Protocol::Udp, 8472, "VXLAN between nodes"),
                    TunnelProtocol::Geneve => opening(Protocol::Udp, 6081, "Geneve between nodes"),
                });
            }
            openings
        }
        Technology::Submariner(_) => vec![
            opening(Protocol::Udp, 4490, "NAT discovery between gateways"),
            opening(Protocol::Udp, 4500, "encapsulation between gateways"),
            opening(Protocol::Udp, 4800, "VXLAN between the nodes of one cluster"),
        ],
    }
}
