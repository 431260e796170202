//! The answer, in the form that was asked for.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};

use fleet_argocd::{ExpandCase, Warning};
use serde_json::{Value, json};

use crate::Output;
use crate::input::Preview;

/// Writes a preview and tells whether something is flagged.
pub fn write(output: Output, preview: &Preview) -> Result<bool, Box<dyn Error>> {
    let mut out = BufWriter::new(fleet_examples::stdout());
    match output {
        Output::Yaml => {
            for application in preview.expansion.iter() {
                write!(
                    out,
                    "---\n{}",
                    fleet_core::yaml::to_string(&typed(application.to_value()))?
                )?;
            }
        }
        Output::Json => {
            let applications: Vec<_> = preview
                .expansion
                .iter()
                .map(|one| typed(one.to_value()))
                .collect();
            serde_json::to_writer_pretty(&mut out, &applications)?;
            writeln!(out)?;
        }
        Output::Table => table(&mut out, preview)?,
        Output::Diff => writeln!(out, "{}", preview.diff)?,
        Output::Markdown => markdown(&mut out, preview)?,
    }
    out.flush()?;
    if preview.expansion.is_empty() {
        eprintln!("warning: {}", Warning::Empty);
    }
    if !matches!(output, Output::Markdown) {
        for finding in &preview.findings {
            eprintln!("flagged: {finding}");
        }
    }
    Ok(!preview.findings.is_empty())
}

/// Answers cases, one JSON line each, in the order of the input and as soon as it is read. Tells whether a line was no case.
pub fn cases(file: &str) -> Result<bool, Box<dyn Error>> {
    let reader: Box<dyn BufRead> = if file == "-" {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(
            File::open(file).map_err(|error| format!("{file}: {error}"))?,
        ))
    };
    let mut out = BufWriter::new(fleet_examples::stdout());
    let mut bad = false;
    for (index, line) in reader.split(b'\n').enumerate() {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = match serde_json::from_slice(&line) {
            Ok(case) => answer(case),
            Err(error) => {
                bad = true;
                json!({"name": null, "error": format!("{file}:{}: not a case: {error}", index + 1)})
            }
        };
        serde_json::to_writer(&mut out, &answer)?;
        writeln!(out)?;
        out.flush()?;
        if out.get_ref().is_closed() {
            break;
        }
    }
    Ok(bad)
}

fn answer(value: Value) -> Value {
    let name = value.get("name").cloned().unwrap_or_default();
    let case = match ExpandCase::read(value) {
        Ok(case) => case,
        Err(error) => return json!({"name": name, "error": error.to_string()}),
    };
    match case.expand() {
        Ok(expansion) => {
            let applications: Vec<_> = expansion.iter().map(|one| one.to_value()).collect();
            json!({"name": name, "applications": applications})
        }
        // What a user of Argo CD sees in the status, where Argo CD fails as well.
        Err(error) => {
            let text = error.upstream().unwrap_or_else(|| error.to_string());
            json!({"name": name, "error": text})
        }
    }
}

/// An Application as `kubectl` takes it.
fn typed(mut application: Value) -> Value {
    if let Some(fields) = application.as_object_mut() {
        fields.insert("apiVersion".to_owned(), "argoproj.io/v1alpha1".into());
        fields.insert("kind".to_owned(), "Application".into());
    }
    application
}

fn rows(preview: &Preview) -> Vec<[String; 4]> {
    preview
        .expansion
        .iter()
        .map(|one| {
            let text = |path: &[&str]| one.text(path).unwrap_or_default().to_owned();
            let server = text(&["spec", "destination", "server"]);
            let cluster = if server.is_empty() {
                text(&["spec", "destination", "name"])
            } else {
                server
            };
            [
                one.name().to_owned(),
                text(&["spec", "project"]),
                cluster,
                text(&["spec", "destination", "namespace"]),
            ]
        })
        .collect()
}

const HEADERS: [&str; 4] = ["NAME", "PROJECT", "CLUSTER", "NAMESPACE"];

fn table(out: &mut impl Write, preview: &Preview) -> io::Result<()> {
    let rows = rows(preview);
    let mut widths = HEADERS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [a, b, c, _] = widths;
    let [name, project, cluster, namespace] = HEADERS;
    writeln!(out, "{name:a$}  {project:b$}  {cluster:c$}  {namespace}")?;
    for [name, project, cluster, namespace] in rows {
        writeln!(out, "{name:a$}  {project:b$}  {cluster:c$}  {namespace}")?;
    }
    Ok(())
}

fn markdown(out: &mut impl Write, preview: &Preview) -> io::Result<()> {
    let diff = &preview.diff;
    writeln!(
        out,
        "### Applications: {} created, {} changed, {} deleted\n",
        diff.created.len(),
        diff.changed.len(),
        diff.deleted.len()
    )?;
    for finding in &preview.findings {
        writeln!(out, "> {finding}\n")?;
    }
    if diff.is_empty() {
        return writeln!(out, "Nothing changes.");
    }
    writeln!(out, "| | Application | what |\n| --- | --- | --- |")?;
    for name in &diff.created {
        writeln!(out, "| + | {name} | created |")?;
    }
    for change in &diff.changed {
        if let Some((from, to)) = &change.moved {
            writeln!(out, "| ~ | {} | moves from {from} to {to} |", change.name)?;
        }
        for field in &change.fields {
            let text = |value: &Option<Value>| {
                value.as_ref().map_or_else(
                    || "nothing".to_owned(),
                    |value| format!("`{value}`").replace('|', "\\|"),
                )
            };
            writeln!(
                out,
                "| ~ | {} | `{}`: {} to {} |",
                change.name,
                field.path,
                text(&field.before),
                text(&field.after)
            )?;
        }
    }
    for name in &diff.deleted {
        writeln!(out, "| - | {name} | deleted |")?;
    }
    Ok(())
}
