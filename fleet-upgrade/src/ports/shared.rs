//! A shared port is a port.

use std::sync::Arc;

use async_trait::async_trait;
use fleet_core::{ClusterName, KubernetesVersion};
use jiff::Timestamp;

use super::{
    BackupGate, BoxError, Clock, ClusterUpgrader, GateLook, HealthGate, Notice, Notifier, Preflight,
    Remediator, RemedyError, RemedyProgress, UpgraderError, Verdict,
};
use crate::kernel::{BackupVerdict, ClusterReport, PreflightVerdict};
use crate::spec::Remedy;

#[async_trait]
impl<T: ClusterUpgrader + ?Sized> ClusterUpgrader for Arc<T> {
    async fn start(&self, cluster: &ClusterName, to: &KubernetesVersion) -> Result<(), UpgraderError> {
        (**self).start(cluster, to).await
    }

    async fn observe(&self, cluster: &ClusterName) -> Result<ClusterReport, UpgraderError> {
        (**self).observe(cluster).await
    }
}

#[async_trait]
impl<T: HealthGate + ?Sized> HealthGate for Arc<T> {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        (**self).check(cluster, look).await
    }
}

#[async_trait]
impl<T: Preflight + ?Sized> Preflight for Arc<T> {
    async fn check(
        &self,
        cluster: &ClusterName,
        to: &KubernetesVersion,
    ) -> Result<PreflightVerdict, BoxError> {
        (**self).check(cluster, to).await
    }
}

#[async_trait]
impl<T: BackupGate + ?Sized> BackupGate for Arc<T> {
    async fn check(&self, cluster: &ClusterName, not_before: Timestamp) -> Result<BackupVerdict, BoxError> {
        (**self).check(cluster, not_before).await
    }
}

#[async_trait]
impl<T: Remediator + ?Sized> Remediator for Arc<T> {
    async fn remedy(&self, cluster: &ClusterName, remedy: Remedy) -> Result<RemedyProgress, RemedyError> {
        (**self).remedy(cluster, remedy).await
    }
}

#[async_trait]
impl<T: Notifier + ?Sized> Notifier for Arc<T> {
    async fn notify(&self, notice: &Notice) -> Result<(), BoxError> {
        (**self).notify(notice).await
    }
}

#[async_trait]
impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        (**self).sleep_until(at).await;
    }
}
