//! Clusters and their topologies.

use serde_json::{Map, Value, json};

use super::health_check::{fill_conditions, inner};
use super::machine::{CONDITIONS, DELETION, STRATEGY, drop_false, fill_gates, require_strategy};
use super::tree::{Move, Way, fill, get, items, part, put, same, take};
use super::zero::{drop_newer, drop_older};
use super::{Conversion, ConversionError};

const STATUS: [Move; 6] = [
    same("status.failureReason", "status.deprecated.v1beta1.failureReason"),
    same(
        "status.failureMessage",
        "status.deprecated.v1beta1.failureMessage",
    ),
    same("status.v1beta2.controlPlane", "status.controlPlane"),
    same("status.v1beta2.workers", "status.workers"),
    same(
        "status.controlPlaneReady",
        "status.initialization.controlPlaneInitialized",
    ),
    same(
        "status.infrastructureReady",
        "status.initialization.infrastructureProvisioned",
    ),
];

pub(super) fn cluster(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    c.reference(tree, "spec.infrastructureRef")?;
    c.reference(tree, "spec.controlPlaneRef")?;
    if let Some(topology) = part(tree, "spec.topology") {
        self::topology(c, topology)?;
    }
    c.carry(tree, CONDITIONS.iter().chain(&STATUS))?;
    if let Some(domains) = take(tree, "status.failureDomains") {
        let domains = match c.way {
            Way::Up => failure_domain_list(domains),
            Way::Down => failure_domain_map(domains),
        };
        put(tree, "status.failureDomains", domains);
    }
    match c.way {
        Way::Up => {
            drop_newer(tree);
            c.intend(tree, "spec.paused");
            c.intend(tree, "status.initialization.controlPlaneInitialized");
            c.intend(tree, "status.initialization.infrastructureProvisioned");
        }
        Way::Down => {
            drop_false(tree, "spec.paused");
            drop_older(tree);
            fill(
                tree,
                &[
                    ("spec.controlPlaneEndpoint.host", "".into()),
                    ("spec.controlPlaneEndpoint.port", 0.into()),
                    ("status.infrastructureReady", false.into()),
                    ("status.controlPlaneReady", false.into()),
                ],
            );
            if let Some(topology) = part(tree, "spec.topology") {
                fill_topology(topology);
            }
            for network in ["spec.clusterNetwork.pods", "spec.clusterNetwork.services"] {
                if let Some(network) = part(tree, network) {
                    fill(network, &[("cidrBlocks", json!([]))]);
                }
            }
        }
    }
    Ok(())
}

fn topology(c: &Conversion<'_>, topology: &mut Value) -> Result<(), ConversionError> {
    c.carry(
        topology,
        &[
            same("class", "classRef.name"),
            same("classNamespace", "classRef.namespace"),
        ],
    )?;
    if c.way == Way::Up {
        take(topology, "rolloutAfter");
    }
    variables(topology, "variables");
    if let Some(control_plane) = part(topology, "controlPlane") {
        c.carry(control_plane, &DELETION)?;
        inner(c, control_plane)?;
        variables(control_plane, "variables.overrides");
    }
    for deployment in items(topology, "workers.machineDeployments") {
        c.carry(deployment, &DELETION)?;
        c.carry(deployment, &STRATEGY)?;
        inner(c, deployment)?;
        take(
            deployment,
            if c.way == Way::Up {
                "strategy"
            } else {
                "rollout.strategy"
            },
        );
        require_strategy(c, deployment);
        variables(deployment, "variables.overrides");
    }
    for pool in items(topology, "workers.machinePools") {
        c.carry(pool, &DELETION)?;
        variables(pool, "variables.overrides");
    }
    Ok(())
}

/// Where a variable is defined could not be said any more in v1beta1, either.
fn variables(tree: &mut Value, path: &str) {
    for variable in items(tree, path) {
        take(variable, "definitionFrom");
    }
}

fn fill_topology(topology: &mut Value) {
    fill(
        topology,
        &[
            ("class", "".into()),
            ("version", "".into()),
            ("controlPlane.metadata", json!({})),
        ],
    );
    let control_plane = &mut topology["controlPlane"];
    fill_gates(control_plane);
    if let Some(check) = part(control_plane, "machineHealthCheck") {
        fill_conditions(check);
    }
    for deployment in items(topology, "workers.machineDeployments") {
        fill(
            deployment,
            &[("metadata", json!({})), ("class", "".into()), ("name", "".into())],
        );
        fill_gates(deployment);
        if let Some(check) = part(deployment, "machineHealthCheck") {
            fill_conditions(check);
        }
    }
    for pool in items(topology, "workers.machinePools") {
        fill(
            pool,
            &[("metadata", json!({})), ("class", "".into()), ("name", "".into())],
        );
    }
}

fn failure_domain_list(map: Value) -> Value {
    let Value::Object(map) = map else { return map };
    let domain = |(name, domain): (String, Value)| {
        let mut item = json!({
            "name": name,
            "controlPlane": get(&domain, "controlPlane").and_then(Value::as_bool).unwrap_or_default(),
        });
        if let Some(attributes) = domain.get("attributes") {
            item["attributes"] = attributes.clone();
        }
        item
    };
    map.into_iter().map(domain).collect()
}

fn failure_domain_map(list: Value) -> Value {
    let Value::Array(list) = list else { return list };
    let mut map = Map::new();
    for domain in list {
        let mut item = json!({});
        if domain["controlPlane"] == true {
            item["controlPlane"] = true.into();
        }
        if let Some(attributes) = domain.get("attributes") {
            item["attributes"] = attributes.clone();
        }
        map.insert(domain["name"].as_str().unwrap_or_default().to_owned(), item);
    }
    map.into()
}
