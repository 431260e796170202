//! The fleet beside its objectives.

use std::fmt;

use super::{Exposure, NamespaceProtection};
use crate::inventory::{FleetState, Objective};
use crate::text;

/// How the namespaces of a tier stand to its objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The tier.
    pub tier: String,
    /// What is wanted.
    pub objective: Objective,
    /// How many namespaces there are.
    pub namespaces: usize,
    /// Those that miss the RPO now, as `cluster/namespace`.
    pub rpo_missed_now: Vec<String>,
    /// Those that miss it at the worst moment.
    pub rpo_missed_at_worst: Vec<String>,
    /// Those whose recovery is likely (in half of all cases) to take longer than wanted.
    pub rto_missed: Vec<String>,
    /// The greatest exposure at the worst moment.
    pub worst: Exposure,
}

impl Verdict {
    /// Whether every namespace meets it, at the worst moment, too.
    pub fn is_met(&self) -> bool {
        self.rpo_missed_at_worst.is_empty() && self.rpo_missed_now.is_empty() && self.rto_missed.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rpo, rto) = (
            text::duration(self.objective.rpo),
            text::duration(self.objective.rto),
        );
        let met = if self.is_met() { "met" } else { "missed" };
        write!(
            f,
            "{}: {met} (rpo {rpo}: {} of {} miss it now, {} at worst, worst case {}; rto {rto}: {} miss it)",
            self.tier,
            self.rpo_missed_now.len(),
            self.namespaces,
            self.rpo_missed_at_worst.len(),
            self.worst,
            self.rto_missed.len()
        )
    }
}

pub(super) fn of(fleet: &FleetState, namespaces: &[NamespaceProtection]) -> Vec<Verdict> {
    let of_tier = |(tier, objective): (&String, &Objective)| {
        let members: Vec<&NamespaceProtection> = namespaces
            .iter()
            .filter(|namespace| namespace.tier.as_ref() == Some(tier))
            .collect();
        let missing = |misses: &dyn Fn(&NamespaceProtection) -> bool| {
            let missing = members.iter().filter(|namespace| misses(namespace));
            missing
                .map(|namespace| format!("{}/{}", namespace.cluster, namespace.namespace))
                .collect()
        };
        Verdict {
            tier: tier.clone(),
            objective: *objective,
            namespaces: members.len(),
            rpo_missed_now: missing(&|namespace| !namespace.rpo_now.is_within(objective.rpo)),
            rpo_missed_at_worst: missing(&|namespace| !namespace.rpo_worst.is_within(objective.rpo)),
            rto_missed: missing(&|namespace| namespace.rto.p50 > objective.rto),
            worst: members
                .iter()
                .map(|namespace| namespace.rpo_worst)
                .max()
                .unwrap_or(Exposure::Nothing),
        }
    };
    fleet.objectives.iter().map(of_tier).collect()
}
