//! Judges a cluster by its own nodes and workloads.

use std::fmt;
use std::future::Future;

use async_trait::async_trait;
use fleet_core::ClusterName;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Client, ResourceExt as _};
use serde_json::Value;

use super::clients::Clients;
use crate::ports::{BoxError, GateLook, HealthGate, Verdict};

/// How many objects one answer of an API server holds.
const PAGE: u32 = 500;

/// A [`HealthGate`] by what a cluster's own API server says: every node is ready, every Deployment, `StatefulSet` and DaemonSet
/// (`apps/v1`) has what it asks for.
///
/// It fails on a node whose condition `Ready` is not `True`, a Deployment that is not available or whose rollout is past its
/// deadline, a `StatefulSet` with fewer ready Pods than replicas, a DaemonSet with unavailable Pods. A controller that has not
/// looked at its object yet (`observedGeneration`), and a cluster without nodes, say nothing. What passes by itself within the run's
/// `unwell_limit` does no harm: a cluster that is unwell for a while only waits.
///
/// ```no_run
/// use fleet_capi::workload::ClusterClients;
/// use fleet_upgrade::adapters::WorkloadGate;
///
/// # fn gate(management: kube::Client) -> WorkloadGate {
/// let clients = ClusterClients::new(management);
/// WorkloadGate::new(move |cluster| {
///     let clients = clients.clone();
///     async move { Ok(clients.client("fleet", &cluster).await?) }
/// })
/// .in_namespaces(["kube-system", "ingress", "shop"])
/// # }
/// ```
#[derive(Clone)]
pub struct WorkloadGate {
    clients: Clients,
    namespaces: Vec<String>,
    selector: Option<String>,
}

impl fmt::Debug for WorkloadGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadGate")
            .field("namespaces", &self.namespaces)
            .field("selector", &self.selector)
            .finish_non_exhaustive()
    }
}

impl WorkloadGate {
    /// Looks at clusters through the clients that this gives, at the workloads of all namespaces.
    pub fn new<F>(clients: impl Fn(ClusterName) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Client, BoxError>> + Send + 'static,
    {
        Self {
            clients: Clients::new(clients),
            namespaces: Vec::new(),
            selector: None,
        }
    }

    /// Only the workloads of these namespaces.
    pub fn in_namespaces(mut self, namespaces: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.namespaces = namespaces.into_iter().map(Into::into).collect();
        self
    }

    /// Only the workloads with these labels, as in `tier=critical`.
    pub fn selector(mut self, labels: impl Into<String>) -> Self {
        self.selector = Some(labels.into());
        self
    }

    async fn workloads(&self, client: &Client, kind: &str) -> Result<Vec<DynamicObject>, kube::Error> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", kind));
        let mut params = ListParams::default();
        params.label_selector.clone_from(&self.selector);
        if self.namespaces.is_empty() {
            return all(&Api::all_with(client.clone(), &kind), params).await;
        }
        let mut found = Vec::new();
        for namespace in &self.namespaces {
            let api = Api::namespaced_with(client.clone(), namespace, &kind);
            found.extend(all(&api, params.clone()).await?);
        }
        Ok(found)
    }
}

// Untyped: Kubernetes' types differ from version to version in what is optional, and which version it is, is the final program's choice.
async fn all(api: &Api<DynamicObject>, params: ListParams) -> Result<Vec<DynamicObject>, kube::Error> {
    let mut params = params.limit(PAGE);
    let mut found = Vec::new();
    loop {
        let page = api.list(&params).await?;
        found.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(found),
        }
    }
}

#[async_trait]
impl HealthGate for WorkloadGate {
    async fn check(&self, cluster: &ClusterName, _: &GateLook) -> Result<Verdict, BoxError> {
        let client = self.clients.of(cluster).await?;
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Node"));
        let nodes = all(&Api::all_with(client.clone(), &kind), ListParams::default()).await?;
        if nodes.is_empty() {
            return Ok(Verdict::Inconclusive);
        }
        let mut findings: Vec<Finding> = nodes.iter().map(node).collect();
        let judges: [(&str, fn(&DynamicObject) -> Finding); 3] = [
            ("Deployment", deployment),
            ("StatefulSet", stateful_set),
            ("DaemonSet", daemon_set),
        ];
        for (kind, judge) in judges {
            findings.extend(self.workloads(&client, kind).await?.iter().map(judge));
        }
        Ok(verdict(findings))
    }
}

/// What one object says.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Well,
    Unknown,
    Unwell(String),
}

/// The first objects that are not well, and how many; a few are enough to know where to look.
fn verdict(findings: Vec<Finding>) -> Verdict {
    const TOLD: usize = 3;
    let unknown = findings.contains(&Finding::Unknown);
    let mut unwell: Vec<String> = findings
        .into_iter()
        .filter_map(|finding| match finding {
            Finding::Unwell(reason) => Some(reason),
            Finding::Well | Finding::Unknown => None,
        })
        .collect();
    if unwell.is_empty() {
        return if unknown {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        };
    }
    let more = unwell.len().saturating_sub(TOLD);
    unwell.truncate(TOLD);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    Verdict::Fail {
        reason: format!("{}{more}", unwell.join(", ")),
    }
}

/// A condition of an object's status.
struct Condition<'o> {
    status: &'o str,
    because: &'o str,
}

fn condition<'o>(object: &'o DynamicObject, kind: &str) -> Option<Condition<'o>> {
    let conditions = object.data.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == kind)?;
    let text = |field: &str| found[field].as_str().filter(|text| !text.is_empty());
    Some(Condition {
        status: text("status")?,
        because: text("message")
            .or_else(|| text("reason"))
            .unwrap_or("no reason given"),
    })
}

fn number(object: &DynamicObject, pointer: &str) -> Option<i64> {
    object.data.pointer(pointer).and_then(Value::as_i64)
}

/// Whether a controller has looked at what is asked for now.
fn is_observed(object: &DynamicObject) -> bool {
    let observed = number(object, "/status/observedGeneration").unwrap_or(0);
    observed >= object.metadata.generation.unwrap_or(0)
}

fn place(object: &DynamicObject) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

fn node(object: &DynamicObject) -> Finding {
    match condition(object, "Ready") {
        None => Finding::Unknown,
        Some(ready) if ready.status == "True" => Finding::Well,
        Some(ready) => Finding::Unwell(format!(
            "node {} is not ready: {}",
            object.name_any(),
            ready.because
        )),
    }
}

fn deployment(object: &DynamicObject) -> Finding {
    if !is_observed(object) {
        return Finding::Unknown;
    }
    let mut conditions = ["Available", "Progressing"]
        .into_iter()
        .filter_map(|kind| condition(object, kind));
    if let Some(unwell) = conditions.find(|condition| condition.status == "False") {
        return Finding::Unwell(format!("Deployment {}: {}", place(object), unwell.because));
    }
    match condition(object, "Available") {
        Some(available) if available.status == "True" => Finding::Well,
        _ => Finding::Unknown,
    }
}

fn stateful_set(object: &DynamicObject) -> Finding {
    if !is_observed(object) {
        return Finding::Unknown;
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let ready = number(object, "/status/readyReplicas").unwrap_or(0);
    if ready >= wanted {
        return Finding::Well;
    }
    Finding::Unwell(format!(
        "StatefulSet {}: {ready} of {wanted} Pods are ready",
        place(object)
    ))
}

fn daemon_set(object: &DynamicObject) -> Finding {
    if !is_observed(object) {
        return Finding::Unknown;
    }
    match number(object, "/status/numberUnavailable").unwrap_or(0) {
        0 => Finding::Well,
        away => Finding::Unwell(format!(
            "DaemonSet {}: {away} of {} Pods are not available",
            place(object),
            number(object, "/status/desiredNumberScheduled").unwrap_or(0)
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_node_that_is_not_ready_or_not_heard_of_is_unwell() {
        let of = |status: &str| {
            node(&read(
                json!({"metadata": {"name": "n0"}, "status": {"conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": status, "reason": "KubeletNotReady"}]}}),
            ))
        };
        assert_eq!(of("True"), Finding::Well);
        for status in ["False", "Unknown"] {
            assert_eq!(
                of(status),
                Finding::Unwell("node n0 is not ready: KubeletNotReady".into())
            );
        }
        assert_eq!(node(&read(json!({"metadata": {"name": "n0"}}))), Finding::Unknown);
    }

    #[test]
    fn a_deployment_is_judged_by_its_conditions_once_its_controller_has_looked() {
        let of = |generation: i64, conditions: serde_json::Value| {
            deployment(&read(json!({
                "metadata": {"name": "web", "namespace": "shop", "generation": generation},
                "status": {"observedGeneration": 2, "conditions": conditions}})))
        };
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "message": "why"});
        assert_eq!(
            of(
                2,
                json!([condition("Available", "True"), condition("Progressing", "True")])
            ),
            Finding::Well
        );
        assert_eq!(of(3, json!([condition("Available", "True")])), Finding::Unknown);
        assert_eq!(of(2, json!([])), Finding::Unknown);
        for kind in ["Available", "Progressing"] {
            let found = of(2, json!([condition(kind, "False")]));
            assert_eq!(found, Finding::Unwell("Deployment shop/web: why".into()));
        }
    }

    #[test]
    fn sets_have_as_many_pods_as_they_ask_for() {
        let set = |replicas: Option<i32>, ready: i32| {
            stateful_set(&read(json!({
                "metadata": {"name": "db", "namespace": "shop"},
                "spec": {"replicas": replicas, "selector": {}, "serviceName": "db", "template": {}},
                "status": {"replicas": 3, "readyReplicas": ready}})))
        };
        assert_eq!(set(Some(3), 3), Finding::Well);
        assert_eq!(set(Some(0), 0), Finding::Well);
        assert_eq!(
            set(Some(3), 2),
            Finding::Unwell("StatefulSet shop/db: 2 of 3 Pods are ready".into())
        );
        assert_eq!(
            set(None, 0),
            Finding::Unwell("StatefulSet shop/db: 0 of 1 Pods are ready".into())
        );
        let daemons = |away: i32| {
            daemon_set(&read(json!({
                "metadata": {"name": "cni", "namespace": "kube-system"},
                "status": {"currentNumberScheduled": 5, "desiredNumberScheduled": 5, "numberMisscheduled": 0,
                    "numberReady": 5 - away, "numberUnavailable": away}})))
        };
        assert_eq!(daemons(0), Finding::Well);
        assert_eq!(
            daemons(2),
            Finding::Unwell("DaemonSet kube-system/cni: 2 of 5 Pods are not available".into())
        );
    }

    #[test]
    fn what_is_unwell_counts_more_than_what_is_unknown() {
        let unwell = |name: &str| Finding::Unwell(name.to_owned());
        assert_eq!(verdict(vec![Finding::Well]), Verdict::Pass);
        assert_eq!(
            verdict(vec![Finding::Well, Finding::Unknown]),
            Verdict::Inconclusive
        );
        let many = vec![
            Finding::Unknown,
            unwell("a"),
            unwell("b"),
            unwell("c"),
            unwell("d"),
            unwell("e"),
        ];
        assert_eq!(
            verdict(many),
            Verdict::Fail {
                reason: "a, b, c and 2 more".into()
            }
        );
    }
}
