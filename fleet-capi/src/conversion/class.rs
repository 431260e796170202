//! Classes of clusters.

use serde_json::{Value, json};

use super::health_check::{fill_conditions, inner};
use super::machine::{CONDITIONS, DELETION, STRATEGY, drop_false, fill_gates, require_strategy};
use super::tree::{Way, fill, get, intend, items, part, same, take, template};
use super::zero::{drop_newer, drop_older};
use super::{Conversion, ConversionError};

pub(super) fn cluster_class(c: &Conversion<'_>, tree: &mut Value) -> Result<(), ConversionError> {
    c.carry(
        tree,
        &[
            template("spec.infrastructure.ref", "spec.infrastructure.templateRef"),
            same(
                "spec.infrastructureNamingStrategy.template",
                "spec.infrastructure.naming.template",
            ),
        ],
    )?;
    if let Some(control_plane) = part(tree, "spec.controlPlane") {
        c.carry(
            control_plane,
            &[
                template("ref", "templateRef"),
                template("machineInfrastructure.ref", "machineInfrastructure.templateRef"),
                same("namingStrategy.template", "naming.template"),
            ],
        )?;
        c.carry(control_plane, &DELETION)?;
        inner(c, control_plane)?;
    }
    for deployment in items(tree, "spec.workers.machineDeployments") {
        workers(c, deployment)?;
        c.carry(deployment, &STRATEGY)?;
        inner(c, deployment)?;
        take(deployment, if c.way == Way::Up { "strategy" } else { "rollout" });
        require_strategy(c, deployment);
    }
    for pool in items(tree, "spec.workers.machinePools") {
        workers(c, pool)?;
    }
    for patch in items(tree, "spec.patches") {
        if let Some(external) = part(patch, "external") {
            c.carry(
                external,
                &[
                    same("generateExtension", "generatePatchesExtension"),
                    same("validateExtension", "validateTopologyExtension"),
                ],
            )?;
        }
    }
    for variable in items(tree, "spec.variables") {
        c.carry(variable, &[same("metadata", "deprecatedV1Beta1Metadata")])?;
    }
    for variable in items(tree, "status.variables") {
        for definition in items(variable, "definitions") {
            c.carry(definition, &[same("metadata", "deprecatedV1Beta1Metadata")])?;
        }
    }
    c.carry(tree, &CONDITIONS)?;
    match c.way {
        Way::Up => {
            drop_newer(tree);
            require(tree);
            up(c, tree);
            require_match(tree);
        }
        Way::Down => {
            flags(tree, &mut drop_false);
            drop_older(tree);
            fill_class(tree);
            require_match(tree);
        }
    }
    Ok(())
}

/// What deployments and pools of machines are made from.
fn workers(c: &Conversion<'_>, class: &mut Value) -> Result<(), ConversionError> {
    c.carry(class, &DELETION)?;
    c.carry(
        class,
        &[
            same("template.metadata", "metadata"),
            template("template.bootstrap.ref", "bootstrap.templateRef"),
            template("template.infrastructure.ref", "infrastructure.templateRef"),
            same("namingStrategy.template", "naming.template"),
        ],
    )
}

/// Which resources a patch is for is always said, if only with nothing.
fn require_match(tree: &mut Value) {
    for patch in items(tree, "spec.patches") {
        for definition in items(patch, "definitions") {
            fill(definition, &[("selector.matchResources", json!({}))]);
        }
    }
}

/// Puts in the references that v1beta2 requires, where v1beta1 has none.
fn require(tree: &mut Value) {
    fn reference(tree: &mut Value, path: &str) {
        for field in ["apiVersion", "kind", "name"] {
            fill(tree, &[(&format!("{path}.templateRef.{field}"), "".into())]);
        }
    }
    reference(tree, "spec.infrastructure");
    reference(tree, "spec.controlPlane");
    if get(tree, "spec.controlPlane.machineInfrastructure").is_some() {
        reference(tree, "spec.controlPlane.machineInfrastructure");
    }
    for list in ["spec.workers.machineDeployments", "spec.workers.machinePools"] {
        for class in items(tree, list) {
            reference(class, "bootstrap");
            reference(class, "infrastructure");
        }
    }
}

/// Gives back what v1beta2 had said with a `false`.
fn up(c: &Conversion<'_>, tree: &mut Value) {
    for patch in items(tree, "spec.patches") {
        let name = patch["name"].clone();
        let count = get(patch, "definitions")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let kept = named(c.kept("spec.patches"), "name", &name)
            .and_then(|patch| patch["definitions"].as_array())
            .filter(|definitions| definitions.len() == count);
        for (index, definition) in items(patch, "definitions").enumerate() {
            for flag in ["controlPlane", "infrastructureCluster"] {
                let path = format!("selector.matchResources.{flag}");
                let kept = kept.and_then(|definitions| get(&definitions[index], &path));
                intend(definition, &path, kept);
            }
        }
    }
    for variable in items(tree, "spec.variables") {
        let kept = named(c.kept("spec.variables"), "name", &variable["name"]).cloned();
        fill(variable, &[("required", false.into())]);
        if let Some(schema) = part(variable, "schema.openAPIV3Schema") {
            schema_flags(
                schema,
                kept.as_ref().and_then(|kept| get(kept, "schema.openAPIV3Schema")),
            );
        }
    }
    for variable in items(tree, "status.variables") {
        let kept = named(c.kept("status.variables"), "name", &variable["name"]).cloned();
        intend(
            variable,
            "definitionsConflict",
            kept.as_ref().and_then(|kept| kept.get("definitionsConflict")),
        );
        for definition in items(variable, "definitions") {
            let kept = kept
                .as_ref()
                .and_then(|kept| named(kept.get("definitions"), "from", &definition["from"]));
            let kept = kept.and_then(|kept| get(kept, "schema.openAPIV3Schema")).cloned();
            fill(definition, &[("required", false.into())]);
            if let Some(schema) = part(definition, "schema.openAPIV3Schema") {
                schema_flags(schema, kept.as_ref());
            }
        }
    }
}

/// The first item of a list whose field has a value.
fn named<'a>(list: Option<&'a Value>, field: &str, value: &Value) -> Option<&'a Value> {
    list?.as_array()?.iter().find(|item| &item[field] == value)
}

const SCHEMA_FLAGS: [&str; 5] = [
    "uniqueItems",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
];

fn schema_flags(schema: &mut Value, kept: Option<&Value>) {
    for flag in SCHEMA_FLAGS {
        intend(schema, flag, kept.and_then(|kept| kept.get(flag)));
    }
    for inner in ["additionalProperties", "items", "not"] {
        if let Some(schema) = part(schema, inner) {
            schema_flags(schema, kept.and_then(|kept| kept.get(inner)));
        }
    }
    for (name, property) in schema
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        schema_flags(property, kept.and_then(|kept| kept.get("properties")?.get(name)));
    }
    for several in ["allOf", "oneOf", "anyOf"] {
        for (index, schema) in items(schema, several).enumerate() {
            schema_flags(schema, kept.and_then(|kept| kept.get(several)?.get(index)));
        }
    }
}

/// Every flag of a class that v1beta1 does not write when it is `false`.
fn flags(tree: &mut Value, act: &mut impl FnMut(&mut Value, &str)) {
    for patch in items(tree, "spec.patches") {
        for definition in items(patch, "definitions") {
            act(definition, "selector.matchResources.controlPlane");
            act(definition, "selector.matchResources.infrastructureCluster");
        }
    }
    for variable in items(tree, "spec.variables") {
        if let Some(schema) = part(variable, "schema.openAPIV3Schema") {
            each_schema(schema, &mut |schema| {
                for flag in SCHEMA_FLAGS {
                    act(schema, flag);
                }
            });
        }
    }
    for variable in items(tree, "status.variables") {
        for definition in items(variable, "definitions") {
            if let Some(schema) = part(definition, "schema.openAPIV3Schema") {
                each_schema(schema, &mut |schema| {
                    for flag in SCHEMA_FLAGS {
                        act(schema, flag);
                    }
                });
            }
        }
    }
}

/// A schema, and those inside it.
fn each_schema(schema: &mut Value, act: &mut impl FnMut(&mut Value)) {
    act(schema);
    for inner in ["additionalProperties", "items", "not"] {
        if let Some(schema) = part(schema, inner) {
            each_schema(schema, act);
        }
    }
    for (_, property) in schema
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        each_schema(property, act);
    }
    for several in ["allOf", "oneOf", "anyOf"] {
        for schema in items(schema, several) {
            each_schema(schema, act);
        }
    }
}

fn fill_class(tree: &mut Value) {
    fill(
        tree,
        &[
            ("spec.infrastructure", json!({})),
            ("spec.controlPlane.metadata", json!({})),
            ("spec.workers", json!({})),
            ("status", json!({})),
        ],
    );
    let control_plane = &mut tree["spec"]["controlPlane"];
    fill_gates(control_plane);
    if let Some(check) = part(control_plane, "machineHealthCheck") {
        fill_conditions(check);
    }
    for deployment in items(tree, "spec.workers.machineDeployments") {
        fill(
            deployment,
            &[
                ("class", "".into()),
                ("template.metadata", json!({})),
                ("template.bootstrap", json!({})),
                ("template.infrastructure", json!({})),
            ],
        );
        fill_gates(deployment);
        if let Some(check) = part(deployment, "machineHealthCheck") {
            fill_conditions(check);
        }
    }
    for pool in items(tree, "spec.workers.machinePools") {
        fill(
            pool,
            &[
                ("class", "".into()),
                ("template.metadata", json!({})),
                ("template.bootstrap", json!({})),
                ("template.infrastructure", json!({})),
            ],
        );
    }
    for variable in items(tree, "spec.variables") {
        fill(
            variable,
            &[
                ("name", "".into()),
                ("required", false.into()),
                ("metadata", json!({})),
                ("schema.openAPIV3Schema", json!({})),
            ],
        );
    }
    for variable in items(tree, "status.variables") {
        fill(
            variable,
            &[("name", "".into()), ("definitionsConflict", false.into())],
        );
        for definition in items(variable, "definitions") {
            fill(
                definition,
                &[
                    ("from", "".into()),
                    ("required", false.into()),
                    ("metadata", json!({})),
                    ("schema.openAPIV3Schema", json!({})),
                ],
            );
        }
    }
}
