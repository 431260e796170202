#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod dora;
pub mod grafana;
pub mod prometheus;
pub mod promql;
pub mod queries;
pub mod rules;
pub mod slo;
pub mod thanos;
