//! The report: one self-contained page with the plan as a Gantt chart, light and dark.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, Zoned, ZonedRound};

use fleet_upgrade::kernel::{ClusterOutcome, ClusterState};
use fleet_upgrade::{PlannedCluster, PlannedStage};

use crate::story::Story;

/// Renders the page. Everything that came from outside is escaped.
pub fn render(story: &Story) -> String {
    let zone = story.plan.calendar().time_zone();
    let plan = &story.plan;
    let summary = &story.run.summary;
    let verdict = if story.run.succeeded {
        "every cluster ended as planned"
    } else {
        "not every cluster ended as planned"
    };
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">\n<title>{name}: {target}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{name}</h1><p class=\"{class}\">Kubernetes {target}: {verdict}</p></header>\n\
         <dl class=\"figures\"><div><dt>Clusters upgraded</dt><dd>{upgraded} of {clusters}</dd></div>\
         <div><dt>Machines</dt><dd>{machines}</dd></div><div><dt>Virtual time</dt><dd>{time}</dd></div>\
         <div><dt>API requests</dt><dd>{requests}</dd></div><div><dt>Planned finish</dt><dd>{finish}</dd></div>\
         <div><dt>Bound by</dt><dd>{bound}</dd></div></dl>\n",
        name = escape(plan.name()),
        target = escape(&plan.target().to_string()),
        class = if story.run.succeeded { "good" } else { "bad" },
        upgraded = summary.upgraded,
        clusters = summary.clusters,
        machines = summary.machines,
        time = escape(&crate::text::days_and_hours(summary.virtual_time)),
        requests = summary.api_requests,
        finish = escape(&minute(plan.finish(), zone)),
        bound = escape(&plan.binding_constraint().to_string()),
    );
    for warning in plan.warnings() {
        let _ = writeln!(page, "<p class=\"warning\">{}</p>", escape(&warning.to_string()));
    }
    gantt(&mut page, story, zone);
    stages(&mut page, story, zone);
    applications(&mut page, story);
    page.push_str("</body>\n</html>\n");
    page
}

/// The chart: a row a cluster, a column a day; bars where a cluster is upgraded, hatching where a stage soaks.
fn gantt(page: &mut String, story: &Story, zone: &TimeZone) {
    let Some(scale) = Scale::of(story, zone) else {
        return;
    };
    let rows: usize = story
        .plan
        .stages()
        .iter()
        .map(|stage| stage.clusters.len() + 1)
        .sum();
    let height = TOP + to_f64(rows) * ROW + 8.0;
    let _ = write!(
        page,
        "<section><h2>Plan and run</h2><div class=\"scroll\"><svg role=\"img\" aria-label=\"Gantt chart of the plan\" \
         viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
         <defs><pattern id=\"soak\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <rect class=\"soak-line\" width=\"2\" height=\"6\"/></pattern></defs>",
        width = LEFT + CHART + RIGHT,
    );
    for day in &scale.days {
        let x = scale.x(day.timestamp());
        let class = if matches!(
            day.weekday(),
            jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
        ) {
            "weekend"
        } else {
            "day"
        };
        let width = scale.x((day + jiff::Span::new().days(1)).timestamp()) - x;
        let _ = write!(
            page,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
            height - TOP
        );
        if width > 24.0 || day.day() % 5 == 1 {
            let _ = write!(
                page,
                "<text class=\"date\" x=\"{:.1}\" y=\"{}\">{}</text>",
                x + 3.0,
                TOP - 8.0,
                day.strftime("%d %b")
            );
        }
    }
    let mut y = TOP;
    for stage in story.plan.stages() {
        let _ = write!(
            page,
            "<text class=\"stage\" x=\"4\" y=\"{:.1}\">{}</text>",
            y + 15.0,
            escape(&stage.name)
        );
        soak(page, stage, &scale, y, zone);
        y += ROW;
        for cluster in &stage.clusters {
            bar(
                page,
                cluster,
                story.run.report.clusters.get(&cluster.name),
                &scale,
                y,
                zone,
            );
            y += ROW;
        }
    }
    page.push_str(
        "</svg></div><p class=\"legend\"><span class=\"swatch planned\"></span>planned <span class=\"swatch done\"></span>upgraded \
         <span class=\"swatch lost\"></span>not upgraded <span class=\"swatch soaking\"></span>soak; weekends are shaded</p></section>\n",
    );
}

fn soak(page: &mut String, stage: &PlannedStage, scale: &Scale, y: f64, zone: &TimeZone) {
    let (end, until) = (stage.end, stage.soak_until);
    if until > end {
        let (x, width) = scale.bar(end, until);
        let _ = write!(
            page,
            "<rect class=\"soak\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"12\"><title>{} soaks for {} until {}</title></rect>",
            y + 5.0,
            escape(&stage.name),
            stage.soak,
            minute(until, zone),
        );
    }
}

fn bar(
    page: &mut String,
    cluster: &PlannedCluster,
    outcome: Option<&ClusterOutcome>,
    scale: &Scale,
    y: f64,
    zone: &TimeZone,
) {
    let (x, width) = scale.bar(cluster.start, cluster.end);
    let _ = write!(
        page,
        "<text class=\"name\" x=\"16\" y=\"{text:.1}\">{name}</text><rect class=\"planned\" x=\"{x:.1}\" y=\"{top:.1}\" \
         width=\"{width:.1}\" height=\"6\" rx=\"2\"><title>{name}: planned {start} to {end}. {reason}</title></rect>",
        text = y + 14.0,
        top = y + 4.0,
        name = escape(cluster.name.as_str()),
        start = minute(cluster.start, zone),
        end = minute(cluster.end, zone),
        reason = escape(&cluster.reason.to_string()),
    );
    if let Some((outcome, (start, end))) =
        outcome.and_then(|outcome| Some((outcome, (outcome.started?, outcome.ended?))))
    {
        let (x, width) = scale.bar(start, end);
        let _ = write!(
            page,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"6\" rx=\"2\">\
             <title>{name}: {state} {start} to {end}</title></rect>",
            class = if outcome.state == ClusterState::Upgraded {
                "done"
            } else {
                "lost"
            },
            top = y + 12.0,
            name = escape(cluster.name.as_str()),
            state = escape(&outcome.state.to_string()),
            start = minute(start, zone),
            end = minute(end, zone),
        );
    }
}

fn stages(page: &mut String, story: &Story, zone: &TimeZone) {
    page.push_str("<section><h2>Clusters</h2><div class=\"scroll\"><table><thead><tr><th>Stage</th><th>Cluster</th><th>Version</th><th>Planned start</th>\
         <th>Started</th><th>Finished</th><th>State</th><th>Why then</th></tr></thead><tbody>");
    for (stage, cluster) in story
        .plan
        .stages()
        .iter()
        .flat_map(|stage| stage.clusters.iter().map(move |cluster| (stage, cluster)))
    {
        let outcome = story.run.report.clusters.get(&cluster.name);
        let at = |time: Option<Timestamp>| time.map_or_else(String::new, |time| minute(time, zone));
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{} to {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&stage.name),
            escape(cluster.name.as_str()),
            escape(&cluster.running()),
            escape(
                &story
                    .run
                    .versions
                    .get(&cluster.name)
                    .map_or_else(|| "?".to_owned(), |versions| versions.join(", "))
            ),
            minute(cluster.start, zone),
            at(outcome.and_then(|outcome| outcome.started)),
            at(outcome.and_then(|outcome| outcome.ended)),
            escape(&outcome.map_or_else(String::new, |outcome| outcome.state.to_string())),
            escape(&cluster.reason.to_string()),
        );
    }
    page.push_str("</tbody></table></div></section>\n");
}

fn applications(page: &mut String, story: &Story) {
    page.push_str("<section><h2>Applications</h2><div class=\"scroll\"><table><thead><tr><th>Application</th><th>From</th><th>Cluster</th><th>Namespace</th>\
         <th>Project</th></tr></thead><tbody>");
    for application in &story.applications {
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&application.name),
            escape(&application.from),
            escape(&application.cluster),
            escape(&application.namespace),
            escape(&application.project),
        );
    }
    page.push_str("</tbody></table></div></section>\n");
}

/// From instants to the chart's horizontal axis.
struct Scale {
    first: Timestamp,
    seconds: f64,
    days: Vec<Zoned>,
}

impl Scale {
    fn of(story: &Story, zone: &TimeZone) -> Option<Self> {
        let ends = story
            .plan
            .stages()
            .iter()
            .map(|stage| stage.soak_until.max(stage.end));
        let last = ends
            .chain([story.plan.finish()])
            .chain(story.run.report.finished)
            .max()?;
        let day = |time: Timestamp| {
            time.to_zoned(zone.clone())
                .round(ZonedRound::new().smallest(Unit::Day).mode(jiff::RoundMode::Trunc))
                .ok()
        };
        let first_day = day(story.plan.created())?;
        let last_day = day(last)?.checked_add(jiff::Span::new().days(1)).ok()?;
        let days: Vec<_> = std::iter::successors(Some(first_day.clone()), |day| {
            day.checked_add(jiff::Span::new().days(1)).ok()
        })
        .take_while(|day| *day < last_day)
        .take(MOST_DAYS)
        .collect();
        let first = first_day.timestamp();
        Some(Self {
            first,
            seconds: last_day.timestamp().duration_since(first).as_secs_f64().max(1.0),
            days,
        })
    }

    fn x(&self, time: Timestamp) -> f64 {
        LEFT + CHART * (time.duration_since(self.first).as_secs_f64() / self.seconds).clamp(0.0, 1.0)
    }

    /// Start and width of a bar, wide enough to be seen: an hour in a month would be less than a pixel.
    fn bar(&self, start: Timestamp, end: Timestamp) -> (f64, f64) {
        let x = self.x(start);
        (x, (self.x(end) - x).max(NARROWEST))
    }
}

fn minute(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%a %d %b %H:%M").to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

const TOP: f64 = 28.0;
const LEFT: f64 = 190.0;
const CHART: f64 = 900.0;
const RIGHT: f64 = 20.0;
const ROW: f64 = 22.0;
const NARROWEST: f64 = 5.0;
const MOST_DAYS: usize = 2_000;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#59636e;--page:#fff;--panel:#f6f8fa;--line:#d1d9e0;--planned:#8aa4c8;--done:#1a7f37;--lost:#cf222e;--soak:#bf8700}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9198a1;--page:#0d1117;--panel:#151b23;--line:#3d444d;--planned:#4d6b94;--done:#3fb950;--lost:#f85149;--soak:#d29922}}
body{margin:0 auto;max-width:1160px;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}
h1{margin:0;font-size:26px}h2{font-size:18px;margin:28px 0 8px}header p{margin:4px 0 16px}
.good{color:var(--done)}.bad,.warning{color:var(--lost)}
.figures{display:flex;flex-wrap:wrap;gap:12px;margin:0}.figures div{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:10px 14px}
dt{color:var(--quiet);font-size:13px}dd{margin:0;font-weight:600}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
td:last-child{white-space:normal}th{color:var(--quiet);font-weight:600;font-size:13px}tr:last-child td{border-bottom:0}
svg{display:block;font:12px system-ui,sans-serif}svg text{fill:var(--ink)}svg .date{fill:var(--quiet);font-size:11px}svg .stage{font-weight:600}
.day{fill:none;stroke:var(--line);stroke-width:.5}.weekend{fill:var(--panel);stroke:var(--line);stroke-width:.5}
.planned{fill:var(--planned)}.done{fill:var(--done)}.lost{fill:var(--lost)}.soak{fill:url(#soak);stroke:var(--soak);stroke-width:.5}.soak-line{fill:var(--soak)}
.legend{color:var(--quiet);font-size:13px}.swatch{display:inline-block;width:12px;height:8px;border-radius:2px;margin:0 4px 0 10px}
.swatch.planned{background:var(--planned)}.swatch.done{background:var(--done)}.swatch.lost{background:var(--lost)}.swatch.soaking{background:var(--soak)}
";
