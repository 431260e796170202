//! Every kind beside upstream's `CustomResourceDefinition`: the same names, the same properties of the same types, and
//! every value upstream's schema allows survives reading and writing.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod upstream;

use std::error::Error as _;

use crd_conformance::{
    RequiredTimes, assert_covered, assert_names, assert_structural, assert_values_survive, upstream_crds,
};
use fleet_capi::{Object, crds};
use serde_json::Value;

use upstream::{FOLDERS, pairs};

#[test]
fn every_upstream_property_is_modelled_with_its_type() {
    let Some(pairs) = pairs() else { return };
    assert_covered(&pairs, RequiredTimes::Kept);
    assert_eq!(pairs.len(), Object::KINDS.len());
}

#[test]
fn names_columns_and_subresources_are_upstreams() {
    let kinds: Vec<&str> = Object::KINDS.iter().map(|known| known.kind).collect();
    let Some(upstream) = upstream_crds(&FOLDERS, &kinds) else {
        return;
    };
    assert_names(&crds(), &upstream);
}

#[test]
fn schemas_are_structural_and_the_newest_version_is_stored() {
    assert_structural(&crds());
    for crd in crds() {
        let stored = crd.spec.versions.iter().filter(|version| version.storage);
        let stored: Vec<&str> = stored.map(|version| version.name.as_str()).collect();
        let kind = &crd.spec.names.kind;
        let newest = if kind.starts_with("Azure") {
            "v1beta1"
        } else {
            "v1beta2"
        };
        assert_eq!(stored, [newest], "{kind}");
    }
}

#[test]
fn every_value_of_the_upstream_schema_survives() {
    let Some(pairs) = pairs() else { return };
    assert_values_survive(&pairs, |value: Value| {
        let object = Object::from_value(value)
            .map_err(|error| format!("{error}: {:?}", error.source().map(ToString::to_string)))?;
        object.to_value().map_err(|error| error.to_string())
    });
}
