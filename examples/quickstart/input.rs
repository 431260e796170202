//! Everything the quickstart is given, read and checked before anything is applied.

use std::fmt;
use std::path::{Path, PathBuf};

use fleet_argocd::ApplicationSet;
use fleet_capi::ClusterRepository;
use fleet_capi::repository::RepositoryErrors;
use fleet_core::Fleet;
use fleet_upgrade::{FleetUpgrade, PlanError, SpecError, UpgradePlan};
use jiff::Timestamp;

use crate::application_sets;

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
    /// Reads the repository and the policy, and checks that the one can be upgraded by the other.
    pub fn read(repo: &Path, policy: Option<&Path>, now: Timestamp) -> Result<Self, Mistakes> {
        let repository = ClusterRepository::open(repo.join("clusters"))?;
        let fleet = repository.fleet()?;
        let application_sets = application_sets::read(&repo.join("applicationsets"), &fleet)?;
        let policy = match policy {
            Some(file) => FleetUpgrade::read(file)?,
            None => FleetUpgrade::read(only_policy(&repo.join("upgrades"))?)?,
        };
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

    /// The plan, if it is made now.
    pub fn plan(&self, now: Timestamp) -> Result<UpgradePlan, PlanError> {
        fleet_upgrade::plan(&self.policy, &self.fleet, now)
    }
}

/// What is wrong with the input: a line or more for each mistake.
#[derive(Debug)]
pub enum Mistakes {
    Repository(RepositoryErrors),
    Policy(Box<SpecError>),
    Plan(Box<PlanError>),
    /// `file:line:column: what`
    Other(Vec<String>),
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(errors) => errors.fmt(f),
            Self::Policy(error) => f.write_str(&crate::chain(error)),
            Self::Plan(error) => error.fmt(f),
            Self::Other(lines) => f.write_str(&lines.join("\n")),
        }
    }
}

impl From<RepositoryErrors> for Mistakes {
    fn from(errors: RepositoryErrors) -> Self {
        Self::Repository(errors)
    }
}

impl From<SpecError> for Mistakes {
    fn from(error: SpecError) -> Self {
        Self::Policy(Box::new(error))
    }
}

impl From<PlanError> for Mistakes {
    fn from(error: PlanError) -> Self {
        Self::Plan(Box::new(error))
    }
}

fn only_policy(directory: &Path) -> Result<PathBuf, Mistakes> {
    let files = yaml_files(directory)?;
    match files.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(Mistakes::Other(vec![format!(
            "{}: no policy here; name one with --policy FILE",
            directory.display()
        )])),
        _ => Err(Mistakes::Other(vec![format!(
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
    Mistakes::Other(vec![format!("{}: cannot be read: {error}", path.display())])
}
