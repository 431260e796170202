//! Upgraded clusters against those that are not yet: a test that may be read at any time.

use serde::{Deserialize, Serialize};

use super::{Percentage, Requests};

/// How much worse is worse, and how sure one must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(with = "Wire", rename = "Sensitivity"))]
pub struct Sensitivity {
    false_alarms: Percentage,
    tolerated: f64,
}

impl Sensitivity {
    /// The test fails a cohort that is no worse than tolerated with at most this probability, however often and
    /// however long it is read. Tolerated is an error ratio up to `tolerated` times the control's, at least 1: no two
    /// cohorts of clusters have the very same traffic.
    pub fn new(false_alarms: Percentage, tolerated: f64) -> Result<Self, ComparisonError> {
        if tolerated.is_finite() && tolerated >= 1.0 {
            Ok(Self {
                false_alarms,
                tolerated,
            })
        } else {
            Err(ComparisonError { found: tolerated })
        }
    }

    /// The probability of a false alarm, over the whole time.
    pub fn false_alarms(&self) -> Percentage {
        self.false_alarms
    }

    /// How many times the control's error ratio is tolerated.
    pub fn tolerated(&self) -> f64 {
        self.tolerated
    }
}

/// A tolerated ratio that is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "found a tolerated ratio of {found}, expected 1 or more: how many times the control's error ratio is no alarm"
)]
pub struct ComparisonError {
    /// What was found.
    pub found: f64,
}

/// How a [`Sensitivity`] is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
struct Wire {
    /// The probability of a false alarm over the whole soak.
    false_alarms: Percentage,
    /// How many times the control's error ratio is no alarm.
    tolerated: f64,
}

impl TryFrom<Wire> for Sensitivity {
    type Error = ComparisonError;

    fn try_from(wire: Wire) -> Result<Self, ComparisonError> {
        Self::new(wire.false_alarms, wire.tolerated)
    }
}

impl From<Sensitivity> for Wire {
    fn from(sensitivity: Sensitivity) -> Self {
        Self {
            false_alarms: sensitivity.false_alarms,
            tolerated: sensitivity.tolerated,
        }
    }
}

/// Someone who bets on what was seen before, with a memory of some length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Bettor {
    /// What a block counts for after the next one: 1 for ever, 0.5 half.
    memory: f64,
    upgraded: Requests,
    control: Requests,
    /// The logarithm of the capital.
    capital: f64,
}

impl Bettor {
    fn with_memory(memory: f64) -> Self {
        Self {
            memory,
            upgraded: Requests::default(),
            control: Requests::default(),
            capital: 0.0,
        }
    }

    fn play(&mut self, upgraded: Requests, control: Requests, tolerated: f64) {
        let (bet_upgraded, bet_control) = (estimate(self.upgraded), estimate(self.control));
        // The first block has nothing to bet on. And a bet that the upgraded are no worse is none against it.
        if self.upgraded.total() > 0.0 && bet_upgraded > tolerated * bet_control {
            let fair = closest(
                upgraded.total(),
                control.total(),
                bet_upgraded,
                bet_control,
                tolerated,
            );
            self.capital += gain(upgraded, bet_upgraded, tolerated * fair) + gain(control, bet_control, fair);
        }
        let fade = |seen: Requests| Requests::new(seen.errors() * self.memory, seen.total() * self.memory);
        self.upgraded = fade(self.upgraded) + upgraded;
        self.control = fade(self.control) + control;
    }
}

/// The error ratio to bet on: what was seen, drawn a little towards the half as by Jeffreys' prior, so that it is
/// neither 0 nor 1.
fn estimate(seen: Requests) -> f64 {
    (seen.errors() + 0.5) / (seen.total() + 1.0)
}

/// The logarithm of what a bet on one error ratio returns, with fair odds for another.
fn gain(seen: Requests, bet: f64, fair: f64) -> f64 {
    let successes = seen.total() - seen.errors();
    seen.errors() * (bet / fair).ln() + successes * ((1.0 - bet) / (1.0 - fair)).ln()
}

/// The control's error ratio under which, were the upgraded clusters just as bad as tolerated, a block would look most
/// like the bet: the odds that are fair (the information projection; the smaller root of its quadratic).
fn closest(upgraded: f64, control: f64, bet_upgraded: f64, bet_control: f64, tolerated: f64) -> f64 {
    let errors = upgraded * bet_upgraded + control * bet_control;
    let square = tolerated * (upgraded + control);
    let linear = errors * (1.0 + tolerated)
        + upgraded * (1.0 - bet_upgraded) * tolerated
        + control * (1.0 - bet_control);
    let root = (linear * linear - 4.0 * square * errors).max(0.0).sqrt();
    2.0 * errors / (linear + root)
}

/// The evidence that upgraded clusters err more than those that are not, as a bet against it.
///
/// Each block of requests is a bet with the odds of what was seen before it. Were the upgraded clusters no worse than
/// tolerated, the capital could grow beyond `1 / p` with a probability of at most `p`, at any time whatever (Ville's
/// inequality): so the test may be read after every block and stopped when one likes. The bets are those of Turner,
/// Ly and Grünwald's safe tests for two streams, with the hypothesis widened to the tolerated ratio.
///
/// It assumes that requests fail independently. One outage seen by a thousand clients is a thousand errors to it, so
/// it is a sharp alarm, and the tolerated ratio is not to be set to 1 without reason.
///
/// ```
/// use fleet_upgrade::slo::{Comparison, Requests, Sensitivity};
///
/// let mut comparison = Comparison::new(Sensitivity::new("1%".parse()?, 2.0)?);
/// for _hour in 0..24 {
///     let upgraded = Requests::new(10.0, 10_000.0);
///     let control = Requests::new(9.0, 10_000.0);
///     comparison.observe(upgraded, control);
/// }
/// assert!(!comparison.is_worse());
///
/// for _hour in 0..3 {
///     comparison.observe(Requests::new(60.0, 10_000.0), Requests::new(11.0, 10_000.0));
/// }
/// assert!(comparison.is_worse());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    sensitivity: Sensitivity,
    /// One remembers everything and sees a small difference that lasts; the other forgets and sees a sudden one. Half
    /// of the capital is with each.
    bettors: [Bettor; 2],
    /// The logarithm of the capital at its highest.
    highest: f64,
}

impl Comparison {
    /// A comparison that has seen nothing.
    pub fn new(sensitivity: Sensitivity) -> Self {
        Self {
            sensitivity,
            bettors: [Bettor::with_memory(1.0), Bettor::with_memory(0.5)],
            highest: 0.0,
        }
    }

    /// How it was asked to judge.
    pub fn sensitivity(&self) -> &Sensitivity {
        &self.sensitivity
    }

    /// Takes in a block: what both sides did in the same stretch of time, each stretch once.
    ///
    /// A block without requests on one side says nothing about the difference, and is left out.
    pub fn observe(&mut self, upgraded: Requests, control: Requests) {
        if upgraded.total() <= 0.0 || control.total() <= 0.0 {
            return;
        }
        for bettor in &mut self.bettors {
            bettor.play(upgraded, control, self.sensitivity.tolerated);
        }
        let [one, other] = self.bettors.map(|bettor| bettor.capital);
        // ln((e^one + e^other) / 2), without an overflow on the way.
        let mean = one.max(other) + ((-(one - other).abs()).exp().ln_1p() - std::f64::consts::LN_2);
        self.highest = self.highest.max(mean);
    }

    /// Whether the upgraded clusters are worse than tolerated, with the sensitivity's certainty. Once said, it stays.
    pub fn is_worse(&self) -> bool {
        self.highest >= -self.sensitivity.false_alarms.as_fraction().ln()
    }

    /// The probability of this much evidence, were the upgraded clusters no worse than tolerated: at most this.
    pub fn p_value(&self) -> f64 {
        (-self.highest).exp().min(1.0)
    }

    /// Everything that was counted: of the upgraded clusters, and of the control.
    pub fn requests(&self) -> [Requests; 2] {
        let [all, _] = self.bettors;
        [all.upgraded, all.control]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected_growth(
        upgraded: f64,
        control: f64,
        bets: (f64, f64),
        truth: (f64, f64),
        tolerated: f64,
    ) -> f64 {
        let fair = closest(upgraded, control, bets.0, bets.1, tolerated);
        // E[(bet/fair)^x ((1-bet)/(1-fair))^(n-x)] over a binomial x.
        let side = |n: f64, bet: f64, fair: f64, p: f64| {
            (p * bet / fair + (1.0 - p) * (1.0 - bet) / (1.0 - fair)).powf(n)
        };
        side(upgraded, bets.0, tolerated * fair, truth.0) * side(control, bets.1, fair, truth.1)
    }

    /// The whole guarantee rests on this: on clusters no worse than tolerated no bet has a gain to expect.
    #[test]
    fn no_bet_pays_on_clusters_that_are_no_worse_than_tolerated() {
        for (upgraded, control) in [(1.0, 1.0), (3.0, 50.0), (50.0, 3.0), (400.0, 400.0)] {
            for (bet_upgraded, bet_control) in [(0.5, 0.01), (0.02, 0.001), (0.9, 0.4), (0.999, 0.001)] {
                for tolerated in [1.0, 1.5, 2.0, 5.0] {
                    if bet_upgraded <= tolerated * bet_control {
                        continue;
                    }
                    for step in 1..200 {
                        let control_ratio = f64::from(step) / 200.0;
                        for share in [0.0, 0.3, 0.9, 1.0] {
                            let upgraded_ratio = (tolerated * control_ratio * share).min(1.0);
                            let bets = (bet_upgraded, bet_control);
                            let growth = expected_growth(
                                upgraded,
                                control,
                                bets,
                                (upgraded_ratio, control_ratio),
                                tolerated,
                            );
                            assert!(
                                growth <= 1.0 + 1e-9,
                                "{growth} for {upgraded}/{control} bets {bets:?} truth {upgraded_ratio}/{control_ratio}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_tolerated_ratio_below_one_is_refused() {
        let sure: Percentage = "1%".parse().unwrap();
        for wrong in [0.99, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Sensitivity::new(sure, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn blocks_without_requests_change_nothing() {
        let mut comparison = Comparison::new(Sensitivity::new("1%".parse().unwrap(), 2.0).unwrap());
        let fresh = comparison.clone();
        comparison.observe(Requests::default(), Requests::new(1.0, 10.0));
        comparison.observe(Requests::new(10.0, 10.0), Requests::default());
        assert_eq!(comparison, fresh);
    }
}
