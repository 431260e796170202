//! Velero's objects on a real API server: upstream's own `CustomResourceDefinition`s take what we write, and the executor does its
//! steps there.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use fleet_core::yaml;
use fleet_velero::execute::{
    Executor, MemoryJournal, Patience, RecoverySystem, StepState, SystemError, TokioClock, VeleroSystem,
};
use fleet_velero::inventory::Gather;
use fleet_velero::recovery::{PlanOptions, RecoveryPlan, Step, recovery_plan};
use fleet_velero::{Backup, BackupStorageLocation, Disaster, Restore, VeleroInstall};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::runtime::{conditions, wait::await_condition};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

type BoxError = Box<dyn std::error::Error>;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real API server without Velero's CRDs; .ci/run starts one"]
async fn upstreams_schemas_take_our_objects_and_the_executor_works_on_them() -> Result<(), BoxError> {
    let client = Client::try_default().await?;
    install_upstream_crds(&client).await?;

    // What `velero install` would make, for one cluster of a fleet.
    let install = VeleroInstall::aws("velero-backups", "eu-west-1")
        .plugin("velero/velero-plugin-for-aws:v1.14.0")
        .with_node_agent()
        .with_feature("EnableCSI")
        .for_cluster(&"production-eu-west".parse()?);
    let objects = install.objects();
    for object in &objects {
        let first = apply(&client, object).await?;
        // A second apply changes nothing: no field of ours is refused, dropped or fought over.
        let second = apply(&client, object).await?;
        assert_eq!(
            first["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"],
            "{}",
            object["kind"]
        );
        assert!(
            contains(&second, object),
            "{} was not kept whole:\n{second:#}",
            object["kind"]
        );
    }
    println!("{} objects of an installation applied", objects.len());

    // The guide's fleet: its Velero objects are applied, and read back as the state of a cluster.
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/recovery-fleet/clusters/production-eu-west"
    ));
    let mut count = 0;
    for file in ["schedules.yaml", "velero.yaml", "backups.yaml"] {
        for document in yaml::documents(&std::fs::read_to_string(folder.join(file))?)? {
            let mut object = document.into_value();
            if object["apiVersion"] == "velero.io/v1" {
                object["metadata"]["namespace"] = "velero".into();
                object["metadata"]
                    .as_object_mut()
                    .and_then(|metadata| metadata.remove("creationTimestamp"));
                apply(&client, &object).await?;
                count += 1;
            }
        }
    }
    let mut gather = Gather::new("production-eu-west".parse()?);
    for kind in [
        "Schedule",
        "Backup",
        "BackupStorageLocation",
        "VolumeSnapshotLocation",
    ] {
        let api: Api<DynamicObject> = Api::all_with(
            client.clone(),
            &ApiResource::from_gvk(&GroupVersionKind::gvk("velero.io", "v1", kind)),
        );
        for object in api.list(&ListParams::default()).await? {
            let mut value = serde_json::to_value(&object)?;
            (value["apiVersion"], value["kind"]) = ("velero.io/v1".into(), kind.into());
            gather.add(&value)?;
        }
    }
    for document in yaml::documents(&std::fs::read_to_string(folder.join("workloads.yaml"))?)? {
        gather.add(&document)?;
    }
    gather.cluster_mut().region = Some("eu-west-1".to_owned());
    let mut fleet = fleet_velero::inventory::FleetState::default();
    fleet.clusters.push(gather.finish());
    println!(
        "{count} objects of the guide applied, {} backups read",
        fleet.clusters[0].backups.len()
    );

    let disaster: Disaster = "namespace-deleted=production-eu-west/payments".parse()?;
    let plan = recovery_plan(
        &fleet,
        &disaster,
        &PlanOptions::at("2026-06-11T09:20:00Z".parse()?),
    )?;
    plan.check(&fleet)?;
    let velero = tokio::spawn(controllers(client.clone()));
    let journal = MemoryJournal::default();
    let patience = Patience {
        interval: Duration::from_millis(200),
        ..Patience::default()
    };
    let system = VeleroSystem::new(client.clone(), People);
    let executor = Executor::new(system, journal, TokioClock::system()).with_patience(patience);
    let report = tokio::time::timeout(Duration::from_mins(1), executor.run(&plan)).await??;
    velero.abort();
    println!("{} steps done on a real API server", report.steps.len());
    let restores: Api<Restore> = Api::namespaced(client, "velero");
    let restore = restores.list(&ListParams::default()).await?.items;
    assert_eq!(restore.len(), 1);
    assert_eq!(
        restore[0].spec.backup_name.as_deref(),
        Some("hourly-app-backup-20260611090000")
    );
    assert_eq!(
        restore[0].spec.included_namespaces,
        Some(vec!["payments".to_owned()])
    );
    Ok(())
}

/// What is not Velero's is done as soon as it is asked for.
struct People;

#[async_trait]
impl RecoverySystem for People {
    async fn observe(&self, _: &RecoveryPlan, _: &Step) -> Result<StepState, SystemError> {
        Ok(StepState::Done)
    }

    async fn begin(&self, _: &RecoveryPlan, _: &Step) -> Result<(), SystemError> {
        Ok(())
    }
}

/// What Velero's controllers write into the objects of a recovery.
async fn controllers(client: Client) -> Result<(), kube::Error> {
    let restores: Api<Restore> = Api::namespaced(client.clone(), "velero");
    let locations: Api<BackupStorageLocation> = Api::namespaced(client.clone(), "velero");
    let backups: Api<Backup> = Api::namespaced(client, "velero");
    let set = |status: Value| Patch::Merge(json!({"status": status}));
    let none = PatchParams::default();
    loop {
        for restore in restores.list(&ListParams::default()).await? {
            let status = match &restore.status {
                None => json!({"phase": "InProgress"}),
                Some(_) => json!({"phase": "Completed", "progress": {"itemsRestored": 3, "totalItems": 3}}),
            };
            restores.patch(&restore.name_any(), &none, &set(status)).await?;
        }
        for location in locations.list(&ListParams::default()).await? {
            locations
                .patch(&location.name_any(), &none, &set(json!({"phase": "Available"})))
                .await?;
        }
        for backup in backups
            .list(&ListParams::default())
            .await?
            .iter()
            .filter(|one| one.status.is_none())
        {
            backups
                .patch(&backup.name_any(), &none, &set(json!({"phase": "Completed"})))
                .await?;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn install_upstream_crds(client: &Client) -> Result<(), BoxError> {
    let shared = std::env::var_os("FLEET_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(shared.join("crds/velero/velero-1.18.3-crds.yaml"))?;
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut names = Vec::new();
    for document in yaml::documents(&text)? {
        let value = document.into_value();
        let items = value["items"].as_array().cloned().unwrap_or_else(|| vec![value]);
        for crd in items {
            let name = crd["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            api.patch(
                &name,
                &PatchParams::apply("upstream").force(),
                &Patch::Apply(&crd),
            )
            .await?;
            names.push(name);
        }
    }
    for name in &names {
        let established = await_condition(api.clone(), name, conditions::is_crd_established());
        tokio::time::timeout(Duration::from_mins(1), established).await??;
    }
    println!("{} of upstream's CRDs established", names.len());
    Ok(())
}

async fn apply(client: &Client, object: &Value) -> Result<Value, BoxError> {
    let types: TypeMeta = serde_json::from_value(object.clone())?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&types)?);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let applied = api
        .patch(
            name,
            &PatchParams::apply("fleet-e2e").force(),
            &Patch::Apply(object),
        )
        .await?;
    Ok(serde_json::to_value(applied)?)
}

/// Whether everything of `part` is in `whole`.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|found| contains(found, value))),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        _ => whole == part,
    }
}
