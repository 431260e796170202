//! What an ApplicationSet's generators ask for and a snapshot does not hold yet.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use fleet_core::yaml::FieldPath;
use serde_json::Value;

use super::bounds::{Bounds, Meter};
use super::generators::{self, Context};
use super::snapshot::{Snapshot, SourceFailure};
use super::text::Language;
use crate::application_set::{ApplicationSet, PullRequestGenerator, ScmProviderGenerator};

/// Something that a generator asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Want {
    /// The generator.
    pub(crate) path: FieldPath,
    pub(crate) what: Sought,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sought {
    /// The clusters and projects of an Argo CD.
    Hub,
    ConfigMap(String),
    Git {
        repo_url: String,
        revision: String,
    },
    PullRequests {
        key: String,
        query: Box<PullRequestGenerator>,
    },
    Repositories {
        key: String,
        query: Box<ScmProviderGenerator>,
    },
    Resources {
        api_version: String,
        plural: String,
    },
    Plugin {
        set: String,
        config_map: String,
        data: BTreeMap<String, String>,
        input: Value,
    },
}

/// What is missed on the way through the generators.
pub(crate) type Wants = RefCell<Vec<Want>>;

/// What the ApplicationSet's generators ask for and the snapshot does not hold, as far as can be seen from here: what a
/// generator names with the parameters of another shows once the other's sources are there.
pub(crate) fn wants(set: &ApplicationSet, snapshot: &Snapshot) -> Vec<Want> {
    let wanted = Wants::default();
    let go = set.spec.go_template == Some(true);
    let language = if go {
        Language::go(set.spec.go_template_options.as_deref().unwrap_or_default())
    } else {
        Language::Plain
    };
    let context = Context {
        language: &language,
        go,
        meter: &Meter::new(Bounds::default()),
        snapshot,
        wants: Some(&wanted),
        project: &set.spec.template.spec.project,
        set_name: set.metadata.name.as_deref().unwrap_or_default(),
    };
    let path = FieldPath::default().field("spec").field("generators");
    for (index, item) in set.spec.generators.iter().enumerate() {
        // What is wrong with a generator is said by the expansion.
        drop(generators::run(item, &path.clone().index(index), &context, 0));
    }
    let mut distinct: Vec<Want> = Vec::new();
    for want in wanted.into_inner() {
        if distinct.iter().all(|known| known.what != want.what) {
            distinct.push(want);
        }
    }
    distinct
}

impl Sought {
    /// The snapshot with the reason why this could not be had.
    pub(crate) fn failed(&self, snapshot: Snapshot, failure: SourceFailure) -> Snapshot {
        match self {
            Self::Hub => snapshot.without_clusters(failure),
            Self::ConfigMap(name) => snapshot.with_config_map_failure(name, failure),
            Self::Git { repo_url, revision } => snapshot.with_git(repo_url, revision, Err(failure)),
            Self::PullRequests { key, .. } => snapshot.with_pull_requests(key, Err(failure)),
            Self::Repositories { key, .. } => snapshot.with_repositories(key, Err(failure)),
            Self::Resources { api_version, plural } => {
                snapshot.with_decision_resources(api_version, plural, Err(failure))
            }
            Self::Plugin {
                config_map, input, ..
            } => snapshot.with_plugin(config_map, input, Err(failure)),
        }
    }
}

impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub => f.write_str("clusters and projects"),
            Self::ConfigMap(name) => write!(f, "ConfigMap {name}"),
            Self::Git { repo_url, revision } => write!(f, "repository {repo_url} at {revision:?}"),
            Self::PullRequests { key, .. } => write!(f, "pull requests of {key}"),
            Self::Repositories { key, .. } => write!(f, "repositories of {key}"),
            Self::Resources { api_version, plural } => write!(f, "resources {plural} of {api_version}"),
            Self::Plugin { config_map, .. } => write!(f, "plugin {config_map}"),
        }
    }
}
