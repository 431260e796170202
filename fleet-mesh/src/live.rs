//! What is there: the state of a mesh, read from its clusters through their `kube::Client`s.

use std::collections::BTreeMap;

use fleet_core::ClusterName;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::ListParams;
use kube::{Api, Client};

use crate::policy::Technology;
use crate::resources::{Gateway, submariner_states};
use crate::status::{LinkState, Observed, ObservedMember};

/// The namespace that Cilium is installed in.
const CILIUM_NAMESPACE: &str = "kube-system";
/// The namespace that Submariner is installed in.
const SUBMARINER_NAMESPACE: &str = "submariner-operator";

/// Looks at clusters, one after the other.
///
/// Of Cilium: the `ConfigMap` `cilium-config`, the names of the remote clusters in the Secret `cilium-clustermesh` (never its
/// values), the image of the `DaemonSet` `cilium`, and whether the clustermesh API server is available. Whether agents are
/// connected, no object says: such links are [`LinkState::Configured`]; `cilium clustermesh status` knows more.
///
/// Of Submariner: the active gateway and its tunnels.
///
/// # Errors
/// The first cluster that does not answer.
pub async fn observe(
    technology: &Technology,
    clients: impl IntoIterator<Item = (ClusterName, Client)>,
) -> Result<Observed, LiveError> {
    let mut members = BTreeMap::new();
    for (cluster, client) in clients {
        let seen = match technology {
            Technology::Cilium(_) => cilium(&client).await,
            Technology::Submariner(_) => submariner(&client).await,
        };
        match seen {
            Ok(seen) => drop(members.insert(cluster, seen)),
            Err(source) => {
                return Err(LiveError {
                    cluster,
                    source: Box::new(source),
                });
            }
        }
    }
    Ok(Observed { members })
}

/// A cluster that does not say how it is.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the state of the mesh in {cluster}")]
pub struct LiveError {
    /// The cluster.
    pub cluster: ClusterName,
    /// What its API server says.
    #[source]
    pub source: Box<kube::Error>,
}

async fn cilium(client: &Client) -> Result<ObservedMember, kube::Error> {
    let config: Api<ConfigMap> = Api::namespaced(client.clone(), CILIUM_NAMESPACE);
    let secrets: Api<Secret> = Api::namespaced(client.clone(), CILIUM_NAMESPACE);
    let agents: Api<DaemonSet> = Api::namespaced(client.clone(), CILIUM_NAMESPACE);
    let servers: Api<Deployment> = Api::namespaced(client.clone(), CILIUM_NAMESPACE);

    let settings = config
        .get_opt("cilium-config")
        .await?
        .and_then(|config| config.data)
        .unwrap_or_default();
    let remotes = secrets.get_opt("cilium-clustermesh").await?;
    let remotes = remotes.and_then(|secret| secret.data).unwrap_or_default();
    let image = agents.get_opt("cilium").await?.and_then(|agents| {
        let pods = agents.spec.template.spec?;
        pods.containers
            .into_iter()
            .find(|container| container.name == "cilium-agent")?
            .image
    });
    let server = servers.get_opt("clustermesh-apiserver").await?;
    let available = server
        .and_then(|server| server.status?.available_replicas)
        .unwrap_or(0);
    Ok(ObservedMember {
        name: settings.get("cluster-name").cloned(),
        id: settings.get("cluster-id").and_then(|id| id.parse().ok()),
        version: image.as_deref().and_then(image_version),
        links: remotes
            .keys()
            // Besides a file for each remote cluster there are the certificates for it: `eu.etcd-client.crt`.
            .filter(|key| !key.contains('.'))
            .map(|name| (name.clone(), LinkState::Configured))
            .collect(),
        ready: available > 0,
    })
}

async fn submariner(client: &Client) -> Result<ObservedMember, kube::Error> {
    let gateways: Api<Gateway> = Api::namespaced(client.clone(), SUBMARINER_NAMESPACE);
    let list = match gateways.list(&ListParams::default()).await {
        Ok(list) => list.items,
        // Without Submariner there is no such kind.
        Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(submariner_states(&list))
}

/// The release in an image's name: `quay.io/cilium/cilium:v1.18.4@sha256:…`.
fn image_version(image: &str) -> Option<crate::ReleaseVersion> {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let (_, tag) = name.rsplit_once(':')?;
    tag.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_images() {
        for (image, version) in [
            ("quay.io/cilium/cilium:v1.18.4@sha256:abc", Some("v1.18.4")),
            ("registry:5000/cilium:1.17.0-rc.1", Some("v1.17.0-rc.1")),
            ("cilium", None),
            ("cilium:latest", None),
        ] {
            let found = image_version(image).map(|version| version.to_string());
            assert_eq!(found.as_deref(), version, "{image}");
        }
    }
}
