//! What the kinds of the models look like where people write them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleet_core::yaml::{FieldPath, Shape};

/// The shape of a kind; `None` for a kind without a model. All are made once, from the CRDs of the models.
pub(super) fn shape_of(api_version: &str, kind: &str) -> Option<&'static Shape> {
    static SHAPES: LazyLock<BTreeMap<(String, String), Shape>> = LazyLock::new(shapes);
    SHAPES.get(&(api_version.to_owned(), kind.to_owned()))
}

fn shapes() -> BTreeMap<(String, String), Shape> {
    let mut shapes = BTreeMap::new();
    for crd in crate::crds() {
        for version in &crd.spec.versions {
            let schema = version
                .schema
                .as_ref()
                .and_then(|it| it.open_api_v3_schema.as_ref());
            let schema = schema
                .and_then(|schema| serde_json::to_value(schema).ok())
                .unwrap_or_default();
            let api_version = format!("{}/{}", crd.spec.group, version.name);
            shapes.insert(
                (api_version, crd.spec.names.kind.clone()),
                Shape::of_kind(&schema),
            );
        }
    }
    shapes
}

/// Whether a part of a document may hold secrets: bootstrap configuration has tokens and the contents of files.
pub(super) fn may_be_secret(kind: &str, path: &FieldPath) -> bool {
    kind.starts_with("KubeadmConfig") || path.to_string().contains("kubeadmConfigSpec")
}
