//! What an expansion gives: Applications, where each comes from, and what looks wrong.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::generators::GeneratorKind;
use super::params::Params;
use crate::application::Application;

/// The Applications of an ApplicationSet.
///
/// In the order of the generators and of their parameters. Where Argo CD's order changes from run to run (clusters),
/// ours is fixed: by name, the cluster Argo CD runs in last.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expansion {
    pub(crate) applications: Vec<GeneratedApplication>,
    pub(crate) warnings: Vec<Warning>,
}

/// An Application, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GeneratedApplication {
    pub(crate) application: Application,
    pub(crate) provenance: Provenance,
}

/// Where an Application comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Provenance {
    /// The index in `spec.generators`.
    pub generator: usize,
    /// The kind of the generator.
    pub kind: GeneratorKind,
    /// The cluster whose parameters these are, by its name in Argo CD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The parameters.
    pub params: Params,
}

/// Something that Argo CD accepts and that is rarely meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum Warning {
    /// No Application came out. With a policy that allows deletion, Argo CD deletes all there are.
    Empty,
    /// A generator of no kind this library or Argo CD knows; it gives nothing.
    UnrecognizedGenerator {
        /// The index in `spec.generators`.
        generator: usize,
    },
    /// Two Applications have one name; Argo CD applies neither.
    DuplicateName {
        /// The name.
        name: String,
        /// How many have it.
        count: usize,
    },
    /// An Application has no name.
    NoName {
        /// The index among the Applications.
        index: usize,
    },
    /// A placeholder was not replaced, and is applied as it stands.
    Unresolved {
        /// The Application.
        application: String,
        /// Where in it (`spec.source.path`).
        path: String,
        /// The text with the placeholder.
        text: String,
    },
}

impl Expansion {
    /// The Applications with their provenance.
    pub fn iter(&self) -> impl Iterator<Item = &GeneratedApplication> {
        self.applications.iter()
    }

    /// The Applications.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.iter().map(|generated| &generated.application)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.applications.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.applications.is_empty()
    }

    /// What looks wrong.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Warns of names that are missing or taken twice, and of an expansion that came to nothing.
    pub(crate) fn check_names(&mut self) {
        if self.applications.is_empty() {
            self.warnings.push(Warning::Empty);
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for (index, generated) in self.applications.iter().enumerate() {
            match generated.application.name() {
                "" => found.push(Warning::NoName { index }),
                name => *counts.entry(name).or_default() += 1,
            }
        }
        for (name, count) in counts {
            if count > 1 {
                found.push(Warning::DuplicateName {
                    name: name.to_owned(),
                    count,
                });
            }
        }
        self.warnings.append(&mut found);
    }
}

impl GeneratedApplication {
    /// The Application as Argo CD generates it, without the owner it gets on applying.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str(
                "no Application came out; where the policy allows it, Argo CD deletes those that exist",
            ),
            Self::UnrecognizedGenerator { generator } => {
                write!(
                    f,
                    "spec.generators[{generator}] is of no known kind and gives nothing"
                )
            }
            Self::DuplicateName { name, count } => {
                write!(
                    f,
                    "{count} Applications are named {name}; Argo CD applies none of them"
                )
            }
            Self::NoName { index } => write!(f, "Application {index} has no name; Argo CD refuses it"),
            Self::Unresolved {
                application,
                path,
                text,
            } => {
                write!(f, "{application}: {path} keeps a placeholder: {text}")
            }
        }
    }
}
