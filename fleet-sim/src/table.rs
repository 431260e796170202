//! Tables: what `kubectl get` prints, as the server lays it out.

mod columns;
mod path;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use columns::built_in;
pub(crate) use path::JsonPath;

/// One column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) description: String,
    /// Shown only with `-o wide` where greater than 0.
    pub(crate) priority: i64,
    pub(crate) cell: Cell,
}

/// Where a cell comes from.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Name,
    /// How long ago the object was created.
    Age,
    Path(JsonPath),
    /// Worked out from the object.
    Computed(fn(&Value) -> Value),
}

/// Which part of an object goes with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Include {
    #[default]
    Metadata,
    Object,
    None,
}

impl Column {
    pub(crate) fn new(name: &str, kind: &str, cell: Cell) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            format: String::new(),
            description: String::new(),
            priority: 0,
            cell,
        }
    }

    fn wide(mut self) -> Self {
        self.priority = 1;
        self
    }

    /// The name, which every table begins with.
    pub(crate) fn of_name() -> Self {
        let mut column = Self::new("Name", "string", Cell::Name);
        column.format = "name".into();
        column
    }

    pub(crate) fn of_age() -> Self {
        Self::new("Age", "date", Cell::Age)
    }

    fn definition(&self) -> Value {
        json!({"name": self.name, "type": self.kind, "format": self.format, "description": self.description,
            "priority": self.priority})
    }

    fn value(&self, object: &Value, now: Timestamp) -> Value {
        let found = match &self.cell {
            Cell::Name => object["metadata"]["name"].clone(),
            Cell::Age => return json!(age(&object["metadata"]["creationTimestamp"], now)),
            Cell::Computed(compute) => compute(object),
            Cell::Path(path) => path.find(object).cloned().unwrap_or_default(),
        };
        match (self.kind.as_str(), found) {
            ("date", Value::String(time)) => json!(age(&json!(time), now)),
            ("integer", Value::String(text)) => text.parse().map_or(Value::Null, |number: i64| json!(number)),
            ("string", Value::Null) => json!(""),
            ("string", found @ (Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_))) => {
                json!(found.to_string())
            }
            (_, found) => found,
        }
    }
}

/// A table of these objects. `metadata` is the list's.
pub(crate) fn table(
    columns: &[Column],
    objects: &[Value],
    metadata: &Value,
    include: Include,
    now: Timestamp,
) -> Value {
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Value> = columns.iter().map(|column| column.value(object, now)).collect();
            match include {
                Include::None => json!({"cells": cells, "object": null}),
                Include::Object => json!({"cells": cells, "object": object}),
                Include::Metadata => json!({"cells": cells, "object": {"kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]}}),
            }
        })
        .collect();
    let definitions: Vec<Value> = columns.iter().map(Column::definition).collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows})
}

/// How long ago, as kubectl says it: `5s`, `3m20s`, `4h`, `12d`.
fn age(time: &Value, now: Timestamp) -> String {
    let Some(then) = time.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
        return "<unknown>".to_owned();
    };
    let seconds = now.duration_since(then).as_secs();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let (seconds, minutes, hours, days) = (
        seconds.max(0),
        seconds.max(0) / 60,
        seconds.max(0) / 3600,
        seconds.max(0) / 86_400,
    );
    let both = |whole: i64, unit: &str, rest: i64, part: &str| {
        if rest == 0 {
            format!("{whole}{unit}")
        } else {
            format!("{whole}{unit}{rest}{part}")
        }
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => both(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => both(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => both(days, "d", hours % 24, "h"),
        () if days < 730 => format!("{days}d"),
        () if days < 2_920 => both(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_as_kubectl_tells_them() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        for (then, expected) in [
            ("2026-05-31T23:59:55Z", "5s"),
            ("2026-05-31T23:56:40Z", "3m20s"),
            ("2026-05-31T23:30:00Z", "30m"),
            ("2026-05-31T20:00:00Z", "4h"),
            ("2026-05-29T20:00:00Z", "2d4h"),
            ("2026-05-01T00:00:00Z", "31d"),
            ("2026-06-02T00:00:00Z", "<invalid>"),
        ] {
            assert_eq!(age(&json!(then), now), expected);
        }
    }
}
