//! A plan as a table that people read: stages, dates in the calendar's time zone, reasons.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{PlannedStage, UpgradePlan};

/// `Mon 2026-11-23 09:00`.
pub(crate) fn date(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned(zone.clone())
        .strftime("%a %Y-%m-%d %H:%M")
        .to_string()
}

impl fmt::Display for UpgradePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = &self.calendar.time_zone().clone();
        let name = zone.iana_name().unwrap_or("UTC");
        writeln!(
            f,
            "{}: {} to {}, from {} (times in {name})",
            self.name,
            clusters(self.len()),
            self.target,
            date(self.created, zone)
        )?;
        for (index, stage) in self.stages.iter().enumerate() {
            writeln!(f)?;
            write_stage(f, index + 1, stage, zone)?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "finishes {}; earliest without limits {}; bound by {}",
            date(self.finish, zone),
            date(self.lower_bound, zone),
            self.binding_constraint
        )?;
        for effect in self
            .effects
            .iter()
            .filter(|effect| effect.finish_without < self.finish)
        {
            writeln!(
                f,
                "  without {}: {}",
                effect.constraint,
                date(effect.finish_without, zone)
            )?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn write_stage(
    f: &mut fmt::Formatter<'_>,
    number: usize,
    stage: &PlannedStage,
    zone: &TimeZone,
) -> fmt::Result {
    write!(
        f,
        "stage {number} {}: {}, {} at a time",
        stage.name,
        clusters(stage.clusters.len()),
        stage.max_concurrent
    )?;
    if let Some(cap) = stage.max_per_day {
        write!(f, ", at most {cap} a day")?;
    }
    writeln!(f)?;
    let rows: Vec<[String; 5]> = stage
        .clusters
        .iter()
        .map(|cluster| {
            let mut hops = cluster.running();
            for hop in &cluster.hops {
                hops = format!("{hops} > {hop}");
            }
            let [start, end] = [cluster.start, cluster.end].map(|instant| date(instant, zone));
            [
                cluster.name.to_string(),
                hops,
                start,
                end,
                cluster.reason.to_string(),
            ]
        })
        .collect();
    write_table(f, ["cluster", "versions", "start", "end", "reason"], &rows)?;
    for done in &stage.at_target {
        writeln!(f, "  {}: already at target ({})", done.name, done.version)?;
    }
    if !stage.clusters.is_empty() {
        write!(f, "  upgraded {}", date(stage.end, zone))?;
        if !stage.soak.is_zero() {
            write!(f, ", soaks {} until {}", stage.soak, date(stage.soak_until, zone))?;
        }
        writeln!(f)?;
    } else if !stage.soak.is_zero() {
        writeln!(f, "  soaks {} until {}", stage.soak, date(stage.soak_until, zone))?;
    }
    Ok(())
}

fn write_table<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    head: [&str; N],
    rows: &[[String; N]],
) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let mut line = |cells: [&str; N]| {
        let mut padding = 2;
        for (cell, width) in cells.into_iter().zip(widths) {
            write!(f, "{:padding$}{cell}", "")?;
            padding = width - cell.len() + 2;
        }
        writeln!(f)
    };
    line(head)?;
    for row in rows {
        line(std::array::from_fn(|column| row[column].as_str()))?;
    }
    Ok(())
}

fn clusters(count: usize) -> String {
    if count == 1 {
        "1 cluster".to_owned()
    } else {
        format!("{count} clusters")
    }
}
