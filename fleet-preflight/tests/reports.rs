//! Reports in every format, baselines, Git trees, and the checks that need more than one object.

#![allow(missing_docs, clippy::unwrap_used)] // Helpers of tests.

use std::path::Path;
use std::process::Command;

use fleet_preflight::{Baseline, Report, Scanner, Verdict};
use serde_json::{Value, json};

fn scan(text: &str, target: &str) -> Report {
    Scanner::new(target.parse().unwrap())
        .now("2026-06-01T00:00:00Z".parse().unwrap())
        .scan_text("dir with space/x.yaml", text)
}

fn rules(report: &Report) -> Vec<(&str, u64, &str)> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.rule.id, finding.place.line, finding.severity.as_str()))
        .collect()
}

const OLD: &str =
    "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a, namespace: b}\n---\n- | <&>\"`*@x\n";

#[test]
fn sarif_names_rules_places_and_fingerprints() {
    let mut report = scan(OLD, "1.25");
    let sarif: Value = serde_json::from_str(&report.to_sarif()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "api-removed");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "api-removed");
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "dir%20with%20space/x.yaml");
    assert_eq!(place["region"], json!({"startLine": 1, "startColumn": 1}));
    assert_eq!(
        result["partialFingerprints"]["fleetPreflight/v1"]
            .as_str()
            .unwrap()
            .len(),
        16
    );
    let baseline = Baseline::of(&report, None);
    report.apply(&baseline);
    let sarif: Value = serde_json::from_str(&report.to_sarif()).unwrap();
    assert_eq!(
        sarif["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["suppressions"].is_array())
            .count(),
        1
    );
}

#[test]
fn junit_and_markdown_escape_what_they_are_given() {
    let text = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: \"<a>|&\\u0001\"}\n";
    let report = scan(text, "1.25");
    let junit = report.to_junit();
    assert!(junit.contains("tests=\"1\" failures=\"1\""), "{junit}");
    assert!(
        junit.contains("&lt;a&gt;|&amp;\u{fffd}") && !junit.contains('\u{1}'),
        "{junit}"
    );
    let markdown = report.to_markdown();
    assert!(markdown.contains("&lt;a&gt;\\|&amp;"), "{markdown}");
    assert!(scan("", "1.25").to_junit().contains("tests=\"1\" failures=\"0\""));
}

#[test]
fn budgets_are_matched_with_the_workloads_they_cover() {
    let workload = |kind: &str, replicas: &str, labels: &str| {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\nspec:\n  replicas: {replicas}\n  \
             template:\n    metadata:\n      labels:\n        {labels}\n---\n"
        )
    };
    let budget = |spec: &str| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: b, namespace: shop}}\nspec:\n  \
             selector: {{matchLabels: {{app: web}}}}\n  {spec}\n---\n"
        )
    };
    let never = |text: &str| {
        scan(text, "1.30")
            .findings
            .iter()
            .filter(|f| f.rule.id == "pdb-never-evicts")
            .count()
    };
    let three = workload("Deployment", "3", "app: web");
    assert_eq!(never(&format!("{three}{}", budget("minAvailable: 3"))), 1);
    assert_eq!(never(&format!("{}{three}", budget("minAvailable: 3"))), 1);
    assert_eq!(never(&format!("{three}{}", budget("minAvailable: 2"))), 0);
    assert_eq!(never(&format!("{three}{three}{}", budget("minAvailable: 3"))), 0);
    assert_eq!(
        never(&format!(
            "{}{}",
            workload("Deployment", "3", "app: api"),
            budget("minAvailable: 3")
        )),
        0
    );
    assert_eq!(never(&budget("minAvailable: 3")), 0);
    assert_eq!(never(&budget("minAvailable: 100%")), 1);
    assert_eq!(never(&budget("maxUnavailable: 0")), 1);
    assert_eq!(never(&budget("maxUnavailable: 0%")), 1);
    assert_eq!(never(&budget("maxUnavailable: 1")), 0);
    // However it is written.
    let flow = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n\
                spec: {replicas: 1, template: {metadata: {labels: {app: web}}, spec: {nodeSelector: {a: \"\"}}}}\n---\n";
    assert_eq!(never(&format!("{flow}{}", budget("minAvailable: 1"))), 1);
    let merged = "x: &l {app: web}\napiVersion: apps/v1\nkind: Deployment\nmetadata: &m {name: web, namespace: shop}\n\
                  spec:\n  replicas: 1\n  template: {metadata: {<<: *m, labels: *l}}\n---\n";
    assert_eq!(never(&format!("{merged}{}", budget("minAvailable: 1"))), 1);
    let json = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": "shop"},
         "spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": "web"}}}}},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "shop"},
         "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}},
    ]});
    assert_eq!(never(&json.to_string()), 1);
}

#[test]
fn webhooks_that_fail_closed_on_what_a_drain_needs_are_found() {
    let webhook = |extra: &str, resource: &str| {
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: w}}\n\
             webhooks:\n- name: w.example.com\n  clientConfig: {{service: {{name: w, namespace: sys}}}}\n  {extra}\n  rules:\n  \
             - {{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [{resource}]}}\n"
        )
    };
    let found = |text: &str| rules(&scan(text, "1.30")).len();
    assert_eq!(found(&webhook("sideEffects: None", "pods")), 1);
    assert_eq!(found(&webhook("sideEffects: None", "configmaps")), 0);
    assert_eq!(found(&webhook("failurePolicy: Ignore", "pods")), 0);
    assert_eq!(
        found(&webhook(
            "namespaceSelector: {matchExpressions: [{key: n, operator: NotIn, values: [sys]}]}",
            "pods"
        )),
        0
    );
}

#[test]
fn flags_are_found_in_every_form() {
    for text in [
        "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nspec:\n  kubeadmConfigSpec:\n    \
         joinConfiguration:\n      nodeRegistration:\n        kubeletExtraArgs:\n          container-runtime: remote\n",
        "apiVersion: bootstrap.cluster.x-k8s.io/v1beta2\nkind: KubeadmConfigTemplate\nspec:\n  template:\n    spec:\n      \
         joinConfiguration:\n        nodeRegistration:\n          kubeletExtraArgs:\n          - name: container-runtime\n            value: \
         remote\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [/usr/bin/kubelet, --container-runtime=remote]\n",
    ] {
        let seen = rules(&scan(text, "1.27"))
            .into_iter()
            .filter(|(rule, ..)| *rule == "flag-removed")
            .count();
        assert_eq!(seen, 1, "{text}");
        assert_eq!(
            rules(&scan(text, "1.26"))
                .iter()
                .filter(|(rule, ..)| *rule == "flag-removed")
                .count(),
            0
        );
    }
    let gates = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfeatureGates:\n  CPUManager: true\n  \
                 AllowOverwriteTerminationGracePeriodSeconds: true\n";
    assert_eq!(
        rules(&scan(gates, "1.35")),
        [
            ("feature-gate-removed", 4, "error"),
            ("feature-gate-locked", 5, "error")
        ]
    );
    assert_eq!(rules(&scan(gates, "1.30")), []);
}

#[test]
fn nodes_components_and_certificates_are_judged() {
    let node = |version: &str| {
        format!("apiVersion: v1\nkind: Node\nstatus: {{nodeInfo: {{kubeletVersion: {version}}}}}\n")
    };
    assert_eq!(rules(&scan(&node("v1.28.1"), "1.31")), []);
    assert_eq!(
        rules(&scan(&node("v1.27.1+k3s"), "1.31")),
        [("version-skew", 3, "error")]
    );
    assert_eq!(
        rules(&scan(&node("v1.32.0"), "1.31")),
        [("version-skew", 3, "error")]
    );
    let image = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n      \
                 - image: quay.io/jetstack/cert-manager-controller:v1.18.2\n";
    assert_eq!(rules(&scan(image, "1.33")), []);
    assert_eq!(
        rules(&scan(image, "1.34")),
        [("component-incompatible", 8, "warning")]
    );
    let certificate = |end: &str| {
        format!(
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: sh.helm.release}}\nstatus: {{notAfter: \"{end}\"}}\n"
        )
    };
    assert_eq!(rules(&scan(&certificate("2026-08-01T00:00:00Z"), "1.31")), []);
    assert_eq!(
        rules(&scan(&certificate("2026-06-20T00:00:00Z"), "1.31")),
        [("certificate-expires", 4, "warning")]
    );
    assert_eq!(
        rules(&scan(&certificate("2026-05-20T00:00:00Z"), "1.31")),
        [("certificate-expires", 4, "error")]
    );
}

#[test]
fn findings_above_the_bound_are_counted() {
    let report = Scanner::new("1.25".parse().unwrap())
        .max_findings(2)
        .scan_text("x", &OLD.repeat(5).replace("\n- |", "\n--- |"));
    assert_eq!(report.findings.last().unwrap().rule.id, "too-many-findings");
    assert_eq!(report.findings.len(), 3);
    assert!(report.summary.dropped_findings > 0);
}

#[test]
fn a_git_tree_is_read_at_a_revision() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(folder.path())
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
    git(&["init", "-q", "-b", "main"]);
    write("old name.yaml", "apiVersion: batch/v1beta1\nkind: CronJob\n");
    write("notes.txt", "nothing");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "old"]);
    git(&["tag", "v1"]);
    write("old name.yaml", "apiVersion: batch/v1\nkind: CronJob\n");
    git(&["commit", "-q", "-a", "-m", "new"]);
    let scanner = Scanner::new("1.25".parse().unwrap());
    let report = scanner.scan_git(folder.path(), "v1").unwrap();
    assert_eq!(report.verdict(), Verdict::Removed);
    assert_eq!(report.findings[0].place.to_string(), "v1:old name.yaml:1:1");
    assert_eq!((report.summary.files, report.summary.other_files), (1, 1));
    assert_eq!(
        scanner.scan_git(folder.path(), "main").unwrap().verdict(),
        Verdict::Clean
    );
    assert!(scanner.scan_git(folder.path(), "gone").is_err());
    assert!(scanner.scan_git(folder.path(), "--output=x").is_err());
    assert!(scanner.scan_git(Path::new("/nowhere"), "main").is_err());
}

#[test]
fn programs_and_documentation_only_speak_of_manifests() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "README.md",
        "# Use `it`\n\n```yaml\napiVersion: extensions/v1beta1\nkind: Ingress\n```\n",
    );
    write("main.go", "package x\n\nfunc f() { return \"apiVersion: v1\" }\n");
    write("broken.tpl", "apiVersion: {{ .x }\nkind: [\n");
    write("broken", "apiVersion: [\n");
    let seen = |report: &fleet_preflight::Report| {
        let mut seen: Vec<(String, &str)> = report
            .findings
            .iter()
            .map(|finding| (finding.place.to_string(), finding.rule.id))
            .map(|(place, rule)| (place.rsplit('/').next().unwrap_or_default().to_owned(), rule))
            .collect();
        seen.sort();
        seen
    };
    let report = Scanner::new("1.31".parse().unwrap()).scan_paths([folder.path()]);
    assert_eq!(
        seen(&report),
        [
            ("README.md:4:1".to_owned(), "api-in-text"),
            ("broken.tpl:2:1".to_owned(), "unparsable"),
            ("broken:1:13".to_owned(), "unparsable"),
        ]
    );
    assert_eq!((report.summary.files, report.summary.unreadable), (4, 2));
    // Who names a file means it.
    let report = Scanner::new("1.31".parse().unwrap()).scan_paths([folder.path().join("main.go")]);
    assert_eq!(report.summary.unreadable, 1);
}
