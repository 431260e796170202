//! What makes machines unhealthy, and what happens then.

use serde_json::{Value, json};

use super::machine::CONDITIONS;
use super::tree::{Move, Way, fill, items, part, same, seconds, template};
use super::zero::{drop_newer, drop_older};
use super::{Conversion, ConversionError};

/// Relative to the spec of a health check of either version.
const CHECKS: [Move; 6] = [
    same("unhealthyConditions", "checks.unhealthyNodeConditions"),
    same("unhealthyMachineConditions", "checks.unhealthyMachineConditions"),
    seconds("nodeStartupTimeout", "checks.nodeStartupTimeoutSeconds"),
    same("maxUnhealthy", "remediation.triggerIf.unhealthyLessThanOrEqualTo"),
    same("unhealthyRange", "remediation.triggerIf.unhealthyInRange"),
    template("remediationTemplate", "remediation.templateRef"),
];

pub(super) fn machine_health_check(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    if let Some(spec) = part(tree, "spec") {
        checks(c, spec)?;
    }
    c.carry(tree, &CONDITIONS)?;
    match c.way {
        Way::Up => {
            drop_newer(tree);
            fill(
                tree,
                &[("spec.clusterName", "".into()), ("spec.selector", json!({}))],
            );
            for count in ["expectedMachines", "currentHealthy", "remediationsAllowed"] {
                c.intend(tree, &format!("status.{count}"));
            }
        }
        Way::Down => {
            drop_older(tree);
            fill(
                tree,
                &[
                    ("spec.clusterName", "".into()),
                    ("spec.selector", json!({})),
                    ("status.expectedMachines", 0.into()),
                    ("status.currentHealthy", 0.into()),
                    ("status.remediationsAllowed", 0.into()),
                ],
            );
            fill_conditions(&mut tree["spec"]);
        }
    }
    Ok(())
}

/// The health check inside a class or a topology, which has another name in each version.
///
/// How many machines it replaces at a time is part of the strategy in v1beta1.
pub(super) fn inner(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    let at_a_time = [same(
        "strategy.remediation.maxInFlight",
        "healthCheck.remediation.maxInFlight",
    )];
    if c.way == Way::Down {
        c.carry(tree, &at_a_time)?;
        if let Some(check) = part(tree, "healthCheck") {
            checks(c, check)?;
        }
    }
    c.carry(tree, &[same("machineHealthCheck", "healthCheck")])?;
    if c.way == Way::Up {
        if let Some(check) = part(tree, "healthCheck") {
            checks(c, check)?;
        }
        c.carry(tree, &at_a_time)?;
    }
    let name = match c.way {
        Way::Up => "healthCheck",
        Way::Down => "machineHealthCheck",
    };
    if let Some(check) = part(tree, name) {
        c.carry(check, &[same("enable", "enabled")])?;
    }
    Ok(())
}

/// Puts in what the conditions of v1beta1 always have.
pub(super) fn fill_conditions(check: &mut Value) {
    for condition in items(check, "unhealthyConditions") {
        fill(
            condition,
            &[
                ("type", "".into()),
                ("status", "".into()),
                ("timeout", "0s".into()),
            ],
        );
    }
    for condition in items(check, "unhealthyMachineConditions") {
        fill(condition, &[("timeout", "0s".into())]);
    }
}

fn checks(c: &Conversion<'_>, spec: &mut Value) -> Result<(), ConversionError> {
    let lists = match c.way {
        Way::Up => ["unhealthyConditions", "unhealthyMachineConditions"],
        Way::Down => [
            "checks.unhealthyNodeConditions",
            "checks.unhealthyMachineConditions",
        ],
    };
    for list in lists {
        for condition in items(spec, list) {
            c.carry(condition, &[seconds("timeout", "timeoutSeconds")])?;
        }
    }
    c.carry(spec, &CHECKS)
}
