//! The plan as one self-contained page: a bar for each cluster, its reason beside it. No script, nothing is loaded.

use std::fmt::Write as _;

use fleet_upgrade::simulate::Forecast;
use fleet_upgrade::{PlannedStage, UpgradePlan};
use jiff::Timestamp;

/// The page.
pub fn page(plan: &UpgradePlan, forecast: Option<&Forecast>) -> String {
    let zone = plan.calendar().time_zone().clone();
    let date = |at: Timestamp| {
        at.to_zoned(zone.clone())
            .strftime("%a %Y-%m-%d %H:%M")
            .to_string()
    };
    let title = format!("{} to {}", escape(plan.name()), plan.target());
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n<style>{STYLE}</style>\n"
    );
    // Writing to a String does not fail.
    let _ = writeln!(
        page,
        "<h1>{title}</h1>\n<p>{} clusters, times in {}. Finishes <b>{}</b>; earliest without limits {}; bound by <b>{}</b>.</p>",
        plan.len(),
        zone.iana_name().unwrap_or("UTC"),
        date(plan.finish()),
        date(plan.lower_bound()),
        plan.binding_constraint()
    );
    if !plan.warnings().is_empty() {
        page.push_str("<ul class=\"warnings\">\n");
        for warning in plan.warnings() {
            let _ = writeln!(page, "<li>{}</li>", escape(&warning.to_string()));
        }
        page.push_str("</ul>\n");
    }
    if let Some(forecast) = forecast {
        let _ = writeln!(
            page,
            "<h2>Rehearsed</h2>\n<pre>{}</pre>",
            escape(&forecast.to_string())
        );
    }
    let scale = Scale::of(plan);
    for stage in plan.stages() {
        section(&mut page, stage, scale, &date);
    }
    page.push_str("</html>\n");
    page
}

fn section(page: &mut String, stage: &PlannedStage, scale: Scale, date: &impl Fn(Timestamp) -> String) {
    let _ = writeln!(page, "<h2>{}</h2>\n<table>", escape(&stage.name));
    page.push_str(
        "<tr><th>cluster</th><th>versions</th><th>start</th><th>end</th><th class=\"time\"></th><th>reason</th></tr>\n",
    );
    for cluster in &stage.clusters {
        let mut versions = cluster.running();
        for hop in &cluster.hops {
            let _ = write!(versions, " → {hop}");
        }
        let (left, width) = scale.bar(cluster.start, cluster.end);
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{versions}</td><td>{}</td><td>{}</td><td class=\"time\"><i style=\"margin-left:{left:.2}%;width:{width:.2}%\"></i></td><td>{}</td></tr>",
            escape(cluster.name.as_str()),
            date(cluster.start),
            date(cluster.end),
            escape(&cluster.reason.to_string()),
        );
    }
    if !stage.soak.is_zero() {
        let (left, width) = scale.bar(stage.end, stage.soak_until);
        let _ = writeln!(
            page,
            "<tr class=\"soak\"><td>soak {}</td><td></td><td>{}</td><td>{}</td><td class=\"time\"><i style=\"margin-left:{left:.2}%;width:{width:.2}%\"></i></td><td></td></tr>",
            stage.soak,
            date(stage.end),
            date(stage.soak_until),
        );
    }
    page.push_str("</table>\n");
    for done in &stage.at_target {
        let _ = writeln!(
            page,
            "<p>{}: already at target ({})</p>",
            escape(done.name.as_str()),
            done.version
        );
    }
}

/// From instants to percent of the page's width.
#[derive(Clone, Copy)]
struct Scale {
    from: Timestamp,
    seconds: f64,
}

impl Scale {
    fn of(plan: &UpgradePlan) -> Self {
        let from = plan.created();
        let seconds = plan.finish().duration_since(from).as_secs_f64().max(1.0);
        Self { from, seconds }
    }

    fn bar(self, start: Timestamp, end: Timestamp) -> (f64, f64) {
        let at = |instant: Timestamp| instant.duration_since(self.from).as_secs_f64() / self.seconds * 100.0;
        (at(start), (at(end) - at(start)).max(0.2))
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}\
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;text-align:left;white-space:nowrap}\
td:last-child{white-space:normal}.time{width:30%;padding:0}.time i{display:block;height:.9rem;background:#3b7dd8;border-radius:2px}\
.soak i{background:#9db8d9}.warnings li{color:#b35900}tr{border-bottom:1px solid #8884}";
