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
#[serde(deny_unknown_fields)]
struct Entry {
    component: String,
    /// The ends of image names without tag.
    images: Vec<String>,
    source: String,
    releases: Vec<Release>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(rename = "release")]
    version: MinorVersion,
    from: MinorVersion,
    to: MinorVersion,
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
        let found = subject.components.entries.iter().find_map(|entry| {
            let ends = |image: &String| {
                name.strip_suffix(image.as_str())
                    .is_some_and(|before| before.is_empty() || before.ends_with('/'))
            };
            entry.images.iter().any(ends).then(|| {
                let release = entry.releases.iter().find(|release| release.version == version);
                release.map(|release| (entry, release))
            })?
        });
        let Some((entry, release)) = found else { continue };
        let target = subject.question.target;
        if target < release.from || target > release.to {
            let message = format!(
                "{} {version} is listed for Kubernetes {} to {}, not for {target} ({})",
                entry.component, release.from, release.to, entry.source
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
        assert!(entries.len() >= 4);
        for entry in entries {
            assert!(entry.source.starts_with("https://") && !entry.images.is_empty());
            assert!(
                entry.releases.iter().all(|release| release.from < release.to),
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
