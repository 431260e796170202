//! How long something takes: a small distribution, and the seeded draw from it.

use std::time::Duration;

/// A distribution of durations, from which the simulation draws one for each machine.
///
/// The draw depends on the seed and on the name of the thing that takes time, never on the order in which
/// things happen: the same machine takes the same time in every run of one seed.
///
/// ```
/// use fleet_sim::cluster_api::Delay;
/// use std::time::Duration;
///
/// let boot = Delay::uniform(Duration::from_secs(60), Duration::from_secs(120));
/// assert_eq!(boot.shortest(), Duration::from_secs(60));
/// assert_eq!(Delay::from(Duration::from_secs(90)).longest(), Duration::from_secs(90));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    shortest: Duration,
    longest: Duration,
}

impl Delay {
    /// Always exactly this long.
    pub const fn fixed(duration: Duration) -> Self {
        Self {
            shortest: duration,
            longest: duration,
        }
    }

    /// Anything between the two bounds, all equally likely. Bounds given the wrong way round are swapped.
    pub fn uniform(one: Duration, other: Duration) -> Self {
        Self {
            shortest: one.min(other),
            longest: one.max(other),
        }
    }

    /// `middle` give or take the fraction `jitter` of it: `around(100 s, 0.2)` is 80 s to 120 s.
    ///
    /// The fraction is brought into 0 to 1; what is not a number counts as 0.
    pub fn around(middle: Duration, jitter: f64) -> Self {
        let jitter = if jitter.is_nan() {
            0.0
        } else {
            jitter.clamp(0.0, 1.0)
        };
        let width = middle.mul_f64(jitter);
        Self {
            shortest: middle.saturating_sub(width),
            longest: middle.saturating_add(width),
        }
    }

    /// The shortest duration it can draw.
    pub const fn shortest(&self) -> Duration {
        self.shortest
    }

    /// The longest duration it can draw.
    pub const fn longest(&self) -> Duration {
        self.longest
    }

    /// The duration for the thing that `parts` name, under `seed`.
    pub(crate) fn draw(&self, seed: u64, parts: &[&str]) -> Duration {
        let width = self.longest.saturating_sub(self.shortest);
        if width.is_zero() {
            return self.shortest;
        }
        // 53 bits are what an f64 holds exactly.
        let unit = (mix(seed, parts) >> 11) as f64 / (1_u64 << 53) as f64;
        self.shortest.saturating_add(width.mul_f64(unit))
    }
}

impl From<Duration> for Delay {
    fn from(duration: Duration) -> Self {
        Self::fixed(duration)
    }
}

/// A well-mixed 64-bit number for these words under this seed.
///
/// FNV-1a with a final avalanche, because the standard library's hasher may change between releases and a
/// seed has to mean the same thing for ever.
pub(crate) fn mix(seed: u64, parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for part in parts {
        // A byte that no UTF-8 text contains keeps ("ab", "c") apart from ("a", "bc").
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash ^= hash >> 30;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^= hash >> 27;
    hash = hash.wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Five letters in the alphabet of Kubernetes' generated names (no vowels, so no words).
pub(crate) fn suffix(seed: u64, parts: &[&str]) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = mix(seed, parts);
    (0..5)
        .map(|_| {
            let letter = usize::try_from(rest % 27).unwrap_or_default();
            rest /= 27;
            char::from(ALPHABET[letter])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_and_name_only_and_stays_inside() {
        let delay = Delay::around(Duration::from_secs(100), 0.2);
        assert_eq!((delay.shortest().as_secs(), delay.longest().as_secs()), (80, 120));
        let draws: Vec<_> = (0..200)
            .map(|n| delay.draw(7, &["machine", &n.to_string()]))
            .collect();
        assert!(
            draws
                .iter()
                .all(|d| *d >= delay.shortest() && *d <= delay.longest())
        );
        assert_eq!(draws[3], delay.draw(7, &["machine", "3"]));
        assert_ne!(draws[3], delay.draw(8, &["machine", "3"]));
        let mean = draws.iter().sum::<Duration>() / 200;
        assert!(
            (95..105).contains(&mean.as_secs()),
            "{mean:?} is not near the middle"
        );
    }

    #[test]
    fn words_do_not_run_together() {
        assert_ne!(mix(1, &["ab", "c"]), mix(1, &["a", "bc"]));
        assert_eq!(suffix(1, &["a"]).len(), 5);
    }

    #[test]
    fn a_jitter_out_of_range_is_brought_into_it() {
        let second = Duration::from_secs(1);
        assert_eq!(Delay::around(second, f64::NAN), Delay::fixed(second));
        assert_eq!(Delay::around(second, 7.0).shortest(), Duration::ZERO);
    }
}
