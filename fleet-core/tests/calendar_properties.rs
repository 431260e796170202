//! Calendars against a scan of every minute with rules written down a second time, in the plainest way.
// A test that cannot go on fails.
#![allow(clippy::unwrap_used, clippy::panic)]

use fleet_core::Calendar;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use serde_json::json;

/// A window and how it is checked: by walking through the days around a moment.
#[derive(Debug, Clone)]
struct PlainWindow {
    /// Monday is 0.
    days: Vec<i8>,
    hour: i8,
    minute: i8,
    minutes: i64,
}

#[derive(Debug, Clone)]
struct Plain {
    zone: &'static str,
    windows: Vec<PlainWindow>,
    /// Start and minutes.
    freezes: Vec<(i64, i64)>,
    holidays: Vec<Date>,
}

impl Plain {
    fn calendar(&self) -> Calendar {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let windows: Vec<_> = self
            .windows
            .iter()
            .map(|window| {
                let days: Vec<&str> = window
                    .days
                    .iter()
                    .map(|day| names[usize::try_from(*day).unwrap()])
                    .collect();
                json!({
                    "days": days,
                    "start": format!("{:02}:{:02}", window.hour, window.minute),
                    "duration": format!("{}m", window.minutes),
                })
            })
            .collect();
        let freezes: Vec<_> = self
            .freezes
            .iter()
            .map(|(start, minutes)| {
                let start = Timestamp::from_second(*start).unwrap();
                json!({"from": start, "to": start + SignedDuration::from_mins(*minutes), "reason": "test"})
            })
            .collect();
        serde_json::from_value(
            json!({"timeZone": self.zone, "windows": windows, "freezes": freezes, "holidays": self.holidays}),
        )
        .unwrap()
    }

    fn is_open(&self, at: Timestamp) -> bool {
        let zone = TimeZone::get(self.zone).unwrap();
        let today = zone.to_datetime(at).date();
        if self.holidays.contains(&today) {
            return false;
        }
        let frozen = self.freezes.iter().any(|(start, minutes)| {
            let passed = at.as_second() - start;
            (0..minutes * 60).contains(&passed)
        });
        if frozen {
            return false;
        }
        self.windows.is_empty()
            || self.windows.iter().any(|window| {
                (-12..=2).any(|offset| {
                    let day = today + offset.days();
                    if !window.days.contains(&day.weekday().to_monday_zero_offset()) {
                        return false;
                    }
                    let start = day
                        .at(window.hour, window.minute, 0, 0)
                        .to_zoned(zone.clone())
                        .unwrap();
                    let clock = day.at(window.hour, window.minute, 0, 0) + (window.minutes / 1_440).days();
                    let end = clock.to_zoned(zone.clone()).unwrap().timestamp()
                        + SignedDuration::from_mins(window.minutes % 1_440);
                    start.timestamp() <= at && at < end
                })
            })
    }
}

/// Monday before a change of the clock in one of the zones, or an ordinary one.
const WEEKS: [&str; 6] = [
    "2026-03-02T00:00:00Z",
    "2026-03-23T00:00:00Z",
    "2026-10-19T00:00:00Z",
    "2026-10-26T00:00:00Z",
    "2018-10-29T00:00:00Z",
    "2018-02-12T00:00:00Z",
];
const MINUTES: i64 = 9 * 1_440;

prop_compose! {
    fn plain_window()(
        days in prop::collection::btree_set(0i8..7, 1..4),
        hour in 0i8..24,
        minute in prop::sample::select(vec![0i8, 15, 30]),
        minutes in prop_oneof![30i64..600, Just(1_440), Just(2_880), 1_400i64..3_000, Just(9_000), Just(20_000)],
    ) -> PlainWindow {
        PlainWindow { days: days.into_iter().collect(), hour, minute, minutes }
    }
}

prop_compose! {
    fn plain()(week in prop::sample::select(WEEKS.to_vec()))(
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata",
        ]),
        windows in prop::collection::vec(plain_window(), 0..3),
        freezes in prop::collection::vec((0..MINUTES, 1i64..3_000), 0..3),
        holidays in prop::collection::vec(0i64..9, 0..3),
        week in Just(week),
    ) -> (Plain, Timestamp) {
        let start: Timestamp = week.parse().unwrap();
        let first = start.to_zoned(TimeZone::UTC).date();
        let plain = Plain {
            zone,
            windows,
            freezes: freezes.into_iter().map(|(at, minutes)| (start.as_second() + at * 60, minutes)).collect(),
            holidays: holidays.into_iter().map(|day| first + day.days()).collect(),
        };
        (plain, start)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every answer of the calendar is the one a scan gives.
    #[test]
    fn a_scan_agrees((plain, start) in plain()) {
        let calendar = plain.calendar();
        let minutes: Vec<(Timestamp, bool)> = (0..MINUTES)
            .step_by(5)
            .map(|minute| start + SignedDuration::from_mins(minute))
            .map(|at| (at, plain.is_open(at)))
            .collect();
        for (at, open) in &minutes {
            prop_assert_eq!(calendar.is_open(*at), *open, "{}", at);
            prop_assert_eq!(calendar.why_closed(*at).is_none(), *open, "{}", at);
        }
        // Freezes start and end at any minute, so the scan knows a change to five minutes only.
        for (place, (at, open)) in minutes.iter().enumerate().step_by(37) {
            let change = minutes[place..].iter().find(|(_, later)| later != open).map(|(at, _)| *at);
            let five = SignedDuration::from_mins(5);
            let answer = if *open { calendar.closes_at(*at) } else { calendar.next_opening(*at) };
            match (answer, change) {
                (Some(answer), Some(change)) => {
                    // A stretch shorter than the scan's step may be missed by the scan, never by the calendar.
                    prop_assert!(answer > *at && answer <= change, "{}: {} and {}", at, answer, change);
                    prop_assert_eq!(calendar.is_open(answer), !open);
                    prop_assert_eq!(calendar.is_open(answer - SignedDuration::from_nanos(1)), *open);
                    if answer + five < change {
                        prop_assert!(!plain.freezes.is_empty());
                    }
                }
                (Some(answer), None) => prop_assert!(answer > *at && (answer >= minutes[minutes.len() - 1].0 || !plain.freezes.is_empty())),
                (None, Some(change)) => prop_assert!(false, "{}: no answer, but it changes by {}", at, change),
                (None, None) => {}
            }
        }
    }

    /// An intersection is open exactly when both are.
    #[test]
    fn an_intersection_is_both((left, start) in plain(), (right, _) in plain()) {
        let (left, right) = (left.calendar(), right.calendar());
        let both = left.intersect(&right);
        let stored: Calendar = serde_json::from_value(serde_json::to_value(&both).unwrap()).unwrap();
        for minute in (0..MINUTES).step_by(17) {
            let at = start + SignedDuration::from_mins(minute);
            let open = left.is_open(at) && right.is_open(at);
            prop_assert_eq!(both.is_open(at), open);
            prop_assert_eq!(stored.is_open(at), open);
            prop_assert_eq!(right.intersect(&left).is_open(at), open);
        }
        if let Some(opens) = both.next_opening(start) {
            prop_assert!(opens >= start && both.is_open(opens));
            if let Some(closes) = both.closes_at(opens) {
                prop_assert!(closes > opens && !both.is_open(closes));
            }
        }
    }
}

fn opening(schedule: &str, minutes: i64) -> serde_json::Value {
    json!({"cron": schedule, "duration": format!("{minutes}m")})
}

proptest! {
    /// Where no clock changes, a cron expression of a weekly window is that window.
    #[test]
    fn a_cron_window_is_the_weekly_one_that_it_says(
        hour in 0..24_i8,
        minute in 0..60_i8,
        first in 1..6_i8,
        days in 0..2_i8,
        minutes in 1..3_000_i64,
        at in 1_770_000_000..1_775_000_000_i64,
    ) {
        let last = first + days;
        let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        let name = |day: i8| names[usize::try_from(day).unwrap()];
        let weekly = json!({"windows": [{
            "days": format!("{}-{}", name(first), name(last)),
            "start": format!("{hour:02}:{minute:02}"), "duration": format!("{minutes}m"),
        }]});
        let cron = json!({"windows": [opening(&format!("{minute} {hour} * * {first}-{last}"), minutes)]});
        let [weekly, cron]: [Calendar; 2] = [weekly, cron].map(|text| serde_json::from_value(text).unwrap());
        let at = Timestamp::from_second(at).unwrap();
        prop_assert_eq!(weekly.is_open(at), cron.is_open(at));
        prop_assert_eq!(weekly.next_opening(at), cron.next_opening(at));
        prop_assert_eq!(weekly.closes_at(at), cron.closes_at(at));
    }
}
