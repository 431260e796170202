//! The linter: what Velero's server refuses, and what it accepts and nobody wants.
//!
//! ```
//! use fleet_velero::inventory::{ClusterState, FleetState, Server};
//! use fleet_velero::lint::{Rule, lint};
//! use fleet_velero::{BackupSpec, Schedule, ScheduleSpec};
//!
//! let template = BackupSpec { ttl: Some("30d".into()), ..Default::default() };
//! let daily = Schedule::new("daily", ScheduleSpec { schedule: "0 2 * * *".into(), template, ..Default::default() });
//! let mut cluster = ClusterState::new("production".parse()?);
//! cluster.server = Some(Server::default());
//! cluster.schedules.push(daily);
//!
//! let fleet = FleetState { clusters: vec![cluster], ..Default::default() };
//! let findings = lint(&fleet, "2026-06-11T09:00:00Z".parse()?);
//! let ttl = findings.iter().find(|finding| finding.rule == Rule::UnreadableDuration).unwrap();
//! assert_eq!(ttl.path.as_deref(), Some("spec.template.ttl"));
//! assert!(ttl.reason.contains(r#"unknown unit "d""#));
//! assert_eq!(ttl.fix, "write it in hours: 720h");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod durations;
mod gitops;
mod history;
mod locations;
mod rule;
mod shared;
mod spec;
mod timing;

use std::fmt;

use jiff::Timestamp;

pub use rule::{Rule, Severity};

use crate::inventory::{ClusterState, FleetState, GitState, Server};
use crate::{Restore, Schedule};

/// Something that is wrong, or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule found it.
    pub rule: Rule,
    /// The cluster.
    pub cluster: String,
    /// The object's kind.
    pub kind: &'static str,
    /// The object's name.
    pub name: String,
    /// The field, where it is one.
    pub path: Option<String>,
    /// What is wrong, and what comes of it.
    pub reason: String,
    /// How to mend it.
    pub fix: String,
}

impl Finding {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} [{}] {}: {} {}",
            self.severity(),
            self.rule,
            self.cluster,
            self.kind,
            self.name
        )?;
        if let Some(path) = &self.path {
            write!(f, " {path}")?;
        }
        write!(f, ": {}; {}", self.reason, self.fix)
    }
}

/// Everything that is wrong with the backups of a fleet at this time, the worst first.
pub fn lint(fleet: &FleetState, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for cluster in &fleet.clusters {
        let default = Server::default();
        let mut linter = Linter {
            cluster,
            git: &fleet.git,
            server: cluster.server.as_ref().unwrap_or(&default),
            now,
            findings: &mut findings,
        };
        linter.cluster();
    }
    shared::lint(fleet, &mut findings);
    sort(&mut findings);
    findings
}

/// What is wrong with restores: those that completed and brought nothing back among them.
pub fn lint_restores(cluster: &str, restores: &[Restore]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = restores
        .iter()
        .flat_map(|restore| history::restore(cluster, restore))
        .collect();
    sort(&mut findings);
    findings
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (std::cmp::Reverse(finding.severity()), finding.rule);
        key(a)
            .cmp(&key(b))
            .then_with(|| (&a.cluster, &a.name, &a.path).cmp(&(&b.cluster, &b.name, &b.path)))
    });
}

/// The linting of one cluster.
struct Linter<'a> {
    cluster: &'a ClusterState,
    git: &'a GitState,
    server: &'a Server,
    now: Timestamp,
    findings: &'a mut Vec<Finding>,
}

impl Linter<'_> {
    fn cluster(&mut self) {
        for schedule in &self.cluster.schedules {
            self.durations_of_schedule(schedule);
            self.spec(schedule);
            self.timing(schedule);
            self.gitops(schedule);
            self.location_of(schedule);
            self.history(schedule);
        }
        self.overlaps();
        self.locations();
        self.points();
    }

    fn find(
        &mut self,
        rule: Rule,
        object: (&'static str, &str),
        path: Option<&str>,
        reason: String,
        fix: String,
    ) {
        self.findings.push(Finding {
            rule,
            cluster: self.cluster.name.to_string(),
            kind: object.0,
            name: object.1.to_owned(),
            path: path.map(str::to_owned),
            reason,
            fix,
        });
    }

    fn find_schedule(
        &mut self,
        rule: Rule,
        schedule: &Schedule,
        path: &str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let path = (!path.is_empty()).then_some(path);
        self.find(
            rule,
            ("Schedule", name_of(schedule)),
            path,
            reason.into(),
            fix.into(),
        );
    }
}

fn name_of(schedule: &Schedule) -> &str {
    schedule.metadata.name.as_deref().unwrap_or_default()
}
