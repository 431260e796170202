//! Asking a management cluster which API version of a kind to use.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, GroupVersionKind, PartialObjectMeta};
use kube::discovery::oneshot;
use kube::{Client, ResourceExt};

use super::Contract;

/// The API version of a provider's kind that Cluster API itself reads, by the labels of its `CustomResourceDefinition`, and
/// the contract that it follows. A kind that follows none has its most stable version, and so has every kind for whoever may
/// not read definitions.
///
/// Three requests, of the definition only its metadata.
///
/// # Errors
/// [`ContractError::UnknownKind`] where there is no such kind.
pub async fn resource_of(
    client: &Client,
    group: &str,
    kind: &str,
) -> Result<(ApiResource, Option<Contract>), ContractError> {
    let api = |source| ContractError::Api {
        group: group.to_owned(),
        kind: kind.to_owned(),
        source: Box::new(source),
    };
    let unknown = || ContractError::UnknownKind {
        group: group.to_owned(),
        kind: kind.to_owned(),
    };
    let mut pauses = SETTLING.into_iter();
    let known = loop {
        match oneshot::group(client, group).await {
            Ok(known) => break known,
            Err(kube::Error::Discovery(kube::error::DiscoveryError::MissingApiGroup(_))) => {
                return Err(unknown());
            }
            Err(kube::Error::Api(status)) if status.code == 404 => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(api(kube::Error::Api(status))),
            },
            Err(source) => return Err(api(source)),
        }
    };
    // Not what the group recommends as a whole: providers share one group, and each kind has versions of its own.
    let mut all = known.resources_by_stability().into_iter();
    let (recommended, _) = all
        .find(|(resource, _)| resource.kind == kind)
        .ok_or_else(unknown)?;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = format!("{}.{group}", recommended.plural);
    let definition: Option<PartialObjectMeta<_>> = match definitions.get_metadata_opt(&name).await {
        Err(kube::Error::Api(status)) if status.code == 403 => None,
        found => found.map_err(api)?,
    };
    let Some(definition) = definition else {
        return Ok((recommended, None));
    };
    let Some((contract, version)) = Contract::newest_of(definition.labels()) else {
        return Ok((recommended, None));
    };
    let kind = GroupVersionKind::gvk(group, version, kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, &recommended.plural);
    Ok((resource, Some(contract)))
}

/// A version that is being installed is listed in its group a moment before it is served itself, and all providers share one group.
const SETTLING: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// Why the API version of a kind cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The API server has no such kind.
    #[error("the API server has no {kind} in {group}: is its provider installed?")]
    UnknownKind {
        /// The API group.
        group: String,
        /// The kind.
        kind: String,
    },
    /// The API server did not answer.
    #[error("cannot find the API version of {kind} in {group}")]
    Api {
        /// The API group.
        group: String,
        /// The kind.
        kind: String,
        /// What the API server says.
        #[source]
        source: Box<kube::Error>,
    },
}
