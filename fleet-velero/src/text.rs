//! How lengths of time, sizes and counts are written for people.

use fleet_core::HumanDuration;
use jiff::{SignedDuration, Timestamp};

/// A length of time as people write it, to the minute where it is more than an hour.
pub(crate) fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let rounded = match seconds {
        0..600 => seconds,
        600..86_400 => (seconds + 30) / 60 * 60,
        _ => (seconds + 1800) / 3600 * 3600,
    };
    match HumanDuration::try_from(SignedDuration::from_secs(rounded)) {
        Ok(length) => length.to_string(),
        Err(_) => "for ever".to_owned(),
    }
}

/// A size in the largest unit that leaves a whole number before the point.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A time of the day or, without fractions, the whole of it.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
