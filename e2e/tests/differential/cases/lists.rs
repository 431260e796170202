//! Lists in pages, watches, and the deletion of collections.

use serde_json::json;

use super::{CONFIG_MAPS, Cases, JSON_PATCH, MERGE, WIDGETS};

pub(super) fn lists(cases: &mut Cases) {
    for index in 0..12 {
        let labels = json!({"parity": if index % 2 == 0 { "even" } else { "odd" }, "number": index.to_string(), "page": "1"});
        cases.post(
            "page",
            CONFIG_MAPS,
            &json!({"metadata": {"name": format!("page-{index:02}"), "labels": labels}}),
        );
        cases.post(
            "page",
            WIDGETS,
            &json!({"apiVersion": "diff.example.com/v1", "kind": "Widget",
            "metadata": {"name": format!("page-{index:02}"), "labels": labels}, "spec": {"mode": "m"}}),
        );
    }
    for collection in [
        CONFIG_MAPS,
        WIDGETS,
        "/api/v1/configmaps",
        "/apis/diff.example.com/v1/widgets",
    ] {
        for selector in [
            "parity=even",
            "parity!=even,page",
            "number in (1,2,3)",
            "number notin (1,2),page=1",
            "page,!missing",
            "missing",
            "parity==odd",
            "number>5",
            "number<3,page=1",
        ] {
            let selector = selector
                .replace(' ', "%20")
                .replace('=', "%3D")
                .replace('>', "%3E")
                .replace('<', "%3C");
            cases.get("select", &format!("{collection}?labelSelector={selector}"));
        }
        cases.get("page 1", &format!("{collection}?limit=5&labelSelector=page"));
        cases.get(
            "page 2",
            &format!("{collection}?limit=5&labelSelector=page&continue={{continue}}"),
        );
        cases.get(
            "page 3",
            &format!("{collection}?limit=5&labelSelector=page&continue={{continue}}"),
        );
        cases.get("page of all", &format!("{WIDGETS}?limit=3"));
        cases.get(
            "page with version",
            &format!("{WIDGETS}?limit=3&continue={{continue}}&resourceVersion=1"),
        );
        cases.get(
            "page of all 2",
            &format!("{WIDGETS}?limit=3&continue={{continue}}"),
        );
        cases.get(
            "by name",
            &format!("{collection}?fieldSelector=metadata.name%3Dpage-03"),
        );
        cases.get(
            "by namespace",
            &format!("{collection}?fieldSelector=metadata.namespace%3Ddiff,metadata.name%3Dpage-04"),
        );
        cases.get(
            "any version",
            &format!("{collection}?resourceVersion=0&labelSelector=number%3D1"),
        );
        cases.get("exact version", &format!("{collection}?resourceVersion={{revision}}&resourceVersionMatch=Exact&labelSelector=number%3D1"));
        cases.get("not older", &format!("{collection}?resourceVersion={{revision}}&resourceVersionMatch=NotOlderThan&labelSelector=number%3D1"));
    }
}

pub(super) fn watches(cases: &mut Cases) {
    cases.get("watch: revision", &format!("{CONFIG_MAPS}?labelSelector=w"));
    let map = json!({"metadata": {"name": "watched", "labels": {"w": "1"}}});
    let path = format!("{CONFIG_MAPS}/watched");
    let from = "resourceVersion={revision}&timeoutSeconds=1";
    cases.post("watch: create", CONFIG_MAPS, &map);
    cases.patch("watch: change", MERGE, &path, &json!({"data": {"a": "1"}}));
    cases.patch(
        "watch: leave",
        JSON_PATCH,
        &path,
        &json!([{"op": "remove", "path": "/metadata/labels/w"}]),
    );
    cases.patch(
        "watch: return",
        MERGE,
        &path,
        &json!({"metadata": {"labels": {"w": "2"}}}),
    );
    cases.patch(
        "watch: same",
        MERGE,
        &path,
        &json!({"metadata": {"labels": {"w": "2"}}}),
    );
    cases.patch(
        "watch: hold",
        MERGE,
        &path,
        &json!({"metadata": {"finalizers": ["x.io/hold"]}}),
    );
    cases.delete("watch: delete", &path);
    cases.patch(
        "watch: release",
        MERGE,
        &path,
        &json!({"metadata": {"finalizers": null}}),
    );
    cases.get(
        "watch selected",
        &format!("{CONFIG_MAPS}?watch=1&{from}&labelSelector=w"),
    );
    cases.get(
        "watch other value",
        &format!("{CONFIG_MAPS}?watch=1&{from}&labelSelector=w%3D2"),
    );
    cases.get(
        "watch by field",
        &format!("{CONFIG_MAPS}?watch=1&{from}&fieldSelector=metadata.name%3Dwatched"),
    );
    cases.get("watch one", &format!("{path}?watch=1&{from}"));
    cases.get(
        "watch everywhere",
        &format!("/api/v1/configmaps?watch=1&{from}&labelSelector=w"),
    );
    cases.get(
        "watch initial",
        &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&labelSelector=parity%3Deven"),
    );
    cases.get(
        "watch from zero",
        &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion=0&labelSelector=parity%3Deven"),
    );
    cases.get(
        "watch list",
        &format!(
            "{CONFIG_MAPS}?watch=1&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true&\
        resourceVersionMatch=NotOlderThan&labelSelector=number%3D3"
        ),
    );
    cases.get(
        "watch widgets",
        &format!("{WIDGETS}?watch=1&timeoutSeconds=1&labelSelector=parity%3Dodd"),
    );
}

pub(super) fn collections(cases: &mut Cases) {
    cases.delete(
        "collection of namespaces",
        "/api/v1/namespaces?labelSelector=none",
    );
    for name in ["default", "kube-system", "kube-public", "absent"] {
        cases.delete("immortal", &format!("/api/v1/namespaces/{name}"));
    }
    cases.delete("immortal dry", "/api/v1/namespaces/default?dryRun=All");
    for collection in [CONFIG_MAPS, WIDGETS] {
        cases.delete(
            "collection dry",
            &format!("{collection}?labelSelector=parity%3Deven&dryRun=All"),
        );
        cases.delete(
            "collection even",
            &format!("{collection}?labelSelector=parity%3Deven"),
        );
        cases.get("collection left", &format!("{collection}?labelSelector=page"));
        cases.patch(
            "collection hold",
            MERGE,
            &format!("{collection}/page-01"),
            &json!({"metadata": {"finalizers": ["x.io/hold"]}}),
        );
        cases.delete_with(
            "collection odd",
            &format!("{collection}?labelSelector=page"),
            &json!({"propagationPolicy": "Background"}),
        );
        cases.get("collection held", &format!("{collection}?labelSelector=page"));
        cases.patch(
            "collection release",
            MERGE,
            &format!("{collection}/page-01"),
            &json!({"metadata": {"finalizers": null}}),
        );
        cases.delete("collection none", &format!("{collection}?labelSelector=page"));
    }
}
