//! Manifests in strings of other objects: `ConfigMap`s that something applies, patches of kustomizations.

use serde_json::Value;

use super::At;
use fleet_core::yaml::FieldPath;

/// The largest string that is looked into.
const MAX: usize = 1 << 20;

/// Strings that hold manifests, with the way to each.
pub(crate) fn manifests<'v>(group: &str, kind: &str, value: &'v Value) -> Vec<(FieldPath, &'v str)> {
    let root = At {
        value,
        path: FieldPath::root(),
    };
    let mut found = Vec::new();
    let mut take = |at: &At<'v>| {
        if let Some(text) = at.str()
            && text.len() <= MAX
            && text.contains("apiVersion")
            && text.contains("kind")
        {
            found.push((at.path.clone(), text));
        }
    };
    match (group, kind) {
        ("", "ConfigMap") => root
            .field("data")
            .iter()
            .flat_map(At::entries)
            .for_each(|(_, at)| take(&at)),
        ("", "Secret") => root
            .field("stringData")
            .iter()
            .flat_map(At::entries)
            .for_each(|(_, at)| take(&at)),
        ("kustomize.config.k8s.io", "Kustomization" | "Component") => {
            for field in ["patches", "patchesStrategicMerge"] {
                for item in root.field(field).iter().flat_map(At::items) {
                    take(&item);
                    if let Some(patch) = item.field("patch") {
                        take(&patch);
                    }
                }
            }
        }
        _ => {}
    }
    found
}
