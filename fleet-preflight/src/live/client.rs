//! Reading a cluster through a `kube::Client`, page by page.

use std::collections::BTreeMap;

use fleet_core::MinorVersion;
use http::Request;
use http::header::ACCEPT;
use kube::Client;
use serde::Deserialize;
use serde_json::Value;

use super::LiveScan;
use crate::lifecycle::{self, State};
use crate::scan::Scanner;
use crate::verdict::Report;

/// How many objects come at once.
const PAGE: usize = 250;

impl Scanner {
    /// Scans a live cluster: every kind of object, Helm releases, and the API server's metrics.
    ///
    /// Each kind is listed once, in a version that is not deprecated where there is one, because listing an old version counts as its
    /// use. Only metadata is read of kinds that no check looks into, and of Secrets only Helm's and TLS certificates. What
    /// cannot be read, such as what is forbidden, is a finding: the verdict is then at best
    /// [`Incomplete`](crate::Verdict::Incomplete).
    pub async fn scan_cluster(&self, client: Client, cluster: &str) -> Report {
        let mut scan = self.live(cluster);
        let reader = Reader { client };
        reader.cluster(&mut scan).await;
        scan.finish()
    }
}

pub(super) struct Reader {
    pub(super) client: Client,
}

/// A resource, and the version to list it in.
#[derive(Debug, Clone)]
struct Resource {
    api_version: String,
    plural: String,
    kind: String,
}

#[derive(Deserialize)]
struct Version {
    major: String,
    minor: String,
}

#[derive(Deserialize)]
struct Groups {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupVersion {
    group_version: String,
}

#[derive(Deserialize)]
struct Resources {
    #[serde(default)]
    resources: Vec<ApiResource>,
}

#[derive(Deserialize)]
struct ApiResource {
    name: String,
    kind: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMeta,
    /// An empty list of metadata alone has `items: null`.
    items: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

impl Reader {
    async fn cluster(&self, scan: &mut LiveScan<'_>) {
        let running = match self.json::<Version>("/version", None).await {
            Ok(version) => {
                let digits: String = version.minor.chars().take_while(char::is_ascii_digit).collect();
                format!("{}.{digits}", version.major).parse::<MinorVersion>().ok()
            }
            Err(kube::Error::Api(_)) => None,
            Err(error) => {
                // Nobody is there: one finding says it, not one for each kind.
                scan.unreadable("the cluster", &error.to_string());
                return;
            }
        };
        for resource in self.resources(running, scan).await {
            let path = match resource.api_version.as_str() {
                core if !core.contains('/') => format!("/api/{core}/{}", resource.plural),
                named => format!("/apis/{named}/{}", resource.plural),
            };
            for query in queries(&resource) {
                self.list(&path, query, &resource, scan).await;
            }
        }
        match self.client.request_text(request("/metrics", None)).await {
            Ok(text) => scan.metrics(&text),
            // A server without metrics has nothing to say.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => scan.unreadable("/metrics", &error.to_string()),
        }
    }

    async fn resources(&self, running: Option<MinorVersion>, scan: &mut LiveScan<'_>) -> Vec<Resource> {
        let mut versions = vec!["v1".to_owned()];
        match self.json::<Groups>("/apis", None).await {
            Ok(groups) => versions.extend(
                groups
                    .groups
                    .into_iter()
                    .flat_map(|group| group.versions)
                    .map(|version| version.group_version),
            ),
            Err(error) => scan.unreadable("/apis", &error.to_string()),
        }
        let mut best: BTreeMap<(String, String), Resource> = BTreeMap::new();
        for version in versions {
            let path = if version.contains('/') {
                format!("/apis/{version}")
            } else {
                format!("/api/{version}")
            };
            let listed = match self.json::<Resources>(&path, None).await {
                Ok(listed) => listed.resources,
                Err(error) => {
                    scan.unreadable(&path, &error.to_string());
                    continue;
                }
            };
            for found in listed {
                if found.name.contains('/') || !found.verbs.iter().any(|verb| verb == "list") {
                    continue;
                }
                let (group, _) = lifecycle::split(&version);
                let resource = Resource {
                    api_version: version.clone(),
                    plural: found.name.clone(),
                    kind: found.kind,
                };
                let key = (group.to_owned(), found.name);
                let better = best
                    .get(&key)
                    .is_none_or(|old| is_old(old, running) && !is_old(&resource, running));
                if better {
                    best.insert(key, resource);
                }
            }
        }
        let kept = |resource: &Resource| {
            let (group, _) = lifecycle::split(&resource.api_version);
            // Events are many, short-lived, and written by components alone. What extensions serves has another home.
            let passed_over = matches!(resource.kind.as_str(), "Event" | "ComponentStatus");
            let moved = group == "extensions" && is_old(resource, running);
            // Endpoints: deprecated for good and never to go. Asking for them would only be what the next scan finds.
            let never_goes = is_old(resource, running)
                && lifecycle::find_object(&resource.api_version, &resource.kind)
                    .is_some_and(|api| api.removed.is_none());
            !passed_over && !moved && !never_goes
        };
        let mut resources: Vec<Resource> = best.into_values().filter(kept).collect();
        // Definitions first: they tell which versions of the others are served.
        resources.sort_by_key(|resource| resource.kind != "CustomResourceDefinition");
        resources
    }

    async fn list(&self, path: &str, query: Query, resource: &Resource, scan: &mut LiveScan<'_>) {
        let accept = query
            .metadata_only
            .then_some("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
        let mut take = |item: Value| {
            // Pods and Jobs that something else makes say nothing that their maker does not.
            let made = item
                .get("metadata")
                .and_then(|metadata| metadata.get("ownerReferences"))
                .is_some();
            if !made {
                scan.object(&resource.api_version, &resource.kind, &item);
            }
        };
        let read = self.pages(path, query.selector, accept, &mut take).await;
        if let Err(error) = read {
            let what = format!("{} {}", resource.api_version, resource.plural);
            scan.unreadable(&what, &error.to_string());
        }
    }

    /// Every object that a path lists, page by page.
    pub(super) async fn pages(
        &self,
        path: &str,
        selector: &str,
        accept: Option<&str>,
        take: &mut (dyn FnMut(Value) + Send),
    ) -> kube::Result<()> {
        let mut next: Option<String> = None;
        loop {
            let mut uri = format!("{path}?limit={PAGE}{selector}");
            if let Some(token) = &next {
                uri.push_str("&continue=");
                uri.push_str(&escaped(token));
            }
            let list = self.json::<List>(&uri, accept).await?;
            list.items.into_iter().flatten().for_each(&mut *take);
            match list.metadata.next.filter(|token| !token.is_empty()) {
                Some(token) => next = Some(token),
                None => return Ok(()),
            }
        }
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, uri: &str, accept: Option<&str>) -> kube::Result<T> {
        self.client.request(request(uri, accept)).await
    }
}

/// What to ask of a resource.
struct Query {
    selector: &'static str,
    metadata_only: bool,
}

fn queries(resource: &Resource) -> Vec<Query> {
    let full = |selector| Query {
        selector,
        metadata_only: false,
    };
    let metadata = Query {
        selector: "",
        metadata_only: true,
    };
    match resource.kind.as_str() {
        "Secret" => vec![
            metadata,
            full("&fieldSelector=type%3Dhelm.sh%2Frelease.v1"),
            full("&fieldSelector=type%3Dkubernetes.io%2Ftls"),
        ],
        "ConfigMap" => vec![
            metadata,
            full("&labelSelector=owner%3Dhelm"),
            full("&labelSelector=OWNER%3DTILLER"),
        ],
        kind if is_checked(kind) => vec![full("")],
        _ => vec![metadata],
    }
}

/// Kinds that some check looks into.
fn is_checked(kind: &str) -> bool {
    matches!(
        kind,
        "Pod"
            | "PodTemplate"
            | "ReplicationController"
            | "Deployment"
            | "DaemonSet"
            | "ReplicaSet"
            | "StatefulSet"
            | "Job"
            | "CronJob"
            | "Ingress"
            | "StorageClass"
            | "PersistentVolume"
            | "PersistentVolumeClaim"
            | "Service"
            | "Role"
            | "ClusterRole"
            | "Node"
            | "PodDisruptionBudget"
            | "ValidatingWebhookConfiguration"
            | "MutatingWebhookConfiguration"
            | "CustomResourceDefinition"
            | "APIService"
            | "Certificate"
            | "CiliumNetworkPolicy"
            | "CiliumClusterwideNetworkPolicy"
            | "Policy"
            | "ClusterPolicy"
    ) || kind.starts_with("Kubeadm")
}

/// Whether asking for it counts as the use of a deprecated version.
fn is_old(resource: &Resource, running: Option<MinorVersion>) -> bool {
    let Some(api) = lifecycle::find_object(&resource.api_version, &resource.kind) else {
        return false;
    };
    running.is_some_and(|running| matches!(api.state(running), State::Deprecated | State::Removed))
}

fn request(uri: &str, accept: Option<&str>) -> Request<Vec<u8>> {
    let mut request = Request::new(Vec::new());
    if let Ok(uri) = uri.parse() {
        *request.uri_mut() = uri;
    }
    if let Some(accept) = accept.and_then(|accept| accept.parse().ok()) {
        request.headers_mut().insert(ACCEPT, accept);
    }
    request
}

fn escaped(token: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(token.len());
    for byte in token.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
