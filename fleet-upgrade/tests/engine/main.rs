//! The engine on virtual time: whole runs, restarts at every write, ports that fail, orders from people.

// A test that meets what it does not expect stops; clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cluster_scan;
mod faults;
mod fleet;
mod gates;
mod guide;
mod orders;
mod readiness;
mod restarts;
mod whole_run;
