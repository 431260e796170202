//! Holds our `CustomResourceDefinition`s against upstream's: the same names, the same properties of the same types, and
//! every value that upstream's schema allows survives reading and writing. For tests: what differs fails the test.
//!
//! - [`upstream`]: finding upstream's files, and pairing each version of each kind with ours.
//! - [`compare`]: schemas side by side, and the coverage table.
//! - [`values`]: values made from a schema, the same on every run and every machine.

// Everything here is part of a test, and fails it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc
)]

pub mod compare;
pub mod upstream;
pub mod values;

pub use compare::{RequiredTimes, assert_covered, assert_names, assert_structural};
pub use upstream::{KindVersion, pairs, upstream_crds};
pub use values::{assert_survives, assert_values_survive, diff, required, rewrite};
