//! The next step of a cluster's hop, in every state it can be in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.

#[allow(dead_code)] // Other test files use the rest of it.
mod cluster;

use cluster::{World, condition};
use fleet_capi::rollout::RolloutStatus;
use fleet_capi::upgrade::{Order, Refusal, Step, next_step, next_step_of};
use fleet_core::KubernetesVersion;
use proptest::prelude::*;
use serde_json::json;

fn version(text: &str) -> KubernetesVersion {
    text.parse().unwrap()
}

fn step(world: &World, target: &str) -> Step {
    next_step(&world.state(), &version(target))
}

fn refusal(world: &World, target: &str) -> Refusal {
    match step(world, target) {
        Step::Refuse(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// A refusal with its cause, as people see it.
fn text(refusal: &Refusal) -> String {
    match std::error::Error::source(refusal) {
        Some(cause) => format!("{refusal}: {cause}"),
        None => refusal.to_string(),
    }
}

#[test]
fn a_hop_step_by_step() {
    let mut world = World::settled("v1.30.4", 2, 2);
    let patch = step(&world, "v1.31.0");
    assert!(matches!(&patch, Step::PatchControlPlane { object, from }
        if object.name == "eu" && *from == version("v1.30.4")));
    world.ask("v1.31.0", "v1.30.4");
    for (done, name) in [(0, "cp-0"), (1, "cp-1")] {
        let Step::WaitControlPlane { progress } = step(&world, "v1.31.0") else {
            panic!()
        };
        assert_eq!((progress.at_target, progress.desired), (done, 2));
        world.replace(name, "v1.31.0");
    }
    let Step::PatchWorkers { objects } = step(&world, "v1.31.0") else {
        panic!()
    };
    assert_eq!(objects[0].to_string(), "MachineDeployment workers");
    world.ask("v1.31.0", "v1.31.0");
    for (done, name) in [(0, "md-0"), (1, "md-1")] {
        let Step::WaitWorkers { progress } = step(&world, "v1.31.0") else {
            panic!()
        };
        assert_eq!((progress.at_target, progress.desired), (done, 2));
        world.replace(name, "v1.31.0");
    }
    assert_eq!(step(&world, "v1.31.0"), Step::Done);
}

#[test]
fn a_topology_gets_one_change() {
    let world = World::settled("v1.30.4", 1, 2).with_topology("v1.30.4");
    assert!(
        matches!(step(&world, "v1.31.0"), Step::PatchTopology { object, .. } if object.kind == "Cluster")
    );
    let mut world = world.with_topology("v1.31.0");
    assert!(matches!(step(&world, "v1.31.0"), Step::WaitControlPlane { .. }));
    world.ask("v1.31.0", "v1.30.4");
    world.replace("cp-0", "v1.31.0");
    // The workers lag behind, and still it is not ours to patch them.
    assert!(matches!(step(&world, "v1.31.0"), Step::WaitWorkers { .. }));
    world.ask("v1.31.0", "v1.31.0");
    world.replace("md-0", "v1.31.0");
    world.replace("md-1", "v1.31.0");
    condition(
        world.get("Cluster", "eu"),
        "TopologyReconciled",
        "False",
        "ClusterUpgrading",
        "",
    );
    assert!(matches!(step(&world, "v1.31.0"), Step::WaitWorkers { .. }));
    condition(
        world.get("Cluster", "eu"),
        "TopologyReconciled",
        "True",
        "ReconcileSucceeded",
        "",
    );
    assert_eq!(step(&world, "v1.31.0"), Step::Done);
}

#[test]
fn a_topology_goes_on_when_the_hooks_after_its_last_upgrade_have_run() {
    let mut world = World::settled("v1.31.0", 1, 2).with_topology("v1.31.0");
    let mut pending = |hooks: &str| {
        world.get("Cluster", "eu")["metadata"]["annotations"] =
            json!({"runtime.cluster.x-k8s.io/pending-hooks": hooks});
        (step(&world, "v1.31.0"), step(&world, "v1.32.0"))
    };
    // What was ordered is done, and the next order waits.
    let (here, on) = pending("AfterControlPlaneInitialized,AfterClusterUpgrade");
    assert_eq!(here, Step::Done);
    assert!(matches!(on, Step::WaitWorkers { .. }), "{on:?}");
    let (_, on) = pending("AfterControlPlaneInitialized");
    assert!(matches!(on, Step::PatchTopology { .. }), "{on:?}");
}

#[test]
fn a_topology_whose_class_lists_the_way_is_sent_all_of_it_at_once() {
    let class = |versions: &[&str]| {
        json!({"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "ClusterClass",
            "metadata": {"name": "c", "namespace": "clusters"}, "spec": {"kubernetesVersions": versions}})
    };
    let far = |versions: &[&str]| {
        let mut world = World::settled("v1.30.4", 1, 1).with_topology("v1.30.4");
        world.objects.push(class(versions));
        step(&world, "v1.34.1")
    };
    // Four minors: more than the workers' skew, and Cluster API rolls them in between by itself.
    let all = ["v1.30.4", "v1.31.0", "v1.32.0", "v1.33.0", "v1.34.1"];
    assert!(matches!(far(&all), Step::PatchTopology { .. }));
    for gap in [
        &["v1.30.4", "v1.31.0", "v1.33.0", "v1.34.1"][..],
        &["v1.31.0", "v1.32.0", "v1.33.0"],
        &[],
    ] {
        assert!(matches!(far(gap), Step::Refuse(Refusal::Hop { .. })), "{gap:?}");
    }
    // Never down, whatever a class lists; and another cluster's class says nothing of this one.
    let mut world = World::settled("v1.34.1", 1, 1).with_topology("v1.34.1");
    world.objects.push(class(&all));
    assert!(matches!(
        step(&world, "v1.33.0"),
        Step::Refuse(Refusal::Hop { .. })
    ));
    let mut world = World::settled("v1.30.4", 1, 1).with_topology("v1.30.4");
    let mut other = class(&all);
    other["metadata"]["namespace"] = json!("others");
    world.objects.push(other);
    assert!(matches!(
        step(&world, "v1.34.1"),
        Step::Refuse(Refusal::Hop { .. })
    ));
}

#[test]
fn workers_that_are_not_there_are_not_done() {
    let world = World::settled("v1.30.4", 1, 1);
    let order = Order::to(version("v1.30.4")).only_workers(["wrokers"]);
    let Step::Refuse(refusal) = next_step_of(&world.state(), &order) else {
        panic!("a misspelled group is done");
    };
    assert_eq!(
        refusal.to_string(),
        "Cluster eu has no MachineDeployment or MachinePool `wrokers`; it has workers"
    );
    let order = Order::to(version("v1.30.4")).only_workers(["workers"]);
    assert_eq!(next_step_of(&world.state(), &order), Step::Done);
}

#[test]
fn a_control_plane_that_is_still_rolling_is_not_sent_further() {
    let mut world = World::settled("v1.30.4", 2, 0);
    world.ask("v1.31.0", "v1.30.4");
    world.replace("cp-0", "v1.31.0");
    assert!(matches!(step(&world, "v1.32.0"), Step::WaitControlPlane { .. }));
}

#[test]
fn a_downgrade_is_refused_though_cluster_api_accepts_it() {
    let refusal = refusal(&World::settled("v1.31.0", 1, 1), "v1.30.4");
    assert!(matches!(refusal, Refusal::Hop { .. }));
    insta::assert_snapshot!(text(&refusal));
}

#[test]
fn more_than_one_minor_is_refused() {
    insta::assert_snapshot!(text(&refusal(&World::settled("v1.30.4", 1, 1), "v1.32.0")));
}

#[test]
fn a_version_that_was_lowered_behind_our_back_is_noticed_by_its_machines() {
    let mut world = World::settled("v1.31.0", 1, 0);
    world.ask("v1.30.4", "v1.30.4");
    insta::assert_snapshot!(text(&refusal(&world, "v1.30.4")));
}

#[test]
fn workers_that_would_fall_out_of_the_skew_are_refused() {
    let mut world = World::settled("v1.30.4", 1, 1);
    world.ask("v1.30.4", "v1.27.1");
    world.replace("md-0", "v1.27.1");
    insta::assert_snapshot!(text(&refusal(&world, "v1.31.0")));
}

#[test]
fn workers_that_are_newer_are_not_taken_back() {
    let mut world = World::settled("v1.31.0", 1, 1);
    world.ask("v1.31.0", "v1.31.5");
    insta::assert_snapshot!(text(&refusal(&world, "v1.31.2")));
}

#[test]
fn a_cluster_on_its_way_out_or_without_a_version_is_refused() {
    let mut world = World::settled("v1.30.4", 1, 1);
    world.get("Cluster", "eu")["metadata"]["deletionTimestamp"] = json!("2026-11-23T00:00:00Z");
    assert!(matches!(refusal(&world, "v1.31.0"), Refusal::Deleting { .. }));
    let mut world = World::settled("v1.30.4", 1, 1);
    world.objects.remove(1);
    assert!(matches!(refusal(&world, "v1.31.0"), Refusal::NoVersion { .. }));
}

#[test]
fn paused_things_are_named_and_left_alone() {
    let mut world = World::settled("v1.30.4", 1, 1);
    world.get("Cluster", "eu")["spec"]["paused"] = json!(true);
    assert!(matches!(step(&world, "v1.31.0"), Step::Paused { object } if object.kind == "Cluster"));

    let mut world = World::settled("v1.30.4", 1, 1);
    world.control_plane()["metadata"]["annotations"] = json!({"cluster.x-k8s.io/paused": "true"});
    assert!(
        matches!(step(&world, "v1.31.0"), Step::Paused { object } if object.kind == "KubeadmControlPlane")
    );

    let mut world = World::settled("v1.31.0", 1, 1);
    world.ask("v1.31.0", "v1.30.4");
    world.replace("md-0", "v1.30.4");
    world.workers()["spec"]["paused"] = json!(true);
    assert!(matches!(step(&world, "v1.31.0"), Step::Paused { object } if object.kind == "MachineDeployment"));
}

/// A state that the world may be in at any moment of any upgrade, sane or not.
fn any_world() -> impl Strategy<Value = World> {
    let any_version = || (29_u64..=33, 0_u64..=1).prop_map(|(minor, patch)| format!("v1.{minor}.{patch}"));
    let machines = prop::collection::vec((any_version(), any_version(), any::<bool>(), any::<bool>()), 0..6);
    (any_version(), any_version(), machines, any::<[bool; 4]>()).prop_map(
        |(control_plane, workers, machines, flags)| {
            let split = machines.len().min(3);
            let mut world = World::settled("v1.31.0", split, machines.len() - split);
            world.ask(&control_plane, &workers);
            for (index, (asked, runs, deleting, ready)) in machines.iter().enumerate() {
                let name = if index < split {
                    format!("cp-{index}")
                } else {
                    format!("md-{}", index - split)
                };
                world.replace(&name, runs);
                let machine = world.machine(&name);
                machine["spec"]["version"] = json!(asked);
                if *deleting {
                    machine["metadata"]["deletionTimestamp"] = json!("2026-11-23T00:00:00Z");
                }
                condition(machine, "Ready", if *ready { "True" } else { "False" }, "", "");
            }
            world.get("Cluster", "eu")["spec"]["paused"] = json!(flags[0]);
            world.workers()["spec"]["paused"] = json!(flags[1]);
            if flags[2] {
                world = world.with_topology(&control_plane);
            }
            if flags[3] {
                world.control_plane()["metadata"]["generation"] = json!(7);
            }
            world
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_state_has_a_step_and_no_step_is_unsafe(world in any_world(), minor in 29_u64..=33) {
        let target = KubernetesVersion::new(1, minor, 0);
        let state = world.state();
        let step = next_step(&state, &target);
        prop_assert_eq!(&step, &next_step(&state, &target));
        let status = RolloutStatus::of(&state, &target);
        let current = state.desired_version().unwrap();
        match step {
            Step::Refuse(_) => {}
            Step::PatchControlPlane { .. } | Step::PatchTopology { .. } => {
                prop_assert!(current < &target && current.minor_distance(&target) <= 1);
                prop_assert!(RolloutStatus::of(&state, current).control_plane_is_done());
                prop_assert!(!state.paused);
                for worker in &state.workers {
                    let distance = worker.version.as_ref().unwrap().minor_distance(&target);
                    prop_assert!((0..=3).contains(&distance));
                }
            }
            Step::PatchWorkers { objects } => {
                prop_assert!(status.control_plane_is_done());
                prop_assert!(state.topology.is_none() && !state.paused && !objects.is_empty());
                let machines = state.control_plane.iter().flat_map(|group| state.machines_of(group));
                for machine in machines {
                    prop_assert!(machine.kubelet.as_ref().is_some_and(|kubelet| kubelet == &target));
                }
            }
            Step::Done => {
                prop_assert!(status.is_done());
                for machine in &state.machines {
                    prop_assert!(machine.kubelet.as_ref() == Some(&target) && !machine.deleting);
                }
            }
            Step::WaitControlPlane { .. } | Step::WaitWorkers { .. } | Step::Paused { .. } => {
                prop_assert!(!status.is_done());
            }
            Step::Held => prop_assert!(false, "nobody holds it"),
        }
    }

    #[test]
    fn the_way_over_several_minors_is_as_safe(world in any_world(), minor in 29_u64..=34) {
        let through = (29..minor).map(|minor| KubernetesVersion::new(1, minor, 0));
        let order = through.fold(Order::to(KubernetesVersion::new(1, minor, 0)), Order::through);
        let state = world.state();
        let current = state.desired_version().unwrap();
        match next_step_of(&state, &order) {
            Step::PatchControlPlane { .. } | Step::PatchTopology { .. } => {
                let mut stops = order.stops().into_iter();
                let next = stops.find(|stop| *stop > current).unwrap();
                prop_assert_eq!(current.minor_distance(next), 1);
                prop_assert!(RolloutStatus::of(&state, current).control_plane_is_done());
                for worker in &state.workers {
                    prop_assert!((0..=3).contains(&worker.version.as_ref().unwrap().minor_distance(next)));
                }
            }
            // Always to what the control plane runs.
            Step::PatchWorkers { .. } => {
                prop_assert!(RolloutStatus::of(&state, current).control_plane_is_done());
                prop_assert!(state.topology.is_none() && !state.paused);
            }
            Step::Done => prop_assert!(RolloutStatus::of(&state, &order.target).is_done()),
            _ => {}
        }
    }
}
