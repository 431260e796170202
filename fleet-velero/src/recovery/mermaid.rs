//! A plan as a graph, for Mermaid.

use std::fmt::Write as _;

use super::RecoveryPlan;

impl RecoveryPlan {
    /// The steps as a flowchart, clusters as boxes, the critical path thick.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart TD\n");
        // Writing to a String does not fail.
        let _ = self.write_mermaid(&mut out);
        out
    }

    fn write_mermaid(&self, out: &mut String) -> std::fmt::Result {
        let node = |out: &mut String, indent: &str, step: &super::Step| {
            let title = self.title(step).replace('"', "'");
            let time = crate::text::duration(step.time.p50);
            writeln!(
                out,
                "{indent}s{}[\"{}. {title}<br/>{time}\"]",
                step.id.number(),
                step.id.number()
            )
        };
        for step in self.steps.iter().filter(|step| step.cluster().is_none()) {
            node(out, "  ", step)?;
        }
        for (place, cluster) in self.clusters.iter().enumerate() {
            writeln!(out, "  subgraph c{place}[\"{}\"]", cluster.name)?;
            for step in &self.steps {
                if step.cluster().is_some_and(|index| index.0 as usize == place) {
                    node(out, "    ", step)?;
                }
            }
            writeln!(out, "  end")?;
        }
        for step in &self.steps {
            for before in &step.after {
                let both = step.is_critical && self.step(*before).is_critical;
                let arrow = if both { "==>" } else { "-->" };
                writeln!(out, "  s{} {arrow} s{}", before.number(), step.id.number())?;
            }
        }
        let critical: Vec<String> = self
            .critical_path()
            .map(|step| format!("s{}", step.id.number()))
            .collect();
        if !critical.is_empty() {
            writeln!(
                out,
                "  classDef critical stroke-width:3px\n  class {} critical",
                critical.join(",")
            )?;
        }
        Ok(())
    }
}
