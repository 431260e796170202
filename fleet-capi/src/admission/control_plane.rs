//! The control plane that kubeadm sets up.

use serde_json::Value;

use super::mistake::{Found, Problem};
use super::single::naming;
use super::tree::{Tree, path};

pub(super) fn check(object: &Tree, mistakes: &mut Found) {
    if !object.is("KubeadmControlPlane") {
        return;
    }
    let etcd = "spec.kubeadmConfigSpec.clusterConfiguration.etcd";
    let external = object
        .at(etcd)
        .is_some_and(|etcd| etcd.get("external").is_some_and(Value::is_object));
    let local = object
        .at(etcd)
        .is_some_and(|etcd| etcd.get("local").is_some_and(Value::is_object));
    if external && local {
        let problem = Problem::Forbidden {
            reason: "etcd.external is set, and etcd is one or the other",
        };
        object.mistake(path(etcd).field("local"), problem, mistakes);
    }
    // The webhook fills in 1.
    let replicas = object.at("spec.replicas").and_then(Value::as_i64).unwrap_or(1);
    if replicas <= 0 {
        let problem = Problem::Invalid {
            found: replicas.to_string(),
            expected: "1 or more",
        };
        object.mistake(path("spec.replicas"), problem, mistakes);
    } else if replicas % 2 == 0 && !external {
        object.mistake(
            path("spec.replicas"),
            Problem::EvenReplicas { found: replicas },
            mistakes,
        );
    }
    surge(object, replicas, mistakes);
    naming(object, "spec.machineNaming.template", mistakes);
    certificates(object, mistakes);
    config(object, mistakes);
}

fn surge(object: &Tree, replicas: i64, mistakes: &mut Found) {
    let at = "spec.rollout.strategy.rollingUpdate.maxSurge";
    let Some(surge) = object.at(at) else { return };
    let number = surge
        .as_i64()
        .or_else(|| surge.as_str().and_then(|text| text.parse().ok()));
    let problem = match number {
        Some(1) => return,
        Some(0) if replicas >= 3 => return,
        Some(0) => Problem::Invalid {
            found: "0".to_owned(),
            expected: "1: without a machine more, 3 replicas or more are needed",
        },
        _ => Problem::Invalid {
            found: surge.to_string(),
            expected: "1 or 0",
        },
    };
    object.mistake(path(at), problem, mistakes);
}

fn certificates(object: &Tree, mistakes: &mut Found) {
    let config = "spec.kubeadmConfigSpec.clusterConfiguration";
    let days = |at: &str| object.at(at).and_then(Value::as_i64).filter(|days| *days != 0);
    let Some(validity) = days(&format!("{config}.certificateValidityPeriodDays")) else {
        return;
    };
    let authority = days(&format!("{config}.caCertificateValidityPeriodDays")).unwrap_or(3650);
    if validity > authority {
        let problem = Problem::Invalid {
            found: validity.to_string(),
            expected: "no more than caCertificateValidityPeriodDays (3650 where absent)",
        };
        let at = path(config).field("certificateValidityPeriodDays");
        object.mistake(at, problem, mistakes);
    }
    let before = "spec.rollout.before.certificatesExpiryDays";
    if let Some(expiry) = days(before).filter(|expiry| *expiry >= validity) {
        let problem = Problem::Invalid {
            found: expiry.to_string(),
            expected: "less than certificateValidityPeriodDays: machines would be replaced without end",
        };
        object.mistake(path(before), problem, mistakes);
    }
}

/// Files and users say where their content comes from: one of two ways.
fn config(object: &Tree, mistakes: &mut Found) {
    for (list, plain, from) in [
        ("files", "content", "contentFrom"),
        ("users", "passwd", "passwdFrom"),
    ] {
        let at = format!("spec.kubeadmConfigSpec.{list}");
        let mut paths = std::collections::BTreeSet::new();
        for (index, item) in object.list(&at).iter().enumerate() {
            let has = |field: &str| item.get(field).is_some_and(|value| !value.is_null());
            if has(plain) && has(from) {
                let problem = Problem::Forbidden {
                    reason: "the content stands there already; only one of the two may be set",
                };
                object.mistake(path(&at).index(index).field(from), problem, mistakes);
            }
            if let Some(file) = item.get("path").and_then(Value::as_str)
                && !paths.insert(file)
            {
                let problem = Problem::Duplicate {
                    name: file.to_owned(),
                };
                object.mistake(path(&at).index(index).field("path"), problem, mistakes);
            }
        }
    }
}
