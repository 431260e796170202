//! What an API server lets pass: every policy that can be read, and few of those that cannot.

use fleet_upgrade::FleetUpgrade;
use fleet_upgrade::operator::crd;
use serde_json::{Value, json};

use crate::specs::{GOOD, WRONG};
use crate::world::World;

fn spec(text: &str) -> Value {
    fleet_core::yaml::documents(text).unwrap()[0].value().clone()
}

#[tokio::test]
async fn every_policy_that_can_be_read_passes_and_nothing_of_it_is_lost() {
    let world = World::new(json!({"target": "v1.31.4", "stages": [{"name": "all"}]})).await;
    for (index, spec) in GOOD.into_iter().map(spec).enumerate() {
        let object = json!({"apiVersion": "fleet-sdk.dev/v1alpha1", "kind": "FleetUpgrade",
            "metadata": {"name": format!("good-{index}"), "namespace": "fleet"}, "spec": spec});
        let text = object.to_string();
        FleetUpgrade::from_yaml(&text, "good.yaml").unwrap_or_else(|error| panic!("{error}"));
        let made = world
            .try_create(&object)
            .await
            .unwrap_or_else(|error| panic!("{index}: {error}"));
        assert_eq!(made.data["spec"], object["spec"], "nothing was pruned");
    }
}

#[tokio::test]
async fn what_cannot_be_read_does_not_pass() {
    let world = World::new(json!({"target": "v1.31.4", "stages": [{"name": "all"}]})).await;
    for (field, text) in WRONG {
        let object = json!({"apiVersion": "fleet-sdk.dev/v1alpha1", "kind": "FleetUpgrade",
            "metadata": {"name": "wrong", "namespace": "fleet"}, "spec": spec(text)});
        match world.try_create(&object).await {
            Ok(_) => panic!("passes: {text}"),
            Err(error) => assert!(error.to_string().contains(field), "{text}: {error}"),
        }
    }
}

#[test]
fn the_definition_says_its_columns_and_its_subresource() {
    let crd = crd();
    assert_eq!(crd.spec.names.short_names, Some(vec!["fu".to_owned()]));
    let version = &crd.spec.versions[0];
    assert!(version.subresources.as_ref().unwrap().status.is_some());
    assert_eq!(version.additional_printer_columns.as_ref().unwrap().len(), 6);
}
