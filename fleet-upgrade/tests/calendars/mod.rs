//! Calendars for tests.

// Each test crate uses some of them.
#![allow(dead_code)]

use fleet_core::{Calendar, HumanDuration};
use jiff::civil::time;

/// How many there are.
pub const COUNT: usize = 6;

/// One of them.
pub fn number(number: usize) -> Calendar {
    let read = |text: &str| serde_json::from_str(text).unwrap();
    match number {
        0 => Calendar::always(),
        // No windows, but days of 23 and 25 hours.
        1 => Calendar::in_zone("Europe/Berlin").unwrap(),
        2 => read(
            r#"{"timeZone": "Europe/Berlin", "windows": [{"days": "Mon-Thu", "start": "09:00", "duration": "8h"}]}"#,
        ),
        // Over midnight, in the hour that summer time leaves out, with a freeze.
        3 => read(
            r#"{"timeZone": "Europe/Berlin", "windows": [{"start": "23:00", "duration": "4h"}],
                "freezes": [{"from": "2026-03-28", "to": "2026-04-02", "reason": "quarter's end"}]}"#,
        ),
        // The zone of the window is not the zone of the days.
        4 => read(
            r#"{"timeZone": "Pacific/Auckland",
                "windows": [{"days": ["Tue", "Sat"], "start": "01:30", "duration": "1h", "timeZone": "America/New_York"}],
                "holidays": ["2026-04-03"]}"#,
        ),
        _ => daily(6, 1),
    }
}

/// Open every day from this hour of UTC for so many hours.
pub fn daily(opens: u32, hours: u32) -> Calendar {
    let start = time(i8::try_from(opens).unwrap(), 0, 0, 0);
    Calendar::always()
        .with_window("Mon-Sun".parse().unwrap(), start, HumanDuration::hours(hours))
        .unwrap()
}

/// Frozen for as long as calendars look ahead.
pub fn never() -> Calendar {
    let text = r#"{"freezes": [{"from": "2020-01-01", "to": "2040-01-01", "reason": "retired"}]}"#;
    serde_json::from_str(text).unwrap()
}
