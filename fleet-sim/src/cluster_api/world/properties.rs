//! Whatever is asked for, in whatever order.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Change {
    Version(u8),
    ScaleWorkers(i64),
    ScaleControlPlane(i64),
    Pause(bool),
    PauseDeployment(bool),
    DeleteWorker(usize),
    Wait(i64),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..3_u8).prop_map(Change::Version),
        (0..6_i64).prop_map(Change::ScaleWorkers),
        prop_oneof![Just(1_i64), Just(3)].prop_map(Change::ScaleControlPlane),
        any::<bool>().prop_map(Change::Pause),
        any::<bool>().prop_map(Change::PauseDeployment),
        (0..6_usize).prop_map(Change::DeleteWorker),
        (1..600_i64).prop_map(Change::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is asked for, in whatever order: the control plane changes one machine at a time, and once
    /// nobody interferes any more everything ends as asked.
    #[test]
    fn any_history_ends_as_asked(changes in prop::collection::vec(change(), 1..12), seed in 0..1000_u64) {
        let jitter = crate::cluster_api::Delay::around(Duration::from_secs(90), 0.5);
        let api = ClusterApi::default().seed(seed).machine_startup(jitter);
        let mut world = World::new(api, Shape::V1Beta2, 1, 2);
        let cluster = ObjectKey::new(ObjectKind::Cluster, "clusters", "c");
        let md = ObjectKey::new(ObjectKind::MachineDeployment, "clusters", "c-md");
        let cp = ObjectKey::new(ObjectKind::ControlPlane, "clusters", "c-cp");
        let (mut control, mut workers, mut patch) = (1, 2, 0);
        for change in changes {
            match change {
                Change::Version(version) => {
                    patch = version;
                    world.set_version(&format!("v1.30.{version}"), true);
                }
                Change::ScaleWorkers(count) => {
                    workers = count;
                    world.patch(&md, &json!({ "spec": { "replicas": count } }));
                }
                Change::ScaleControlPlane(count) => {
                    control = count;
                    world.patch(&cp, &json!({ "spec": { "replicas": count } }));
                }
                Change::Pause(paused) => world.patch(&cluster, &json!({ "spec": { "paused": paused } })),
                Change::PauseDeployment(paused) => {
                    world.patch(&md, &json!({ "spec": { "paused": paused } }));
                }
                Change::DeleteWorker(index) => {
                    if let Some(machine) = world.machines(false).get(index) {
                        world.delete(machine.key());
                    }
                }
                Change::Wait(seconds) => world.run(SignedDuration::from_secs(seconds), |world| {
                    let control = world.machines(true);
                    let moving = control.iter().filter(|m| !m.is("Ready")).count();
                    assert!(moving <= 1, "{moving} control plane machines are moving");
                }),
            }
        }
        world.patch(&cluster, &json!({ "spec": { "paused": null } }));
        world.patch(&md, &json!({ "spec": { "paused": null } }));
        world.settle();
        let version = format!("v1.30.{patch}");
        prop_assert_eq!(i64::try_from(world.running(true, &version)).unwrap(), control);
        prop_assert_eq!(i64::try_from(world.running(false, &version)).unwrap(), workers);
        prop_assert_eq!(world.all(&ObjectKind::Machine).len(), world.running(true, &version) + world.running(false, &version));
    }
}
