//! The built-in APIs: when each was introduced, deprecated and removed, and what replaces it.

use std::sync::LazyLock;

use fleet_core::MinorVersion;

/// One built-in kind in one API version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifecycle {
    /// `group/version`, or the version alone for the core group.
    pub api_version: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version in the group: `v1beta1`.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The resource's plural, as it stands in URLs; `None` for kinds of configuration files.
    pub plural: Option<&'static str>,
    /// What sort of kind it is.
    pub class: Class,
    /// Whether objects live in a namespace; `None` where there are no objects to live anywhere.
    pub namespaced: Option<bool>,
    /// The release that first had it.
    pub introduced: Option<MinorVersion>,
    /// The release from which the API server warns about it.
    pub deprecated: Option<MinorVersion>,
    /// The first release that does not serve it.
    pub removed: Option<MinorVersion>,
    /// Whether the removal is announced, not yet done in the newest release known here.
    pub removal_planned: bool,
    /// What upstream says takes its place.
    pub replacement: Option<Replacement>,
    /// What takes the replacement's place in the end, where that is another one.
    pub final_replacement: Option<Replacement>,
    /// Whether an API server serves it unless told otherwise. Alphas, and betas new since 1.24, are off.
    pub served_by_default: bool,
}

/// What takes the place of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replacement {
    /// `group/version`, or the version alone for the core group.
    pub api_version: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version in the group.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The first release that serves it.
    pub since: Option<MinorVersion>,
}

/// What sort of kind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// Objects of their own.
    Resource,
    /// The kind of a subresource: Scale, Eviction.
    Subresource,
    /// A list of a resource.
    List,
    /// Only seen in requests: `AdmissionReview`.
    Wire,
    /// A component's configuration file: `KubeletConfiguration`.
    Config,
}

/// How an API stands at a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It comes later.
    NotYet,
    /// Served, and nothing is known against it.
    Served,
    /// There, but an API server serves it only when told to.
    OffByDefault,
    /// Served with a warning.
    Deprecated,
    /// Not served.
    Removed,
}

impl Lifecycle {
    /// How the API stands at a release.
    pub fn state(&self, at: MinorVersion) -> State {
        if self.removed.is_some_and(|removed| at >= removed) {
            State::Removed
        } else if self.deprecated.is_some_and(|deprecated| at >= deprecated) {
            State::Deprecated
        } else if self.introduced.is_some_and(|introduced| at < introduced) {
            State::NotYet
        } else if self.served_by_default {
            State::Served
        } else {
            State::OffByDefault
        }
    }

    /// What to move to for a cluster of this release: the announced replacement, or, when that is gone itself by then, the
    /// one that took its place.
    pub fn replacement_at(&self, at: MinorVersion) -> Option<Replacement> {
        let announced = self.replacement?;
        let gone = find(announced.group, announced.version, announced.kind)
            .is_some_and(|api| api.state(at) == State::Removed);
        if gone {
            Some(self.final_replacement.unwrap_or(announced))
        } else {
            Some(announced)
        }
    }
}

impl std::fmt::Display for Replacement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.api_version, self.kind)
    }
}

/// The newest Kubernetes release that the table knows.
pub const NEWEST: MinorVersion = MinorVersion::new(1, 37);

/// The built-in API of this name.
///
/// ```
/// use fleet_preflight::lifecycle;
///
/// let ingress = lifecycle::find("extensions", "v1beta1", "Ingress").ok_or("no such API")?;
/// assert_eq!(ingress.removed, Some("1.22".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn find(group: &str, version: &str, kind: &str) -> Option<&'static Lifecycle> {
    let table: &'static [Lifecycle] = &TABLE;
    table
        .binary_search_by(|api| (api.group, api.version, api.kind).cmp(&(group, version, kind)))
        .ok()
        .and_then(|index| table.get(index))
}

/// The built-in API that an `apiVersion` and a `kind` name.
pub fn find_object(api_version: &str, kind: &str) -> Option<&'static Lifecycle> {
    let (group, version) = split(api_version);
    find(group, version, kind)
}

/// The resource (not its subresources or lists) of this group, version and plural.
pub fn find_resource(group: &str, version: &str, plural: &str) -> Option<&'static Lifecycle> {
    TABLE.iter().find(|api| {
        api.class == Class::Resource
            && api.group == group
            && api.version == version
            && api.plural == Some(plural)
    })
}

/// Every built-in API, sorted by group, version and kind.
pub fn all() -> impl Iterator<Item = &'static Lifecycle> {
    TABLE.iter()
}

/// Group and version of an `apiVersion`.
pub(crate) fn split(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

static TABLE: LazyLock<Vec<Lifecycle>> = LazyLock::new(|| {
    let mut table: Vec<Lifecycle> = include_str!("../data/lifecycle.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(parse)
        .collect();
    table.sort_by_key(|api| (api.group, api.version, api.kind));
    table
});

fn parse(line: &'static str) -> Option<Lifecycle> {
    let mut columns = line.split(' ').map(|column| (column != "-").then_some(column));
    let mut next = || columns.next().flatten();
    let minor = |text: Option<&str>| text.and_then(|text| text.parse().ok());
    let api_version = next()?;
    let (group, version) = split(api_version);
    Some(Lifecycle {
        api_version,
        group,
        version,
        kind: next()?,
        plural: next(),
        class: match next()? {
            "s" => Class::Subresource,
            "l" => Class::List,
            "w" => Class::Wire,
            "c" => Class::Config,
            _ => Class::Resource,
        },
        namespaced: next().map(|scope| scope == "n"),
        introduced: minor(next()),
        deprecated: minor(next()),
        removed: minor(next()),
        removal_planned: next().is_some(),
        replacement: reference(next(), minor(next())),
        final_replacement: reference(next(), minor(next())),
        served_by_default: next().is_none(),
    })
}

fn reference(text: Option<&'static str>, since: Option<MinorVersion>) -> Option<Replacement> {
    let (api_version, kind) = text?.rsplit_once('/')?;
    let (group, version) = split(api_version);
    Some(Replacement {
        api_version,
        group,
        version,
        kind,
        since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = include_str!("../data/lifecycle.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count();
        assert_eq!(TABLE.len(), lines);
        assert!(lines > 500, "{lines}");
        let newest = TABLE
            .iter()
            .filter(|api| !api.removal_planned)
            .filter_map(|api| api.removed)
            .max();
        assert_eq!(newest, Some(NEWEST));
    }

    #[test]
    fn a_replacement_that_is_gone_itself_gives_way_to_the_final_one() {
        let old = find("flowcontrol.apiserver.k8s.io", "v1beta1", "FlowSchema").unwrap();
        let at = |minor| old.replacement_at(MinorVersion::new(1, minor)).unwrap().version;
        assert_eq!((at(26), at(31), at(32)), ("v1beta3", "v1beta3", "v1"));
    }

    #[test]
    fn states_follow_the_releases() {
        let cron = find_object("batch/v1beta1", "CronJob").unwrap();
        let at = |minor| cron.state(MinorVersion::new(1, minor));
        assert_eq!(
            (at(7), at(20), at(21), at(25)),
            (State::NotYet, State::Served, State::Deprecated, State::Removed)
        );
        let alpha = find("resource.k8s.io", "v1alpha3", "DeviceTaintRule").unwrap();
        assert_eq!(alpha.state(MinorVersion::new(1, 34)), State::OffByDefault);
    }
}
