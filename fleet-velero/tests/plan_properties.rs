//! Every plan, of every fleet and disaster: restores only from what is left, does each step when it may be done, and ends with
//! one owner for each object.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::range_plus_one
)]

mod fleets;

use std::collections::{BTreeMap, BTreeSet};

use fleet_velero::inventory::{
    ClusterState, FleetState, NamespaceState, ObjectState, RecoveryPoint, Server, VolumePod, VolumeState,
    bucket_of, region_of,
};
use fleet_velero::protection::Exposure;
use fleet_velero::recovery::{Action, Owner, PlanOptions, RecoveryPlan, StepId, recovery_plan};
use fleet_velero::schedules::VolumeMethod;
use fleet_velero::{BackupPhase, BackupSpec, Disaster};
use jiff::SignedDuration;
use proptest::prelude::*;

use fleets::{GIB, location, now, snapshots};

const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-south-1"];

/// A small source of choices, so that a failing case is one number.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn often(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

fn labels(dice: &mut Dice) -> BTreeMap<String, String> {
    if dice.often(60) {
        BTreeMap::from([("backup".to_owned(), "yes".to_owned())])
    } else {
        BTreeMap::new()
    }
}

fn namespace(dice: &mut Dice, number: usize) -> NamespaceState {
    let application = |dice: &mut Dice| {
        // Some applications span namespaces.
        let shared = if dice.often(30) {
            "shared".to_owned()
        } else {
            format!("app-{number}")
        };
        dice.often(60).then_some(shared)
    };
    let kinds = [
        "deployments.apps",
        "statefulsets.apps",
        "secrets",
        "configmaps",
        "widgets.example.com",
    ];
    let objects = (0..dice.below(4)).map(|place| ObjectState {
        resource: (*dice.one(&kinds)).to_owned(),
        name: format!("object-{place}"),
        labels: labels(dice),
        application: application(dice),
        synced: dice.often(10),
    });
    let objects = objects.collect();
    let volumes = (0..dice.below(3)).map(|place| {
        let labels = labels(dice);
        VolumeState {
            claim: format!("data-{place}"),
            labels: labels.clone(),
            application: application(dice),
            driver: dice.often(70).then(|| "ebs.csi.aws.com".to_owned()),
            has_snapshot_class: dice.often(50),
            bytes: dice.below(500) * GIB,
            pod: dice.often(70).then(|| VolumePod {
                opts_in: dice.often(30),
                opts_out: dice.often(20),
                ..fleets::pod(&labels)
            }),
            disposable: dice.often(10),
            ..VolumeState::default()
        }
    });
    let volumes = volumes.collect();
    // Only on those before it: circles are an error, and tested as one.
    let depends_on = (0..number)
        .filter(|_| dice.often(20))
        .map(|earlier| format!("ns-{earlier}"));
    NamespaceState {
        name: format!("ns-{number}"),
        depends_on: depends_on.collect(),
        objects,
        volumes,
        object_count: dice.below(300) as u32,
        ..NamespaceState::default()
    }
}

fn spec(dice: &mut Dice) -> BackupSpec {
    let mut spec = BackupSpec {
        storage_location: Some((*dice.one(&["home", "away"])).to_owned()),
        snapshot_move_data: dice.often(40).then_some(true),
        default_volumes_to_fs_backup: dice.often(30).then_some(true),
        ..BackupSpec::default()
    };
    if dice.often(30) {
        spec.included_namespaces = Some(vec!["ns-[0-2]".to_owned()]);
    }
    if dice.often(30) {
        spec.label_selector =
            Some(serde_json::from_value(serde_json::json!({"matchLabels": {"backup": "yes"}})).unwrap());
    }
    if dice.often(20) {
        spec.excluded_resources = Some(vec![(*dice.one(&["secrets", "pvc", "pods"])).to_owned()]);
    }
    spec
}

fn cluster(dice: &mut Dice, number: usize) -> ClusterState {
    let mut cluster = ClusterState::new(format!("cluster-{number}").parse().unwrap());
    let region = *dice.one(&REGIONS);
    cluster.region = Some(region.to_owned());
    cluster.is_hub = number == 0;
    cluster.server = Some(Server {
        node_agent: dice.often(70),
        csi: dice.often(60),
        ..Server::default()
    });
    let away = *dice.one(&REGIONS);
    cluster.locations = vec![
        location(
            "home",
            &format!("bucket-{region}"),
            &format!("cluster-{number}"),
            region,
        ),
        location("away", &format!("bucket-{away}"), &format!("dr-{number}"), away),
    ];
    if dice.often(10) {
        cluster.locations[1].spec.config = None;
    }
    if dice.often(70) {
        cluster.snapshot_locations = vec![snapshots("default", region)];
    }
    cluster.namespaces = (0..1 + dice.below(5) as usize)
        .map(|place| namespace(dice, place))
        .collect();
    for number in 0..dice.below(4) {
        let spec = spec(dice);
        if dice.often(80) {
            let template = serde_json::to_value(&spec).unwrap();
            let schedule = fleets::schedule(&format!("schedule-{number}"), "0 * * * *", &template);
            cluster.schedules.push(schedule);
        }
        let scope = cluster.scopes.intern(&spec);
        for age in 0..1 + dice.below(4) {
            let started = now() - SignedDuration::from_hours((age * (1 + number)) as i64 + 1);
            cluster.backups.push(RecoveryPoint {
                name: format!("backup-{number}-{age}"),
                schedule: Some(format!("schedule-{number}")),
                scope,
                location: spec.storage_location.clone(),
                phase: dice
                    .one(&[
                        BackupPhase::Completed,
                        BackupPhase::Completed,
                        BackupPhase::PartiallyFailed,
                        BackupPhase::InProgress,
                    ])
                    .clone(),
                created: Some(started),
                started: Some(started),
                completed: Some(started + SignedDuration::from_mins(10)),
                expires: dice.often(10).then_some(started),
                items: dice.below(3) as u32 * 100,
                warnings: 0,
                errors: 0,
                volumes_complete: dice.often(80),
            });
        }
    }
    cluster
}

fn fleet(dice: &mut Dice) -> FleetState {
    let mut fleet = FleetState {
        clusters: (0..1 + dice.below(4) as usize)
            .map(|number| cluster(dice, number))
            .collect(),
        ..FleetState::default()
    };
    fleet.git.region = dice.often(30).then(|| (*dice.one(&REGIONS)).to_owned());
    fleet.git.mirror = dice
        .often(50)
        .then(|| "https://git.example.com/mirror.git".to_owned());
    fleet
}

fn disaster(dice: &mut Dice, fleet: &FleetState) -> Disaster {
    let cluster = dice.one(&fleet.clusters);
    let name = cluster.name.to_string();
    match dice.below(8) {
        0 => Disaster::NamespaceDeleted {
            namespace: dice.one(&cluster.namespaces).name.clone(),
            cluster: name,
        },
        1 => Disaster::ClusterLost { cluster: name },
        2 | 3 => Disaster::RegionLost {
            region: cluster.region.clone().unwrap(),
        },
        4 => Disaster::StorageLocationLost {
            bucket: cluster.locations[0].spec.object_storage.bucket.clone(),
        },
        5 => Disaster::GitLost,
        6 => Disaster::HubLost,
        _ => Disaster::Ransomware {
            since: now() - SignedDuration::from_hours(dice.below(6) as i64),
            cluster: dice.often(60).then_some(name),
        },
    }
}

/// What a plan restores from although the disaster took it: told from the disaster and the fleet alone.
fn taken(plan: &RecoveryPlan, fleet: &FleetState, disaster: &Disaster) -> Vec<String> {
    let mut taken = Vec::new();
    let restores = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Restore(restore) => Some(restore),
        _ => None,
    });
    for restore in restores {
        let source = plan.backup(restore.backup);
        let made_by = fleet.cluster(&source.made_by).unwrap();
        let point = made_by
            .backups
            .iter()
            .find(|point| point.name == source.name)
            .unwrap();
        let parts = restore
            .namespaces
            .iter()
            .flat_map(|index| &plan.namespace(*index).parts);
        let methods: Vec<VolumeMethod> = parts
            .filter(|part| part.backup == Some(restore.backup))
            .filter_map(|part| part.method)
            .collect();
        let snapshots = methods.iter().any(|method| !method.is_in_object_store());
        let in_cluster = methods.contains(&VolumeMethod::CsiSnapshot);
        let is_gone = match disaster {
            Disaster::NamespaceDeleted { .. } | Disaster::GitLost => false,
            Disaster::ClusterLost { cluster } => in_cluster && made_by.name == **cluster,
            Disaster::HubLost => in_cluster && made_by.is_hub,
            Disaster::RegionLost { region } => {
                let location = source.location.region.as_ref();
                location.is_none_or(|place| place == region)
                    || snapshots && made_by.region.as_ref() == Some(region)
            }
            Disaster::StorageLocationLost { bucket } => source.location.bucket == *bucket,
            Disaster::Ransomware { since, cluster } => {
                let infected = cluster.as_ref().is_none_or(|only| made_by.name == **only);
                infected && (point.started >= Some(*since) || point.completed >= Some(*since) || in_cluster)
            }
            _ => true,
        };
        if is_gone || point.phase != BackupPhase::Completed || point.items == 0 {
            taken.push(source.name.clone());
        }
    }
    taken
}

/// Another order that keeps each step behind those it comes after.
fn shuffled(plan: &RecoveryPlan, dice: &mut Dice) -> Vec<StepId> {
    let mut left: Vec<StepId> = plan.steps.iter().map(|step| step.id).collect();
    let mut order: Vec<StepId> = Vec::new();
    while !left.is_empty() {
        let ready: Vec<usize> = (0..left.len())
            .filter(|place| {
                plan.step(left[*place])
                    .after
                    .iter()
                    .all(|before| order.contains(before))
            })
            .collect();
        order.push(left.remove(*dice.one(&ready)));
    }
    order
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn plans_hold(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let fleet = fleet(&mut dice);
        let disaster = disaster(&mut dice, &fleet);
        let plan = recovery_plan(&fleet, &disaster, &PlanOptions::at(now())).unwrap();
        prop_assert_eq!(plan.check(&fleet), Ok(()), "{}", plan);
        let order = shuffled(&plan, &mut dice);
        prop_assert_eq!(plan.check_in(&fleet, &order), Ok(()), "{:?} of {}", order, plan);

        // Without the plan's own account of the losses: no backup is read that the disaster took.
        prop_assert_eq!(taken(&plan, &fleet, &disaster), Vec::<String>::new(), "{}", plan);

        // Nothing is said to be restored that is lost, and nothing lost that is restored.
        for part in plan.namespaces.iter().flat_map(|namespace| &namespace.parts) {
            prop_assert!(part.backup.is_none() || part.lost != Exposure::Everything);
            prop_assert!(part.owner != Owner::Nobody || part.backup.is_none());
        }
        // Every lost cluster comes back, is looked at, and is backed up.
        for (place, cluster) in plan.clusters.iter().enumerate().filter(|(_, cluster)| cluster.is_replaced) {
            let has = |wanted: &dyn Fn(&Action) -> bool| plan.steps.iter().any(|step| wanted(&step.action));
            let of = |action: &Action| action.cluster().is_some_and(|index| plan.cluster(index) == cluster);
            prop_assert!(has(&|action| matches!(action, Action::Verify { .. }) && of(action)), "{} {}", place, plan);
            prop_assert!(has(&|action| matches!(action, Action::Protect { .. }) && of(action)), "{} {}", place, plan);
        }
        // Each schedule whose location is gone or whose cluster is new writes to a new one; no two clusters share one, none is in
        // what is lost, and a copy that was in another region still is, or the plan says that it is not.
        let mut places = BTreeSet::new();
        for own in &plan.locations {
            let cluster = plan.cluster(own.cluster);
            prop_assert!(places.insert((&own.location.bucket, &own.location.prefix)), "{}", plan);
            let old = fleet.cluster(&cluster.name).and_then(|state| state.location(&own.replaces));
            let was = old.and_then(region_of);
            let is_copy = was.is_some() && was != cluster.old_region.as_deref();
            let told = plan.warnings.iter().any(|told| told.contains(&own.location.name) && told.contains(&cluster.name));
            prop_assert!(!is_copy || own.location.region != cluster.region || told, "{}", plan);
            // Neither in another location's directory, nor around it: Velero would refuse the outer one.
            for other in fleet.clusters.iter().flat_map(|cluster| &cluster.locations).map(bucket_of) {
                let (inner, outer) = (format!("{}/", own.location.prefix), format!("{}/", other.1));
                let is_apart = !other.1.is_empty() && !inner.starts_with(&outer) && !outer.starts_with(&inner);
                prop_assert!(other.0 != own.location.bucket || is_apart, "{}", plan);
            }
            if let Disaster::RegionLost { region } = &disaster {
                prop_assert!(own.location.region.as_ref() != Some(region), "{}", plan);
            }
        }
        for step in &plan.steps {
            if let Action::Protect { location, schedules, .. } = &step.action {
                let own = plan.location(*location);
                let state = fleet.cluster(&plan.cluster(own.cluster).name).unwrap();
                for name in schedules {
                    let mut all = state.schedules.iter();
                    let schedule = all.find(|known| known.metadata.name.as_ref() == Some(name)).unwrap();
                    prop_assert_eq!(schedule.spec.template.storage_location.as_ref(), Some(&own.replaces));
                }
            }
        }
        // The critical path takes as long as the whole.
        let critical: SignedDuration = plan.critical_path().map(|step| step.time.p50).sum();
        prop_assert_eq!(critical, plan.rto.p50, "{}", plan);
    }
}
