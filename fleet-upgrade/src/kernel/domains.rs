//! Domains: how much of a region, a pair, a group or the capacity is away now, and whether one more may go.

use super::moment::Moment;
use super::rules::Member;
use super::{Phase, StageId};
use crate::plan::{DomainShare, PlanDomain};

/// What each domain of a plan has away.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    used: Vec<u64>,
    /// Of that, what will not come back by itself: what failed or is held.
    lost: Vec<u64>,
}

impl Usage {
    pub(crate) fn of(moment: &Moment<'_>) -> Self {
        let domains = moment.rules.domains();
        if domains.is_empty() {
            return Self::default();
        }
        let mut usage = Self {
            used: vec![0; domains.len()],
            lost: vec![0; domains.len()],
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
                    usage.add(*share, lost);
                }
            }
        }
        usage
    }

    fn add(&mut self, share: DomainShare, lost: bool) {
        let index = share.domain as usize;
        if let Some(used) = self.used.get_mut(index) {
            *used = used.saturating_add(share.weight);
        }
        if lost && let Some(lost) = self.lost.get_mut(index) {
            *lost = lost.saturating_add(share.weight);
        }
    }

    /// The first domain in which there is no room for the cluster now.
    pub(crate) fn full<'p>(&self, domains: &'p [PlanDomain], cluster: Member<'_>) -> Option<&'p PlanDomain> {
        full(&self.used, domains, cluster.domains())
    }

    /// The first domain in which there will be no room for the cluster for as long as nobody mends what failed.
    pub(crate) fn lost<'p>(&self, domains: &'p [PlanDomain], cluster: Member<'_>) -> Option<&'p PlanDomain> {
        full(&self.lost, domains, cluster.domains())
    }

    /// The cluster goes, too.
    pub(crate) fn take(&mut self, cluster: Member<'_>) {
        for share in cluster.domains() {
            self.add(*share, false);
        }
    }
}

fn full<'p>(used: &[u64], domains: &'p [PlanDomain], shares: &[DomainShare]) -> Option<&'p PlanDomain> {
    shares.iter().find_map(|share| {
        let domain = domains.get(share.domain as usize)?;
        let used = used.get(share.domain as usize).copied().unwrap_or(0);
        (used.saturating_add(share.weight) > domain.limit).then_some(domain)
    })
}

impl Moment<'_> {
    /// The domain that keeps every cluster of the stage that has not started from ever starting, if one does.
    pub(crate) fn domains_lost(&self, stage: StageId) -> Option<String> {
        let mut first = None;
        let pending = self
            .members(stage)
            .filter(|(_, cell, _)| cell.phase == Phase::Pending);
        for (_, _, planned) in pending {
            let domain = self.usage.lost(self.rules.domains(), planned)?;
            first.get_or_insert_with(|| domain.name.clone());
        }
        first
    }
}
