//! How many replicas each set of a deployment should have now: the arithmetic of a rolling update.

use serde_json::Value;

/// One set of machines, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SetSize {
    /// `spec.replicas`.
    pub(super) wanted: i64,
    /// Machines that exist, those being deleted included.
    pub(super) actual: i64,
    /// Machines that are available.
    pub(super) available: i64,
}

impl SetSize {
    /// Machines that exist or are about to.
    fn occupied(self) -> i64 {
        self.wanted.max(self.actual)
    }

    /// Available machines that stay if nothing is scaled further.
    fn staying(self) -> i64 {
        self.wanted.min(self.available)
    }
}

/// The bounds of a rollout, in machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) desired: i64,
    pub(super) max_surge: i64,
    pub(super) max_unavailable: i64,
}

impl Bounds {
    /// Percentages count from `desired`: surge is rounded up, unavailability down; both zero would never move,
    /// so then one machine may be unavailable.
    pub(super) fn new(desired: i64, max_surge: &Value, max_unavailable: &Value) -> Self {
        let surge = scaled(max_surge, desired, true).unwrap_or(1);
        let unavailable = scaled(max_unavailable, desired, false).unwrap_or(0);
        let unavailable = if surge == 0 && unavailable == 0 {
            1
        } else {
            unavailable
        };
        Self {
            desired,
            max_surge: surge,
            max_unavailable: unavailable.min(desired),
        }
    }
}

fn scaled(value: &Value, of: i64, up: bool) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number.max(0));
    }
    let text = value.as_str()?;
    match text.strip_suffix('%') {
        None => text.parse::<i64>().ok().map(|number| number.max(0)),
        Some(percent) => {
            let product = percent.parse::<i64>().ok()?.max(0).saturating_mul(of);
            Some(if up {
                product.saturating_add(99) / 100
            } else {
                product / 100
            })
        }
    }
}

/// The replicas the new set should have now; `old` are the sizes of the others.
pub(super) fn grow_new(bounds: Bounds, new: SetSize, old: &[SetSize]) -> i64 {
    if new.wanted >= bounds.desired {
        return bounds.desired;
    }
    let total = new.occupied() + old.iter().map(|set| set.occupied()).sum::<i64>();
    let room = bounds.desired + bounds.max_surge - total;
    new.wanted + room.clamp(0, bounds.desired - new.wanted)
}

/// The replicas the old sets should have now, oldest first as given: unavailable machines go first because they
/// cost nothing, then available ones down to the least that must stay.
pub(super) fn shrink_old(bounds: Bounds, new: SetSize, old: &[SetSize]) -> Vec<i64> {
    let mut targets: Vec<i64> = old.iter().map(|set| set.wanted).collect();
    let least = bounds.desired - bounds.max_unavailable;
    let wanted = new.wanted + targets.iter().sum::<i64>();
    let mut room = wanted - least - (new.wanted - new.staying());
    for (target, set) in targets.iter_mut().zip(old) {
        let idle = (*target - set.staying()).clamp(0, room.max(0));
        *target -= idle;
        room -= idle;
    }
    let available = new.staying() + old.iter().map(|set| set.staying()).sum::<i64>();
    let mut spare = (available - least).max(0);
    for (target, set) in targets.iter_mut().zip(old) {
        // What is left above the available machines could not go above, and must not go in their place.
        let take = spare.min(set.staying()).min(*target);
        *target -= take;
        spare -= take;
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn percentages_round_surge_up_and_unavailability_down() {
        let bounds = Bounds::new(5, &json!("25%"), &json!("25%"));
        assert_eq!((bounds.max_surge, bounds.max_unavailable), (2, 1));
        let defaults = Bounds::new(5, &Value::Null, &Value::Null);
        assert_eq!((defaults.max_surge, defaults.max_unavailable), (1, 0));
        assert_eq!(Bounds::new(5, &json!(0), &json!(0)).max_unavailable, 1);
    }

    #[test]
    fn a_machine_that_never_comes_up_costs_no_old_one() {
        let bounds = Bounds::new(3, &json!(1), &json!(0));
        let stuck = SetSize {
            wanted: 1,
            actual: 1,
            available: 0,
        };
        let old = [SetSize {
            wanted: 3,
            actual: 3,
            available: 3,
        }];
        assert_eq!(grow_new(bounds, stuck, &old), 1);
        assert_eq!(shrink_old(bounds, stuck, &old), [3]);
    }

    fn set() -> impl Strategy<Value = SetSize> {
        (0..8_i64, 0..8_i64).prop_map(|(actual, available)| SetSize {
            wanted: actual,
            actual,
            available: available.min(actual),
        })
    }

    proptest! {
        #[test]
        fn bounds_hold_after_every_decision(
            desired in 0..8_i64, surge in 0..4_i64, unavailable in 0..4_i64,
            new in set(), old in prop::collection::vec(set(), 0..3),
        ) {
            let bounds = Bounds::new(desired, &json!(surge), &json!(unavailable));
            let total: i64 = new.actual + old.iter().map(|s| s.actual).sum::<i64>();
            let grown = grow_new(bounds, new, &old) - new.wanted;
            prop_assert!(total + grown.max(0) <= total.max(desired + bounds.max_surge));

            let targets = shrink_old(bounds, new, &old);
            let available: i64 = new.available + old.iter().map(|s| s.available).sum::<i64>();
            // A set that shrinks removes machines that are not available first.
            let left: i64 = new.available
                + old.iter().zip(&targets).map(|(s, target)| s.available.min(*target)).sum::<i64>();
            prop_assert!(left >= available.min(desired - bounds.max_unavailable));
            prop_assert!(targets.iter().zip(&old).all(|(target, s)| *target >= 0 && *target <= s.wanted));
        }

        #[test]
        fn a_rollout_of_healthy_machines_always_ends(
            desired in 0..8_i64, surge in 0..4_i64, unavailable in 0..4_i64, old in 0..8_i64,
        ) {
            let bounds = Bounds::new(desired, &json!(surge), &json!(unavailable));
            let (mut new, mut before) = (0, old);
            for _ in 0..64 {
                let size = |n| SetSize { wanted: n, actual: n, available: n };
                new = grow_new(bounds, size(new), &[size(before)]);
                before = shrink_old(bounds, size(new), &[size(before)])[0];
            }
            prop_assert_eq!((new, before), (desired, 0));
        }
    }
}
