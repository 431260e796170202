//! Bad input: refused as a Status, without a panic and without a trace.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::Service;
use widget::{create, hub, merge, refusal, version_of, widgets};

async fn send(
    hub: &fleet_sim::Hub,
    method: &str,
    path: &str,
    content_type: &str,
    body: Vec<u8>,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content_type)
        .body(Full::new(bytes::Bytes::from(body)))
        .unwrap();
    let response: Response<fleet_sim::HubBody> = hub.service().call(request).await.unwrap();
    let code = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&body).unwrap())
}

const WIDGETS: &str = "/apis/example.dev/v1/namespaces/default/widgets";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

#[tokio::test(start_paused = true)]
async fn every_bad_request_gets_a_status_of_its_code() {
    let hub = hub();
    create(&widgets(&hub), "a", json!({"size": 1})).await;
    let one = format!("{WIDGETS}/a");
    let nested = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let widget = |value: Value| serde_json::to_vec(&value).unwrap();
    let typed = json!({"apiVersion": "example.dev/v1", "kind": "Widget"});
    let cases: Vec<(&str, &str, &str, Vec<u8>, u16)> = vec![
        ("POST", WIDGETS, JSON, b"{".to_vec(), 400),
        ("POST", WIDGETS, JSON, b"[]".to_vec(), 400),
        ("POST", WIDGETS, JSON, b"\xff\xfe".to_vec(), 400),
        ("POST", WIDGETS, JSON, Vec::new(), 400),
        ("POST", WIDGETS, JSON, nested.clone().into_bytes(), 400),
        ("POST", WIDGETS, "text/csv", widget(typed.clone()), 415),
        (
            "POST",
            WIDGETS,
            JSON,
            widget(json!({"apiVersion": "v1", "kind": "Widget"})),
            400,
        ),
        ("POST", WIDGETS, JSON, widget(json!({"kind": "Widget"})), 400),
        (
            "POST",
            WIDGETS,
            JSON,
            widget(json!({"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": 3})),
            400,
        ),
        ("POST", WIDGETS, JSON, vec![b' '; 3 * 1024 * 1024 + 1], 413),
        (
            "GET",
            "/apis/example.dev/v1/widgets?resourceVersionMatch=Exact",
            JSON,
            Vec::new(),
            422,
        ),
        ("PUT", WIDGETS, JSON, widget(typed.clone()), 400),
        ("PATCH", &one, JSON, b"{}".to_vec(), 415),
        ("PATCH", &one, MERGE, b"[1]".to_vec(), 400),
        (
            "PATCH",
            &one,
            MERGE,
            b"{\"metadata\": null, \"spec\": 3}".to_vec(),
            400,
        ),
        (
            "PATCH",
            &one,
            MERGE,
            format!("{{\"spec\":{{\"free\":{nested}}}}}").into_bytes(),
            400,
        ),
        (
            "PATCH",
            &one,
            "application/json-patch+json",
            b"[{\"op\":\"fly\"}]".to_vec(),
            422,
        ),
        (
            "PATCH",
            &one,
            "application/json-patch+json",
            b"[{\"op\":\"replace\",\"path\":\"\",\"value\":1}]".to_vec(),
            422,
        ),
        (
            "GET",
            "/apis/example.dev/v1/namespaces/default/widgets/a/logs",
            JSON,
            Vec::new(),
            404,
        ),
        ("GET", "/api/v1/namespaces/default/widgets", JSON, Vec::new(), 404),
        (
            "DELETE",
            &one,
            JSON,
            b"{\"propagationPolicy\":\"Sometime\"}".to_vec(),
            422,
        ),
        ("DELETE", "/apis/example.dev/v1/widgets", JSON, Vec::new(), 405),
        ("POST", "/version", JSON, Vec::new(), 405),
    ];
    for (method, path, content_type, body, code) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let (found, status) = send(&hub, method, path, content_type, body).await;
        assert_eq!(found.as_u16(), code, "{method} {path} {shown}: {status}");
        assert_eq!(
            (&status["kind"], &status["status"]),
            (&json!("Status"), &json!("Failure"))
        );
        assert_eq!(status["code"], code);
    }
    let kept = widgets(&hub).get("a").await.unwrap();
    assert_eq!(kept.data["spec"], json!({"size": 1, "colour": "blue"}));
}

#[tokio::test(start_paused = true)]
async fn a_patch_cannot_copy_its_way_to_any_size_or_depth() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1, "free": {"x": "x".repeat(1000)}})).await;
    let one = format!("{WIDGETS}/a");
    let copies: Vec<Value> = (0..40)
        .map(|n| json!({"op": "copy", "from": "/spec/free", "path": format!("/spec/free/c{n}")}))
        .collect();
    let body = serde_json::to_vec(&copies).unwrap();
    let (code, status) = send(&hub, "PATCH", &one, "application/json-patch+json", body).await;
    assert!(matches!(code.as_u16(), 413 | 422), "{status}");
    let mut path = "/spec/free".to_owned();
    let deep: Vec<Value> = (0..500)
        .map(|_| {
            path.push_str("/d");
            json!({"op": "add", "path": path, "value": {}})
        })
        .collect();
    let body = serde_json::to_vec(&deep).unwrap();
    let (code, status) = send(&hub, "PATCH", &one, "application/json-patch+json", body).await;
    assert_eq!(code.as_u16(), 422, "{status}");
}

#[tokio::test(start_paused = true)]
async fn an_object_does_not_grow_beyond_what_etcd_holds() {
    let hub = hub();
    let api = widgets(&hub);
    create(&api, "a", json!({"size": 1})).await;
    let before = merge(&api, "a", json!({"spec": {"free": {"x": "x".repeat(1_000_000)}}})).await;
    let more = json!({"spec": {"free": {"y": "y".repeat(1_000_000)}}});
    let patch = kube::api::Patch::Merge(&more);
    assert_eq!(
        refusal(api.patch("a", &kube::api::PatchParams::default(), &patch).await).code,
        413
    );
    assert_eq!(version_of(&api.get("a").await.unwrap()), version_of(&before));
}

#[tokio::test(start_paused = true)]
async fn unknown_fields_are_warned_of() {
    let hub = hub();
    let body = json!({"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"name": "a"},
        "spec": {"size": 1, "sise": 2}});
    let request = Request::post(WIDGETS)
        .header("content-type", JSON)
        .body(Full::new(bytes::Bytes::from(body.to_string())))
        .unwrap();
    let response = hub.service().call(request).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(
        response.headers()["warning"],
        "299 - \"unknown field \\\"spec.sise\\\"\""
    );
}

#[tokio::test(start_paused = true)]
async fn a_path_of_no_api_is_no_page() {
    let hub = hub();
    for path in [
        "/apis/none.dev/v1",
        "/%ff",
        "/apis/example.dev/v1/namespaces/a/b/c/d/e",
        "/apis/example.dev/v9/widgets",
    ] {
        let request = Request::get(path).body(Full::new(bytes::Bytes::new())).unwrap();
        let response = hub.service().call(request).await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "404 page not found\n");
    }
}
