//! A small world, a small engine that drives the kernel in it, and a watchman who checks every start.

mod clusters;
mod driver;
mod plans;
mod watchman;

pub use clusters::{ClusterInWorld, Mishap};
pub use driver::{Crash, Driver, Stand, Wish};
pub use plans::{StageLike, a_plan, at, budget, minutes};
