//! Why a cluster is a cluster of its own, and what follows from it for whoever plans with it.
//!
//! A fleet has many clusters because something forces it to: a regulation, the wish that one failure stays small, a law
//! about where data may lie, a team that runs its own, a place to try the next version. Each of these is said by a label
//! (so that every inventory carries it), read as a [`Purpose`], and kept as a constraint: [`Constraints`] answers, for one thing
//! that a planner is about to do, whether it breaks one. [`report`] says for each cluster why it exists and what it
//! breaks now.
//!
//! | forcing function | label | constraint |
//! | --- | --- | --- |
//! | regulatory isolation | `regulatory-scope: pci-dss` (several: `pci-dss_hipaa`) | no mesh between different scopes without a named exception; an ApplicationSet that reaches in from outside is flagged |
//! | blast radius | `blast-radius: cell-3` | one upgrade stage does not take two production clusters of one cell at once |
//! | geography and residency | `region: eu-west`, `data-residency: eu` | data is restored and copied only into regions of the residency |
//! | team autonomy | `team: payments` | |
//! | version testing | `version-testing: "true"` | a candidate for the first stage of an upgrade; never critical |
//!
//! ```
//! use fleet_core::purpose::Constraints;
//! use fleet_core::{FleetCluster, Labels};
//!
//! let cluster = |name: &str, labels: &[(&str, &str)]| -> Result<_, Box<dyn std::error::Error>> {
//!     let labels = Labels::from_pairs(labels.iter().copied())?;
//!     Ok(FleetCluster::new(name.parse()?, "v1.31.0".parse()?).with_labels(labels))
//! };
//! let cards = cluster("cards", &[("regulatory-scope", "pci-dss"), ("region", "eu-west"), ("data-residency", "eu")])?;
//! let shop = cluster("shop", &[("region", "us-east")])?;
//!
//! let constraints = Constraints::default();
//! assert_eq!(
//!     constraints.connection(&cards, &shop).unwrap_err().to_string(),
//!     "cards (pci-dss) and shop (no scope) are of different regulatory scope and would be joined; keep them apart, or name \
//!      the exception with its reason"
//! );
//! assert!(constraints.restore(&cards, Some("eu-central")).is_ok());
//! assert!(constraints.restore(&cards, shop.region()).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod breach;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ClusterName, FleetCluster, Labels};

pub use breach::Breach;
pub use report::{ClusterReport, Facts, Reason, report};

/// The label of the regulations that a cluster is dedicated to, several joined by `_`.
pub const REGULATORY_SCOPE_LABEL: &str = "regulatory-scope";
/// The label of the cell that a cluster is in: what is meant to fail alone.
pub const BLAST_RADIUS_LABEL: &str = "blast-radius";
/// The label of the region or jurisdiction that a cluster's data must not leave.
pub const DATA_RESIDENCY_LABEL: &str = "data-residency";
/// The label of the team that a cluster belongs to.
pub const TEAM_LABEL: &str = "team";
/// The label of a cluster that tries new versions: `true` or `false`.
pub const VERSION_TESTING_LABEL: &str = "version-testing";

/// Why a cluster is a cluster of its own: its forcing functions, as its labels say them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Purpose {
    /// The regulations it is dedicated to, in lower case: `pci-dss`.
    pub regulatory_scope: BTreeSet<String>,
    /// The cell it is in.
    pub blast_radius: Option<String>,
    /// The region or jurisdiction that its data must not leave.
    pub data_residency: Option<String>,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// Whether it is there to try new versions.
    pub version_testing: bool,
}

impl Purpose {
    /// Reads the labels. A `version-testing` that is neither `true` nor `false` counts as false; [`report`] tells it.
    pub fn of(labels: &Labels) -> Self {
        let text = |label| {
            labels
                .get(label)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let scopes = labels.get(REGULATORY_SCOPE_LABEL).unwrap_or_default();
        Self {
            regulatory_scope: scopes
                .split('_')
                .filter(|scope| !scope.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
            blast_radius: text(BLAST_RADIUS_LABEL),
            data_residency: text(DATA_RESIDENCY_LABEL),
            team: text(TEAM_LABEL),
            version_testing: labels.get(VERSION_TESTING_LABEL) == Some("true"),
        }
    }

    /// Whether a regulation keeps the cluster apart from others.
    pub fn is_isolated(&self) -> bool {
        !self.regulatory_scope.is_empty()
    }

    /// Its regulations in one word: `hipaa, pci-dss`, or `no scope`.
    pub fn scope(&self) -> String {
        if self.regulatory_scope.is_empty() {
            return "no scope".to_owned();
        }
        let scopes: Vec<_> = self.regulatory_scope.iter().map(String::as_str).collect();
        scopes.join(", ")
    }
}

/// Two clusters that may be joined although their regulatory scopes differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::exhaustive_structs)] // a pair and why
pub struct Exception {
    /// The two clusters, in any order.
    pub between: [ClusterName; 2],
    /// Why this is in order: what an auditor reads.
    pub reason: String,
}

/// What the fleet's forcing functions forbid. What each cluster asks for is in its labels; this is what they leave open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(clippy::exhaustive_structs)] // written in policies
pub struct Constraints {
    /// The regions of each jurisdiction that a `data-residency` may name. One that is not here is a region itself, or
    /// the beginning of some: `eu` is every region `eu` and `eu-…`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub jurisdictions: BTreeMap<String, BTreeSet<String>>,
    /// Pairs that may be joined although their regulatory scopes differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

impl Constraints {
    /// Whether the networks of two clusters may be joined.
    ///
    /// # Errors
    /// When their regulatory scopes differ, and no exception names the two.
    pub fn connection(&self, one: &FleetCluster, other: &FleetCluster) -> Result<(), Breach> {
        let (scope, other_scope) = (one.purpose(), other.purpose());
        if scope.regulatory_scope == other_scope.regulatory_scope
            || self.exception(one.name(), other.name()).is_some()
        {
            return Ok(());
        }
        Err(Breach::Scopes {
            clusters: [one.name().clone(), other.name().clone()],
            scopes: [scope.scope(), other_scope.scope()],
        })
    }

    /// The exception that names two clusters.
    pub fn exception(&self, one: &ClusterName, other: &ClusterName) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| {
            let [a, b] = &exception.between;
            (a, b) == (one, other) || (a, b) == (other, one)
        })
    }

    /// Whether a cluster's data may be put into a region: a restore, or a copy of a backup.
    ///
    /// # Errors
    /// When the cluster has a residency and the region is not of it, or not known.
    pub fn restore(&self, data_of: &FleetCluster, region: Option<&str>) -> Result<(), Breach> {
        match data_of.purpose().data_residency {
            Some(residency) if !region.is_some_and(|region| self.is_in(region, &residency)) => {
                Err(Breach::Residency {
                    cluster: data_of.name().clone(),
                    residency,
                    region: region.map(str::to_owned),
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether one thing (an ApplicationSet, a policy) may reach these clusters together: what a regulation isolates is
    /// reached by what is meant for it alone.
    ///
    /// # Errors
    /// The first isolated cluster that is reached together with one of another scope.
    pub fn reach<'a>(
        &self,
        who: &str,
        clusters: impl IntoIterator<Item = &'a FleetCluster>,
    ) -> Result<(), Breach> {
        let mut first: Option<(&FleetCluster, Purpose)> = None;
        for cluster in clusters {
            let purpose = cluster.purpose();
            match &first {
                None => first = Some((cluster, purpose)),
                Some((other, scope)) if scope.regulatory_scope != purpose.regulatory_scope => {
                    // One of the two is isolated, or they would be equal.
                    let (isolated, scope, beside) = if purpose.is_isolated() {
                        (cluster, purpose.scope(), *other)
                    } else {
                        (*other, scope.scope(), cluster)
                    };
                    return Err(Breach::Reached {
                        cluster: isolated.name().clone(),
                        scope,
                        by: who.to_owned(),
                        beside: beside.name().clone(),
                    });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Whether a region is of a residency.
    pub fn is_in(&self, region: &str, residency: &str) -> bool {
        match self.jurisdictions.get(residency) {
            Some(regions) => regions.contains(region),
            None => {
                region == residency
                    || region
                        .strip_prefix(residency)
                        .is_some_and(|rest| rest.starts_with('-'))
            }
        }
    }
}

/// The clusters that may be the first to get a new version: those that are there to try it, and are not critical.
///
/// ```
/// use fleet_core::purpose::first_stage_candidates;
/// use fleet_core::{Fleet, FleetCluster, Labels};
///
/// let lab = FleetCluster::new("lab".parse()?, "v1.31.0".parse()?)
///     .with_labels(Labels::from_pairs([("version-testing", "true")])?);
/// let shop = FleetCluster::new("shop".parse()?, "v1.31.0".parse()?);
/// let fleet = Fleet::new([lab, shop])?;
/// let names: Vec<_> = first_stage_candidates(&fleet).map(|cluster| cluster.name().to_string()).collect();
/// assert_eq!(names, ["lab"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn first_stage_candidates(fleet: &crate::Fleet) -> impl Iterator<Item = &FleetCluster> {
    fleet.iter().filter(|cluster| is_first_stage_candidate(cluster))
}

/// Whether a cluster is there to try new versions, and not critical.
pub fn is_first_stage_candidate(cluster: &FleetCluster) -> bool {
    // Not by way of `Purpose`: planners ask this of every cluster of a fleet.
    cluster.label(VERSION_TESTING_LABEL) == Some("true") && cluster.criticality() < crate::Criticality::High
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if self.is_isolated() {
            words.push(self.scope());
        }
        words.extend(self.blast_radius.iter().map(|cell| format!("cell {cell}")));
        words.extend(
            self.data_residency
                .iter()
                .map(|residency| format!("data stays in {residency}")),
        );
        words.extend(self.team.iter().map(|team| format!("team {team}")));
        if self.version_testing {
            words.push("tries new versions".to_owned());
        }
        f.pad(&words.join("; "))
    }
}
