//! The rules of the linter: their identifiers and how bad a finding is.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// May cost data or time.
    Warning,
    /// Something that is meant to be saved is not, or cannot come back.
    Error,
    /// Backups stop, or flood, or vanish: for more than the object itself.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        })
    }
}

macro_rules! rules {
    ($( $(#[doc = $doc:literal])+ $name:ident = $id:literal, $severity:ident; )+) => {
        /// What the linter looks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $( $(#[doc = $doc])+ $name, )+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$( Self::$name ),+];

            /// Its identifier, which does not change.
            pub fn id(self) -> &'static str {
                match self { $( Self::$name => $id, )+ }
            }

            /// How bad what it finds is.
            pub fn severity(self) -> Severity {
                match self { $( Self::$name => Severity::$severity, )+ }
            }

            /// What it is about, as one sentence.
            pub fn summary(self) -> &'static str {
                match self { $( Self::$name => concat!($($doc),+).trim_ascii(), )+ }
            }
        }
    };
}

rules! {
    /// A duration that Go cannot read stops the server: it can list no object of the kind any more, and exits at its next start.
    UnreadableDuration = "unreadable-duration", Critical;
    /// An expression that never matches makes a backup every minute.
    NeverMatches = "cron-never-matches", Critical;
    /// A backup that was `ReadyToStart` when the server restarted is never begun, and blocks every later one of its namespaces.
    StuckReadyToStart = "stuck-ready-to-start", Critical;
    /// Two clusters that write to one bucket and prefix with a schedule of the same name make backups of the same name.
    CollidingNames = "colliding-backup-names", Critical;
    /// The schedule's location cannot be written to: every backup is refused.
    LocationNotWritable = "location-not-writable", Critical;
    /// The server refuses the cron expression.
    InvalidCron = "invalid-cron", Error;
    /// The server refuses the spec.
    Refused = "refused-by-server", Error;
    /// `skipImmediately: true` that Git restores each time means no backup, ever.
    SkipImmediatelyInGit = "skip-immediately-in-git", Error;
    /// Backups inherit what Argo CD tracks the schedule by, and are pruned.
    InheritedTracking = "inherited-tracking", Error;
    /// Backups expire before, or as soon as, the next one is there: nothing keeps the last good one.
    ShortTtl = "short-ttl", Error;
    /// A negative time to live: every backup expires at once.
    NegativeTtl = "negative-ttl", Error;
    /// A resource that no cluster has by this name: the backup completes without it.
    UnknownResource = "unknown-resource", Error;
    /// A pattern or name that no namespace has.
    NamespaceMatchesNothing = "namespace-matches-nothing", Error;
    /// Objects go to another region, and the snapshots of the volumes stay.
    VolumesStayInRegion = "volumes-stay-in-region", Error;
    /// Data is to leave the nodes, and no node agent runs.
    NoNodeAgent = "no-node-agent", Error;
    /// A location that cannot be reached.
    LocationUnavailable = "location-unavailable", Error;
    /// Two clusters write to one bucket and prefix: each deletes the other's expired backups.
    SharedBucket = "shared-bucket", Error;
    /// Backups that completed with nothing in them.
    EmptyBackup = "empty-backup", Error;
    /// Backups that the cluster knows and their bucket does not hold: nothing can be restored from them.
    NotInBucket = "backup-not-in-bucket", Error;
    /// Backups of a location that is not there any more, or whose name now means another bucket.
    LocationGone = "backup-location-gone", Error;
    /// The last backup did not complete.
    LastBackupFailed = "last-backup-failed", Error;
    /// A run is overdue.
    MissedRun = "missed-run", Error;
    /// A restore that completed and brought nothing, or not all, back.
    RestoredNothing = "restored-nothing", Error;
    /// A restore that the server refused, or that failed.
    RestoreFailed = "restore-failed", Error;
    /// Another version of Velero reads the expression differently.
    CronReadingChanges = "cron-reading-changes", Warning;
    /// Few backups are kept: one failed run and a gap leave none.
    FewBackupsKept = "few-backups-kept", Warning;
    /// Schedules that share namespaces and run at the same time wait for each other.
    OverlappingSchedules = "overlapping-schedules", Warning;
    /// A read-only location is written to by restores.
    ReadOnlyIsWritten = "read-only-is-written", Warning;
    /// A location that has not been checked for long.
    StaleValidation = "stale-validation", Warning;
    /// The schedule makes no backups.
    Inactive = "inactive-schedule", Warning;
    /// A volume that cannot be copied within the timeout.
    VolumeExceedsTimeout = "volume-exceeds-timeout", Warning;
    /// A backup holds far fewer objects than those before it.
    ItemsDropped = "items-dropped", Warning;
    /// No restore of this cluster's backups was ever tried, or not for long.
    NoDrill = "no-restore-drill", Warning;
    /// A field that Velero 1.18 does not have.
    UnknownField = "unknown-field", Warning;
    /// A time in the future: clocks disagree.
    ClockDisagrees = "clock-disagrees", Warning;
    /// `@every` counts from the last submission, and walks round the clock.
    DriftingInterval = "drifting-interval", Info;
    /// The server writes into a spec that Git holds.
    SpecDrift = "spec-drift", Info;
    /// Backups that the server made anew from the bucket: their creation times say nothing.
    CreationTimeLies = "creation-time-lies", Info;
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
