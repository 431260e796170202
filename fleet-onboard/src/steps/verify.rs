//! Step 13: nothing keeps the cluster from taking workloads.

use async_trait::async_trait;
use jiff::SignedDuration;

use super::{Progress, Step, StepFailure};
use crate::saga::StepSpec;
use crate::verify::{Finding, benchmark_for, read_connectivity, read_kube_bench};
use crate::{Context, OnboardRequest};

pub(super) struct Verify;

#[async_trait]
impl Step for Verify {
    fn spec(&self) -> StepSpec {
        let requires = [
            "default-deny",
            "cert-manager",
            "policies",
            "backup",
            "data-source",
            "dashboard",
        ];
        StepSpec::new("verify", "Verify: preflight, kube-bench, connectivity", requires)
            .takes(SignedDuration::from_mins(5), SignedDuration::from_mins(30))
    }

    fn impossible(&self, request: &OnboardRequest) -> Option<String> {
        benchmark_of(request).is_none().then(|| no_benchmark(request))
    }

    async fn act(&self, _: &Context) -> Result<(), StepFailure> {
        // The tools run by themselves; what they found is asked for until it is there.
        Ok(())
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        let (request, evidence) = (&context.request, &context.evidence);
        let name = request.name();
        let Some(mut findings) = evidence.preflight(name).await? else {
            return Ok(Progress::Waiting("for the preflight scan".to_owned()));
        };
        let Some(benchmark) = evidence.kube_bench(name).await? else {
            return Ok(Progress::Waiting("for kube-bench".to_owned()));
        };
        let Some(report) = evidence.connectivity(name).await? else {
            return Ok(Progress::Waiting("for the connectivity test".to_owned()));
        };
        let expected = benchmark_of(request).ok_or_else(|| StepFailure::for_good(no_benchmark(request)))?;
        let benchmark =
            read_kube_bench(&benchmark).map_err(|error| StepFailure::for_good(error.to_string()))?;
        findings.extend(benchmark.findings(expected, &request.accepted_checks));
        let connectivity =
            read_connectivity(&report).map_err(|error| StepFailure::for_good(error.to_string()))?;
        findings.extend(connectivity.findings());
        if findings.is_empty() {
            return Ok(Progress::Done);
        }
        let text: Vec<_> = findings.iter().map(Finding::to_string).collect();
        Err(StepFailure::for_good(text.join("\n")))
    }
}

/// The CIS benchmark that a cluster is held against.
fn benchmark_of(request: &OnboardRequest) -> Option<&str> {
    let is_managed = request.cluster.nodes().control_plane == 0;
    let fitting = benchmark_for(request.cluster.version(), request.cluster.provider(), is_managed);
    request.benchmark.as_deref().or(fitting)
}

fn no_benchmark(request: &OnboardRequest) -> String {
    format!(
        "no CIS benchmark is known for Kubernetes {}; set `OnboardRequest::benchmark`",
        request.cluster.version()
    )
}
