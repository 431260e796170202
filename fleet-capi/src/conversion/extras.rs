//! The kinds beside the cluster itself, whose two versions differ little.

use serde_json::{Value, json};

use super::machine::CONDITIONS;
use super::tree::{Way, fill, get, items};
use super::zero::{drop_newer, drop_older};
use super::{Conversion, ConversionError};

pub(super) fn machine_drain_rule(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    drop_empty(c, tree);
    Ok(())
}

pub(super) fn cluster_resource_set(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    c.carry(tree, &CONDITIONS)?;
    drop_empty(c, tree);
    fill(tree, &[("spec.clusterSelector", json!({}))]);
    match c.way {
        Way::Up => fill(tree, &[("spec.resources", json!([]))]),
        Way::Down => fill(tree, &[("status", json!({}))]),
    }
    Ok(())
}

pub(super) fn cluster_resource_set_binding(
    c: &Conversion<'_>,
    tree: &mut Value,
) -> Result<(), ConversionError> {
    drop_empty(c, tree);
    if c.way == Way::Up {
        fill(tree, &[("spec.clusterName", "".into())]);
    }
    for binding in items(tree, "spec.bindings") {
        for resource in items(binding, "resources") {
            fill(resource, &[("applied", false.into())]);
        }
    }
    Ok(())
}

pub(super) fn ip_address(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    drop_empty(c, tree);
    fill(
        tree,
        &[
            ("spec.prefix", 0.into()),
            ("spec.address", "".into()),
            ("spec.claimRef", json!({})),
        ],
    );
    if c.way == Way::Up {
        fill(tree, &[("spec.claimRef.name", "".into())]);
    }
    pool(c, tree);
    Ok(())
}

pub(super) fn ip_address_claim(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    c.carry(tree, &CONDITIONS)?;
    drop_empty(c, tree);
    if c.way == Way::Down {
        fill(tree, &[("status.addressRef", json!({}))]);
    } else if get(tree, "status.addressRef").is_some() {
        fill(tree, &[("status.addressRef.name", "".into())]);
    }
    pool(c, tree);
    Ok(())
}

/// A reference to a pool is always whole.
fn pool(c: &Conversion<'_>, tree: &mut Value) {
    fill(
        tree,
        &[("spec.poolRef.kind", "".into()), ("spec.poolRef.name", "".into())],
    );
    if c.way == Way::Up {
        fill(tree, &[("spec.poolRef.apiGroup", "".into())]);
    }
}

pub(super) fn extension_config(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    c.carry(tree, &CONDITIONS)?;
    drop_empty(c, tree);
    if c.way == Way::Down {
        fill(tree, &[("spec.clientConfig", json!({})), ("status", json!({}))]);
    }
    Ok(())
}

fn drop_empty(c: &Conversion<'_>, tree: &mut Value) {
    match c.way {
        Way::Up => drop_newer(tree),
        Way::Down => drop_older(tree),
    }
}
