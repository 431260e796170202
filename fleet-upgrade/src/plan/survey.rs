//! What the planner asks of every cluster's labels, read in one pass.
//!
//! The labels of a large fleet lie all over memory, and fetching them is most of what planning it costs.

use std::collections::{BTreeMap, HashMap};

use fleet_core::purpose::{BLAST_RADIUS_LABEL, is_first_stage_candidate};
use fleet_core::{Criticality, FleetCluster};

use crate::spec::FleetUpgrade;

/// The label whose value the halves of a disaster-recovery pair share.
const PAIR_LABEL: &str = "dr-pair";

/// The answers, by a cluster's number in the assignment.
pub(crate) struct Survey<'a> {
    /// For each stage of the policy, the clusters that it matches, in the order of their names.
    pub(crate) matching: Vec<Vec<u32>>,
    pub(crate) criticality: Vec<Criticality>,
    /// Whether it is there to try new versions, and not critical.
    pub(crate) tester: Vec<bool>,
    /// Provider, region and tier: what a canary should stand for.
    pub(crate) dimensions: [(&'static str, Kinds<'a>); 3],
    /// The disaster-recovery pair it is a half of.
    pub(crate) pair: Kinds<'a>,
    /// The cell that a production cluster is in.
    pub(crate) cell: Kinds<'a>,
    /// What is there to say a criticality and says nothing known, by the label and by what the clusters count as.
    pub(crate) unread: BTreeMap<(&'static str, Criticality), Unread<'a>>,
}

/// Clusters whose label for the criticality says nothing known.
pub(crate) struct Unread<'a> {
    pub(crate) first: &'a FleetCluster,
    pub(crate) value: &'a str,
    pub(crate) clusters: u32,
}

impl<'a> Survey<'a> {
    pub(crate) fn of(policy: &FleetUpgrade, clusters: &[&'a FleetCluster]) -> Self {
        let stages = &policy.spec.stages;
        let mut survey = Self {
            matching: vec![Vec::new(); stages.len()],
            criticality: Vec::with_capacity(clusters.len()),
            tester: Vec::with_capacity(clusters.len()),
            dimensions: ["provider", "region", "tier"].map(|name| (name, Kinds::default())),
            pair: Kinds::default(),
            cell: Kinds::default(),
            unread: BTreeMap::new(),
        };
        for (number, cluster) in (0..).zip(clusters) {
            let labels = cluster.labels();
            let criticality = cluster.criticality();
            for (stage, matching) in stages.iter().zip(&mut survey.matching) {
                if stage
                    .selector
                    .as_ref()
                    .is_none_or(|selector| selector.matches(labels))
                {
                    matching.push(number);
                }
            }
            survey.criticality.push(criticality);
            survey.tester.push(is_first_stage_candidate(cluster));
            let [(_, provider), (_, region), (_, tier)] = &mut survey.dimensions;
            provider.push(Some(cluster.provider().as_str()));
            region.push(cluster.region());
            tier.push(cluster.tier());
            survey.pair.push(labels.get(PAIR_LABEL));
            let cell = labels.get(BLAST_RADIUS_LABEL);
            survey
                .cell
                .push(cell.filter(|_| cluster.env() == Some("production")));
            if let Some((label, value)) = cluster.unread_criticality() {
                let unread = survey.unread.entry((label, criticality)).or_insert(Unread {
                    first: cluster,
                    value,
                    clusters: 0,
                });
                unread.clusters += 1;
            }
        }
        survey
    }
}

/// One label's values, numbered, and each cluster's.
#[derive(Default)]
pub(crate) struct Kinds<'a> {
    values: Vec<&'a str>,
    numbers: HashMap<&'a str, u32>,
    of: Vec<Option<u32>>,
}

impl<'a> Kinds<'a> {
    /// The next cluster's value; an empty one says as much as none.
    fn push(&mut self, value: Option<&'a str>) {
        let number = value.filter(|value| !value.is_empty()).map(|value| {
            *self.numbers.entry(value).or_insert_with(|| {
                self.values.push(value);
                u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
            })
        });
        self.of.push(number);
    }

    /// The number of a cluster's value, where it has one.
    pub(crate) fn of(&self, member: u32) -> Option<u32> {
        self.of.get(member as usize).copied().flatten()
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// A value by its number.
    pub(crate) fn value(&self, number: u32) -> &'a str {
        self.values.get(number as usize).copied().unwrap_or_default()
    }
}
