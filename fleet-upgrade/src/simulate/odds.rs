//! What may happen in a rehearsal, and how likely it is.

use fleet_core::HumanDuration;
use serde::{Deserialize, Serialize};

/// The odds of a rehearsal.
///
/// The defaults are assumptions, not measurements. Count your own: how far hops were from their estimates, how many
/// of them failed, how long it took until somebody noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Odds {
    /// How far hops are from their estimates: the standard deviation of the logarithm of their ratio, whose median is 1.
    /// 0.25 puts two hops in three between 0.78 and 1.28 of the estimate. Default: 0.25.
    pub duration_spread: f64,
    /// The probability that a hop never comes to its end by itself. Default: 0.002.
    pub hop_fails: f64,
    /// A bad version, for the question how many clusters it harms. Each rehearsal is run with it in a second world.
    /// Default: [`Defect::default`].
    pub defect: Option<Defect>,
}

/// A version that harms clusters some time after their upgrade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Defect {
    /// The share of clusters that it harms. Default: 0.3.
    pub share: f64,
    /// How long after its upgrade a harmed cluster shows it, on average; exponentially distributed. Default: `12h`.
    pub shows_after: HumanDuration,
}

impl Odds {
    /// The defaults.
    pub fn typical() -> Self {
        Self::default()
    }

    /// Everything takes as long as estimated, and nothing fails.
    pub fn certain() -> Self {
        Self {
            duration_spread: 0.0,
            hop_fails: 0.0,
            defect: None,
        }
    }

    /// Hops are so far from their estimates.
    pub fn duration_spread(mut self, spread: f64) -> Self {
        self.duration_spread = spread;
        self
    }

    /// Hops fail with this probability.
    pub fn hop_fails(mut self, probability: f64) -> Self {
        self.hop_fails = probability;
        self
    }

    /// Asks how far this defect gets.
    pub fn defect(mut self, defect: Defect) -> Self {
        self.defect = Some(defect);
        self
    }
}

impl Default for Odds {
    fn default() -> Self {
        Self {
            duration_spread: 0.25,
            hop_fails: 0.002,
            defect: Some(Defect::default()),
        }
    }
}

impl Defect {
    /// Harms this share of the clusters, each so long after its upgrade on average.
    pub fn new(share: f64, shows_after: HumanDuration) -> Self {
        Self { share, shows_after }
    }
}

impl Default for Defect {
    fn default() -> Self {
        Self::new(0.3, HumanDuration::hours(12))
    }
}
