//! Every kind beside upstream's `CustomResourceDefinition`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crd_conformance::{
    RequiredTimes, assert_covered, assert_names, assert_structural, assert_values_survive, pairs, rewrite,
    upstream_crds,
};
use fleet_argocd::{AppProject, Application, ApplicationSet, crds};
use serde_json::Value;

#[test]
fn every_upstream_property_is_modelled_with_its_type() {
    let Some(pairs) = pairs(&crds(), &["argocd"]) else {
        return;
    };
    assert_covered(&pairs, RequiredTimes::MayBeAbsent);
}

#[test]
fn names_columns_and_subresources_are_upstreams() {
    let Some(upstream) = upstream_crds(&["argocd"], &["Application", "ApplicationSet", "AppProject"]) else {
        return;
    };
    assert_names(&crds(), &upstream);
}

#[test]
fn every_value_of_the_upstream_schema_survives() {
    let Some(pairs) = pairs(&crds(), &["argocd"]) else {
        return;
    };
    assert_values_survive(&pairs, |value: Value| match value["kind"].as_str() {
        Some("Application") => rewrite::<Application>(value),
        Some("ApplicationSet") => rewrite::<ApplicationSet>(value),
        _ => rewrite::<AppProject>(value),
    });
}

#[test]
fn an_api_server_takes_the_schemas() {
    assert_structural(&crds());
}
