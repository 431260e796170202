//! What the caller decides: options, bounds, time and randomness.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};

use crate::error::OptionError;

/// How a text is parsed and what a missing key is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// What a key that a map does not have evaluates to.
    pub missing_key: MissingKey,
}

impl Options {
    /// The options that Go's strings name, such as `missingkey=error`; the last of several wins.
    ///
    /// # Errors
    /// An option that Go does not know (where Argo CD's controller panics), in Go's words.
    pub fn from_go<I>(options: I) -> Result<Self, OptionError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut result = Self::default();
        for option in options {
            result.missing_key = match option.as_ref() {
                "missingkey=default" | "missingkey=invalid" => MissingKey::Invalid,
                "missingkey=zero" => MissingKey::Zero,
                "missingkey=error" => MissingKey::Error,
                other => {
                    return Err(OptionError {
                        option: other.to_owned(),
                    });
                }
            };
        }
        Ok(result)
    }

    /// These options with another rule for missing keys.
    pub fn missing_key(mut self, missing_key: MissingKey) -> Self {
        self.missing_key = missing_key;
        self
    }
}

/// What a key that a map does not have evaluates to: Go's option `missingkey`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingKey {
    /// No value, printed as `<no value>`: Go's `default` and `invalid`.
    #[default]
    Invalid,
    /// The zero value of the map's element type.
    Zero,
    /// An error.
    Error,
}

/// The bounds of one text and of each execution, so that a stranger's template can neither hang nor exhaust memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Steps of one execution: nodes evaluated and items visited. Default 1 million, some tens of milliseconds.
    pub steps: u64,
    /// Bytes that one execution writes. Default 1 MiB, the most that etcd keeps of one object.
    pub output: usize,
    /// Bytes of the strings, lists and maps that one execution makes on its way. Default 64 MiB.
    pub memory: usize,
    /// Templates within templates. Default 100; Go's own is 100,000.
    pub recursion: usize,
}

/// What an execution took, so that a caller can bound many of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Steps: nodes evaluated and items visited.
    pub steps: u64,
}

impl Limits {
    /// The size of a template's text in bytes: 1 MiB, the most that etcd keeps of one object.
    pub const TEXT: usize = 1 << 20;
    /// The nesting of control structures and parentheses in a text. Go's own for parentheses is 10,000.
    pub const NESTING: usize = 100;
    /// The nesting of lists and maps.
    pub const DEPTH: usize = 200;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 1_000_000,
            output: 1 << 20,
            memory: 64 << 20,
            recursion: 100,
        }
    }
}

/// What surrounds an execution: bounds, the time, the time zone and the source of randomness.
///
/// Nothing is read from the machine. Without a clock `now` is the Unix epoch; without a source of randomness the functions
/// that need one (`randAlphaNum`, `uuidv4`, `bcrypt`, …) are refused with an error that says so.
///
/// ```
/// use fleet_gotemplate::{Env, Options, Template, Value};
///
/// let env = Env::default().now("2026-11-24T08:00:00Z".parse()?);
/// let template = Template::parse("t", r#"{{ now | date "2006-01-02" }}"#, &Options::default())?;
/// assert_eq!(template.render_to_string(&Value::Nil, &env)?, "2026-11-24");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Env<'e> {
    pub(crate) limits: Limits,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) entropy: Option<&'e dyn Entropy>,
}

impl<'e> Env<'e> {
    /// With other bounds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With the time that `now`, `ago` and the date functions see.
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// With the zone that Go calls `Local`. Default UTC, as in Argo CD's image.
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// With a source of randomness.
    pub fn entropy(mut self, entropy: &'e dyn Entropy) -> Self {
        self.entropy = Some(entropy);
        self
    }
}

impl Default for Env<'_> {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            now: Timestamp::UNIX_EPOCH,
            zone: TimeZone::UTC,
            entropy: None,
        }
    }
}

impl fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("limits", &self.limits)
            .field("now", &self.now)
            .field("zone", &self.zone)
            .field("entropy", &self.entropy.is_some())
            .finish()
    }
}

/// A source of random bytes: a seeded generator makes every output reproducible.
///
/// Any `Fn(&mut [u8])` is one.
pub trait Entropy {
    /// Fills the buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl<F: Fn(&mut [u8])> Entropy for F {
    fn fill(&self, bytes: &mut [u8]) {
        self(bytes);
    }
}
