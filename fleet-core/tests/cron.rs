//! Cron against the answers of robfig/cron and go-cron, and against a scan of every minute.
// A test that cannot go on fails.
#![allow(clippy::unwrap_used, clippy::panic)]

use fleet_core::cron::{CronDialect, CronError, Schedule};
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

/// An expression that both libraries were asked for.
#[derive(Deserialize)]
struct BothCase {
    spec: String,
    from: Timestamp,
    /// Ends with `ZERO` when there is no further match.
    #[serde(default)]
    robfig_next: Vec<String>,
    robfig_err: Option<String>,
    robfig_panic: Option<String>,
    #[serde(default)]
    gocron_next: Vec<String>,
    gocron_err: Option<String>,
}

/// How one dialect reads the cases of a file, beside its library.
fn check_both(file: &str, dialect: CronDialect) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in file.lines() {
        let case: BothCase = serde_json::from_str(line).unwrap();
        let (next, error) = match dialect {
            CronDialect::GoCron => (case.gocron_next, case.gocron_err),
            _ => (case.robfig_next, case.robfig_err),
        };
        let ours = Schedule::parse_as(dialect, &case.spec, TimeZone::UTC).map(|schedule| {
            let mut times: Vec<String> = schedule
                .upcoming(case.from)
                .take(6)
                .map(|at| at.to_string())
                .collect();
            if times.len() < 6 {
                times.push("ZERO".to_owned());
            }
            times
        });
        let agree = match (&ours, error) {
            (Err(_), _) if dialect == CronDialect::Robfig3 && case.robfig_panic.is_some() => true,
            (Err(ours), Some(theirs)) => ours.to_string() == theirs,
            (Ok(ours), None) => *ours == next,
            _ => false,
        };
        if !agree {
            let ours = ours.map_err(|error| error.to_string());
            wrong.push(format!("{line}\n  {dialect:?}: {ours:?}"));
        }
        count += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 300);
    println!("{count} expressions as {dialect:?} reads them");
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
    check_both(
        include_str!("conformance/cron/velero.jsonl"),
        CronDialect::Robfig3,
    );
}

#[test]
fn what_velero_from_1_18_3_on_reads() {
    check_both(include_str!("conformance/cron/velero.jsonl"), CronDialect::GoCron);
}

#[test]
fn further_cases_of_both() {
    for dialect in [CronDialect::Robfig3, CronDialect::GoCron] {
        check_both(include_str!("conformance/cron/both.jsonl"), dialect);
    }
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
        let _ = Schedule::parse_as(CronDialect::GoCron, &text, TimeZone::UTC);
    }

    /// The longest gap is the longest of all, however it was found.
    #[test]
    fn the_longest_gap_is_that_of_a_walk_over_every_run(
        expression in expression(),
        dialect in prop::sample::select(vec![CronDialect::Robfig3, CronDialect::GoCron]),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]),
        from in 1_500_000_000i64..1_800_000_000,
        days in 1i64..90,
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let Ok(schedule) = Schedule::parse_as(dialect, &expression, zone) else { return Ok(()) };
        let from = Timestamp::from_second(from).unwrap();
        let until = from + SignedDuration::from_hours(24 * days);
        let runs: Vec<Timestamp> = schedule.upcoming(from).take_while(|at| *at < until).collect();
        let walked = runs
            .iter()
            .filter_map(|at| Some(schedule.next_after(*at)?.duration_since(*at)))
            .max();
        prop_assert_eq!(schedule.longest_gap(from, until).map(|gap| gap.length()), walked);
    }
}

#[test]
fn the_longest_gap_follows_the_calendar() {
    let gap = |dialect, expression, zone| {
        let schedule = Schedule::parse_as(dialect, expression, TimeZone::get(zone).unwrap()).unwrap();
        let from = "2026-01-01T00:00:00Z".parse().unwrap();
        let gap = schedule.longest_gap(from, "2031-01-01T00:00:00Z".parse().unwrap());
        gap.map(|gap| gap.length().as_hours())
    };
    let robfig = CronDialect::Robfig3;
    assert_eq!(gap(robfig, "0 2 * * *", "UTC"), Some(24));
    // The day without a 02:30 is skipped; the day before it has 24 hours, and it itself 23.
    assert_eq!(gap(robfig, "30 2 * * *", "Europe/Berlin"), Some(47));
    assert_eq!(gap(CronDialect::GoCron, "30 2 * * *", "Europe/Berlin"), Some(24));
    assert_eq!(gap(robfig, "0 1 31 * *", "UTC"), Some(61 * 24));
    assert_eq!(gap(robfig, "0 0 29 2 *", "UTC"), Some(1461 * 24));
    assert_eq!(gap(robfig, "0 1 1,15 * 1", "UTC"), Some(7 * 24));
    assert_eq!(gap(CronDialect::GoCron, "0 1 1,15 * 1", "UTC"), Some(413 * 24));
    assert_eq!(gap(robfig, "0 0 30 2 *", "UTC"), None);
    assert_eq!(gap(robfig, "@every 6h", "UTC"), Some(6));
    assert_eq!(gap(robfig, "*/5 9-17 * * 1-5", "UTC"), Some(63));
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
