//! What holds whatever is done: versions only grow, watches replay to the list, pages are one moment.

#![allow(clippy::unwrap_used, clippy::panic)]

mod widget;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, VersionMatch, WatchEvent,
    WatchParams,
};
use proptest::prelude::*;
use serde_json::json;
use widget::{version_of, widget as new_widget, widgets};

#[derive(Debug, Clone)]
enum Act {
    Create(u8, i64),
    Replace(u8, i64),
    Merge(u8, i64),
    Apply(u8, u8, i64),
    Label(u8, bool),
    Delete(u8),
}

fn act() -> impl Strategy<Value = Act> {
    let (name, size) = (0_u8..6, 1_i64..5);
    prop_oneof![
        (name.clone(), size.clone()).prop_map(|(n, s)| Act::Create(n, s)),
        (name.clone(), size.clone()).prop_map(|(n, s)| Act::Replace(n, s)),
        (name.clone(), size.clone()).prop_map(|(n, s)| Act::Merge(n, s)),
        (name.clone(), 0_u8..3, size).prop_map(|(n, m, s)| Act::Apply(n, m, s)),
        (name.clone(), any::<bool>()).prop_map(|(n, on)| Act::Label(n, on)),
        name.prop_map(Act::Delete),
    ]
}

/// What of an object is compared: its version and all of its content.
type World = BTreeMap<String, DynamicObject>;

fn world(objects: Vec<DynamicObject>) -> World {
    objects
        .into_iter()
        .map(|mut object| {
            // Lists leave the types of their items out in kube's reading.
            object.types = None;
            (object.metadata.name.clone().unwrap(), object)
        })
        .collect()
}

async fn perform(api: &Api<DynamicObject>, act: &Act) -> Option<DynamicObject> {
    let name = |n: &u8| format!("w{n}");
    let post = PostParams::default();
    let patch = PatchParams::default();
    match act {
        Act::Create(n, size) => api
            .create(&post, &new_widget(&name(n), json!({"size": size})))
            .await
            .ok(),
        Act::Replace(n, size) => {
            let mut object = api.get(&name(n)).await.ok()?;
            object.data["spec"]["size"] = json!(size);
            Some(api.replace(&name(n), &post, &object).await.unwrap())
        }
        Act::Merge(n, size) => api
            .patch(&name(n), &patch, &Patch::Merge(json!({"spec": {"size": size}})))
            .await
            .ok(),
        Act::Apply(n, manager, size) => {
            let manager = format!("m{manager}");
            widget::apply(api, &name(n), &manager, json!({"spec": {"size": size}}))
                .await
                .ok()
        }
        Act::Label(n, on) => {
            let value = if *on { json!("yes") } else { json!(null) };
            let labels = json!({"metadata": {"labels": {"on": value}}});
            api.patch(&name(n), &patch, &Patch::Merge(labels)).await.ok()
        }
        Act::Delete(n) => {
            let _ = api.delete(&name(n), &DeleteParams::default()).await;
            None
        }
    }
}

/// Plays a watch from a revision onto what was there.
async fn replay(api: &Api<DynamicObject>, mut from: World, revision: u64, labels: &str) -> World {
    let params = WatchParams::default().disable_bookmarks().labels(labels);
    let stream = api.watch(&params, &revision.to_string()).await.unwrap();
    pin_mut!(stream);
    let mut last = revision;
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(5), stream.next()).await {
        let (mut object, known) = match event.unwrap() {
            WatchEvent::Added(object) => (object, false),
            WatchEvent::Modified(object) => (object, true),
            WatchEvent::Deleted(object) => {
                assert!(version_of(&object) > last);
                last = version_of(&object);
                assert!(from.remove(object.metadata.name.as_deref().unwrap()).is_some());
                continue;
            }
            other => panic!("unexpected {other:?}"),
        };
        assert!(
            version_of(&object) > last,
            "events come in the order of their revisions"
        );
        last = version_of(&object);
        object.types = None;
        assert_eq!(
            from.insert(object.metadata.name.clone().unwrap(), object)
                .is_some(),
            known
        );
    }
    from
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_writes_keeps_the_promises_of_the_api(acts in prop::collection::vec(act(), 1..30), page in 1_u32..4) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let hub = widget::hub();
            let api = widgets(&hub);
            let mut moments: Vec<(u64, World)> = Vec::new();
            let mut highest = 0;
            for act in &acts {
                if let Some(object) = perform(&api, act).await {
                    let stored = api.get(object.metadata.name.as_deref().unwrap()).await.unwrap();
                    assert_eq!(stored, object, "an answer is what was stored");
                }
                let list = api.list(&ListParams::default()).await.unwrap();
                let revision: u64 = list.metadata.resource_version.unwrap().parse().unwrap();
                assert!(revision >= highest);
                highest = revision;
                assert!(list.items.iter().all(|object| version_of(object) <= revision));
                moments.push((revision, world(list.items)));
            }
            let (_, now) = moments.last().unwrap().clone();
            for (revision, then) in &moments {
                assert_eq!(replay(&api, then.clone(), *revision, "").await, now);
                let labelled = |world: &World| -> World {
                    let has = |object: &DynamicObject| object.metadata.labels.as_ref().is_some_and(|l| l.contains_key("on"));
                    world.iter().filter(|(_, object)| has(object)).map(|(n, o)| (n.clone(), o.clone())).collect()
                };
                assert_eq!(replay(&api, labelled(then), *revision, "on").await, labelled(&now));
                let mut paged = Vec::new();
                let at = revision.to_string();
                let mut params = ListParams::default().limit(page).at(&at).matching(VersionMatch::Exact);
                loop {
                    let list = api.list(&params).await.unwrap();
                    paged.extend(list.items);
                    match list.metadata.continue_ {
                        Some(token) if !token.is_empty() => params = ListParams::default().limit(page).continue_token(&token),
                        _ => break,
                    }
                }
                assert_eq!(&world(paged), then, "pages at {revision}");
            }
        });
    }
}
