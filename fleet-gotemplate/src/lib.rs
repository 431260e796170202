#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod exec;
mod functions;
mod options;
mod syntax;
mod template;
mod text;
mod unicode;
mod value;

pub use error::{ExecError, ExecErrorKind, Limit, OptionError, ParseError};
pub use functions::function_names;
pub use options::{Entropy, Env, Limits, MissingKey, Options, Usage};
pub use template::Template;
pub use text::json::json_error;
pub use value::{Elem, List, Map, Value};
