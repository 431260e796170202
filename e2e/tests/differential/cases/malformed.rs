//! Bodies and options that make no sense.

use serde_json::json;

use super::{APPLY, CONFIG_MAPS, Cases, JSON, JSON_PATCH, MERGE, STRATEGIC, WIDGETS};
use crate::server::{Request, request};

fn raw(
    label: &str,
    method: &'static str,
    path: &str,
    content_type: &'static str,
    body: impl Into<Vec<u8>>,
) -> Request {
    Request {
        label: label.to_owned(),
        method,
        path: path.to_owned(),
        content_type,
        body: body.into(),
    }
}

pub(super) fn bodies(cases: &mut Cases) {
    cases.post(
        "malformed: map",
        CONFIG_MAPS,
        &json!({"metadata": {"name": "bodies"}, "data": {"a": "1"}}),
    );
    cases.post(
        "malformed: widget",
        WIDGETS,
        &json!({"apiVersion": "diff.example.com/v1", "kind": "Widget",
        "metadata": {"name": "bodies"}, "spec": {"mode": "m"}}),
    );
    for collection in [CONFIG_MAPS, WIDGETS] {
        let path = format!("{collection}/bodies");
        for (label, body) in [
            ("empty [json error]", ""),
            ("no json [json error]", "{"),
            ("text [json error]", "hello"),
            ("number [json error]", "1"),
            ("array [json error]", "[]"),
            ("null [json error]", "null"),
            ("string [json error]", "\"x\""),
            ("empty object", "{}"),
            ("trailing [json error]", "{} {}"),
            (
                "bad metadata [json error]",
                r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":1}"#,
            ),
        ] {
            cases.push(raw(&format!("create {label}"), "POST", collection, JSON, body));
            cases.push(raw(&format!("replace {label}"), "PUT", &path, JSON, body));
            cases.push(raw(
                &format!("merge {label}"),
                "PATCH",
                &format!("{path}?dryRun=All"),
                MERGE,
                body,
            ));
            cases.push(raw(
                &format!("json patch {label}"),
                "PATCH",
                &path,
                JSON_PATCH,
                body,
            ));
            cases.push(raw(
                &format!("strategic {label}"),
                "PATCH",
                &format!("{path}?dryRun=All"),
                STRATEGIC,
                body,
            ));
            cases.push(raw(
                &format!("apply {label} [json error]"),
                "PATCH",
                &format!("{path}?fieldManager=m"),
                APPLY,
                body,
            ));
        }
        for content_type in [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
        ] {
            cases.push(raw("content type", "POST", collection, content_type, "{}"));
            cases.push(raw("patch type", "PATCH", &path, content_type, "{}"));
        }
        cases.push(raw("patch json type", "PATCH", &path, JSON, "{}"));
        cases.push(raw("patch no type", "PATCH", &path, "", "{}"));
        for operations in [
            json!([{"op": "remove", "path": "/nothing"}]),
            json!([{"op": "odd", "path": "/data"}]),
            json!([{"op": "add", "path": "data", "value": 1}]),
            json!([{"op": "replace", "path": "/metadata/labels/x", "value": "1"}]),
            json!([{"op": "add", "path": "/metadata/labels/x", "value": "1"}]),
            json!([{"op": "move", "from": "/metadata/none", "path": "/metadata/labels"}]),
            json!([{"op": "test", "path": "/kind", "value": "Odd"}]),
            json!([{"op": "remove", "path": "/metadata/name"}]),
            json!([{"op": "replace", "path": "/metadata/name", "value": "x"}]),
            json!([]),
        ] {
            cases.patch(
                "operations",
                JSON_PATCH,
                &format!("{path}?dryRun=All"),
                &operations,
            );
        }
        cases.patch(
            "absent merge",
            MERGE,
            &format!("{collection}/absent"),
            &json!({"metadata": {"labels": {"a": "b"}}}),
        );
        cases.patch("absent apply", APPLY, &format!("{collection}/absent"), &json!({}));
        cases.push(raw(
            "no manager",
            "PATCH",
            &path,
            APPLY,
            r#"{"apiVersion":"v1","kind":"ConfigMap"}"#,
        ));
        cases.push(raw(
            "force merge",
            "PATCH",
            &format!("{path}?force=true"),
            MERGE,
            "{}",
        ));
        cases.push(raw(
            "yaml",
            "POST",
            &format!("{collection}?dryRun=All"),
            "application/yaml",
            if collection == CONFIG_MAPS {
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: 'yes'\n"
            } else {
                "apiVersion: diff.example.com/v1\nkind: Widget\nmetadata:\n  name: yaml\nspec:\n  mode: m\n"
            },
        ));
        cases.push(raw(
            "large",
            "POST",
            collection,
            JSON,
            format!("{{\"metadata\":{{\"name\":\"{}\"}}}}", "a".repeat(3_200_000)),
        ));
        cases.push(request("post to object [method]", "POST", path.clone()));
        cases.push(request("put to collection [method]", "PUT", collection));
        cases.push(request("patch collection [method]", "PATCH", collection));
        cases.delete("malformed end", &path);
    }
    for path in [
        "/nothing",
        "/api",
        "/api/v2",
        "/apis/none.io",
        "/apis/none.io/v1",
        "/apis/apps/v9",
        "/apis/none.io/v1/things",
        "/api/v1/namespaces/diff/nothings",
        "/api/v1/nothings/a",
        "/apis/diff.example.com/v1/nothings",
        "/apis/diff.example.com/v9/widgets",
        "/apis/apps/v1/namespaces/diff/deployments/a/none",
        "/api/v1/namespaces/diff/configmaps/a/b/c",
    ] {
        cases.get("path", path);
    }
}

pub(super) fn options(cases: &mut Cases) {
    for query in [
        "labelSelector=!!",
        "labelSelector=a%20in",
        "labelSelector=-a=b",
        "labelSelector=a%3E1",
        "labelSelector=a=b=c",
    ] {
        cases.get("option [selector words]", &format!("{CONFIG_MAPS}?{query}"));
    }
    for query in [
        "labelSelector=a%20in%20(x,y)",
        "labelSelector=!a",
        "labelSelector=a!=b",
        "labelSelector=a%20notin%20(x)",
        "fieldSelector=a",
        "fieldSelector=spec.x%3Dy",
        "fieldSelector=metadata.name%3Da",
        "fieldSelector=metadata.name!%3Da",
        "limit=x",
        "limit=-1",
        "limit=0",
        "continue=x",
        "continue=bm90aGluZw",
        "resourceVersion=x",
        "resourceVersion=-1",
        "resourceVersion=0",
        "resourceVersionMatch=Exact",
        "resourceVersionMatch=Odd&resourceVersion=1",
        "resourceVersion=0&resourceVersionMatch=Exact",
        "timeoutSeconds=x",
        "watch=1&timeoutSeconds=x",
        "sendInitialEvents=true",
        "watch=1&sendInitialEvents=true&timeoutSeconds=1",
        "watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=0&timeoutSeconds=1",
    ] {
        cases.get("option", &format!("{CONFIG_MAPS}?{query}"));
    }
    let map = json!({"metadata": {"name": "options"}});
    for query in [
        "dryRun=Some",
        "dryRun=",
        "fieldValidation=Odd",
        "fieldManager=%01",
        "pretty=true&dryRun=All",
    ] {
        cases.post("option", &format!("{CONFIG_MAPS}?{query}"), &map);
        cases.delete("option reset", &format!("{CONFIG_MAPS}/options"));
    }
    let long = format!("{CONFIG_MAPS}?fieldManager={}", "m".repeat(129));
    cases.post("long manager", &long, &map);
    for options in [
        json!({"propagationPolicy": "Odd"}),
        json!({"gracePeriodSeconds": -1}),
        json!({"gracePeriodSeconds": "x"}),
        json!({"dryRun": ["Some"]}),
        json!({"orphanDependents": true, "propagationPolicy": "Background"}),
        json!({"kind": "Odd"}),
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]}),
        json!({"preconditions": {"uid": "x"}}),
        json!([1]),
    ] {
        cases.post("delete options: object", CONFIG_MAPS, &map);
        cases.delete_with("delete options", &format!("{CONFIG_MAPS}/options"), &options);
    }
    cases.delete("options end", &format!("{CONFIG_MAPS}/options"));
}
