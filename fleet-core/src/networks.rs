//! The address ranges of a cluster.

use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The address ranges of a cluster: what must not overlap where clusters are joined.
///
/// As Cluster API has them: `spec.clusterNetwork` for Pods and Services, the infrastructure's network for nodes. A
/// dual-stack cluster has a block of each family.
///
/// ```
/// use fleet_core::{NetworkKind, Networks};
///
/// let networks = Networks {
///     pods: vec!["10.64.0.0/16".parse()?],
///     services: vec!["10.65.0.0/20".parse()?],
///     ..Networks::default()
/// };
/// let blocks: Vec<_> = networks.blocks().map(|(kind, block)| format!("{kind} {block}")).collect();
/// assert_eq!(blocks, ["Pod network 10.64.0.0/16", "Service network 10.65.0.0/20"]);
/// assert!(networks.of(NetworkKind::Nodes).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(clippy::exhaustive_structs)] // written with `..Networks::default()`
pub struct Networks {
    /// Where Pods have their addresses.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "cidr::list")]
    pub pods: Vec<IpNet>,
    /// Where Services have their cluster addresses.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "cidr::list")]
    pub services: Vec<IpNet>,
    /// Where nodes have their internal addresses.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "cidr::list")]
    pub nodes: Vec<IpNet>,
    /// The network that the nodes stand in (a VPC's id, say). Clusters that name the same one share its addresses and do not
    /// overlap with each other by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_network: Option<String>,
    /// The DNS domain of the cluster's Services, where it is not `cluster.local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_domain: Option<String>,
}

/// Reads CIDR blocks so that a wrong one is told with what was found and what was expected: for `#[serde(deserialize_with = "…")]`.
///
/// ```
/// use fleet_core::Networks;
///
/// let error = serde_json::from_str::<Networks>(r#"{"pods": ["10.64.0.0/33"]}"#).unwrap_err().to_string();
/// assert!(error.starts_with("found `10.64.0.0/33`, expected a CIDR block such as 10.64.0.0/16 or fd00:64::/56"), "{error}");
/// ```
pub mod cidr {
    use ipnet::IpNet;
    use serde::de::{Deserialize, Deserializer, Error};

    struct Block(IpNet);

    impl<'de> Deserialize<'de> for Block {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            let block = text.parse().map_err(|_| {
                let expected = "expected a CIDR block such as 10.64.0.0/16 or fd00:64::/56";
                D::Error::custom(format!("found `{text}`, {expected}"))
            })?;
            Ok(Self(block))
        }
    }

    /// One block.
    ///
    /// # Errors
    /// It is none.
    pub fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
        Ok(Block::deserialize(deserializer)?.0)
    }

    /// A block, or none.
    ///
    /// # Errors
    /// It is none of a block and nothing.
    pub fn option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpNet>, D::Error> {
        Ok(Option::<Block>::deserialize(deserializer)?.map(|block| block.0))
    }

    /// A list of blocks.
    ///
    /// # Errors
    /// One of them is none.
    pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
        let blocks = Vec::<Block>::deserialize(deserializer)?;
        Ok(blocks.into_iter().map(|block| block.0).collect())
    }
}

/// What addresses of a cluster are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum NetworkKind {
    /// Pods.
    Pods,
    /// Services.
    Services,
    /// Nodes.
    Nodes,
    /// The addresses under which the members of a Submariner Globalnet see each other.
    Globalnet,
}

impl NetworkKind {
    /// The word for it in policies: `pods`, `services`, `nodes`, `globalnet`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Services => "services",
            Self::Nodes => "nodes",
            Self::Globalnet => "globalnet",
        }
    }
}

impl fmt::Display for NetworkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pods => "Pod network",
            Self::Services => "Service network",
            Self::Nodes => "node network",
            Self::Globalnet => "Globalnet",
        })
    }
}

impl Networks {
    /// The blocks of one kind; none for [`NetworkKind::Globalnet`], which belongs to a mesh.
    pub fn of(&self, kind: NetworkKind) -> &[IpNet] {
        match kind {
            NetworkKind::Pods => &self.pods,
            NetworkKind::Services => &self.services,
            NetworkKind::Nodes => &self.nodes,
            NetworkKind::Globalnet => &[],
        }
    }

    /// Every block, Pods first, then Services, then nodes.
    pub fn blocks(&self) -> impl Iterator<Item = (NetworkKind, IpNet)> {
        [NetworkKind::Pods, NetworkKind::Services, NetworkKind::Nodes]
            .into_iter()
            .flat_map(|kind| self.of(kind).iter().map(move |block| (kind, *block)))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
