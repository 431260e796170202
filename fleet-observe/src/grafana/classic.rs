//! The classic dashboard JSON.

use serde_json::{Value, json};

use super::{DATASOURCE, Dashboard, Panel, PanelKind, Target, Variable};

pub(super) fn write(dashboard: &Dashboard) -> Value {
    let panels = dashboard.panels.iter().zip(1u32..).map(|(it, id)| panel(it, id));
    json!({
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": dashboard.tags,
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": { "from": "now-6h", "to": "now" },
        "timezone": "utc",
        "annotations": { "list": [] },
        "links": [],
        "templating": { "list": dashboard.variables.iter().map(variable).collect::<Vec<_>>() },
        "panels": panels.collect::<Vec<_>>(),
    })
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": format!("${{{DATASOURCE}}}") })
}

fn panel(panel: &Panel, id: u32) -> Value {
    let targets = panel.targets.iter().zip('A'..='Z');
    json!({
        "id": id,
        "type": panel.kind.as_str(),
        "title": panel.title,
        "description": panel.description,
        "datasource": datasource(),
        "gridPos": { "x": panel.place.x, "y": panel.place.y, "w": panel.place.width, "h": panel.place.height },
        "targets": targets.map(|(it, letter)| target(it, letter, panel.kind)).collect::<Vec<_>>(),
        "fieldConfig": field_config(panel),
        "options": options(panel.kind),
    })
}

fn target(target: &Target, letter: char, kind: PanelKind) -> Value {
    let mut value = json!({
        "refId": letter.to_string(),
        "datasource": datasource(),
        "expr": target.expr.to_string(),
        "instant": target.instant,
        "range": !target.instant,
        "format": if kind == PanelKind::Table { "table" } else { "time_series" },
    });
    if let Some(legend) = &target.legend {
        value["legendFormat"] = json!(legend);
    }
    value
}

pub(super) fn field_config(panel: &Panel) -> Value {
    json!({ "defaults": { "unit": panel.unit }, "overrides": [] })
}

pub(super) fn options(kind: PanelKind) -> Value {
    match kind {
        PanelKind::Table => json!({ "showHeader": true }),
        PanelKind::Stat => json!({
            "reduceOptions": { "calcs": ["lastNotNull"], "values": false, "fields": "" },
            "colorMode": "value", "graphMode": "area", "textMode": "value_and_name",
        }),
        PanelKind::TimeSeries => json!({
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
            "tooltip": { "mode": "multi", "sort": "desc" },
        }),
    }
}

fn variable(variable: &Variable) -> Value {
    match variable {
        Variable::DataSource { name, plugin } => json!({
            "name": name, "type": "datasource", "query": plugin, "hide": 0, "refresh": 1, "multi": false,
            "includeAll": false, "options": [], "current": {},
        }),
        Variable::Label { name, label, metric } => json!({
            "name": name, "type": "query", "datasource": datasource(), "hide": 0, "refresh": 2, "multi": true,
            "includeAll": true, "allValue": ".*", "sort": 1, "options": [], "current": { "text": ["All"], "value": ["$__all"] },
            "definition": format!("label_values({metric}, {label})"),
            "query": { "qryType": 1, "query": format!("label_values({metric}, {label})"), "refId": name },
        }),
    }
}
