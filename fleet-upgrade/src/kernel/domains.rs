//! Domains: how much of a region, a pair, a group or the capacity is away now, and whether one more may go.

use super::moment::Moment;
use super::rules::Member;
use crate::plan::{DomainShare, PlanDomain};

/// What each domain of a plan has away.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    used: Vec<u64>,
}

impl Usage {
    pub(crate) fn of(moment: &Moment<'_>) -> Self {
        let domains = moment.rules.domains();
        if domains.is_empty() {
            return Self::default();
        }
        let mut usage = Self {
            used: vec![0; domains.len()],
        };
        for (_, cell, planned) in moment.away() {
            let lost = cell.is_lost();
            if !lost && !cell.is_in_flight() {
                continue;
            }
            for share in planned.domains() {
                let Some(domain) = domains.get(share.domain as usize) else {
                    continue;
                };
                if !lost || domain.counts_failed {
                    usage.add(*share);
                }
            }
        }
        usage
    }

    fn add(&mut self, share: DomainShare) {
        if let Some(used) = self.used.get_mut(share.domain as usize) {
            *used = used.saturating_add(share.weight);
        }
    }

    /// The first domain in which there is no room for the cluster now.
    pub(crate) fn full<'p>(&self, domains: &'p [PlanDomain], cluster: Member<'_>) -> Option<&'p PlanDomain> {
        cluster.domains().iter().find_map(|share| {
            let domain = domains.get(share.domain as usize)?;
            let used = self.used.get(share.domain as usize).copied().unwrap_or(0);
            (used.saturating_add(share.weight) > domain.limit).then_some(domain)
        })
    }

    /// The cluster goes, too.
    pub(crate) fn take(&mut self, cluster: Member<'_>) {
        for share in cluster.domains() {
            self.add(*share);
        }
    }
}
