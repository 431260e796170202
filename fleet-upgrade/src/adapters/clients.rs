//! Where adapters get the clients of clusters from.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use fleet_core::ClusterName;
use kube::Client;

use crate::ports::BoxError;

type Connecting = Pin<Box<dyn Future<Output = Result<Client, BoxError>> + Send>>;

/// The embedder's way to a cluster, for clusters of Cluster API `fleet_capi::workload`.
#[derive(Clone)]
pub(super) struct Clients(Arc<dyn Fn(ClusterName) -> Connecting + Send + Sync>);

impl Clients {
    pub(super) fn new<F>(clients: impl Fn(ClusterName) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Client, BoxError>> + Send + 'static,
    {
        Self(Arc::new(move |cluster| Box::pin(clients(cluster))))
    }

    pub(super) async fn of(&self, cluster: &ClusterName) -> Result<Client, BoxError> {
        (self.0)(cluster.clone()).await
    }
}
