//! Two in-memory clusters on Cluster API's real controllers, provisioned from manifests and read through our typed models.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fleet_capi::v1beta2::{Cluster, KubeadmControlPlane, Machine, MachineDeployment, MachineSet};
use fleet_capi::{Object, v1beta1};
use fleet_core::yaml;
use futures::future::try_join_all;
use kube::api::{ApiResource, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

type BoxError = Box<dyn std::error::Error>;

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn two_in_memory_clusters_are_provisioned_and_read_through_the_typed_models() -> Result<(), BoxError> {
    let client = Client::try_default().await?;
    let began = Instant::now();
    for name in NAMES {
        let manifest = include_str!("manifests/in-memory-cluster.yaml").replace("NAME", name);
        for document in yaml::documents(&manifest)? {
            // Through the model and back: what the server gets is what the model writes.
            create(&client, &Object::from_value(document.into_value())?).await?;
        }
    }
    try_join_all(NAMES.map(|name| available(&client, name))).await?;
    println!(
        "two clusters provisioned in {:.1} s",
        began.elapsed().as_secs_f64()
    );

    for name in NAMES {
        let cluster: Cluster = Api::namespaced(client.clone(), "default").get(name).await?;
        assert_eq!(cluster.labels().get("env").map(String::as_str), Some("staging"));
        let control_plane: KubeadmControlPlane = Api::namespaced(client.clone(), "default")
            .get(&format!("{name}-control-plane"))
            .await?;
        assert_eq!(control_plane.spec.version, "v1.34.0");
        let machines = list::<Machine>(&client, name).await?;
        assert_eq!(machines.len(), 3, "{name}");
        for machine in &machines {
            assert_eq!(machine.spec.cluster_name, name);
            let node = machine
                .status
                .as_ref()
                .and_then(|status| status.node_info.as_ref());
            assert_eq!(
                node.map(|node| node.kubelet_version.as_str()),
                Some("v1.34.0"),
                "{}",
                machine.name_any()
            );
        }
        assert_eq!(list::<MachineDeployment>(&client, name).await?.len(), 1);
        assert_eq!(list::<MachineSet>(&client, name).await?.len(), 1);
        // The older version, through the server's own conversion.
        assert_eq!(list::<v1beta1::Machine>(&client, name).await?.len(), 3);
    }

    let mut read = BTreeMap::new();
    whole::<Cluster>(&client, &mut read).await?;
    whole::<KubeadmControlPlane>(&client, &mut read).await?;
    whole::<MachineDeployment>(&client, &mut read).await?;
    whole::<MachineSet>(&client, &mut read).await?;
    whole::<Machine>(&client, &mut read).await?;
    whole::<fleet_capi::v1beta2::KubeadmConfigTemplate>(&client, &mut read).await?;
    whole::<fleet_capi::docker::v1beta2::DevCluster>(&client, &mut read).await?;
    whole::<fleet_capi::docker::v1beta2::DevMachineTemplate>(&client, &mut read).await?;
    whole::<v1beta1::Cluster>(&client, &mut read).await?;
    whole::<v1beta1::KubeadmControlPlane>(&client, &mut read).await?;
    whole::<v1beta1::MachineDeployment>(&client, &mut read).await?;
    whole::<v1beta1::MachineSet>(&client, &mut read).await?;
    whole::<v1beta1::Machine>(&client, &mut read).await?;
    whole::<v1beta1::KubeadmConfigTemplate>(&client, &mut read).await?;
    println!("objects as the controllers wrote them, decoded and encoded unchanged: {read:?}");
    Ok(())
}

/// Every object of a kind, as the controllers left it, survives our model unchanged.
async fn whole<K>(client: &Client, read: &mut BTreeMap<String, usize>) -> Result<(), BoxError>
where
    K: Resource<DynamicType = ()> + DeserializeOwned + serde::Serialize,
{
    let resource = ApiResource::erase::<K>(&());
    let objects = Api::<DynamicObject>::namespaced_with(client.clone(), "default", &resource)
        .list(&ListParams::default())
        .await?;
    assert!(!objects.items.is_empty(), "no {}", resource.kind);
    for object in &objects.items {
        let sent = serde_json::to_value(object)?;
        let typed: K = serde_json::from_value(sent.clone())?;
        assert_eq!(
            serde_json::to_value(&typed)?,
            sent,
            "{} {}",
            resource.kind,
            object.name_any()
        );
    }
    read.insert(
        format!("{} {}", resource.version, resource.kind),
        objects.items.len(),
    );
    Ok(())
}

async fn available(client: &Client, name: &str) -> Result<(), BoxError> {
    let is_available = |cluster: Option<&Cluster>| {
        cluster
            .and_then(|cluster| cluster.condition("Available"))
            .is_some_and(|condition| condition.status == "True")
    };
    let waiting = await_condition(
        Api::<Cluster>::namespaced(client.clone(), "default"),
        name,
        is_available,
    );
    tokio::time::timeout(Duration::from_mins(5), waiting)
        .await
        .map_err(|_| format!("{name} did not become available"))??;
    Ok(())
}

async fn list<K>(client: &Client, cluster: &str) -> Result<Vec<K>, BoxError>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    let of_cluster = ListParams::default().labels(&format!("cluster.x-k8s.io/cluster-name={cluster}"));
    Ok(Api::<K>::namespaced(client.clone(), "default")
        .list(&of_cluster)
        .await?
        .items)
}

async fn create(client: &Client, object: &Object) -> Result<(), BoxError> {
    let kind = object.api_kind();
    let (group, version) = kind
        .api_version
        .split_once('/')
        .ok_or("a kind of Cluster API has a group")?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind.kind));
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), "default", &resource);
    api.create(
        &PostParams::default(),
        &serde_json::from_value(object.to_value()?)?,
    )
    .await?;
    Ok(())
}

const NAMES: [&str; 2] = ["e2e-one", "e2e-two"];
