//! No input panics or hangs: the corpora, mutated, through every reader. `fuzz/` has the same for cargo-fuzz, led by coverage.
//!
//! Two seconds each by default, from a fixed seed; `FLEET_FUZZ_SECONDS=600 cargo test -p fleet-preflight --test fuzz -- --nocapture`
//! for longer, `FLEET_FUZZ_SEED` for another seed. A case that fails is printed with its number: the same seed finds it again.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // Helpers of tests.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::GzEncoder};
use fleet_preflight::{Report, Scanner};
use serde_json::json;

#[test]
fn the_front_end_survives_everything() {
    let seeds = corpus("manifests");
    let scanner = scanner();
    run("front end", |random| {
        let input = mutate(random, &seeds);
        let report = scanner.scan_reader("x", input.as_slice());
        check(&report);
        if let Ok(text) = std::str::from_utf8(&input) {
            let fix = scanner.fix_text("x", text);
            // What was mended is mended: nothing moves twice.
            let again = scanner.fix_text("x", &fix.text);
            assert_eq!(again.moved, [], "{text:?}");
            assert!(!fix.moved.is_empty() || fix.text == text, "{text:?}");
        }
    });
}

#[test]
fn the_helm_decoder_survives_everything() {
    let mut releases = vec![
        json!({"name": "web", "namespace": "shop", "version": 2, "info": {"status": "deployed"},
            "manifest": "---\n# Source: web/templates/a.yaml\napiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n",
            "hooks": [{"path": "web/hook.yaml", "manifest": "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n"}]})
        .to_string()
        .into_bytes(),
    ];
    releases.extend(corpus("manifests").into_iter().filter_map(|text| {
        let manifest = String::from_utf8(text).ok()?;
        Some(
            json!({"name": "a", "version": 1, "info": {"status": "failed"}, "manifest": manifest})
                .to_string()
                .into_bytes(),
        )
    }));
    let scanner = scanner().all_revisions(true);
    run("helm decoder", |random| {
        let mut bytes = mutate(random, &releases);
        if random.below(3) > 0 {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&bytes).unwrap();
            bytes = gzip.finish().unwrap();
            if random.below(3) == 0 {
                edit(random, &mut bytes);
            }
        }
        let mut text = STANDARD.encode(&bytes);
        let kind = if random.below(2) == 0 {
            "Secret"
        } else {
            "ConfigMap"
        };
        if kind == "Secret" {
            text = STANDARD.encode(&text);
        }
        if random.below(8) == 0 {
            let mut bytes = text.into_bytes();
            edit(random, &mut bytes);
            text = String::from_utf8_lossy(&bytes).into_owned();
        }
        let record = json!({"apiVersion": "v1", "kind": kind, "type": "helm.sh/release.v1", "metadata": {
            "name": "sh.helm.release.v1.web.v2", "namespace": "shop", "labels": {"owner": "helm", "version": "2"}},
            "data": {"release": text}});
        check(&scanner.scan_text("x", &record.to_string()));
        let mut live = scanner.live("c");
        live.object("v1", kind, &record);
        check(&live.finish());
    });
}

#[test]
fn the_metrics_reader_survives_everything() {
    let seeds = vec![std::fs::read(folder().join("cluster/metrics-1.24.txt")).unwrap()];
    let scanner = scanner();
    run("metrics", |random| {
        let input = mutate(random, &seeds);
        check(&scanner.scan_metrics("x", &String::from_utf8_lossy(&input)));
    });
}

fn scanner() -> Scanner {
    Scanner::new("1.32".parse().unwrap())
        .embedded(true)
        .now("2026-01-01T00:00:00Z".parse().unwrap())
}

fn check(report: &Report) {
    let _ = report.verdict();
    serde_json::from_str::<serde_json::Value>(&report.to_json()).unwrap();
    serde_json::from_str::<serde_json::Value>(&report.to_sarif()).unwrap();
    assert!(report.to_junit().ends_with("</testsuites>\n"));
    assert!(report.to_markdown().starts_with("## "));
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.place.file.len() < 100)
    );
    let unreadable = report
        .findings
        .iter()
        .filter(|finding| finding.rule.incomplete)
        .count();
    assert!(report.summary.unreadable >= unreadable as u64);
}

fn run(name: &str, mut case: impl FnMut(&mut Random)) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let time = Duration::from_secs(number("FLEET_FUZZ_SECONDS").unwrap_or(2));
    let seed = number("FLEET_FUZZ_SEED").unwrap_or(7);
    let begin = Instant::now();
    let (mut cases, mut slowest) = (0_u64, Duration::ZERO);
    while begin.elapsed() < time {
        let mut random = Random(seed.wrapping_add(cases).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let before = Instant::now();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(&mut random)));
        assert!(caught.is_ok(), "{name}: case {cases} of seed {seed} panics");
        slowest = slowest.max(before.elapsed());
        cases += 1;
    }
    println!("{name}: {cases} cases in {time:?}, the slowest took {slowest:?}");
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder().join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read(path).unwrap());
    texts.filter(|text| text.len() < 20_000).collect()
}

/// xorshift64*: enough for mutations, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from((self.next() >> 16) % bound.max(1) as u64).unwrap()
    }
}

fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..random.below(8) {
        edit(random, &mut bytes);
        if random.below(6) == 0 {
            let other = &seeds[random.below(seeds.len())];
            let at = random.below(bytes.len() + 1);
            let from = random.below(other.len() + 1);
            let length = random.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..from + length].iter().copied());
        }
        bytes.truncate(60_000);
    }
    bytes
}

/// Words that mean something to some reader.
const WORDS: [&str; 40] = [
    "\n",
    "\r\n",
    "---\n",
    "...\n",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!str ",
    "# ",
    "\t",
    "  ",
    "null",
    "apiVersion: ",
    "kind: ",
    "items:\n",
    "metadata:\n",
    "spec:\n",
    "extensions/v1beta1",
    "Ingress",
    "backend:\n",
    "serviceName: a\n",
    "servicePort: 80\n",
    "List",
    "{{ .Values.a }}",
    "${A}",
    "\u{feff}",
    "\u{85}",
    "é",
    "\0",
    "0x1f",
];

fn edit(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(40)).min(bytes.len());
    match random.below(7) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => drop(bytes.drain(at..end)),
        2 => {
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        3 | 4 => {
            let word = WORDS[random.below(WORDS.len())];
            bytes.splice(at..at, word.bytes());
        }
        5 => {
            let part = bytes[at..end].to_vec();
            let many = part.repeat(random.below(200));
            bytes.splice(at..at, many);
        }
        _ => {
            // A whole line goes elsewhere.
            let start = bytes[..at]
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |newline| newline + 1);
            let stop = bytes[at..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |newline| at + newline + 1);
            let line: Vec<u8> = bytes.drain(start..stop).collect();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, line);
        }
    }
}
