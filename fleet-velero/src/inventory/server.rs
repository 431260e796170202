//! One cluster's Velero server: its version and the flags that change what is backed up.

use std::fmt;
use std::str::FromStr;

use fleet_core::cron::CronDialect;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use semver::Version;

/// A version of Velero.
///
/// ```
/// use fleet_core::cron::CronDialect;
/// use fleet_velero::inventory::VeleroVersion;
///
/// assert_eq!("v1.18.2".parse::<VeleroVersion>()?.cron_dialect(), CronDialect::Robfig3);
/// assert_eq!("v1.18.3".parse::<VeleroVersion>()?.cron_dialect(), CronDialect::GoCron);
/// # Ok::<(), fleet_velero::inventory::ParseVersionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VeleroVersion(Version);

impl VeleroVersion {
    /// The version the models of this crate are of: 1.18.3.
    pub const MODELLED: Self = Self(Version::new(1, 18, 3));

    /// The last version that reads cron with robfig/cron: 1.18.2.
    pub(crate) fn before_go_cron() -> Self {
        Self(Version::new(1, 18, 2))
    }

    /// How this version reads cron expressions: robfig/cron up to 1.18.2, go-cron from 1.18.3 on.
    pub fn cron_dialect(&self) -> CronDialect {
        // Release candidates of 1.18.3 carry its engine.
        let Version {
            major, minor, patch, ..
        } = self.0;
        if (major, minor, patch) >= (1, 18, 3) {
            CronDialect::GoCron
        } else {
            CronDialect::Robfig3
        }
    }
}

impl FromStr for VeleroVersion {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = text.strip_prefix('v').unwrap_or(text);
        Version::parse(version)
            .map(Self)
            .map_err(|source| ParseVersionError {
                found: text.to_owned(),
                source,
            })
    }
}

impl fmt::Display for VeleroVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A text is not a version of Velero.
#[derive(Debug, thiserror::Error)]
#[error("`{found}` is not a version of Velero: expected one like v1.18.3")]
pub struct ParseVersionError {
    found: String,
    source: semver::Error,
}

/// A Velero server, with the defaults of `velero install` and `velero server`.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools)] // Flags of a command line.
pub struct Server {
    /// Its version.
    pub version: VeleroVersion,
    /// The zone of its pod, in which schedules without a zone count and backups are named; UTC in the image.
    pub time_zone: TimeZone,
    /// How many backups run at a time (`--concurrent-backups`).
    pub concurrent_backups: u32,
    /// The location of backups that name none (`--default-backup-storage-location`).
    pub default_location: String,
    /// How long backups are kept that do not say (`--default-backup-ttl`).
    pub default_ttl: SignedDuration,
    /// Whether volumes are copied file by file unless they say otherwise (`--default-volumes-to-fs-backup`).
    pub default_volumes_to_fs_backup: bool,
    /// Whether snapshots' data is moved unless a backup says otherwise (`--default-snapshot-move-data`).
    pub default_snapshot_move_data: bool,
    /// Whether the node agent runs, without which no data leaves a node.
    pub node_agent: bool,
    /// Whether CSI snapshots are made (`--features=EnableCSI`).
    pub csi: bool,
    /// Requests a second (`--client-qps`): a restored object takes two.
    pub client_qps: u32,
    /// The longest a file-by-file copy may take (`--fs-backup-timeout`).
    pub fs_backup_timeout: SignedDuration,
    /// When it started: the second of each minute at which it looks at schedules.
    pub started: Option<jiff::Timestamp>,
}

impl Server {
    /// A server of this version with the default flags.
    pub fn new(version: VeleroVersion) -> Self {
        Self {
            version,
            time_zone: TimeZone::UTC,
            concurrent_backups: 1,
            default_location: "default".to_owned(),
            default_ttl: SignedDuration::from_hours(720),
            default_volumes_to_fs_backup: false,
            default_snapshot_move_data: false,
            node_agent: false,
            csi: false,
            client_qps: 100,
            fs_backup_timeout: SignedDuration::from_hours(4),
            started: None,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new(VeleroVersion::MODELLED)
    }
}
