#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod application;
mod application_set;
mod apply;
mod cluster;
mod expand;
mod gather;
mod project;
mod repository;
mod rolling_sync;
mod schema;

pub use application::*;
pub use application_set::*;
pub use apply::*;
pub use cluster::*;
pub use expand::*;
pub use gather::*;
pub use project::*;
pub use repository::*;
pub use rolling_sync::*;

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The `CustomResourceDefinitions` of the resources this crate types: Application, ApplicationSet, `AppProject`.
///
/// They are made of the Rust types and accept what upstream's accept; objects that Argo CD adds fields to keep
/// them.
pub fn crds() -> Vec<CustomResourceDefinition> {
    // Deriving them takes some hundred milliseconds, a copy next to nothing.
    static CRDS: LazyLock<Vec<CustomResourceDefinition>> = LazyLock::new(derive_crds);
    CRDS.clone()
}

fn derive_crds() -> Vec<CustomResourceDefinition> {
    let mut crds = vec![Application::crd(), ApplicationSet::crd(), AppProject::crd()];
    for crd in &mut crds {
        for version in &mut crd.spec.versions {
            if crd.spec.names.kind == "AppProject" {
                // Upstream has no status subresource here: status is written with the object.
                version.subresources = None;
            }
            if let Some(schema) = version
                .schema
                .as_mut()
                .and_then(|schema| schema.open_api_v3_schema.as_mut())
            {
                schema::refuse_nulls(schema);
                // The root's fields are the object's own.
                schema.required = Some(vec!["metadata".to_owned(), "spec".to_owned()]);
            }
        }
    }
    crds
}
