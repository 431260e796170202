//! Custom resources: their schemas, rules and versions.

use serde_json::{Value, json};

use super::{APPLY, Cases, JSON, MERGE, WIDGETS, changed};
use crate::server::{request, with_body};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn widget_schema() -> Value {
    json!({"type": "object", "properties": {
        "spec": {"type": "object", "required": ["mode"], "properties": {
            "mode": {"type": "string", "maxLength": 10},
            "replicas": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 100, "default": 1},
            "ratio": {"type": "number"},
            "flag": {"type": "boolean"},
            "level": {"type": "string", "enum": ["low", "high"]},
            "zone": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2},
            "when": {"type": "string", "format": "date-time"},
            "items": {"type": "array", "maxItems": 4, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"},
                    "size": {"type": "integer", "default": 1}}}},
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "args": {"type": "array", "items": {"type": "string"}},
            "options": {"type": "object", "additionalProperties": {"type": "string"}},
            "sealed": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
            "port": {"x-kubernetes-int-or-string": true},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "nested": {"type": "object", "properties": {"a": {"type": "string", "default": "x"}, "b": {"type": "string", "nullable": true}}},
            "filled": {"type": "object", "default": {}, "properties": {"c": {"type": "string", "default": "y"}}},
        }},
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"},
            "conditions": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}},
    }})
}

fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.diff.example.com"},
        "spec": {"group": "diff.example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": widget_schema()},
                "selectableFields": [{"jsonPath": ".spec.mode"}],
                "additionalPrinterColumns": [{"name": "Mode", "type": "string", "jsonPath": ".spec.mode"}],
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
                    "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}}}]}})
}

/// A definition that is only tried.
fn broken(cases: &mut Cases, label: &str, change: &Value) {
    let base = changed(
        &definition(),
        &json!({"metadata": {"name": "things.diff.example.com"},
        "spec": {"names": {"plural": "things", "singular": "thing", "kind": "Thing", "shortNames": null}}}),
    );
    cases.post(
        label,
        &format!("{DEFINITIONS}?dryRun=All"),
        &changed(&base, change),
    );
}

pub(super) fn install(cases: &mut Cases) {
    for (label, change) in [
        (
            "definition name",
            json!({"metadata": {"name": "other.diff.example.com"}}),
        ),
        ("definition scope", json!({"spec": {"scope": "Odd"}})),
        ("definition no group", json!({"spec": {"group": ""}})),
        ("definition no versions", json!({"spec": {"versions": []}})),
        (
            "definition no schema",
            json!({"spec": {"versions": [{"name": "v1", "served": true, "storage": true}]}}),
        ),
        (
            "definition no storage",
            json!({"spec": {"versions": [{"name": "v1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}),
        ),
        (
            "definition untyped",
            json!({"spec": {"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
            {"type": "object", "properties": {"spec": {"properties": {"a": {}}}}}}}]}}),
        ),
    ] {
        broken(cases, label, &change);
    }
    cases.post(
        "definition dry",
        &format!("{DEFINITIONS}?dryRun=All"),
        &definition(),
    );
    cases.post(
        "definition",
        &format!("{DEFINITIONS}?fieldManager=installer"),
        &definition(),
    );
    cases.post("definition again", DEFINITIONS, &definition());
    // A real server serves a definition a moment after it has accepted it.
    cases.push(request("wait", "WAIT", WIDGETS));
    cases.get(
        "definition established",
        &format!("{DEFINITIONS}/widgets.diff.example.com"),
    );
    cases.get("discovered", "/apis/diff.example.com");
    cases.get("discovered version", "/apis/diff.example.com/v1");
}

pub(super) fn rules(cases: &mut Cases) {
    let base = json!({"apiVersion": "diff.example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"mode": "m"}});
    let long = "x".repeat(11);
    for (index, spec) in [
        json!({"mode": null}),
        json!({"mode": 1}),
        json!({"mode": long}),
        json!({"replicas": -1}),
        json!({"replicas": 101}),
        json!({"replicas": "3"}),
        json!({"replicas": 1.5}),
        json!({"replicas": null}),
        json!({"ratio": "x"}),
        json!({"ratio": 1}),
        json!({"ratio": 0.5}),
        json!({"flag": "true"}),
        json!({"level": "middle"}),
        json!({"zone": "X1"}),
        json!({"zone": "a"}),
        json!({"when": "now"}),
        json!({"when": "2026-01-01T00:00:00Z"}),
        json!({"items": [{"size": 1}]}),
        json!({"items": [{"name": "a"}, {"name": "a"}]}),
        json!({"items": [{"name": "a"}, {"name": "b", "size": 2}]}),
        json!({"items": [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "d"}, {"name": "e"}]}),
        json!({"items": {"name": "a"}}),
        json!({"items": null}),
        json!({"tags": ["a", "a"]}),
        json!({"tags": [1]}),
        json!({"args": ["a", "a"]}),
        json!({"options": {"a": "b"}}),
        json!({"options": {"a": 1}}),
        json!({"options": {"a": null}}),
        json!({"port": 80}),
        json!({"port": "http"}),
        json!({"port": true}),
        json!({"free": {"anything": {"goes": [1, "x", null]}}}),
        json!({"nested": {}}),
        json!({"nested": {"a": null, "b": null}}),
        json!({"nested": "x"}),
        json!({"extra": 1}),
        json!({"nested": {"extra": 1}}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut object = base.clone();
        for (key, value) in spec.as_object().into_iter().flatten() {
            object["spec"][key] = value.clone();
        }
        cases.post(
            &format!("widget {index}"),
            &format!("{WIDGETS}?dryRun=All"),
            &object,
        );
        cases.post(
            &format!("widget strict {index}"),
            &format!("{WIDGETS}?dryRun=All&fieldValidation=Strict"),
            &object,
        );
    }
    cases.post(
        "widget no spec",
        &format!("{WIDGETS}?dryRun=All"),
        &changed(&base, &json!({"spec": null})),
    );
    cases.post(
        "widget list spec",
        &format!("{WIDGETS}?dryRun=All"),
        &changed(&base, &json!({"spec": []})),
    );
    let path = format!("{WIDGETS}/a");
    cases.post("widget", WIDGETS, &base);
    for (index, spec) in [
        json!({"replicas": 500}),
        json!({"mode": null}),
        json!({"replicas": null}),
        json!({"items": [{"name": "a"}]}),
        json!({"extra": 1}),
        json!({"nested": {"b": null}}),
        json!({"tags": ["b", "a"]}),
    ]
    .iter()
    .enumerate()
    {
        cases.patch(
            &format!("widget patched {index}"),
            MERGE,
            &path,
            &json!({"spec": spec}),
        );
        let applied = changed(&base, &json!({"spec": spec}));
        cases.patch(
            &format!("widget applied {index}"),
            APPLY,
            &format!("{path}?fieldManager=m&force=true"),
            &applied,
        );
    }
    cases.patch(
        "widget applied wrong [schema error]",
        APPLY,
        &format!("{path}?fieldManager=m"),
        &changed(&base, &json!({"spec": {"tags": "x"}})),
    );
    cases.get(
        "widget by mode",
        &format!("{WIDGETS}?fieldSelector=spec.mode%3Dm"),
    );
    cases.get(
        "widget by other",
        &format!("{WIDGETS}?fieldSelector=spec.level%3Dlow"),
    );
    cases.delete("widget end", &path);
}

pub(super) fn versions(cases: &mut Cases) {
    let schema = |field: &str, rule: Value| {
        let mut spec = json!({"type": "object", "properties": {field: {"type": "integer"}, "common": {"type": "string"}}});
        if rule.is_array() {
            spec["x-kubernetes-validations"] = rule;
        }
        json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}})
    };
    let rules = json!([{"rule": "self.new <= 10", "message": "new must be small"},
        {"rule": "!has(self.common) || self.common.startsWith('c')"}]);
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.diff.example.com"},
        "spec": {"group": "diff.example.com", "scope": "Cluster", "names": {"plural": "gadgets", "kind": "Gadget"}, "versions": [
            {"name": "v1alpha1", "served": true, "storage": false, "deprecated": true, "schema": schema("old", Value::Null)},
            {"name": "v1", "served": true, "storage": true, "schema": schema("new", rules)}]}});
    let (v1, alpha) = (
        "/apis/diff.example.com/v1/gadgets",
        "/apis/diff.example.com/v1alpha1/gadgets",
    );
    cases.post("versions", DEFINITIONS, &definition);
    cases.push(request("wait", "WAIT", alpha));
    cases.push(request("wait", "WAIT", v1));
    let gadget = |version: &str, name: &str, spec: Value| {
        json!({"apiVersion": format!("diff.example.com/{version}"), "kind": "Gadget",
        "metadata": {"name": name}, "spec": spec})
    };
    cases.post("new", v1, &gadget("v1", "a", json!({"new": 1, "common": "c"})));
    cases.post(
        "old",
        alpha,
        &gadget("v1alpha1", "b", json!({"old": 1, "common": "c"})),
    );
    cases.post("new in old", alpha, &gadget("v1", "c", json!({})));
    cases.get("read old", &format!("{alpha}/a"));
    cases.get("read new", &format!("{v1}/b"));
    cases.get("list old", alpha);
    cases.patch(
        "apply old",
        APPLY,
        &format!("{alpha}/a?fieldManager=m&force=true"),
        &gadget("v1alpha1", "a", json!({"common": "cd"})),
    );
    cases.get("after apply", &format!("{v1}/a"));
    cases.post("rule broken", v1, &gadget("v1", "d", json!({"new": 11})));
    cases.post(
        "rules broken",
        v1,
        &gadget("v1", "d", json!({"new": 11, "common": "x"})),
    );
    cases.patch(
        "rule broken by patch",
        MERGE,
        &format!("{v1}/a"),
        &json!({"spec": {"new": 12}}),
    );
    cases.push(with_body(
        "rule kept",
        "PATCH",
        format!("{v1}/a"),
        MERGE,
        &json!({"spec": {"new": 9}}),
    ));
    for name in ["a", "b"] {
        cases.push(with_body(
            "gadget end",
            "DELETE",
            format!("{v1}/{name}"),
            JSON,
            &json!({}),
        ));
    }
}
