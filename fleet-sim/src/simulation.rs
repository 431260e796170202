//! What can be simulated on a hub: controllers that run on its clients and its time.

use crate::Hub;
use crate::cluster_api::{ClusterApi, ClusterApiHandle};

/// Simulated controllers. They are ordinary programs on a `kube::Client`; the hub only gives them one, and its time.
pub trait Simulation {
    /// What stands for the running controllers.
    type Handle;

    /// Starts them on the current tokio runtime.
    fn start_on(self, hub: &Hub) -> Self::Handle;
}

impl Hub {
    /// Runs simulated controllers on this hub, until its runtime ends or their handle stops them.
    ///
    /// ```
    /// use fleet_sim::{Hub, cluster_api::ClusterApi};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Hub::builder().crds(fleet_capi::crds()).seed(7).start()?;
    /// hub.simulate(ClusterApi::default().machine_startup(Duration::from_secs(90)));
    /// let client: kube::Client = hub.client();
    /// # let _ = client; Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as `tokio::spawn`.
    pub fn simulate<S: Simulation>(&self, controllers: S) -> S::Handle {
        controllers.start_on(self)
    }
}

impl Simulation for ClusterApi {
    type Handle = ClusterApiHandle;

    fn start_on(self, hub: &Hub) -> ClusterApiHandle {
        let clock = hub.clone();
        self.spawn(hub.undisturbed_client(), move || clock.now())
    }
}
