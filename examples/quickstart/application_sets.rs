//! The repository's ApplicationSets, checked as far as they can be before there is a hub.

use std::collections::BTreeMap;
use std::path::Path;

use fleet_argocd::{ApplicationSet, ClusterSecret, Expansion, Snapshot, desired, expand};
use fleet_core::yaml::{self, Document, DuplicateKeys, FieldPath, Position, ReadOptions, Shape};
use fleet_core::{ClusterName, Fleet, FleetCluster};

use crate::bring_up::ARGOCD;
use crate::input::{LONGEST_FILE, Mistakes, yaml_files};

/// The ApplicationSets of a directory, each of which gives Applications for this fleet that can be applied. Without a
/// fleet, because its own files are wrong, they are checked by themselves.
pub fn read(directory: &Path, fleet: Option<&Fleet>) -> Result<Vec<ApplicationSet>, Mistakes> {
    let spokes: Vec<_> = fleet
        .into_iter()
        .flat_map(Fleet::iter)
        .map(future_spoke)
        .collect();
    let mut reader = Reader {
        shape: shape(),
        snapshot: Snapshot::empty().with_clusters(&spokes),
        sets: Vec::new(),
        names: BTreeMap::new(),
        applications: BTreeMap::new(),
        mistakes: Vec::new(),
    };
    for file in yaml_files(directory)? {
        reader.read_file(&file);
    }
    if reader.mistakes.is_empty() {
        Ok(reader.sets)
    } else {
        Err(Mistakes(reader.mistakes))
    }
}

struct Reader {
    shape: Shape,
    snapshot: Snapshot,
    sets: Vec<ApplicationSet>,
    /// Where each ApplicationSet was found, by name.
    names: BTreeMap<String, String>,
    /// Which ApplicationSet gives each Application.
    applications: BTreeMap<String, String>,
    mistakes: Vec<String>,
}

impl Reader {
    fn read_file(&mut self, file: &Path) {
        let mut options = ReadOptions::default();
        // Which of the two was meant is anyone's guess.
        options.duplicate_keys = DuplicateKeys::Refuse;
        let text = match yaml::read_file(file, LONGEST_FILE) {
            Ok(text) => text,
            Err(error) => return self.mistakes.push(format!("{}: {error}", file.display())),
        };
        let documents = match yaml::documents_with(&text, &options) {
            Ok(documents) => documents,
            Err(error) => {
                let place = error.position().map_or_else(String::new, |at| format!(":{at}"));
                return self.mistakes.push(format!("{}{place}: {error}", file.display()));
            }
        };
        for document in documents {
            let before = self.mistakes.len();
            if let Some(set) = self.read_document(file, &document)
                && self.mistakes.len() == before
            {
                self.sets.push(set);
            }
        }
    }

    fn read_document(&mut self, file: &Path, document: &Document) -> Option<ApplicationSet> {
        let at = |position: Position| format!("{}:{position}", file.display());
        let text = |pointer: &str| document.value().pointer(pointer).and_then(|it| it.as_str());
        for (field, expected) in [("apiVersion", "argoproj.io/v1alpha1"), ("kind", "ApplicationSet")] {
            let found = text(&format!("/{field}"));
            if found != Some(expected) {
                let path = FieldPath::root().field(field);
                self.mistakes.push(format!(
                    "{}: {field}: found {}, expected `{expected}`; keep other objects in other directories",
                    at(document.position(&path).unwrap_or(document.start())),
                    found.map_or_else(|| "nothing".to_owned(), |it| format!("`{it}`")),
                ));
                return None;
            }
        }
        let misfits = self.shape.misfits(document, |_| false);
        if !misfits.is_empty() {
            let lines = misfits
                .iter()
                .map(|misfit| format!("{}: {misfit}", at(misfit.position.unwrap_or(document.start()))));
            self.mistakes.extend(lines);
            return None;
        }
        let set = match document.decode::<ApplicationSet>() {
            Ok(set) => set,
            Err(error) => {
                let place = at(error.position());
                self.mistakes
                    .push(format!("{place}: {}: {}", error.path(), error.message()));
                return None;
            }
        };
        self.check(file, document, &set);
        Some(set)
    }

    fn check(&mut self, file: &Path, document: &Document, set: &ApplicationSet) {
        let mistakes = &mut self.mistakes;
        let mut tell = |path: &FieldPath, what: String| {
            let position = document.position(path).unwrap_or(document.start());
            mistakes.push(format!("{}:{position}: {what}", file.display()));
        };
        let metadata = |field: &str| FieldPath::root().field("metadata").field(field);
        let name = set.metadata.name.clone().unwrap_or_default();
        let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
        if let Err(error) = name.parse::<ClusterName>() {
            tell(&metadata("name"), format!("metadata.name: {error}"));
        }
        if namespace != ARGOCD {
            let what =
                format!("metadata.namespace: found `{namespace}`, expected `{ARGOCD}`, where Argo CD looks");
            tell(&metadata("namespace"), what);
        }
        let here = format!("{}:{}", file.display(), document.start());
        if let Some(first) = self.names.insert(name.clone(), here) {
            let what =
                format!("metadata.name: {name} is the name of the ApplicationSet at {first}; rename one");
            tell(&metadata("name"), what);
        }
        // Expanded for spokes that have a name and labels and no address yet: whether it can be.
        let expansion = match expand(set, &self.snapshot) {
            Ok(expansion) => expansion,
            Err(error) => return tell(error.path(), error.to_string()),
        };
        let name_template = ["spec", "template", "metadata", "name"]
            .into_iter()
            .fold(FieldPath::root(), FieldPath::field);
        if let Err(error) = desired(set, &expansion) {
            return tell(&name_template, format!("{name_template}: {error}"));
        }
        for application in names(&expansion) {
            if application.contains("{{") || application.parse::<ClusterName>().is_err() {
                let what = format!(
                    "{name_template}: gives `{application}`, which is no name for an Application: expected lower-case \
                     letters, digits, `-` and `.`, and every parameter replaced"
                );
                return tell(&name_template, what);
            }
            if let Some(other) = self.applications.insert(application.clone(), name.clone())
                && other != name
            {
                let what = format!(
                    "{name_template}: gives {application}, as ApplicationSet {other} does; rename one"
                );
                return tell(&name_template, what);
            }
        }
    }
}

fn names(expansion: &Expansion) -> impl Iterator<Item = String> {
    expansion.iter().map(|application| application.name().to_owned())
}

/// What people may write: the typed model would keep a misspelled `matchLabels` and select every cluster.
fn shape() -> Shape {
    let crd = fleet_argocd::crds()
        .into_iter()
        .find(|crd| crd.spec.names.kind == "ApplicationSet");
    let schema = crd
        .and_then(|crd| crd.spec.versions.into_iter().next()?.schema?.open_api_v3_schema)
        .and_then(|schema| serde_json::to_value(schema).ok());
    Shape::of_kind(&schema.unwrap_or_default())
}

fn future_spoke(cluster: &FleetCluster) -> ClusterSecret {
    ClusterSecret::new(
        cluster.name().as_str(),
        format!("https://{}.invalid:6443", cluster.name()),
    )
    .with_labels(cluster.labels().iter())
}
