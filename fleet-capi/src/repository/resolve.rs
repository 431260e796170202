//! What belongs together: which objects are whose, which references lead nowhere, which versions do not go together.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::yaml::{FieldPath, nearest};
use fleet_core::{ClusterName, KubernetesVersion, Labels, skew};
use serde_json::Value;

use super::RepositoryObject;
use super::error::RepositoryError;
use super::options::{References, RepositoryOptions};
use super::read::Contents;
use crate::CLUSTER_NAME_LABEL;

/// A cluster and the positions of its objects in the repository's list.
#[derive(Debug, Clone)]
pub(super) struct ClusterEntry {
    pub(super) cluster: usize,
    pub(super) control_plane: Option<usize>,
    pub(super) infrastructure: Option<usize>,
    pub(super) workers: Vec<usize>,
    pub(super) objects: Vec<usize>,
}

/// Finds the clusters and adds what is wrong between objects to the errors.
pub(super) fn clusters(contents: &mut Contents, options: &RepositoryOptions) -> Vec<ClusterEntry> {
    let mut errors = Vec::new();
    let objects = &contents.objects;
    let index = Index::new(objects, &mut errors);
    super::fields::check(objects, &mut errors);
    check_clusters(objects, &mut errors);
    check_versions(objects, &mut errors);
    // What could not be read may be what seems to be missing: one mistake, one error.
    if !contents.incomplete {
        if options.references == References::Check {
            check_references(objects, &index, &mut errors);
        }
        let inhabited: BTreeSet<_> = objects
            .iter()
            .filter(|object| is_cluster(object))
            .filter_map(|object| contents.files.get(object.file).map(|file| file.directory))
            .collect();
        for (directory, path) in contents.directories.iter().enumerate() {
            if !inhabited.contains(&directory) {
                errors.push(RepositoryError::NoCluster {
                    directory: path.clone(),
                });
            }
        }
    }
    let clusters = entries(contents, &index);
    for entry in &clusters {
        check_skew(objects, entry, &mut errors);
    }
    contents.errors.extend(errors);
    clusters
}

/// The paths of an object's version: the one scalar that an upgrade changes.
pub(super) fn version_path(object: &RepositoryObject) -> Option<FieldPath> {
    let fields: &[&str] = match (object.group(), object.kind()) {
        ("cluster.x-k8s.io", "Cluster") => &["spec", "topology", "version"],
        ("cluster.x-k8s.io", "Machine") => &["spec", "version"],
        // Managed control planes stand in two groups; their name is what they have in common.
        (_, kind) if kind.ends_with("ControlPlane") => &["spec", "version"],
        ("cluster.x-k8s.io", "MachineDeployment" | "MachineSet" | "MachinePool") => {
            &["spec", "template", "spec", "version"]
        }
        _ => return None,
    };
    Some(path(fields))
}

/// The version that an object asks for, if it asks for one that is one.
pub(super) fn version(object: &RepositoryObject) -> Option<KubernetesVersion> {
    object.document.at(&version_path(object)?)?.as_str()?.parse().ok()
}

/// Objects by group, kind, namespace and name.
struct Index<'a> {
    positions: BTreeMap<(&'a str, &'a str, &'a str, &'a str), usize>,
}

impl<'a> Index<'a> {
    fn new(objects: &'a [RepositoryObject], errors: &mut Vec<RepositoryError>) -> Self {
        let mut positions = BTreeMap::new();
        let name_path = path(&["metadata", "name"]);
        for (position, object) in objects.iter().enumerate() {
            let key = (
                object.group(),
                object.kind(),
                object.namespace.as_str(),
                object.name(),
            );
            let first: usize = *positions.entry(key).or_insert(position);
            // Two Clusters are told apart by name alone, below.
            if first != position && !is_cluster(object) {
                errors.push(RepositoryError::DuplicateObject {
                    at: object.place(&name_path),
                    kind: object.kind.clone(),
                    name: object.name.clone(),
                    first: objects[first].place(&name_path),
                });
            }
        }
        Self { positions }
    }

    fn find(&self, target: &Target<'_>) -> Option<usize> {
        let key = (target.group, target.kind, target.namespace, target.name);
        self.positions.get(&key).copied()
    }

    fn suggest(&self, target: &Target<'_>) -> Option<String> {
        let names = self.positions.keys().filter(|(group, kind, namespace, _)| {
            (*group, *kind, *namespace) == (target.group, target.kind, target.namespace)
        });
        nearest(target.name, names.map(|(_, _, _, name)| *name)).map(str::to_owned)
    }
}

/// What a reference names.
struct Target<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Target<'a> {
    /// Reads a reference of either API version: `{apiGroup, kind, name}`, or with `apiVersion` and `namespace`.
    fn read(object: &'a RepositoryObject, reference: &'a Value) -> Option<Self> {
        let text = |field: &str| reference.get(field).and_then(Value::as_str);
        let group = text("apiGroup").or_else(|| Some(text("apiVersion")?.split_once('/')?.0));
        Some(Self {
            group: group?,
            kind: text("kind")?,
            namespace: text("namespace")
                .filter(|it| !it.is_empty())
                .unwrap_or(&object.namespace),
            name: text("name")?,
        })
    }
}

/// Where an object of a kind refers to others.
fn reference_paths(object: &RepositoryObject) -> &'static [&'static [&'static str]] {
    match (object.group(), object.kind()) {
        ("cluster.x-k8s.io", "Cluster") => &[&["spec", "controlPlaneRef"], &["spec", "infrastructureRef"]],
        ("controlplane.cluster.x-k8s.io", "KubeadmControlPlane") => &[
            &["spec", "machineTemplate", "infrastructureRef"],
            &["spec", "machineTemplate", "spec", "infrastructureRef"],
        ],
        ("cluster.x-k8s.io", "MachineDeployment" | "MachineSet" | "MachinePool") => &[
            &["spec", "template", "spec", "infrastructureRef"],
            &["spec", "template", "spec", "bootstrap", "configRef"],
        ],
        ("cluster.x-k8s.io", "Machine") => &[
            &["spec", "infrastructureRef"],
            &["spec", "bootstrap", "configRef"],
        ],
        _ => &[],
    }
}

fn references(object: &RepositoryObject) -> impl Iterator<Item = (FieldPath, Target<'_>)> {
    reference_paths(object).iter().filter_map(|fields| {
        let path = path(fields);
        let target = Target::read(object, object.document.at(&path)?)?;
        Some((path, target))
    })
}

/// The Cluster that an object says it belongs to.
fn owner(object: &RepositoryObject) -> Option<Target<'_>> {
    if is_cluster(object) {
        return None;
    }
    let labels = || {
        object
            .value()
            .pointer("/metadata/labels")?
            .get(CLUSTER_NAME_LABEL)?
            .as_str()
    };
    Some(Target {
        group: "cluster.x-k8s.io",
        kind: "Cluster",
        namespace: &object.namespace,
        name: object.text("/spec/clusterName").or_else(labels)?,
    })
}

fn check_references(objects: &[RepositoryObject], index: &Index<'_>, errors: &mut Vec<RepositoryError>) {
    for object in objects {
        let by_name = object.text("/spec/clusterName").and_then(|_| owner(object));
        let by_name = by_name.map(|target| (path(&["spec", "clusterName"]), target));
        let by_reference = references(object).map(|(path, target)| (path.field("name"), target));
        for (path, target) in by_name.into_iter().chain(by_reference) {
            if index.find(&target).is_none() {
                errors.push(RepositoryError::Unresolved {
                    at: object.place(&path),
                    kind: target.kind.to_owned(),
                    name: target.name.to_owned(),
                    namespace: target.namespace.to_owned(),
                    suggestion: index.suggest(&target),
                    path,
                });
            }
        }
    }
}

fn check_clusters(objects: &[RepositoryObject], errors: &mut Vec<RepositoryError>) {
    let name_path = path(&["metadata", "name"]);
    let mut firsts: BTreeMap<&str, &RepositoryObject> = BTreeMap::new();
    for object in objects.iter().filter(|object| is_cluster(object)) {
        if let Err(source) = object.name().parse::<ClusterName>() {
            errors.push(RepositoryError::Name {
                at: object.place(&name_path),
                source,
            });
        }
        if let Err(source) = labels(object) {
            errors.push(RepositoryError::Label {
                at: object.place(&path(&["metadata", "labels"])),
                source,
            });
        }
        if let Some(first) = firsts.get(object.name()) {
            errors.push(RepositoryError::DuplicateCluster {
                at: object.place(&name_path),
                name: object.name.clone(),
                first: first.place(&name_path),
            });
        } else {
            firsts.insert(object.name(), object);
        }
    }
}

/// A Cluster's labels.
pub(super) fn labels(cluster: &RepositoryObject) -> Result<Labels, fleet_core::LabelError> {
    let labels = cluster
        .value()
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    Labels::from_pairs(pairs.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))))
}

fn check_versions(objects: &[RepositoryObject], errors: &mut Vec<RepositoryError>) {
    for object in objects {
        let Some(path) = version_path(object) else {
            continue;
        };
        let Some(text) = object.document.at(&path).and_then(Value::as_str) else {
            continue;
        };
        if let Err(source) = text.parse::<KubernetesVersion>() {
            errors.push(RepositoryError::Version {
                at: object.place(&path),
                path,
                source,
            });
        }
    }
}

fn check_skew(objects: &[RepositoryObject], entry: &ClusterEntry, errors: &mut Vec<RepositoryError>) {
    let holders = [Some(entry.cluster), entry.control_plane].into_iter().flatten();
    let mut holders = holders.filter_map(|holder| Some((&objects[holder], version(&objects[holder])?)));
    let Some((holder, control_plane)) = holders.next() else {
        return;
    };
    for worker in entry.workers.iter().map(|worker| &objects[*worker]) {
        let (Some(path), Some(version)) = (version_path(worker), version(worker)) else {
            continue;
        };
        if let Err(source) = skew::check_kubelet(&control_plane, &version) {
            errors.push(RepositoryError::Skew {
                at: worker.place(&path),
                path,
                control_plane: version_path(holder)
                    .map_or_else(|| holder.place(&FieldPath::root()), |path| holder.place(&path)),
                source,
            });
        }
    }
}

fn entries(contents: &Contents, index: &Index<'_>) -> Vec<ClusterEntry> {
    let objects = &contents.objects;
    let mut clusters: Vec<_> = (0..objects.len())
        .filter(|position| is_cluster(&objects[*position]))
        .map(|cluster| {
            let at = |field: &str| {
                let reference = objects[cluster].document.at(&path(&["spec", field]))?;
                index.find(&Target::read(&objects[cluster], reference)?)
            };
            ClusterEntry {
                cluster,
                control_plane: at("controlPlaneRef"),
                infrastructure: at("infrastructureRef"),
                workers: Vec::new(),
                objects: vec![cluster],
            }
        })
        .collect();
    clusters.sort_by(|a, b| objects[a.cluster].name.cmp(&objects[b.cluster].name));
    let by_position: BTreeMap<usize, usize> = clusters
        .iter()
        .enumerate()
        .map(|(entry, cluster)| (cluster.cluster, entry))
        .collect();

    let mut claimed = vec![false; objects.len()];
    for (position, object) in objects.iter().enumerate() {
        let Some(cluster) = owner(object).and_then(|target| index.find(&target)) else {
            continue;
        };
        if let Some(entry) = by_position
            .get(&cluster)
            .and_then(|entry| clusters.get_mut(*entry))
        {
            entry.objects.push(position);
            if matches!(
                object.kind(),
                "MachineDeployment" | "MachinePool" | "MachineSet" | "Machine"
            ) {
                entry.workers.push(position);
            }
        }
    }
    for entry in &mut clusters {
        // The list grows while it is walked: what a template refers to belongs here as well.
        let mut known: BTreeSet<usize> = entry.objects.iter().copied().collect();
        let mut next = 0;
        while let Some(position) = entry.objects.get(next).copied() {
            next += 1;
            claimed[position] = true;
            for (_, target) in references(&objects[position]) {
                if let Some(found) = index.find(&target)
                    && known.insert(found)
                {
                    entry.objects.push(found);
                }
            }
        }
    }
    // What nobody refers to belongs to the cluster whose directory it lies in, if there is just one.
    let directory = |position: usize| {
        contents
            .files
            .get(objects[position].file)
            .map(|file| file.directory)
    };
    let mut inhabitants: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (entry, cluster) in clusters.iter().enumerate() {
        inhabitants
            .entry(directory(cluster.cluster))
            .or_default()
            .push(entry);
    }
    for position in (0..objects.len()).filter(|position| !claimed[*position]) {
        if let Some([only]) = inhabitants.get(&directory(position)).map(Vec::as_slice) {
            clusters[*only].objects.push(position);
        }
    }
    clusters
}

fn is_cluster(object: &RepositoryObject) -> bool {
    (object.group(), object.kind()) == ("cluster.x-k8s.io", "Cluster")
}

fn path(fields: &[&str]) -> FieldPath {
    fields
        .iter()
        .fold(FieldPath::root(), |path, field| path.field(*field))
}
