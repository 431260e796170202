//! Mended manifests: what moves, what stays, and what is left to a person.

#![allow(missing_docs, clippy::unwrap_used)] // Helpers of tests.

use std::path::Path;

use fleet_core::yaml;
use fleet_preflight::{Scanner, TextFix};
use serde_json::{Value, json};

fn fix(text: &str, target: &str) -> TextFix {
    Scanner::new(target.parse().unwrap()).fix_text("x.yaml", text)
}

fn moved(text: &str, target: &str) -> String {
    let fix = fix(text, target);
    assert_eq!(fix.refused, [], "{text}");
    assert!(!fix.moved.is_empty(), "{text}");
    fix.text
}

#[test]
fn an_ingress_moves_with_its_fields_and_its_comments() {
    let text = "# The shop's front door.\napiVersion: extensions/v1beta1 # old\nkind: Ingress\nmetadata:\n  name: web\n\
                spec:\n  # Everything else.\n  backend:\n    serviceName: fallback # the default\n    servicePort: 80\n  \
                rules:\n  - host: shop.example.com\n    http:\n      paths:\n      # The way in.\n      - path: /\n        \
                backend:\n          serviceName: web\n          servicePort: http # by name\n      - backend: \
                {serviceName: api, servicePort: 8080}\n        path: /api # flow\n";
    let new = moved(text, "1.22");
    assert_eq!(
        new,
        "# The shop's front door.\napiVersion: networking.k8s.io/v1 # old\nkind: Ingress\nmetadata:\n  name: web\n\
         spec:\n  # Everything else.\n  defaultBackend:\n    # the default\n    service:\n      name: fallback\n      \
         port:\n        number: 80\n  rules:\n  - host: shop.example.com\n    http:\n      paths:\n      # The way \
         in.\n      - path: /\n        pathType: ImplementationSpecific\n        backend:\n          # by name\n          \
         service:\n            name: web\n            port:\n              name: http\n      - backend: {service: {name: \
         api, port: {number: 8080}}}\n        path: /api # flow\n        pathType: ImplementationSpecific\n"
    );
    assert_eq!(
        moved(
            "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: x}\n",
            "1.20"
        ),
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\n"
    );
}

#[test]
fn every_layout_is_changed_in_place() {
    for (old, new) in [
        (
            "kind: CronJob\napiVersion: \"batch/v1beta1\"\n",
            "kind: CronJob\napiVersion: \"batch/v1\"\n",
        ),
        (
            "apiVersion: batch/v1beta1 \r\nkind: CronJob\r\n",
            "apiVersion: batch/v1 \r\nkind: CronJob\r\n",
        ),
        (
            "{\"apiVersion\":\"batch/v1beta1\",\"kind\":\"CronJob\"}\n",
            "{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\"}\n",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1beta1\n  kind: CronJob\n- {apiVersion: v1, kind: Pod}\n",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n- {apiVersion: v1, kind: Pod}\n",
        ),
        (
            "---\napiVersion: batch/v1beta1\nkind: CronJob\n---\nbroken: [\n---\napiVersion: batch/v1beta1\nkind: CronJob\n",
            "---\napiVersion: batch/v1\nkind: CronJob\n---\nbroken: [\n---\napiVersion: batch/v1\nkind: CronJob\n",
        ),
        (
            "{\n  \"apiVersion\": \"flowcontrol.apiserver.k8s.io/v1beta2\",\n  \"kind\": \"PriorityLevelConfiguration\",\n  \
             \"spec\": {\"limited\": {\"assuredConcurrencyShares\": 5}}\n}\n",
            "{\n  \"apiVersion\": \"flowcontrol.apiserver.k8s.io/v1\",\n  \"kind\": \"PriorityLevelConfiguration\",\n  \
             \"spec\": {\"limited\": {\"nominalConcurrencyShares\": 5}}\n}\n",
        ),
        (
            "apiVersion: extensions/v1beta1\r\nkind: DaemonSet\r\nspec:\r\n  templateGeneration: 3 # ours\r\n  template:\r\n    \
             metadata: {labels: {a: b}}\r\n",
            "apiVersion: apps/v1\r\nkind: DaemonSet\r\nspec:\r\n  # ours\r\n  selector:\r\n    matchLabels:\r\n      a: b\r\n  \
             updateStrategy:\r\n    type: OnDelete\r\n  template:\r\n    metadata: {labels: {a: b}}\r\n",
        ),
    ] {
        assert_eq!(moved(old, "1.32"), new);
    }
}

#[test]
fn an_autoscaler_gets_its_metrics_as_v2_has_them() {
    let text = "apiVersion: autoscaling/v2beta1\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: web\nspec:\n  metrics:\n  \
                - type: Resource\n    resource:\n      name: cpu\n      targetAverageUtilization: 60 # percent\n  - type: \
                Pods\n    pods: {metricName: qps, targetAverageValue: 1k}\n  - type: Object\n    object:\n      target: \
                {kind: Service, apiVersion: v1, name: web}\n      metricName: hits\n      targetValue: 10\n  - type: External\n    external:\n      \
                metricName: queue\n      metricSelector:\n        matchLabels: {a: b}\n      targetAverageValue: 30\n";
    let new = moved(text, "1.26");
    assert!(new.contains("# percent"), "{new}");
    let value = yaml::documents(&new).unwrap().remove(0).into_value();
    assert_eq!(
        value["spec"]["metrics"],
        json!([
            {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}},
            {"type": "Pods", "pods": {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "1k"}}},
            {"type": "Object", "object": {"describedObject": {"kind": "Service", "apiVersion": "v1", "name": "web"}, "metric": {"name": "hits"},
                "target": {"type": "Value", "value": 10}}},
            {"type": "External", "external": {"metric": {"name": "queue", "selector": {"matchLabels": {"a": "b"}}},
                "target": {"type": "AverageValue", "averageValue": 30}}},
        ])
    );
}

#[test]
fn a_deployment_of_extensions_keeps_the_defaults_it_had() {
    let of = |strategy: &str| {
        let text = format!(
            "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {{name: x}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n{strategy}"
        );
        let new = yaml::documents(&moved(&text, "1.16"))
            .unwrap()
            .remove(0)
            .into_value();
        assert_eq!(new["apiVersion"], "apps/v1");
        assert_eq!(new["spec"]["revisionHistoryLimit"], i32::MAX);
        assert_eq!(new["spec"]["progressDeadlineSeconds"], i32::MAX);
        new["spec"]["strategy"].clone()
    };
    let rolling = |surge: u32| json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": 1}});
    assert_eq!(of(""), rolling(1));
    assert_eq!(of("  strategy: {type: RollingUpdate}\n"), rolling(1));
    assert_eq!(
        of("  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 3}}\n"),
        rolling(3)
    );
    assert_eq!(of("  strategy: {type: Recreate}\n"), json!({"type": "Recreate"}));
}

#[test]
fn json_lines_are_documents_of_their_own() {
    let line = |name: &str, version: &str| {
        format!(
            "{{\"apiVersion\":\"{version}\",\"kind\":\"CronJob\",\"metadata\":{{\"name\":\"{name}\"}}}}\n"
        )
    };
    let fix = fix(
        &(line("a", "batch/v1beta1") + "\n" + &line("b", "batch/v1beta1")),
        "1.25",
    );
    assert_eq!(fix.text, line("a", "batch/v1") + "\n" + &line("b", "batch/v1"));
    assert_eq!(fix.moved[1].place.line, 3);
}

#[test]
fn what_only_a_person_knows_is_refused() {
    for (text, why) in [
        (
            "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\n",
            "nothing replaces it",
        ),
        (
            "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nspec: {selector: {}}\n",
            "empty selector",
        ),
        (
            "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\n",
            "structural schema",
        ),
        (
            "apiVersion: extensions/v1beta1\nkind: Deployment\nspec: {template: {}}\n",
            "no labels",
        ),
        ("apiVersion: &v batch/v1beta1\nkind: CronJob\nx: *v\n", "anchor"),
        (
            "apiVersion: extensions/v1beta1\nkind: Ingress\nspec: {backend: {serviceName: a}}\n",
            "no servicePort",
        ),
        (
            "apiVersion: batch/v1beta1\nkind: CronJobList\nitems:\n- metadata: {name: a}\n",
            "the list",
        ),
        (
            "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: MutatingWebhookConfiguration\nwebhooks:\n- name: a\n",
            "sideEffects",
        ),
    ] {
        let fix = fix(text, "1.32");
        assert_eq!(fix.text, text);
        assert!(
            fix.refused.iter().any(|refused| refused.reason.contains(why))
                || why == "anchor" && !fix.refused.is_empty(),
            "{text}: {:?}",
            fix.refused
        );
    }
}

/// Over the whole corpus: a fix is the end of it, changes nothing that is fine, and leaves readable text.
#[test]
fn the_corpus_is_mended_once_and_for_all() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/manifests");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for target in ["1.16", "1.22", "1.25", "1.29", "1.37"] {
            let once = fix(&text, target);
            count += once.moved.len();
            let again = fix(&once.text, target);
            assert_eq!(again.moved.len(), 0, "{} at {target}", path.display());
            assert_eq!(again.text, once.text);
            let comments = |text: &str| {
                text.lines()
                    .filter(|line| line.trim_start().starts_with('#'))
                    .count()
            };
            assert!(comments(&once.text) >= comments(&text));
        }
    }
    println!("{count} objects moved");
    assert!(count > 150, "{count}");
}

#[test]
fn a_file_is_written_with_its_original_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cron.yaml");
    let text = "apiVersion: batch/v1beta1\nkind: CronJob\n";
    std::fs::write(&path, text).unwrap();
    let scanner = Scanner::new("1.25".parse().unwrap());
    let fix = scanner.fix_file(&path).unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    let diff = fix.to_string();
    assert!(
        diff.contains("\n-apiVersion: batch/v1beta1\n+apiVersion: batch/v1\n kind: CronJob\n"),
        "{diff}"
    );
    let kept = fix.write().unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), text);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "apiVersion: batch/v1\nkind: CronJob\n"
    );
    assert!(fix.write().is_err());
    assert_eq!(scanner.fix_file(&path).unwrap(), None);
    let value: Value = yaml::documents(&std::fs::read_to_string(&path).unwrap())
        .unwrap()
        .remove(0)
        .into_value();
    assert_eq!(value["apiVersion"], "batch/v1");
}

/// The cases recorded with helm-mapkubeapis: what it moves is moved, and so is what it misses; what it hits wrongly is left alone.
#[test]
fn helm_releases_move_where_mapkubeapis_does_and_where_it_does_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/expected/mapkubeapis.json");
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in cases
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["version"] == "v1.25.0")
    {
        let name = case["case"].as_str().unwrap();
        let manifest = case["input"].as_str().unwrap();
        let record = json!({"kind": "ConfigMap", "metadata": {"name": "sh.helm.release.v1.a.v3", "namespace": "n",
            "labels": {"owner": "helm", "status": "deployed", "version": "3"}},
            "data": {"release": release(manifest)}});
        let fix = Scanner::new("1.25".parse().unwrap())
            .fix_helm_record(&record)
            .unwrap();
        let left = ["not touched", "wrongly matched"]
            .iter()
            .any(|word| name.contains(word))
            || name == "flowcontrol";
        // What follows `flowcontrol` comes with 1.26 only.
        assert_eq!(fix.is_none(), left, "{name}");
        let Some(fix) = fix else { continue };
        assert_eq!(fix.revision, 4);
        assert_eq!(fix.record["metadata"]["name"], "sh.helm.release.v1.a.v4");
        assert_eq!(fix.superseded["metadata"]["labels"]["status"], "superseded");
        let again = Scanner::new("1.25".parse().unwrap());
        let report = again.scan_text(
            "x",
            &json!({"apiVersion": "v1", "kind": "List", "items": [with_version(&fix.record)]}).to_string(),
        );
        let removed: Vec<_> = report
            .findings
            .iter()
            .filter(|f| f.rule.id == "api-removed")
            .map(|f| f.object.to_string())
            .collect();
        assert_eq!(removed.len(), fix.refused.len(), "{name}: {removed:?}\n{fix}");
        if name.contains("psp") {
            assert!(
                !fix.dropped.is_empty() && !fix.after.contains("PodSecurityPolicy"),
                "{fix}"
            );
        }
    }
}

fn with_version(record: &Value) -> Value {
    let mut record = record.clone();
    record["apiVersion"] = "v1".into();
    record
}

fn release(manifest: &str) -> String {
    use base64::Engine as _;
    let release = json!({"name": "a", "namespace": "n", "version": 3, "info": {"status": "deployed"}, "manifest": manifest,
        "chart": {"metadata": {"name": "a"}}});
    base64::engine::general_purpose::STANDARD.encode(release.to_string())
}
