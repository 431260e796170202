//! A plan as a document: for JSON, and for programs that only show it.

use std::fmt;

use serde::Serialize;

use super::RecoveryPlan;
use crate::protection::Exposure;

/// A plan as a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// What happened.
    pub disaster: String,
    /// When.
    pub made_at: String,
    /// How long recovery takes, in seconds: as likely as not.
    pub rto_seconds: i64,
    /// The same, nearly certain.
    pub rto_p95_seconds: i64,
    /// The most that is lost of anything, in words.
    pub rpo: String,
    /// The same in seconds; `null` when all of something is lost.
    pub rpo_seconds: Option<i64>,
    /// The steps.
    pub steps: Vec<StepReport>,
    /// What is lost.
    pub lost: Vec<LossReport>,
    /// What one should know.
    pub warnings: Vec<String>,
}

/// A step as a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// Its number, from 1.
    pub number: u32,
    /// The cluster.
    pub cluster: Option<String>,
    /// What it is about.
    pub title: String,
    /// The steps it comes after.
    pub after: Vec<u32>,
    /// What must hold before.
    pub needs: Vec<String>,
    /// What holds after.
    pub gives: Vec<String>,
    /// When it can begin, in seconds from the disaster on.
    pub start_seconds: i64,
    /// How long it takes, in seconds.
    pub seconds: i64,
    /// Whether the whole is late when it is.
    pub critical: bool,
    /// Whether a person should say yes first.
    pub approval: bool,
    /// What is typed.
    pub commands: Vec<String>,
    /// How it is undone.
    pub rollback: Option<String>,
}

/// Something of which something is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LossReport {
    /// The cluster.
    pub cluster: String,
    /// The namespace.
    pub namespace: String,
    /// The object or volume.
    pub part: String,
    /// What of it is lost, in words.
    pub lost: String,
    /// The same in seconds; `null` when all of it is lost.
    pub seconds: Option<i64>,
    /// How much data it is.
    pub bytes: u64,
}

impl RecoveryPlan {
    /// The plan as a document.
    pub fn report(&self) -> PlanReport {
        let steps = self.steps.iter().map(|step| StepReport {
            number: step.id.number(),
            cluster: step.cluster().map(|index| self.cluster(index).name.clone()),
            title: self.title(step),
            after: step.after.iter().map(|id| id.number()).collect(),
            needs: step.needs.iter().map(|fact| self.describe(*fact)).collect(),
            gives: step.gives.iter().map(|fact| self.describe(*fact)).collect(),
            start_seconds: step.start.as_secs(),
            seconds: step.time.p50.as_secs(),
            critical: step.is_critical,
            approval: step.wants_approval(),
            commands: self.commands(step),
            rollback: self.rollback(step),
        });
        let lost = self.lost();
        let lost = lost.iter().map(|(namespace, part)| LossReport {
            cluster: self.cluster(namespace.cluster).name.clone(),
            namespace: namespace.name.clone(),
            part: part.part.clone(),
            lost: part.lost.to_string(),
            seconds: seconds(part.lost),
            bytes: part.bytes,
        });
        PlanReport {
            disaster: self.disaster.to_string(),
            made_at: self.made_at.to_string(),
            rto_seconds: self.rto.p50.as_secs(),
            rto_p95_seconds: self.rto.p95.as_secs(),
            rpo: self.rpo.to_string(),
            rpo_seconds: seconds(self.rpo),
            steps: steps.collect(),
            lost: lost.collect(),
            warnings: self.warnings.clone(),
        }
    }
}

fn seconds(exposure: Exposure) -> Option<i64> {
    match exposure {
        Exposure::Nothing => Some(0),
        Exposure::Last(length) => Some(length.as_secs()),
        Exposure::Everything => None,
    }
}

impl fmt::Display for RecoveryPlan {
    /// A table of the steps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: back after {}, {} is lost at most",
            self.disaster, self.rto, self.rpo
        )?;
        writeln!(
            f,
            "{:>4}  {:>8}  {:>8}    {:<24} what",
            "step", "from", "takes", "after"
        )?;
        for step in &self.steps {
            let after: Vec<String> = step.after.iter().map(|id| id.number().to_string()).collect();
            let mut after = after.join(",");
            if after.len() > 24 {
                after.truncate(21);
                after.push_str("...");
            }
            writeln!(
                f,
                "{:>4}  {:>8}  {:>8}  {} {after:<24} {}{}",
                step.id.number(),
                crate::text::duration(step.start),
                crate::text::duration(step.time.p50),
                if step.is_critical { "*" } else { " " },
                self.title(step),
                if step.wants_approval() { " (approval)" } else { "" },
            )?;
        }
        for warning in &self.warnings {
            writeln!(f, "! {warning}")?;
        }
        Ok(())
    }
}
