//! SLO gates on a real Prometheus with written series: pass, fail, no data, stale and partial data.
//!
//! The server is Debian's package `prometheus`, started by the test itself on a free port over blocks that `promtool` writes.
#![allow(clippy::expect_used, clippy::panic)] // As tests fail.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fleet_upgrade::adapters::{Prometheus, SloGate};
use fleet_upgrade::ports::{GateLook, HealthGate as _, Verdict};
use fleet_upgrade::slo::{Reading, Slo, SloVerdict};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One sample a minute for so many hours until `end`: 100 requests a minute, so many of 1,000 failed.
fn series(text: &mut String, cluster: &str, hours: i64, end: Timestamp, failed_of_1000: impl Fn(i64) -> i64) {
    for (code, failed) in [("200", false), ("500", true)] {
        let mut count = 0_i64;
        for minute in 0..hours * 60 {
            let at = end.as_second() - (hours * 60 - 1 - minute) * 60;
            let bad = 100 * failed_of_1000(minute) / 1000;
            count += if failed { bad } else { 100 - bad };
            let _ = writeln!(
                text,
                "http_requests_total{{cluster=\"{cluster}\",code=\"{code}\"}} {count} {at}"
            );
        }
    }
}

fn run(command: &mut Command) -> Result<(), Failed> {
    let output = command.output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// Prometheus over these metrics, in a directory of its own, with this at the end of its configuration.
async fn server(directory: &Path, metrics: &str, config: &str) -> Result<(Server, String), Failed> {
    std::fs::create_dir_all(directory)?;
    let file = directory.join("series.txt");
    std::fs::write(&file, metrics)?;
    let data = directory.join("data");
    run(Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .arg(&file)
        .arg(&data))?;
    let file = directory.join("prometheus.yml");
    std::fs::write(&file, format!("global: {{scrape_interval: 1m}}\n{config}"))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let base = format!("http://127.0.0.1:{port}");
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--storage.tsdb.retention.time=10y")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let server = Server(child);
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let Ok(mut socket) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await else {
            continue;
        };
        socket.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n").await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        if answer.contains(" 200 ") {
            return Ok((server, base));
        }
    }
    Err("Prometheus does not get ready".into())
}

#[tokio::test]
#[ignore = "needs Debian's package prometheus; .ci/run installs it"]
async fn burn_rates_on_a_real_prometheus() -> Result<(), Failed> {
    let directory = std::env::temp_dir().join(format!("fleet-prometheus-{}", std::process::id()));
    let end = Timestamp::from_second(Timestamp::now().as_second() / 60 * 60)?;
    let hours = 80;
    let mut text = String::from("# TYPE http_requests counter\n");
    let mut samples = String::new();
    series(&mut samples, "well", hours, end, |_| 0);
    // The last three hours burn at 50 times the budget of 99.9 %.
    series(&mut samples, "burning", hours, end, |minute| {
        if minute >= (hours - 3) * 60 { 50 } else { 0 }
    });
    series(
        &mut samples,
        "silent",
        hours,
        end - SignedDuration::from_hours(2),
        |_| 0,
    );
    // No request ever failed, so that there is no series of errors; and the same with the code in another label.
    let mut only_good = String::new();
    series(&mut only_good, "spotless", hours, end, |_| 0);
    let only_good: Vec<&str> = only_good
        .lines()
        .filter(|line| line.contains("code=\"200\""))
        .collect();
    let only_good = only_good.join("\n") + "\n";
    samples.push_str(&only_good);
    samples.push_str(
        &only_good
            .replace("spotless", "unlabelled")
            .replace("code=", "status="),
    );
    text.push_str(&samples);
    text.push_str("# EOF\n");
    let (server, base) = server(&directory.join("whole"), &text, "").await?;

    let slo = Slo::new("99.9%".parse()?, "30d".parse()?)?;
    let gate = SloGate::new(slo.clone(), Prometheus::new(&base)?);
    let cluster = |name: &str| name.parse().expect("a name");
    let upgraded = Some(end - SignedDuration::from_hours(75));
    let verdict = gate.judge(&cluster("well"), upgraded, end).await;
    assert_eq!(verdict, SloVerdict::Pass, "well");
    let verdict = gate.judge(&cluster("spotless"), upgraded, end).await;
    assert_eq!(verdict, SloVerdict::Pass, "spotless");
    let verdict = gate.judge(&cluster("burning"), upgraded, end).await;
    let SloVerdict::Fail(burn) = &verdict else {
        panic!("{verdict:?}")
    };
    println!("pass: well\nfail: burning: {burn}");
    for (name, why) in [
        ("nobody", "no data"),
        ("silent", "the newest sample is"),
        ("unlabelled", "no data"),
    ] {
        let verdict = gate.judge(&cluster(name), upgraded, end).await;
        let SloVerdict::Inconclusive(doubts) = &verdict else {
            panic!("{name}: {verdict:?}")
        };
        // The instant lookback is five minutes: what is two hours old is no series at all.
        let told = doubts[0].to_string();
        println!("inconclusive: {name}: {told}");
        assert!(told.contains(why) || told.contains("no data"), "{told}");
    }
    // An hour after its upgrade the burn is seen at full strength, and the calm before it counts for nothing.
    let fresh = Some(end - SignedDuration::from_hours(1));
    let mut look = GateLook::at(end);
    look.upgraded = fresh;
    assert!(matches!(
        gate.check(&cluster("burning"), &look).await?,
        Verdict::Fail { .. }
    ));
    // Minutes after it, there are too few requests for a verdict.
    look.upgraded = Some(end - SignedDuration::from_mins(2));
    assert_eq!(gate.check(&cluster("well"), &look).await?, Verdict::Inconclusive);

    // A partial answer: one of two stores does not answer, the other's numbers come with a warning, and they look well.
    let remote = "remote_read: [{url: \"http://127.0.0.1:9/read\", read_recent: true}]\n";
    let (halved, partly) = self::server(&directory.join("partial"), &text, remote).await?;
    let verdict = SloGate::new(slo.clone(), Prometheus::new(&partly)?)
        .judge(&cluster("well"), upgraded, end)
        .await;
    let SloVerdict::Inconclusive(doubts) = &verdict else {
        panic!("half of the stores: {verdict:?}")
    };
    println!("inconclusive: a partial answer: {}", doubts[0]);
    assert!(doubts[0].to_string().contains("a partial answer"), "{verdict:?}");
    drop(halved);

    // Partial data: the errors are there, the requests are not; and a query that gives several series.
    let window = slo
        .rules()
        .next()
        .expect("a rule")
        .windows(end - SignedDuration::from_hours(75), end)[0];
    let partial = Prometheus::new(&base)?
        .requests("sum(increase(other_requests_total{cluster=\"$cluster\"}[$window]))");
    assert!(matches!(
        partial.read(&cluster("well"), &window).await,
        Reading::Missing(_)
    ));
    let several =
        Prometheus::new(&base)?.requests("increase(http_requests_total{cluster=\"$cluster\"}[$window])");
    assert!(matches!(
        several.read(&cluster("well"), &window).await,
        Reading::Missing(_)
    ));
    let wrong = Prometheus::new(&base)?.requests("sum(increase(");
    println!("a wrong query: {:?}", wrong.read(&cluster("well"), &window).await);
    assert!(matches!(
        wrong.read(&cluster("well"), &window).await,
        Reading::Missing(_)
    ));
    drop(server);
    // Nobody answers: no verdict.
    let verdict = gate.judge(&cluster("well"), upgraded, end).await;
    assert!(matches!(verdict, SloVerdict::Inconclusive(_)));
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
