//! Puts manifests into a hub: definitions, then namespaces, then everything else, as server-side apply.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{ApiCapabilities, Discovery, Scope};
use serde_json::{Value, json};

use crate::manifests::Manifest;

const MANAGER: &str = "hub-load";
/// What a server sets, and an object from elsewhere may not bring.
const SERVERS_OWN: [&str; 8] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "selfLink",
];

/// How much was loaded.
pub struct Loaded {
    definitions: usize,
    objects: usize,
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} definitions and {} objects loaded",
            self.definitions, self.objects
        )
    }
}

/// Loads all of it, or says what was refused and where it stands.
pub async fn everything(
    client: &Client,
    definitions: Vec<Manifest>,
    mut objects: Vec<Manifest>,
) -> Result<Loaded, Vec<String>> {
    let counted = Loaded {
        definitions: definitions.len(),
        objects: objects.len(),
    };
    let failed = |error: kube::Error| vec![error.to_string()];
    let mut loader = Loader::new(client).await.map_err(failed)?;
    loader.apply_all(definitions).await?;
    let mut loader = Loader::new(client).await.map_err(failed)?;
    objects.sort_by_key(|manifest| manifest.object["kind"] != "Namespace");
    loader.make_namespaces(&objects).await.map_err(failed)?;
    loader.apply_all(objects).await?;
    loader.set_owners().await?;
    Ok(counted)
}

struct Loader {
    client: Client,
    kinds: Discovery,
    /// Uids in the files, and those that the hub gave.
    uids: HashMap<String, String>,
    owned: Vec<(Api<DynamicObject>, Manifest, Value)>,
}

impl Loader {
    async fn new(client: &Client) -> Result<Self, kube::Error> {
        Ok(Self {
            client: client.clone(),
            kinds: Discovery::new(client.clone()).run_aggregated().await?,
            uids: HashMap::new(),
            owned: Vec::new(),
        })
    }

    async fn apply_all(&mut self, manifests: Vec<Manifest>) -> Result<(), Vec<String>> {
        let mut mistakes = Vec::new();
        for manifest in manifests {
            let place = manifest.place.clone();
            if let Err(mistake) = self.apply(manifest).await {
                mistakes.push(format!("{place}: {mistake}"));
            }
        }
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(mistakes)
        }
    }

    async fn apply(&mut self, mut manifest: Manifest) -> Result<(), String> {
        let (api, capabilities) = self.api_of(&manifest)?;
        let name = manifest.text("/metadata/name").to_owned();
        let (uid, owners) = strip(&mut manifest.object);
        let status = if has_status(&capabilities) {
            manifest.object["status"].take()
        } else {
            Value::Null
        };
        if let Some(object) = manifest.object.as_object_mut() {
            object.retain(|_, value| !value.is_null());
        }
        let applied = api
            .patch(
                &name,
                &PatchParams::apply(MANAGER).force(),
                &Patch::Apply(&manifest.object),
            )
            .await
            .map_err(words)?;
        if !status.is_null() {
            let patch = Patch::Merge(json!({ "status": status }));
            api.patch_status(&name, &PatchParams::default(), &patch)
                .await
                .map_err(words)?;
        }
        if let (Some(before), Some(now)) = (uid, applied.metadata.uid) {
            self.uids.insert(before, now);
        }
        if !owners.is_null() {
            self.owned.push((api, manifest, owners));
        }
        Ok(())
    }

    fn api_of(&self, manifest: &Manifest) -> Result<(Api<DynamicObject>, ApiCapabilities), String> {
        let (version, kind) = (manifest.text("/apiVersion"), manifest.text("/kind"));
        let (group, short) = version.split_once('/').unwrap_or(("", version));
        let (resource, capabilities) = self
            .kinds
            .resolve_gvk(&GroupVersionKind::gvk(group, short, kind))
            .ok_or_else(|| {
                format!("the hub serves no {kind} of {version}: give its definition with --crds")
            })?;
        Ok((self.api(manifest, &resource, &capabilities), capabilities))
    }

    fn api(
        &self,
        manifest: &Manifest,
        resource: &ApiResource,
        capabilities: &ApiCapabilities,
    ) -> Api<DynamicObject> {
        let client = self.client.clone();
        match (&capabilities.scope, manifest.text("/metadata/namespace")) {
            (Scope::Cluster, _) => Api::all_with(client, resource),
            (Scope::Namespaced, "") => Api::default_namespaced_with(client, resource),
            (Scope::Namespaced, namespace) => Api::namespaced_with(client, namespace, resource),
        }
    }

    /// A repository rarely holds the namespaces that it deploys to.
    async fn make_namespaces(&self, objects: &[Manifest]) -> Result<(), kube::Error> {
        let named: BTreeSet<&str> = objects
            .iter()
            .map(|manifest| manifest.text("/metadata/namespace"))
            .filter(|namespace| !namespace.is_empty())
            .collect();
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(self.client.clone());
        for name in named {
            let mut namespace = k8s_openapi::api::core::v1::Namespace::default();
            namespace.metadata.name = Some(name.to_owned());
            match namespaces.create(&PostParams::default(), &namespace).await {
                Ok(_) => {}
                // It is there; or its name is refused, which the object in it tells with its place.
                Err(kube::Error::Api(status)) if matches!(status.code, 409 | 422) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Owners are named by uids, which are others here. An owner that was not loaded owns nothing.
    async fn set_owners(&mut self) -> Result<(), Vec<String>> {
        let mut mistakes = Vec::new();
        for (api, manifest, mut owners) in std::mem::take(&mut self.owned) {
            if let Value::Array(owners) = &mut owners {
                owners.retain_mut(|owner| {
                    let Some(uid) = owner["uid"].as_str().and_then(|uid| self.uids.get(uid)) else {
                        return false;
                    };
                    owner["uid"] = json!(uid);
                    true
                });
            }
            let patch = Patch::Merge(json!({"metadata": {"ownerReferences": owners}}));
            let patched = api
                .patch(manifest.text("/metadata/name"), &PatchParams::default(), &patch)
                .await;
            if let Err(error) = patched {
                mistakes.push(format!("{}: {}", manifest.place, words(error)));
            }
        }
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(mistakes)
        }
    }
}

/// Takes away what only a server sets. Gives back the uid and the owners, which are set later.
fn strip(object: &mut Value) -> (Option<String>, Value) {
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return (None, Value::Null);
    };
    let uid = metadata.get("uid").and_then(Value::as_str).map(str::to_owned);
    for field in SERVERS_OWN {
        metadata.remove(field);
    }
    (uid, metadata.remove("ownerReferences").unwrap_or_default())
}

fn has_status(capabilities: &ApiCapabilities) -> bool {
    capabilities
        .subresources
        .iter()
        .any(|(resource, _)| resource.plural.ends_with("status"))
}

/// What the hub said, without what kube wraps around it.
fn words(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
