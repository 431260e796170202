//! What is there, against what is planned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fleet_core::ClusterName;
use serde::{Deserialize, Serialize};

use crate::plan::{Connection, MeshPlan};
use crate::policy::Technology;
use crate::{Present, ReleaseVersion};

/// What was seen in live clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)] // what was seen of whom
pub struct Observed {
    /// By cluster. One that is not here was not looked at.
    pub members: BTreeMap<ClusterName, ObservedMember>,
}

/// What was seen in one cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::exhaustive_structs)] // written with `..ObservedMember::default()`
pub struct ObservedMember {
    /// Its name in the mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its number (Cilium); `None` or 0 is in no mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u16>,
    /// The release it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<ReleaseVersion>,
    /// Its links, by the peer's name in the mesh.
    pub links: BTreeMap<String, LinkState>,
    /// Whether the mesh's own parts (API server, gateway) run.
    pub ready: bool,
}

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LinkState {
    /// It was set up, and nothing more is known: Cilium's objects do not say whether the agents are connected.
    Configured,
    /// It works.
    Connected,
    /// It is being made.
    Connecting,
    /// It does not work.
    Failed,
}

/// Something that is not as it is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Difference {
    /// A member was not looked at: nothing is known.
    Unseen {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A cluster has another name or number than planned.
    Identity {
        /// The cluster.
        cluster: ClusterName,
        /// What was found.
        found: String,
        /// What was planned.
        expected: String,
    },
    /// A cluster runs another release.
    Version {
        /// The cluster.
        cluster: ClusterName,
        /// What it runs.
        found: ReleaseVersion,
        /// What was planned.
        expected: ReleaseVersion,
    },
    /// The mesh's own parts do not run.
    NotReady {
        /// The cluster.
        cluster: ClusterName,
    },
    /// A link that should be there is not, seen from one side.
    NotLinked {
        /// Who has no link.
        cluster: ClusterName,
        /// To whom.
        peer: ClusterName,
    },
    /// A link that is there does not work.
    LinkDown {
        /// Who sees it.
        cluster: ClusterName,
        /// To whom.
        peer: ClusterName,
        /// How it is.
        state: LinkState,
    },
    /// A link that should not be there is.
    Stray {
        /// Who has it.
        cluster: ClusterName,
        /// To whom, by its name in the mesh.
        peer: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unseen { cluster } => write!(f, "{cluster}: was not looked at"),
            Self::Identity {
                cluster,
                found,
                expected,
            } => write!(
                f,
                "{cluster}: is {found} in the mesh, expected {expected}; to change it restarts its workloads, so correct the \
                 plan instead where you can"
            ),
            Self::Version {
                cluster,
                found,
                expected,
            } => write!(f, "{cluster}: runs {found}, expected {expected}"),
            Self::NotReady { cluster } => write!(f, "{cluster}: the mesh's own parts do not run"),
            Self::NotLinked { cluster, peer } => write!(f, "{cluster}: has no link to {peer}"),
            Self::LinkDown { cluster, peer, state } => {
                let state = match state {
                    LinkState::Connecting => "still connecting",
                    _ => "down",
                };
                write!(f, "{cluster}: the link to {peer} is {state}")
            }
            Self::Stray { cluster, peer } => {
                write!(f, "{cluster}: has a link to {peer}, which is not planned")
            }
        }
    }
}

impl MeshPlan {
    /// What is not as it is planned, member by member; nothing when the mesh is whole.
    pub fn compare(&self, observed: &Observed) -> Vec<Difference> {
        let mut differences = Vec::new();
        for member in self.members() {
            let cluster = || member.cluster.clone();
            let Some(seen) = observed.members.get(&member.cluster) else {
                differences.push(Difference::Unseen { cluster: cluster() });
                continue;
            };
            let identity = |name: &str, id: Option<u16>| match id.filter(|id| *id != 0) {
                Some(id) => format!("{name} ({id})"),
                None => name.to_owned(),
            };
            let found = identity(seen.name.as_deref().unwrap_or("unnamed"), seen.id);
            let expected = identity(&member.name, member.id);
            if found != expected {
                differences.push(Difference::Identity {
                    cluster: cluster(),
                    found,
                    expected,
                });
            }
            if let Some(found) = seen.version.as_ref().filter(|found| **found != member.version) {
                differences.push(Difference::Version {
                    cluster: cluster(),
                    found: found.clone(),
                    expected: member.version.clone(),
                });
            }
            if !seen.ready {
                differences.push(Difference::NotReady { cluster: cluster() });
            }
            let Some(island) = self.islands().get(member.island) else {
                continue;
            };
            let mut expected_peers = BTreeSet::new();
            for peer in island
                .members
                .iter()
                .filter(|peer| self.connects(&member.cluster, peer))
                .filter_map(|peer| self.member(peer.as_str()))
            {
                expected_peers.insert(peer.name.as_str());
                match seen.links.get(&peer.name) {
                    None => differences.push(Difference::NotLinked {
                        cluster: cluster(),
                        peer: peer.cluster.clone(),
                    }),
                    Some(LinkState::Connected | LinkState::Configured) => {}
                    Some(state) => differences.push(Difference::LinkDown {
                        cluster: cluster(),
                        peer: peer.cluster.clone(),
                        state: *state,
                    }),
                }
            }
            let strays = seen
                .links
                .keys()
                .filter(|peer| !expected_peers.contains(peer.as_str()));
            differences.extend(strays.map(|peer| Difference::Stray {
                cluster: cluster(),
                peer: peer.clone(),
            }));
        }
        differences
    }

    /// What is there as the start of [`steps`](MeshPlan::steps). A connection counts as there when both sides have it.
    pub fn present(&self, observed: &Observed) -> Present {
        let by_name: BTreeMap<&str, &ClusterName> = observed
            .members
            .iter()
            .filter_map(|(cluster, seen)| Some((seen.name.as_deref()?, cluster)))
            .collect();
        let is_cilium = matches!(self.technology(), Technology::Cilium(_));
        let members = observed
            .members
            .iter()
            .filter(|(_, seen)| seen.ready && (!is_cilium || seen.id.is_some_and(|id| id != 0)))
            .map(|(cluster, _)| cluster.clone());
        let mut sides: BTreeMap<Connection, usize> = BTreeMap::new();
        for (cluster, seen) in &observed.members {
            for peer in seen.links.keys().filter_map(|peer| by_name.get(peer.as_str())) {
                *sides
                    .entry(Connection::new(cluster.clone(), (*peer).clone()))
                    .or_default() += 1;
            }
        }
        Present {
            members: members.collect(),
            connections: sides
                .into_iter()
                .filter(|(_, sides)| *sides == 2)
                .map(|(connection, _)| connection)
                .collect(),
            broker: !is_cilium && observed.members.values().any(|seen| seen.ready),
        }
    }
}
