//! Any text as a template in Go's language: as a name, a key, a value of Helm, and a patch. No panic, and the same answer twice.

#![no_main]

use fleet_argocd::{ApplicationSet, Snapshot, expand};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let set = ApplicationSet::read(json!({
        "metadata": {"name": "fuzz", "namespace": "argocd"},
        "spec": {
            "goTemplate": true,
            "generators": [{"list": {"elements": [{"a": "x", "n": 1000000, "l": [1, null, "y"], "m": {"k": "v", "t": true}}]}}],
            "template": {
                "metadata": {"name": text, "labels": {text: text}},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": "r", "helm": {"valuesObject": {"v": text}}},
                    "destination": {"name": "in-cluster"},
                },
            },
            "templatePatch": text,
        },
    }));
    let Ok(set) = set else { return };
    let snapshot = Snapshot::empty();
    assert_eq!(expand(&set, &snapshot), expand(&set, &snapshot));
});
