//! The kernel against a world of its own: the peers' bugs by name, generated runs, every small run there is.

// A test that meets what it does not expect stops; clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod approvals;
mod audits;
mod changes;
mod endings;
mod exhaustive;
mod live;
mod peers;
mod properties;
mod rules;
mod world;
