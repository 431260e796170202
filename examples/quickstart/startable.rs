//! Whether the repository's clusters can come up at all: what Cluster API accepts but never acts upon, told beforehand.

use fleet_capi::ClusterRepository;
use fleet_capi::Object;
use fleet_capi::repository::{RepositoryCluster, RepositoryObject};
use fleet_core::KubernetesVersion;
use fleet_core::yaml::FieldPath;

/// `file:line:column: what` for everything that would keep a cluster from coming up.
pub fn check(repository: &ClusterRepository) -> Vec<String> {
    let mut mistakes = Vec::new();
    for cluster in repository.clusters() {
        let found = (cluster.objects().filter_map(paused))
            .chain(incomplete(cluster))
            .chain(skewed(cluster));
        mistakes.extend(found.map(|(object, path, what)| format!("{}: {path}: {what}", object.place(&path))));
    }
    mistakes
}

type Mistake<'a> = (&'a RepositoryObject, FieldPath, String);

/// Nothing happens to what is paused.
fn paused(object: &RepositoryObject) -> Option<Mistake<'_>> {
    let annotation = ["metadata", "annotations", "cluster.x-k8s.io/paused"];
    let field = ["spec", "paused"];
    let is_paused = |path: &[&str]| value(object, path).is_some_and(|found| *found != false);
    let path = match object.kind() {
        _ if is_paused(&annotation) => &annotation[..],
        "Cluster" | "MachineDeployment" if is_paused(&field) => &field[..],
        _ => return None,
    };
    Some((
        object,
        field_path(path),
        "what is paused never comes up; remove this until it runs".to_owned(),
    ))
}

/// What a Cluster may lack, says its schema, and cannot do without.
fn incomplete(cluster: RepositoryCluster<'_>) -> impl Iterator<Item = Mistake<'_>> {
    let own = cluster.object();
    let topology = value(own, &["spec", "topology"]).map(|_| {
        let what =
            "the hub of this example has no topology controller; write the control plane and the workers out";
        (own, field_path(&["spec", "topology"]), what.to_owned())
    });
    let missing = ["controlPlaneRef", "infrastructureRef"]
        .into_iter()
        .filter(move |field| {
            value(own, &["spec", "topology"]).is_none() && value(own, &["spec", field]).is_none()
        });
    let missing = missing.map(move |field| {
        let what = format!("found nothing, expected a {field}; without it Cluster API provisions nothing");
        (own, field_path(&["spec", field]), what)
    });
    topology.into_iter().chain(missing)
}

/// kubeadm joins workers to a control plane of their own minor version only, so Cluster API waits with the others.
fn skewed(cluster: RepositoryCluster<'_>) -> impl Iterator<Item = Mistake<'_>> {
    let version = |object: &RepositoryObject| object.object().and_then(Object::kubernetes_version)?.ok();
    let control_plane: Option<KubernetesVersion> = cluster.control_plane().and_then(version);
    let skips = [
        "metadata",
        "annotations",
        "machineset.cluster.x-k8s.io/skip-preflight-checks",
    ];
    let deployments = cluster.machine_deployments();
    let checked = deployments.filter(move |workers| value(workers, &skips).is_none());
    checked.filter_map(move |workers| {
        let path = field_path(&["spec", "template", "spec", "version"]);
        match (version(workers), control_plane.as_ref()?) {
            (None, control_plane) => {
                Some((workers, path, format!("found nothing, expected a version such as `{control_plane}`")))
            }
            (Some(found), control_plane) => ((found.major(), found.minor())
                != (control_plane.major(), control_plane.minor()))
            .then(|| {
                let what = format!(
                    "found {found}, expected a patch release of {}.{} as of the control plane: workers of another minor \
                     version cannot join it",
                    control_plane.major(),
                    control_plane.minor(),
                );
                (workers, path, what)
            }),
        }
    })
}

fn value<'a>(object: &'a RepositoryObject, path: &[&str]) -> Option<&'a serde_json::Value> {
    path.iter()
        .try_fold(object.value(), |value, field| value.get(field))
}

fn field_path(path: &[&str]) -> FieldPath {
    path.iter().copied().fold(FieldPath::root(), FieldPath::field)
}
