#![doc = include_str!("../../README.md")]

mod chain;
mod stdout;

pub use chain::chain;
pub use stdout::{UntilClosed, stdout};
