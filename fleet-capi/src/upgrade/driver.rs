//! Taking the steps on a management cluster.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleet_core::{ClusterName, KubernetesVersion};
use jiff::Timestamp;
use kube::Client;

use super::progress::{ClusterProgress, Timer};
use super::step::holder;
use super::take::{ATTEMPTS, Taken, contention};
use super::{Former, Order, Refusal, Rotation, Step, UpgradeError, UpgradeRecord, changes, next_step_of};
use crate::management::{ManagementCluster, ManagementError};
use crate::rollout::{ClusterState, Condition, MachineState, ObjectRef, Pace, Patience};

/// Upgrades clusters of one management cluster, hop by hop, by patching their objects.
///
/// The driver keeps nothing: what was started stands in the objects. [`start`](Self::start) marks the object that holds
/// the version with the annotation [`UPGRADE_ANNOTATION`](crate::rollout::UPGRADE_ANNOTATION) in the very patch that changes it, and
/// [`observe`](Self::observe), in this process or in another one, goes on from there. Both can be called any number of
/// times.
///
/// # Requests
///
/// Looking at a cluster takes none: a [`ManagementCluster`] keeps one watch for each kind, whatever the number of
/// clusters. A step takes one patch for each object that it changes, and its answer is known to the next look. One more
/// where somebody else has changed the object just before.
///
/// # Patches
///
/// Changes are merge patches of the one field, with the field manager `fleet-sdk`, and with the `resourceVersion` the
/// decision was made on: what somebody else changed in between is never overwritten, but read and decided upon again. A
/// field that the server does not know is an error and not dropped (`fieldValidation=Strict`). The version is then owned
/// by `fleet-sdk`, as `metadata.managedFields` shows: whoever applies another one meets a conflict, and Argo CD leaves it
/// alone where `ignoreDifferences.managedFieldsManagers` names it.
///
/// Not server-side apply: what one apply leaves out of what a former one had is removed, so a driver that dies between two
/// of them, or is upgraded, could take `spec.version` out of the object, and to keep it there it would have to claim
/// fields that it does not change, such as the template's name.
#[derive(Clone)]
pub struct CapiClusterDriver {
    pub(super) management: ManagementCluster,
    pub(super) overwrite_declared: bool,
    rotations: Vec<Rotation>,
    timer: Option<Arc<Timer>>,
    looks: Arc<Mutex<BTreeMap<ClusterName, Look>>>,
}

/// What was found when a cluster was last looked at and nothing was to be done. Most looks find the same.
struct Look {
    state: Arc<ClusterState>,
    progress: ClusterProgress,
}

impl std::fmt::Debug for CapiClusterDriver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("CapiClusterDriver");
        debug
            .field("management", &self.management)
            .finish_non_exhaustive()
    }
}

impl From<ManagementCluster> for CapiClusterDriver {
    /// Shares the watches of others who look at this management cluster.
    fn from(management: ManagementCluster) -> Self {
        Self {
            management,
            overwrite_declared: false,
            rotations: Vec::new(),
            timer: None,
            looks: Arc::default(),
        }
    }
}

impl CapiClusterDriver {
    /// A driver for the clusters of all namespaces. Names must then be unique among them, as they are in a fleet.
    pub fn new(client: Client) -> Self {
        Self::from(ManagementCluster::new(client))
    }

    /// Only the clusters of one namespace.
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            management: self.management.in_namespace(namespace),
            ..self
        }
    }

    /// Writes versions also where Argo CD, Flux, Helm or `kubectl apply` keep them. They may put them back: only for
    /// tools that are told to ignore the field. Without it such a step is [`UpgradeError::Declared`].
    pub fn overwrite_declared(self) -> Self {
        Self {
            overwrite_declared: true,
            ..self
        }
    }

    /// Machine templates that change with versions, in every order that [`start`](Self::start) gives.
    pub fn rotating(mut self, rotations: impl IntoIterator<Item = Rotation>) -> Self {
        self.rotations = rotations.into_iter().collect();
        self
    }

    /// Keeps the time that rollouts stand still, and tells it in [`ClusterProgress::pace`]. `now` is asked with each
    /// look: `Timestamp::now`, or a virtual clock.
    pub fn with_patience(
        mut self,
        patience: Patience,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        self.timer = Some(Arc::new(Timer {
            patience,
            now: Box::new(now),
            clocks: Mutex::default(),
        }));
        self
    }

    /// Brings a cluster on its way to a version: takes the step that is due. Already under way, or there, is fine.
    ///
    /// The control plane goes first; the workers follow when [`observe`](Self::observe) finds it done.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn start(
        &self,
        cluster: &ClusterName,
        target: &KubernetesVersion,
    ) -> Result<ClusterProgress, UpgradeError> {
        let mut order = Order::to(target.clone());
        order.rotations.clone_from(&self.rotations);
        self.send(cluster, &order).await
    }

    /// Begins to carry out an order: takes the step that is due. The order stands on the cluster from then on; one for
    /// another way to the same versions takes its place.
    ///
    /// # Errors
    /// [`UpgradeError::Refused`] when the cluster may not go there, [`UpgradeError::NotReady`] when it cannot go yet:
    /// somebody paused it, or it is still rolling to another version. Nothing was changed then.
    pub async fn begin(&self, cluster: &ClusterName, order: &Order) -> Result<ClusterProgress, UpgradeError> {
        let state = self.load(cluster).await?;
        if let Some(rotation) = order.idle_rotation(state.is_by_minor()) {
            return Err(UpgradeError::Refused {
                cluster: cluster.clone(),
                refusal: Refusal::RotationWithoutStop {
                    object: Box::new(state.object.clone()),
                    version: rotation.version.clone(),
                    stops: order.stops().into_iter().cloned().collect(),
                },
            });
        }
        self.send(cluster, order).await
    }

    async fn send(&self, cluster: &ClusterName, order: &Order) -> Result<ClusterProgress, UpgradeError> {
        let progress = self.advance(cluster, order).await?;
        let sent = progress.asked.as_ref().is_some_and(|asked| order.passes(asked));
        let waits = matches!(
            progress.step,
            Step::Paused { .. } | Step::WaitControlPlane { .. } | Step::WaitWorkers { .. }
        );
        if waits && !sent {
            return Err(UpgradeError::NotReady {
                cluster: cluster.clone(),
                asked: progress.asked,
                step: Box::new(progress.step),
            });
        }
        Ok(progress)
    }

    /// Takes the step that is due, if one is, and tells how far the cluster is.
    async fn advance(&self, cluster: &ClusterName, order: &Order) -> Result<ClusterProgress, UpgradeError> {
        let mut contended = ObjectRef::named("Cluster", cluster.as_str());
        for _ in 0..ATTEMPTS {
            let state = self.load(cluster).await?;
            let known = record(&state).filter(|record| record.order == *order);
            let record = known.cloned().unwrap_or_else(|| UpgradeRecord::of(order.clone()));
            match self.step(cluster, &state, &record).await? {
                Taken::Yes(step) => {
                    let progress = ClusterProgress::of(&state, order, step);
                    return Ok(self.timed(cluster, &state, progress));
                }
                Taken::Conflict(object) => contended = object,
            }
        }
        Err(contention(cluster, contended))
    }

    /// Carries out an order to its end, and returns when every machine that it is about runs the version. Between the
    /// steps it waits for news of the cluster; it asks for nothing.
    ///
    /// With [patience](Self::with_patience), a rollout that stands still ends the wait; called again, it
    /// has all its time again.
    ///
    /// # Errors
    /// What [`begin`](Self::begin) has; [`UpgradeError::Stuck`]; [`UpgradeError::TakenAway`] when somebody else has
    /// changed the version. The cluster stays as it is then, and the same order goes on from there.
    pub async fn run(&self, cluster: &ClusterName, order: &Order) -> Result<ClusterProgress, UpgradeError> {
        let mut seen = self.load(cluster).await?;
        if let Some(timer) = &self.timer {
            timer.restart(cluster, &seen, &order.target);
        }
        let mut progress = self.begin(cluster, order).await?;
        loop {
            match (&progress.step, &progress.pace) {
                (Step::Done | Step::Held, _) => return Ok(progress),
                (_, Some(Pace::Stuck { since, cause })) => {
                    return Err(UpgradeError::Stuck {
                        cluster: cluster.clone(),
                        since: *since,
                        cause: cause.clone(),
                    });
                }
                _ => {}
            }
            let news = self.management.changed(cluster, &seen);
            match tokio::time::timeout(LONGEST_WAIT, news).await {
                Ok(Ok(state)) => seen = state,
                Ok(Err(ManagementError::Lost { .. })) => tokio::time::sleep(RETRY).await,
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {}
            }
            let state;
            (state, progress) = match self.observe_state(cluster).await {
                Ok(found) => found,
                Err(error) if error.is_transient() => {
                    tracing::debug!(%cluster, %error, "trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match standing(&state, order) {
                Standing::UnderWay => {}
                // Whoever looked before us took the record away.
                Standing::Ended => progress = ClusterProgress::of(&state, order, Step::Done),
                Standing::TakenAway => {
                    return Err(UpgradeError::TakenAway {
                        cluster: cluster.clone(),
                        asked: progress.asked,
                    });
                }
            }
        }
    }

    /// How far a cluster is on its way to the version that is asked of it. When an order was [begun](Self::begin) and
    /// its next step is due, takes that step: the workers, when the control plane is done.
    ///
    /// A cluster whose upgrade was not started through this SDK, or whose version somebody else has changed since, is
    /// looked at and not touched.
    pub async fn observe(&self, cluster: &ClusterName) -> Result<ClusterProgress, UpgradeError> {
        Ok(self.observe_state(cluster).await?.1)
    }

    /// As [`observe`](Self::observe), with the state that was looked at.
    async fn observe_state(
        &self,
        cluster: &ClusterName,
    ) -> Result<(Arc<ClusterState>, ClusterProgress), UpgradeError> {
        let state = self.load(cluster).await?;
        let known = self.looks().get(cluster).and_then(|look| {
            let same = Arc::ptr_eq(&look.state, &state);
            same.then(|| look.progress.clone())
        });
        if let Some(progress) = known {
            let progress = self.timed(cluster, &state, progress);
            return Ok((state, progress));
        }
        let progress = self.look(cluster, &state).await?;
        let look = Look {
            state: Arc::clone(&state),
            progress: progress.clone(),
        };
        // What was patched is news to the next look; it finds another state then.
        self.looks().insert(cluster.clone(), look);
        let progress = self.timed(cluster, &state, progress);
        Ok((state, progress))
    }

    fn looks(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Look>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
    ) -> Result<ClusterProgress, UpgradeError> {
        let Some(asked) = state.desired_version().cloned() else {
            return Err(UpgradeError::Refused {
                cluster: cluster.clone(),
                refusal: Refusal::NoVersion {
                    object: Box::new(state.object.clone()),
                },
            });
        };
        if let Some(record) = standing_order(state) {
            return match self.step(cluster, state, record).await? {
                Taken::Yes(step) => Ok(ClusterProgress::of(state, &record.order, step)),
                Taken::Conflict(_) => self.advance(cluster, &record.order).await,
            };
        }
        Ok(ClusterProgress::at_rest(state, &asked))
    }

    fn timed(
        &self,
        cluster: &ClusterName,
        state: &ClusterState,
        mut progress: ClusterProgress,
    ) -> ClusterProgress {
        if let Some(timer) = &self.timer {
            progress.pace = Some(timer.pace(cluster, state, &progress));
        }
        progress
    }

    /// The state of a cluster.
    pub async fn load(&self, cluster: &ClusterName) -> Result<Arc<ClusterState>, UpgradeError> {
        Ok(self.management.state(cluster).await?)
    }

    /// Takes no further step on a cluster that is being upgraded: what rolls, rolls to its end, and then it stands at a
    /// clean place (between two hops, or between control plane and workers) until it is [resumed](Self::resume). A control
    /// plane is never stopped in the middle, where its etcd has an even number of members.
    ///
    /// # Errors
    /// [`UpgradeError::NotStarted`] when no upgrade is under way.
    pub async fn hold(&self, cluster: &ClusterName) -> Result<(), UpgradeError> {
        self.set_held(cluster, true).await
    }

    /// Lets a held upgrade go on, from the next look on.
    ///
    /// # Errors
    /// [`UpgradeError::NotStarted`] when no upgrade is under way.
    pub async fn resume(&self, cluster: &ClusterName) -> Result<(), UpgradeError> {
        self.set_held(cluster, false).await
    }

    async fn set_held(&self, cluster: &ClusterName, held: bool) -> Result<(), UpgradeError> {
        self.retried(cluster, |state| {
            let (object, record) = under_way(cluster, state)?;
            let record = UpgradeRecord {
                held,
                ..record.clone()
            };
            Ok((object.clone(), changes::mark(Some(&record))))
        })
        .await
    }

    /// Takes back the hop that has just begun, before it is committed: version and template of the control plane are
    /// again what they were, and Cluster API removes the machine it was making.
    ///
    /// # Errors
    /// [`Refusal::Committed`] once a control-plane machine of the new version has joined: from there it is forward or not at
    /// all. [`Refusal::TopologyGoesUp`] for a managed topology, [`Refusal::Managed`] for a control plane without Machines.
    /// [`UpgradeError::NotStarted`] when there is nothing to take back, [`UpgradeError::TakenAway`] when the version is
    /// somebody else's by now.
    pub async fn abort(&self, cluster: &ClusterName) -> Result<(), UpgradeError> {
        self.retried(cluster, |state| {
            let (object, record) = under_way(cluster, state)?;
            let refuse = |refusal| UpgradeError::Refused {
                cluster: cluster.clone(),
                refusal,
            };
            if state.topology.is_some() {
                return Err(refuse(Refusal::TopologyGoesUp {
                    object: Box::new(object.clone()),
                }));
            }
            let not_started = || UpgradeError::NotStarted {
                cluster: cluster.clone(),
            };
            let former = record.former.as_ref().ok_or_else(not_started)?;
            let group = state.control_plane.as_ref().ok_or_else(not_started)?;
            if record.order.stop_of(state).is_none() {
                return Err(UpgradeError::TakenAway {
                    cluster: cluster.clone(),
                    asked: state.desired_version().cloned(),
                });
            }
            // Whoever runs a control plane without machines has begun at once, and shows nothing of it.
            if state.machines_of(group).next().is_none() {
                return Err(refuse(Refusal::Managed {
                    object: Box::new(object.clone()),
                }));
            }
            if let Some(machine) = state
                .machines_of(group)
                .find(|machine| has_joined(machine, former))
            {
                return Err(refuse(Refusal::Committed {
                    object: Box::new(ObjectRef::named("Machine", &machine.name)),
                }));
            }
            let template = former.template.as_deref();
            let back = changes::control_plane(group, &former.version, template);
            Ok((object.clone(), changes::marked(&back, None)))
        })
        .await
    }
}

/// The record of an upgrade under way.
fn record(state: &ClusterState) -> Option<&UpgradeRecord> {
    holder(state)?.upgrade.as_deref()
}

/// The record of an upgrade that the next look goes on with: nobody has changed the version since.
pub(crate) fn standing_order(state: &ClusterState) -> Option<&UpgradeRecord> {
    record(state).filter(|record| record.order.stop_of(state).is_some())
}

/// What has become of an order that a cluster was sent on its way with.
enum Standing {
    UnderWay,
    Ended,
    /// Somebody else has another version in mind, or has taken the record away before the end.
    TakenAway,
}

fn standing(state: &ClusterState, order: &Order) -> Standing {
    let is_ours = record(state).is_some_and(|record| record.order == *order);
    if order.stop_of(state).is_none() {
        Standing::TakenAway
    } else if is_ours {
        Standing::UnderWay
    } else if next_step_of(state, order) == Step::Done {
        Standing::Ended
    } else {
        Standing::TakenAway
    }
}

fn under_way<'a>(
    cluster: &ClusterName,
    state: &'a ClusterState,
) -> Result<(&'a ObjectRef, &'a UpgradeRecord), UpgradeError> {
    holder(state)
        .and_then(|object| Some((object, object.upgrade.as_deref()?)))
        .ok_or_else(|| UpgradeError::NotStarted {
            cluster: cluster.clone(),
        })
}

/// A machine newer than what was there before is a member of the control plane: its etcd is, or its node.
fn has_joined(machine: &MachineState, former: &Former) -> bool {
    let is_new =
        |version: &KubernetesVersion| !version.same_release(&former.version) && *version > former.version;
    let member = machine
        .conditions
        .get("EtcdMemberHealthy")
        .is_some_and(Condition::is_true);
    machine.version.as_ref().is_some_and(is_new) && (machine.kubelet.is_some() || member)
}

/// A cluster where nothing happens is looked at all the same, to see how long nothing has.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(1);
