//! Values as text: Go's formatting, quoting and JSON.

pub(crate) mod float;
pub(crate) mod format;
pub(crate) mod json;
pub(crate) mod print;
pub(crate) mod quote;
