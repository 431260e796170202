//! Putting an expansion on the hub. What is to be there is a pure function; the rest is calls.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde::Serialize;

use crate::application::{Application, ApplicationSource};
use crate::application_set::ApplicationSet;
use crate::expand::Expansion;

/// What applying an expansion did, by the Applications' names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApplyReport {
    /// Were not there.
    pub created: Vec<String>,
    /// Were there, and different.
    pub changed: Vec<String>,
    /// Were there, and the same.
    pub unchanged: Vec<String>,
    /// Belonged to the set, are generated no longer, and were deleted.
    pub deleted: Vec<String>,
}

/// What is done with Applications of the set that are generated no longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // They stay or they go.
pub enum Deletions {
    /// They stay.
    #[default]
    Never,
    /// They are deleted, if the set owns them.
    Owned,
}

/// Why an expansion cannot be applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Two Applications have one name. Nothing was changed.
    #[error(
        "ApplicationSet {set} gives two Applications named {name}; make the template's name differ between them"
    )]
    DuplicateName {
        /// The ApplicationSet.
        set: String,
        /// The name.
        name: String,
    },
    /// An Application has no name. Nothing was changed.
    #[error("ApplicationSet {set} gives an Application without a name; set spec.template.metadata.name")]
    NoName {
        /// The ApplicationSet.
        set: String,
    },
    /// A `templatePatch` made something of an Application that is none. Nothing was changed.
    #[error("ApplicationSet {set} gives an Application {name} that does not have the types of one")]
    NotAnApplication {
        /// The ApplicationSet.
        set: String,
        /// The Application.
        name: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The ApplicationSet is in no namespace, so there is none for its Applications. Nothing was changed.
    #[error("ApplicationSet {set} has no metadata.namespace; its Applications go to the same")]
    NoNamespace {
        /// The ApplicationSet.
        set: String,
    },
    /// An Application of this name belongs to another. Nothing was changed.
    #[error("Application {name} is owned by {owner}, not by ApplicationSet {set}; rename one of them")]
    OwnedByOther {
        /// The ApplicationSet.
        set: String,
        /// The Application.
        name: String,
        /// Who owns it, `Kind/name`.
        owner: String,
    },
    /// The API server refused, or could not be reached.
    #[cfg(feature = "kube")]
    #[error("{verb} Application {name} did not work, after {} were applied", done.applied())]
    Kubernetes {
        /// What was asked for.
        verb: &'static str,
        /// The Application; `*` for a list.
        name: String,
        /// What was done before.
        done: Box<ApplyReport>,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
}

impl ApplyReport {
    /// How many Applications were applied: created, changed or left as they were.
    pub fn applied(&self) -> usize {
        self.created.len() + self.changed.len() + self.unchanged.len()
    }
}

/// The Applications as they are to stand on the hub, by name.
///
/// As Argo CD's controller writes them: owned by the ApplicationSet if it is on the hub (has a `uid`), the project
/// `default` if there is none, and without parts that are empty.
///
/// # Errors
/// A name is missing or taken twice, or there is no namespace.
pub fn desired(set: &ApplicationSet, expansion: &Expansion) -> Result<Vec<Application>, ApplyError> {
    let set_name = set.metadata.name.clone().unwrap_or_default();
    if set.metadata.namespace.as_deref().is_none_or(str::is_empty) {
        return Err(ApplyError::NoNamespace { set: set_name });
    }
    let owner = owner_reference(set);
    let mut by_name = BTreeMap::new();
    for generated in expansion.iter() {
        let name = generated.name().to_owned();
        if name.is_empty() {
            return Err(ApplyError::NoName { set: set_name });
        }
        let application = generated
            .application()
            .map_err(|source| ApplyError::NotAnApplication {
                set: set_name.clone(),
                name: name.clone(),
                source,
            })?;
        let mut application = normalized(application);
        application.metadata.owner_references = owner.clone().map(|owner| vec![owner]);
        if by_name.insert(name.clone(), application).is_some() {
            return Err(ApplyError::DuplicateName { set: set_name, name });
        }
    }
    Ok(by_name.into_values().collect())
}

fn owner_reference(set: &ApplicationSet) -> Option<OwnerReference> {
    Some(OwnerReference {
        api_version: "argoproj.io/v1alpha1".to_owned(),
        kind: "ApplicationSet".to_owned(),
        name: set.metadata.name.clone()?,
        uid: set.metadata.uid.clone()?,
        controller: Some(true),
        block_owner_deletion: Some(true),
    })
}

fn normalized(mut application: Application) -> Application {
    let spec = &mut application.spec;
    if spec.project.is_empty() {
        "default".clone_into(&mut spec.project);
    }
    drop_empty(&mut spec.sync_policy);
    for source in spec.source.iter_mut().chain(spec.sources.iter_mut().flatten()) {
        normalize_source(source);
    }
    application
}

fn normalize_source(source: &mut ApplicationSource) {
    drop_empty(&mut source.helm);
    drop_empty(&mut source.kustomize);
    if let Some(jsonnet) = source.directory.as_mut().map(|directory| &mut directory.jsonnet) {
        drop_empty(jsonnet);
    }
    drop_empty(&mut source.directory);
}

fn drop_empty<T: Default + PartialEq>(part: &mut Option<T>) {
    if part.as_ref().is_some_and(|part| *part == T::default()) {
        *part = None;
    }
}

#[cfg(feature = "kube")]
pub use on_hub::apply;

#[cfg(feature = "kube")]
mod on_hub {
    use std::collections::BTreeMap;

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
    use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
    use tracing::debug;

    use super::{Application, ApplicationSet, ApplyError, ApplyReport, Deletions, Expansion, desired};

    /// Applies an expansion to the hub by server-side apply, in the order of the names.
    ///
    /// Everything that can be known to fail is looked at before anything is changed. Doing it again changes nothing.
    /// Nothing is deleted unless asked.
    ///
    /// # Errors
    /// As [`desired`]; an Application belongs to another owner; the API server refuses. What was done before is in the
    /// error.
    pub async fn apply(
        client: &kube::Client,
        set: &ApplicationSet,
        expansion: &Expansion,
        deletions: Deletions,
    ) -> Result<ApplyReport, ApplyError> {
        let desired = desired(set, expansion)?;
        let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
        let api: Api<Application> = Api::namespaced(client.clone(), namespace);
        let mut report = ApplyReport::default();
        let existing: BTreeMap<String, Application> = api
            .list(&ListParams::default())
            .await
            .map_err(|source| failed("listing", "*", &report, source))?
            .into_iter()
            .map(|application| (application.name().to_owned(), application))
            .collect();
        for application in &desired {
            if let Some(owner) = existing.get(application.name()).and_then(controller)
                && Some(&owner.uid) != set.metadata.uid.as_ref()
            {
                return Err(ApplyError::OwnedByOther {
                    set: set.metadata.name.clone().unwrap_or_default(),
                    name: application.name().to_owned(),
                    owner: format!("{}/{}", owner.kind, owner.name),
                });
            }
        }

        let params = PatchParams::apply(FIELD_MANAGER).force();
        for application in &desired {
            let name = application.name();
            let after = api
                .patch(name, &params, &Patch::Apply(application))
                .await
                .map_err(|source| failed("applying", name, &report, source))?;
            let list = match existing.get(name) {
                None => &mut report.created,
                Some(before) if before.metadata.resource_version == after.metadata.resource_version => {
                    &mut report.unchanged
                }
                Some(_) => &mut report.changed,
            };
            list.push(name.to_owned());
        }
        if deletions == Deletions::Owned {
            for (name, application) in &existing {
                let is_ours = controller(application)
                    .is_some_and(|owner| Some(&owner.uid) == set.metadata.uid.as_ref());
                if !is_ours || desired.iter().any(|wanted| wanted.name() == name) {
                    continue;
                }
                api.delete(name, &DeleteParams::default())
                    .await
                    .map_err(|source| failed("deleting", name, &report, source))?;
                report.deleted.push(name.clone());
            }
        }
        debug!(set = set.metadata.name, ?report, "expansion applied");
        Ok(report)
    }

    fn controller(application: &Application) -> Option<&OwnerReference> {
        application
            .metadata
            .owner_references
            .iter()
            .flatten()
            .find(|owner| owner.controller == Some(true))
    }

    fn failed(verb: &'static str, name: &str, done: &ApplyReport, source: kube::Error) -> ApplyError {
        ApplyError::Kubernetes {
            verb,
            name: name.to_owned(),
            done: Box::new(done.clone()),
            source: Box::new(source),
        }
    }

    /// Who sets the fields of what this crate applies.
    const FIELD_MANAGER: &str = "fleet-sdk";
}
