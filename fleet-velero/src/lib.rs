#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod alerts;
mod disaster;
pub mod drill;
#[cfg(feature = "execute")]
pub mod execute;
mod install;
pub mod inventory;
pub mod lint;
pub mod metrics;
mod progress;
pub mod protection;
pub mod recovery;
mod resources;
mod results;
pub mod schedules;
mod text;

pub use disaster::{Disaster, Losses, ParseDisasterError};
pub use fleet_core::GoDuration;
pub use install::VeleroInstall;
pub use progress::Progress;
pub use resources::*;
pub use results::{Messages, Results};
pub use schedules::ResourcePolicies;
