//! The functions that a template may call, by room, and how one is found.

mod arg;
mod argocd;
mod builtin;
mod checks;
mod compare;
pub(crate) mod dates;
mod decimal;
mod dicts;
mod encoding;
mod json;
mod layout;
mod lists;
mod numbers;
mod paths;
mod pattern;
mod random;
mod regexes;
pub(crate) mod semver;
mod strings;
mod urls;
mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::exec::cx::{Cx, Result};
use crate::exec::val::{Slot, Val};

pub(crate) use self::builtin::reflect_string;

/// A function: what it wants and what it does.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Ty],
    /// The type of any further arguments.
    pub(crate) rest: Option<Ty>,
    pub(crate) special: Special,
    /// Whether it changes a map that it is given.
    pub(crate) mutates: bool,
    pub(crate) call: Call,
}

pub(crate) type Call = for<'a> fn(&mut Cx<'a>, &[Slot<'a>]) -> Result<Val<'a>>;

/// Functions that the evaluation of their arguments knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    None,
    And,
    Or,
    Call,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    /// `interface {}`.
    Any,
    /// `reflect.Value`: as `interface {}`, and told from nil.
    Value,
    Str,
    Int,
    Float,
    Bool,
    /// `map[string]interface {}`.
    Map,
    Time,
    Duration,
    Version,
}

impl Ty {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Value => "reflect.Value",
            Self::Str => "string",
            Self::Int => "int",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Map => "map[string]interface {}",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Version => "*semver.Version",
        }
    }
}

impl Function {
    /// With a fixed number of arguments.
    pub(crate) const fn new(name: &'static str, params: &'static [Ty], call: Call) -> Self {
        Self {
            name,
            params,
            rest: None,
            special: Special::None,
            mutates: false,
            call,
        }
    }

    /// With any number of arguments after the fixed ones.
    pub(crate) const fn variadic(name: &'static str, params: &'static [Ty], rest: Ty, call: Call) -> Self {
        Self {
            name,
            params,
            rest: Some(rest),
            special: Special::None,
            mutates: false,
            call,
        }
    }

    const fn special(mut self, special: Special) -> Self {
        self.special = special;
        self
    }

    /// Changes a map that it is given.
    const fn mutating(mut self) -> Self {
        self.mutates = true;
        self
    }

    /// The type of the parameter at this place.
    pub(crate) fn param(&self, index: usize) -> Ty {
        self.params.get(index).copied().or(self.rest).unwrap_or(Ty::Any)
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// The method of a value.
pub(crate) fn method(value: &Val<'_>, name: &str) -> Option<&'static Function> {
    let methods = match value {
        Val::Version(_) => semver::METHODS,
        Val::Time(_) => dates::TIME_METHODS,
        Val::Duration(_) => dates::DURATION_METHODS,
        Val::Month(_) => dates::MONTH_METHODS,
        Val::Weekday(_) => dates::WEEKDAY_METHODS,
        _ => return None,
    };
    methods.iter().find(|method| method.name == name)
}

/// The names of all functions that a template may call, sorted.
pub fn function_names() -> Vec<&'static str> {
    let mut names: Vec<_> = BY_NAME.keys().copied().collect();
    names.sort_unstable();
    names
}

/// Later ones win: sprig's over Go's own, and Argo CD's over both.
const ROOMS: &[&[Function]] = &[
    builtin::FUNCTIONS,
    compare::FUNCTIONS,
    checks::FUNCTIONS,
    dates::FUNCTIONS,
    dicts::FUNCTIONS,
    encoding::FUNCTIONS,
    json::FUNCTIONS,
    lists::FUNCTIONS,
    numbers::FUNCTIONS,
    paths::FUNCTIONS,
    random::FUNCTIONS,
    regexes::FUNCTIONS,
    semver::FUNCTIONS,
    strings::FUNCTIONS,
    urls::FUNCTIONS,
    argocd::FUNCTIONS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    ROOMS
        .iter()
        .copied()
        .flatten()
        .map(|function| (function.name, function))
        .collect()
});
