//! Reads a custom resource definition into a resource that can be served.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{NameRule, ResourceType, ScalePaths, ServedVersion, Traits, version_order};
use crate::object;
use crate::schema::Schema;
use crate::status::FieldError;
use crate::store::ResourceKey;
use crate::table::{Cell, Column, JsonPath};

/// Checks a definition and compiles it. All that is wrong is told at once.
pub(crate) fn read_definition(crd: &Value) -> Result<ResourceType, Vec<FieldError>> {
    let mut errors = Vec::new();
    let group = required(crd, &["spec", "group"], &mut errors);
    let plural = required(crd, &["spec", "names", "plural"], &mut errors);
    let kind = required(crd, &["spec", "names", "kind"], &mut errors);
    if !plural.is_empty() {
        let expected = format!("{plural}.{group}");
        let name = object::name(crd);
        if name != expected {
            let detail = "must be spec.names.plural+\".\"+spec.group";
            errors.push(FieldError::invalid("metadata.name", &json!(name), detail));
        }
    }
    let namespaced = match object::text(crd, &["spec", "scope"]) {
        "Namespaced" => true,
        "Cluster" => false,
        "" => {
            errors.push(FieldError::required("spec.scope", ""));
            false
        }
        other => {
            let supported = ["Cluster".to_owned(), "Namespaced".to_owned()];
            errors.push(FieldError::not_supported("spec.scope", &json!(other), &supported));
            false
        }
    };
    if object::text(crd, &["spec", "conversion", "strategy"]) == "Webhook" {
        let detail = "the hub calls no webhooks; only strategy None is served";
        errors.push(FieldError::invalid(
            "spec.conversion.strategy",
            &json!("Webhook"),
            detail,
        ));
    }
    let (mut versions, mut storage) = (Vec::new(), Vec::new());
    let listed = crd
        .pointer("/spec/versions")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for (index, version) in listed.iter().enumerate() {
        let path = format!("spec.versions[{index}]");
        let mut compiled = read_version(version, &path, &mut errors);
        // One schema for all versions counts as the definition's own.
        let shared = listed
            .iter()
            .all(|other| other.get("schema") == version.get("schema"));
        let place = if shared {
            "spec.validation.openAPIV3Schema".to_owned()
        } else {
            format!("{path}.schema.openAPIV3Schema")
        };
        if let Some(schema) = version
            .pointer("/schema/openAPIV3Schema")
            .filter(|_| !shared || index == 0)
        {
            check_structural(schema, &place, "at the root", &mut errors);
        }
        compiled.deprecation = deprecation(version, group, kind, listed);
        if version.get("storage").and_then(Value::as_bool) == Some(true) {
            storage.push(Arc::clone(&compiled.name));
        }
        versions.push(compiled);
    }
    if storage.len() != 1 {
        let detail = "must have exactly one version marked as storage version";
        let shown = if listed.is_empty() {
            json!([])
        } else {
            json!(listed.len())
        };
        errors.push(FieldError::invalid("spec.versions", &shown, detail));
    }
    if storage.is_empty() {
        let detail = "must have at least one stored version";
        errors.push(FieldError::invalid("status.storedVersions", &Value::Null, detail));
    }
    versions.sort_by(|a, b| version_order(&a.name, &b.name));
    let Some(storage_version) = storage.into_iter().next().filter(|_| errors.is_empty()) else {
        return Err(errors);
    };
    let names = |key: &str| -> Vec<String> {
        let list = crd
            .pointer(&format!("/spec/names/{key}"))
            .and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    let or = |text: &str, fallback: String| {
        if text.is_empty() {
            fallback
        } else {
            text.to_owned()
        }
    };
    Ok(ResourceType {
        key: ResourceKey::new(group, plural),
        kind: kind.to_owned(),
        list_kind: or(
            object::text(crd, &["spec", "names", "listKind"]),
            format!("{kind}List"),
        ),
        singular: or(
            object::text(crd, &["spec", "names", "singular"]),
            kind.to_lowercase(),
        ),
        short_names: names("shortNames"),
        categories: names("categories"),
        namespaced,
        versions,
        storage_version,
        traits: Traits {
            name: NameRule::Subdomain,
            unconditional_update: false,
            create_on_update: false,
            generation: true,
            status_on_create: false,
            returns_deleted: false,
            status_keeps_metadata: false,
            deletes_collections: true,
        },
        go_type: None,
    })
}

/// The status that a served definition has: its names accepted, its versions stored.
pub(crate) fn established(crd: &Value, resource: &ResourceType, now: &str) -> Value {
    let mut stored: Vec<String> = crd
        .pointer("/status/storedVersions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|version| version.as_str().map(str::to_owned))
        .collect();
    if !stored
        .iter()
        .any(|version| **version == *resource.storage_version)
    {
        stored.push(resource.storage_version.to_string());
    }
    let mut names = json!({
        "plural": &*resource.key.plural, "singular": resource.singular, "kind": resource.kind,
        "listKind": resource.list_kind,
    });
    if !resource.short_names.is_empty() {
        names["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        names["categories"] = json!(resource.categories);
    }
    let earlier = |kind: &str| {
        let conditions = crd.pointer("/status/conditions").and_then(Value::as_array);
        conditions
            .into_iter()
            .flatten()
            .find(|c| c["type"] == kind && c["status"] == "True")
            .cloned()
    };
    let condition = |kind: &str, reason: &str, message: &str| {
        earlier(kind).unwrap_or_else(|| {
            json!({"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message})
        })
    };
    json!({
        "acceptedNames": names, "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
    })
}

fn read_version(version: &Value, path: &str, errors: &mut Vec<FieldError>) -> ServedVersion {
    let name = object::text(version, &["name"]);
    if name.is_empty() {
        errors.push(FieldError::required(format!("{path}.name"), ""));
    }
    let schema = if let Some(definition) = version.pointer("/schema/openAPIV3Schema") {
        Schema::compile(definition, &format!("{path}.schema.openAPIV3Schema"), errors)
    } else {
        errors.push(FieldError::required(format!("{path}.schema.openAPIV3Schema"), ""));
        Schema::anything()
    };
    let scale = version.pointer("/subresources/scale").map(|scale| {
        let path = |key: &str| {
            object::text(scale, &[key])
                .split('.')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        ScalePaths {
            spec_replicas: path("specReplicasPath"),
            status_replicas: path("statusReplicasPath"),
            selector: path("labelSelectorPath"),
        }
    });
    let selectable = version.get("selectableFields").and_then(Value::as_array);
    ServedVersion {
        name: name.into(),
        served: version.get("served").and_then(Value::as_bool).unwrap_or(false),
        schema: Arc::new(schema),
        status: version
            .pointer("/subresources/status")
            .is_some_and(|status| !status.is_null()),
        scale,
        selectable_fields: selectable
            .into_iter()
            .flatten()
            .map(|field| {
                object::text(field, &["jsonPath"])
                    .trim_start_matches('.')
                    .to_owned()
            })
            .collect(),
        deprecation: None,
        columns: columns(version).into(),
    }
}

/// The columns that a definition asks for; without any, the age.
fn columns(version: &Value) -> Vec<Column> {
    let given = version.get("additionalPrinterColumns").and_then(Value::as_array);
    let mut columns = vec![Column::of_name()];
    for column in given.into_iter().flatten() {
        let text = |key: &str| object::text(column, &[key]);
        let Some(path) = JsonPath::parse(text("jsonPath")) else {
            continue;
        };
        columns.push(Column {
            format: text("format").to_owned(),
            description: text("description").to_owned(),
            priority: column.get("priority").and_then(Value::as_i64).unwrap_or(0),
            ..Column::new(text("name"), text("type"), Cell::Path(path))
        });
    }
    if given.is_none_or(Vec::is_empty) {
        columns.push(Column::of_age());
    }
    columns
}

/// Every node of a schema must say its type, unless it says that anything goes.
fn check_structural(schema: &Value, path: &str, place: &str, errors: &mut Vec<FieldError>) {
    let flag = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
    let free = flag("x-kubernetes-int-or-string") || flag("x-kubernetes-preserve-unknown-fields");
    if object::text(schema, &["type"]).is_empty() && !(free && place != "at the root") {
        errors.push(FieldError::required(
            format!("{path}.type"),
            &format!("must not be empty {place}"),
        ));
    }
    for (key, child) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let path = format!("{path}.properties[{key}]");
        check_structural(child, &path, "for specified object fields", errors);
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        check_structural(
            items,
            &format!("{path}.items"),
            "for specified array items",
            errors,
        );
    }
    if let Some(values) = schema
        .get("additionalProperties")
        .filter(|values| values.is_object())
    {
        let path = format!("{path}.additionalProperties");
        check_structural(values, &path, "for specified object fields", errors);
    }
}

/// What users of a deprecated version are told: the definition's words, or the best version to go to.
fn deprecation(version: &Value, group: &str, kind: &str, all: &[Value]) -> Option<Arc<str>> {
    if version.get("deprecated") != Some(&json!(true)) {
        return None;
    }
    let own = object::text(version, &["deprecationWarning"]);
    if !own.is_empty() {
        return Some(own.into());
    }
    let name = object::text(version, &["name"]);
    let better = all
        .iter()
        .filter(|other| other["served"] == true && other["deprecated"] != true)
        .map(|other| object::text(other, &["name"]))
        .filter(|other| version_order(other, name).is_lt())
        .min_by(|a, b| version_order(a, b));
    let advice = better.map_or_else(String::new, |better| format!("; use {group}/{better} {kind}"));
    Some(format!("{group}/{name} {kind} is deprecated{advice}").into())
}

fn required<'a>(crd: &'a Value, path: &[&str], errors: &mut Vec<FieldError>) -> &'a str {
    let text = object::text(crd, path);
    if text.is_empty() {
        errors.push(FieldError::required(path.join("."), ""));
    }
    text
}
