//! `subctl`'s command lines.

use crate::Command;
use crate::plan::{MeshPlan, PlannedMember};
use crate::policy::{SubmarinerSettings, Technology};

/// Everything that makes a mesh of Submariner from nothing: the broker first, then each member; for each island a broker of its own.
/// Empty for Cilium.
pub fn subctl_commands(plan: &MeshPlan) -> Vec<Command> {
    let Technology::Submariner(settings) = plan.technology() else {
        return Vec::new();
    };
    let mut commands: Vec<_> = (0..plan.islands().len())
        .map(|island| deploy_broker(plan, settings, island))
        .collect();
    commands.extend(plan.members().iter().map(|member| join(plan, settings, member)));
    commands.extend(plan.members().iter().map(show));
    commands
}

pub(crate) fn deploy_broker(plan: &MeshPlan, settings: &SubmarinerSettings, island: usize) -> Command {
    let mut words = vec![
        "deploy-broker".to_owned(),
        "--context".to_owned(),
        settings.broker.clone(),
    ];
    if plan.islands().len() > 1 {
        words.extend(["--broker-namespace".to_owned(), broker_namespace(plan, island)]);
    }
    if let Some(globalnet) = &settings.globalnet {
        words.push("--globalnet".to_owned());
        words.extend(["--globalnet-cidr-range".to_owned(), globalnet.cidr.to_string()]);
    }
    Command::new("subctl", words)
}

pub(crate) fn join(plan: &MeshPlan, settings: &SubmarinerSettings, member: &PlannedMember) -> Command {
    let mut words = vec![
        "join".to_owned(),
        broker_info(plan, member.island),
        "--context".to_owned(),
        member.context.clone(),
        "--clusterid".to_owned(),
        member.name.clone(),
        "--cable-driver".to_owned(),
        settings.cable_driver.to_string(),
    ];
    for (flag, blocks) in [
        ("--clustercidr", &member.networks.pods),
        ("--servicecidr", &member.networks.services),
    ] {
        if let Some(block) = blocks.first() {
            words.extend([flag.to_owned(), block.to_string()]);
        }
    }
    if let Some(globalnet) = member.globalnet {
        words.extend(["--globalnet-cidr".to_owned(), globalnet.to_string()]);
    }
    Command::new("subctl", words)
}

pub(crate) fn leave(context: &str) -> Command {
    Command::new("subctl", ["uninstall", "--context", context, "--yes"])
}

pub(crate) fn show(member: &PlannedMember) -> Command {
    Command::new("subctl", ["show", "connections", "--context", &member.context])
}

/// The namespace that an island's broker lives in.
pub(crate) fn broker_namespace(plan: &MeshPlan, island: usize) -> String {
    match plan.islands() {
        [_] => "submariner-k8s-broker".to_owned(),
        islands => format!(
            "submariner-k8s-broker-{}",
            islands.get(island).map_or("", |island| island.name.as_str())
        ),
    }
}

/// What `deploy-broker` writes and `join` reads.
fn broker_info(plan: &MeshPlan, island: usize) -> String {
    match plan.islands() {
        [_] => "broker-info.subm".to_owned(),
        islands => format!(
            "{}/broker-info.subm",
            islands.get(island).map_or("", |island| island.name.as_str())
        ),
    }
}
