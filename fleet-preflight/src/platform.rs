//! The lives of platform components' API versions, in a table that users extend in YAML.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleet_core::MinorVersion;
use fleet_core::yaml::{self, DecodeError, YamlError};
use serde::Deserialize;

/// Which versions of which custom resources a component deprecates and removes, by the component's releases.
///
/// ```
/// use fleet_preflight::PlatformTable;
///
/// let table = PlatformTable::read(
///     "- component: shop-operator\n  groups: [shop.example.com]\n  versions: [v1alpha1]\n  removed: '2.0'\n  \
///      replacement: v1\n",
/// )?;
/// assert_eq!(table.entries().count(), 1 + PlatformTable::built_in().entries().count());
/// # Ok::<(), fleet_preflight::PlatformError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PlatformTable {
    entries: Arc<[PlatformApi]>,
    /// Entries by group.
    groups: Arc<BTreeMap<String, Vec<usize>>>,
}

/// Some API versions of a component.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct PlatformApi {
    /// The component, by the name that its target version is given for.
    pub component: String,
    /// The API groups.
    pub groups: Vec<String>,
    /// The kinds; none means every kind of the groups.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The versions; none means every version.
    #[serde(default)]
    pub versions: Vec<String>,
    /// The component's release that deprecated them.
    #[serde(default)]
    pub deprecated: Option<MinorVersion>,
    /// The first release whose definitions do not serve them unless told to.
    #[serde(default)]
    pub not_served: Option<MinorVersion>,
    /// The first release without them.
    #[serde(default)]
    pub removed: Option<MinorVersion>,
    /// Whether the end is announced and not released yet.
    #[serde(default)]
    pub planned: bool,
    /// What takes their place: a version of the same group, or something else in words.
    #[serde(default)]
    pub replacement: Option<String>,
    /// Whether `status.storedVersions` must be cleaned before the component is upgraded.
    #[serde(default)]
    pub stored_versions: bool,
    /// What else goes with it.
    #[serde(default)]
    pub note: Option<String>,
    /// Where it says so.
    #[serde(default)]
    pub source: Option<String>,
}

impl PlatformApi {
    /// The first release that does not serve it.
    pub fn end(&self) -> Option<MinorVersion> {
        [self.not_served, self.removed].into_iter().flatten().min()
    }

    fn covers(&self, version: &str, kind: &str) -> bool {
        let any = |list: &[String], one: &str| list.is_empty() || list.iter().any(|item| item == one);
        any(&self.versions, version) && any(&self.kinds, kind)
    }
}

/// A table of platform APIs that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlatformError {
    /// It is not YAML.
    #[error("the table of platform APIs cannot be read")]
    Yaml(#[from] YamlError),
    /// An entry is not what it should be.
    #[error("the table of platform APIs does not fit, at line {}", .0.position().line)]
    Entry(#[from] DecodeError),
}

impl PlatformTable {
    /// The table that comes with this crate.
    pub fn built_in() -> Self {
        // The text is a part of this crate, and a test reads it.
        Self::of(built_in_entries())
    }

    /// The built-in table with entries of your own, which come first.
    pub fn read(text: &str) -> Result<Self, PlatformError> {
        let mut entries = parse(text)?;
        entries.extend(built_in_entries());
        Ok(Self::of(entries))
    }

    /// The entries, yours first.
    pub fn entries(&self) -> impl Iterator<Item = &PlatformApi> {
        self.entries.iter()
    }

    /// The entry for a kind in an API version.
    pub fn find(&self, group: &str, version: &str, kind: &str) -> Option<&PlatformApi> {
        self.groups
            .get(group)?
            .iter()
            .filter_map(|index| self.entries.get(*index))
            .find(|entry| entry.covers(version, kind))
    }

    fn of(entries: Vec<PlatformApi>) -> Self {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for group in &entry.groups {
                groups.entry(group.clone()).or_default().push(index);
            }
        }
        Self {
            entries: entries.into(),
            groups: Arc::new(groups),
        }
    }
}

impl Default for PlatformTable {
    fn default() -> Self {
        Self::built_in()
    }
}

fn built_in_entries() -> Vec<PlatformApi> {
    parse(include_str!("../data/platform.yaml")).unwrap_or_default()
}

fn parse(text: &str) -> Result<Vec<PlatformApi>, PlatformError> {
    let mut entries = Vec::new();
    for document in yaml::documents(text)? {
        entries.extend(document.decode::<Vec<PlatformApi>>()?);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_read_and_has_sources() {
        let entries = parse(include_str!("../data/platform.yaml")).unwrap();
        assert!(entries.len() >= 12, "{}", entries.len());
        for entry in &entries {
            assert!(
                entry
                    .source
                    .as_ref()
                    .is_some_and(|source| source.starts_with("https://")),
                "{entry:?}"
            );
            assert!(entry.deprecated.is_some() || entry.end().is_some(), "{entry:?}");
        }
    }

    #[test]
    fn your_entries_come_first() {
        let table = PlatformTable::read(
            "- component: mine\n  groups: [cert-manager.io]\n  versions: [v1beta1]\n  removed: '9.0'\n",
        )
        .unwrap();
        assert_eq!(
            table
                .find("cert-manager.io", "v1beta1", "Issuer")
                .unwrap()
                .component,
            "mine"
        );
        assert_eq!(
            table
                .find("cert-manager.io", "v1alpha2", "Issuer")
                .unwrap()
                .component,
            "cert-manager"
        );
        assert!(table.find("cert-manager.io", "v1", "Issuer").is_none());
        assert!(PlatformTable::read("- component: x\n  group: [a]\n").is_err());
    }
}
