//! The kernel against a world of its own: the peers' bugs by name, generated runs, every small run there is.

mod exhaustive;
mod peers;
mod properties;
mod rules;
mod world;
