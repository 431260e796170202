//! Cron against robfig/cron's own answers, and against a scan of every minute.
// A test that cannot go on fails.
#![allow(clippy::unwrap_used, clippy::panic)]

use fleet_core::cron::{CronError, Schedule};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    s: String,
    tz: String,
    from: Timestamp,
    #[serde(default)]
    next: Vec<Timestamp>,
    err: Option<String>,
}

#[derive(Deserialize)]
struct VeleroCase {
    spec: String,
    from: Timestamp,
    /// Ends with `ZERO` when there is no further match.
    #[serde(default)]
    robfig_next: Vec<String>,
    robfig_err: Option<String>,
}

fn check(cases: impl IntoIterator<Item = Case>) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases {
        count += 1;
        let zone = TimeZone::get(&case.tz).unwrap();
        let ours = Schedule::parse_in(&case.s, zone)
            .map(|schedule| {
                schedule
                    .upcoming(case.from)
                    .take(case.next.len().max(5))
                    .collect::<Vec<_>>()
            })
            .map_err(|error| error.to_string());
        let theirs = match case.err {
            Some(error) => Err(error),
            None => Ok(case.next),
        };
        if ours != theirs {
            wrong.push(format!(
                "{:?} {} {}:\n  Go {theirs:?}\n  we {ours:?}",
                case.s, case.tz, case.from
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 50);
}

#[test]
fn the_shared_cases() {
    check(serde_json::from_str::<Vec<Case>>(include_str!("conformance/cron/cases.json")).unwrap());
}

#[test]
fn more_cases() {
    check(serde_json::from_str::<Vec<Case>>(include_str!("conformance/cron/more.json")).unwrap());
}

#[test]
fn what_velero_up_to_1_18_2_reads() {
    check(include_str!("conformance/cron/velero.jsonl").lines().map(|line| {
        let case: VeleroCase = serde_json::from_str(line).unwrap();
        Case {
            s: case.spec,
            tz: "UTC".to_owned(),
            from: case.from,
            next: case.robfig_next.iter().filter_map(|at| at.parse().ok()).collect(),
            err: case.robfig_err,
        }
    }));
}

#[test]
fn a_zone_alone_is_refused_where_go_would_panic() {
    assert!(matches!(
        Schedule::parse("CRON_TZ=Europe/Berlin"),
        Err(CronError::OnlyTimeZone { .. })
    ));
}

#[test]
fn the_search_ends() {
    for never in [
        "0 0 31 2 *",
        ", * * * *",
        "0 , * * *",
        "0 0 , * *",
        "0 0 * , *",
        "0 0 * * ,",
    ] {
        let schedule = Schedule::parse(never).unwrap();
        assert_eq!(
            schedule.next_after("2026-01-05T00:00:00Z".parse().unwrap()),
            None,
            "{never}"
        );
    }
    // At the end of time there is nothing left.
    for any in ["* * * * *", "@every 1h", "0 0 1 1 *"] {
        assert_eq!(
            Schedule::parse(any).unwrap().next_after(Timestamp::MAX),
            None,
            "{any}"
        );
    }
}

fn field(least: i8, most: i8) -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        (1..=most).prop_map(|step| format!("*/{step}")),
        (least..=most).prop_map(|value| value.to_string()),
        (least..=most, least..=most).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (least..=most, least..=most).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

prop_compose! {
    fn expression()(
        minute in field(0, 59), hour in field(0, 23), day in field(1, 31), month in field(1, 12), weekday in field(0, 6),
    ) -> String {
        format!("{minute} {hour} {day} {month} {weekday}")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn next_is_strictly_later_and_matches(expression in expression(), from in 1_300_000_000i64..2_200_000_000) {
        let schedule = Schedule::parse(&expression).unwrap();
        let from = Timestamp::from_second(from).unwrap();
        if let Some(next) = schedule.next_after(from) {
            prop_assert!(next > from);
            prop_assert!(schedule.matches(next));
        }
    }

    /// Where the clock changes by whole hours and not at midnight, the search and a scan of every minute agree.
    #[test]
    fn a_scan_of_every_minute_agrees(
        expression in expression(),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
        from in prop::sample::select(vec![1_772_000_000i64, 1_774_000_000, 1_792_300_000, 1_793_000_000, 1_800_000_000]),
        offset in 0i64..86_400,
    ) {
        let schedule = Schedule::parse_in(&expression, TimeZone::get(zone).unwrap()).unwrap();
        let from = Timestamp::from_second(from + offset).unwrap();
        let end = from + SignedDuration::from_hours(24 * 15);
        let found: Vec<Timestamp> = schedule.upcoming(from).take_while(|at| *at <= end).collect();
        let first = Timestamp::from_second((from.as_second() / 60 + 1) * 60).unwrap();
        let scanned: Vec<Timestamp> = (0..24 * 60 * 15)
            .map(|minute| first + SignedDuration::from_mins(minute))
            .take_while(|at| *at <= end)
            .filter(|at| schedule.matches(*at))
            .collect();
        prop_assert_eq!(found, scanned);
    }

    #[test]
    fn never_panics(text in r"[-*/,?0-9a-zA-Z@= ]{0,20}") {
        let _ = Schedule::parse(&text);
    }
}

/// Samoa had no 30 December 2011. robfig/cron searches for ever there.
#[test]
fn a_missing_day_does_not_stop_the_search() {
    let fridays = Schedule::parse_in("0 5 * * 5", TimeZone::get("Pacific/Apia").unwrap()).unwrap();
    let next = fridays
        .next_after("2011-12-28T12:00:00Z".parse().unwrap())
        .unwrap();
    assert_eq!(next.to_string(), "2012-01-05T15:00:00Z");
}
