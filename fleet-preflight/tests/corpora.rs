//! Every built-in kind at every target, in every form that a manifest may be written in; and manifests without a fault.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // Helpers of tests.

use fleet_core::MinorVersion;
use fleet_preflight::lifecycle::{self, Class, Lifecycle};
use fleet_preflight::{Report, Scanner};

/// What a scan says about built-in APIs: rule, line, apiVersion, kind, name.
type Seen<'r> = (&'r str, u64, &'r str, &'r str, Option<&'r str>);

const API_RULES: [&str; 4] = [
    "api-removed",
    "api-deprecated",
    "api-off-by-default",
    "api-not-yet",
];

fn seen(report: &Report) -> Vec<Seen<'_>> {
    let findings = report
        .findings
        .iter()
        .filter(|finding| API_RULES.contains(&finding.rule.id));
    let seen = findings.map(|finding| {
        let object = &finding.object;
        let (version, kind) = (object.api_version.as_ref(), object.kind.as_ref());
        (
            finding.rule.id,
            finding.place.line,
            version,
            kind,
            object.name.as_deref(),
        )
    });
    seen.collect()
}

/// The rule that a kind breaks at a release, by its dates alone.
fn rule(api: &Lifecycle, at: MinorVersion) -> Option<&'static str> {
    let reached = |release: Option<MinorVersion>| release.is_some_and(|release| release <= at);
    if reached(api.removed) {
        Some("api-removed")
    } else if reached(api.deprecated) {
        Some("api-deprecated")
    } else if api.introduced.is_some_and(|introduced| introduced > at) {
        Some("api-not-yet")
    } else {
        (!api.served_by_default).then_some("api-off-by-default")
    }
}

/// Kinds that stand in manifests: lists have their items, and what is only on the wire is in no file.
fn kinds() -> impl Iterator<Item = &'static Lifecycle> {
    lifecycle::all().filter(|api| !matches!(api.class, Class::List | Class::Wire))
}

fn releases() -> impl Iterator<Item = MinorVersion> {
    (8..=lifecycle::NEWEST.minor).map(|minor| MinorVersion::new(1, minor))
}

#[test]
fn every_kind_is_judged_at_every_target() {
    let mut count = 0;
    for target in releases() {
        let scanner = Scanner::new(target);
        for api in kinds() {
            let text = format!(
                "apiVersion: {}\nkind: {}\nmetadata:\n  name: x\n",
                api.api_version, api.kind
            );
            let report = scanner.scan_text("x.yaml", &text);
            let expected: Vec<Seen<'_>> = rule(api, target)
                .map(|rule| (rule, 1, api.api_version, api.kind, Some("x")))
                .into_iter()
                .collect();
            assert_eq!(
                seen(&report),
                expected,
                "{} {} at {target}",
                api.api_version,
                api.kind
            );
            for finding in &report.findings {
                if matches!(finding.rule.id, "api-removed" | "api-deprecated") {
                    assert_eq!(
                        (finding.deprecated_in, finding.removed_in),
                        (api.deprecated, api.removed)
                    );
                }
            }
            count += 1;
        }
    }
    assert!(count > 8_000, "{count}");
}

/// A way to write an object: its bytes, the line its apiVersion stands on, and whether its name can be seen.
struct Form {
    name: &'static str,
    write: fn(&str, &str) -> Vec<u8>,
    line: u64,
    named: bool,
}

macro_rules! forms {
    ($($name:literal, $line:literal, $named:literal: $text:literal;)*) => {
        [$(Form {
            name: $name,
            write: |version, kind| $text.replace("VERSION", version).replace("KIND", kind).into_bytes(),
            line: $line,
            named: $named,
        }),*]
    };
}

fn utf16(version: &str, kind: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let text =
        format!("\u{feff}# \u{1f600}\r\napiVersion: {version}\r\nkind: {kind}\r\nmetadata: {{name: x}}\r\n");
    text.encode_utf16().flat_map(unit).collect()
}

fn all_forms() -> Vec<Form> {
    let mut forms: Vec<Form> = forms! {
        "block", 1, true: "apiVersion: VERSION\nkind: KIND\nmetadata:\n  name: x\n";
        "kind first, comments", 3, true: "# apiVersion: v9\nkind: KIND # is\napiVersion: VERSION # was v9\nmetadata:\n  # name: y\n  name: x # not y\n";
        "double quotes", 1, true: "\"apiVersion\": \"VERSION\"\n\"kind\": \"KIND\"\n\"metadata\": {\"name\": \"x\"}\n";
        "single quotes", 1, true: "'apiVersion': 'VERSION'\nkind: 'KIND'\nmetadata: {'name': 'x'}\n";
        "tags", 1, true: "apiVersion: !!str VERSION\nkind: !!str KIND\nmetadata: !!map {name: !!str x}\n";
        "anchors", 2, true: "x: &v VERSION\napiVersion: *v\nkind: &k KIND\nmetadata: &m\n  name: x\n";
        "folded", 1, true: "apiVersion: >-\n  VERSION\nkind: |-\n  KIND\nmetadata:\n  name: x\n";
        "explicit keys", 1, true: "? apiVersion\n: VERSION\n? kind\n: KIND\n? metadata\n: {name: x}\n";
        "flow", 1, true: "{apiVersion: VERSION, kind: KIND, metadata: {name: x}}\n";
        "indented", 1, true: "  apiVersion: VERSION\n  kind: KIND\n  metadata:\n    name: x\n";
        "CRLF", 2, true: "---\r\napiVersion: VERSION\r\nkind: KIND\r\nmetadata:\r\n  name: x\r\n";
        "byte order mark", 1, true: "\u{feff}apiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n";
        "mark before a separator", 2, true: "\u{feff}---\napiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n";
        "directive", 3, true: "%YAML 1.2\n---\napiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n";
        "content after the separator", 1, true: "--- {apiVersion: VERSION, kind: KIND, metadata: {name: x}}\n";
        "comment after the separator", 2, true: "--- # first\napiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n...\n";
        "no line feed at the end", 1, true: "apiVersion: VERSION\nmetadata: {name: x}\nkind: KIND";
        "no metadata", 1, false: "apiVersion: VERSION\nkind: KIND\n";
        "null metadata", 1, false: "apiVersion: VERSION\nkind: KIND\nmetadata:\n";
        "generated name", 1, false: "apiVersion: VERSION\nkind: KIND\nmetadata: {generateName: x-}\n";
        "text in between", 1, true: "apiVersion: VERSION\ndata:\n  a: |\n    apiVersion: no/v1\n    kind: No\n    ---\nkind: KIND\nmetadata: {name: x}\n";
        "JSON", 1, true: "{\"kind\":\"KIND\",\"apiVersion\":\"VERSION\",\"metadata\":{\"name\":\"x\"}}";
        "indented JSON", 3, true: "{\n\t\"kind\": \"KIND\",\n\t\"apiVersion\": \"VERSION\",\n\t\"metadata\": {\"name\": \"x\"}\n}\n";
        "escaped JSON", 1, true: "{\"apiVersion\":\"VERSION\",\"kind\":\"KIND\",\"metadata\":{\"name\":\"\\u0078\"}}";
        "JSON array", 1, true: "[{\"kind\":\"KIND\",\"apiVersion\":\"VERSION\",\"metadata\":{\"name\":\"x\"}}]";
        "JSON, one a line", 2, true: "{\"kind\":\"A\",\"apiVersion\":\"a.example/v1\"}\n{\"kind\":\"KIND\",\"apiVersion\":\"VERSION\",\"metadata\":{\"name\":\"x\"}}\n";
        "JSON after a separator", 2, true: "---\n{\"kind\":\"KIND\",\"apiVersion\":\"VERSION\",\"metadata\":{\"name\":\"x\"}}\n";
        "JSON with tabs in YAML", 2, true: "# generated\n{\"apiVersion\": \"VERSION\", \"kind\": \"KIND\", \"metadata\": {\"name\": \"x\"},}\n";
        "sequence", 1, true: "- apiVersion: VERSION\n  kind: KIND\n  metadata: {name: x}\n";
        "list", 3, true: "apiVersion: v1\nitems:\n- apiVersion: VERSION\n  kind: KIND\n  metadata: {name: x}\nkind: List\n";
        "indented list", 4, true: "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: VERSION\n    kind: KIND\n    metadata:\n      name: x\n";
        "flow list", 1, true: "{apiVersion: v1, kind: List, items: [{apiVersion: VERSION, kind: KIND, metadata: {name: x}}]}\n";
        "JSON list", 2, true: "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n{\"apiVersion\":\"VERSION\",\"kind\":\"KIND\",\"metadata\":{\"name\":\"x\"}}]}";
        "list in a list", 6, true: "apiVersion: v1\nkind: List\nitems:\n- kind: List\n  items:\n  - apiVersion: VERSION\n    kind: KIND\n    metadata: {name: x}\n  apiVersion: v1\n";
        "typed list", 4, true: "apiVersion: VERSION\nkind: KINDList\nitems:\n- metadata: {name: x}\n";
        "typed list with types", 4, true: "apiVersion: VERSION\nkind: KINDList\nitems:\n- apiVersion: VERSION\n  kind: KIND\n  metadata: {name: x}\n";
        "typed JSON list", 1, true: "{\"kind\":\"KINDList\",\"apiVersion\":\"VERSION\",\"items\":[{\"metadata\":{\"name\":\"x\"}}]}";
        "OpenShift template", 4, true: "apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- apiVersion: VERSION\n  kind: KIND\n  metadata: {name: x}\n";
        "after a broken document", 4, true: "a: [\n---\n# here\napiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n";
        "before a broken document", 1, true: "apiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n---\na: b: c\n";
        "between empty documents", 5, true: "---\n---\n# nothing\n---\napiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n---\n";
        "twice the same key", 3, true: "apiVersion: no/v1\nkind: No\napiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n";
        "merge key", 4, true: "a: &a\n  b: c\nd: {<<: *a}\napiVersion: VERSION\nkind: KIND\nmetadata: {name: x}\n";
    }
    .into();
    forms.push(Form {
        name: "UTF-16 LE",
        write: |version, kind| utf16(version, kind, u16::to_le_bytes),
        line: 2,
        named: true,
    });
    forms.push(Form {
        name: "UTF-16 BE",
        write: |version, kind| utf16(version, kind, u16::to_be_bytes),
        line: 2,
        named: true,
    });
    forms.push(Form {
        name: "UTF-16 LE without a mark",
        write: |version, kind| utf16(version, kind, u16::to_le_bytes).split_off(2),
        line: 2,
        named: true,
    });
    forms
}

#[test]
fn every_form_says_the_same() {
    let forms = all_forms();
    for api in kinds() {
        // The last release that has it without a word, the first with one, and the newest.
        let turns = [api.deprecated, api.removed, Some(lifecycle::NEWEST)]
            .into_iter()
            .flatten();
        let before = api
            .deprecated
            .or(api.removed)
            .map(|turn| MinorVersion::new(1, turn.minor.saturating_sub(1)));
        for target in turns.chain(before) {
            let scanner = Scanner::new(target);
            for form in &forms {
                let report = scanner.scan_reader("x", (form.write)(api.api_version, api.kind).as_slice());
                let name = form.named.then_some("x");
                let expected: Vec<Seen<'_>> = rule(api, target)
                    .map(|rule| (rule, form.line, api.api_version, api.kind, name))
                    .into_iter()
                    .collect();
                assert_eq!(
                    seen(&report),
                    expected,
                    "{} {} at {target}: {}",
                    api.api_version,
                    api.kind,
                    form.name
                );
                let broken = u64::from(form.name.contains("broken"));
                assert_eq!(
                    report.summary.unreadable,
                    broken,
                    "{}: {}",
                    form.name,
                    report.as_table()
                );
            }
        }
    }
}

#[test]
fn versions_that_only_look_old_are_not_reported() {
    for text in [
        // A group that ends like another one, or begins like it.
        "apiVersion: example.extensions/v1beta1\nkind: Ingress\nmetadata: {name: x}\n",
        "apiVersion: networking.k8s.io.example.com/v1beta1\nkind: Ingress\nmetadata: {name: x}\n",
        "apiVersion: extensions/v1beta10\nkind: Deployment\nmetadata: {name: x}\n",
        // The kind of another group.
        "apiVersion: serving.knative.dev/v1beta1\nkind: Deployment\nmetadata: {name: x}\n",
        "apiVersion: policy/v1beta1\nkind: Policy\nmetadata: {name: x}\n",
        // Case matters to the API server.
        "apiVersion: Extensions/v1beta1\nkind: Deployment\nmetadata: {name: x}\n",
        "apiVersion: extensions/v1beta1\nkind: deployment\nmetadata: {name: x}\n",
        // Text, comments, annotations and arguments.
        "# apiVersion: extensions/v1beta1\n# kind: Deployment\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: |\n    apiVersion: extensions/v1beta1\n    kind: Deployment\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: {a: \"apiVersion: extensions/v1beta1\"}\n",
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec: {template: {spec: {containers: [{name: a, args: [\"kind: Ingress\", \"apiVersion: extensions/v1beta1\"]}]}}}\n",
        // Fields of these names that are not the object's own.
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  ownerReferences:\n  - {apiVersion: extensions/v1beta1, kind: Deployment, name: y, uid: z}\n",
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec:\n  apiVersion: extensions/v1beta1\n  kind: Deployment\n",
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec:\n  items:\n  - {apiVersion: extensions/v1beta1, kind: Deployment}\n",
        "x-apiVersion: extensions/v1beta1\nx-kind: Deployment\napiVersion: v1\nkind: Service\nmetadata: {name: x}\n",
        // No object at all.
        "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
        "apiVersion: extensions/v1beta1\n",
        "kind: Ingress\n",
        "- extensions/v1beta1\n- Deployment\n",
        "values:\n  deployment:\n    apiVersion: extensions/v1beta1\n    kind: Deployment\n",
    ] {
        for target in releases() {
            let report = Scanner::new(target).scan_text("x.yaml", text);
            assert_eq!(seen(&report), [], "at {target}:\n{text}");
        }
    }
}

#[test]
fn manifests_without_a_fault_give_no_finding() {
    let text = include_str!("manifests/clean.yaml");
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    for minor in 31..=lifecycle::NEWEST.minor {
        for embedded in [false, true] {
            let scanner = Scanner::new(MinorVersion::new(1, minor))
                .now(now)
                .embedded(embedded);
            let report = scanner.scan_text("clean.yaml", text);
            let findings: Vec<_> = report
                .findings
                .iter()
                .filter(|finding| finding.rule.id != "api-not-yet")
                .collect();
            assert!(findings.is_empty(), "at 1.{minor}: {findings:#?}");
            assert!(report.summary.objects >= 30, "{:?}", report.summary);
        }
    }
}
