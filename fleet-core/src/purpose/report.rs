//! One report: why each cluster exists, and which constraints it breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::{Breach, Constraints, Purpose, VERSION_TESTING_LABEL};
use crate::{ClusterName, Criticality, Fleet, FleetCluster};

/// What the subsystems do with the clusters, as far as it is known: what the constraints are held against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // written with `..Facts::default()`
pub struct Facts {
    /// Pairs of clusters whose networks are joined.
    pub connections: Vec<[ClusterName; 2]>,
    /// The clusters that each ApplicationSet reaches.
    pub applications: BTreeMap<String, BTreeSet<ClusterName>>,
    /// The regions that copies of a cluster's data lie in.
    pub copies: BTreeMap<ClusterName, BTreeSet<String>>,
    /// Clusters that are changed at once (the clusters of one wave of an upgrade), group by group.
    pub changed_at_once: Vec<BTreeSet<ClusterName>>,
}

/// One reason for a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// A regulation asks for a cluster of its own.
    Regulation {
        /// Which ones.
        scopes: BTreeSet<String>,
    },
    /// A failure must not reach further than the cell.
    BlastRadius {
        /// The cell.
        cell: String,
    },
    /// The data must not leave a place.
    Residency {
        /// The place.
        residency: String,
    },
    /// Users in a region: no other cluster of the same environment and team stands there.
    Geography {
        /// The region.
        region: String,
    },
    /// A team runs its own.
    Team {
        /// The team.
        team: String,
    },
    /// New versions are tried here.
    VersionTesting,
    /// The only cluster of its environment.
    Environment {
        /// The environment.
        env: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regulation { scopes } => {
                let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
                write!(f, "dedicated to {}", scopes.join(", "))
            }
            Self::BlastRadius { cell } => write!(f, "fails alone, as cell {cell}"),
            Self::Residency { residency } => write!(f, "keeps its data in {residency}"),
            Self::Geography { region } => write!(f, "serves {region}"),
            Self::Team { team } => write!(f, "belongs to team {team}"),
            Self::VersionTesting => f.write_str("tries new versions"),
            Self::Environment { env } => write!(f, "is the only one of {env}"),
        }
    }
}

/// Why one cluster exists, and which constraints it breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterReport {
    /// The cluster.
    pub cluster: ClusterName,
    /// Why it exists.
    pub reasons: Vec<Reason>,
    /// What it breaks.
    pub breaches: Vec<Breach>,
}

impl fmt::Display for ClusterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons: Vec<_> = self.reasons.iter().map(ToString::to_string).collect();
        write!(f, "{}: {}", self.cluster, reasons.join("; "))?;
        self.breaches
            .iter()
            .try_for_each(|breach| write!(f, "\n  ! {breach}"))
    }
}

/// Says for each cluster of a fleet, in the order of their names, why it exists and which constraints it breaks.
///
/// ```
/// use fleet_core::purpose::{Constraints, Facts, report};
/// use fleet_core::{Fleet, FleetCluster, Labels};
///
/// let cards = FleetCluster::new("cards".parse()?, "v1.31.0".parse()?).with_labels(Labels::from_pairs([
///     ("regulatory-scope", "pci-dss"),
///     ("data-residency", "eu"),
///     ("region", "us-east"),
/// ])?);
/// let reports = report(&Fleet::new([cards])?, &Constraints::default(), &Facts::default());
/// assert_eq!(
///     reports[0].to_string(),
///     "cards: dedicated to pci-dss; keeps its data in eu; serves us-east\n  \
///      ! cards must keep its data in eu and stands in us-east; correct the label `region` or `data-residency`, or move it"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn report(fleet: &Fleet, constraints: &Constraints, facts: &Facts) -> Vec<ClusterReport> {
    let mut breaches: BTreeMap<&ClusterName, Vec<Breach>> = BTreeMap::new();
    let mut tell = |breach: Breach| {
        for name in breach.clusters() {
            if let Some(cluster) = fleet.get(name.as_str()) {
                breaches.entry(cluster.name()).or_default().push(breach.clone());
            }
        }
    };
    for [one, other] in &facts.connections {
        if let (Some(one), Some(other)) = (fleet.get(one.as_str()), fleet.get(other.as_str()))
            && let Err(breach) = constraints.connection(one, other)
        {
            tell(breach);
        }
    }
    for (name, clusters) in &facts.applications {
        let reached = clusters.iter().filter_map(|name| fleet.get(name.as_str()));
        if let Err(breach) = constraints.reach(&format!("the ApplicationSet {name}"), reached) {
            tell(breach);
        }
    }
    for (name, regions) in &facts.copies {
        let Some(cluster) = fleet.get(name.as_str()) else {
            continue;
        };
        for region in regions {
            if let Err(breach) = constraints.restore(cluster, Some(region)) {
                tell(breach);
            }
        }
    }
    for group in &facts.changed_at_once {
        let mut cells: BTreeMap<String, &FleetCluster> = BTreeMap::new();
        for cluster in group.iter().filter_map(|name| fleet.get(name.as_str())) {
            let Some(cell) = cluster.purpose().blast_radius else {
                continue;
            };
            match cells.get(&cell) {
                Some(other) => tell(Breach::Cell {
                    clusters: [other.name().clone(), cluster.name().clone()],
                    cell,
                }),
                None => drop(cells.insert(cell, cluster)),
            }
        }
    }
    let places = Places::of(fleet);
    fleet
        .iter()
        .map(|cluster| {
            let purpose = cluster.purpose();
            let reasons = reasons(cluster, &purpose, &places);
            let mut found = own_breaches(cluster, &purpose, constraints);
            if reasons.is_empty() {
                found.push(Breach::NoReason {
                    cluster: cluster.name().clone(),
                });
            }
            found.extend(breaches.remove(cluster.name()).unwrap_or_default());
            ClusterReport {
                cluster: cluster.name().clone(),
                reasons,
                breaches: found,
            }
        })
        .collect()
}

/// How many clusters there are of each kind, so that a region or an environment counts as a reason where it is one.
struct Places<'a> {
    by_region: BTreeMap<(Option<&'a str>, Option<&'a str>, &'a str), usize>,
    by_environment: BTreeMap<&'a str, usize>,
}

impl<'a> Places<'a> {
    fn of(fleet: &'a Fleet) -> Self {
        let mut places = Self {
            by_region: BTreeMap::new(),
            by_environment: BTreeMap::new(),
        };
        for cluster in fleet {
            if let Some(key) = Self::region(cluster) {
                *places.by_region.entry(key).or_default() += 1;
            }
            if let Some(env) = cluster.env() {
                *places.by_environment.entry(env).or_default() += 1;
            }
        }
        places
    }

    fn region(cluster: &FleetCluster) -> Option<(Option<&str>, Option<&str>, &str)> {
        Some((cluster.env(), cluster.label(super::TEAM_LABEL), cluster.region()?))
    }
}

fn reasons(cluster: &FleetCluster, purpose: &Purpose, places: &Places<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if purpose.is_isolated() {
        reasons.push(Reason::Regulation {
            scopes: purpose.regulatory_scope.clone(),
        });
    }
    let own = [
        purpose
            .blast_radius
            .clone()
            .map(|cell| Reason::BlastRadius { cell }),
        purpose
            .data_residency
            .clone()
            .map(|residency| Reason::Residency { residency }),
        Places::region(cluster)
            .filter(|key| places.by_region.get(key) == Some(&1))
            .map(|(_, _, region)| Reason::Geography {
                region: region.to_owned(),
            }),
        purpose.team.clone().map(|team| Reason::Team { team }),
        purpose.version_testing.then_some(Reason::VersionTesting),
        cluster
            .env()
            .filter(|env| places.by_environment.get(env) == Some(&1))
            .map(|env| Reason::Environment { env: env.to_owned() }),
    ];
    reasons.extend(own.into_iter().flatten());
    reasons
}

fn own_breaches(cluster: &FleetCluster, purpose: &Purpose, constraints: &Constraints) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if let Some(residency) = &purpose.data_residency
        && !cluster
            .region()
            .is_some_and(|region| constraints.is_in(region, residency))
    {
        breaches.push(Breach::Outside {
            cluster: cluster.name().clone(),
            residency: residency.clone(),
            region: cluster.region().map(str::to_owned),
        });
    }
    if purpose.version_testing && cluster.criticality() >= Criticality::High {
        breaches.push(Breach::CriticalTester {
            cluster: cluster.name().clone(),
            criticality: cluster.criticality(),
        });
    }
    if let Some(found) = cluster.label(VERSION_TESTING_LABEL)
        && !["true", "false"].contains(&found)
    {
        breaches.push(Breach::Unread {
            cluster: cluster.name().clone(),
            label: VERSION_TESTING_LABEL,
            found: found.to_owned(),
            expected: "`true` or `false`",
        });
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KubernetesVersion, Labels};

    fn cluster(name: &str, labels: &[(&str, &str)]) -> FleetCluster {
        FleetCluster::new(name.parse().unwrap(), KubernetesVersion::new(1, 31, 0))
            .with_labels(Labels::from_pairs(labels.iter().copied()).unwrap())
    }

    fn names(names: &[&str]) -> BTreeSet<ClusterName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn every_forcing_function_is_a_reason_and_every_breach_stands_at_its_clusters() {
        let fleet = Fleet::new([
            cluster(
                "cards",
                &[
                    ("regulatory-scope", "PCI-DSS_hipaa"),
                    ("region", "eu-west"),
                    ("data-residency", "eu"),
                ],
            ),
            cluster("cell-a", &[("blast-radius", "a"), ("env", "production")]),
            cluster("cell-b", &[("blast-radius", "a"), ("env", "production")]),
            cluster("lab", &[("version-testing", "yes"), ("env", "lab")]),
            cluster("lost", &[]),
            cluster(
                "shop",
                &[("team", "shop"), ("version-testing", "true"), ("tier", "gold")],
            ),
        ])
        .unwrap();
        let facts = Facts {
            connections: vec![["cards".parse().unwrap(), "shop".parse().unwrap()]],
            applications: [("ingress".to_owned(), names(&["shop", "cards"]))].into(),
            copies: [(
                "cards".parse().unwrap(),
                ["us-east".to_owned(), "eu-central".to_owned()].into(),
            )]
            .into(),
            changed_at_once: vec![names(&["cell-a", "cell-b", "lab"])],
        };
        let text: Vec<_> = report(&fleet, &Constraints::default(), &facts)
            .iter()
            .map(ToString::to_string)
            .collect();
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn an_exception_joins_two_scopes_and_no_third() {
        let [cards, shop, mail] = [("cards", "pci-dss"), ("shop", ""), ("mail", "")]
            .map(|(name, scope)| cluster(name, &[("regulatory-scope", scope)]));
        let constraints = Constraints {
            exceptions: vec![super::super::Exception {
                between: ["shop".parse().unwrap(), "cards".parse().unwrap()],
                reason: "payment page".to_owned(),
            }],
            ..Constraints::default()
        };
        assert!(constraints.connection(&cards, &shop).is_ok());
        assert!(constraints.connection(&shop, &cards).is_ok());
        assert!(constraints.connection(&cards, &mail).is_err());
        assert!(constraints.connection(&shop, &mail).is_ok());
    }

    #[test]
    fn a_residency_is_a_jurisdiction_or_the_beginning_of_regions() {
        let constraints = Constraints {
            jurisdictions: [("dach".to_owned(), ["eu-central".to_owned()].into())].into(),
            ..Constraints::default()
        };
        for (region, residency, is_in) in [
            ("eu-west", "eu", true),
            ("eu", "eu", true),
            ("europe-west1", "eu", false),
            ("us-east", "eu", false),
            ("eu-central", "dach", true),
            ("dach-1", "dach", false),
        ] {
            assert_eq!(
                constraints.is_in(region, residency),
                is_in,
                "{region} in {residency}"
            );
        }
        let german = cluster("german", &[("data-residency", "dach")]);
        assert!(constraints.restore(&german, Some("eu-central")).is_ok());
        assert!(constraints.restore(&german, Some("eu-west")).is_err());
        assert!(constraints.restore(&german, None).is_err());
        assert!(constraints.restore(&cluster("free", &[]), None).is_ok());
    }

    #[test]
    fn what_is_for_one_scope_alone_may_reach_it() {
        let constraints = Constraints::default();
        let [cards, bank] = ["cards", "bank"].map(|name| cluster(name, &[("regulatory-scope", "pci-dss")]));
        let shop = cluster("shop", &[]);
        assert!(constraints.reach("x", [&cards, &bank]).is_ok());
        assert!(constraints.reach("x", [&shop, &shop]).is_ok());
        for clusters in [[&cards, &shop], [&shop, &cards]] {
            let breach = constraints.reach("x", clusters).unwrap_err();
            assert!(matches!(breach, Breach::Reached { cluster, .. } if cluster == "cards"));
        }
    }
}
