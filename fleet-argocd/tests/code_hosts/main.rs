//! Code hosts and plugins over HTTP, against servers that behave and servers that do not.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod fake;
mod every_host;
mod github;
mod plugin;
