//! The rules of Cluster API, one by one.

use super::*;

#[test]
fn a_cluster_comes_up_in_both_versions_and_comes_to_rest() {
    for shape in [Shape::V1Beta1, Shape::V1Beta2] {
        let mut world = World::new(ClusterApi::default(), shape, 3, 2);
        world.settle();
        assert_eq!(
            (world.running(true, "v1.30.0"), world.running(false, "v1.30.0")),
            (3, 2),
            "{shape:?}"
        );
        let cluster = world.object(ObjectKind::Cluster, "c");
        assert_eq!(cluster.str("/status/phase"), "Provisioned");
        for condition in [
            "Available",
            "ControlPlaneInitialized",
            "WorkersAvailable",
            "InfrastructureReady",
        ] {
            assert!(cluster.is(condition), "{shape:?} {condition}");
        }
        assert!(!cluster.is("RollingOut") && !cluster.is("ScalingUp") && !cluster.is("Paused"));
        for machine in world.all(&ObjectKind::Machine) {
            assert_eq!(machine.shape(), shape);
            assert_eq!(
                machine.at("/status/observedGeneration").as_i64(),
                Some(machine.generation())
            );
            let version = format!("cluster.x-k8s.io/{}", shape.version());
            assert_eq!(machine.api_version(), version);
        }
        let deployment = world.object(ObjectKind::MachineDeployment, "c-md");
        let control_plane = world.object(ObjectKind::ControlPlane, "c-cp");
        match shape {
            Shape::V1Beta1 => {
                assert!(cluster.truthy("/status/controlPlaneReady") && control_plane.truthy("/status/ready"));
                assert_eq!(deployment.at("/status/updatedReplicas"), 2);
                assert_eq!(deployment.at("/status/unavailableReplicas"), 0);
                assert_eq!(deployment.at("/status/availableReplicas"), 2);
                assert_eq!(control_plane.at("/status/conditions/0/type"), "Ready");
            }
            Shape::V1Beta2 => {
                assert_eq!(deployment.at("/status/upToDateReplicas"), 2);
                assert_eq!(
                    control_plane.at("/status/versions"),
                    &json!([{"version": "v1.30.0", "replicas": 3}])
                );
                assert_eq!(cluster.at("/status/workers/availableReplicas"), 2);
            }
        }
        assert!(
            world
                .objects
                .keys()
                .any(|key| key.kind == ObjectKind::Secret && &*key.name == "c-kubeconfig")
        );
    }
}

#[test]
fn control_plane_machines_join_one_after_the_other_and_workers_wait_for_the_first() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 3, 2);
    world.run(hours(1), |world| {
        let control = world.machines(true);
        let unready = control.iter().filter(|m| !m.is("Ready")).count();
        assert!(unready <= 1, "two control plane machines at once");
        if !control.iter().any(|m| m.is("Ready")) {
            assert!(
                world.machines(false).is_empty(),
                "workers before the control plane"
            );
        }
    });
}

#[test]
fn an_upgrade_rolls_the_control_plane_first_and_never_loses_two() {
    for shape in [Shape::V1Beta1, Shape::V1Beta2] {
        let mut world = World::new(ClusterApi::default(), shape, 3, 4);
        world.settle();
        world.set_version("v1.31.0", true);
        world.run(hours(2), |world| {
            let control = world.machines(true);
            assert!(
                (3..=4).contains(&control.len()),
                "{} control plane machines",
                control.len()
            );
            assert!(control.iter().filter(|m| m.is("Ready")).count() >= 3);
            let old = control.iter().any(|m| m.str("/spec/version") == "v1.30.0");
            let workers = world.machines(false);
            let new = workers.iter().any(|m| m.str("/spec/version") == "v1.31.0");
            assert!(!(old && new), "workers did not wait for the control plane");
            assert!(workers.len() <= 5, "more than surge allows");
            assert!(
                workers.iter().filter(|m| m.is("Available")).count() >= 4,
                "fewer than must stay"
            );
        });
        assert_eq!(
            (world.running(true, "v1.31.0"), world.running(false, "v1.31.0")),
            (3, 4),
            "{shape:?}"
        );
        assert_eq!(world.all(&ObjectKind::MachineSet).len(), 1, "the old set is gone");
        assert!(
            !world
                .object(ObjectKind::MachineDeployment, "c-md")
                .is("RollingOut")
        );
    }
}

#[test]
fn workers_rolled_back_a_minor_are_blocked_and_say_so() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 1, 2);
    world.settle();
    world.set_version("v1.31.0", true);
    world.settle();
    let key = ObjectKey::new(ObjectKind::MachineDeployment, "clusters", "c-md");
    world.patch(
        &key,
        &json!({ "spec": { "template": { "spec": { "version": "v1.30.0" } } } }),
    );
    world.settle();
    assert_eq!(world.running(false, "v1.31.0"), 2, "nothing was replaced");
    assert!(
        world
            .object(ObjectKind::MachineDeployment, "c-md")
            .is("RollingOut")
    );
    let sets = world.all(&ObjectKind::MachineSet);
    let new = sets
        .iter()
        .find(|set| set.str("/spec/template/spec/version") == "v1.30.0")
        .unwrap();
    let shown = new.conditions().to_string();
    assert!(
        new.is("ScalingUp") && shown.contains("KubeadmVersionSkew"),
        "{shown}"
    );
    // Setting it back takes the old set again: nothing is replaced.
    let names: Vec<_> = world
        .machines(false)
        .iter()
        .map(|m| m.name().to_owned())
        .collect();
    world.patch(
        &key,
        &json!({ "spec": { "template": { "spec": { "version": "v1.31.0" } } } }),
    );
    world.settle();
    let after: Vec<_> = world
        .machines(false)
        .iter()
        .map(|m| m.name().to_owned())
        .collect();
    assert_eq!(names, after);
    assert_eq!(world.all(&ObjectKind::MachineSet).len(), 1);
}

#[test]
fn a_stuck_machine_stays_provisioning_and_giving_up_removes_only_it() {
    let api = ClusterApi::default().machine_never_starts(|m| m.version == "v1.31.0");
    let mut world = World::new(api, Shape::V1Beta2, 3, 3);
    world.settle();
    world.set_version("v1.31.0", false);
    world.settle();
    let control = world.machines(true);
    assert_eq!(control.len(), 4);
    assert_eq!(world.running(true, "v1.30.0"), 3, "no old machine was removed");
    let stuck = control
        .iter()
        .find(|m| m.str("/spec/version") == "v1.31.0")
        .unwrap();
    assert_eq!(stuck.str("/status/phase"), "Provisioning");
    let control_plane = world.object(ObjectKind::ControlPlane, "c-cp");
    assert!(control_plane.is("RollingOut"));
    let shown = control_plane.conditions().to_string();
    assert!(
        shown.contains("waiting for control plane components to become healthy"),
        "{shown}"
    );

    world.set_version("v1.30.0", false);
    world.settle();
    assert_eq!(
        (world.machines(true).len(), world.running(true, "v1.30.0")),
        (3, 3)
    );
    assert!(world.machines(true).iter().all(|m| m.name() != stuck.name()));
}

#[test]
fn a_pause_freezes_and_resuming_goes_on_where_it_was() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 3, 3);
    world.settle();
    world.set_version("v1.31.0", true);
    world.run(SignedDuration::from_mins(3), |_| {});
    let root = ObjectKey::new(ObjectKind::Cluster, "clusters", "c");
    world.patch(&root, &json!({ "spec": { "paused": true } }));
    world.run(SignedDuration::from_secs(5), |_| {});
    let frozen: Vec<_> = world
        .all(&ObjectKind::Machine)
        .iter()
        .map(|m| m.value().clone())
        .collect();
    let control_plane = world.object(ObjectKind::ControlPlane, "c-cp");
    assert!(control_plane.is("Paused") && control_plane.is("RollingOut"));
    world.run(hours(10), |_| panic!("something was written while paused"));
    let later: Vec<_> = world
        .all(&ObjectKind::Machine)
        .iter()
        .map(|m| m.value().clone())
        .collect();
    assert_eq!(frozen, later);
    world.patch(&root, &json!({ "spec": { "paused": null } }));
    world.settle();
    assert_eq!(
        (world.running(true, "v1.31.0"), world.running(false, "v1.31.0")),
        (3, 3)
    );
    assert!(!world.object(ObjectKind::ControlPlane, "c-cp").is("Paused"));
}

#[test]
fn a_paused_deployment_does_not_roll_but_scales() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 1, 2);
    world.settle();
    let key = ObjectKey::new(ObjectKind::MachineDeployment, "clusters", "c-md");
    world.patch(&key, &json!({ "spec": { "paused": true, "replicas": 3 } }));
    world.settle();
    assert_eq!(world.running(false, "v1.30.0"), 3);
    world.patch(
        &key,
        &json!({ "spec": { "template": { "spec": { "version": "v1.30.9" } } } }),
    );
    world.settle();
    let deployment = world.object(ObjectKind::MachineDeployment, "c-md");
    assert!(deployment.is("RollingOut") && !deployment.is("Paused"));
    assert_eq!(deployment.at("/status/upToDateReplicas"), 0);
    assert_eq!(world.running(false, "v1.30.0"), 3);
}

#[test]
fn scaling_up_and_down() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 1, 1);
    world.settle();
    let md = ObjectKey::new(ObjectKind::MachineDeployment, "clusters", "c-md");
    let cp = ObjectKey::new(ObjectKind::ControlPlane, "clusters", "c-cp");
    world.patch(&md, &json!({ "spec": { "replicas": 5 } }));
    world.patch(&cp, &json!({ "spec": { "replicas": 3 } }));
    world.settle();
    assert_eq!(
        (world.running(true, "v1.30.0"), world.running(false, "v1.30.0")),
        (3, 5)
    );
    world.patch(&md, &json!({ "spec": { "replicas": 0 } }));
    world.patch(&cp, &json!({ "spec": { "replicas": 1 } }));
    world.settle();
    assert_eq!((world.machines(true).len(), world.machines(false).len()), (1, 0));
}

#[test]
fn max_surge_zero_removes_before_it_adds() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 3, 1);
    let cp = ObjectKey::new(ObjectKind::ControlPlane, "clusters", "c-cp");
    let strategy = json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0 } });
    world.patch(&cp, &json!({ "spec": { "rollout": { "strategy": strategy } } }));
    world.settle();
    world.set_version("v1.31.0", false);
    world.run(hours(2), |world| {
        let control = world.machines(true);
        assert!(control.len() <= 3);
        assert!(
            control.iter().filter(|m| m.is("Ready")).count() >= 2,
            "two are down"
        );
    });
    assert_eq!(world.running(true, "v1.31.0"), 3);
}

#[test]
fn a_deleted_cluster_leaves_nothing_and_workers_go_first() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta1, 3, 2);
    world.settle();
    world.delete(&ObjectKey::new(ObjectKind::Cluster, "clusters", "c"));
    world.run(hours(1), |world| {
        if world.machines(true).iter().any(|m| m.deleting().is_some()) {
            assert!(
                world.machines(false).is_empty(),
                "the control plane went before the workers"
            );
        }
    });
    assert!(
        world.objects.is_empty(),
        "{:?}",
        world.objects.keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_pre_drain_hook_holds_a_machine() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 1, 1);
    world.settle();
    let machine = world.machines(false).remove(0);
    let hook = "pre-drain.delete.hook.machine.cluster.x-k8s.io/test";
    world.patch(
        machine.key(),
        &json!({ "metadata": { "annotations": { hook: "" } } }),
    );
    world.delete(machine.key());
    world.settle();
    let held = world.object(ObjectKind::Machine, machine.name());
    assert_eq!(held.str("/status/phase"), "Deleting");
    assert!(held.conditions().to_string().contains("WaitingForPreDrainHook"));
    world.patch(
        machine.key(),
        &json!({ "metadata": { "annotations": { hook: null } } }),
    );
    world.settle();
    assert!(!world.objects.contains_key(machine.key()));
    assert_eq!(world.running(false, "v1.30.0"), 1, "the set made another");
}

#[test]
fn a_deployment_claims_for_a_moment_that_it_is_done() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 1, 2);
    world.settle();
    world.set_version("v1.30.1", true);
    let mut lied = false;
    world.run(hours(1), |world| {
        let deployment = world.object(ObjectKind::MachineDeployment, "c-md");
        let current = deployment.at("/status/observedGeneration").as_i64() == Some(deployment.generation());
        lied |= current && !deployment.is("RollingOut") && world.running(false, "v1.30.0") == 2;
    });
    assert!(lied, "the real controller does, and callers have to cope with it");
}

#[test]
fn one_seed_gives_one_history() {
    let run = |seed| {
        let jitter = crate::cluster_api::Delay::around(Duration::from_secs(90), 0.3);
        let mut world = World::new(
            ClusterApi::default().seed(seed).machine_startup(jitter),
            Shape::V1Beta2,
            3,
            3,
        );
        world.settle();
        world.set_version("v1.31.0", true);
        world.settle();
        world.log
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn writes_are_few() {
    let mut world = World::new(ClusterApi::default(), Shape::V1Beta2, 3, 5);
    world.settle();
    let provisioned = world.writes;
    world.set_version("v1.31.0", true);
    world.settle();
    let upgraded = world.writes - provisioned;
    // 98 and 242 when this was written: about 12 for a machine made, 18 more for one taken down.
    assert!(
        provisioned <= 110 && upgraded <= 260,
        "{provisioned} and {upgraded}"
    );
    assert!(world.steps <= 180, "{} steps", world.steps);
}

/// Fields that the schema of this version does not know, by path.
fn unknown_fields(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let Some(properties) = schema.get("properties") else {
                return;
            };
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                match properties.get(name) {
                    Some(schema) => unknown_fields(schema, field, &path, found),
                    None => found.push(path),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                unknown_fields(&schema["items"], item, path, found);
            }
        }
        _ => {}
    }
}

#[test]
fn everything_written_is_known_to_the_schema_of_its_version() {
    let crds: Vec<Value> = fleet_capi::crds()
        .iter()
        .map(|crd| serde_json::to_value(crd).unwrap())
        .collect();
    for shape in [Shape::V1Beta1, Shape::V1Beta2] {
        let mut world = World::new(ClusterApi::default(), shape, 1, 2);
        let mut checked = 0;
        let mut check = |world: &World| {
            for (key, value) in &world.objects {
                let Some(crd) = crds
                    .iter()
                    .find(|crd| crd["spec"]["names"]["kind"] == key.kind.as_str())
                else {
                    assert_eq!(key.kind, ObjectKind::Secret);
                    continue;
                };
                let versions = crd["spec"]["versions"].as_array().unwrap();
                let version = versions
                    .iter()
                    .find(|version| version["name"] == shape.version())
                    .unwrap();
                let schema = &version["schema"]["openAPIV3Schema"];
                let mut found = Vec::new();
                for part in ["spec", "status"] {
                    if let Some(value) = value.get(part) {
                        unknown_fields(&schema["properties"][part], value, part, &mut found);
                    }
                }
                assert!(found.is_empty(), "{shape:?} {key}: {found:?}");
                // What is wrong in type does not decode.
                fleet_capi::Object::from_value(value.clone()).unwrap();
                checked += 1;
            }
        };
        world.run(hours(1), &mut check);
        world.set_version("v1.31.0", true);
        world.run(hours(1), &mut check);
        world.delete(&ObjectKey::new(ObjectKind::Cluster, "clusters", "c"));
        world.run(hours(1), &mut check);
        assert!(checked > 100);
    }
}
