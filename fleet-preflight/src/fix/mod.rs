//! Mended manifests: what can move to its replacement moves, in place, and what cannot says why.

pub(crate) mod convert;
mod file;
mod patch;
mod release;

use fleet_core::yaml::{self, FieldPath, Segment};
use serde_json::Value;

use crate::checks::objects_in;
use crate::finding::{ObjectRef, Place};
use crate::helm;
use crate::scan::Scanner;
use crate::text::chunk::documents;
use convert::{Conversion, convert};
use patch::Patch;

pub use file::{FileFix, FixError};
pub use release::{HelmFix, HelmFixError};

/// A text, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextFix {
    /// The text with everything moved that can be.
    pub text: String,
    /// What was moved.
    pub moved: Vec<Moved>,
    /// What should move, and must be done by hand.
    pub refused: Vec<Refused>,
    /// Helm releases that are recorded in the text. It is left as it is for them: a mended release is a new record.
    pub releases: Vec<HelmFix>,
}

/// An object that moved to another version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Where it stood.
    pub place: Place,
    /// The object as it was.
    pub object: ObjectRef,
    /// The version that it has now.
    pub to: &'static str,
}

/// An object that should move, and must be moved by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Where it stands.
    pub place: Place,
    /// The object.
    pub object: ObjectRef,
    /// Why it was left alone.
    pub reason: String,
}

impl Scanner {
    /// Moves the objects of a text to versions that the target has, keeping comments and layout.
    ///
    /// Fields move with them, and defaults that differ between the versions are written out. The new text is read again before it
    /// is given: every object in it is what the conversion says, and nothing else has changed.
    ///
    /// ```
    /// use fleet_preflight::Scanner;
    ///
    /// let fix = Scanner::new("1.25".parse()?).fix_text(
    ///     "cron.yaml",
    ///     "apiVersion: batch/v1beta1 # old\nkind: CronJob\nmetadata: {name: nightly}\n",
    /// );
    /// assert_eq!(fix.text, "apiVersion: batch/v1 # old\nkind: CronJob\nmetadata: {name: nightly}\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fix_text(&self, name: &str, text: &str) -> TextFix {
        let mut fix = TextFix {
            text: String::with_capacity(text.len()),
            moved: Vec::new(),
            refused: Vec::new(),
            releases: Vec::new(),
        };
        let pieces = documents(text).flat_map(|(document, line)| json_lines(document, line));
        for (piece, line) in pieces {
            match self.fix_document(name, piece, line, &mut fix) {
                Some(new) => fix.text.push_str(&new),
                None => fix.text.push_str(piece),
            }
        }
        fix
    }

    fn fix_document(&self, name: &str, text: &str, line: u64, fix: &mut TextFix) -> Option<String> {
        // What cannot be parsed is the scan's to tell.
        let parsed = yaml::documents(text).ok()?;
        let [document] = parsed.as_slice() else {
            return None;
        };
        let mut expected = document.value().clone();
        let mut patch = Patch::new(text, document);
        let mut moved = Vec::new();
        for (base, typed) in objects_in(document.value()) {
            if matches!(typed.kind.as_str(), "Secret" | "ConfigMap") && helm::is_deployed(typed.value) {
                // A record that cannot be read is the scan's to tell.
                fix.releases
                    .extend(self.fix_helm_record(typed.value).ok().flatten());
                continue;
            }
            let conversion = convert(&typed.api_version, &typed.kind, typed.value, self.target);
            let way = base
                .iter()
                .fold(FieldPath::root(), |path, segment| match segment {
                    Segment::Field(name) => path.field(name.as_str()),
                    Segment::Index(index) => path.index(*index),
                });
            let at = document
                .key_position(&way.clone().field("apiVersion"))
                .or_else(|| document.position(&way));
            let place = at.map_or_else(
                || Place::whole(name),
                |at| Place::new(name, at.line + line, at.column),
            );
            let metadata = |name: &str| {
                typed
                    .value
                    .get("metadata")?
                    .get(name)?
                    .as_str()
                    .map(str::to_owned)
            };
            let object = ObjectRef {
                api_version: typed.api_version.clone().into(),
                kind: typed.kind.clone().into(),
                namespace: metadata("namespace"),
                name: metadata("name"),
            };
            match conversion {
                Conversion::Nothing => {}
                Conversion::Refused(reason) => fix.refused.push(Refused {
                    place,
                    object,
                    reason,
                }),
                // An item of a typed list has no version of its own: the list would have to move.
                Conversion::New { .. } if typed.value.get("apiVersion").is_none() => {
                    let reason =
                        "its version is that of the list around it: move the list by hand".to_owned();
                    fix.refused.push(Refused {
                        place,
                        object,
                        reason,
                    });
                }
                Conversion::New { to, value } => match patch.change(&way, typed.value, &value) {
                    Ok(()) => {
                        *value_at(&mut expected, &base)? = value;
                        moved.push(Moved { place, object, to });
                    }
                    Err(error) => {
                        let reason = error.to_string();
                        fix.refused.push(Refused {
                            place,
                            object,
                            reason,
                        });
                        // Half of an object's changes may be noted by now: this document stays as it is.
                        refuse(&mut moved, fix);
                        return None;
                    }
                },
            }
        }
        if moved.is_empty() {
            return None;
        }
        let new = patch.apply().ok();
        let same = new.as_deref().and_then(|new| yaml::documents(new).ok());
        let same =
            same.is_some_and(|documents| matches!(documents.as_slice(), [one] if *one.value() == expected));
        if !same {
            refuse(&mut moved, fix);
            return None;
        }
        fix.moved.append(&mut moved);
        new
    }
}

fn refuse(moved: &mut Vec<Moved>, fix: &mut TextFix) {
    for Moved { place, object, to } in moved.drain(..) {
        let reason = format!("its document cannot be changed in place: move it to {to} by hand");
        fix.refused.push(Refused {
            place,
            object,
            reason,
        });
    }
}

fn value_at<'v>(value: &'v mut Value, path: &[Segment]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        Segment::Field(name) => value.get_mut(name),
        Segment::Index(index) => value.get_mut(index),
    })
}

/// The lines of a document that is a JSON object in each of them, as logs and `jq -c` write; otherwise the document.
fn json_lines(document: &str, line: u64) -> Vec<(&str, u64)> {
    let is_object = |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object());
    let mut lines = document.lines().filter(|line| !line.trim().is_empty());
    let are_many = document.trim_start().starts_with('{') && lines.clone().nth(1).is_some();
    if are_many && lines.all(is_object) {
        (line..)
            .zip(document.split_inclusive('\n'))
            .map(|(line, text)| (text, line))
            .collect()
    } else {
        vec![(document, line)]
    }
}
