//! Grafana dashboards as values: one model, written in the classic schema and as the v2 resource; and provisioned data sources.
//!
//! ```
//! use fleet_observe::grafana::overview;
//!
//! let dashboard = overview()?;
//! let classic = dashboard.classic()?;
//! assert_eq!(classic["panels"][0]["title"], "Cluster Health Overview");
//! assert_eq!(
//!     classic["panels"][0]["targets"][0]["expr"],
//!     "kube_node_status_condition{condition='Ready', status='true'} == 0"
//! );
//! let v2 = dashboard.v2()?;
//! assert_eq!(v2["spec"]["elements"]["panel-1"]["spec"]["title"], "Cluster Health Overview");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod classic;
mod datasource;
mod library;
mod v2;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::promql::{Expr, PromqlError};

pub use datasource::{DataSource, provisioning};
pub use library::{all, overview, subsystem};

/// A dashboard.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Dashboard {
    /// What Grafana finds it by: letters, digits, `-` and `_`, at most 40.
    pub uid: String,
    /// What people read.
    pub title: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What people choose on top.
    pub variables: Vec<Variable>,
    /// The panels, each with its place.
    pub panels: Vec<Panel>,
}

/// Something that people choose.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Variable {
    /// Which data source of a type.
    DataSource {
        /// Its name.
        name: String,
        /// The type: `prometheus`.
        plugin: String,
    },
    /// Values of a label, several at once.
    Label {
        /// Its name.
        name: String,
        /// The label.
        label: String,
        /// The metric that has it.
        metric: String,
    },
}

impl Variable {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::DataSource { name, .. } | Self::Label { name, .. } => name,
        }
    }
}

/// A panel.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Panel {
    /// What people read above it.
    pub title: String,
    /// What it answers.
    pub description: String,
    /// How it looks.
    pub kind: PanelKind,
    /// What it asks.
    pub targets: Vec<Target>,
    /// The unit of its values, in Grafana's words.
    pub unit: String,
    /// Where it stands: 24 columns.
    pub place: Place,
}

/// How a panel looks: the ids of Grafana's own plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PanelKind {
    /// Rows.
    Table,
    /// Large numbers.
    Stat,
    /// Lines over time.
    TimeSeries,
}

impl PanelKind {
    /// The plugin's id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Stat => "stat",
            Self::TimeSeries => "timeseries",
        }
    }
}

/// A query of a panel.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Target {
    /// The PromQL.
    pub expr: Expr,
    /// How a series is named; Grafana's own way where nothing is said.
    pub legend: Option<String>,
    /// Whether the present value is asked for, and not the whole time.
    pub instant: bool,
}

/// Where a panel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // a rectangle
pub struct Place {
    /// Columns from the left, of 24.
    pub x: u32,
    /// Rows from the top.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows of 30 pixels.
    pub height: u32,
}

impl Dashboard {
    /// A dashboard without panels, with a data source to choose.
    pub fn new(uid: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            uid: uid.into(),
            title: title.into(),
            tags: vec!["fleet".to_owned()],
            variables: vec![Variable::DataSource {
                name: DATASOURCE.to_owned(),
                plugin: "prometheus".to_owned(),
            }],
            panels: Vec::new(),
        }
    }

    /// Adds a variable.
    pub fn variable(mut self, variable: Variable) -> Self {
        self.variables.push(variable);
        self
    }

    /// Adds a panel below or beside those that are there, two in a row.
    pub fn panel(mut self, title: impl Into<String>, kind: PanelKind, targets: Vec<Target>) -> Self {
        let number = u32::try_from(self.panels.len()).unwrap_or(u32::MAX);
        self.panels.push(Panel {
            title: title.into(),
            description: String::new(),
            kind,
            targets,
            unit: "short".to_owned(),
            place: Place {
                x: number % 2 * 12,
                y: number / 2 * 9,
                width: 12,
                height: 9,
            },
        });
        self
    }

    /// The classic JSON (schema version 39), for every Grafana since 10.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn classic(&self) -> Result<Value, DashboardError> {
        self.check()?;
        Ok(classic::write(self))
    }

    /// The v2 resource (`dashboard.grafana.app/v2beta1`), for Grafana 12 and newer.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn v2(&self) -> Result<Value, DashboardError> {
        self.check()?;
        Ok(v2::write(self))
    }

    /// Whether Grafana can show it: a uid that it takes, variables that exist, panels in their columns and not on top of each other.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), DashboardError> {
        let is_uid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.uid.is_empty() || self.uid.len() > 40 || !self.uid.chars().all(is_uid) {
            return Err(DashboardError::Uid {
                found: self.uid.clone(),
            });
        }
        let mut names = BTreeSet::new();
        for variable in &self.variables {
            if !names.insert(variable.name()) {
                return Err(DashboardError::SameVariable {
                    name: variable.name().to_owned(),
                });
            }
        }
        for (place, panel) in self.panels.iter().enumerate() {
            let Place { x, width, height, .. } = panel.place;
            if width == 0 || height == 0 || x.saturating_add(width) > 24 {
                return Err(DashboardError::Place {
                    panel: panel.title.clone(),
                });
            }
            if let Some(other) = self.panels[..place]
                .iter()
                .find(|other| overlap(other.place, panel.place))
            {
                return Err(DashboardError::Overlap {
                    panel: panel.title.clone(),
                    other: other.title.clone(),
                });
            }
            for target in &panel.targets {
                let expr = target.expr.to_string();
                let texts = [Some(expr.as_str()), target.legend.as_deref()];
                for name in texts.into_iter().flatten().flat_map(variables_in) {
                    if !name.starts_with("__") && !names.contains(name) {
                        return Err(DashboardError::NoVariable {
                            panel: panel.title.clone(),
                            name: name.to_owned(),
                            known: names.iter().map(|name| format!("${name}")).collect(),
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// The variable that every dashboard has: which Prometheus or Thanos is asked.
pub const DATASOURCE: &str = "datasource";

fn overlap(one: Place, other: Place) -> bool {
    let apart = |a: u32, a_size: u32, b: u32, b_size: u32| {
        a.saturating_add(a_size) <= b || b.saturating_add(b_size) <= a
    };
    !apart(one.x, one.width, other.x, other.width) && !apart(one.y, one.height, other.y, other.height)
}

/// The names of the variables in a text: `$cluster`, `${cluster}`, `${cluster:regex}`, `[[cluster]]`. A `$1` of a replacement is none.
fn variables_in(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['$', '[']) {
        let (sign, after) = rest.split_at(start);
        let _ = sign;
        let (inner, skip) = if let Some(inner) = after.strip_prefix("${") {
            (inner, 2)
        } else if let Some(inner) = after.strip_prefix("[[") {
            (inner, 2)
        } else if let Some(inner) = after.strip_prefix('$') {
            (inner, 1)
        } else {
            ("", 1)
        };
        let end = inner
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(inner.len());
        let name = &inner[..end];
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            names.push(name);
        }
        rest = &after[skip + end..];
    }
    names
}

/// What Grafana would not show as it is meant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DashboardError {
    /// A uid that Grafana does not take.
    #[error("`{found}` is no uid of a dashboard; expected 1 to 40 letters, digits, `-` and `_`")]
    Uid {
        /// The uid.
        found: String,
    },
    /// Two variables of one name.
    #[error("the variable `{name}` is there twice; rename one")]
    SameVariable {
        /// The name.
        name: String,
    },
    /// A variable that does not exist.
    #[error("panel `{panel}` uses the variable `${name}`, which the dashboard does not have; there are {}", known.join(", "))]
    NoVariable {
        /// The panel.
        panel: String,
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A panel without a place in 24 columns.
    #[error("panel `{panel}` does not fit into 24 columns, or has no size")]
    Place {
        /// The panel.
        panel: String,
    },
    /// Two panels in one place.
    #[error("panel `{panel}` lies on panel `{other}`; move one")]
    Overlap {
        /// The panel.
        panel: String,
        /// The other.
        other: String,
    },
    /// PromQL that cannot be built.
    #[error(transparent)]
    Promql(#[from] PromqlError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(expr: &str) -> Target {
        Target {
            expr: Expr::raw(expr),
            legend: None,
            instant: false,
        }
    }

    #[test]
    fn variables_that_do_not_exist_are_refused_and_grafanas_own_are_not() {
        let with = |expr: &str| {
            Dashboard::new("a", "A")
                .panel("P", PanelKind::Stat, vec![target(expr)])
                .check()
        };
        assert_eq!(with("rate(up{a=~'$datasource'}[$__rate_interval])"), Ok(()));
        assert_eq!(with("label_replace(up, 'a', '$1', 'b', '(.*)')"), Ok(()));
        for expr in [
            "up{a='$cluster'}",
            "up{a='${cluster:regex}'}",
            "up{a='[[cluster]]'}",
        ] {
            assert!(
                matches!(with(expr), Err(DashboardError::NoVariable { name, .. }) if name == "cluster"),
                "{expr}"
            );
        }
        assert_eq!(
            with("up{a='$clustr'}").unwrap_err().to_string(),
            "panel `P` uses the variable `$clustr`, which the dashboard does not have; there are $datasource"
        );
    }

    #[test]
    fn places_and_names() {
        let mut two = Dashboard::new("a", "A")
            .panel("P", PanelKind::Stat, vec![])
            .panel("Q", PanelKind::Stat, vec![]);
        assert_eq!(two.check(), Ok(()));
        two.panels[1].place.x = 11;
        assert!(matches!(two.check(), Err(DashboardError::Overlap { .. })));
        two.panels[1].place.x = 13;
        assert!(matches!(two.check(), Err(DashboardError::Place { .. })));
        assert!(matches!(
            Dashboard::new("a b", "A").check(),
            Err(DashboardError::Uid { .. })
        ));
        let twice = Dashboard::new("a", "A").variable(Variable::DataSource {
            name: "datasource".into(),
            plugin: "loki".into(),
        });
        assert!(matches!(twice.check(), Err(DashboardError::SameVariable { .. })));
    }
}
