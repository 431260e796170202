//! Everything the quickstart is given, read and checked before anything is applied.

use std::fmt;
use std::path::{Path, PathBuf};

use fleet_argocd::ApplicationSet;
use fleet_capi::ClusterRepository;
use fleet_capi::repository::RepositoryErrors;
use fleet_core::Fleet;
use fleet_upgrade::{FleetUpgrade, PlanError, SpecError, UpgradePlan};
use jiff::Timestamp;

use crate::{application_sets, startable};

/// The longest file that is read, in bytes: 8 MiB.
pub const LONGEST_FILE: u64 = 8 << 20;

/// A repository without a mistake.
pub struct Input {
    pub repository: ClusterRepository,
    pub fleet: Fleet,
    pub application_sets: Vec<ApplicationSet>,
    /// When the story begins.
    pub began: Timestamp,
    policy: FleetUpgrade,
}

impl Input {
    /// Reads the repository and the policy, and checks that the one can be upgraded by the other. Every file is read,
    /// whatever was wrong with those before it: people want all their mistakes at once.
    pub fn read(repo: &Path, policy: Option<&Path>, now: Timestamp) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let repository = mistakes.or_value(ClusterRepository::open(repo.join("clusters")));
        let fleet = repository
            .as_ref()
            .and_then(|repository| mistakes.or_value(repository.fleet()));
        if let Some(repository) = &repository {
            mistakes.0.extend(startable::check(repository));
        }
        let application_sets = mistakes.or_value(application_sets::read(
            &repo.join("applicationsets"),
            fleet.as_ref(),
        ));
        let policy = mistakes.or_value(read_policy(repo, policy));
        match (repository, fleet, application_sets, policy) {
            (Some(repository), Some(fleet), Some(application_sets), Some(policy))
                if mistakes.0.is_empty() =>
            {
                let input = Self {
                    repository,
                    fleet,
                    application_sets,
                    began: now,
                    policy,
                };
                input.plan(now)?;
                Ok(input)
            }
            _ => Err(mistakes),
        }
    }

    /// The plan, if it is made now.
    pub fn plan(&self, now: Timestamp) -> Result<UpgradePlan, PlanError> {
        fleet_upgrade::plan(&self.policy, &self.fleet, now)
    }
}

/// What is wrong with the input, each mistake on a line or more: `file:line:column: what`.
#[derive(Debug, Default)]
pub struct Mistakes(pub Vec<String>);

impl Mistakes {
    /// The value, or its mistakes noted.
    fn or_value<T>(&mut self, result: Result<T, impl Into<Self>>) -> Option<T> {
        result.map_err(|error| self.0.extend(error.into().0)).ok()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl From<RepositoryErrors> for Mistakes {
    fn from(errors: RepositoryErrors) -> Self {
        Self(vec![errors.to_string()])
    }
}

impl From<SpecError> for Mistakes {
    fn from(error: SpecError) -> Self {
        Self(vec![fleet_examples::chain(&error)])
    }
}

impl From<PlanError> for Mistakes {
    fn from(error: PlanError) -> Self {
        Self(vec![error.to_string()])
    }
}

fn read_policy(repo: &Path, file: Option<&Path>) -> Result<FleetUpgrade, Mistakes> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => only_policy(&repo.join("upgrades"))?,
    };
    Ok(FleetUpgrade::read(file)?)
}

fn only_policy(directory: &Path) -> Result<PathBuf, Mistakes> {
    let files = yaml_files(directory)?;
    match files.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(Mistakes(vec![format!(
            "{}: no policy here; name one with --policy FILE",
            directory.display()
        )])),
        _ => Err(Mistakes(vec![format!(
            "{}: {} policies here; name one with --policy FILE",
            directory.display(),
            files.len()
        )])),
    }
}

/// The YAML files of a directory, by name. No directory, no files.
pub fn yaml_files(directory: &Path) -> Result<Vec<PathBuf>, Mistakes> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(directory, &error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(directory, &error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Mistakes {
    Mistakes(vec![format!("{}: cannot be read: {error}", path.display())])
}
