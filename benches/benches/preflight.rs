//! Pre-flight scans: 10,000 files, one file of 50 MB, 5,000 Helm releases. Seconds (best of 3) and peak memory of a process each.
//!
//! `cargo bench -p fleet-benches --bench preflight`. The inputs are of the shape that kubent and Pluto were measured with: one
//! object in ten is in an old version.

#![allow(missing_docs, clippy::unwrap_used)] // A program for the bench.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet_preflight::Scanner;
use serde_json::json;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, child, path] = arguments.as_slice()
        && child == "scan"
    {
        return scan(Path::new(path));
    }
    let folder = tempfile::tempdir().unwrap();
    let inputs = [
        ("10,000 files", files(folder.path())),
        ("one file of 50 MB", large(folder.path())),
        ("5,000 Helm releases", releases(folder.path())),
    ];
    println!("| input | seconds | peak memory | findings |\n| --- | --- | --- | --- |");
    for (name, path) in inputs {
        let runs: Vec<(f64, u64, u64)> = (0..3).map(|_| run(&path)).collect();
        let seconds = runs.iter().map(|run| run.0).fold(f64::INFINITY, f64::min);
        let memory = runs.iter().map(|run| run.1).max().unwrap_or(0);
        println!("| {name} | {seconds:.3} | {} MB | {} |", memory / 1024, runs[0].2);
    }
}

/// One scan in this process: seconds, peak memory in KiB, findings.
fn scan(path: &Path) {
    let begin = Instant::now();
    let report = Scanner::new("1.32".parse().unwrap()).scan_paths([path]);
    let seconds = begin.elapsed().as_secs_f64();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|line| line.split_whitespace().next())
        .unwrap_or("0");
    println!("{seconds} {peak} {}", report.findings.len());
}

fn run(path: &Path) -> (f64, u64, u64) {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).arg("scan").arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut columns = text.split_whitespace();
    let mut next = || columns.next().unwrap();
    (
        next().parse().unwrap(),
        next().parse().unwrap(),
        next().parse().unwrap(),
    )
}

fn deployment(number: usize, variables: usize) -> String {
    let version = if number.is_multiple_of(10) {
        "extensions/v1beta1"
    } else {
        "apps/v1"
    };
    let mut env = String::new();
    for index in 0..variables {
        let _ = write!(
            env,
            "        - name: VAR_{index}\n          value: \"value-{index}\"\n"
        );
    }
    format!(
        "apiVersion: {version}\nkind: Deployment\nmetadata:\n  name: app-{number}\n  namespace: shop\nspec:\n  replicas: 3\n  \
         selector:\n    matchLabels:\n      app: app-{number}\n  template:\n    metadata:\n      labels:\n        app: \
         app-{number}\n    spec:\n      containers:\n      - name: main\n        image: registry.example.com/app:{number}\n        \
         env:\n{env}"
    )
}

fn files(folder: &Path) -> std::path::PathBuf {
    let folder = folder.join("files");
    for number in 0..10_000 {
        let below = folder.join(format!("{:02}", number / 100));
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join(format!("{number}.yaml")), deployment(number, 20)).unwrap();
    }
    folder
}

fn large(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("large.yaml");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let mut size = 0;
    for number in 0.. {
        let text = format!("---\n{}", deployment(number, 20));
        size += text.len();
        file.write_all(text.as_bytes()).unwrap();
        if size > 50 << 20 {
            break;
        }
    }
    path
}

fn releases(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("releases.json");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    file.write_all(b"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n")
        .unwrap();
    for number in 0..5_000 {
        let mut manifest = String::new();
        for index in 0..5 {
            let _ = write!(manifest, "---\n{}", deployment(number + index, 20));
        }
        let release = json!({"name": format!("r{number}"), "namespace": "shop", "version": 1,
            "info": {"status": "deployed"}, "manifest": manifest});
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(release.to_string().as_bytes()).unwrap();
        let data = STANDARD.encode(STANDARD.encode(gzip.finish().unwrap()));
        let record = json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": {
            "name": format!("sh.helm.release.v1.r{number}.v1"), "namespace": "shop",
            "labels": {"owner": "helm", "name": format!("r{number}"), "status": "deployed", "version": "1"}},
            "data": {"release": data}});
        let comma = if number == 0 { "" } else { "," };
        writeln!(file, "{comma}{record}").unwrap();
    }
    file.write_all(b"]}\n").unwrap();
    path
}
