//! Remedies on Cluster API.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fleet_capi::upgrade::{CapiClusterDriver, UpgradeError};
use fleet_core::ClusterName;

use crate::ports::{Remediator, RemedyError, RemedyProgress};
use crate::spec::Remedy;

/// A [`Remediator`] that takes a hop back on Cluster API, and leaves every other remedy to another one.
///
/// [`Remedy::Abort`] puts the control plane's old version and template back, as long as no machine of the new version has joined; after
/// that it is impossible, and the next remedy is tried. Traffic, replacement and a kept worker pool are the platform's:
/// [`otherwise`](Self::otherwise) says who does these.
#[derive(Clone)]
pub struct CapiRemediator {
    driver: CapiClusterDriver,
    otherwise: Option<Arc<dyn Remediator>>,
}

impl fmt::Debug for CapiRemediator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapiRemediator")
            .field("driver", &self.driver)
            .field("otherwise", &self.otherwise.is_some())
            .finish()
    }
}

impl CapiRemediator {
    /// For the clusters of all namespaces of this management cluster.
    pub fn new(client: kube::Client) -> Self {
        Self::from(CapiClusterDriver::new(client))
    }

    /// Only the clusters of one namespace.
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            driver: self.driver.in_namespace(namespace),
            ..self
        }
    }

    /// Leaves what Cluster API cannot do to this. Default: it is impossible.
    pub fn otherwise(mut self, remediator: impl Remediator + 'static) -> Self {
        self.otherwise = Some(Arc::new(remediator));
        self
    }
}

impl From<CapiClusterDriver> for CapiRemediator {
    fn from(driver: CapiClusterDriver) -> Self {
        Self {
            driver,
            otherwise: None,
        }
    }
}

#[async_trait]
impl Remediator for CapiRemediator {
    async fn remedy(&self, cluster: &ClusterName, remedy: Remedy) -> Result<RemedyProgress, RemedyError> {
        match (remedy, &self.otherwise) {
            (Remedy::Abort, _) => match self.driver.abort(cluster).await {
                // Nothing to take back: an order before this one has done it.
                Ok(()) | Err(UpgradeError::NotStarted { .. }) => Ok(RemedyProgress::Done),
                Err(error @ (UpgradeError::Refused { .. } | UpgradeError::Declared { .. })) => {
                    Err(RemedyError::Impossible {
                        reason: error.to_string(),
                    })
                }
                Err(error) => Err(RemedyError::Unavailable {
                    source: Box::new(error),
                }),
            },
            (_, Some(otherwise)) => otherwise.remedy(cluster, remedy).await,
            (_, None) => Err(RemedyError::Impossible {
                reason: format!("Cluster API has no {remedy}, and nobody else was named to do it"),
            }),
        }
    }
}
