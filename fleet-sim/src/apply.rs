//! Field ownership: who set which field, and what server-side apply makes of it.

mod field_set;
mod managers;
mod merge;

pub(crate) use managers::{Managers, Writer};
