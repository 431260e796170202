//! Calendars: the form people write, the questions planners ask, and the nights when clocks change.
// A test that cannot go on fails.
#![allow(clippy::unwrap_used, clippy::panic)]

use fleet_core::Calendar;
use fleet_core::calendar::{Closed, Days, Freeze, HORIZON_YEARS, Holiday, Moment, Opening, Window};
use jiff::civil::{date, datetime, time};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(json: serde_json::Value) -> Calendar {
    serde_json::from_value(json).unwrap()
}

fn window(zone: &str, days: &str, start: &str, duration: &str) -> Calendar {
    read(json!({"timeZone": zone, "windows": [{"days": days, "start": start, "duration": duration}]}))
}

/// The openings of a range, in local time.
fn openings(calendar: &Calendar, from: &str, until: &str) -> Vec<String> {
    let local = |at: Timestamp| {
        at.to_zoned(calendar.time_zone().clone())
            .strftime("%a %d %H:%M%:z")
            .to_string()
    };
    calendar
        .openings(at(from), at(until))
        .map(|Opening { start, end }| format!("{} to {}", local(start), local(end)))
        .collect()
}

#[test]
fn always_is_always() {
    let always = Calendar::always();
    let now = at("2026-01-05T00:00:00Z");
    assert!(always.is_always() && always.is_open(now));
    assert_eq!(always.next_opening(now), Some(now));
    assert_eq!(always.closes_at(now), None);
    assert_eq!(always.why_closed(now), None);
    assert_eq!(serde_json::to_value(&always).unwrap(), json!({}));
    assert_eq!(read(json!({})), always);
    assert!(always.is_open(Timestamp::MIN) && always.is_open(Timestamp::MAX));
}

#[test]
fn a_window_is_open_from_its_start_until_before_its_end() {
    let calendar = window("UTC", "Mon-Thu", "09:00", "8h");
    for (moment, open) in [
        ("2026-01-05T08:59:59.999Z", false),
        ("2026-01-05T09:00:00Z", true),
        ("2026-01-05T16:59:59.999Z", true),
        ("2026-01-05T17:00:00Z", false),
        ("2026-01-09T12:00:00Z", false),
    ] {
        assert_eq!(calendar.is_open(at(moment)), open, "{moment}");
        assert_eq!(calendar.why_closed(at(moment)).is_none(), open, "{moment}");
    }
    assert_eq!(
        calendar.closes_at(at("2026-01-05T10:00:00Z")),
        Some(at("2026-01-05T17:00:00Z"))
    );
    assert_eq!(calendar.closes_at(at("2026-01-05T08:00:00Z")), None);
    assert_eq!(
        calendar.next_opening(at("2026-01-05T10:00:00Z")),
        Some(at("2026-01-05T10:00:00Z"))
    );
    assert_eq!(
        calendar.next_opening(at("2026-01-08T17:00:00Z")),
        Some(at("2026-01-12T09:00:00Z"))
    );
}

#[test]
fn windows_cross_midnight_and_months() {
    let calendar = window("UTC", "Sat", "22:00", "6h");
    assert_eq!(
        openings(&calendar, "2026-01-30T00:00:00Z", "2026-02-09T00:00:00Z"),
        [
            "Sat 31 22:00+00:00 to Sun 01 04:00+00:00",
            "Sat 07 22:00+00:00 to Sun 08 04:00+00:00"
        ]
    );
    assert_eq!(
        calendar.closes_at(at("2026-02-01T03:00:00Z")),
        Some(at("2026-02-01T04:00:00Z"))
    );
}

#[test]
fn windows_join() {
    let calendar = read(json!({"windows": [
        {"start": "08:00", "duration": "2h"}, {"start": "10:00", "duration": "1h"}, {"start": "09:30", "duration": "1h"},
    ]}));
    assert_eq!(
        openings(&calendar, "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
        ["Mon 05 08:00+00:00 to Mon 05 11:00+00:00"]
    );
}

#[test]
fn whole_days_are_days_of_the_calendar() {
    // Saturday to Sunday over the change to summer time: 47 hours.
    let weekend = window("Europe/Berlin", "Sat", "00:00", "48h");
    assert_eq!(
        openings(&weekend, "2026-03-27T00:00:00Z", "2026-04-01T00:00:00Z"),
        ["Sat 28 00:00+01:00 to Mon 30 00:00+02:00"]
    );
    // And back: 49 hours, and no hole between two days of 24h.
    let days = window("Europe/Berlin", "Sat,Sun", "00:00", "24h");
    assert_eq!(
        openings(&days, "2026-10-23T00:00:00Z", "2026-10-30T00:00:00Z"),
        ["Sat 24 00:00+02:00 to Mon 26 00:00+01:00"]
    );
    let every_day = window("Europe/Berlin", "Mon-Sun", "07:00", "24h");
    assert_eq!(every_day.closes_at(at("2026-10-23T00:00:00Z")), None);
    // A day and a half: a day of the calendar, then twelve hours.
    let longer = window("Europe/Berlin", "Sat", "20:00", "1d12h");
    assert_eq!(
        openings(&longer, "2026-10-23T00:00:00Z", "2026-10-30T00:00:00Z"),
        ["Sat 24 20:00+02:00 to Mon 26 08:00+01:00"]
    );
    // Longer than its week.
    let endless = window("Europe/Berlin", "Wed", "12:00", "30d");
    let now = at("2026-10-23T00:00:00Z");
    assert!(endless.is_open(now) && endless.is_open(at("2026-10-28T10:59:59Z")));
    assert_eq!(endless.closes_at(now), None);
}

#[test]
fn the_hours_of_a_window_are_hours_of_work() {
    let night = window("Europe/Berlin", "Mon-Sun", "22:00", "8h");
    assert_eq!(
        openings(&night, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
        ["Sat 28 22:00+01:00 to Sun 29 07:00+02:00"]
    );
    assert_eq!(
        openings(&night, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"),
        ["Sat 24 22:00+02:00 to Sun 25 05:00+01:00"]
    );
}

#[test]
fn a_start_that_the_clock_leaves_out_is_later_by_the_gap() {
    for (zone, start, from, opening) in [
        (
            "Europe/Berlin",
            "02:30",
            "2026-03-28T20:00:00Z",
            "Sun 29 03:30+02:00 to Sun 29 04:30+02:00",
        ),
        (
            "America/New_York",
            "02:00",
            "2026-03-08T04:00:00Z",
            "Sun 08 03:00-04:00 to Sun 08 04:00-04:00",
        ),
        // Midnight itself was left out.
        (
            "America/Sao_Paulo",
            "00:00",
            "2018-11-03T20:00:00Z",
            "Sun 04 01:00-02:00 to Sun 04 02:00-02:00",
        ),
        (
            "Australia/Lord_Howe",
            "02:15",
            "2026-10-03T10:00:00Z",
            "Sun 04 02:45+11:00 to Sun 04 03:45+11:00",
        ),
    ] {
        let until = (at(from) + SignedDuration::from_hours(10)).to_string();
        assert_eq!(
            openings(&window(zone, "Mon-Sun", start, "1h"), from, &until),
            [opening],
            "{zone}"
        );
    }
}

#[test]
fn of_a_start_that_comes_twice_the_first_counts() {
    for (zone, start, from, opening) in [
        (
            "Europe/Berlin",
            "02:30",
            "2026-10-24T20:00:00Z",
            "Sun 25 02:30+02:00 to Sun 25 02:30+01:00",
        ),
        (
            "America/New_York",
            "01:00",
            "2026-11-01T03:30:00Z",
            "Sun 01 01:00-04:00 to Sun 01 01:00-05:00",
        ),
        (
            "America/Sao_Paulo",
            "23:00",
            "2018-02-17T20:00:00Z",
            "Sat 17 23:00-02:00 to Sat 17 23:00-03:00",
        ),
    ] {
        let until = (at(from) + SignedDuration::from_hours(10)).to_string();
        assert_eq!(
            openings(&window(zone, "Mon-Sun", start, "1h"), from, &until),
            [opening],
            "{zone}"
        );
    }
}

#[test]
fn a_day_that_never_was() {
    // Samoa went from Thursday, 29 December 2011, to Saturday, the 31st.
    let fridays = window("Pacific/Apia", "Fri", "09:00", "1h");
    assert_eq!(
        openings(&fridays, "2011-12-29T00:00:00Z", "2012-01-07T00:00:00Z"),
        [
            "Sat 31 09:00+14:00 to Sat 31 10:00+14:00",
            "Fri 06 09:00+14:00 to Fri 06 10:00+14:00"
        ]
    );
}

#[test]
fn freezes_and_holidays_close_what_windows_open() {
    let calendar = read(json!({
        "timeZone": "Europe/Berlin",
        "windows": [{"start": "20:00", "duration": "6h"}],
        "freezes": [
            {"from": "2026-12-18", "to": "2027-01-03", "reason": "Christmas"},
            {"from": "2026-12-16T21:00", "to": "2026-12-16T22:00:00+01:00", "reason": "release"},
        ],
        "holidays": ["2026-12-15", {"date": "2027-01-06", "name": "Epiphany"}],
    }));
    assert_eq!(
        openings(&calendar, "2026-12-14T12:00:00Z", "2027-01-07T12:00:00Z"),
        [
            // The holiday of the 15th cuts the night before at midnight.
            "Mon 14 20:00+01:00 to Tue 15 00:00+01:00",
            "Wed 16 00:00+01:00 to Wed 16 02:00+01:00",
            "Wed 16 20:00+01:00 to Wed 16 21:00+01:00",
            "Wed 16 22:00+01:00 to Thu 17 02:00+01:00",
            "Thu 17 20:00+01:00 to Fri 18 00:00+01:00",
            // The freeze lasts to the end of the 3rd.
            "Mon 04 00:00+01:00 to Mon 04 02:00+01:00",
            "Mon 04 20:00+01:00 to Tue 05 02:00+01:00",
            "Tue 05 20:00+01:00 to Wed 06 00:00+01:00",
            "Thu 07 00:00+01:00 to Thu 07 02:00+01:00",
        ]
    );
    let why = |moment| calendar.why_closed(at(moment)).map(|closed| closed.to_string());
    assert_eq!(
        why("2026-12-20T21:00:00Z").as_deref(),
        Some("frozen until 2027-01-03T23:00:00Z: Christmas")
    );
    assert_eq!(
        why("2026-12-15T21:00:00Z").as_deref(),
        Some("2026-12-15 is a holiday")
    );
    assert_eq!(
        why("2027-01-06T12:00:00Z").as_deref(),
        Some("2027-01-06 is a holiday: Epiphany")
    );
    assert_eq!(
        why("2026-12-14T12:00:00Z").as_deref(),
        Some("outside of the maintenance windows")
    );
    assert_eq!(why("2026-12-14T20:00:00Z"), None);
    let closed = calendar.why_closed(at("2026-12-20T21:00:00Z")).unwrap();
    assert_eq!(
        serde_json::to_value(&closed).unwrap(),
        json!({"cause": "freeze", "reason": "Christmas", "until": "2027-01-03T23:00:00Z"})
    );
}

#[test]
fn an_intersection_is_open_while_both_are() {
    let fleet = window("Europe/Berlin", "Mon-Fri", "09:00", "8h");
    let cluster = window("America/New_York", "Mon-Fri", "08:00", "4h")
        .with_freeze(Freeze::new(date(2026, 1, 6), date(2026, 1, 6), "stocktaking"))
        .unwrap();
    let both = fleet.intersect(&cluster);
    assert_eq!(
        openings(&both, "2026-01-05T00:00:00Z", "2026-01-08T00:00:00Z"),
        [
            "Mon 05 14:00+01:00 to Mon 05 17:00+01:00",
            "Wed 07 14:00+01:00 to Wed 07 17:00+01:00"
        ]
    );
    // The named cause wins over the windows of the other.
    assert!(matches!(
        both.why_closed(at("2026-01-06T06:00:00Z")),
        Some(Closed::Freeze { .. })
    ));
    assert_eq!(both.time_zone().iana_name(), Some("Europe/Berlin"));

    // It can be stored, and what is always open adds nothing.
    let stored = serde_json::to_value(&both).unwrap();
    assert_eq!(stored["allOf"][0]["timeZone"], "America/New_York");
    assert_eq!(read(stored), both);
    assert_eq!(fleet.intersect(&Calendar::always()), fleet);
    assert_eq!(fleet.intersect(&fleet), fleet);

    // Two that never meet never open.
    let never = window("UTC", "Mon", "09:00", "1h").intersect(&window("UTC", "Tue", "09:00", "1h"));
    assert_eq!(never.next_opening(at("2026-01-05T00:00:00Z")), None);
}

#[test]
fn the_search_ends_at_the_horizon() {
    let frozen = |until| {
        Calendar::always()
            .with_freeze(Freeze::new(date(2026, 1, 1), date(until, 1, 1), "moving house"))
            .unwrap()
    };
    let now = at("2026-06-01T00:00:00Z");
    assert_eq!(
        frozen(2026 + HORIZON_YEARS).next_opening(now),
        Some(at("2031-01-02T00:00:00Z"))
    );
    assert_eq!(frozen(2027 + HORIZON_YEARS).next_opening(now), None);
    // Nor does it close when the freeze is further away than that.
    assert_eq!(frozen(2027).closes_at(at("2020-01-01T00:00:00Z")), None);
    assert_eq!(
        frozen(2027).closes_at(at("2021-06-01T00:00:00Z")),
        Some(at("2026-01-01T00:00:00Z"))
    );
    // At the ends of time there is no panic.
    for end in [Timestamp::MIN, Timestamp::MAX] {
        for calendar in [
            window("Europe/Berlin", "Mon", "23:00", "30h"),
            window("Pacific/Apia", "Tue-Fri", "00:00", "7d"),
        ] {
            let _ = (
                calendar.is_open(end),
                calendar.next_opening(end),
                calendar.closes_at(end),
            );
        }
    }
}

#[test]
fn is_read_in_the_forms_people_write() {
    for (days, printed) in [
        (json!("Mon-Fri"), "Mon,Tue,Wed,Thu,Fri"),
        (json!("fri-MON"), "Mon,Fri,Sat,Sun"),
        (json!(["Mon", "Tue-Thu"]), "Mon,Tue,Wed,Thu"),
        (json!(["saturday", "Sun"]), "Sat,Sun"),
        (json!("Mon, Wed"), "Mon,Wed"),
        (json!("Sun"), "Sun"),
    ] {
        let days: Days = serde_json::from_value(days).unwrap();
        assert_eq!(days.to_string(), printed);
    }
    for (text, moment) in [
        ("2026-12-18", Moment::Day(date(2026, 12, 18))),
        (
            "2026-12-18T18:00",
            Moment::Local(datetime(2026, 12, 18, 18, 0, 0, 0)),
        ),
        (
            "2026-12-18 18:00:00",
            Moment::Local(datetime(2026, 12, 18, 18, 0, 0, 0)),
        ),
        (
            "2026-12-18T18:00:00+01:00",
            Moment::Instant(at("2026-12-18T17:00:00Z")),
        ),
        (
            "2026-12-18T18:00:00Z",
            Moment::Instant(at("2026-12-18T18:00:00Z")),
        ),
    ] {
        assert_eq!(text.parse::<Moment>().unwrap(), moment, "{text}");
    }
    let calendar = read(json!({"windows": [{"start": "9:00", "duration": "90m"}]}));
    assert_eq!(
        serde_json::to_value(&calendar).unwrap(),
        json!({"windows": [{"start": "09:00", "duration": "1h30m"}]})
    );
}

#[test]
fn says_what_is_wrong() {
    for (calendar, message) in [
        (
            json!({"timeZone": "Europe/Atlantis"}),
            "`Europe/Atlantis` is not a time zone; expected an IANA name",
        ),
        (json!({"zone": "UTC"}), "unknown field `zone`"),
        (
            json!({"windows": [{"days": "Mon-Fry", "start": "09:00", "duration": "1h"}]}),
            "`Mon-Fry` is not a day of the week",
        ),
        (
            json!({"windows": [{"days": [], "start": "09:00", "duration": "1h"}]}),
            "there are no days",
        ),
        (
            json!({"windows": [{"days": "", "start": "09:00", "duration": "1h"}]}),
            "`` is not a day of the week",
        ),
        (
            json!({"windows": [{"start": "25:00", "duration": "1h"}]}),
            "`25:00` is not a time of the day",
        ),
        (
            json!({"windows": [{"start": "0900", "duration": "1h"}]}),
            "`0900` is not a time of the day",
        ),
        (
            json!({"windows": [{"start": "09:00", "duration": "0s"}]}),
            "a window must last longer than zero",
        ),
        (
            json!({"windows": [{"start": "09:00", "duration": "8"}]}),
            "a unit is missing",
        ),
        (
            json!({"windows": [{"duration": "8h"}]}),
            "expected one of the two",
        ),
        (
            json!({"freezes": [{"from": "2026-12-18", "to": "2026-12-17", "reason": "x"}]}),
            "ends (2026-12-17) before it starts",
        ),
        (
            json!({"freezes": [{"from": "18.12.2026", "to": "2026-12-17", "reason": "x"}]}),
            "`18.12.2026` is not a day or a time",
        ),
        (
            json!({"freezes": [{"from": "2026-12-18", "to": "2026-12-19"}]}),
            "missing field `reason`",
        ),
        (
            json!({"holidays": ["2026-02-30"]}),
            "`2026-02-30` is not a day or a time",
        ),
        (
            json!({"holidays": ["2026-02-03T10:00"]}),
            "is not a day; expected one such as",
        ),
    ] {
        let error = serde_json::from_value::<Calendar>(calendar.clone())
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{calendar}: {error}");
    }
}

#[test]
fn can_be_built_without_yaml() {
    let built = Calendar::in_zone("Europe/Berlin")
        .unwrap()
        .with_window(
            "Mon-Thu".parse().unwrap(),
            time(9, 0, 0, 0),
            "8h".parse().unwrap(),
        )
        .unwrap()
        .with_holiday(Holiday::new(date(2026, 5, 1)).named("Labour Day"))
        .unwrap();
    let written = read(json!({
        "timeZone": "Europe/Berlin",
        "windows": [{"days": ["Mon", "Tue", "Wed", "Thu"], "start": "09:00", "duration": "8h"}],
        "holidays": [{"date": "2026-05-01", "name": "Labour Day"}],
    }));
    assert_eq!(built, written);
}

#[cfg(feature = "schemars")]
#[test]
fn has_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(Calendar)).unwrap();
    let fields: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["allOf", "freezes", "holidays", "timeZone", "windows"]);
    assert_eq!(
        schema["$defs"]["Freeze"]["required"],
        json!(["from", "to", "reason"])
    );
}

fn cron(windows: &str) -> Result<Calendar, String> {
    let text = format!(r#"{{"timeZone": "Europe/Berlin", "windows": [{windows}]}}"#);
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[test]
fn a_window_opens_by_cron_in_the_zone_where_it_counts() {
    let calendar = cron(r#"{"cron": "0 22 1 * *", "duration": "4h"}"#).unwrap();
    assert_eq!(
        calendar.next_opening(at("2026-01-03T00:00:00Z")),
        Some(at("2026-02-01T21:00:00Z"))
    );
    assert_eq!(
        calendar.closes_at(at("2026-02-01T22:00:00Z")),
        Some(at("2026-02-02T01:00:00Z"))
    );
    // By its own zone, by the one in the expression, and back to text.
    for window in [
        r#"{"cron": "0 22 * * *", "duration": "4h", "timeZone": "America/New_York"}"#,
        r#"{"cron": "CRON_TZ=America/New_York 0 22 * * *", "duration": "4h"}"#,
    ] {
        let calendar = cron(window).unwrap();
        assert_eq!(
            calendar.next_opening(at("2026-01-02T00:00:00Z")),
            Some(at("2026-01-02T03:00:00Z")),
            "{window}"
        );
        let text = serde_json::to_string(&calendar).unwrap();
        assert!(
            text.contains(&window.replace("\": ", "\":").replace(", \"", ",\"")),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Calendar>(&text).unwrap(), calendar);
    }
    // A whole day is a day of the calendar, also when it has an hour less.
    let day = cron(r#"{"cron": "0 0 * * 0", "duration": "24h"}"#).unwrap();
    assert_eq!(
        day.closes_at(at("2026-03-29T10:00:00Z")),
        Some(at("2026-03-29T22:00:00Z"))
    );
    let built = Calendar::in_zone("Europe/Berlin")
        .unwrap()
        .with(Window::cron("0 0 * * 0", "24h".parse().unwrap()).unwrap());
    assert_eq!(built.unwrap(), day);
}

#[test]
fn windows_of_every_minute_run_into_each_other_and_end_in_time() {
    let at = "2026-01-02T00:00:30Z".parse().unwrap();
    let always = cron(r#"{"cron": "* * * * *", "duration": "90s"}"#).unwrap();
    let closes = always.closes_at(at).unwrap();
    assert!(
        closes.duration_since(at) > jiff::SignedDuration::from_hours(48),
        "{closes}"
    );
    // The two never meet.
    let even = cron(r#"{"cron": "*/2 * * * *", "duration": "20s"}"#).unwrap();
    let odd = cron(r#"{"cron": "1-59/2 * * * *", "duration": "20s"}"#).unwrap();
    assert_eq!(even.intersect(&odd).next_opening(at), None);
}

#[test]
fn a_window_that_cron_cannot_open_is_refused_with_what_is_expected() {
    for (window, expected) in [
        (
            r#"{"cron": "0 25 * * *", "duration": "4h"}"#,
            "`0 25 * * *` is no cron expression",
        ),
        (
            r#"{"cron": "@every 5h", "duration": "4h"}"#,
            "does not say when it begins to count",
        ),
        (
            r#"{"cron": "CRON_TZ=UTC @every 1h", "duration": "10m"}"#,
            "does not say when it begins to count",
        ),
        (
            r#"{"cron": "0 22 * * *", "start": "22:00", "duration": "4h"}"#,
            "expected one of the two",
        ),
        (
            r#"{"cron": "0 22 * * *", "days": "Mon", "duration": "4h"}"#,
            "expected one of the two",
        ),
        (r#"{"duration": "4h"}"#, "expected one of the two"),
        (r#"{"cron": "0 22 * * *", "duration": "0s"}"#, "longer than zero"),
    ] {
        let error = cron(window).unwrap_err();
        assert!(error.contains(expected), "{window}: {error}");
    }
}
