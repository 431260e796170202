//! What an expansion may take: bounds that a stranger's ApplicationSet cannot leave.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use fleet_core::yaml::FieldPath;

use super::error::ExpandError;
use super::text::TextFault;

/// What an expansion may take, so that an untrusted ApplicationSet can neither hang nor exhaust memory.
///
/// Argo CD has no such bounds; what goes beyond them is refused with an error that says which
/// ([`ExpandError::Bound`](super::ExpandError::Bound)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// What one text may take each time it is rendered. Go's language only.
    pub template: fleet_gotemplate::Limits,
    /// Steps of all texts together. Default 2,000 million, some tens of seconds.
    pub steps: u64,
    /// Bytes that all texts together may render to. Default 1 GiB.
    pub output: usize,
    /// Sets of parameters, and so Applications, that any one generator may give. Default one million.
    pub sets: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            template: fleet_gotemplate::Limits::default(),
            steps: 2_000_000_000,
            output: 1 << 30,
            sets: 1_000_000,
        }
    }
}

/// Counts what an expansion takes. Workers share it, so the sum is the same however the work is split.
#[derive(Debug)]
pub(crate) struct Meter {
    bounds: Bounds,
    steps: AtomicU64,
    output: AtomicUsize,
}

impl Meter {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            steps: AtomicU64::new(0),
            output: AtomicUsize::new(0),
        }
    }

    /// The bounds of one text.
    pub(crate) fn limits(&self) -> fleet_gotemplate::Limits {
        self.bounds.template
    }

    pub(crate) fn count_steps(&self, steps: u64) -> Result<(), TextFault> {
        let before = self.steps.fetch_add(steps, Ordering::Relaxed);
        if before.saturating_add(steps) > self.bounds.steps {
            return Err(TextFault::Refused(format!(
                "the expansion exceeds the bound of {} steps for all templates together",
                self.bounds.steps
            )));
        }
        Ok(())
    }

    pub(crate) fn count_output(&self, bytes: usize) -> Result<(), TextFault> {
        let before = self.output.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.bounds.output {
            return Err(TextFault::Refused(format!(
                "the expansion exceeds the bound of {} bytes for all rendered texts together",
                self.bounds.output
            )));
        }
        Ok(())
    }

    /// Whether a generator may give this many sets of parameters.
    pub(crate) fn check_sets(&self, count: usize, path: &FieldPath) -> Result<(), ExpandError> {
        if count > self.bounds.sets {
            return Err(ExpandError::Bound {
                path: path.clone(),
                message: format!(
                    "the generator gives at least {count} sets of parameters, which exceeds the bound of {}",
                    self.bounds.sets
                ),
            });
        }
        Ok(())
    }
}
