//! Which phases may follow which.

use super::{
    BackupPhase, BackupRepositoryPhase, BackupStorageLocationPhase, DataTransferPhase,
    DeleteBackupRequestPhase, DownloadRequestPhase, RestorePhase, SchedulePhase, ServerStatusRequestPhase,
};

/// A phase that an object passes through, as Velero 1.18.3's controllers move it.
///
/// An object that has no phase yet is at its [`Default`]: `New`. A phase this version of the library does not know may
/// follow, and be followed by, any.
///
/// ```
/// use fleet_velero::{BackupPhase, Phase as _};
///
/// assert!(BackupPhase::Finalizing.may_become(&BackupPhase::Completed));
/// assert!(!BackupPhase::Completed.may_become(&BackupPhase::InProgress));
/// assert!(BackupPhase::PartiallyFailed.is_final());
/// ```
pub trait Phase: Sized + PartialEq + 'static {
    /// The phases that may come next; `None` for a phase this version of the library does not know.
    fn successors(&self) -> Option<&'static [Self]>;

    /// Whether an object in this phase may next be seen in that one. Staying is allowed.
    fn may_become(&self, next: &Self) -> bool {
        self == next
            || next.successors().is_none()
            || self
                .successors()
                .is_none_or(|successors| successors.contains(next))
    }

    /// Whether the work is over: only deletion comes after.
    fn is_final(&self) -> bool;
}

macro_rules! phases {
    ($($phase:ident: $($from:ident => [$($to:ident),*]),+; final: $($last:ident)|*;)+) => {
        $(
            impl Phase for $phase {
                fn successors(&self) -> Option<&'static [Self]> {
                    match self {
                        $( Self::$from => Some(&[$(Self::$to),*]), )+
                        _ => None,
                    }
                }

                #[allow(unreachable_patterns)] // Where no phase is the last.
                fn is_final(&self) -> bool {
                    match self {
                        $( Self::$last => true, )*
                        _ => false,
                    }
                }
            }
        )+
    };
}

// `FailedValidation` of a Schedule is looked at again; of a backup or a restore it is the end. A server that starts fails what
// it finds `InProgress`, and goes on with what waits for plugins or is finalizing.
phases! {
    BackupPhase:
        New => [Queued, ReadyToStart, InProgress, FailedValidation, Deleting],
        Queued => [ReadyToStart, FailedValidation, Deleting],
        ReadyToStart => [InProgress, FailedValidation, Deleting],
        InProgress => [
            WaitingForPluginOperations, WaitingForPluginOperationsPartiallyFailed, Finalizing,
            FinalizingPartiallyFailed, Failed, Deleting
        ],
        WaitingForPluginOperations => [
            WaitingForPluginOperationsPartiallyFailed, Finalizing, FinalizingPartiallyFailed, Failed, Deleting
        ],
        WaitingForPluginOperationsPartiallyFailed => [FinalizingPartiallyFailed, Failed, Deleting],
        Finalizing => [Completed, PartiallyFailed, Failed, Deleting],
        FinalizingPartiallyFailed => [PartiallyFailed, Failed, Deleting],
        Completed => [Deleting],
        PartiallyFailed => [Deleting],
        Failed => [Deleting],
        FailedValidation => [Deleting],
        Deleting => [];
        final: Completed | PartiallyFailed | Failed | FailedValidation;
    RestorePhase:
        New => [InProgress, FailedValidation],
        InProgress => [
            WaitingForPluginOperations, WaitingForPluginOperationsPartiallyFailed, Finalizing,
            FinalizingPartiallyFailed, Failed
        ],
        WaitingForPluginOperations => [
            WaitingForPluginOperationsPartiallyFailed, Finalizing, FinalizingPartiallyFailed, Failed
        ],
        WaitingForPluginOperationsPartiallyFailed => [FinalizingPartiallyFailed, Failed],
        Finalizing => [Completed, PartiallyFailed, Failed],
        FinalizingPartiallyFailed => [PartiallyFailed, Failed],
        Completed => [],
        PartiallyFailed => [],
        Failed => [],
        FailedValidation => [];
        final: Completed | PartiallyFailed | Failed | FailedValidation;
    SchedulePhase:
        New => [Enabled, FailedValidation],
        Enabled => [FailedValidation],
        FailedValidation => [Enabled];
        final:;
    DataTransferPhase:
        New => [Accepted, Canceled, Failed],
        Accepted => [Prepared, Canceling, Canceled, Failed],
        Prepared => [InProgress, Canceling, Canceled, Failed],
        InProgress => [Canceling, Canceled, Completed, Failed],
        Canceling => [Canceled, Completed, Failed],
        Canceled => [],
        Completed => [],
        Failed => [];
        final: Canceled | Completed | Failed;
    BackupStorageLocationPhase:
        Available => [Unavailable],
        Unavailable => [Available];
        final:;
    BackupRepositoryPhase:
        New => [Ready, NotReady],
        Ready => [NotReady],
        NotReady => [Ready];
        final:;
    DeleteBackupRequestPhase:
        New => [InProgress, Processed],
        InProgress => [Processed],
        Processed => [];
        final: Processed;
    DownloadRequestPhase:
        New => [Processed],
        Processed => [];
        final: Processed;
    ServerStatusRequestPhase:
        New => [Processed],
        Processed => [];
        final: Processed;
}
