//! Cluster Secrets: every form of credential is read and written, and none is ever shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use fleet_argocd::{ClusterSecret, ClusterSecretError, LabelFilter, Snapshot, spoke};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

const CREDENTIAL: &str = "s3cret";
/// The same, as it looks in base64.
const ENCODED: &str = "czNjcmV0";

fn secret(config: &Value) -> Secret {
    serde_json::from_value(json!({
        "metadata": {
            "name": "cluster-eu",
            "namespace": "argocd",
            "labels": {"argocd.argoproj.io/secret-type": "cluster", "env": "production"},
            "annotations": {"owner": "platform"},
        },
        "stringData": {
            "name": "eu", "server": "https://eu.example.com", "config": config.to_string(),
            "namespaces": "a,b", "clusterResources": "true", "project": "shop", "shard": "2",
        },
    }))
    .unwrap()
}

fn text(secret: &Secret, key: &str) -> String {
    let ByteString(bytes) = &secret.data.as_ref().unwrap()[key];
    String::from_utf8(bytes.clone()).unwrap()
}

fn every_form() -> Vec<(&'static str, Value)> {
    vec![
        (
            "bearer token",
            json!({"bearerToken": CREDENTIAL, "tlsClientConfig": {"insecure": false, "caData": "Q0E="}}),
        ),
        (
            "basic",
            json!({"username": "admin", "password": CREDENTIAL, "tlsClientConfig": {"insecure": true}}),
        ),
        (
            "client certificate",
            json!({"tlsClientConfig": {"insecure": false, "serverName": "x", "caData": "Q0E=", "certData": "Q0VSVA==", "keyData": ENCODED}}),
        ),
        (
            "aws",
            json!({"awsAuthConfig": {"clusterName": "eu", "roleARN": "arn:aws:iam::1:role/x", "profile": "/p"}, "tlsClientConfig": {"insecure": false}}),
        ),
        (
            "exec",
            json!({"execProviderConfig": {"command": "tool", "args": ["--token", CREDENTIAL], "env": {"TOKEN": CREDENTIAL}, "apiVersion": "client.authentication.k8s.io/v1", "installHint": "get it"}, "tlsClientConfig": {"insecure": false}}),
        ),
        (
            "none",
            json!({"disableCompression": true, "proxyUrl": "http://u:s3cret@proxy", "tlsClientConfig": {"insecure": false}, "fromAFutureVersion": CREDENTIAL}),
        ),
    ]
}

#[test]
fn every_form_of_credential_survives_reading_and_writing() {
    for (form, config) in every_form() {
        let cluster = ClusterSecret::from_secret(&secret(&config)).unwrap();
        assert_eq!(cluster.summary().authentication, form);
        let written = cluster.to_secret("argocd").unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text(&written, "config")).unwrap(),
            config
        );
        for (key, expected) in [
            ("name", "eu"),
            ("server", "https://eu.example.com"),
            ("namespaces", "a,b"),
            ("clusterResources", "true"),
            ("project", "shop"),
            ("shard", "2"),
        ] {
            assert_eq!(text(&written, key), expected);
        }
        assert_eq!(written.metadata.labels, secret(&config).metadata.labels);
        assert_eq!(written.metadata.annotations, secret(&config).metadata.annotations);
    }
}

#[test]
fn no_text_shows_a_credential() {
    for (form, config) in every_form() {
        let cluster = ClusterSecret::from_secret(&secret(&config)).unwrap();
        let snapshot = Snapshot::empty().with_clusters([&cluster]);
        let texts = [
            format!("{cluster:?}"),
            format!("{cluster:#?}"),
            serde_json::to_string(&cluster.summary()).unwrap(),
            serde_json::to_string(&snapshot).unwrap(),
            format!("{snapshot:?}"),
        ];
        for text in texts {
            assert!(
                !text.contains(CREDENTIAL) && !text.contains(ENCODED),
                "{form}: {text}"
            );
        }
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_named_without_its_content() {
    let broken = |key: &str, value: &str| {
        let mut secret = secret(&json!({}));
        secret
            .string_data
            .as_mut()
            .unwrap()
            .insert(key.to_owned(), value.to_owned());
        ClusterSecret::from_secret(&secret).unwrap_err()
    };
    for (key, value) in [
        ("config", "{\"bearerToken\": \"s3cret\""),
        ("config", "{\"bearerToken\": [\"s3cret\"]}"),
        ("config", "{\"tlsClientConfig\": {\"keyData\": \"s3cret!\"}}"),
        ("clusterResources", "s3cret"),
        ("shard", "s3cret"),
    ] {
        let error = broken(key, value);
        let texts = format!("{error} {error:?}");
        assert!(texts.contains("cluster-eu") && texts.contains(key), "{texts}");
        assert!(!texts.contains(CREDENTIAL), "{texts}");
    }
    let mut other = secret(&json!({}));
    other.metadata.labels = None;
    assert_eq!(
        ClusterSecret::from_secret(&other).unwrap_err(),
        ClusterSecretError::NotACluster {
            secret: "cluster-eu".into()
        }
    );
}

#[test]
fn a_kubeconfig_becomes_a_registration() {
    let kubeconfig = "
apiVersion: v1
kind: Config
clusters: [{name: eu, cluster: {server: 'https://eu:6443', certificate-authority-data: Q0E=}}]
users: [{name: admin, user: {token: s3cret}}]
contexts: [{name: admin@eu, context: {cluster: eu, user: admin}}]
current-context: admin@eu
";
    let labels: BTreeMap<_, _> = [("env", "production"), ("cluster.x-k8s.io/watch-filter", "x")]
        .map(|(k, v)| (k.into(), v.into()))
        .into();
    let cluster = spoke("eu", &kubeconfig.to_owned().into(), &labels, &LabelFilter::all()).unwrap();
    let written = cluster.to_secret("argocd").unwrap();
    assert_eq!(written.metadata.name.as_deref(), Some("cluster-eu"));
    assert_eq!(
        written
            .metadata
            .labels
            .as_ref()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect::<Vec<_>>(),
        [
            ("argocd.argoproj.io/secret-type", "cluster"),
            ("env", "production")
        ]
    );
    assert_eq!(
        serde_json::from_str::<Value>(&text(&written, "config")).unwrap(),
        json!({"bearerToken": "s3cret", "tlsClientConfig": {"insecure": false, "caData": "Q0E="}})
    );
    assert!(!format!("{cluster:?}").contains(CREDENTIAL));
}
