//! What to do, in order, to get from the mesh that is there to the one that is planned.

use std::collections::BTreeSet;
use std::fmt;

use fleet_core::ClusterName;
use serde::Serialize;

use crate::plan::{Connection, MeshPlan, PlannedMember};
use crate::policy::{SubmarinerSettings, Technology};
use crate::{Command, submariner};

/// What is there: read from live clusters, or written down by whoever made it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // written with `..Present::default()`
pub struct Present {
    /// Clusters that are members, whether connected or not.
    pub members: BTreeSet<ClusterName>,
    /// Pairs that are connected (Cilium).
    pub connections: BTreeSet<Connection>,
    /// Whether the broker is there (Submariner).
    pub broker: bool,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Step {
    /// What.
    pub action: Action,
    /// How.
    pub command: Command,
}

/// What a [`Step`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Action {
    /// Takes a connection away.
    Disconnect {
        /// Between whom.
        connection: Connection,
    },
    /// Takes a cluster out of the mesh.
    Leave {
        /// Which.
        cluster: ClusterName,
    },
    /// Deploys the broker of an island.
    DeployBroker {
        /// Of which island.
        island: String,
    },
    /// Makes a cluster a member: name, id and API server (Cilium), gateway (Submariner).
    Join {
        /// Which.
        cluster: ClusterName,
    },
    /// Makes a connection.
    Connect {
        /// Between whom.
        connection: Connection,
    },
    /// Waits until a member is connected with everyone it should be.
    Verify {
        /// Which.
        cluster: ClusterName,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnect { connection } => write!(f, "disconnect {connection}"),
            Self::Leave { cluster } => write!(f, "take {cluster} out"),
            Self::DeployBroker { island } => write!(f, "deploy the broker of {island}"),
            Self::Join { cluster } => write!(f, "make {cluster} a member"),
            Self::Connect { connection } => write!(f, "connect {connection}"),
            Self::Verify { cluster } => write!(f, "verify {cluster}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    {}", self.action, self.command)
    }
}

impl MeshPlan {
    /// What to do, in order: first what is there and shall not be goes away, so that nothing new meets it; then clusters become
    /// members, then they are connected, then it is verified. What is there already is not done again.
    ///
    /// A cluster that gets a name or id restarts its workloads' networking: that is what `Join` costs, and why a name or id that
    /// is there never changes.
    pub fn steps(&self, present: &Present) -> Vec<Step> {
        match self.technology() {
            Technology::Cilium(_) => self.cilium_steps(present),
            Technology::Submariner(settings) => self.submariner_steps(settings, present),
        }
    }

    fn cilium_steps(&self, present: &Present) -> Vec<Step> {
        let mut steps = Vec::new();
        let wanted: BTreeSet<_> = self.connections().collect();
        for connection in present.connections.difference(&wanted) {
            steps.push(Step {
                command: self.between("disconnect", connection),
                action: Action::Disconnect {
                    connection: connection.clone(),
                },
            });
        }
        for cluster in self.leaving(present) {
            steps.push(Step {
                command: Command::new(
                    "cilium",
                    ["clustermesh", "disable", "--context", cluster.as_str()],
                ),
                action: Action::Leave {
                    cluster: cluster.clone(),
                },
            });
        }
        let mut touched = BTreeSet::new();
        for member in self.joining(present) {
            touched.insert(&member.cluster);
            steps.push(Step {
                action: Action::Join {
                    cluster: member.cluster.clone(),
                },
                command: upgrade_release(member),
            });
        }
        let new: Vec<_> = wanted.difference(&present.connections).collect();
        for connection in &new {
            touched.extend(connection.ends());
            steps.push(Step {
                command: self.between("connect", connection),
                action: Action::Connect {
                    connection: (*connection).clone(),
                },
            });
        }
        let to_verify = self
            .members()
            .iter()
            .filter(|member| touched.contains(&member.cluster));
        steps.extend(to_verify.map(|member| Step {
            action: Action::Verify {
                cluster: member.cluster.clone(),
            },
            command: Command::new(
                "cilium",
                ["clustermesh", "status", "--context", &member.context, "--wait"],
            ),
        }));
        steps
    }

    fn submariner_steps(&self, settings: &SubmarinerSettings, present: &Present) -> Vec<Step> {
        let mut steps = Vec::new();
        for cluster in self.leaving(present) {
            steps.push(Step {
                action: Action::Leave {
                    cluster: cluster.clone(),
                },
                command: submariner::leave(cluster.as_str()),
            });
        }
        if !present.broker {
            for (number, island) in self.islands().iter().enumerate() {
                steps.push(Step {
                    action: Action::DeployBroker {
                        island: island.name.clone(),
                    },
                    command: submariner::deploy_broker(self, settings, number),
                });
            }
        }
        let joining: Vec<_> = self.joining(present).collect();
        steps.extend(joining.iter().map(|member| Step {
            action: Action::Join {
                cluster: member.cluster.clone(),
            },
            command: submariner::join(self, settings, member),
        }));
        steps.extend(joining.iter().map(|member| Step {
            action: Action::Verify {
                cluster: member.cluster.clone(),
            },
            command: submariner::show(member),
        }));
        steps
    }

    fn leaving<'a>(&self, present: &'a Present) -> impl Iterator<Item = &'a ClusterName> {
        present
            .members
            .iter()
            .filter(|cluster| self.member(cluster.as_str()).is_none())
    }

    fn joining(&self, present: &Present) -> impl Iterator<Item = &PlannedMember> {
        self.members()
            .iter()
            .filter(|member| !present.members.contains(&member.cluster))
    }

    fn between(&self, verb: &str, connection: &Connection) -> Command {
        // A cluster that has left the fleet is known by its name alone.
        let context = |cluster: &ClusterName| {
            self.member(cluster.as_str())
                .map_or_else(|| cluster.to_string(), |member| member.context.clone())
        };
        let [one, other] = connection.ends().map(context);
        Command::new(
            "cilium",
            [
                "clustermesh",
                verb,
                "--context",
                &one,
                "--destination-context",
                &other,
            ],
        )
    }
}

/// The values hold name, id and API server: one upgrade of the release instead of `cilium clustermesh enable`, which knows of no id.
fn upgrade_release(member: &PlannedMember) -> Command {
    Command::new(
        "cilium",
        [
            "upgrade",
            "--context",
            &member.context,
            "--version",
            &member.version.to_string(),
            "--reuse-values",
            "--values",
            &format!("clusters/{}/cilium/mesh-values.yaml", member.cluster),
        ],
    )
}
