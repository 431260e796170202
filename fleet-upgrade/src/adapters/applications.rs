//! Judges a cluster by the Argo CD Applications that are deployed to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fleet_core::ClusterName;
use jiff::Timestamp;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Client, ResourceExt as _};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::ports::{BoxError, GateLook, HealthGate, Verdict};

type ClusterOf = dyn Fn(&DynamicObject) -> Option<String> + Send + Sync;

/// A [`HealthGate`] by Argo CD: every Application (`argoproj.io/v1alpha1`) of the cluster is `Healthy`.
///
/// `Degraded` and `Missing` fail. `Progressing`, `Suspended` and `Unknown` say nothing, nor does a cluster without Applications, nor an
/// Application that Argo CD has not looked at (`status.reconciledAt`) since the cluster's upgrade: what was healthy before is no
/// evidence.
///
/// All Applications are listed at once and kept for a few seconds, so that a look at each of a thousand clusters is one request.
#[derive(Clone)]
pub struct ApplicationGate {
    api: Api<DynamicObject>,
    cluster_of: Arc<ClusterOf>,
    synced: bool,
    fresh_for: Duration,
    known: Arc<Mutex<Option<Known>>>,
}

struct Known {
    at: Instant,
    by_cluster: BTreeMap<String, Vec<Application>>,
}

/// What is judged of one Application.
#[derive(Debug, Clone, Default)]
struct Application {
    name: String,
    health: String,
    message: String,
    sync: String,
    reconciled: Option<Timestamp>,
}

impl fmt::Debug for ApplicationGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationGate")
            .field("synced", &self.synced)
            .field("fresh_for", &self.fresh_for)
            .finish_non_exhaustive()
    }
}

impl ApplicationGate {
    /// Reads the Applications of this namespace of the cluster that Argo CD runs in. An Application is of the cluster that its
    /// `spec.destination.name` names.
    pub fn new(client: Client, namespace: &str) -> Self {
        let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
        Self {
            api: Api::namespaced_with(client, namespace, &ApiResource::from_gvk(&kind)),
            cluster_of: Arc::new(|application| {
                let name = application.data.pointer("/spec/destination/name")?.as_str()?;
                Some(name.to_owned())
            }),
            synced: false,
            fresh_for: Duration::from_secs(10),
            known: Arc::default(),
        }
    }

    /// Finds an Application's cluster by this: a label, or the server that its destination names.
    pub fn cluster_of(
        mut self,
        cluster_of: impl Fn(&DynamicObject) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.cluster_of = Arc::new(cluster_of);
        self
    }

    /// Every Application must be `Synced`, too.
    pub fn synced(mut self) -> Self {
        self.synced = true;
        self
    }

    /// How long a list is taken to be as it was read. Default: 10 seconds.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh_for = time;
        self
    }

    async fn list(&self) -> Result<BTreeMap<String, Vec<Application>>, kube::Error> {
        let mut by_cluster: BTreeMap<String, Vec<Application>> = BTreeMap::new();
        let mut params = ListParams::default().limit(500);
        loop {
            let page = self.api.list(&params).await?;
            for object in page.items {
                if let Some(cluster) = (self.cluster_of)(&object) {
                    by_cluster
                        .entry(cluster)
                        .or_default()
                        .push(Application::of(&object));
                }
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(by_cluster),
            }
        }
    }
}

impl Application {
    fn of(object: &DynamicObject) -> Self {
        let text = |pointer| {
            let value = object.data.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Self {
            name: object.name_any(),
            health: text("/status/health/status"),
            message: text("/status/health/message"),
            sync: text("/status/sync/status"),
            reconciled: text("/status/reconciledAt").parse().ok(),
        }
    }

    fn judge(&self, upgraded: Option<Timestamp>, synced: bool) -> Verdict {
        let fail = |what: &str| {
            let because = if self.message.is_empty() {
                String::new()
            } else {
                format!(": {}", self.message)
            };
            let reason = format!("Application {} is {what}{because}", self.name);
            Verdict::Fail { reason }
        };
        if upgraded.is_some_and(|upgraded| self.reconciled.is_none_or(|at| at < upgraded)) {
            return Verdict::Inconclusive;
        }
        match (self.health.as_str(), self.sync.as_str()) {
            ("Degraded" | "Missing", _) => fail(&self.health),
            ("Healthy", "OutOfSync") if synced => fail("OutOfSync"),
            ("Healthy", sync) if !synced || sync == "Synced" => Verdict::Pass,
            _ => Verdict::Inconclusive,
        }
    }
}

#[async_trait]
impl HealthGate for ApplicationGate {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        // Whoever comes while somebody lists waits for that list.
        let mut known = self.known.lock().await;
        let list = match known.take() {
            Some(list) if list.at.elapsed() < self.fresh_for => list,
            _ => Known {
                at: Instant::now(),
                by_cluster: self.list().await?,
            },
        };
        let list = known.insert(list);
        let applications = list
            .by_cluster
            .get(cluster.as_str())
            .map_or(&[][..], Vec::as_slice);
        let verdicts = applications
            .iter()
            .map(|one| one.judge(look.upgraded, self.synced));
        Ok(Verdict::together(verdicts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(health: &str, sync: &str) -> Application {
        Application {
            name: "shop".into(),
            health: health.into(),
            message: "why".into(),
            sync: sync.into(),
            reconciled: "2026-03-02T08:00:00Z".parse().ok(),
        }
    }

    #[test]
    fn only_healthy_passes() {
        let fail = |what: &str| Verdict::Fail {
            reason: format!("Application shop is {what}: why"),
        };
        for (health, sync, synced, verdict) in [
            ("Healthy", "Synced", true, Verdict::Pass),
            ("Healthy", "OutOfSync", false, Verdict::Pass),
            ("Healthy", "OutOfSync", true, fail("OutOfSync")),
            ("Healthy", "Unknown", true, Verdict::Inconclusive),
            ("Degraded", "Synced", false, fail("Degraded")),
            ("Missing", "OutOfSync", false, fail("Missing")),
            ("Progressing", "Synced", false, Verdict::Inconclusive),
            ("Suspended", "Synced", false, Verdict::Inconclusive),
            ("", "", false, Verdict::Inconclusive),
        ] {
            assert_eq!(
                application(health, sync).judge(None, synced),
                verdict,
                "{health} {sync}"
            );
        }
    }

    #[test]
    fn what_argo_cd_saw_before_the_upgrade_is_no_evidence() {
        let seen = |upgraded: &str| application("Healthy", "Synced").judge(upgraded.parse().ok(), false);
        assert_eq!(seen("2026-03-02T07:59:00Z"), Verdict::Pass);
        assert_eq!(seen("2026-03-02T08:01:00Z"), Verdict::Inconclusive);
        let mut never = application("Degraded", "Synced");
        never.reconciled = None;
        assert_eq!(
            never.judge(Some(Timestamp::UNIX_EPOCH), false),
            Verdict::Inconclusive
        );
    }
}
