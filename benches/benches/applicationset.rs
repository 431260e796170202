//! Expanding ApplicationSets in both template languages: time an Application, peak memory, growth, and expanding again.
//!
//! Prints one table; each row is measured in a process of its own, so that its memory is its own. Argo CD's figures are those
//! of its own code on the same machine: 48 to 76 µs an Application in the plain language, 2,200 to 3,600 µs in Go's. The
//! template is an ordinary one with ten templated texts.

#![allow(missing_docs, clippy::unwrap_used)]

use std::num::NonZeroUsize;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use fleet_argocd::{ApplicationSet, ClusterSecret, Expander, Expansion, GitTree, Snapshot};
use serde_json::{Value, json};

/// A template with ten templated texts, over these generators.
fn set(go: bool, generators: &Value, name: &str, path: &str, cluster: &str) -> ApplicationSet {
    let owner = format!("team-{cluster}");
    let values = format!("values-{cluster}.yaml");
    ApplicationSet::read(json!({
        "metadata": {"name": "bench", "namespace": "argocd"},
        "spec": {"goTemplate": go, "generators": generators, "template": {
            "metadata": {"name": name, "labels": {"app": path, "cluster": cluster}, "annotations": {"owner": owner}},
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": "https://github.com/org/repo.git",
                    "targetRevision": "HEAD",
                    "path": path,
                    "helm": {"releaseName": name, "valueFiles": [values], "parameters": [{"name": "cluster", "value": cluster}]},
                },
                "destination": {"server": if go { "{{ .server }}" } else { "{{server}}" }, "namespace": path},
                "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]},
            },
        }},
    }))
    .unwrap()
}

/// So many clusters; one of them may have another label.
fn clusters(count: usize, changed: Option<usize>) -> Snapshot {
    let clusters: Vec<_> = (0..count)
        .map(|index| {
            let region = if changed == Some(index) {
                "us-east-1"
            } else {
                "eu-west-1"
            };
            ClusterSecret::new(
                format!("cluster-{index:05}"),
                format!("https://c{index}.example.com"),
            )
            .with_labels([("env", "production"), ("region", region)])
        })
        .collect();
    Snapshot::empty().with_clusters(&clusters)
}

fn list(go: bool, count: usize) -> (ApplicationSet, Snapshot) {
    let elements: Vec<_> = (0..count)
        .map(|index| json!({"name": format!("app-{index}"), "cluster": format!("c{index}"), "server": "https://x"}))
        .collect();
    let generators = json!([{"list": {"elements": elements}}]);
    let [name, cluster] = if go {
        ["{{ .name }}", "{{ .cluster }}"]
    } else {
        ["{{name}}", "{{cluster}}"]
    };
    (set(go, &generators, name, name, cluster), Snapshot::empty())
}

fn of_clusters(go: bool, count: usize) -> (ApplicationSet, Snapshot) {
    let generators = json!([{"clusters": {"selector": {"matchLabels": {"env": "production"}}}}]);
    let set = if go {
        set(
            go,
            &generators,
            "web-{{ .name }}",
            "{{ .nameNormalized }}",
            "{{ .name }}",
        )
    } else {
        set(go, &generators, "web-{{name}}", "{{nameNormalized}}", "{{name}}")
    };
    (set, clusters(count, None))
}

fn files(go: bool, count: usize) -> (ApplicationSet, Snapshot) {
    let tree = GitTree::new((0..count).map(|index| {
        (
            format!("clusters/c{index}/config.json"),
            json!({"cluster": {"name": format!("c{index}"), "address": "https://x"}, "server": "https://x", "asset_id": index})
                .to_string(),
        )
    }));
    let generators =
        json!([{"git": {"repoURL": "r", "revision": "HEAD", "files": [{"path": "clusters/*/config.json"}]}}]);
    let set = if go {
        set(
            go,
            &generators,
            "{{ .cluster.name }}",
            "{{ .path.path }}",
            "{{ .path.basename }}",
        )
    } else {
        set(
            go,
            &generators,
            "{{cluster.name}}",
            "{{path}}",
            "{{path.basename}}",
        )
    };
    (set, Snapshot::empty().with_git("r", "HEAD", Ok(tree)))
}

fn matrix(go: bool, directories: usize, changed: Option<usize>) -> (ApplicationSet, Snapshot) {
    let tree =
        GitTree::new((0..directories).map(|index| (format!("apps/app-{index:04}/kustomization.yaml"), "")));
    let git = json!({"git": {"repoURL": "r", "revision": "HEAD", "directories": [{"path": "apps/*"}]}});
    let selector = json!({"selector": {"matchLabels": {"env": "production"}}});
    let generators = json!([{"matrix": {"generators": [git, {"clusters": selector}]}}]);
    let set = if go {
        set(
            go,
            &generators,
            "{{ .path.basename }}-{{ .name }}",
            "{{ .path.path }}",
            "{{ .name }}",
        )
    } else {
        set(
            go,
            &generators,
            "{{path.basename}}-{{name}}",
            "{{path}}",
            "{{name}}",
        )
    };
    (set, clusters(500, changed).with_git("r", "HEAD", Ok(tree)))
}

/// What makes the input of a row; its argument asks for Go's template language.
type Input = fn(bool) -> (ApplicationSet, Snapshot);

/// The rows: a name, and what is measured for one language.
const ROWS: &[(&str, Input)] = &[
    ("list 10,000", |go| list(go, 10_000)),
    ("list 20,000", |go| list(go, 20_000)),
    ("list 40,000", |go| list(go, 40_000)),
    ("list 80,000", |go| list(go, 80_000)),
    ("clusters 500", |go| of_clusters(go, 500)),
    ("clusters 5,000", |go| of_clusters(go, 5_000)),
    ("git files 1,000", |go| files(go, 1_000)),
    ("matrix 100 x 500", |go| matrix(go, 100, None)),
    ("matrix 200 x 500", |go| matrix(go, 200, None)),
    ("matrix 400 x 500", |go| matrix(go, 400, None)),
    ("matrix 800 x 500", |go| matrix(go, 800, None)),
];

fn main() {
    match env::var(ROW) {
        Ok(row) => measure(row.parse().unwrap()),
        Err(_) => table(),
    }
}

fn table() {
    println!(
        "| case | language | Applications | wall, one thread | an Application | wall, all threads | peak memory |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
    for row in 0..2 * ROWS.len() + 2 {
        let output = Command::new(env::current_exe().unwrap())
            .env(ROW, row.to_string())
            .output()
            .unwrap();
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
}

fn measure(row: usize) {
    let go = row % 2 == 1;
    let language = if go { "Go" } else { "plain" };
    let Some((name, make)) = ROWS.get(row / 2) else {
        return again(go, language);
    };
    let (set, snapshot) = make(go);
    let one = Expander::new().threads(NonZeroUsize::MIN);
    let (first, _) = timed(|| one.expand(&set, &snapshot).unwrap());
    // Of the whole process: program, input and expansion.
    let memory = peak();
    let count = first.len();
    drop(first);
    let wall = best(|| one.expand(&set, &snapshot).unwrap());
    let threads = best(|| Expander::new().expand(&set, &snapshot).unwrap());
    println!(
        "| {name} | {language} | {count} | {:.1} ms | {:.2} µs | {:.1} ms | {} MiB |",
        millis(wall),
        millis(wall) * 1000.0 / count as f64,
        millis(threads),
        memory / 1024,
    );
}

/// One label of one cluster changes under 50,000 Applications.
fn again(go: bool, language: &str) {
    let (set, snapshot) = matrix(go, 100, None);
    let earlier = Expander::new().expand(&set, &snapshot).unwrap();
    let (_, changed) = matrix(go, 100, Some(250));
    let wall = best(|| Expander::new().update(&earlier, &set, &changed).unwrap());
    let updated = Expander::new().update(&earlier, &set, &changed).unwrap();
    println!(
        "| one label of one cluster, expanded again | {language} | {} of {} | {:.2} ms | | | |",
        updated.len() - updated.reused(),
        updated.len(),
        millis(wall),
    );
}

fn timed(run: impl FnOnce() -> Expansion) -> (Expansion, Duration) {
    let start = Instant::now();
    let expansion = run();
    let wall = start.elapsed();
    (expansion, wall)
}

/// The best of seven runs: the machine is shared.
fn best(run: impl Fn() -> Expansion) -> Duration {
    (0..7).map(|_| timed(&run).1).min().unwrap_or_default()
}

fn millis(wall: Duration) -> f64 {
    wall.as_secs_f64() * 1000.0
}

/// The most memory this process has had, in KiB; 0 where the system does not say.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

const ROW: &str = "FLEET_BENCH_ROW";
