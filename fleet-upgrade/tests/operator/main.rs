//! The operator on the embedded hub and virtual time: whole runs, kills at every write, two at once, Leases, people.

// A test that meets what it does not expect stops; clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "operator")]

mod kills;
mod leases;
mod people;
mod schema;
mod specs;
mod store;
mod whole_run;
mod world;
