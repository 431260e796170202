//! Azure Kubernetes Fleet Manager's update strategies, and update runs with one in them.

use fleet_core::{HumanDuration, Selector};
use serde_json::Value;

use super::{IDENTITY, Import, ImportError, list, text, under};
use crate::Stage;
use crate::spec::{ApprovalRule, Group};

/// The label in which a cluster's Azure update group is expected.
const GROUP: &str = "update-group";

impl Import<'_> {
    pub(super) fn azure(mut self, place: &str, around: &Value) -> Result<Self, ImportError> {
        // What names the document, or is the service's own record of it, asks for nothing.
        let mut known = vec!["strategy", "managedClusterUpdate", "provisioningState", "status"];
        known.extend(IDENTITY);
        self.only(place, around, &known);
        let strategy = &around["strategy"];
        self.only("strategy", strategy, &["stages"]);
        self.azure_update(
            &under(place, "managedClusterUpdate"),
            &around["managedClusterUpdate"],
        );
        for (index, stage) in list(&strategy["stages"]).enumerate() {
            let path = format!("strategy.stages[{index}]");
            let known = [
                "name",
                "groups",
                "afterStageWaitInSeconds",
                "beforeGates",
                "afterGates",
            ];
            self.only(&path, stage, &known);
            let name = text(&stage["name"], &format!("stage-{}", index + 1));
            let names: Vec<String> = list(&stage["groups"])
                .map(|group| text(&group["name"], "group"))
                .collect();
            // A member of the fleet is in one group; the group's name is a label of ours.
            let requirement = match names.as_slice() {
                [] => return Err(self.wrong(&format!("{path}.groups"), "a stage has at least one group")),
                [one] => format!("{GROUP}={one}"),
                several => format!("{GROUP} in ({})", several.join(",")),
            };
            let selector = requirement
                .parse::<Selector>()
                .map_err(|error| self.wrong(&format!("{path}.groups"), error.to_string()))?;
            let mut ours = Stage::new(name).selector(selector);
            if names.len() > 1 {
                for (number, group) in names.iter().enumerate() {
                    let field = format!("{path}.groups[{number}].name");
                    let selector = format!("{GROUP}={group}")
                        .parse::<Selector>()
                        .map_err(|error| self.wrong(&field, error.to_string()))?;
                    ours = ours.group(Group::new(group, selector));
                }
            }
            for (number, group) in list(&stage["groups"]).enumerate() {
                let known = ["name", "beforeGates", "afterGates", "maxConcurrency"];
                self.only(&format!("{path}.groups[{number}]"), group, &known);
                for gate in ["beforeGates", "afterGates"] {
                    if list(&group[gate]).next().is_some() {
                        self.lose(
                            format!("{path}.groups[{number}].{gate}"),
                            "approvals are of whole stages",
                        );
                    }
                }
                if !group["maxConcurrency"].is_null() {
                    self.lose(
                        format!("{path}.groups[{number}].maxConcurrency"),
                        "one at a time in each group",
                    );
                }
            }
            match &stage["afterStageWaitInSeconds"] {
                Value::Null => {}
                value => {
                    let seconds = whole_number(value).ok_or_else(|| {
                        self.wrong(
                            &format!("{path}.afterStageWaitInSeconds"),
                            format!("{value} is no whole number of seconds"),
                        )
                    })?;
                    ours = ours.soak(HumanDuration::seconds(seconds));
                }
            }
            for (gates, point) in [("beforeGates", true), ("afterGates", false)] {
                for (number, gate) in list(&stage[gates]).enumerate() {
                    if gate["type"].as_str() != Some("Approval") {
                        self.lose(format!("{path}.{gates}[{number}]"), "only approvals are known");
                    } else if point {
                        ours.approval.before = Some(ApprovalRule::anyone());
                    } else {
                        ours.approval.after = Some(ApprovalRule::anyone());
                    }
                }
            }
            self.spec = self.spec.stage(ours);
        }
        self.lose(
            "strategy.stages[].groups[].name",
            format!("a member's update group is expected in the label `{GROUP}`"),
        );
        Ok(self)
    }

    /// What an update run does to each cluster. The target is given to [`import`](super::import), so a version here is only compared with it.
    fn azure_update(&mut self, path: &str, update: &Value) {
        self.only(path, update, &["upgrade", "nodeImageSelection"]);
        let (place, upgrade) = (format!("{path}.upgrade"), &update["upgrade"]);
        self.only(&place, upgrade, &["type", "kubernetesVersion"]);
        match &upgrade["type"] {
            Value::Null => {}
            kind if kind.as_str() == Some("Full") => {}
            kind => self.lose(
                format!("{place}.type"),
                format!("{kind} is not taken over: control planes and nodes are upgraded"),
            ),
        }
        let target = &self.spec.target;
        match &upgrade["kubernetesVersion"] {
            Value::Null => {}
            version if version.as_str().and_then(|text| text.parse().ok()).as_ref() == Some(target) => {}
            version => {
                let note = format!("{version} is not taken over: the target given is {target}");
                self.lose(format!("{place}.kubernetesVersion"), note);
            }
        }
        if !update["nodeImageSelection"].is_null() {
            self.lose(
                format!("{path}.nodeImageSelection"),
                "node images are not chosen here",
            );
        }
    }
}

/// A whole number, which may be quoted.
fn whole_number(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => u32::try_from(other.as_u64()?).ok(),
    }
}
