//! The v2 resource: elements, and a layout that refers to them.

use serde_json::{Map, Value, json};

use super::classic::{field_config, options};
use super::{DATASOURCE, Dashboard, Panel, PanelKind, Target, Variable};

pub(super) fn write(dashboard: &Dashboard) -> Value {
    let numbered = || dashboard.panels.iter().zip(1u32..);
    let elements: Map<_, _> = numbered()
        .map(|(it, id)| (format!("panel-{id}"), panel(it, id)))
        .collect();
    let items: Vec<_> = numbered()
        .map(|(panel, id)| {
            json!({ "kind": "GridLayoutItem", "spec": {
                "x": panel.place.x, "y": panel.place.y, "width": panel.place.width, "height": panel.place.height,
                "element": { "kind": "ElementReference", "name": format!("panel-{id}") },
            } })
        })
        .collect();
    json!({
        "apiVersion": "dashboard.grafana.app/v2beta1",
        "kind": "Dashboard",
        "metadata": { "name": dashboard.uid },
        "spec": {
            "title": dashboard.title,
            "tags": dashboard.tags,
            "editable": true,
            "liveNow": false,
            "preload": false,
            "cursorSync": "Crosshair",
            "links": [],
            "annotations": [],
            "timeSettings": {
                "from": "now-6h", "to": "now", "autoRefresh": "1m", "timezone": "utc", "autoRefreshIntervals": ["30s", "1m", "5m", "15m"],
                "hideTimepicker": false, "fiscalYearStartMonth": 0,
            },
            "variables": dashboard.variables.iter().map(variable).collect::<Vec<_>>(),
            "elements": elements,
            "layout": { "kind": "GridLayout", "spec": { "items": items } },
        },
    })
}

fn panel(panel: &Panel, id: u32) -> Value {
    let queries = panel.targets.iter().zip('A'..='Z');
    json!({ "kind": "Panel", "spec": {
        "id": id,
        "title": panel.title,
        "description": panel.description,
        "links": [],
        "data": { "kind": "QueryGroup", "spec": {
            "queries": queries.map(|(it, letter)| query(it, letter, panel.kind)).collect::<Vec<_>>(),
            "queryOptions": {},
            "transformations": [],
        } },
        "vizConfig": { "kind": "VizConfig", "group": panel.kind.as_str(), "version": "", "spec": {
            "options": options(panel.kind),
            "fieldConfig": field_config(panel),
        } },
    } })
}

fn query(target: &Target, letter: char, kind: PanelKind) -> Value {
    let mut spec = json!({
        "expr": target.expr.to_string(),
        "instant": target.instant,
        "range": !target.instant,
        "format": if kind == PanelKind::Table { "table" } else { "time_series" },
    });
    if let Some(legend) = &target.legend {
        spec["legendFormat"] = json!(legend);
    }
    json!({ "kind": "PanelQuery", "spec": {
        "refId": letter.to_string(),
        "hidden": false,
        "query": data_query(&spec),
    } })
}

fn data_query(spec: &Value) -> Value {
    json!({
        "kind": "DataQuery", "group": "prometheus", "version": "v0",
        "datasource": { "name": format!("${{{DATASOURCE}}}") },
        "spec": spec,
    })
}

fn variable(variable: &Variable) -> Value {
    match variable {
        Variable::DataSource { name, plugin } => json!({ "kind": "DatasourceVariable", "spec": {
            "name": name, "pluginId": plugin, "refresh": "onDashboardLoad", "regex": "", "hide": "dontHide", "multi": false,
            "includeAll": false, "skipUrlSync": false, "allowCustomValue": true, "options": [], "current": { "text": "", "value": "" },
        } }),
        Variable::Label { name, label, metric } => json!({ "kind": "QueryVariable", "spec": {
            "name": name, "refresh": "onTimeRangeChanged", "regex": "", "sort": "alphabeticalAsc", "hide": "dontHide", "multi": true,
            "includeAll": true, "allValue": ".*", "skipUrlSync": false, "allowCustomValue": true, "options": [],
            "current": { "text": ["All"], "value": ["$__all"] },
            "definition": format!("label_values({metric}, {label})"),
            "query": data_query(&json!({ "qryType": 1, "query": format!("label_values({metric}, {label})"), "refId": name })),
        } }),
    }
}
