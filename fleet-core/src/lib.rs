#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod calendar;
pub mod cron;
mod duration;
mod extra;
mod fleet;
mod go_duration;
mod labels;
mod name;
mod networks;
mod open_enum;
pub mod purpose;
pub mod selector;
pub mod skew;
mod version;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use calendar::Calendar;
pub use duration::{DurationError, HumanDuration};
pub use extra::Extra;
pub use fleet::{Criticality, Fleet, FleetCluster, FleetError, NodeCounts, Provider};
pub use go_duration::{DurationSyntax, GoDuration, GoDurationError};
pub use labels::{LabelError, Labels};
pub use name::{ClusterName, NameError};
pub use networks::{NetworkKind, Networks, cidr};
#[doc(hidden)]
pub use open_enum::__private;
pub use purpose::Purpose;
pub use selector::{LabelSelector, Selector, SelectorError};
pub use version::{KubernetesVersion, MinorVersion, VersionError};
