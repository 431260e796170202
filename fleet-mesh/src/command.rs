//! A command line that a person or a job runs.

use std::fmt;

use serde::{Serialize, Serializer};

/// A command line: the program and its arguments, quoted for a POSIX shell where it is shown.
///
/// ```
/// use fleet_mesh::Command;
///
/// let command = Command::new("cilium", ["status", "--context", "it's eu"]);
/// assert_eq!(command.to_string(), r"cilium status --context 'it'\''s eu'");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command {
    words: Vec<String>,
}

impl Command {
    /// A program and its arguments.
    pub fn new(program: impl Into<String>, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut words = vec![program.into()];
        words.extend(arguments.into_iter().map(Into::into));
        Self { words }
    }

    /// The program, and then its arguments, as they are: for `std::process::Command`.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
            if !word.is_empty() && word.chars().all(plain) {
                write!(f, "{space}{word}")?;
            } else {
                write!(f, "{space}'{}'", word.replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
