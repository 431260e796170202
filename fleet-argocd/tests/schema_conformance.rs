//! Every kind beside upstream's `CustomResourceDefinition`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crd_conformance;

use crd_conformance::{Kind, assert_covered, assert_values_survive, rewrite};
use fleet_argocd::{AppProject, Application, ApplicationSet, crds};

const KINDS: &[Kind] = &[
    Kind {
        name: "Application",
        rewrite: rewrite::<Application>,
    },
    Kind {
        name: "ApplicationSet",
        rewrite: rewrite::<ApplicationSet>,
    },
    Kind {
        name: "AppProject",
        rewrite: rewrite::<AppProject>,
    },
];

#[test]
fn every_upstream_property_is_modelled_with_its_type() {
    assert_covered(&crds(), "argocd", KINDS);
}

#[test]
fn every_value_of_the_upstream_schema_survives() {
    assert_values_survive("argocd", KINDS);
}

#[test]
fn no_schema_refers_to_another() {
    for crd in crds() {
        let text = serde_json::to_string(&crd).unwrap();
        assert!(!text.contains("\"$ref\":"), "{}", crd.spec.names.kind);
        if let Some(at) = text.find("\"nullable\":") {
            panic!(
                "{}: ...{}...",
                crd.spec.names.kind,
                &text[at.saturating_sub(300)..at + 20]
            );
        }
    }
}
