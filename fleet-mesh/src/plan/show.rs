//! A plan as people and programs read it.

use std::fmt;

use fleet_core::NetworkKind;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Allocation, Connection, MeshPlan, PlannedMember, Role, Warning, What};
use crate::policy::Technology;

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} - {}", self.0, self.1)
    }
}

impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ends().serialize(serializer)
    }
}

impl fmt::Display for Allocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Id(id) => write!(f, "{}: id {id}", self.cluster),
            What::Block(kind, block) => write!(f, "{}: {kind} {block}", self.cluster),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodesUnknown { clusters, first } => write!(
                f,
                "the node networks of {clusters} clusters are not known ({first} is the first), so that nothing was held \
                 against them"
            ),
            Self::Reserved { cluster } => write!(
                f,
                "{cluster} is in `members` and not in the fleet: its id and blocks stay reserved until it is taken out"
            ),
            Self::FewerIdentities => f.write_str(
                "maxConnectedClusters 511 leaves each cluster 32,767 local identities instead of 65,535",
            ),
            Self::Alone { cluster } => {
                write!(f, "{cluster} is alone on its island and connected with nobody")
            }
        }
    }
}

/// A table of the members, what was allocated, and what deserves a look.
impl fmt::Display for MeshPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let islands = self.islands.len();
        writeln!(
            f,
            "{}: {}, {} clusters, {} connections{}",
            self.name,
            self.technology.as_str(),
            self.members.len(),
            self.links(),
            if islands > 1 {
                format!(", {islands} islands")
            } else {
                String::new()
            }
        )?;
        let titles = ["cluster", "id", "role", "version", "pods", "services", "nodes"];
        let mut rows = vec![titles.map(str::to_owned)];
        rows.extend(self.members.iter().map(|member| self.row(member)));
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..titles.len()).map(width).collect();
        for row in &rows {
            let cells: Vec<_> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            writeln!(f, "  {}", cells.join("  ").trim_end())?;
        }
        if !self.allocations.is_empty() {
            writeln!(f, "allocated")?;
        }
        for allocation in &self.allocations {
            writeln!(f, "  {allocation}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "note: {warning}")?;
        }
        Ok(())
    }
}

impl MeshPlan {
    fn row(&self, member: &PlannedMember) -> [String; 7] {
        let list = |kind| {
            let blocks: Vec<_> = member.networks.of(kind).iter().map(ToString::to_string).collect();
            if blocks.is_empty() {
                "-".to_owned()
            } else {
                blocks.join(",")
            }
        };
        let number = match (&self.technology, member.id, member.globalnet) {
            (Technology::Cilium(_), Some(id), _) => id.to_string(),
            (_, _, Some(globalnet)) => globalnet.to_string(),
            _ => "-".to_owned(),
        };
        let role = match member.role {
            Role::Peer => self.islands[member.island].name.clone(),
            Role::Hub => "hub".to_owned(),
            Role::Spoke => "spoke".to_owned(),
        };
        [
            member.cluster.to_string(),
            number,
            role,
            member.version.to_string(),
            list(NetworkKind::Pods),
            list(NetworkKind::Services),
            list(NetworkKind::Nodes),
        ]
    }
}

/// With the connections of Cilium, which are made one by one; Submariner's gateways find each other.
impl Serialize for MeshPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut plan = serializer.serialize_struct("MeshPlan", 9)?;
        plan.serialize_field("name", &self.name)?;
        plan.serialize_field("technology", &self.technology)?;
        plan.serialize_field("members", &self.members)?;
        plan.serialize_field("islands", &self.islands)?;
        plan.serialize_field("links", &self.links())?;
        match &self.technology {
            Technology::Cilium(_) => {
                plan.serialize_field("connections", &self.connections().collect::<Vec<_>>())?;
            }
            Technology::Submariner(_) => plan.skip_field("connections")?,
        }
        plan.serialize_field("allocations", &self.allocations)?;
        plan.serialize_field("openings", &self.openings())?;
        plan.serialize_field(
            "warnings",
            &self.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        )?;
        plan.end()
    }
}
