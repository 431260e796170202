//! Upgrades on Cluster API's real controllers with in-memory machines, and the traps that these controllers set.
//!
//! Each trap is a test, and each test makes clusters of its own, so they run side by side: fifteen with `--test-threads 15`,
//! thirteen of them from our builders.
#![allow(clippy::expect_used, clippy::panic)] // As tests fail.

#[path = "upgrade/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fleet_capi::contract::{Contract, ContractError, InfrastructureStatus, resource_of};
use fleet_capi::management::ManagementCluster;
use fleet_capi::rollout::{BlockReason, DeclaredBy, Patience, RolloutStatus, VersionOwner};
use fleet_capi::upgrade::{CapiClusterDriver, Half, Order, Refusal, Rotation, Step, UpgradeError};
use fleet_core::{Fleet, FleetCluster};
use fleet_upgrade::adapters::CapiUpgrader;
use fleet_upgrade::kernel::ClusterReport;
use fleet_upgrade::ports::ClusterUpgrader as _;
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Stage, plan};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::api::{Patch, PatchParams, ValidationDirective};
use serde_json::json;
use world::{CONTROL_PLANE, CORE, Failed, api, classic, condition, merge, named, topology, tried, until, v};

/// Ready before the controllers' first minute is over: their patience is short here.
const PATIENCE: Patience = Patience {
    standstill: SignedDuration::from_secs(40),
    fruitless: SignedDuration::from_mins(10),
};

fn driver(management: &ManagementCluster) -> CapiClusterDriver {
    CapiClusterDriver::from(management.clone())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn one_minor_takes_hardly_longer_than_with_no_safety() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let theirs = ["create", "1", "--prefix", "bold", "--md", "2"];
    let (ours, ()) = tokio::try_join!(classic(&client, "safe", "v1.34.0", 2), world::script(&theirs))?;
    let began = Instant::now();
    let safe = async {
        let done = driver(&ours)
            .run(&named("safe"), &Order::to(v("v1.35.0")))
            .await?;
        assert!(done.done);
        Ok::<_, Failed>(began.elapsed())
    };
    let bold = async {
        world::script(&["upgrade", "bold-0", "v1.35.0"]).await?;
        Ok::<_, Failed>(began.elapsed())
    };
    let (safe, bold) = tokio::try_join!(safe, bold)?;
    let ratio = safe.as_secs_f64() / bold.as_secs_f64();
    println!(
        "one minor, 1 + 2 machines: {:.1} s, by a script with no safety {:.1} s: {ratio:.2} times",
        safe.as_secs_f64(),
        bold.as_secs_f64()
    );
    // The script's cluster is as done as ours by our measure, after a moment.
    until(&ours, "bold-0", |state| {
        RolloutStatus::of(state, &v("v1.35.0")).is_done()
    })
    .await
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_topology_goes_one_minor() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = topology(&client, "classy", "v1.34.0").await?;
    let driver = driver(&management);
    let began = Instant::now();
    let done = driver.run(&named("classy"), &Order::to(v("v1.35.0"))).await?;
    assert!(done.done);
    println!("a topology, one minor: {:.1} s", began.elapsed().as_secs_f64());
    // Down again is refused by us, before Cluster API does; and two minors as long as the class does not list the way.
    for version in ["v1.34.0", "v1.37.0"] {
        let error = driver.start(&named("classy"), &v(version)).await.err();
        assert!(error.is_some_and(|error| error.is_refusal()), "{version}");
    }

    let listed = json!({"spec": {"kubernetesVersions": ["v1.35.0", "v1.36.0", "v1.37.0"]}});
    api(&client, CORE, "v1beta2", "ClusterClass")
        .patch("e2e-class", &PatchParams::default(), &Patch::Merge(listed))
        .await?;
    let began = Instant::now();
    // Until the hooks after the last upgrade have run it is not ready: Cluster API would refuse the version.
    let first = loop {
        match driver.begin(&named("classy"), &Order::to(v("v1.37.0"))).await {
            Err(error @ UpgradeError::NotReady { .. }) if began.elapsed() < Duration::from_mins(1) => {
                println!("{error}");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            found => break found?,
        }
    };
    assert!(matches!(first.step, Step::PatchTopology { .. }), "{first:?}");
    let (mut plans, mut workers) = (BTreeSet::new(), BTreeSet::new());
    let mut seen = driver.load(&named("classy")).await?;
    let done = loop {
        let progress = driver.observe(&named("classy")).await?;
        if progress.done {
            break progress;
        }
        seen = tokio::time::timeout(
            Duration::from_mins(5),
            management.changed(&named("classy"), &seen),
        )
        .await??;
        let plan = seen
            .topology
            .iter()
            .flat_map(|topology| &topology.control_plane_plan);
        plans.insert(plan.map(ToString::to_string).collect::<Vec<_>>());
        workers.extend(seen.workers.iter().filter_map(|group| group.version.clone()));
    };
    assert!(done.done);
    println!(
        "a topology, two minors in one order: {:.1} s; Cluster API's plans {plans:?}",
        began.elapsed().as_secs_f64()
    );
    // It tells its plan, and the workers skip the minor in between.
    assert!(
        plans.contains(&vec!["v1.36.0".to_owned(), "v1.37.0".to_owned()]),
        "{plans:?}"
    );
    assert_eq!(
        workers.into_iter().collect::<Vec<_>>(),
        [v("v1.35.0"), v("v1.37.0")]
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn two_minors_with_new_templates_killed_every_three_seconds() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    classic(&client, "killed", "v1.34.0", 1).await?;
    let image =
        |time: &str| json!({"backend": {"inMemory": {"vm": {"provisioning": {"startupDuration": time}}}}});
    let order = Order::to(v("v1.36.0"))
        .through(v("v1.35.0"))
        .rotating(Rotation::of(Half::ControlPlane, v("v1.35.0"), image("3s")))
        .rotating(Rotation::of_all(v("v1.36.0"), image("1s")));
    let cluster = named("killed");
    let (began, mut kills) = (Instant::now(), 0);
    let done = loop {
        // A process that knows nothing, with watches of its own.
        let driver = CapiClusterDriver::new(Client::try_default().await?);
        match tokio::time::timeout(Duration::from_secs(3), driver.run(&cluster, &order)).await {
            Ok(ended) => break ended?,
            Err(_) => kills += 1,
        }
        assert!(
            began.elapsed() < Duration::from_mins(6),
            "no end after {kills} kills"
        );
    };
    assert!(done.done && kills > 3, "{kills} kills");
    println!(
        "two minors, killed {kills} times: {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let object = api(&client, CONTROL_PLANE, "v1beta2", "KubeadmControlPlane")
        .get("killed-control-plane")
        .await?;
    // Made, and changed once a minor: nothing was done twice.
    let versions = object.metadata.generation;
    assert_eq!(object.data["spec"]["version"], "v1.36.0");
    let name = object.data["spec"]["machineTemplate"]["spec"]["infrastructureRef"]["name"].as_str();
    assert!(
        name.is_some_and(|name| name.starts_with("killed-control-plane-v1-36-0-")),
        "{name:?}"
    );
    let templates = world::names(&client, "infrastructure.cluster.x-k8s.io", "DevMachineTemplate").await?;
    let templates: Vec<_> = templates
        .iter()
        .filter(|name| name.starts_with("killed-"))
        .collect();
    println!("templates {templates:?}, generation {versions:?}");
    assert_eq!(templates.len(), 5, "{templates:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_machine_that_never_comes_is_named_and_the_hop_taken_back() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "stuck", "v1.34.0", 1).await?;
    let cluster = named("stuck");
    let hour = json!({"backend": {"inMemory": {"vm": {"provisioning": {"startupDuration": "1h"}}}}});
    let order = Order::to(v("v1.35.0")).rotating(Rotation::of(Half::ControlPlane, v("v1.35.0"), hour));
    let driver = driver(&management).with_patience(PATIENCE, Timestamp::now);
    let error = match driver.run(&cluster, &order).await {
        Ok(done) => panic!("{done:?}"),
        Err(error) => error,
    };
    println!("{error}");
    let UpgradeError::Stuck {
        cause: Some(cause), ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (cause.object.kind.as_str(), cause.reason),
        ("Machine", BlockReason::Infrastructure)
    );
    driver.abort(&cluster).await?;
    let began = Instant::now();
    until(&management, "stuck", |state| {
        state.machines.len() == 2 && RolloutStatus::of(state, &v("v1.34.0")).is_done()
    })
    .await?;
    println!("taken back in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_drain_that_does_not_end_is_named() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "drain", "v1.34.0", 1).await?;
    let cluster = named("drain");
    let machine = world::worker(&*management.state(&cluster).await?).ok_or("no worker")?;
    let hook = "pre-drain.delete.hook.machine.cluster.x-k8s.io/e2e";
    merge(
        &client,
        CORE,
        "Machine",
        &machine,
        json!({"metadata": {"annotations": {hook: "e2e"}}}),
    )
    .await?;
    let driver = driver(&management).with_patience(PATIENCE, Timestamp::now);
    let order = Order::to(v("v1.35.0"));
    let error = match driver.run(&cluster, &order).await {
        Ok(done) => panic!("{done:?}"),
        Err(error) => error,
    };
    println!("{error}");
    let UpgradeError::Stuck {
        cause: Some(cause), ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (&cause.object.name, cause.reason),
        (&machine, BlockReason::PreDrainHook)
    );
    merge(
        &client,
        CORE,
        "Machine",
        &machine,
        json!({"metadata": {"annotations": {hook: null}}}),
    )
    .await?;
    // The same order goes on from there.
    assert!(driver.run(&cluster, &order).await?.done);
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn done_is_never_said_while_the_counters_lie() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "liar", "v1.34.0", 2).await?;
    let cluster = named("liar");
    driver(&management)
        .run(&cluster, &Order::to(v("v1.35.0")).only_control_plane())
        .await?;
    let deployments = api(&client, CORE, "v1beta2", "MachineDeployment");
    let workers = json!({"spec": {"template": {"spec": {"version": "v1.35.0"}}}});
    merge(&client, CORE, "MachineDeployment", "liar-workers", workers).await?;
    let began = Instant::now();
    let mut lies = 0;
    while began.elapsed() < Duration::from_secs(5) {
        let object = deployments.get("liar-workers").await?;
        let status = &object.data["status"];
        lies += u32::from(
            status["observedGeneration"].as_i64() == object.metadata.generation
                && condition(&object, "RollingOut") == Some("False")
                && status["upToDateReplicas"] == 2
                && status["availableReplicas"] == 2,
        );
        let state = management.state(&cluster).await?;
        let is_old = state
            .machines
            .iter()
            .any(|machine| machine.kubelet != Some(v("v1.35.0")));
        assert!(
            !(is_old && RolloutStatus::of(&state, &v("v1.35.0")).is_done()),
            "{state:#?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("the counters said done {lies} times before anything was");
    until(&management, "liar", |state| {
        RolloutStatus::of(state, &v("v1.35.0")).is_done()
    })
    .await
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_downgrade_that_cluster_api_accepts_is_refused() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "down", "v1.34.0", 1).await?;
    let (cluster, driver) = (named("down"), driver(&management));

    // A downgrade of the control plane.
    let down = json!({"spec": {"version": "v1.33.0"}});
    let accepted = tried(
        &client,
        CONTROL_PLANE,
        "KubeadmControlPlane",
        "down-control-plane",
        down,
    )
    .await?;
    assert_eq!(accepted.data["spec"]["version"], "v1.33.0");
    let refused = driver.start(&cluster, &v("v1.33.0")).await;
    assert!(
        matches!(
            refused,
            Err(UpgradeError::Refused {
                refusal: Refusal::Hop { .. },
                ..
            })
        ),
        "{refused:?}"
    );

    // Two minors at once, which the webhook refuses as well.
    let two = json!({"spec": {"version": "v1.36.0"}});
    assert!(
        tried(
            &client,
            CONTROL_PLANE,
            "KubeadmControlPlane",
            "down-control-plane",
            two
        )
        .await
        .is_err()
    );
    assert!(
        driver
            .start(&cluster, &v("v1.36.0"))
            .await
            .is_err_and(|error| error.is_refusal())
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn workers_newer_than_their_control_plane_are_refused() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "newer", "v1.34.0", 1).await?;
    let (cluster, driver) = (named("newer"), driver(&management));

    // Workers that are newer than their control plane.
    let newer = json!({"spec": {"template": {"spec": {"version": "v1.35.0"}}}});
    let accepted = tried(&client, CORE, "MachineDeployment", "newer-workers", newer).await?;
    assert_eq!(accepted.data["spec"]["template"]["spec"]["version"], "v1.35.0");
    let order = Order::to(v("v1.35.0")).only_workers(["newer-workers"]);
    let refused = driver.begin(&cluster, &order).await;
    assert!(
        matches!(
            refused,
            Err(UpgradeError::Refused {
                refusal: Refusal::ControlPlaneFirst { .. },
                ..
            })
        ),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn workers_left_behind_rest_where_they_are_until_they_are_brought_on() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "behind", "v1.34.0", 2).await?;
    let (cluster, driver) = (named("behind"), driver(&management));
    let half = Order::to(v("v1.35.0")).only_control_plane();
    assert!(driver.run(&cluster, &half).await?.done);

    let upgrader = CapiUpgrader::from(driver);
    let settled = |version: &str, report: &ClusterReport| {
        let (writer, control_plane) = (report.writer.clone(), report.control_plane.clone());
        let expected = ClusterReport {
            writer,
            control_plane,
            ..ClusterReport::settled(v(version))
        };
        *report == expected
    };
    let report = upgrader.observe(&cluster).await?;
    assert!(
        settled("v1.34.0", &report),
        "what was told to one half only was not told to the cluster: {report:?}"
    );
    assert!(
        report.writer.is_some_and(|writer| writer != "fleet-sdk"),
        "whoever made the workers"
    );
    let told = report.control_plane.ok_or("nothing of its control plane")?;
    assert_eq!(
        (&told.version, told.writer.as_deref()),
        (&v("v1.35.0"), Some("fleet-sdk"))
    );
    // The other tests' clusters are none of its business: some are no members of a fleet.
    let member = async || -> Result<FleetCluster, Failed> {
        let mut members = management.members().await?.into_iter().flatten();
        let found = members.find(|member| member.name().as_str() == "behind");
        Ok(found.ok_or("not in the fleet")?)
    };
    let member_behind = member().await?;
    assert!(member_behind.workers_lag());
    let policy = FleetUpgradeSpec::new(v("v1.35.0")).stage(Stage::new("all"));
    let policy = FleetUpgrade::new("catch-up", policy);
    let plan = plan(&policy, &Fleet::new([member_behind])?, Timestamp::now())?;
    let hops: Vec<_> = plan.clusters().flat_map(|cluster| &cluster.hops).collect();
    assert_eq!(hops, [&v("v1.35.0")]);

    upgrader.start(&cluster, &v("v1.35.0")).await?;
    let report = upgrader.observe(&cluster).await?;
    assert_eq!((&report.desired, report.oldest.minor()), (&v("v1.35.0"), 34));
    let deadline = Instant::now() + Duration::from_mins(1);
    let report = loop {
        let report = upgrader.observe(&cluster).await?;
        if settled("v1.35.0", &report) {
            break report;
        }
        assert!(Instant::now() < deadline, "{report:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(report.writer.as_deref(), Some("fleet-sdk"));
    assert!(!member().await?.workers_lag());
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_field_of_v1beta1_is_stripped_without_a_word_and_strictness_says_so() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    classic(&client, "strip", "v1.34.0", 1).await?;

    // A field of v1beta1 under the name of v1beta2: gone without a word, unless one asks for strictness.
    let stripped = json!({"spec": {"machineTemplate": {"nodeDrainTimeout": "10m"}}});
    let accepted = tried(
        &client,
        CONTROL_PLANE,
        "KubeadmControlPlane",
        "strip-control-plane",
        stripped.clone(),
    )
    .await?;
    assert!(
        accepted.data["spec"]["machineTemplate"]
            .get("nodeDrainTimeout")
            .is_none()
    );
    let strict = PatchParams {
        dry_run: true,
        field_validation: Some(ValidationDirective::Strict),
        ..PatchParams::default()
    };
    let control_planes = api(&client, CONTROL_PLANE, "v1beta2", "KubeadmControlPlane");
    let refused = control_planes
        .patch("strip-control-plane", &strict, &Patch::Merge(stripped))
        .await;
    assert!(refused.is_err(), "{refused:?}");

    // Nor do we make templates without what they were to change: the machines would come with the old image.
    let misspelled = json!({"backend": {"inMemory": {"vm": {"provisioning": {"startDuration": "3s"}}}}});
    let order = Order::to(v("v1.35.0")).rotating(Rotation::of_all(v("v1.35.0"), misspelled));
    let driver = CapiClusterDriver::new(client.clone());
    let error = driver
        .begin(&named("strip"), &order)
        .await
        .expect_err("no template has it");
    assert!(!error.is_transient(), "{error}");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    println!("{error}: {}", source.unwrap_or_default());
    let after = control_planes.get("strip-control-plane").await?;
    assert_eq!(after.data["spec"]["version"], "v1.34.0");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn workers_blocked_in_silence_by_pre_flight_checks_are_named() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "silent", "v1.34.0", 1).await?;
    let (cluster, driver) = (named("silent"), driver(&management));
    driver.run(&cluster, &Order::to(v("v1.35.0"))).await?;

    // Workers sent back a minor: kubeadm's skew policy blocks them, and only the new MachineSet says so.
    let back = json!({"spec": {"template": {"spec": {"version": "v1.34.0"}}}});
    merge(&client, CORE, "MachineDeployment", "silent-workers", back).await?;
    until(&management, "silent", |state| {
        let status = RolloutStatus::of(state, &v("v1.35.0"));
        let blocked = status.blocked();
        blocked.is_some_and(|it| it.reason == BlockReason::Preflight && it.object.kind == "MachineSet")
    })
    .await?;
    let again = json!({"spec": {"template": {"spec": {"version": "v1.35.0"}}}});
    merge(&client, CORE, "MachineDeployment", "silent-workers", again).await?;
    until(&management, "silent", |state| {
        RolloutStatus::of(state, &v("v1.35.0")).is_done()
    })
    .await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_pause_that_freezes_the_status_is_not_taken_for_progress() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "frozen", "v1.34.0", 1).await?;
    let (cluster, driver) = (named("frozen"), driver(&management));

    // Paused in the middle: the status says for ever what it said.
    let order = Order::to(v("v1.35.0"));
    driver.begin(&cluster, &order).await?;
    merge(
        &client,
        CORE,
        "Cluster",
        "frozen",
        json!({"spec": {"paused": true}}),
    )
    .await?;
    until(&management, "frozen", |state| state.paused).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let seen = driver.observe(&cluster).await?;
    assert!(matches!(seen.step, Step::Paused { .. }) && !seen.done, "{seen:?}");
    assert_eq!(seen.blocked.map(|it| it.reason), Some(BlockReason::Paused));
    merge(
        &client,
        CORE,
        "Cluster",
        "frozen",
        json!({"spec": {"paused": false}}),
    )
    .await?;
    assert!(driver.run(&cluster, &order).await?.done);
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_version_that_argo_cd_keeps_is_left_to_it() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    let management = classic(&client, "kept", "v1.34.0", 1).await?;
    let driver = driver(&management);
    let declared = json!({
        "apiVersion": format!("{CONTROL_PLANE}/v1beta2"), "kind": "KubeadmControlPlane",
        "metadata": {"name": "kept-control-plane"}, "spec": {"version": "v1.34.0"},
    });
    let control_planes = api(&client, CONTROL_PLANE, "v1beta2", "KubeadmControlPlane");
    let params = PatchParams::apply("argocd-controller").force();
    let before = control_planes
        .patch("kept-control-plane", &params, &Patch::Apply(declared))
        .await?;
    until(&management, "kept", |state| {
        let group = state.control_plane.as_ref();
        group.is_some_and(|group| group.object.version_owner != VersionOwner::Free)
    })
    .await?;
    let refused = driver.start(&named("kept"), &v("v1.35.0")).await;
    assert!(
        matches!(
            &refused,
            Err(UpgradeError::Declared {
                by: DeclaredBy::ArgoCd,
                ..
            })
        ),
        "{refused:?}"
    );
    let after = control_planes.get("kept-control-plane").await?;
    assert_eq!(after.metadata.generation, before.metadata.generation);
    Ok(())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn the_contract_is_read_by_its_label_and_not_by_the_name_of_the_version() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    // As AWS does: a version of its own name, which follows the contract v1beta1; and one that is newer and follows none.
    let group = "infrastructure.cluster.x-k8s.io";
    world::foreign_provider(&client, "ForeignCluster", &[("cluster.x-k8s.io/v1beta1", "v1")]).await?;
    let (resource, contract) = resource_of(&client, group, "ForeignCluster").await?;
    assert_eq!(
        (resource.version.as_str(), contract),
        ("v1", Some(Contract::V1beta1))
    );
    // The development provider follows the newer contract under the same name.
    let (resource, contract) = resource_of(&client, group, "DevCluster").await?;
    assert_eq!(
        (resource.version.as_str(), contract),
        ("v1beta2", Some(Contract::V1beta2))
    );
    // Cluster API itself is not a provider, and an unknown kind is an error.
    let unknown = resource_of(&client, group, "AbsentCluster").await;
    assert!(
        matches!(unknown, Err(ContractError::UnknownKind { .. })),
        "{unknown:?}"
    );

    // Cluster API reads `status.ready` of it, and so do we.
    world::foreign_cluster(&client, "foreign", "ForeignCluster").await?;
    let object = api(&client, group, "v1", "ForeignCluster").get("foreign").await?;
    let status = InfrastructureStatus::of(&serde_json::to_value(&object)?);
    assert!(status.provisioned && status.failure.is_none(), "{status:?}");
    Ok(())
}
