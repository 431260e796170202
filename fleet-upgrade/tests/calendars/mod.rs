//! Calendars for tests.

// Each test crate uses some of them.
#![allow(dead_code)]

use fleet_core::Calendar;

/// How many there are.
pub const COUNT: usize = 4;

/// One of them.
pub fn number(number: usize) -> Calendar {
    match number {
        0 => Calendar::always(),
        1 => daily(9, 8),
        2 => daily(22, 2),
        _ => daily(6, 1),
    }
}

/// Open every day from this hour of UTC for so many hours.
pub fn daily(opens: u32, hours: u32) -> Calendar {
    serde_json::from_value(serde_json::json!({"zone": "UTC", "open": opens, "close": opens + hours})).unwrap()
}

/// Never open.
pub fn never() -> Calendar {
    daily(9, 0)
}
