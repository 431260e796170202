//! Wakes a simulated controller when something it looks at has changed.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long a watch that failed waits before the next.
const RETRY: Duration = Duration::from_secs(1);

/// Watches some collections; what changed nobody asks, only that something did.
#[derive(Debug)]
pub(crate) struct Wake {
    changed: Arc<Notify>,
    watches: Vec<JoinHandle<()>>,
}

impl Wake {
    pub(crate) fn on(apis: impl IntoIterator<Item = Api<DynamicObject>>) -> Self {
        let changed = Arc::new(Notify::new());
        let watches = apis
            .into_iter()
            .map(|api| tokio::spawn(watch(api, Arc::clone(&changed))))
            .collect();
        Self { changed, watches }
    }

    /// Until something changes, or this time is over.
    pub(crate) async fn wait(&self, at_most: Option<Duration>) {
        match at_most {
            None => self.changed.notified().await,
            Some(time) => {
                // Either is a reason to look.
                let _ = tokio::time::timeout(time, self.changed.notified()).await;
            }
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.watches.iter().for_each(JoinHandle::abort);
    }
}

async fn watch(api: Api<DynamicObject>, changed: Arc<Notify>) {
    let mut from = "0".to_owned();
    loop {
        let Ok(events) = api.watch(&WatchParams::default(), &from).await else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        let mut events = events.boxed();
        while let Some(Ok(event)) = events.next().await {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object) => {
                    from = object.metadata.resource_version.unwrap_or_default();
                    changed.notify_one();
                }
                WatchEvent::Bookmark(mark) => from = mark.metadata.resource_version,
                WatchEvent::Error(_) => {
                    // The history no longer reaches back: from the beginning, and look at everything.
                    "0".clone_into(&mut from);
                    changed.notify_one();
                    break;
                }
            }
        }
    }
}
