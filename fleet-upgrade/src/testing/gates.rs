//! Pre-flight checks, backups, approvals and notices in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fleet_core::{ClusterName, KubernetesVersion};
use jiff::Timestamp;

use crate::kernel::{Approval, ApprovalPoint, BackupVerdict, PreflightVerdict};
use crate::ports::{
    Approvals, BackupGate, BoxError, Notice, Notifier, Preflight, Remediator, RemedyError, RemedyProgress,
};
use crate::spec::Remedy;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking test left behind is whole all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A [`Preflight`] that finds what it was told to find, and otherwise nothing. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct InMemoryPreflight {
    findings: Arc<Mutex<BTreeMap<String, PreflightVerdict>>>,
}

impl InMemoryPreflight {
    /// Finds nothing on any cluster.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on this is found on the cluster.
    pub fn set(&self, cluster: &str, verdict: PreflightVerdict) {
        lock(&self.findings).insert(cluster.to_owned(), verdict);
    }

    /// From now on nothing is found on the cluster.
    pub fn clear(&self, cluster: &str) {
        lock(&self.findings).remove(cluster);
    }
}

#[async_trait]
impl Preflight for InMemoryPreflight {
    async fn check(
        &self,
        cluster: &ClusterName,
        _: &KubernetesVersion,
    ) -> Result<PreflightVerdict, BoxError> {
        let found = lock(&self.findings).get(cluster.as_str()).cloned();
        Ok(found.unwrap_or(PreflightVerdict::Clear { warnings: 0 }))
    }
}

/// A [`BackupGate`] that has the backups it was told of. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryBackups {
    backups: Arc<Mutex<BTreeMap<String, BackupVerdict>>>,
}

impl InMemoryBackups {
    /// No cluster has a backup.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on the cluster has a verified backup of this name, completed then.
    pub fn add(&self, cluster: &str, backup: &str, completed: Timestamp) {
        let backup = backup.to_owned();
        self.set(cluster, BackupVerdict::Verified { backup, completed });
    }

    /// From now on this is said of the cluster.
    pub fn set(&self, cluster: &str, verdict: BackupVerdict) {
        lock(&self.backups).insert(cluster.to_owned(), verdict);
    }
}

#[async_trait]
impl BackupGate for InMemoryBackups {
    async fn check(&self, cluster: &ClusterName, not_before: Timestamp) -> Result<BackupVerdict, BoxError> {
        Ok(match lock(&self.backups).get(cluster.as_str()).cloned() {
            None => BackupVerdict::Missing {
                reason: "there is none".to_owned(),
            },
            Some(BackupVerdict::Verified { completed, backup }) if completed < not_before => {
                BackupVerdict::Missing {
                    reason: format!("the newest, {backup}, is of {completed}"),
                }
            }
            Some(verdict) => verdict,
        })
    }
}

/// [`Approvals`] that were given by a call. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InMemoryApprovals {
    given: Arc<Mutex<Vec<Approval>>>,
}

impl InMemoryApprovals {
    /// Nobody has approved anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Someone approves.
    pub fn give(&self, stage: &str, point: ApprovalPoint, by: &str, at: Timestamp) {
        self.add(Approval {
            stage: stage.to_owned(),
            point,
            by: by.to_owned(),
            at,
            expires: None,
        });
    }

    /// Adds an approval.
    pub fn add(&self, approval: Approval) {
        lock(&self.given).push(approval);
    }
}

#[async_trait]
impl Approvals for InMemoryApprovals {
    async fn granted(&self, _: &str) -> Result<Vec<Approval>, BoxError> {
        Ok(lock(&self.given).clone())
    }
}

/// A [`Notifier`] that keeps what it was to tell. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct InMemoryNotifier {
    told: Arc<Mutex<Vec<Notice>>>,
}

impl InMemoryNotifier {
    /// Has told nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it was to tell so far, in order.
    pub fn told(&self) -> Vec<Notice> {
        lock(&self.told).clone()
    }
}

#[async_trait]
impl Notifier for InMemoryNotifier {
    async fn notify(&self, notice: &Notice) -> Result<(), BoxError> {
        lock(&self.told).push(notice.clone());
        Ok(())
    }
}

/// A [`Remediator`] for which each remedy takes so many looks. Clones share what was done.
#[derive(Debug, Clone, Default)]
pub struct InMemoryRemediator {
    looks: u32,
    asked: Arc<Mutex<BTreeMap<(ClusterName, Remedy), u32>>>,
    done: Arc<Mutex<Vec<(ClusterName, Remedy)>>>,
}

impl InMemoryRemediator {
    /// Every remedy is done at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every remedy is under way for so many looks before it is done.
    pub fn taking(looks: u32) -> Self {
        Self {
            looks,
            ..Self::default()
        }
    }

    /// What was done, in order.
    pub fn done(&self) -> Vec<(ClusterName, Remedy)> {
        lock(&self.done).clone()
    }
}

#[async_trait]
impl Remediator for InMemoryRemediator {
    async fn remedy(&self, cluster: &ClusterName, remedy: Remedy) -> Result<RemedyProgress, RemedyError> {
        let key = (cluster.clone(), remedy);
        let mut asked = lock(&self.asked);
        let looks = asked.entry(key.clone()).or_default();
        *looks += 1;
        if *looks <= self.looks {
            return Ok(RemedyProgress::InProgress);
        }
        let mut done = lock(&self.done);
        if !done.contains(&key) {
            done.push(key);
        }
        Ok(RemedyProgress::Done)
    }
}
