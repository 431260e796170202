//! Rules and queries held against the real Prometheus: parsed, unit-tested, and answered from written series.
//!
//! Needs `promtool` and `prometheus` (Debian's package `prometheus`). Without them the tests say so and pass, unless `CI` is set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fleet_observe::grafana;
use fleet_observe::prometheus::{Answer, Client, ClientError, Query, QueryError};
use fleet_observe::promql::Expr;
use fleet_observe::queries::library;
use fleet_observe::rules::{PrometheusRule, Rule, RuleGroup, fleet_rules};
use fleet_observe::slo::Slo;
use serde_json::json;

/// Whether the programs are there.
fn is_installed() -> bool {
    let found = ["promtool", "prometheus"].iter().all(|program| {
        let mut version = Command::new(program);
        version
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    });
    if !found {
        let message = "promtool and prometheus are not installed (Debian: apt-get install prometheus)";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
    }
    found
}

fn promtool(arguments: &[&str], directory: &Path) -> Result<String, String> {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(text)
    } else {
        Err(text)
    }
}

fn slo() -> Slo {
    Slo::availability("shop", 0.999, "30d".parse().unwrap(), "http_requests_total").unwrap()
}

#[test]
fn every_rule_and_every_query_of_ours_parses() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut queries: Vec<Expr> = library().unwrap().into_iter().map(|query| query.expr).collect();
    for dashboard in grafana::all().unwrap() {
        queries.extend(
            dashboard
                .panels
                .into_iter()
                .flat_map(|panel| panel.targets)
                .map(|target| target.expr),
        );
    }
    let count = queries.len();
    let records = queries
        .iter()
        .enumerate()
        .map(|(number, expr)| Rule::record(format!("query:{number}"), expr));
    let all = [
        (
            "queries.yaml",
            PrometheusRule::new("queries", "monitoring").group(RuleGroup::new("queries", records)),
        ),
        (
            "fleet.yaml",
            fleet_rules("monitoring", "26h".parse().unwrap()).unwrap(),
        ),
        ("slo.yaml", slo().rules("monitoring").unwrap()),
        (
            "week.yaml",
            Slo::availability("week", 0.99, "7d".parse().unwrap(), "requests_total")
                .unwrap()
                .by(["cluster", "service"])
                .unwrap()
                .rules("monitoring")
                .unwrap(),
        ),
    ];
    for (file, rules) in all {
        fs::write(directory.path().join(file), rules.file().to_string()).unwrap();
        let answer = promtool(&["check", "rules", file], directory.path());
        let answer = answer.unwrap_or_else(|text| panic!("{file}: {text}"));
        println!("{file}: {}", answer.lines().last().unwrap_or_default().trim());
    }
    assert!(count > 30, "{count} queries");
    // What people write themselves goes the same way, and is refused there.
    let wrong = PrometheusRule::new("x", "y").group(RuleGroup::new(
        "g",
        [Rule::record("a:b", &Expr::raw("sum(rate(up[5m])"))],
    ));
    fs::write(directory.path().join("wrong.yaml"), wrong.file().to_string()).unwrap();
    assert!(promtool(&["check", "rules", "wrong.yaml"], directory.path()).is_err());
}

/// Alerts at the right time, and not before.
#[test]
fn alerts_fire_when_they_should() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let write = |file: &str, text: String| fs::write(directory.path().join(file), text).unwrap();
    write("slo.yaml", slo().rules("m").unwrap().file().to_string());
    write(
        "fleet.yaml",
        fleet_rules("m", "26h".parse().unwrap())
            .unwrap()
            .file()
            .to_string(),
    );
    let eu = |severity: &str| json!({ "cluster": "eu", "severity": severity, "slo": "shop" });
    let fires = |at: &str, name: &str, labels: Vec<serde_json::Value>| {
        let alerts: Vec<_> = labels
            .into_iter()
            .map(|labels| json!({ "exp_labels": labels }))
            .collect();
        json!({ "eval_time": at, "alertname": name, "exp_alerts": alerts })
    };
    // Two in a hundred fail in eu for an hour, that is 20 times the budget; us is well. Annotations are not what is tested here.
    let burning = json!({
        "interval": "1m",
        "input_series": [
            { "series": "http_requests_total{cluster='eu', code='200'}", "values": "0+98x120" },
            { "series": "http_requests_total{cluster='eu', code='500'}", "values": "0+2x120" },
            { "series": "http_requests_total{cluster='us', code='200'}", "values": "0+100x120" },
        ],
        "promql_expr_test": [
            { "expr": "slo:shop:error_share1h", "eval_time": "2h", "exp_samples": [
                { "labels": "slo:shop:error_share1h{cluster='eu', slo='shop'}", "value": 0.02 },
                { "labels": "slo:shop:error_share1h{cluster='us', slo='shop'}", "value": 0 },
            ] },
        ],
    });
    let mild = json!({
        "interval": "1m",
        "input_series": [
            { "series": "http_requests_total{cluster='eu', code='200'}", "values": "0+990x120" },
            { "series": "http_requests_total{cluster='eu', code='500'}", "values": "0+10x120" },
        ],
        // 10 times the budget: too little for 2 % in an hour (14.4), too much for 5 % in six (6).
        "alert_rule_test": [fires("2h", "SloBurn_shop_1h", vec![])],
    });
    let nodes = json!({
        "interval": "1m",
        "input_series": [
            { "series": "kube_node_status_condition{cluster='eu', node='n1', condition='Ready', status='true'}", "values": "1x20 0x40" },
            { "series": "kube_node_status_condition{cluster='eu', node='n2', condition='Ready', status='true'}", "values": "1x60" },
        ],
        "alert_rule_test": [fires("25m", "NodeNotReady", vec![])],
    });
    let tests = json!({
        "rule_files": ["slo.yaml", "fleet.yaml"],
        "evaluation_interval": "1m",
        "tests": [burning, mild, nodes],
    });
    write("tests.yaml", tests.to_string());
    let answer = promtool(&["test", "rules", "tests.yaml"], directory.path());
    assert!(answer.is_ok(), "{}", answer.unwrap_err());

    // An alert with its words: first what is expected, then the same a minute too early.
    let page = |at: &str| {
        let mut alert = fires(
            at,
            "NodeNotReady",
            vec![json!({
                "cluster": "eu", "node": "n1", "condition": "Ready", "status": "true", "severity": "page",
            })],
        );
        alert["exp_alerts"][0]["exp_annotations"] = json!({ "summary": "eu: node n1 is not ready" });
        json!({ "rule_files": ["fleet.yaml"], "evaluation_interval": "1m", "tests": [{
            "interval": "1m",
            "input_series": [{
                "series": "kube_node_status_condition{cluster='eu', node='n1', condition='Ready', status='true'}", "values": "1x20 0x40",
            }],
            "alert_rule_test": [alert],
        }] })
    };
    for (at, is_right) in [("31m", true), ("29m", false)] {
        write("page.yaml", page(at).to_string());
        assert_eq!(
            promtool(&["test", "rules", "page.yaml"], directory.path()).is_ok(),
            is_right,
            "{at}"
        );
    }
    let mut burn = fires("2h", "SloBurn_shop_1h", vec![eu("page")]);
    burn["exp_alerts"][0]["exp_annotations"] = json!({
        "summary": "eu: the error budget of shop burns 14.4 times too fast",
        "description": "At this rate 2 % of the budget of 30d goes in 1h; the objective is 0.999.",
    });
    let text = json!({ "rule_files": ["slo.yaml"], "evaluation_interval": "1m", "tests": [{
        "interval": "1m",
        "input_series": [
            { "series": "http_requests_total{cluster='eu', code='200'}", "values": "0+98x120" },
            { "series": "http_requests_total{cluster='eu', code='500'}", "values": "0+2x120" },
        ],
        "alert_rule_test": [burn],
    }] });
    write("burn.yaml", text.to_string());
    let answer = promtool(&["test", "rules", "burn.yaml"], directory.path());
    assert!(answer.is_ok(), "{}", answer.unwrap_err());
}

/// When the queries are asked: series were written for the two hours before.
const NOW: i64 = 1_780_315_200;

/// A metric with its series: the labels, and its value so many seconds before now.
type Written = (&'static str, Vec<(&'static str, Box<dyn Fn(i64) -> Option<f64>>)>);

fn written() -> Vec<Written> {
    let always = |value: f64| -> Box<dyn Fn(i64) -> Option<f64>> { Box::new(move |_| Some(value)) };
    let counter = |rate: f64| -> Box<dyn Fn(i64) -> Option<f64>> {
        Box::new(move |ago| Some(rate * (10_000 - ago) as f64))
    };
    let until = |value: f64, last: i64| -> Box<dyn Fn(i64) -> Option<f64>> {
        Box::new(move |ago| (ago >= last).then_some(value))
    };
    vec![
        (
            "argocd_app_info",
            vec![
                (
                    r#"cluster="hub",name="a",sync_status="OutOfSync",health_status="Healthy",dest_server="https://eu""#,
                    always(1.0),
                ),
                (
                    r#"cluster="hub",name="b",sync_status="OutOfSync",health_status="Degraded",dest_server="https://eu""#,
                    always(1.0),
                ),
                (
                    r#"cluster="hub",name="c",sync_status="Synced",health_status="Healthy",dest_server="https://us""#,
                    always(1.0),
                ),
            ],
        ),
        (
            "argocd_app_sync_total",
            vec![
                (r#"name="a",phase="Succeeded""#, counter(0.01)),
                (r#"name="b",phase="Failed""#, counter(0.01)),
            ],
        ),
        (
            "apiserver_request_total",
            vec![
                (r#"cluster="eu",code="200""#, counter(9.0)),
                (r#"cluster="eu",code="503""#, counter(1.0)),
            ],
        ),
        (
            "cilium_clustermesh_remote_cluster_readiness_status",
            vec![
                (r#"source_cluster="eu",target_cluster="us",pod="x""#, always(0.0)),
                (r#"source_cluster="us",target_cluster="eu",pod="y""#, always(1.0)),
            ],
        ),
        (
            "cilium_clustermesh_remote_cluster_failures",
            vec![
                (r#"source_cluster="eu",target_cluster="us""#, counter(0.001)),
                (r#"source_cluster="us",target_cluster="eu""#, always(7.0)),
            ],
        ),
        (
            "http_requests_total",
            vec![
                (r#"cluster="eu",service="shop",code="200""#, counter(1.2)),
                (r#"cluster="eu",service="shop",code="500""#, counter(0.3)),
                (r#"cluster="us",service="shop",code="200""#, counter(2.0)),
            ],
        ),
        (
            "kube_node_info",
            vec![
                (r#"cluster="eu",node="n1",kubelet_version="v1.30.4""#, always(1.0)),
                (r#"cluster="eu",node="n2",kubelet_version="v1.31.0""#, always(1.0)),
                (r#"cluster="us",node="n1",kubelet_version="v1.31.0""#, always(1.0)),
            ],
        ),
        (
            "kube_node_status_condition",
            vec![
                (
                    r#"cluster="eu",node="n1",condition="Ready",status="true""#,
                    always(1.0),
                ),
                (
                    r#"cluster="eu",node="n2",condition="Ready",status="true""#,
                    always(0.0),
                ),
                (
                    r#"cluster="lost",node="n1",condition="Ready",status="true""#,
                    until(1.0, 1_800),
                ),
                (
                    r#"cluster="us",node="n1",condition="Ready",status="true""#,
                    always(1.0),
                ),
            ],
        ),
        (
            "kubernetes_build_info",
            vec![
                (
                    r#"cluster="eu",job="apiserver",git_version="v1.31.0",instance="1""#,
                    always(1.0),
                ),
                (
                    r#"cluster="eu",job="apiserver",git_version="v1.31.0",instance="2""#,
                    always(1.0),
                ),
                (
                    r#"cluster="us",job="apiserver",git_version="v1.31.0",instance="1""#,
                    always(1.0),
                ),
            ],
        ),
        (
            "submariner_connections",
            vec![(
                r#"cluster="eu",remote_cluster="us",status="connected""#,
                always(1.0),
            )],
        ),
        (
            "velero_backup_failure_total",
            vec![(r#"cluster="eu""#, always(3.0))],
        ),
        (
            "velero_backup_last_successful_timestamp",
            vec![
                (r#"cluster="eu",schedule="daily""#, always((NOW - 3_600) as f64)),
                (r#"cluster="eu",schedule="""#, always((NOW - 9_999_999) as f64)),
            ],
        ),
        (
            "velero_backup_location_status_gauge",
            vec![
                (r#"cluster="eu",backup_location_name="default""#, always(1.0)),
                (r#"cluster="us",backup_location_name="dr""#, always(0.0)),
            ],
        ),
        (
            "velero_backup_partial_failure_total",
            vec![(r#"cluster="eu""#, counter(0.01))],
        ),
    ]
}

/// What each query of the library finds in these series: the values of its labels, and its value.
fn expected() -> BTreeMap<&'static str, Vec<(&'static str, f64)>> {
    BTreeMap::from([
        ("nodes_not_ready", vec![("eu Ready n2 true", 0.0)]),
        ("ready_share", vec![("eu", 0.5), ("us", 1.0)]),
        ("clusters_silent", vec![("lost", 1.0)]),
        ("api_error_share", vec![("eu", 0.1)]),
        ("request_rate", vec![("eu shop", 1.5), ("us shop", 2.0)]),
        ("out_of_sync", vec![("hub", 2.0)]),
        ("unhealthy", vec![("https://eu Degraded", 1.0)]),
        ("failed_syncs", vec![("b", 36.0)]),
        ("backup_age", vec![("eu daily", 3_600.0)]),
        // 0.01 a second over the two hours that there are.
        ("backup_failures", vec![("eu", 72.0)]),
        ("location_unavailable", vec![("dr us", 0.0)]),
        (
            "versions",
            vec![("eu v1.30.4", 1.0), ("eu v1.31.0", 1.0), ("us v1.31.0", 1.0)],
        ),
        ("mixed_versions", vec![("eu", 2.0)]),
        ("upgraded_clusters", vec![("v1.31.0", 2.0)]),
        ("mesh_clusters_down", vec![("eu us", 1.0)]),
        ("mesh_failures", vec![("eu us", 3.6)]),
        ("gateway_connections", vec![("eu us connected", 1.0)]),
        ("error_share", vec![("eu", 0.2)]),
    ])
}

#[test]
fn a_real_prometheus_answers_the_library_with_the_expected_numbers() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for (metric, series) in written() {
        // As gauges: what a counter is called does not matter to its samples.
        let _ = writeln!(text, "# TYPE {metric} gauge");
        for (labels, value) in series {
            for ago in (0..=120).rev().map(|minutes| minutes * 60) {
                if let Some(value) = value(ago) {
                    let _ = writeln!(text, "{metric}{{{labels}}} {value} {}", NOW - ago);
                }
            }
        }
    }
    text += "# EOF\n";
    fs::write(directory.path().join("series"), text).unwrap();
    promtool(
        &["tsdb", "create-blocks-from", "openmetrics", "series", "data"],
        directory.path(),
    )
    .unwrap();
    let server = Server::start(directory.path());

    let expected = expected();
    for query in library().unwrap() {
        let answer = server
            .ask(&Query::instant(&query.expr).at(jiff::Timestamp::from_second(NOW).unwrap()))
            .unwrap();
        let mut found: Vec<_> = answer
            .series
            .iter()
            .map(|series| {
                let labels = series.labels.iter().filter(|(name, _)| *name != "__name__");
                let words: Vec<_> = labels.map(|(_, value)| value.as_str()).collect();
                (words.join(" "), series.last().unwrap())
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = expected
            .get(query.name)
            .unwrap_or_else(|| panic!("nothing is expected of {}", query.name));
        println!("{}: {found:?}", query.name);
        let same = found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|((labels, value), (name, number))| {
                    labels == name && (value - number).abs() <= number.abs() * 0.02 + 1e-6
                });
        assert!(
            same,
            "{} ({}):\nfound    {found:?}\nexpected {expected:?}",
            query.name, query.expr
        );
    }
    // What the server refuses is an error with its words, and a range has its samples.
    let refused = server.ask(&Query::instant("sum(")).unwrap_err();
    assert!(
        matches!(&refused, QueryError::Refused { kind, .. } if kind == "bad_data"),
        "{refused}"
    );
    let at = |ago| jiff::Timestamp::from_second(NOW - ago).unwrap();
    let range = server
        .ask(&Query::range(
            "kube_node_info",
            at(600),
            at(0),
            "5m".parse().unwrap(),
        ))
        .unwrap();
    assert!(range.series.iter().all(|series| series.samples.len() == 3));
}

/// A Prometheus of our own, on a free port, with these blocks.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(directory: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        fs::write(directory.join("prometheus.yml"), "global: {}\n").unwrap();
        let process = Command::new("prometheus")
            .args([
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--storage.tsdb.retention.time=100y",
            ])
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, port };
        let started = Instant::now();
        while server.get("/-/ready").is_none_or(|(status, _)| status != 200) {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "prometheus does not become ready"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn ask(&self, query: &Query) -> Result<Answer, QueryError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let client = Client::new(&format!("http://127.0.0.1:{}", self.port)).unwrap();
        match runtime.unwrap().block_on(client.query(query)) {
            Ok(answer) => Ok(answer),
            Err(ClientError::Query(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    fn get(&self, path: &str) -> Option<(u16, Vec<u8>)> {
        // HTTP/1.0: the answer ends with the connection.
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
        let status = std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()?;
        Some((status, answer.split_off(head + 4)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
