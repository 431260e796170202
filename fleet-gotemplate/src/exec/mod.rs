//! The execution of a tree.

pub(crate) mod cx;
mod eval;
pub(crate) mod val;
mod walk;

pub(crate) use self::walk::execute;
