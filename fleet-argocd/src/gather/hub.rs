//! A live Argo CD: its cluster Secrets, projects, `ConfigMap`s, and resources that decide on clusters.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use secrecy::SecretString;
use serde_json::Value;

use super::ports::{ClusterSource, DecisionSource, SecretSource};
use crate::cluster::SECRET_TYPE_LABEL;
use crate::expand::{FailureKind, Snapshot, SnapshotCluster, SourceFailure};
use crate::project::AppProject;

/// What stands in the namespace of one Argo CD, read with a `kube::Client`. Lists are read page by page.
#[derive(Clone)]
pub struct HubSource {
    client: kube::Client,
    argocd_namespace: String,
}

impl std::fmt::Debug for HubSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubSource")
            .field("argocd_namespace", &self.argocd_namespace)
            .finish_non_exhaustive()
    }
}

impl HubSource {
    /// The Argo CD in this namespace.
    pub fn new(client: kube::Client, argocd_namespace: impl Into<String>) -> Self {
        Self {
            client,
            argocd_namespace: argocd_namespace.into(),
        }
    }

    fn namespaced<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.argocd_namespace)
    }
}

/// All items of all pages.
async fn all<K>(api: &Api<K>, params: ListParams) -> Result<Vec<K>, SourceFailure>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let mut params = params.limit(PAGE);
    let mut items = Vec::new();
    loop {
        let page = api.list(&params).await.map_err(failure)?;
        items.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(items),
        }
    }
}

#[allow(clippy::needless_pass_by_value)] // given to `map_err`
fn failure(error: kube::Error) -> SourceFailure {
    let kind = match &error {
        kube::Error::Api(status) => match status.code {
            401 | 403 => FailureKind::Denied,
            404 => FailureKind::NotFound,
            429 => FailureKind::RateLimited,
            _ => FailureKind::Unavailable,
        },
        kube::Error::SerdeError(_) => FailureKind::Garbage,
        _ => FailureKind::Unavailable,
    };
    SourceFailure::new(kind, error.to_string())
}

#[async_trait]
impl ClusterSource for HubSource {
    async fn clusters(&self) -> Result<BTreeMap<String, SnapshotCluster>, SourceFailure> {
        let params = ListParams::default().labels(&format!("{SECRET_TYPE_LABEL}=cluster"));
        let secrets: Vec<Secret> = all(&self.namespaced(), params).await?;
        Snapshot::from_secrets(&self.argocd_namespace, &secrets)
            .map(Snapshot::into_clusters)
            .map_err(|error| SourceFailure::new(FailureKind::Garbage, error.to_string()))
    }

    async fn projects(&self) -> Result<Option<BTreeSet<String>>, SourceFailure> {
        let projects: Vec<AppProject> = all(&self.namespaced(), ListParams::default()).await?;
        let names = projects.into_iter().filter_map(|project| project.metadata.name);
        Ok(Some(names.collect()))
    }

    async fn config_map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, SourceFailure> {
        let api: Api<ConfigMap> = self.namespaced();
        let found = api.get_opt(name).await.map_err(failure)?;
        Ok(found.map(|config_map| config_map.data.unwrap_or_default()))
    }
}

#[async_trait]
impl DecisionSource for HubSource {
    async fn resources(&self, api_version: &str, plural: &str) -> Result<Vec<Value>, SourceFailure> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        // The kind stands in no request; Argo CD's `kind` is the plural.
        let kind = GroupVersionKind::gvk(group, version, plural);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.argocd_namespace, &resource);
        let found = all(&api, ListParams::default()).await?;
        found
            .iter()
            .map(|object| {
                serde_json::to_value(object)
                    .map_err(|error| SourceFailure::new(FailureKind::Garbage, error.to_string()))
            })
            .collect()
    }
}

#[async_trait]
impl SecretSource for HubSource {
    async fn secret(&self, name: &str, key: &str) -> Result<SecretString, SourceFailure> {
        let setup = |message: String| SourceFailure::new(FailureKind::Setup, message);
        let namespace = &self.argocd_namespace;
        let api: Api<Secret> = self.namespaced();
        let secret = api.get_opt(name).await.map_err(failure)?.ok_or_else(|| {
            setup(format!(
                "error fetching secret {namespace}/{name}: secrets \"{name}\" not found"
            ))
        })?;
        let value = match secret.data.as_ref().and_then(|data| data.get(key)) {
            Some(bytes) => String::from_utf8(bytes.0.clone())
                .map_err(|_| setup(format!("key {key:?} in secret {namespace}/{name} is not text")))?,
            None => {
                return Err(setup(format!(
                    "key {key:?} in secret {namespace}/{name} not found"
                )));
            }
        };
        Ok(value.into())
    }
}

/// Objects in one answer.
const PAGE: u32 = 500;
