//! What Argo CD would do without asking and nobody may have meant.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::Fleet;
use fleet_core::purpose::Constraints;
use serde::Serialize;
use serde_json::Value;

use super::diff::Diff;
use super::{Expansion, GeneratorKind, Warning};
use crate::application_set::{ApplicationSet, Generator};

/// Bounds that an expansion or a change must keep.
///
/// By default nothing may be deleted beyond a tenth of the Applications, nothing may become empty, be renamed, be named
/// twice or keep a placeholder. Which destinations are production and which projects are privileged has to be said.
///
/// ```
/// use fleet_argocd::{Diff, GuardRails};
/// use serde_json::json;
///
/// let web = json!({"metadata": {"name": "web"}, "spec": {"project": "shop"}});
/// let diff = Diff::between(&[web], &[]);
/// let findings = GuardRails::default().check_diff(&diff);
/// assert_eq!(findings[0].to_string(), "becomes-empty: all 1 Applications go, because nothing is generated any more");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GuardRails {
    /// How many Applications may be deleted. Default: no bound.
    pub max_deletions: Option<usize>,
    /// Which share of the Applications may be deleted, in percent. Default 10.
    pub max_deleted_percent: Option<f64>,
    /// Destinations (server or name) that are production's; previews of pull requests must not reach them.
    pub production: Vec<String>,
    /// Projects that previews of pull requests must not be in.
    pub privileged_projects: Vec<String>,
}

/// A bound that is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// Which bound.
    pub rail: Rail,
    /// Why it is not kept.
    pub reason: String,
    /// The Applications concerned.
    pub applications: Vec<String>,
    /// The parameter or the field at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
}

/// The bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rail {
    /// More is deleted than may be.
    TooManyDeletions,
    /// Everything is deleted.
    BecomesEmpty,
    /// A generator gave Applications and gives none any more.
    GeneratorCollapsed,
    /// An Application is deleted and one like it created.
    Renames,
    /// Two Applications have one name.
    DuplicateName,
    /// An Application has no name.
    NoName,
    /// A placeholder is left over.
    Unresolved,
    /// A pull request's preview reaches production or a privileged project.
    PreviewReachesProduction,
    /// A generator of no known kind.
    UnrecognizedGenerator,
    /// A cluster that a regulation isolates is reached together with others.
    ReachesIsolated,
}

impl Default for GuardRails {
    fn default() -> Self {
        Self {
            max_deletions: None,
            max_deleted_percent: Some(10.0),
            production: Vec::new(),
            privileged_projects: Vec::new(),
        }
    }
}

impl GuardRails {
    /// What a change breaks.
    pub fn check_diff(&self, diff: &Diff) -> Vec<Finding> {
        let mut findings = Vec::new();
        let deleted = diff.deleted.len();
        if diff.before > 0 && diff.after == 0 {
            findings.push(Finding {
                rail: Rail::BecomesEmpty,
                reason: format!(
                    "all {} Applications go, because nothing is generated any more",
                    diff.before
                ),
                applications: diff.deleted.clone(),
                parameter: None,
            });
        }
        let percent = deleted as f64 * 100.0 / diff.before.max(1) as f64;
        let too_many = self.max_deletions.is_some_and(|bound| deleted > bound);
        let too_much = self.max_deleted_percent.is_some_and(|bound| percent > bound);
        if deleted > 0 && (too_many || too_much) {
            findings.push(Finding {
                rail: Rail::TooManyDeletions,
                reason: format!("{deleted} of {} Applications ({percent:.0} %) go", diff.before),
                applications: diff.deleted.clone(),
                parameter: None,
            });
        }
        for rename in &diff.renamed {
            findings.push(Finding {
                rail: Rail::Renames,
                reason: format!(
                    "{} is deleted with all it deployed, and {} like it is created",
                    rename.from, rename.to
                ),
                applications: vec![rename.from.clone(), rename.to.clone()],
                parameter: Some("metadata.name".to_owned()),
            });
        }
        findings
    }

    /// What the change from one expansion of an ApplicationSet to another breaks: what [`check_diff`](Self::check_diff) and
    /// [`check`](Self::check) find, and generators whose selector or paths have stopped matching.
    ///
    /// `set` is the ApplicationSet as it is now.
    pub fn check_change(&self, set: &ApplicationSet, before: &Expansion, after: &Expansion) -> Vec<Finding> {
        let mut findings = self.check_diff(&before.diff(after));
        let now = after.by_generator();
        let passed_over: Vec<_> = after.incomplete().map(|(path, _)| path.to_string()).collect();
        for ((index, kind), count) in before.by_generator() {
            let path = format!("spec.generators[{index}].{kind}");
            let gone = now.get(&(index, kind)).is_none_or(|given| *given == 0);
            if count == 0 || !gone || passed_over.iter().any(|known| known.starts_with(&path)) {
                continue;
            }
            let asked = set
                .spec
                .generators
                .get(index)
                .map(|item| asked_for(item, kind))
                .unwrap_or_default();
            findings.push(Finding {
                rail: Rail::GeneratorCollapsed,
                reason: format!("{path} gave {count} Applications and gives none any more{asked}"),
                applications: before
                    .iter()
                    .filter(|one| one.provenance().generator == index && one.provenance().kind == kind)
                    .map(|one| one.name().to_owned())
                    .collect(),
                parameter: Some(path),
            });
        }
        findings.extend(self.check(after));
        findings
    }

    /// What an expansion breaks.
    pub fn check(&self, expansion: &Expansion) -> Vec<Finding> {
        let mut findings: Vec<_> = expansion.warnings().into_iter().filter_map(warned).collect();
        for generated in expansion.iter() {
            let provenance = generated.provenance();
            let is_preview = provenance.kind == GeneratorKind::PullRequest
                || (provenance.params.get("head_sha").is_some() && provenance.params.get("number").is_some());
            if !is_preview {
                continue;
            }
            for (path, forbidden) in [
                (["spec", "destination", "server"].as_slice(), &self.production),
                (&["spec", "destination", "name"], &self.production),
                (&["spec", "project"], &self.privileged_projects),
            ] {
                let Some(text) = generated
                    .text(path)
                    .filter(|text| forbidden.iter().any(|known| known == text))
                else {
                    continue;
                };
                let number = provenance
                    .params
                    .get("number")
                    .and_then(Value::as_str)
                    .unwrap_or("?");
                findings.push(Finding {
                    rail: Rail::PreviewReachesProduction,
                    reason: format!(
                        "the preview of pull request {number} has {} {text}",
                        path.join(".")
                    ),
                    applications: vec![generated.name().to_owned()],
                    parameter: Some(format!("number={number}")),
                });
            }
        }
        findings
    }

    /// What an ApplicationSet must not do to clusters that a regulation isolates: reach one together with a cluster of another scope.
    ///
    /// Destinations that are no cluster of the fleet (the hub itself, one by its address) are passed over. A finding names the
    /// Applications that reach isolated clusters.
    ///
    /// ```
    /// use fleet_argocd::{ApplicationSet, GuardRails, Snapshot, expand};
    /// use fleet_core::purpose::Constraints;
    /// use fleet_core::{Fleet, FleetCluster, Labels};
    ///
    /// let cluster = |name: &str, labels: &[(&str, &str)]| -> Result<_, Box<dyn std::error::Error>> {
    ///     let labels = Labels::from_pairs(labels.iter().copied())?;
    ///     Ok(FleetCluster::new(name.parse()?, "v1.33.0".parse()?).with_labels(labels))
    /// };
    /// let fleet = Fleet::new([cluster("shop", &[])?, cluster("cards", &[("regulatory-scope", "pci-dss")])?])?;
    /// let set: ApplicationSet = serde_json::from_value(serde_json::json!({
    ///     "metadata": {"name": "web"},
    ///     "spec": {
    ///         "generators": [{"list": {"elements": [{"to": "shop"}, {"to": "cards"}]}}],
    ///         "template": {
    ///             "metadata": {"name": "web-{{to}}"},
    ///             "spec": {"project": "shop", "destination": {"name": "{{to}}"}},
    ///         },
    ///     },
    /// }))?;
    /// let expansion = expand(&set, &Snapshot::empty())?;
    /// let findings = GuardRails::check_reach("web", &expansion, &fleet, &Constraints::default());
    /// assert_eq!(
    ///     findings[0].to_string(),
    ///     "reaches-isolated: the ApplicationSet web reaches cards, which is isolated for pci-dss, together with shop; make \
    ///      one of its own for pci-dss, or narrow its selector (spec.destination)"
    /// );
    /// assert_eq!(findings[0].applications, ["web-cards"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_reach(
        set: &str,
        expansion: &Expansion,
        fleet: &Fleet,
        constraints: &Constraints,
    ) -> Vec<Finding> {
        let reached = expansion.reached(fleet);
        let clusters = reached.keys().filter_map(|name| fleet.get(name.as_str()));
        let Err(breach) = constraints.reach(&format!("the ApplicationSet {set}"), clusters) else {
            return Vec::new();
        };
        let isolated = reached.iter().filter(|(name, _)| {
            fleet
                .get(name.as_str())
                .is_some_and(|cluster| cluster.purpose().is_isolated())
        });
        vec![Finding {
            rail: Rail::ReachesIsolated,
            reason: breach.to_string(),
            applications: isolated
                .flat_map(|(_, applications)| applications.iter().cloned())
                .collect(),
            parameter: Some("spec.destination".to_owned()),
        }]
    }

    /// Names that several ApplicationSets give; Argo CD lets the first have them and fails the others.
    pub fn check_together<'a>(
        expansions: impl IntoIterator<Item = (&'a str, &'a Expansion)>,
    ) -> Vec<Finding> {
        let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (set, expansion) in expansions {
            for generated in expansion.iter() {
                let sets = owners.entry(generated.name().to_owned()).or_default();
                if sets.last() != Some(&set) {
                    sets.push(set);
                }
            }
        }
        owners
            .into_iter()
            .filter(|(_, sets)| sets.len() > 1)
            .map(|(name, sets)| Finding {
                rail: Rail::DuplicateName,
                reason: format!("{name} is generated by {}", sets.join(" and ")),
                applications: vec![name],
                parameter: Some("metadata.name".to_owned()),
            })
            .collect()
    }
}

/// What a generator looks for, in words that go on a sentence.
fn asked_for(item: &Generator, kind: GeneratorKind) -> String {
    let json = |value: Result<Value, serde_json::Error>| value.unwrap_or_default().to_string();
    match kind {
        GeneratorKind::Clusters => match item.clusters.as_ref().and_then(|one| one.selector.as_ref()) {
            Some(selector) => format!(
                ": no cluster matches its selector {}",
                json(serde_json::to_value(selector))
            ),
            None => ": no cluster is registered".to_owned(),
        },
        GeneratorKind::Git => {
            let git = item.git.as_ref();
            let items = git.and_then(|git| git.directories.as_ref().or(git.files.as_ref()));
            let paths: Vec<_> = items
                .into_iter()
                .flatten()
                .filter(|item| item.exclude != Some(true))
                .map(|item| item.path.as_str())
                .collect();
            format!(": nothing in the repository matches {}", paths.join(", "))
        }
        _ => String::new(),
    }
}

fn warned(warning: Warning) -> Option<Finding> {
    let reason = warning.to_string();
    let (rail, applications, parameter) = match warning {
        Warning::Empty => return None,
        Warning::UnrecognizedGenerator { generator } => (
            Rail::UnrecognizedGenerator,
            Vec::new(),
            Some(format!("spec.generators[{generator}]")),
        ),
        Warning::DuplicateName { name, .. } => {
            (Rail::DuplicateName, vec![name], Some("metadata.name".to_owned()))
        }
        Warning::NoName { .. } => (Rail::NoName, Vec::new(), Some("metadata.name".to_owned())),
        Warning::Unresolved {
            application, path, ..
        } => (Rail::Unresolved, vec![application], Some(path)),
    };
    Some(Finding {
        rail,
        reason,
        applications,
        parameter,
    })
}

impl fmt::Display for Rail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyDeletions => "too-many-deletions",
            Self::BecomesEmpty => "becomes-empty",
            Self::GeneratorCollapsed => "generator-collapsed",
            Self::Renames => "renames",
            Self::DuplicateName => "duplicate-name",
            Self::NoName => "no-name",
            Self::Unresolved => "unresolved",
            Self::PreviewReachesProduction => "preview-reaches-production",
            Self::UnrecognizedGenerator => "unrecognized-generator",
            Self::ReachesIsolated => "reaches-isolated",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rail, self.reason)?;
        match &self.parameter {
            // A reason that is about the field names it by itself.
            Some(parameter) if !self.reason.contains(parameter.as_str()) => write!(f, " ({parameter})"),
            _ => Ok(()),
        }
    }
}
