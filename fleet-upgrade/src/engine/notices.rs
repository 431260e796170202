//! From facts to notices, and from there to people, beside the run.

use std::sync::Arc;

use fleet_core::ClusterName;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::kernel::{ApprovalPoint, Blocker, ClusterId, Fact, RunState};
use crate::ports::{Notice, NoticeKind, Notifier};

/// How many notices may wait; what comes beyond is dropped.
const WAITING: usize = 1024;

/// Hands notices to a notifier, one after the other, without ever making the run wait.
#[derive(Debug)]
pub(super) struct Notices {
    sender: Option<mpsc::Sender<Notice>>,
    task: Option<JoinHandle<()>>,
}

impl Notices {
    pub(super) fn to(notifier: Option<Arc<dyn Notifier>>) -> Self {
        let both = notifier.map(|notifier| {
            let (sender, mut receiver) = mpsc::channel::<Notice>(WAITING);
            // Ends when the run's side is dropped and everything is told.
            let task = tokio::spawn(async move {
                while let Some(notice) = receiver.recv().await {
                    if let Err(error) = notifier.notify(&notice).await {
                        warn!(%error, %notice, "a notice could not be told");
                    }
                }
            });
            (sender, task)
        });
        let (sender, task) = both.unzip();
        Self { sender, task }
    }

    pub(super) fn tell(&self, notice: impl FnOnce() -> Option<Notice>) {
        let Some(sender) = &self.sender else { return };
        let Some(notice) = notice() else { return };
        if let Err(error) = sender.try_send(notice) {
            warn!(%error, "a notice was dropped");
        }
    }

    /// Waits until everything is told; the caller decides for how long.
    pub(super) async fn close(&mut self) {
        self.sender = None;
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            warn!(%error, "the notifier came to an untimely end");
        }
    }
}

/// What people are told of a fact, in the state before it; nothing for what is of interest to the run alone.
pub(super) fn of_fact(
    run: &str,
    at: Timestamp,
    fact: &Fact,
    before: &RunState,
    stage: Option<String>,
    cluster: Option<ClusterName>,
) -> Option<Notice> {
    let last_hop = |cluster: ClusterId, hop: u32| before.is_last_hop(cluster, hop);
    let (kind, text) = match fact {
        Fact::RunStarted { .. } => (NoticeKind::RunStarted, "the run began".to_owned()),
        Fact::StageOpened { .. } => (NoticeKind::StageStarted, "the stage began".to_owned()),
        Fact::SoakStarted { .. } => (
            NoticeKind::StageSoaking,
            "its clusters have ended and are watched".to_owned(),
        ),
        Fact::StageDone { .. } => (NoticeKind::StageDone, "the stage is over".to_owned()),
        Fact::Approved { point, by, .. } => {
            (NoticeKind::Approved, format!("{by} approved, {point} the stage"))
        }
        Fact::HopStarted { hop: 0, .. } => (NoticeKind::ClusterStarted, "it is being upgraded".to_owned()),
        Fact::HopDone { cluster, hop } if last_hop(*cluster, *hop) => {
            (NoticeKind::ClusterUpgraded, "it runs the target".to_owned())
        }
        Fact::ClusterUnwell { cause, .. } => (NoticeKind::ClusterUnwell, format!("it is {cause}")),
        Fact::ClusterWell { .. } => (NoticeKind::ClusterWell, "it is well again".to_owned()),
        Fact::ClusterFailed { cause, .. } => (NoticeKind::ClusterFailed, format!("it failed: {cause}")),
        Fact::ClusterHeld {
            found,
            expected,
            writer,
            ..
        } => {
            let writer = writer.as_deref().unwrap_or("someone else");
            let text = format!("it is held: {writer} changed its version from {expected} to {found}");
            (NoticeKind::ClusterHeld, text)
        }
        Fact::ClusterAdopted { .. } => (
            NoticeKind::ClusterStarted,
            "somebody else is upgrading it, which counts".to_owned(),
        ),
        Fact::ClusterGone { .. } => (NoticeKind::ClusterGone, "it left the fleet".to_owned()),
        Fact::Stopping { reason } => (NoticeKind::Stopping, format!("nothing new starts: {reason}")),
        Fact::Halted { reason } => (
            NoticeKind::ApprovalWanted,
            format!("nothing new starts until somebody lets the run go on: {reason}"),
        ),
        Fact::RemedyDone { remedy, .. } => (NoticeKind::Remedied, format!("{remedy} is done")),
        Fact::RemedyFailed { remedy, reason, .. } => (
            NoticeKind::RemedyFailed,
            format!("{remedy} could not be done: {reason}"),
        ),
        Fact::ClockSetBack => (
            NoticeKind::ClockSetBack,
            "the clock is behind times recorded before: they count as now".to_owned(),
        ),
        Fact::Paused => (NoticeKind::Paused, "the run is paused".to_owned()),
        Fact::Resumed => (NoticeKind::Resumed, "the run goes on".to_owned()),
        Fact::Cancelled => (NoticeKind::Stopping, "the run was cancelled".to_owned()),
        Fact::RunEnded { outcome } => (NoticeKind::RunEnded, format!("the run is over: {outcome}")),
        _ => return None,
    };
    Some(Notice {
        run: run.to_owned(),
        at,
        kind,
        stage,
        cluster,
        text,
    })
}

/// What people are told of a wait: only that somebody has to approve.
pub(super) fn of_wait(run: &str, at: Timestamp, on: &Blocker) -> Option<Notice> {
    let Blocker::Approval { stage, point, .. } = on else {
        return None;
    };
    let text = match point {
        ApprovalPoint::BeforeStage => "it waits for an approval to begin",
        ApprovalPoint::GoOn => "it waits for somebody to let it go on",
        _ => "it waits for an approval to be over",
    };
    Some(Notice {
        run: run.to_owned(),
        at,
        kind: NoticeKind::ApprovalWanted,
        stage: Some(stage.clone()),
        cluster: None,
        text: text.to_owned(),
    })
}
