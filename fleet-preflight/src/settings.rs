//! The flags and feature gates of Kubernetes' components that were deprecated, removed or locked.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleet_core::MinorVersion;

/// The life of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlagLife {
    /// The release that deprecated it.
    pub deprecated: Option<MinorVersion>,
    /// The first release without it.
    pub removed: Option<MinorVersion>,
}

/// The life of a feature gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateLife {
    /// The first release without it.
    pub removed: Option<MinorVersion>,
    /// The release from which it can only have this value.
    pub locked: Option<(MinorVersion, bool)>,
}

/// What became of a component's flag (without its dashes), Kubernetes 1.20 to 1.37; `None` when nothing did.
///
/// ```
/// use fleet_preflight::settings;
///
/// let life = settings::flag("kubelet", "container-runtime").ok_or("still there")?;
/// assert_eq!(life.removed, Some("1.27".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn flag(component: &str, flag: &str) -> Option<FlagLife> {
    FLAGS.get(&(component, flag)).copied()
}

/// What became of a feature gate, Kubernetes 1.20 to 1.37; `None` when nothing did.
pub fn gate(name: &str) -> Option<GateLife> {
    GATES.get(name).copied()
}

static FLAGS: LazyLock<BTreeMap<(&str, &str), FlagLife>> = LazyLock::new(|| {
    rows(include_str!("../data/flags.txt"))
        .map(|[component, flag, _, deprecated, removed]| {
            let life = FlagLife {
                deprecated: deprecated.parse().ok(),
                removed: removed.parse().ok(),
            };
            ((component, flag), life)
        })
        .collect()
});

static GATES: LazyLock<BTreeMap<&str, GateLife>> = LazyLock::new(|| {
    rows(include_str!("../data/gates.txt"))
        .map(|[name, _, removed, since, to]| {
            let life = GateLife {
                removed: removed.parse().ok(),
                locked: since.parse().ok().zip(to.parse().ok()),
            };
            (name, life)
        })
        .collect()
});

fn rows(text: &'static str) -> impl Iterator<Item = [&'static str; 5]> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(' ').collect::<Vec<_>>().try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let count = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(FLAGS.len(), count(include_str!("../data/flags.txt")));
        assert_eq!(GATES.len(), count(include_str!("../data/gates.txt")));
        assert!(
            FLAGS
                .values()
                .all(|life| life.removed.is_some() || life.deprecated.is_some())
        );
        assert!(
            GATES
                .values()
                .all(|life| life.removed.is_some() || life.locked.is_some())
        );
    }

    #[test]
    fn a_locked_gate_says_to_what() {
        let life = gate("AllowOverwriteTerminationGracePeriodSeconds").unwrap();
        assert_eq!(life.locked, Some((MinorVersion::new(1, 35), false)));
        assert_eq!(flag("kube-apiserver", "secure-port"), None);
    }
}
