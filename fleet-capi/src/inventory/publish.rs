//! Profiles on an API server: a fleet made of them, and a fleet written as them.

use std::collections::BTreeSet;

use fleet_core::{ClusterName, Fleet, FleetError};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};

use super::{CLUSTER_MANAGER_LABEL, ClusterProfile, ProfileError};

/// The fleet that the profiles of a namespace make, whoever manages the clusters; of all namespaces where none is said.
///
/// # Errors
/// One profile that is no member of a fleet is an error, not a gap.
pub async fn from_profiles(client: Client, namespace: Option<&str>) -> Result<Fleet, ProfilesError> {
    let api: Api<ClusterProfile> = match namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let mut members = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let list = api.list(&page).await.map_err(ProfilesError::list)?;
        for profile in &list.items {
            members.push(profile.member()?);
        }
        match list.metadata.continue_ {
            Some(token) if !token.is_empty() => page = page.continue_token(&token),
            _ => return Ok(Fleet::new(members)?),
        }
    }
}

/// What [`publish`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The profiles that were written.
    pub written: BTreeSet<ClusterName>,
    /// The profiles that were right already.
    pub unchanged: BTreeSet<ClusterName>,
    /// The profiles that were removed, of clusters that are no longer members.
    pub removed: BTreeSet<String>,
}

/// Writes a fleet as the profiles of a manager in a namespace: one each, by server-side apply, only where one would
/// change; profiles of that manager whose clusters are no longer members are removed. Other managers' profiles are
/// left alone, and so are fields that others have set.
///
/// # Errors
/// [`ProfilesError::Foreign`] where a name is taken by another manager's profile. Nothing was written then.
pub async fn publish(
    client: Client,
    namespace: &str,
    manager: &str,
    fleet: &Fleet,
) -> Result<Published, ProfilesError> {
    let api: Api<ClusterProfile> = Api::namespaced(client, namespace);
    let there = api
        .list(&ListParams::default())
        .await
        .map_err(ProfilesError::list)?;
    let mut published = Published::default();
    let mut due = Vec::new();
    for cluster in fleet {
        let wanted = ClusterProfile::of(cluster, manager);
        let found = there
            .items
            .iter()
            .find(|profile| profile.name_any() == cluster.name().as_str());
        match found {
            Some(found) if found.spec.cluster_manager.name != manager => {
                return Err(ProfilesError::Foreign {
                    cluster: cluster.name().clone(),
                    manager: found.spec.cluster_manager.name.clone(),
                });
            }
            Some(found) if says(found, &wanted) && !says_more(found, &wanted, manager) => {
                published.unchanged.insert(cluster.name().clone());
            }
            _ => {
                published.written.insert(cluster.name().clone());
                due.push(wanted);
            }
        }
    }
    let write = |profile: ClusterProfile| write(&api, manager, profile);
    stream::iter(due)
        .map(write)
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    for profile in &there.items {
        let is_ours = profile.labels().get(CLUSTER_MANAGER_LABEL).map(String::as_str) == Some(manager);
        let name = profile.name_any();
        if is_ours && fleet.get(&name).is_none() {
            match api.delete(&name, &DeleteParams::default()).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(source) => return Err(ProfilesError::write(&name, source)),
            }
            published.removed.insert(name);
        }
    }
    Ok(published)
}

async fn write(
    api: &Api<ClusterProfile>,
    manager: &str,
    profile: ClusterProfile,
) -> Result<(), ProfilesError> {
    let name = profile.name_any();
    let error = |source| ProfilesError::write(&name, source);
    let params = PatchParams::apply(manager).force();
    let identity = json!({
        "apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ClusterProfile",
        "metadata": {"name": name, "labels": profile.metadata.labels},
        "spec": profile.spec,
    });
    api.patch(&name, &params, &Patch::Apply(identity))
        .await
        .map_err(error)?;
    let status = json!({
        "apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ClusterProfile",
        "metadata": {"name": name}, "status": profile.status,
    });
    api.patch_status(&name, &params, &Patch::Apply(status))
        .await
        .map_err(error)?;
    Ok(())
}

/// Whether a profile says all that it should.
fn says(found: &ClusterProfile, wanted: &ClusterProfile) -> bool {
    let labels = wanted.labels().iter();
    let properties = wanted
        .status
        .iter()
        .flat_map(|status| status.properties.iter().flatten());
    let version =
        |profile: &ClusterProfile| Some(profile.status.as_ref()?.version.as_ref()?.kubernetes.clone());
    labels
        .clone()
        .all(|(key, value)| found.labels().get(key) == Some(value))
        && properties
            .clone()
            .all(|it| found.property(&it.name) == Some(it.value.as_str()))
        && version(found) == version(wanted)
        && found.spec.display_name == wanted.spec.display_name
}

/// Whether a profile says what its manager said once and would not say again: a label that the cluster has lost. It goes with the
/// next apply, because that leaves it out. What others have added is theirs.
fn says_more(found: &ClusterProfile, wanted: &ClusterProfile, manager: &str) -> bool {
    let applied = found.metadata.managed_fields.iter().flatten().filter(|entry| {
        entry.manager.as_deref() == Some(manager) && entry.operation.as_deref() == Some("Apply")
    });
    let mut applied = applied.filter_map(|entry| entry.fields_v1.as_ref());
    applied.any(|fields| {
        let owned = |pointer: &str| fields.0.pointer(pointer).and_then(Value::as_object);
        let mut labels = owned("/f:metadata/f:labels")
            .into_iter()
            .flat_map(serde_json::Map::keys);
        let properties = owned("/f:status/f:properties");
        // An older definition has one list that is owned as a whole; today each property is owned by its name.
        let is_whole = properties.is_some_and(serde_json::Map::is_empty);
        let status = found.status.as_ref().filter(|_| is_whole);
        let all = status
            .and_then(|status| status.properties.as_ref())
            .into_iter()
            .flatten();
        let each = properties
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .filter_map(|key| {
                let key: Value = serde_json::from_str(key.strip_prefix("k:")?).ok()?;
                key["name"].as_str().map(str::to_owned)
            });
        let mut properties = all.map(|property| property.name.clone()).chain(each);
        labels.any(|key| {
            key.strip_prefix("f:")
                .is_some_and(|label| !wanted.labels().contains_key(label))
        }) || properties.any(|name| wanted.property(&name).is_none())
    })
}

/// Why profiles cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfilesError {
    /// The API server did not list them.
    #[error("cannot list the ClusterProfiles: is the inventory's CustomResourceDefinition installed?")]
    List(#[source] Box<kube::Error>),
    /// The API server did not take one.
    #[error("cannot write ClusterProfile {name}")]
    Write {
        /// The profile.
        name: String,
        /// What the API server says.
        #[source]
        source: Box<kube::Error>,
    },
    /// A profile of that name is another manager's.
    #[error("ClusterProfile {cluster} is kept by {manager}: publish to a namespace of your own")]
    Foreign {
        /// The cluster.
        cluster: ClusterName,
        /// The other manager.
        manager: String,
    },
    /// A profile is no member of a fleet.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The profiles do not make a fleet.
    #[error("the ClusterProfiles do not make a fleet")]
    Fleet(#[from] FleetError),
}

impl ProfilesError {
    fn list(source: kube::Error) -> Self {
        Self::List(Box::new(source))
    }

    fn write(name: &str, source: kube::Error) -> Self {
        Self::Write {
            name: name.to_owned(),
            source: Box::new(source),
        }
    }
}

const PAGE: u32 = 500;
const AT_ONCE: usize = 8;
