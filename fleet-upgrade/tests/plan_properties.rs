//! What holds for every policy and every fleet.

// Clippy lets tests unwrap, but not the functions beside them.
#![allow(clippy::unwrap_used)]

mod calendars;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use fleet_core::{
    Calendar, ClusterName, Fleet, FleetCluster, HumanDuration, KubernetesVersion, Labels, NodeCounts,
};
use fleet_upgrade::{
    Estimates, FailureBudget, FleetUpgrade, FleetUpgradeSpec, Pick, PickOrder, PlanError, SoakRule, Stage,
    UpgradePlan, plan, plan_with,
};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn cluster() -> impl Strategy<Value = FleetCluster> {
    let env = prop_oneof![Just("staging"), Just("production"), Just("production")];
    let region = prop_oneof![Just("eu"), Just("us"), Just("ap")];
    let tier = prop_oneof![Just("bronze"), Just("silver"), Just("gold"), Just("platinum")];
    (
        0..1000u32,
        env,
        region,
        tier,
        (29..=31u64, 0..6u64, prop::option::weighted(0.2, 26..=31u64)),
        (0..4u32, 0..20u32),
    )
        .prop_map(
            |(number, env, region, tier, (minor, patch, of_workers), (control_plane, workers))| {
                let cluster = FleetCluster::new(
                    format!("c{number:03}").parse().unwrap(),
                    KubernetesVersion::new(1, minor, patch),
                );
                match of_workers {
                    Some(minor) => cluster.with_worker_version(KubernetesVersion::new(1, minor, 1)),
                    None => cluster,
                }
                .with_labels(Labels::from_pairs([("env", env), ("region", region), ("tier", tier)]).unwrap())
                .with_nodes(NodeCounts {
                    control_plane,
                    workers,
                })
            },
        )
}

/// Clusters of different names.
fn clusters() -> impl Strategy<Value = Vec<FleetCluster>> {
    prop::collection::vec(cluster(), 0..30).prop_map(|clusters| {
        let mut seen = BTreeSet::new();
        clusters
            .into_iter()
            .filter(|cluster| seen.insert(cluster.name().clone()))
            .collect()
    })
}

fn stage() -> impl Strategy<Value = Stage> {
    let selector = prop::option::of(prop_oneof![
        Just("env=staging"),
        Just("env=production"),
        Just("tier in (bronze,silver)"),
        Just("region!=eu"),
        Just("env=none"),
    ]);
    let order = prop::collection::vec(
        prop_oneof![Just(PickOrder::LeastCritical), Just(PickOrder::Smallest)],
        0..3,
    );
    let pick = prop::option::of((1..4u32, order));
    (selector, pick, 1..5u32, prop::option::of(1..5u32), 0..100u32).prop_map(
        |(selector, pick, at_once, cap, soak)| {
            let mut stage = Stage::new("s")
                .max_concurrent(at_once.try_into().unwrap())
                .soak(HumanDuration::hours(soak));
            stage.selector = selector.map(|text| text.parse().unwrap());
            stage.pick = pick.map(|(count, order)| Pick::count(count.try_into().unwrap()).order(order));
            stage.max_per_day = cap.and_then(NonZeroU32::new);
            stage
        },
    )
}

fn policy() -> impl Strategy<Value = FleetUpgrade> {
    let hops = prop_oneof![Just(vec![]), Just(vec![KubernetesVersion::new(1, 30, 9)])];
    (
        prop::collection::vec(stage(), 1..5),
        any::<bool>(),
        hops,
        0..calendars::COUNT,
        1..6u64,
    )
        .prop_map(|(stages, rest, hops, calendar, patch)| {
            let mut spec = FleetUpgradeSpec::new(KubernetesVersion::new(1, 31, patch + 4))
                .hops(hops)
                .calendar(calendars::number(calendar))
                .failure_budget(FailureBudget::NoFailure);
            let last = stages.len() - 1;
            for (index, mut stage) in stages.into_iter().enumerate() {
                stage.name = format!("s{index}");
                if index == last && rest {
                    stage.selector = None;
                    stage.pick = None;
                }
                spec = spec.stage(stage);
            }
            FleetUpgrade::new("generated", spec)
        })
}

fn now() -> impl Strategy<Value = Timestamp> {
    // Around the change to summer time in Europe, to the second.
    (1_774_000_000..1_776_000_000i64).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn planned(
    policy: &FleetUpgrade,
    clusters: &[FleetCluster],
    now: Timestamp,
) -> Result<UpgradePlan, PlanError> {
    plan(policy, &Fleet::new(clusters.to_vec()).unwrap(), now)
}

#[test]
fn the_generator_makes_plans_and_refusals() {
    let mut runner = TestRunner::deterministic();
    let mut plans = 0;
    let total = 300;
    for _ in 0..total {
        let (policy, clusters, now) = (policy(), clusters(), now())
            .new_tree(&mut runner)
            .unwrap()
            .current();
        plans += usize::from(planned(&policy, &clusters, now).is_ok());
    }
    assert!(plans > total / 10 && plans < total * 9 / 10, "{plans} of {total}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_keeps_every_rule_and_forgets_no_cluster(policy in policy(), clusters in clusters(), now in now()) {
        match planned(&policy, &clusters, now) {
            Err(refusal) => {
                prop_assert!(!refusal.problems().is_empty());
                prop_assert!(refusal.problems().iter().all(|problem| problem.place().path.starts_with("spec.")));
            }
            Ok(plan) => {
                prop_assert_eq!(plan.check(), Ok(()));
                let names = plan.clusters().map(|c| &c.name).chain(plan.at_target().map(|done| &done.name));
                let in_plan: BTreeSet<&ClusterName> = names.collect();
                let in_fleet: BTreeSet<&ClusterName> = clusters.iter().map(FleetCluster::name).collect();
                prop_assert_eq!(in_plan, in_fleet);
                for cluster in plan.clusters() {
                    let found = plan.cluster(cluster.name.as_str());
                    prop_assert_eq!(found, Some(cluster));
                    let why = plan.why(cluster.name.as_str()).unwrap();
                    prop_assert!(plan.created() <= why.otherwise && why.otherwise <= why.start, "{}", why);
                }
                for effect in plan.effects() {
                    prop_assert!(effect.finish_without <= plan.finish());
                    prop_assert!(effect.finish_without >= plan.lower_bound() || effect.constraint == fleet_upgrade::Constraint::Soak);
                }
                let stored: UpgradePlan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
                prop_assert_eq!(stored, plan);
            }
        }
    }

    #[test]
    fn the_order_of_the_input_never_shows(
        policy in policy(),
        (clusters, shuffled) in clusters().prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle())),
        now in now(),
    ) {
        prop_assert_eq!(planned(&policy, &clusters, now), planned(&policy, &shuffled, now));
    }

    #[test]
    fn loosening_a_limit_never_makes_anything_later(policy in policy(), clusters in clusters(), now in now()) {
        let Ok(plan) = planned(&policy, &clusters, now) else { return Ok(()) };
        let looser: [fn(&mut FleetUpgradeSpec); 4] = [
            |spec| spec.stages.iter_mut().for_each(|stage| stage.max_per_day = None),
            |spec| spec.stages.iter_mut().for_each(|stage| stage.max_concurrent = stage.max_concurrent.saturating_add(1)),
            |spec| spec.stages.iter_mut().for_each(|stage| stage.soak = SoakRule::default()),
            |spec| spec.stages.iter_mut().for_each(|stage| {
                stage.max_per_day = stage.max_per_day.map(|cap| cap.saturating_add(1));
            }),
        ];
        for loosen in looser {
            let mut policy = policy.clone();
            loosen(&mut policy.spec);
            let looser = planned(&policy, &clusters, now).unwrap();
            prop_assert!(looser.finish() <= plan.finish());
            for cluster in plan.clusters() {
                prop_assert!(looser.cluster(cluster.name.as_str()).unwrap().start <= cluster.start);
            }
        }
    }

    #[test]
    fn the_schedule_of_a_stage_is_the_earliest_there_is(
        hours in prop::collection::vec(1..4u32, 1..6),
        equal in any::<bool>(),
        at_once in 1..4u32,
        cap in prop::option::of(1..4u32),
        window in prop::option::of((0..20u32, 3..5u32)),
        first_hour in 0..24u32,
    ) {
        let hours: Vec<u32> = hours.iter().map(|h| if equal { hours[0] } else { *h }).collect();
        let calendar = window.map_or_else(Calendar::always, |(opens, length)| calendars::daily(opens, length));
        let fleet = Fleet::new(hours.iter().enumerate().map(|(index, hours)| {
            FleetCluster::new(format!("c{index}").parse().unwrap(), KubernetesVersion::new(1, 30, 0))
                .with_nodes(NodeCounts { control_plane: 1, workers: *hours })
        })).unwrap();
        let mut stage = Stage::new("all").max_concurrent(at_once.try_into().unwrap());
        stage.max_per_day = cap.and_then(NonZeroU32::new);
        let spec = FleetUpgradeSpec::new(KubernetesVersion::new(1, 31, 0)).stage(stage).calendar(calendar);
        let mut estimates = Estimates::default();
        estimates.control_plane_machine = HumanDuration::ZERO;
        estimates.worker_machine = HumanDuration::hours(1);
        let now: Timestamp = format!("2026-01-05T{first_hour:02}:00:00Z").parse().unwrap();
        let plan = plan_with(&FleetUpgrade::new("p", spec), &fleet, now, &estimates).unwrap();

        let order: Vec<u32> = plan.clusters().map(|c| u32::try_from(c.hop_estimate.as_signed().as_hours()).unwrap()).collect();
        let world = Enumeration { hours: &order, at_once, cap, window, first_hour };
        let took = u32::try_from(plan.finish().duration_since(now).as_hours()).unwrap();
        prop_assert_eq!(took, world.earliest_finish(true));
        if equal {
            prop_assert_eq!(took, world.earliest_finish(false));
        }
    }
}

/// Every schedule of one stage on a grid of hours, tried out.
struct Enumeration<'a> {
    hours: &'a [u32],
    at_once: u32,
    cap: Option<u32>,
    window: Option<(u32, u32)>,
    first_hour: u32,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    waiting: Vec<usize>,
    left: Vec<u32>,
    today: u32,
}

impl Enumeration<'_> {
    /// The hours until all are done, in the best of all schedules; `in_order`: among those in which no cluster
    /// starts before an earlier one of the list.
    fn earliest_finish(&self, in_order: bool) -> u32 {
        let mut moments = BTreeSet::from([Moment {
            waiting: (0..self.hours.len()).collect(),
            left: Vec::new(),
            today: 0,
        }]);
        for hour in self.first_hour.. {
            let mut next = BTreeSet::new();
            let midnight = (hour + 1) % 24 == 0;
            for moment in moments {
                let mut choices = BTreeSet::from([moment]);
                let mut frontier = choices.clone();
                while let Some(moment) = frontier.pop_first() {
                    let candidates = if in_order { 1 } else { moment.waiting.len() };
                    for place in 0..candidates.min(moment.waiting.len()) {
                        if let Some(started) = self.start(&moment, place, hour % 24)
                            && choices.insert(started.clone())
                        {
                            frontier.insert(started);
                        }
                    }
                }
                for mut moment in choices {
                    moment.left.retain_mut(|left| {
                        *left -= 1;
                        *left > 0
                    });
                    if moment.waiting.is_empty() && moment.left.is_empty() {
                        return hour + 1 - self.first_hour;
                    }
                    if midnight {
                        moment.today = 0;
                    }
                    next.insert(moment);
                }
            }
            moments = next;
        }
        unreachable!()
    }

    fn start(&self, moment: &Moment, place: usize, hour: u32) -> Option<Moment> {
        let mut moment = moment.clone();
        let hours = self.hours[moment.waiting.remove(place)];
        let open = self
            .window
            .is_none_or(|(opens, length)| hour >= opens && hour + hours <= opens + length);
        let room = u32::try_from(moment.left.len()).unwrap() < self.at_once;
        let allowed = self.cap.is_none_or(|cap| moment.today < cap);
        moment.left.push(hours);
        moment.left.sort_unstable();
        moment.today += 1;
        (open && room && allowed).then_some(moment)
    }
}
