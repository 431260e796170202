//! A fleet of one: a live cluster, read through its API server.

use std::path::Path;

use fleet_examples::chain;
use fleet_velero::inventory::Gather;
use kube::api::{DynamicObject, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, Config};

use crate::Read;

/// The kinds that are read. Of Secrets the contents are dropped at once.
const KINDS: &[(&str, &str, &str)] = &[
    ("", "v1", "Namespace"),
    ("", "v1", "PersistentVolume"),
    ("", "v1", "PersistentVolumeClaim"),
    ("", "v1", "Pod"),
    ("", "v1", "ConfigMap"),
    ("", "v1", "Secret"),
    ("", "v1", "Service"),
    ("apps", "v1", "DaemonSet"),
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "StatefulSet"),
    ("batch", "v1", "CronJob"),
    ("snapshot.storage.k8s.io", "v1", "VolumeSnapshotClass"),
    ("velero.io", "v1", "Schedule"),
    ("velero.io", "v1", "Backup"),
    ("velero.io", "v1", "Restore"),
    ("velero.io", "v1", "BackupStorageLocation"),
    ("velero.io", "v1", "VolumeSnapshotLocation"),
    ("velero.io", "v1", "PodVolumeRestore"),
    ("velero.io", "v2alpha1", "DataDownload"),
];

/// Reads the cluster of a kubeconfig's context.
pub(crate) fn read(
    kubeconfig: &Path,
    context: Option<&str>,
    region: Option<String>,
) -> Result<Read, Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| vec![error.to_string()])?;
    runtime
        .block_on(gather(kubeconfig, context, region))
        .map_err(|error| vec![format!("{}: {}", kubeconfig.display(), chain(error.as_ref()))])
}

async fn gather(
    kubeconfig: &Path,
    context: Option<&str>,
    region: Option<String>,
) -> Result<Read, Box<dyn std::error::Error>> {
    const PAGE: u32 = 500;
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let name = context
        .or(kubeconfig.current_context.as_deref())
        .unwrap_or("cluster")
        .to_owned();
    let client = Client::try_from(Config::from_custom_kubeconfig(kubeconfig, &options).await?)?;
    let name = name.rsplit(['/', '@']).next().unwrap_or_default().to_lowercase();
    let mut gather = Gather::new(name.parse()?);
    gather.cluster_mut().region = region;
    for (group, version, kind) in KINDS {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let mut page = ListParams::default().limit(PAGE);
        loop {
            let list = match api.list(&page).await {
                Ok(list) => list,
                // Not every cluster has snapshots, or Velero.
                Err(kube::Error::Api(status)) if status.code == 404 => break,
                Err(error) => return Err(error.into()),
            };
            for mut object in list.items {
                if *kind == "Secret" {
                    object.data = serde_json::json!({});
                }
                let mut value = serde_json::to_value(&object)?;
                value["apiVersion"] = resource.api_version.clone().into();
                value["kind"] = (*kind).into();
                gather.add(&value)?;
            }
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => break,
            }
        }
    }
    let mut read = Read::default();
    read.restores.push((name, gather.restores().to_vec()));
    read.measured = gather.measurements().clone();
    read.fleet.clusters.push(gather.finish());
    Ok(read)
}
