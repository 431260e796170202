//! A GitOps repository: read whole, refused with every reason at once, edited byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.

use std::fs;
use std::path::Path;

use fleet_capi::ClusterRepository;
use fleet_capi::repository::{
    References, RepositoryCluster, RepositoryError, RepositoryErrors, RepositoryOptions, UnknownFields,
    UnknownKinds,
};
use fleet_core::Provider;
use proptest::prelude::*;
use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/clusters");
const GOOD: &str = include_str!("fixtures/clusters/staging-eu-west/cluster.yaml");
const WORKERS: &str = include_str!("fixtures/clusters/staging-eu-west/workers.yaml");

/// A repository with these files.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// What is wrong with it, one line each, with the directory called `clusters`.
fn refusal(root: &Path, options: &RepositoryOptions) -> (RepositoryErrors, String) {
    let errors = match options.open(root) {
        Ok(repository) => repository.fleet().expect_err("a fleet came out"),
        Err(errors) => errors,
    };
    let text = errors
        .to_string()
        .replace(&root.display().to_string(), "clusters");
    (errors, text)
}

/// The text of the errors, with the good cluster's manifests changed in one place.
fn refusal_of(from: &str, to: &str) -> String {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD, "`{from}` is not in the manifest");
    let root = repository(&[("eu/cluster.yaml", &text), ("eu/workers.yaml", WORKERS)]);
    refusal(root.path(), &RepositoryOptions::default()).1
}

#[test]
fn a_fleet_of_both_versions_and_a_topology() {
    let repository = ClusterRepository::open(FIXTURES).unwrap();
    let fleet = repository.fleet().unwrap();
    insta::assert_yaml_snapshot!(fleet);
    assert_eq!(
        fleet.get("production-eu-west").unwrap().provider(),
        &Provider::Aws
    );

    let names: Vec<_> = repository.clusters().map(RepositoryCluster::name).collect();
    assert_eq!(names, ["lab", "production-eu-west", "staging-eu-west"]);
    let staging = repository.cluster("staging-eu-west").unwrap();
    assert_eq!(staging.namespace(), Some("clusters"));
    assert_eq!(staging.control_plane().unwrap().kind(), "KubeadmControlPlane");
    assert_eq!(staging.machine_deployments().count(), 2);
    let files: Vec<_> = staging
        .files()
        .map(|file| file.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(files, ["cluster.yaml", "workers.yaml"]);
    assert!(repository.objects().all(|object| object.object().is_some()));
}

#[test]
fn objects_come_in_an_order_that_can_be_applied() {
    let repository = ClusterRepository::open(FIXTURES).unwrap();
    let cluster = repository.cluster("production-eu-west").unwrap();
    let kinds: Vec<_> = cluster
        .objects()
        .map(|object| format!("{} {}", object.kind(), object.name()))
        .collect();
    insta::assert_yaml_snapshot!(kinds);
    assert_eq!(
        repository.objects().count(),
        repository
            .clusters()
            .map(|cluster| cluster.objects().count())
            .sum::<usize>()
    );
}

#[test]
fn a_version_is_set_in_place_and_the_diff_shows_it() {
    let repository = ClusterRepository::open(FIXTURES).unwrap();
    let to = "v1.31.4".parse().unwrap();
    let mut text = String::new();
    for cluster in ["production-eu-west", "staging-eu-west", "lab"] {
        for edit in repository.set_version(cluster, &to).unwrap() {
            text += &edit.to_string().replace(FIXTURES, "clusters");
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_version_that_is_there_already_changes_nothing() {
    let repository = ClusterRepository::open(FIXTURES).unwrap();
    assert_eq!(
        repository.set_version("lab", &"1.31.0".parse().unwrap()).unwrap(),
        []
    );
}

#[test]
fn windows_line_ends_and_a_missing_last_one_stay() {
    let crlf = GOOD.replace('\n', "\r\n");
    let root = repository(&[("eu/cluster.yaml", crlf.trim_end()), ("eu/workers.yaml", WORKERS)]);
    let repository = ClusterRepository::open(root.path()).unwrap();
    for edit in repository
        .set_version("staging-eu-west", &"v1.32.0".parse().unwrap())
        .unwrap()
    {
        edit.write().unwrap();
    }
    let after = fs::read_to_string(root.path().join("eu/cluster.yaml")).unwrap();
    assert_eq!(after, crlf.trim_end().replace("'v1.31.2'", "'v1.32.0'"));
    let workers = fs::read_to_string(root.path().join("eu/workers.yaml")).unwrap();
    assert_eq!(
        workers,
        WORKERS
            .replace("v1.30.4", "v1.32.0")
            .replace("v1.31.2", "v1.32.0")
    );
    let left_over = fs::read_dir(root.path().join("eu")).unwrap().count();
    assert_eq!(left_over, 2);
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let root = repository(&[("eu/cluster.yaml", GOOD), ("eu/workers.yaml", WORKERS)]);
    let repository = ClusterRepository::open(root.path()).unwrap();
    let edits = repository
        .set_version("staging-eu-west", &"v1.32.0".parse().unwrap())
        .unwrap();
    let path = root.path().join("eu/cluster.yaml");
    fs::write(&path, "somebody else's").unwrap();
    assert!(matches!(edits[0].write(), Err(RepositoryError::Changed { .. })));
    assert_eq!(fs::read_to_string(path).unwrap(), "somebody else's");
}

#[test]
fn a_version_behind_an_alias_is_not_edited() {
    let text = GOOD
        .replace(
            "labels:\n    env: staging",
            "labels:\n    env: staging\n    was: &v v1.31.2",
        )
        .replace("'v1.31.2'", "v1.31.2");
    let aliased = text.replace(
        "spec:\n  version: v1.31.2\n",
        "  labels: {was: &cp v1.31.2}\nspec:\n  version: *cp\n",
    );
    let aliased = aliased.replace(
        "metadata: {name: staging-eu-west, namespace: clusters}\n  labels: {was: &cp v1.31.2}",
        "metadata: {name: staging-eu-west, namespace: clusters, labels: {was: &cp v1.31.2}}",
    );
    assert!(aliased.contains("*cp"));
    let root = repository(&[("eu/cluster.yaml", &aliased), ("eu/workers.yaml", WORKERS)]);
    let repository = ClusterRepository::open(root.path()).unwrap();
    let errors = repository
        .set_version("staging-eu-west", &"v1.32.0".parse().unwrap())
        .unwrap_err();
    insta::assert_snapshot!(
        errors
            .to_string()
            .replace(&root.path().display().to_string(), "clusters")
    );
}

#[test]
fn an_unknown_cluster_is_not_edited() {
    let repository = ClusterRepository::open(FIXTURES).unwrap();
    let errors = repository
        .set_version("prodution-eu-west", &"v1.32.0".parse().unwrap())
        .unwrap_err();
    insta::assert_snapshot!(errors.to_string().replace(FIXTURES, "clusters"));
}

#[test]
fn not_yaml() {
    insta::assert_snapshot!(refusal_of("labels:\n", "labels: {\n"));
}

#[test]
fn not_utf8() {
    let root = repository(&[]);
    fs::create_dir(root.path().join("eu")).unwrap();
    fs::write(
        root.path().join("eu/cluster.yaml"),
        b"kind: Cluster\nmetadata: \xff\n",
    )
    .unwrap();
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
}

#[test]
fn a_key_that_stands_twice() {
    insta::assert_snapshot!(refusal_of(
        "    env: staging\n",
        "    env: staging\n    env: production\n"
    ));
}

#[test]
fn a_document_that_is_no_object() {
    insta::assert_snapshot!(refusal_of(
        "kind: DockerCluster\nmetadata:",
        "kind: DockerCluster\nmetdata:"
    ));
}

#[test]
fn an_unknown_kind() {
    insta::assert_snapshot!(refusal_of(
        "kind: KubeadmControlPlane\nmetadata",
        "kind: KubeadmControlPlan\nmetadata"
    ));
}

#[test]
fn a_known_kind_of_an_unknown_version() {
    insta::assert_snapshot!(refusal_of(
        "cluster.x-k8s.io/v1beta2\nkind: Cluster",
        "cluster.x-k8s.io/v1alpha4\nkind: Cluster"
    ));
}

#[test]
fn a_kind_of_somebody_elses_is_refused_or_kept() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: clusters}\n";
    let root = repository(&[
        ("eu/a-namespace.yaml", namespace),
        ("eu/cluster.yaml", GOOD),
        ("eu/workers.yaml", WORKERS),
    ]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
    let kept = RepositoryOptions::default()
        .unknown_kinds(UnknownKinds::Keep)
        .open(root.path())
        .unwrap();
    assert_eq!(kept.fleet().unwrap().len(), 1);
    let cluster = kept.cluster("staging-eu-west").unwrap();
    assert_eq!(cluster.objects().next().unwrap().kind(), "Namespace");
}

#[test]
fn a_missing_field() {
    insta::assert_snapshot!(refusal_of("  version: 'v1.31.2'\n", ""));
}

#[test]
fn a_misspelled_field() {
    insta::assert_snapshot!(refusal_of("machineTemplate:", "machineTemplates:"));
}

#[test]
fn misspelled_labels() {
    insta::assert_snapshot!(refusal_of("  labels:\n", "  lables:\n"));
}

#[test]
fn an_unknown_field_is_kept_when_asked() {
    let text = GOOD.replacen("spec: {}", "spec: {colour: blue}", 1);
    let root = repository(&[("eu/cluster.yaml", &text), ("eu/workers.yaml", WORKERS)]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
    let options = ClusterRepository::options().unknown_fields(UnknownFields::Keep);
    let repository = options.open(root.path()).unwrap();
    let infrastructure = repository
        .cluster("staging-eu-west")
        .unwrap()
        .infrastructure()
        .unwrap();
    let typed = serde_json::to_value(infrastructure.object().unwrap()).unwrap();
    assert_eq!(typed.pointer("/spec/colour"), Some(&"blue".into()));
}

#[test]
fn a_wrong_type() {
    insta::assert_snapshot!(refusal_of(
        "  version: 'v1.31.2'",
        "  version: 1.31\n  replicas: three"
    ));
}

#[test]
fn no_value_is_shown_that_may_be_a_secret() {
    let text = refusal_of(
        "kubeadmConfigSpec: {}",
        "kubeadmConfigSpec: {users: [{name: root, passwd: 424242}]}",
    );
    assert!(!text.contains("424242"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_version_that_is_not_one() {
    insta::assert_snapshot!(refusal_of("'v1.31.2'", "latest"));
}

#[test]
fn two_clusters_of_one_name() {
    let root = repository(&[
        ("eu/cluster.yaml", GOOD),
        ("eu/workers.yaml", WORKERS),
        (
            "eu-copy/cluster.yaml",
            &GOOD.replace("namespace: clusters", "namespace: others"),
        ),
    ]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
}

#[test]
fn two_objects_of_one_name() {
    let root = repository(&[
        ("eu/cluster.yaml", GOOD),
        ("eu/workers.yaml", &format!("{WORKERS}---\n{WORKERS}")),
    ]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
}

#[test]
fn a_directory_without_a_cluster() {
    let root = repository(&[
        ("eu/cluster.yaml", GOOD),
        ("eu/workers.yaml", WORKERS),
        ("us/README.md", "Soon."),
    ]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
}

#[test]
fn a_manifest_beside_the_directories() {
    let root = repository(&[
        ("eu/cluster.yaml", GOOD),
        ("eu/workers.yaml", WORKERS),
        ("us.yaml", GOOD),
        ("kustomization.yaml", "resources: [eu]"),
    ]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
}

#[test]
fn references_that_lead_nowhere() {
    let text = GOOD
        .replace(
            "kind: DockerCluster, name: staging-eu-west}",
            "kind: DockerCluster, name: staging-eu-wset}",
        )
        .replace(
            "kind: KubeadmControlPlane, name: staging-eu-west}",
            "kind: KubeadmControlPlane, name: control-plane}",
        );
    let workers = WORKERS.replacen(
        "  clusterName: staging-eu-west\n  replicas",
        "  clusterName: staging-eu\n  replicas",
        1,
    );
    let root = repository(&[("eu/cluster.yaml", &text), ("eu/workers.yaml", &workers)]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
    let unchecked = RepositoryOptions::default().references(References::Unchecked);
    insta::assert_snapshot!("without_checks", refusal(root.path(), &unchecked).1);
}

#[test]
fn workers_out_of_the_version_skew() {
    let workers = WORKERS
        .replace("v1.30.4", "v1.27.9")
        .replace("version: v1.31.2", "version: v1.32.0");
    let root = repository(&[("eu/cluster.yaml", GOOD), ("eu/workers.yaml", &workers)]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
}

#[test]
fn an_empty_repository() {
    let root = repository(&[("README.md", "")]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default()).1);
    let absent = root.path().join("absent");
    let (errors, _) = refusal(&absent, &RepositoryOptions::default());
    assert!(matches!(errors.iter().next(), Some(RepositoryError::Io { .. })));
    let (errors, _) = refusal(&root.path().join("README.md"), &RepositoryOptions::default());
    assert!(matches!(
        errors.iter().next(),
        Some(RepositoryError::NotADirectory { .. })
    ));
}

#[test]
fn a_file_that_is_too_large() {
    let root = repository(&[("eu/cluster.yaml", GOOD), ("eu/workers.yaml", WORKERS)]);
    insta::assert_snapshot!(refusal(root.path(), &RepositoryOptions::default().max_file_bytes(1000)).1);
}

#[test]
fn all_errors_come_at_once_in_the_order_of_files_and_lines() {
    let text = GOOD
        .replace("env: staging", "evn: [staging]")
        .replace("  version: 'v1.31.2'\n", "  verison: v1.31\n");
    let root = repository(&[
        ("b/cluster.yaml", &text),
        ("b/workers.yaml", &WORKERS.replace("v1.30.4", "1.30.x")),
        ("a/cluster.yaml", "kind: Cluster: no"),
    ]);
    let (errors, text) = refusal(root.path(), &RepositoryOptions::default());
    assert_eq!(errors.len(), text.lines().count());
    insta::assert_snapshot!(text);
}

#[cfg(unix)]
#[test]
fn links_that_loop_or_lead_out_are_refused() {
    use std::os::unix::fs::symlink;
    let root = repository(&[("eu/cluster.yaml", GOOD), ("eu/workers.yaml", WORKERS)]);
    let outside = repository(&[("secret.yaml", "password: hunter2")]);
    symlink(".", root.path().join("itself")).unwrap();
    symlink("circle", root.path().join("circle")).unwrap();
    symlink(
        outside.path().join("secret.yaml"),
        root.path().join("eu/outside.yaml"),
    )
    .unwrap();
    let (errors, text) = refusal(root.path(), &RepositoryOptions::default());
    assert_eq!(errors.len(), 3, "{text}");
    assert!(
        errors
            .iter()
            .all(|error| matches!(error, RepositoryError::Link { .. })),
        "{text}"
    );
    assert!(!text.contains("hunter2"));

    fs::remove_file(root.path().join("itself")).unwrap();
    fs::remove_file(root.path().join("circle")).unwrap();
    fs::remove_file(root.path().join("eu/outside.yaml")).unwrap();
    fs::rename(
        root.path().join("eu/workers.yaml"),
        root.path().join("eu/workers.txt"),
    )
    .unwrap();
    symlink("workers.txt", root.path().join("eu/workers.yaml")).unwrap();
    let repository = ClusterRepository::open(root.path()).unwrap();
    for edit in repository
        .set_version("staging-eu-west", &"v1.32.0".parse().unwrap())
        .unwrap()
    {
        edit.write().unwrap();
    }
    assert!(root.path().join("eu/workers.yaml").is_symlink());
    assert!(
        fs::read_to_string(root.path().join("eu/workers.txt"))
            .unwrap()
            .contains("v1.32.0")
    );
}

/// Layouts a version may be written in: what stands around it must not matter.
fn written_version() -> impl Strategy<Value = (String, String)> {
    let version = (28_u64..=30, 0_u64..=9).prop_map(|(minor, patch)| format!("{minor}.{patch}"));
    let style = prop_oneof![
        Just(("v1.", "")),
        Just(("'v1.", "'")),
        Just(("\"v1.", "\"")),
        Just(("1.", "")),
        Just(("  v1.", "   # why")),
        Just(("\n    v1.", "")),
    ];
    (version, style).prop_map(|(version, (before, after))| {
        let found = format!("{before}{version}");
        (
            found.trim_start().trim_matches(['\'', '"']).to_owned(),
            format!("{before}{version}{after}"),
        )
    })
}

proptest! {
    #[test]
    fn setting_a_version_changes_the_versions_and_nothing_else(
        (found, written) in written_version(),
        comment in "( *#[ -~]{0,12}\n){0,3}",
        crlf in any::<bool>(),
    ) {
        let text = GOOD.replace("'v1.31.2'", &written).replace("spec: {}\n", &format!("spec: {{}}\n{comment}"));
        let workers = WORKERS.replace("v1.30.4", &found).replace("v1.31.2", &found);
        let ends = |text: String| if crlf { text.replace('\n', "\r\n") } else { text };
        let (text, workers) = (ends(text), ends(workers));
        let root = repository(&[("eu/cluster.yaml", &text), ("eu/workers.yaml", &workers)]);
        let repository = ClusterRepository::open(root.path()).unwrap();
        let to = "v1.31.7".parse().unwrap();
        let edits = repository.set_version("staging-eu-west", &to).unwrap();
        prop_assert_eq!(edits.len(), 2);
        for edit in &edits {
            prop_assert_eq!(&edit.after, &edit.before.replace(&found, "v1.31.7"));
            let diff = edit.to_string();
            let marks = |mark: char| diff.lines().skip(2).filter(|line| line.starts_with(mark)).count();
            prop_assert_eq!((marks('-'), marks('+')), if edit.path.ends_with("workers.yaml") { (2, 2) } else { (1, 1) });
            edit.write().unwrap();
        }
        let again = ClusterRepository::open(root.path()).unwrap();
        let fleet = again.fleet().unwrap();
        prop_assert_eq!(fleet.get("staging-eu-west").unwrap().version(), &to);
        prop_assert_eq!(again.set_version("staging-eu-west", &to).unwrap(), []);
    }
}

#[test]
fn address_ranges_that_are_none() {
    let with = |blocks: &str| {
        let network = format!("spec:\n  clusterNetwork:\n    pods:\n      cidrBlocks: {blocks}\n");
        refusal_of("spec:\n", &network)
    };
    let short = with("[10.64.0.0]");
    assert!(
        short.contains(
            "clusters/eu/cluster.yaml:12:20: spec.clusterNetwork.pods.cidrBlocks[0]: found `10.64.0.0`"
        ),
        "{short}"
    );
    assert!(short.contains("such as `10.64.0.0/16`"), "{short}");
    assert!(with("[10.64.0.0/16, pods]").contains("cidrBlocks[1]: found `pods`"));
    assert!(with("['fd00::/129']").contains("found `fd00::/129`, expected a CIDR block"));
}
