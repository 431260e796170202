//! Whether the releases of platform components that run here were tested with the target version.

use std::sync::{Arc, LazyLock};

use fleet_core::MinorVersion;
use fleet_core::yaml;
use serde::Deserialize;

use super::{At, Subject};
use crate::finding::Finding;
use crate::rules;

/// What components say about the Kubernetes versions that their releases work with.
#[derive(Debug, Clone)]
pub(crate) struct ComponentTable {
    entries: Arc<[Entry]>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    component: String,
    /// The ends of image names without tag.
    images: Vec<String>,
    source: String,
    #[serde(default)]
    releases: Vec<Release>,
    /// Whether its minor version is that of the Kubernetes it is made for.
    #[serde(default)]
    follows_kubernetes: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(rename = "release")]
    version: MinorVersion,
    from: MinorVersion,
    /// The newest version; `None` where the component names none.
    #[serde(default)]
    to: Option<MinorVersion>,
}

impl Entry {
    /// What the component says about a release of it: the Kubernetes versions from and to; `None` when it says nothing.
    fn range(&self, release: MinorVersion) -> Option<(MinorVersion, Option<MinorVersion>)> {
        if self.follows_kubernetes {
            return Some((release, Some(release)));
        }
        let listed = self.releases.iter().find(|listed| listed.version == release)?;
        Some((listed.from, listed.to))
    }
}

static BUILT_IN: LazyLock<ComponentTable> = LazyLock::new(|| ComponentTable {
    // The text is a part of this crate, and a test reads it.
    entries: parse(include_str!("../../data/components.yaml"))
        .unwrap_or_default()
        .into(),
});

fn parse(text: &str) -> Result<Vec<Entry>, Box<dyn std::error::Error>> {
    let mut entries = Vec::new();
    for document in yaml::documents(text)? {
        entries.extend(document.decode::<Vec<Entry>>()?);
    }
    Ok(entries)
}

impl ComponentTable {
    pub(crate) fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// What the images of the components end with.
    pub(crate) fn images(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .flat_map(|entry| entry.images.iter().map(String::as_str))
    }
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if !matches!(subject.kind, "Deployment" | "DaemonSet" | "StatefulSet" | "Pod") {
        return;
    }
    let root = subject.root();
    let spec = if subject.kind == "Pod" {
        root.field("spec")
    } else {
        root.fields(&["spec", "template", "spec"])
    };
    let containers = spec.and_then(|spec| spec.field("containers"));
    for container in containers.iter().flat_map(At::items) {
        let Some(image) = container.field("image") else {
            continue;
        };
        let Some((name, version)) = image.str().and_then(split) else {
            continue;
        };
        let ends = |image: &String| {
            name.strip_suffix(image.as_str())
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let entry = subject
            .components
            .entries
            .iter()
            .find(|entry| entry.images.iter().any(ends));
        let Some((entry, (from, to))) = entry.and_then(|entry| Some((entry, entry.range(version)?))) else {
            continue;
        };
        let target = subject.question.target;
        if target < from || to.is_some_and(|to| target > to) {
            let range = match to {
                Some(to) if to == from => from.to_string(),
                Some(to) => format!("{from} to {to}"),
                None => format!("{from} and newer"),
            };
            let message = format!(
                "{} {version} is listed for Kubernetes {range}, not for {target} ({})",
                entry.component, entry.source
            );
            findings.push(subject.finding(&rules::COMPONENT_INCOMPATIBLE, &image, message));
        }
    }
}

/// The name of an image, and the minor version that its tag names: `quay.io/x/y:v1.18.2@sha256:…`.
fn split(image: &str) -> Option<(&str, MinorVersion)> {
    let (image, _) = image.split_once('@').unwrap_or((image, ""));
    let (name, tag) = image.rsplit_once(':')?;
    let mut parts = tag.strip_prefix('v').unwrap_or(tag).split(['.', '-', '+']);
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?.parse().ok()?;
    Some((name, MinorVersion::new(major, minor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_in_order() {
        let entries = parse(include_str!("../../data/components.yaml")).unwrap();
        assert!(entries.len() >= 12, "{}", entries.len());
        for entry in entries {
            assert!(entry.source.starts_with("https://") && !entry.images.is_empty());
            assert_ne!(entry.follows_kubernetes, !entry.releases.is_empty(), "{entry:?}");
            assert!(
                entry
                    .releases
                    .iter()
                    .all(|release| release.to.is_none_or(|to| release.from < to)),
                "{entry:?}"
            );
            assert!(
                entry.releases.is_sorted_by_key(|release| release.version),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn images_are_split() {
        let version = MinorVersion::new(1, 18);
        assert_eq!(
            split("quay.io:443/a/b:v1.18.2-x@sha256:00"),
            Some(("quay.io:443/a/b", version))
        );
        assert_eq!(split("quay.io:443/a/b"), None);
        assert_eq!(split("a:latest"), None);
    }
}
