//! The embedded hub and a real kube-apiserver are sent the same requests, and must give the same answers.
//!
//! Every request goes to both through a `kube::Client`. Status code, body and warnings are compared field by field, after
//! uids, revisions, times, generated names and allocated addresses are made alike. What differs must be among the listed
//! differences, each with its reason; they stand in fleet-sim's README, too.

mod cases;
mod normalise;
mod random;
mod server;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet_sim::Hub;
use kube::Client;
use serde_json::Value;

use normalise::{difference, normalised};
use server::{Answer, Server};

type TestResult = Result<(), Box<dyn std::error::Error>>;

const LEAST_REQUESTS: usize = 2_000;

/// Where the hub answers otherwise on purpose, and why. A request is matched by a part of its label.
const LISTED: &[(&str, &str)] = &[
    (
        "[owners]",
        "garbage collection happens within the write that causes it; a bare API server runs no such controller",
    ),
    (
        "[namespace end]",
        "a namespace is emptied within its deletion; a bare API server runs no namespace controller",
    ),
    (
        "[pod diff]",
        "the refusal of a changed pod ends in a Go diff of the two specs, which the hub does not print",
    ),
    (
        "[go value]",
        "the refusal shows a Go struct of Kubernetes' internal types, whose fields are not in its API",
    ),
    (
        "[whole object]",
        "a refused patch is shown with the whole object in it, whose fields Go orders as they were written",
    ),
    (
        "Job replace",
        "see [go value]: the immutable template is shown as a Go struct",
    ),
    (
        "definition no storage",
        "see [go value]: the versions are shown as Go structs",
    ),
    (
        "[repeated]",
        "a violation of metadata is told as often as Kubernetes' own checks overlap",
    ),
    (
        "[finalizer]",
        "see [advice]: names of finalizers without a domain",
    ),
    (
        "rule kept",
        "a real server answers without managedFields where an applier of another version is recorded",
    ),
    (
        "widget list spec",
        "the scale subresource's own complaint about a spec that is a list is left out",
    ),
    (
        "widget 21",
        "a refused object brings no warnings about fields that it would have lost",
    ),
    (
        "scale: text",
        "a scale that does not decode is refused for custom resources in other words",
    ),
    (
        "delete options",
        "options that are no object are refused in the decoder's own words",
    ),
    (
        "continue=",
        "a token that is none is refused in the decoder's own words",
    ),
    ("secret 4", "see [advice]: contents of certificates"),
    ("deployment 18", "see [advice]: DNS names of pods"),
    ("empty object", "see [json error]: an object without a kind"),
    (
        "[json error]",
        "a body that is no JSON object is refused with the same code; the words are the decoder's own",
    ),
    (
        "[method]",
        "a method that the path does not have is refused; which refusal comes first differs",
    ),
    (
        "[schema error]",
        "the words of structured-merge-diff for a value of the wrong type show Go's own values",
    ),
    (
        "[selector words]",
        "a selector that does not parse is refused with the same code; ours says where it stops",
    ),
    (
        "[advice]",
        "advice in warnings that judges contents: DNS names of pods, certificates, names of finalizers",
    ),
];

#[tokio::test]
#[ignore = "needs a real API server of its own; .ci/run starts one"]
async fn the_hub_answers_as_a_real_api_server_does() -> TestResult {
    let hub = Hub::builder()
        .seed(1)
        .starting_at(jiff::Timestamp::now())
        .start()?;
    let mut hub = Server::new(Client::new(hub.service(), "default"));
    let mut real = Server::new(Client::try_default().await?);
    let mut requests = cases::all();
    for seed in 0..12 {
        requests.extend(random::applies(seed));
    }
    let (mut differences, mut listed) = (Vec::new(), BTreeMap::<&str, usize>::new());
    let mut report = String::new();
    // Shows whole answers of the requests whose label begins so.
    let trace = std::env::var("FLEET_DIFFERENTIAL_TRACE").ok();
    for request in &requests {
        let (ours, theirs) = tokio::join!(hub.send(request), real.send(request));
        let (ours, theirs) = (ours?, theirs?);
        if trace
            .as_deref()
            .is_some_and(|part| request.label.starts_with(part))
        {
            println!(
                "TRACE {} {} {} {}\n  {} {}\n  {} {}",
                request.label,
                request.method,
                request.path,
                String::from_utf8_lossy(&request.body),
                ours.code,
                ours.body,
                theirs.code,
                theirs.body
            );
        }
        let Some(found) = compare(&ours, &theirs) else {
            continue;
        };
        let reason = LISTED
            .iter()
            .find(|(part, _)| request.label.contains(part) || request.path.contains(part));
        writeln!(
            report,
            "## {}{}\n{} {}\n{}\n{found}",
            if reason.is_some() { "listed: " } else { "" },
            request.label,
            request.method,
            request.path,
            String::from_utf8_lossy(&request.body)
        )?;
        if let Some((part, _)) = reason {
            *listed.entry(part).or_default() += 1;
            continue;
        }
        differences.push(format!(
            "{}: {} {}\n{found}",
            request.label, request.method, request.path
        ));
    }
    if let Some(path) = std::env::var_os("FLEET_DIFFERENTIAL_REPORT") {
        std::fs::write(path, &report)?;
    }
    println!(
        "{} requests, {} listed differences, {} others",
        requests.len(),
        listed.values().sum::<usize>(),
        differences.len()
    );
    for (part, reason) in LISTED {
        println!("  {part} {}: {reason}", listed.get(part).copied().unwrap_or(0));
    }
    assert!(
        requests.len() >= LEAST_REQUESTS,
        "only {} requests",
        requests.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    Ok(())
}

fn compare(ours: &Answer, theirs: &Answer) -> Option<String> {
    if ours.code != theirs.code {
        return Some(format!(
            "code: hub {}, server {}\n  hub    {}\n  server {}",
            ours.code,
            theirs.code,
            ours.text(),
            theirs.text()
        ));
    }
    if ours.warnings != theirs.warnings {
        return Some(format!(
            "warnings: hub {:?}, server {:?}",
            ours.warnings, theirs.warnings
        ));
    }
    let (ours, theirs) = (normalised(&ours.body), normalised(&theirs.body));
    let found = difference(&ours, &theirs);
    (!found.is_empty()).then(|| found.join("\n"))
}

/// The part of an answer that is shown when the codes differ.
fn message(body: &Value) -> String {
    body["message"]
        .as_str()
        .map_or_else(|| body.to_string().chars().take(300).collect(), str::to_owned)
}
