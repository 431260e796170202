//! The shared corpora: every true finding is found at every target version, and none that is false.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // Helpers of tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fleet_preflight::{Finding, Owner, Report, Scanner};
use serde_json::Value;

type Key = (u64, String, String, Option<String>, Option<String>);
type Count = BTreeMap<Key, usize>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn count(keys: impl IntoIterator<Item = Key>) -> Count {
    let mut count = Count::new();
    for key in keys {
        *count.entry(key).or_default() += 1;
    }
    count
}

fn scan(name: &str, target: &str) -> Report {
    Scanner::new(target.parse().unwrap()).scan_paths([folder().join("manifests").join(name)])
}

fn of_rules<'r>(report: &'r Report, rules: &'static [&str]) -> impl Iterator<Item = &'r Finding> {
    report
        .findings
        .iter()
        .filter(|finding| rules.contains(&finding.rule.id))
}

fn key(finding: &Finding) -> Key {
    let object = &finding.object;
    (
        finding.place.line,
        object.api_version.to_string(),
        object.kind.to_string(),
        object.name.clone(),
        object.namespace.clone(),
    )
}

#[test]
fn every_true_finding_is_found_at_every_target_and_none_that_is_false() {
    let truth = json("expected/truth.json");
    let (mut found, mut all) = (0, 0);
    for (file, facts) in truth.as_object().unwrap() {
        let targets: Vec<&str> = [
            "1.16", "1.22", "1.25", "1.26", "1.29", "1.32", "1.34", "1.36", "1.37",
        ]
        .into();
        for target in targets {
            let report = scan(file, target);
            for (rules, state) in [(&["api-removed"], "removed"), (&["api-deprecated"], "deprecated")] {
                let expected = count(
                    facts["findings"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter(|f| f["at"][target] == state)
                        .map(|f| {
                            (
                                f["line"].as_u64().unwrap(),
                                text(&f["apiVersion"]).unwrap(),
                                text(&f["kind"]).unwrap(),
                                text(&f["name"]),
                                text(&f["namespace"]),
                            )
                        }),
                );
                let seen = count(of_rules(&report, rules).map(key));
                assert_eq!(seen, expected, "{file} at {target}: {state}");
                all += expected.values().sum::<usize>();
                found += seen.values().sum::<usize>();
            }
            let platform = of_rules(&report, &["platform-api-removed", "platform-api-deprecated"]).count();
            assert!(
                platform == 0
                    || matches!(
                        file.as_str(),
                        "058-external-snapshotter.yaml"
                            | "059-platform-crds.yaml"
                            | "073-kustomization.yaml"
                            | "074-configmap-embedded.yaml"
                            | "057-crd-deprecated-version.yaml"
                    ),
                "{file}"
            );
        }
    }
    println!("{found} of {all} true findings");
    assert!(all > 1_400, "{all}");
}

#[test]
fn replacements_releases_and_errors_are_as_the_truth_has_them() {
    let truth = json("expected/truth.json");
    for (file, facts) in truth.as_object().unwrap() {
        let report = scan(file, "1.37");
        let wanted = facts["findings"].as_array().unwrap();
        for finding in of_rules(&report, &["api-removed", "api-deprecated"]) {
            let fact = wanted
                .iter()
                .find(|fact| {
                    fact["line"] == finding.place.line && fact["kind"] == finding.object.kind.as_ref()
                })
                .unwrap();
            assert_eq!(
                finding.deprecated_in.map(|v| v.to_string()),
                text(&fact["deprecated"]),
                "{file}"
            );
            assert_eq!(
                finding.removed_in.map(|v| v.to_string()),
                text(&fact["removed"]),
                "{file}"
            );
        }
        let errors = facts["errors"].as_array().unwrap().len();
        let broken = of_rules(&report, &["unparsable", "template", "not-text"]).count();
        assert_eq!(broken, errors, "{file}");
        let texts = count(facts["textFindings"].as_array().unwrap().iter().map(|f| {
            (
                f["line"].as_u64().unwrap(),
                text(&f["apiVersion"]).unwrap(),
                text(&f["kind"]).unwrap(),
                None,
                None,
            )
        }));
        assert_eq!(
            count(of_rules(&report, &["api-in-text"]).map(key)),
            texts,
            "{file}"
        );
    }
}

#[test]
fn flags_gates_fields_and_annotations_are_found() {
    for (file, target, rule) in [
        ("078-kubeadm-v1beta2.yaml", "1.37", "flag-removed"),
        ("078-kubeadm-v1beta2.yaml", "1.37", "feature-gate-removed"),
        ("078-kubeadm-v1beta2.yaml", "1.37", "admission-plugin-removed"),
        ("078-kubeadm-v1beta2.yaml", "1.37", "runtime-config-removed"),
        ("078-kubeadm-v1beta2.yaml", "1.37", "kube-proxy-mode-removed"),
        ("079-fields.yaml", "1.32", "seccomp-annotation"),
        ("079-fields.yaml", "1.32", "apparmor-annotation"),
        ("079-fields.yaml", "1.32", "critical-pod-annotation"),
        ("079-fields.yaml", "1.32", "beta-node-label"),
        ("079-fields.yaml", "1.32", "master-label"),
        ("079-fields.yaml", "1.32", "master-taint"),
        ("079-fields.yaml", "1.32", "legacy-image-registry"),
        ("079-fields.yaml", "1.32", "in-tree-volume"),
        ("079-fields.yaml", "1.32", "in-tree-volume-removed"),
        ("079-fields.yaml", "1.32", "deprecated-annotation"),
        ("079-fields.yaml", "1.32", "deprecated-field"),
        ("079-fields.yaml", "1.32", "pod-security-policy"),
        ("079-fields.yaml", "1.32", "rbac-removed-group"),
    ] {
        let report = scan(file, target);
        let seen: Vec<_> = report.findings.iter().map(|finding| finding.rule.id).collect();
        assert!(seen.contains(&rule), "{file}: {rule} not in {seen:?}");
    }
}

#[test]
fn embedded_manifests_are_looked_into_when_asked() {
    let scanner = Scanner::new("1.25".parse().unwrap()).embedded(true);
    let of = |name: &str| {
        let report = scanner.scan_paths([folder().join("manifests").join(name)]);
        of_rules(&report, &["embedded-manifest"])
            .map(|f| (f.place.line, f.message.clone()))
            .collect::<Vec<_>>()
    };
    let psp = of("074-configmap-embedded.yaml");
    assert_eq!(psp.len(), 1);
    assert!(
        psp[0]
            .1
            .contains("line 1 of the text holds embedded: policy/v1beta1 PodSecurityPolicy"),
        "{psp:?}"
    );
    assert_eq!(of("073-kustomization.yaml").len(), 1);
}

#[test]
fn helm_releases_are_decoded_and_judged() {
    let truth = json("helm/truth.json");
    for all in [false, true] {
        let scanner = Scanner::new("1.26".parse().unwrap()).all_revisions(all);
        let mut seen: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for file in ["secrets-good.json", "secrets-big.json", "secrets-bad.json"] {
            let report = scanner.scan_paths([folder().join("helm").join(file)]);
            for finding in of_rules(&report, &["api-removed", "api-deprecated"]) {
                let Some(Owner::HelmRelease(owner)) = finding.owner.as_deref() else {
                    panic!("{finding:?}")
                };
                let place = match (owner.part, owner.status.as_str()) {
                    ("hook", _) => "hook",
                    (_, "deployed") => "manifest",
                    (_, status) if status.starts_with("pending") => "pending",
                    (_, status) => status,
                };
                seen.entry(format!("{}/{}", owner.namespace, owner.record)).or_default().push(serde_json::json!({
                    "apiVersion": finding.object.api_version, "kind": finding.object.kind, "name": finding.object.name,
                    "namespace": finding.object.namespace, "where": place, "source": owner.template,
                }));
            }
        }
        for (record, facts) in truth.as_object().unwrap() {
            // The answers have one record more than the files.
            if record == "shop/Secret/sh.helm.release.v1.broken.v1" {
                continue;
            }
            let mut expected = facts["findings"].as_array().unwrap().clone();
            expected.retain(|finding| all || finding["where"] != "superseded");
            let found = seen.remove(record).unwrap_or_default();
            assert_eq!(found, expected, "{record}");
        }
        assert!(seen.is_empty(), "{seen:?}");
    }
}

#[test]
fn broken_records_and_helm_2_are_findings() {
    let scanner = Scanner::new("1.26".parse().unwrap());
    let report = scanner.scan_paths([
        folder().join("helm/secrets-bad.json"),
        folder().join("helm/helm2.json"),
    ]);
    let unreadable: Vec<_> = of_rules(&report, &["helm-release-unreadable"])
        .map(|f| f.message.as_ref())
        .collect();
    assert_eq!(unreadable.len(), 4, "{unreadable:?}");
    assert_eq!(of_rules(&report, &["helm-2"]).count(), 1);
    assert_eq!(report.summary.unreadable, 5);
    assert_eq!(report.verdict().exit_code(), 4);
}

#[test]
fn live_objects_are_judged_by_their_writers() {
    let state = json("cluster/state.json");
    let scanner = Scanner::new("1.32".parse().unwrap()).applied_annotation("flux.example.com/last-applied");
    let mut scan = scanner.live("test");
    for (resource, objects) in state["objects"].as_object().unwrap() {
        let (group, plural) = resource.split_once('/').unwrap();
        let versions: Vec<_> = fleet_preflight::lifecycle::all()
            .filter(|api| {
                api.group == group
                    && api.plural == Some(plural)
                    && api.class == fleet_preflight::lifecycle::Class::Resource
            })
            .filter(|api| {
                api.replacement
                    .is_none_or(|replacement| replacement.group != group || group.is_empty())
            })
            .collect();
        let api = versions.last().unwrap_or_else(|| panic!("{resource}"));
        for object in objects.as_array().unwrap() {
            scan.object(api.api_version, api.kind, object);
        }
    }
    let report = scan.finish();
    let name = |f: &Value| {
        (
            0,
            text(&f["apiVersion"]).unwrap(),
            text(&f["kind"]).unwrap(),
            text(&f["name"]),
            text(&f["namespace"]),
        )
    };
    let expected = count(state["truth"].as_array().unwrap().iter().map(name));
    assert_eq!(
        count(of_rules(&report, &["api-removed", "api-deprecated"]).map(key)),
        expected
    );
    assert_eq!(of_rules(&report, &["annotation-unreadable"]).count(), 1);
}

#[test]
fn metrics_name_what_was_asked_for_and_how() {
    let metrics = std::fs::read_to_string(folder().join("cluster/metrics-1.24.txt")).unwrap();
    let report = Scanner::new("1.25".parse().unwrap()).scan_metrics("metrics", &metrics);
    let seen: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.severity.as_str(), f.message.as_ref()))
        .collect();
    assert_eq!(
        seen,
        [
            (
                "info",
                "some client has asked for autoscaling/v2beta2 horizontalpodautoscalers/status (PUT); it goes in 1.26"
            ),
            (
                "warning",
                "some client has asked for batch/v1beta1 cronjobs (LIST); it goes in 1.25"
            ),
            (
                "warning",
                "some client has asked for policy/v1beta1 podsecuritypolicies (WATCH); it goes in 1.25"
            ),
            ("info", "some client has asked for v1 componentstatuses (LIST)"),
        ]
    );
}
