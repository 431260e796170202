//! What a person sees on the terminal: tables, and a progress bar where there is a terminal.

use std::fmt::Write as _;

use fleet_core::Fleet;
use jiff::SignedDuration;

use crate::story::{Application, Run};

/// The fleet as a table.
pub fn fleet(fleet: &Fleet) -> String {
    let rows = fleet.iter().map(|cluster| {
        let nodes = cluster.nodes();
        [
            cluster.name().to_string(),
            cluster.version().to_string(),
            cluster.env().unwrap_or("-").to_owned(),
            cluster.region().unwrap_or("-").to_owned(),
            cluster.tier().unwrap_or("-").to_owned(),
            cluster.criticality().to_string(),
            cluster.provider().to_string(),
            format!("{} + {}", nodes.control_plane, nodes.workers),
        ]
    });
    table(
        [
            "CLUSTER",
            "VERSION",
            "ENV",
            "REGION",
            "TIER",
            "CRITICALITY",
            "PROVIDER",
            "NODES",
        ],
        rows,
    )
}

/// The Applications as a table.
pub fn applications(applications: &[Application]) -> String {
    let rows = applications.iter().map(|application| {
        [
            application.name.clone(),
            application.from.clone(),
            application.cluster.clone(),
            application.namespace.clone(),
            application.project.clone(),
        ]
    });
    table(
        ["APPLICATION", "APPLICATIONSET", "CLUSTER", "NAMESPACE", "PROJECT"],
        rows,
    )
}

/// How each stage ended, and the last lines.
pub fn run(run: &Run) -> String {
    let at = |time: Option<jiff::Timestamp>| {
        time.map_or_else(
            || "-".to_owned(),
            |time| time.strftime("%Y-%m-%d %H:%MZ").to_string(),
        )
    };
    let rows = run.report.stages.iter().map(|stage| {
        [
            stage.name.clone(),
            stage.state.to_string(),
            format!("{} of {}", stage.clusters.upgraded, stage.clusters.total()),
            at(stage.opened),
            at(stage.done),
        ]
    });
    let mut text = table(["STAGE", "STATE", "UPGRADED", "STARTED", "DONE"], rows);
    for (name, cluster) in run.report.unfinished() {
        let _ = writeln!(text, "{name}: {}", cluster.state);
    }
    let summary = &run.summary;
    let _ = write!(
        text,
        "\n{} of {} clusters upgraded to {} ({} machines), in {} of virtual time and {} API requests.\n",
        summary.upgraded,
        summary.clusters,
        run.report.target,
        summary.machines,
        days_and_hours(summary.virtual_time),
        summary.api_requests
    );
    text
}

/// `12 d 3 h`: precise enough for a run of weeks, and still something for one of minutes.
pub fn days_and_hours(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    match (minutes / 1_440, minutes % 1_440 / 60, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<_> = rows.collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .chain([head[column].len()])
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in std::iter::once(head.map(str::to_owned)).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
