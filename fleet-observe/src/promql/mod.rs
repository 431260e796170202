//! PromQL as a value: what is built is well-formed, and is written in one way.
//!
//! ```
//! use fleet_observe::promql::{metric, sum};
//!
//! let rate = sum(metric("http_requests_total")?.over("5m".parse()?).rate()).by_after(["cluster", "service"])?;
//! assert_eq!(rate.to_string(), "sum(rate(http_requests_total[5m])) by (cluster, service)");
//!
//! let not_ready = metric("kube_node_status_condition")?.with("condition", "Ready")?.with("status", "true")?;
//! assert_eq!(not_ready.expr().eq(0.0).to_string(), "kube_node_status_condition{condition='Ready', status='true'} == 0");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why a builder of our own
//!
//! The parser that there is for Rust brings a second library of times, which this workspace does not admit, and it is not the parser that
//! counts: what a query means is decided by Prometheus. So everything that this crate emits is parsed by the real one in CI (`promtool check
//! rules`), and answered by a real Prometheus with written series; what people write themselves is kept as it is ([`Expr::raw`]) and goes the
//! same way.

mod expr;
mod selector;

pub use expr::{Comparison, Expr, avg, count, max, min, sum};
pub use selector::{Matcher, PromDuration, Range, Vector, metric};

/// A name that PromQL does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PromqlError {
    /// No metric.
    #[error("`{found}` is no name of a metric; expected letters, digits, `_` and `:`, and no digit first")]
    Metric {
        /// The name.
        found: String,
    },
    /// No label.
    #[error("`{found}` is no name of a label; expected letters, digits and `_`, and no digit first")]
    Label {
        /// The name.
        found: String,
    },
    /// No duration.
    #[error(
        "`{found}` is no duration; expected whole numbers with y, w, d, h, m, s or ms, the longest first, such as `1h30m`"
    )]
    Duration {
        /// The text.
        found: String,
    },
}

pub(crate) fn is_metric(name: &str) -> bool {
    is_name(name, |c| c == '_' || c == ':')
}

pub(crate) fn is_label(name: &str) -> bool {
    is_name(name, |c| c == '_')
}

fn is_name(name: &str, also: impl Fn(char) -> bool) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || also(c);
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// Labels of a grouping, checked.
pub(crate) fn labels(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Vec<String>, PromqlError> {
    names
        .into_iter()
        .map(Into::into)
        .map(|name: String| {
            if is_label(&name) {
                Ok(name)
            } else {
                Err(PromqlError::Label { found: name })
            }
        })
        .collect()
}
