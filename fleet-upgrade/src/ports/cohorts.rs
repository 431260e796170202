//! Which clusters of a run are upgraded, and which it has not begun: what a gate compares.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use fleet_core::ClusterName;
use jiff::Timestamp;

/// The cohorts of a run, as far as it is: the upgraded, and the control, which has not begun. Clones share what is known.
///
/// Clusters that ran the target already, and those that failed, are held or left, are in neither.
#[derive(Clone, Default)]
pub struct Cohorts(Arc<RwLock<Members>>);

type Members = BTreeMap<ClusterName, Member>;

/// When a cluster's upgrade began, and when it was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Member {
    started: Option<Timestamp>,
    upgraded: Option<Timestamp>,
}

impl Member {
    fn is_upgraded(&self, by: Timestamp) -> bool {
        self.upgraded.is_some_and(|at| at <= by)
    }

    fn is_control(&self, until: Timestamp) -> bool {
        self.started.is_none_or(|at| at >= until)
    }
}

impl Cohorts {
    /// Clusters with the times at which their upgrades began and were done.
    pub fn new(
        clusters: impl IntoIterator<Item = (ClusterName, Option<Timestamp>, Option<Timestamp>)>,
    ) -> Self {
        let members = clusters.into_iter().map(|(name, started, upgraded)| {
            let member = Member { started, upgraded };
            (name, member)
        });
        Self(Arc::new(RwLock::new(members.collect())))
    }

    /// The clusters whose upgrade was done by then.
    pub fn upgraded(&self, by: Timestamp) -> Vec<ClusterName> {
        self.those(|member| member.is_upgraded(by))
    }

    /// The clusters whose upgrade had not begun until then.
    pub fn control(&self, until: Timestamp) -> Vec<ClusterName> {
        self.those(|member| member.is_control(until))
    }

    /// Whether a cluster's upgrade was done by then.
    pub fn is_upgraded(&self, cluster: &ClusterName, by: Timestamp) -> bool {
        let members = self.read();
        let member = members.get(cluster);
        member.is_some_and(|member| member.is_upgraded(by))
    }

    /// Whether there is a cluster whose upgrade had not begun until then.
    pub fn has_control(&self, until: Timestamp) -> bool {
        self.read().values().any(|member| member.is_control(until))
    }

    /// When the first of the upgraded clusters was.
    pub fn first_upgrade(&self) -> Option<Timestamp> {
        self.read().values().filter_map(|member| member.upgraded).min()
    }

    fn those(&self, are: impl Fn(&Member) -> bool) -> Vec<ClusterName> {
        let members = self.read();
        let those = members.iter().filter(|(_, member)| are(member));
        those.map(|(name, _)| name.clone()).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Members> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be known of a cluster from now on; `None` takes it out of both cohorts.
    pub(crate) fn set(&self, name: &ClusterName, times: Option<(Option<Timestamp>, Option<Timestamp>)>) {
        let mut members = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match times {
            Some((started, upgraded)) => {
                members.insert(name.clone(), Member { started, upgraded });
            }
            None => drop(members.remove(name)),
        }
    }

    /// What tells these cohorts from those of another run, for as long as somebody has them.
    #[cfg(feature = "prometheus")]
    pub(crate) fn identity(&self) -> CohortsId {
        CohortsId(Arc::downgrade(&self.0))
    }
}

impl PartialEq for Cohorts {
    /// Whether they are of one run.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Cohorts {}

impl fmt::Debug for Cohorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.read();
        let upgraded = members.values().filter(|member| member.upgraded.is_some());
        f.debug_struct("Cohorts")
            .field("clusters", &members.len())
            .field("upgraded", &upgraded.count())
            .finish()
    }
}

/// See [`Cohorts::identity`].
#[cfg(feature = "prometheus")]
#[derive(Debug, Clone)]
pub(crate) struct CohortsId(std::sync::Weak<RwLock<Members>>);

#[cfg(feature = "prometheus")]
impl CohortsId {
    pub(crate) fn is_of(&self, cohorts: &Cohorts) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&cohorts.0))
    }

    /// Whether the run is over, as far as anybody here knows.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}
