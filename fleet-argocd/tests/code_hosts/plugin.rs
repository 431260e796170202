//! Plugins.

use std::collections::BTreeMap;

use fleet_argocd::{HttpPlugins, Snapshot, Sources, expand};
use serde_json::{Value, json};

use crate::fake::{Log, Secrets, Seen, set};

#[tokio::test]
async fn a_plugin_gets_its_input_and_its_token() {
    let log = Log::default();
    let plugins = HttpPlugins::new(
        server!(log, |_: &Seen| {
            (
                200,
                Vec::new(),
                json!({"output": {"parameters": [{"name": "x"}]}}).to_string(),
            )
        }),
        Secrets,
    );
    let config = BTreeMap::from([
        ("baseUrl".to_owned(), "http://plugin/".to_owned()),
        ("token".to_owned(), "$plugin.token".to_owned()),
    ]);
    let hub = fleet_argocd::RecordedSources::new(Snapshot::empty().with_config_map("p", config));
    let set = set(json!({"plugin": {"configMapRef": {"name": "p"}, "input": {"parameters": {"k": [1]}}}}));
    let sources = Sources::new().clusters(hub).plugins(plugins);
    let snapshot = Snapshot::gather(&sources, &set).await.unwrap();
    assert_eq!(expand(&set, &snapshot).unwrap().len(), 1);
    let seen = log.lock().unwrap()[0].clone();
    assert_eq!(seen.url, "http://plugin/api/v1/getparams.execute");
    assert_eq!(seen.token.as_deref(), Some("Bearer s3cr3t"));
    let posted: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(
        posted,
        json!({"applicationSetName": "web", "input": {"parameters": {"k": [1]}}})
    );
}
