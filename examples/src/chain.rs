//! Errors as one line for people.

use std::error::Error;

/// An error and its causes, each said once: some errors' texts contain their causes' already.
///
/// ```
/// let error = std::io::Error::other("disk full");
/// assert_eq!(fleet_examples::chain(&error), "disk full");
/// ```
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
