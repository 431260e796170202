//! When a rollout is done, when it is not whatever the counters say, and whom to blame.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.

#[allow(dead_code)] // Other test files use the rest of it.
mod cluster;

use cluster::{World, condition, machine};
use fleet_capi::rollout::{BlockReason, ClusterState, Pace, Patience, Phase, ProgressClock, RolloutStatus};
use fleet_core::KubernetesVersion;
use serde_json::json;

fn target() -> KubernetesVersion {
    "v1.31.0".parse().unwrap()
}

fn status(world: &World) -> RolloutStatus {
    RolloutStatus::of(&world.state(), &target())
}

fn reasons(world: &World) -> Vec<String> {
    status(world)
        .unfinished()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn blocked(world: &World) -> (BlockReason, String) {
    let status = status(world);
    let blocked = status.blocked().expect("nothing is blocked");
    (blocked.reason, blocked.to_string())
}

/// Every machine at 1.31 but the last worker.
fn almost() -> World {
    let mut world = World::settled("v1.31.0", 3, 2);
    world.replace("md-1", "v1.30.4");
    world
}

#[test]
fn a_settled_cluster_is_done() {
    let world = World::settled("v1.31.0", 3, 2);
    let status = status(&world);
    assert!(status.is_done(), "{:?}", reasons(&world));
    assert_eq!(status.phase(), Phase::Done);
    assert_eq!(status.progress().to_string(), "5/5");
    assert_eq!(status.blocked(), None);
}

#[test]
fn the_false_done_after_a_patch_is_not_believed() {
    // What the API server shows 0.1 s after the MachineDeployment's version was patched.
    let mut world = World::settled("v1.30.4", 1, 2);
    world.replace("cp-0", "v1.31.0");
    world.ask("v1.31.0", "v1.31.0");
    let workers = world.workers();
    workers["metadata"]["generation"] = json!(2);
    workers["status"]["observedGeneration"] = json!(2);
    workers["status"]["versions"] = json!([{"version": "v1.31.0", "replicas": 2}]);
    let status = status(&world);
    assert_eq!(status.phase(), Phase::Workers);
    assert_eq!(status.workers().to_string(), "0/2");
}

#[test]
fn each_thing_by_itself_keeps_a_rollout_from_being_done() {
    type Change = fn(&mut World);
    let changes: &[(&str, Change)] = &[
        ("kubelet", |world| {
            world.machine("md-1")["status"]["nodeInfo"]["kubeletVersion"] = json!("v1.30.4");
        }),
        ("no node yet", |world| {
            world.machine("md-1")["status"]["nodeInfo"] = json!(null);
        }),
        ("machine version", |world| {
            world.machine("cp-2")["spec"]["version"] = json!("v1.30.4");
        }),
        ("deleting", |world| {
            world.machine("cp-2")["metadata"]["deletionTimestamp"] = json!("2026-11-23T00:00:00Z");
        }),
        ("not ready", |world| {
            condition(world.machine("md-0"), "Ready", "False", "NotReady", "no");
        }),
        ("unknown", |world| {
            condition(world.machine("md-0"), "Available", "Unknown", "", "");
        }),
        ("template", |world| {
            condition(world.machine("md-0"), "UpToDate", "False", "NotUpToDate", "");
        }),
        ("no conditions", |world| {
            world.machine("md-0")["status"]["conditions"] = json!([]);
        }),
        ("asked", |world| world.ask("v1.31.0", "v1.30.4")),
        ("not observed", |world| {
            world.control_plane()["metadata"]["generation"] = json!(2);
        }),
        ("rolling", |world| {
            condition(world.workers(), "RollingOut", "True", "RollingOut", "");
        }),
        ("scaling", |world| {
            condition(world.control_plane(), "ScalingUp", "True", "ScalingUp", "");
        }),
        ("counter", |world| {
            world.workers()["status"]["upToDateReplicas"] = json!(1);
        }),
        ("surge", |world| world.workers()["status"]["replicas"] = json!(3)),
        ("too few", |world| world.workers()["spec"]["replicas"] = json!(3)),
        ("versions", |world| {
            world.workers()["status"]["versions"] =
                json!([{"version": "v1.31.0", "replicas": 1}, {"version": "v1.30.4", "replicas": 1}]);
        }),
        ("stray", |world| {
            world.objects.push(machine("lonely", "v1.30.4", &json!({})));
        }),
    ];
    let mut seen = Vec::new();
    for (name, change) in changes {
        let mut world = World::settled("v1.31.0", 3, 2);
        change(&mut world);
        assert!(!status(&world).is_done(), "{name}");
        seen.push(format!("{name} -> {}", reasons(&world).join(" | ")));
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[test]
fn a_vendors_kubelet_is_the_version_that_was_asked_for() {
    let mut world = World::settled("v1.31.0", 1, 1);
    world.machine("md-0")["status"]["nodeInfo"]["kubeletVersion"] = json!("v1.31.0-eks-a737599");
    world.count();
    assert!(status(&world).is_done(), "{:?}", reasons(&world));
}

#[test]
fn v1beta1_is_read_with_its_own_conditions() {
    let mut world = World::settled("v1.31.0", 1, 1);
    for object in &mut world.objects {
        let version = object["apiVersion"]
            .as_str()
            .unwrap()
            .replace("v1beta2", "v1beta1");
        object["apiVersion"] = json!(version);
        let status = object["status"].as_object_mut().unwrap();
        status.remove("versions");
        if let Some(updated) = status.remove("upToDateReplicas") {
            status.insert("updatedReplicas".to_owned(), updated);
        }
        if object["kind"] == "Machine" {
            object["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
        }
    }
    world.get("Cluster", "eu")["spec"]["controlPlaneRef"] = json!({
        "apiVersion": "controlplane.cluster.x-k8s.io/v1beta1", "kind": "KubeadmControlPlane", "name": "eu"});
    assert!(status(&world).is_done(), "{:?}", reasons(&world));
    world.workers()["status"]["updatedReplicas"] = json!(0);
    assert!(!status(&world).is_done());
    world.workers()["status"]["updatedReplicas"] = json!(1);
    condition(world.machine("md-0"), "Ready", "False", "", "");
    assert!(!status(&world).is_done());
}

#[test]
fn old_machines_that_do_not_leave() {
    for (reason, expected) in [
        ("WaitingForPreDrainHook", BlockReason::PreDrainHook),
        ("DrainingNode", BlockReason::Draining),
        ("WaitingForVolumeDetach", BlockReason::VolumeDetach),
        ("WaitingForPreTerminateHook", BlockReason::PreTerminateHook),
        (
            "WaitingForInfrastructureDeletion",
            BlockReason::InfrastructureDeletion,
        ),
    ] {
        let mut world = almost();
        world.machine("md-1")["metadata"]["deletionTimestamp"] = json!("2026-11-23T00:00:00Z");
        condition(
            world.machine("md-1"),
            "Deleting",
            "True",
            reason,
            "pod shop/db-0: budget shop/db",
        );
        let (found, text) = blocked(&world);
        assert_eq!(found, expected);
        assert!(
            text.starts_with("Machine md-1: ") && text.ends_with(": pod shop/db-0: budget shop/db"),
            "{text}"
        );
    }
}

#[test]
fn new_machines_that_do_not_come() {
    for (name, expected) in [
        ("BootstrapConfigReady", BlockReason::Bootstrap),
        ("InfrastructureReady", BlockReason::Infrastructure),
        ("NodeHealthy", BlockReason::Node),
    ] {
        let mut world = almost();
        condition(world.machine("md-1"), name, "False", "NotReady", "quota exceeded");
        assert_eq!(blocked(&world).0, expected);
    }
}

#[test]
fn workers_that_pre_flight_checks_hold_back() {
    let mut world = almost();
    let message = "MachineSet workers-x is blocked: \"KubeadmVersionSkew\" preflight check failed";
    world.objects.push(json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineSet",
        "metadata": {"name": "workers-x", "namespace": "clusters",
            "labels": {"cluster.x-k8s.io/deployment-name": "workers"}},
        "spec": {"clusterName": "eu", "replicas": 2},
        "status": {"conditions": [{"type": "ScalingUp", "status": "True", "message": message}]},
    }));
    assert_eq!(
        blocked(&world),
        (
            BlockReason::Preflight,
            format!("MachineSet workers-x: pre-flight checks fail: {message}")
        )
    );
}

#[test]
fn a_control_plane_that_waits_for_its_health() {
    let mut world = World::settled("v1.30.4", 3, 2);
    world.ask("v1.31.0", "v1.30.4");
    let message = "Scaling up from 3 to 4 replicas is blocked because:\n* waiting for etcd cluster";
    condition(world.control_plane(), "ScalingUp", "True", "ScalingUp", message);
    assert_eq!(blocked(&world).0, BlockReason::ControlPlaneHealth);
}

#[test]
fn somebody_paused_it() {
    let mut world = almost();
    world.workers()["spec"]["paused"] = json!(true);
    assert_eq!(
        blocked(&world),
        (
            BlockReason::Paused,
            "MachineDeployment workers: is paused".to_owned()
        )
    );
    world.get("Cluster", "eu")["metadata"]["annotations"] = json!({"cluster.x-k8s.io/paused": ""});
    assert_eq!(
        blocked(&world),
        (BlockReason::Paused, "Cluster eu: is paused".to_owned())
    );
}

#[test]
fn a_machine_that_nothing_rolls_is_to_blame_itself() {
    let mut world = World::settled("v1.31.0", 1, 1);
    world.objects.push(machine(
        "lonely",
        "v1.30.4",
        &json!({"cluster.x-k8s.io/deployment-name": "gone"}),
    ));
    assert_eq!(blocked(&world).0, BlockReason::Unmanaged);
    assert_eq!(status(&world).progress().to_string(), "2/3");
}

#[test]
fn objects_of_other_clusters_do_not_count() {
    let mut world = World::settled("v1.31.0", 1, 1);
    let mut other = machine("other", "v1.20.0", &json!({}));
    other["spec"]["clusterName"] = json!("us");
    world.objects.push(other);
    let mut elsewhere = machine("elsewhere", "v1.20.0", &json!({}));
    elsewhere["metadata"]["namespace"] = json!("others");
    world.objects.push(elsewhere);
    assert!(status(&world).is_done());
}

#[test]
fn what_does_not_make_a_state_is_refused() {
    let error = ClusterState::from_values("us", &World::settled("v1.31.0", 1, 1).objects).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no Cluster `us` among the objects; give the Cluster itself too"
    );
    let mut world = World::settled("v1.31.0", 1, 1);
    world.ask("latest", "v1.31.0");
    let error = ClusterState::from_values("eu", &world.objects).unwrap_err();
    assert_eq!(
        error.to_string(),
        "KubeadmControlPlane eu: spec.version is no Kubernetes version; write it as v1.31.0"
    );
}

#[test]
fn every_hindrance_is_told_with_its_beginning_and_the_gravest_first() {
    let mut world = almost();
    let began = "2026-11-23T00:00:00Z";
    world.machine("md-1")["metadata"]["deletionTimestamp"] = json!("2026-11-22T23:59:00Z");
    world.machine("md-1")["status"]["deletion"] = json!({"nodeDrainStartTime": began});
    condition(
        world.machine("md-1"),
        "Deleting",
        "True",
        "DrainingNode",
        "pod shop/db-0",
    );
    condition(
        world.machine("md-0"),
        "InfrastructureReady",
        "False",
        "NotReady",
        "quota exceeded",
    );
    let status = status(&world);
    let blockers = status.blockers();
    let reasons: Vec<_> = blockers.iter().map(|it| it.reason).collect();
    assert_eq!(reasons, [BlockReason::Draining, BlockReason::Infrastructure]);
    assert_eq!(blockers[0].since, Some(began.parse().unwrap()));
    assert_eq!(
        status.to_string(),
        "v1.31.0: workers 1/2; Machine md-1: is being drained: pod shop/db-0"
    );
}

#[test]
fn each_group_is_told_by_itself() {
    let status = status(&almost());
    let told: Vec<_> = status
        .groups()
        .iter()
        .map(|group| format!("{} {} {}", group.object, group.machines, group.done))
        .collect();
    assert_eq!(
        told,
        [
            "KubeadmControlPlane eu 3/3 true",
            "MachineDeployment workers 1/2 false"
        ]
    );
}

#[test]
fn an_update_in_place_is_not_done_before_it_says_so() {
    let mut world = World::settled("v1.31.0", 1, 1);
    condition(
        world.machine("md-0"),
        "Updating",
        "True",
        "InPlaceUpdating",
        "step 2 of 3",
    );
    assert_eq!(blocked(&world).0, BlockReason::UpdatingInPlace);
    assert!(!status(&world).is_done());
}

#[test]
fn a_group_that_replaces_nothing_by_itself_waits_for_people() {
    let mut world = almost();
    world.workers()["spec"]["rollout"] = json!({"strategy": {"type": "OnDelete"}});
    assert_eq!(blocked(&world).0, BlockReason::OnDelete);
}

#[test]
fn a_topology_that_somebody_holds() {
    let mut world = World::settled("v1.30.4", 1, 1).with_topology("v1.31.0");
    world.get("Cluster", "eu")["metadata"]["annotations"] =
        json!({"before-upgrade.hook.cluster.cluster.x-k8s.io/backup": "1"});
    world.get("Cluster", "eu")["status"]["controlPlane"] = json!({"upgradePlan": [{"version": "v1.31.0"}]});
    let (reason, text) = blocked(&world);
    assert_eq!(reason, BlockReason::Held);
    assert!(text.contains("hook.cluster.cluster.x-k8s.io/backup"), "{text}");
    let plan = world.state().topology.unwrap().control_plane_plan;
    assert_eq!(plan, [target()]);
}

#[test]
fn a_topologys_condition_of_an_older_generation_is_not_believed() {
    let mut world = World::settled("v1.31.0", 1, 1).with_topology("v1.31.0");
    let cluster = world.get("Cluster", "eu");
    cluster["metadata"]["generation"] = json!(4);
    cluster["status"]["conditions"] =
        json!([{"type": "TopologyReconciled", "status": "True", "observedGeneration": 3}]);
    assert!(!status(&world).is_done());
    world.get("Cluster", "eu")["status"]["conditions"][0]["observedGeneration"] = json!(4);
    assert!(status(&world).is_done());
}

/// A pool without Machine objects: what its provider counts as up to date is not believed, its kubelets are.
#[test]
fn a_machine_pool_is_known_by_its_versions() {
    let mut world = World::settled("v1.31.0", 1, 0);
    world.workers()["spec"]["replicas"] = json!(0);
    world.objects.push(json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachinePool",
        "metadata": {"name": "pool", "namespace": "clusters", "generation": 1},
        "spec": {"clusterName": "eu", "replicas": 2, "template": {"spec": {"version": "v1.31.0"}}},
        "status": {"observedGeneration": 1, "replicas": 2, "upToDateReplicas": 0,
            "versions": [{"version": "v1.31.0", "replicas": 1}, {"version": "v1.30.4", "replicas": 1}]},
    }));
    assert_eq!(status(&world).workers().to_string(), "1/2");
    assert!(!status(&world).is_done());
    world.get("MachinePool", "pool")["status"]["versions"] = json!([{"version": "v1.31.0", "replicas": 2}]);
    assert!(status(&world).is_done(), "{:?}", reasons(&world));
}

#[test]
fn a_machine_that_never_comes_up_is_stuck_after_the_deadline_also_for_a_new_process() {
    let patience = Patience::default();
    let mut world = almost();
    let machine = world.machine("md-1");
    machine["metadata"]["creationTimestamp"] = json!("2026-11-23T08:00:00Z");
    condition(
        machine,
        "InfrastructureReady",
        "False",
        "NotReady",
        "quota exceeded",
    );
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let (state, status) = (world.state(), status(&world));

    let mut clock = ProgressClock::start(&state, &status, at("2026-11-23T08:01:00Z"));
    clock.look(&state, &status, at("2026-11-23T08:10:00Z"));
    assert_eq!(
        clock.pace(&status, patience, at("2026-11-23T08:14:59Z")),
        Pace::Moving
    );
    assert_eq!(clock.deadline(patience), at("2026-11-23T08:15:00Z"));
    let stuck = |clock: &ProgressClock| match clock.pace(&status, patience, at("2026-11-23T08:15:00Z")) {
        Pace::Stuck { since, cause } => (since, cause.unwrap().to_string()),
        other => panic!("{other:?}"),
    };
    let expected = "Machine md-1: waits for its infrastructure: quota exceeded".to_owned();
    assert_eq!(stuck(&clock), (at("2026-11-23T08:00:00Z"), expected.clone()));
    // Another process, which sees the cluster for the first time.
    let restarted = ProgressClock::start(&state, &status, at("2026-11-23T08:15:00Z"));
    assert_eq!(stuck(&restarted), (at("2026-11-23T08:00:00Z"), expected));
}

#[test]
fn machines_that_come_and_go_without_end_are_stuck_too() {
    let patience = Patience::default();
    let mut world = almost();
    let mut now: jiff::Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    let mut clock = ProgressClock::start(&world.state(), &status(&world), now);
    for round in 0..11 {
        now += jiff::SignedDuration::from_mins(10);
        condition(
            world.machine("md-1"),
            "NodeHealthy",
            "False",
            "",
            &format!("attempt {round}"),
        );
        clock.look(&world.state(), &status(&world), now);
        assert_eq!(clock.pace(&status(&world), patience, now), Pace::Moving);
    }
    now += jiff::SignedDuration::from_mins(10);
    assert!(matches!(
        clock.pace(&status(&world), patience, now),
        Pace::Stuck { .. }
    ));
}
