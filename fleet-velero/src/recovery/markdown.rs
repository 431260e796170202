//! A plan as a runbook that a person can follow.

use std::fmt::Write as _;

use super::RecoveryPlan;
use crate::protection::Exposure;
use crate::text;

/// How many losses are listed.
const LISTED: usize = 50;

impl RecoveryPlan {
    /// The runbook in Markdown: what is lost, the order, each step with its commands, what must hold and how it is undone.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = self.write_markdown(&mut out);
        out
    }

    fn write_markdown(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# Runbook: {}\n", self.disaster)?;
        writeln!(out, "Made at {}.\n", text::time(self.made_at))?;
        writeln!(out, "| | |\n| --- | --- |")?;
        writeln!(out, "| back after (RTO) | {} |", self.rto)?;
        writeln!(out, "| lost at most (RPO) | {} |", self.rpo)?;
        let clusters: Vec<&str> = self
            .clusters
            .iter()
            .map(|cluster| cluster.name.as_str())
            .take(10)
            .collect();
        writeln!(
            out,
            "| clusters | {} ({}) |",
            self.clusters.len(),
            clusters.join(", ")
        )?;
        let critical: Vec<String> = self
            .critical_path()
            .map(|step| step.id.number().to_string())
            .collect();
        writeln!(out, "| critical path | {} |\n", critical.join(" → "))?;
        if !self.warnings.is_empty() {
            writeln!(out, "## Know before you begin\n")?;
            for warning in &self.warnings {
                writeln!(out, "- {warning}")?;
            }
            writeln!(out)?;
        }
        self.write_losses(out)?;
        writeln!(out, "## Steps\n")?;
        for step in &self.steps {
            let number = step.id.number();
            writeln!(out, "### {number}. {}\n", self.title(step))?;
            let after: Vec<String> = step.after.iter().map(|id| id.number().to_string()).collect();
            write!(out, "From {}, takes {}", text::duration(step.start), step.time)?;
            if !after.is_empty() {
                write!(out, ", after {}", after.join(", "))?;
            }
            writeln!(
                out,
                "{}{}.\n",
                if step.is_critical { ", **critical**" } else { "" },
                if step.wants_approval() {
                    ", **wants approval**"
                } else {
                    ""
                }
            )?;
            for fact in step.needs.iter().take(8) {
                writeln!(out, "- [ ] {}", self.describe(*fact))?;
            }
            if step.needs.len() > 8 {
                writeln!(out, "- [ ] and {} more of the kind", step.needs.len() - 8)?;
            }
            writeln!(out, "\n```sh")?;
            for command in self.commands(step) {
                writeln!(out, "{command}")?;
            }
            writeln!(out, "```\n")?;
            if let Some(rollback) = self.rollback(step) {
                writeln!(out, "Undo: `{rollback}`\n")?;
            }
        }
        Ok(())
    }

    fn write_losses(&self, out: &mut String) -> std::fmt::Result {
        let lost = self.lost();
        writeln!(out, "## What is lost\n")?;
        if lost.is_empty() {
            writeln!(out, "Nothing.\n")?;
            return Ok(());
        }
        writeln!(out, "| what | lost | data |\n| --- | --- | ---: |")?;
        for (namespace, part) in lost.iter().take(LISTED) {
            let cluster = &self.cluster(namespace.cluster).name;
            let what = match part.lost {
                Exposure::Everything => "**everything**".to_owned(),
                other => format!("the last {other}"),
            };
            let size = if part.bytes > 0 {
                text::bytes(part.bytes)
            } else {
                String::new()
            };
            writeln!(
                out,
                "| {cluster}/{} {} | {what} | {size} |",
                namespace.name, part.part
            )?;
        }
        if lost.len() > LISTED {
            writeln!(out, "| and {} more | | |", lost.len() - LISTED)?;
        }
        writeln!(out)
    }
}
