//! Others' strategies as a policy of ours, with what was lost on the way.
//!
//! | from | what | to |
//! |---|---|---|
//! | Azure Fleet Manager | an update strategy: stages, groups, `afterStageWaitInSeconds` | stages, groups, soaks |
//! | KubeFleet | `ClusterStagedUpdateStrategy`: selectors, `sortingLabelKey`, `afterStageTasks` | stages, soaks, approvals |
//! | Open Cluster Management | a rollout strategy: `All`, `Progressive`, `ProgressivePerGroup` | stages, budgets, soaks |
//! | Argo CD | an ApplicationSet's `RollingSync` | stages, places |
//!
//! Nothing is guessed: what another tool does not say gets our default, which gates, and what ours cannot say the same way is in
//! [`Imported::lost`].
//!
//! ```
//! use fleet_upgrade::import::import;
//!
//! let strategy = "
//! apiVersion: placement.kubernetes-fleet.io/v1beta1
//! kind: ClusterStagedUpdateStrategy
//! metadata: {name: waves}
//! spec:
//!   stages:
//!   - name: canary
//!     labelSelector: {matchLabels: {env: canary}}
//!     afterStageTasks: [{type: TimedWait, waitTime: 24h}, {type: Approval}]
//!   - name: rest
//! ";
//! let imported = import(strategy, "waves.yaml", "v1.31.4".parse()?)?;
//! assert_eq!(imported.policy.spec.stages[0].soak.min_time.to_string(), "1d");
//! assert!(imported.policy.spec.stages[0].approval.after.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod azure;
mod ocm;

use std::num::NonZeroU32;

use fleet_core::yaml::{self, YamlError};
use fleet_core::{HumanDuration, KubernetesVersion, LabelSelector, Selector};
use serde::Deserialize;
use serde_json::Value;

use crate::spec::{ApprovalRule, StageApproval};
use crate::{FleetUpgrade, FleetUpgradeSpec, Stage};

/// A policy made of another tool's strategy.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Imported {
    /// The policy.
    pub policy: FleetUpgrade,
    /// What the strategy says that the policy does not say the same way, each with where it stands.
    pub lost: Vec<Lost>,
}

/// Something that did not come over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// Where it stands in the strategy, such as `spec.stages[0].maxConcurrency`.
    pub field: String,
    /// What became of it.
    pub note: String,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.note)
    }
}

/// A strategy that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The text is not YAML.
    #[error("{file}: {problem}")]
    NotYaml {
        /// The file.
        file: String,
        /// Why.
        problem: Box<YamlError>,
    },
    /// The document is none of the strategies that are known.
    #[error(
        "{file}: found kind `{kind}`, expected ClusterStagedUpdateStrategy (KubeFleet), ApplicationSet with RollingSync (Argo CD), \
         ManifestWorkReplicaSet or ClusterManagementAddOn or a `rolloutStrategy` (Open Cluster Management), or an Azure update \
         strategy with `strategy.stages`"
    )]
    Unknown {
        /// The file.
        file: String,
        /// Its kind.
        kind: String,
    },
    /// A field is not what the tool has there.
    #[error("{file}: {field}: {problem}")]
    Field {
        /// The file.
        file: String,
        /// The field.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

/// Makes a policy to this version of another tool's strategy. Which tool's it is, the document says; of several documents the
/// first that is a strategy is taken, and the others are named as lost.
///
/// # Errors
///
/// A text that is none of the strategies that are known.
pub fn import(text: &str, file: &str, target: KubernetesVersion) -> Result<Imported, ImportError> {
    let documents = yaml::documents(text).map_err(|problem| ImportError::NotYaml {
        file: file.to_owned(),
        problem: Box::new(problem),
    })?;
    let values: Vec<Value> = documents.into_iter().map(yaml::Document::into_value).collect();
    let kind = |value: &Value| value["kind"].as_str().unwrap_or("").to_owned();
    let Some((taken, strategy)) = values
        .iter()
        .enumerate()
        .find_map(|(number, value)| Some((number, Strategy::of(value)?)))
    else {
        return Err(ImportError::Unknown {
            file: file.to_owned(),
            kind: values.first().map(kind).unwrap_or_default(),
        });
    };
    let value = &values[taken];
    let name = value["metadata"]["name"]
        .as_str()
        .or(value["name"].as_str())
        .unwrap_or("imported")
        .to_owned();
    let mut import = Import {
        file,
        spec: FleetUpgradeSpec::new(target),
        lost: Vec::new(),
    };
    for (number, other) in values.iter().enumerate().filter(|(number, _)| *number != taken) {
        let note = match Strategy::of(other) {
            Some(_) => "another strategy: import it by itself".to_owned(),
            None => format!("no strategy, but of kind `{}`", kind(other)),
        };
        import.lose(format!("document {}", number + 1), note);
    }
    let import = match strategy {
        Strategy::KubeFleet(spec) => import.kubefleet(spec)?,
        Strategy::Azure { path, around } => import.azure(path, around)?,
        Strategy::Argo { path, strategy } => import.argo(path, strategy)?,
        Strategy::Ocm { first, others } => {
            for (path, number) in others {
                import.lose(
                    format!("{path}[{number}]"),
                    "another placement: only the first one's strategy is taken over",
                );
            }
            import.ocm(first)?
        }
    };
    Ok(Imported {
        policy: FleetUpgrade::new(name, import.spec),
        lost: import.lost,
    })
}

/// Whose strategy a document is, and the part of it that says so.
enum Strategy<'v> {
    KubeFleet(&'v Value),
    Azure {
        /// Where `around` stands; empty for the document itself.
        path: &'static str,
        /// What `strategy` is a field of, such as an update run's properties.
        around: &'v Value,
    },
    Argo {
        /// Where `strategy` stands; empty for the document itself.
        path: &'static str,
        /// What `rollingSync` is a field of.
        strategy: &'v Value,
    },
    Ocm {
        first: &'v Value,
        /// Other places with a strategy of their own.
        others: Vec<(&'static str, usize)>,
    },
}

impl<'v> Strategy<'v> {
    fn of(value: &'v Value) -> Option<Self> {
        let kind = value["kind"].as_str().unwrap_or("");
        if matches!(kind, "ClusterStagedUpdateStrategy" | "StagedUpdateStrategy") {
            return Some(Self::KubeFleet(&value["spec"]));
        }
        let first = |paths: &[&str]| paths.iter().find_map(|path| value.pointer(path));
        for (path, around) in [
            ("", value),
            ("properties", &value["properties"]),
            ("spec", &value["spec"]),
        ] {
            if around["strategy"]["stages"].is_array() {
                return Some(Self::Azure { path, around });
            }
        }
        for (path, strategy) in [("spec.strategy", &value["spec"]["strategy"]), ("", value)] {
            if !strategy["rollingSync"].is_null() {
                return Some(Self::Argo { path, strategy });
            }
        }
        if let Some(first) = first(&["/rolloutStrategy", "/spec/rolloutStrategy"]) {
            let others = Vec::new();
            return Some(Self::Ocm { first, others });
        }
        // A ManifestWorkReplicaSet has one for each placement, and so has a ClusterManagementAddOn.
        for (path, pointer) in [
            ("spec.placementRefs", "/spec/placementRefs"),
            (
                "spec.installStrategy.placements",
                "/spec/installStrategy/placements",
            ),
        ] {
            let placements = value.pointer(pointer).into_iter().flat_map(list).enumerate();
            let mut with_one = placements.filter(|(_, placement)| placement["rolloutStrategy"].is_object());
            if let Some((_, placement)) = with_one.next() {
                return Some(Self::Ocm {
                    first: &placement["rolloutStrategy"],
                    others: with_one.map(|(number, _)| (path, number)).collect(),
                });
            }
        }
        None
    }
}

struct Import<'a> {
    file: &'a str,
    spec: FleetUpgradeSpec,
    lost: Vec<Lost>,
}

impl Import<'_> {
    fn lose(&mut self, field: impl Into<String>, note: impl Into<String>) {
        self.lost.push(Lost {
            field: field.into(),
            note: note.into(),
        });
    }

    /// Names the fields of an object that are not known here.
    fn only(&mut self, path: &str, value: &Value, known: &[&str]) {
        for (field, value) in value.as_object().into_iter().flatten() {
            if !known.contains(&field.as_str()) && !value.is_null() {
                self.lose(under(path, field), "not known here, and left out");
            }
        }
    }

    fn wrong(&self, field: &str, problem: impl Into<String>) -> ImportError {
        ImportError::Field {
            file: self.file.to_owned(),
            field: field.to_owned(),
            problem: problem.into(),
        }
    }

    fn decode<T: for<'de> Deserialize<'de>>(&self, field: &str, value: &Value) -> Result<T, ImportError> {
        T::deserialize(value).map_err(|error| self.wrong(field, error.to_string()))
    }

    fn selector(&self, field: &str, value: &Value) -> Result<Selector, ImportError> {
        let selector: LabelSelector = self.decode(field, value)?;
        Selector::try_from(&selector).map_err(|error| self.wrong(field, error.to_string()))
    }

    fn kubefleet(mut self, spec: &Value) -> Result<Self, ImportError> {
        self.only("spec", spec, &["stages"]);
        for (index, stage) in list(&spec["stages"]).enumerate() {
            let path = format!("spec.stages[{index}]");
            let known = [
                "name",
                "labelSelector",
                "sortingLabelKey",
                "maxConcurrency",
                "beforeStageTasks",
                "afterStageTasks",
            ];
            self.only(&path, stage, &known);
            let mut ours = Stage::new(text(&stage["name"], &format!("stage-{}", index + 1)));
            if !stage["labelSelector"].is_null() {
                ours =
                    ours.selector(self.selector(&format!("{path}.labelSelector"), &stage["labelSelector"])?);
            }
            if !stage["sortingLabelKey"].is_null() {
                self.lose(
                    format!("{path}.sortingLabelKey"),
                    "clusters go least critical and smallest first",
                );
            }
            match &stage["maxConcurrency"] {
                Value::Null => {}
                value => match count(value) {
                    Some(count) => ours = ours.max_concurrent(count),
                    None => self.lose(
                        format!("{path}.maxConcurrency"),
                        format!(
                            "{value} is a share of a number that only the fleet knows; one at a time instead"
                        ),
                    ),
                },
            }
            for (task, value) in list(&stage["beforeStageTasks"]).enumerate() {
                let field = format!("{path}.beforeStageTasks[{task}]");
                match value["type"].as_str() {
                    Some("Approval") => ours.approval.before = Some(ApprovalRule::anyone()),
                    other => self.lose(
                        field,
                        format!("a task of type {} is not known", other.unwrap_or("none")),
                    ),
                }
            }
            for (task, value) in list(&stage["afterStageTasks"]).enumerate() {
                let field = format!("{path}.afterStageTasks[{task}]");
                match value["type"].as_str() {
                    Some("Approval") => ours.approval.after = Some(ApprovalRule::anyone()),
                    Some("TimedWait") => {
                        let wait = value["waitTime"].as_str().unwrap_or("");
                        let soak = go_duration(wait)
                            .ok_or_else(|| self.wrong(&field, format!("`{wait}` is no duration")))?;
                        ours = ours.soak(soak);
                    }
                    other => self.lose(
                        field,
                        format!("a task of type {} is not known", other.unwrap_or("none")),
                    ),
                }
            }
            self.spec = self.spec.stage(ours);
        }
        Ok(self)
    }

    fn argo(mut self, place: &str, strategy: &Value) -> Result<Self, ImportError> {
        let mut known = vec!["type", "rollingSync"];
        if place.is_empty() {
            known.extend(IDENTITY);
        }
        self.only(place, strategy, &known);
        let kind = strategy["type"].as_str().unwrap_or("");
        if kind != "RollingSync" {
            let found = if kind.is_empty() { "no type" } else { kind };
            self.lose(
                under(place, "type"),
                format!(
                    "{found}: without RollingSync everything is synced at once there; here the steps are taken over"
                ),
            );
        }
        let strategy = &strategy["rollingSync"];
        self.only("rollingSync", strategy, &["steps"]);
        let mut everything: Option<usize> = None;
        for (index, step) in list(&strategy["steps"]).enumerate() {
            let path = format!("rollingSync.steps[{index}]");
            self.only(&path, step, &["matchExpressions", "maxUpdate"]);
            let selector = match &step["matchExpressions"] {
                // All of no expressions hold: Argo CD takes every Application into such a step.
                Value::Null => Selector::everything(),
                expressions @ Value::Array(_) => {
                    let selector = serde_json::json!({"matchExpressions": expressions});
                    self.selector(&format!("{path}.matchExpressions"), &selector)?
                }
                other => {
                    return Err(self.wrong(
                        &format!("{path}.matchExpressions"),
                        format!("found {other}, expected a list of {{key, operator, values}}"),
                    ));
                }
            };
            // An Application is in the first step that matches it. A stage without clusters would be refused.
            if let Some(earlier) = everything {
                self.lose(
                    path,
                    format!(
                        "left out: steps[{earlier}] matches every Application that no step before it does"
                    ),
                );
                continue;
            }
            let mut ours = Stage::new(format!("step-{}", index + 1));
            if selector.is_everything() {
                everything = Some(index);
                self.lose(
                    format!("{path}.matchExpressions"),
                    "without expressions a step matches every Application: here every cluster that no stage before it takes",
                );
            } else {
                ours = ours.selector(selector);
            }
            match &step["maxUpdate"] {
                Value::Null => self.lose(
                    format!("{path}.maxUpdate"),
                    "all at once is not taken over: one at a time",
                ),
                value => match count(value) {
                    Some(count) => ours = ours.max_concurrent(count),
                    None if value.as_u64() == Some(0) => {
                        self.lose(
                            format!("{path}.maxUpdate"),
                            "0 holds the step for a person: an approval instead",
                        );
                        ours = ours.approval(StageApproval::before(ApprovalRule::anyone()));
                    }
                    None => self.lose(
                        format!("{path}.maxUpdate"),
                        format!(
                            "{value} is a share of a number that only the fleet knows; one at a time instead"
                        ),
                    ),
                },
            }
            self.spec = self.spec.stage(ours);
        }
        self.lose(
            "rollingSync.steps[].matchExpressions",
            "labels of Applications there, of clusters here",
        );
        if everything.is_none() {
            self.spec = self.spec.stage(Stage::new("not-in-any-step"));
            self.lose(
                "rollingSync.steps",
                "Applications that no step matches are never synced there; here a last stage takes those clusters, remove it if \
                 there are none",
            );
        }
        Ok(self)
    }
}

/// Fields that say which document it is, not what it asks for.
const IDENTITY: [&str; 15] = [
    "apiVersion",
    "azureName",
    "eTag",
    "etag",
    "id",
    "kind",
    "location",
    "metadata",
    "name",
    "operatorSpec",
    "owner",
    "resourceGroup",
    "systemData",
    "tags",
    "type",
];

/// The path of a field of what stands at `path`; an empty one is the document itself.
fn under(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A count of at least 1.
fn count(value: &Value) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(value.as_u64()?).ok()?)
}

fn text(value: &Value, otherwise: &str) -> String {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .unwrap_or(otherwise)
        .to_owned()
}

/// A duration as Go writes it: `1h30m0s`, `24h`.
fn go_duration(text: &str) -> Option<HumanDuration> {
    let mut shortened = text.to_owned();
    // `24h0m0s` is `24h`.
    while let Some(rest) = ["0s", "0m"].iter().find_map(|zero| shortened.strip_suffix(zero)) {
        if rest.is_empty() || rest.ends_with(|letter: char| letter.is_ascii_digit()) {
            break;
        }
        shortened = rest.to_owned();
    }
    shortened.parse().ok()
}
