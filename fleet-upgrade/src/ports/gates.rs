//! The gates of a policy: several by name, judged as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use fleet_core::ClusterName;
use futures::future::join_all;
use tracing::debug;

use super::{BoxError, GateLook, HealthGate, Verdict};
use crate::spec::{GateMoment, GateRule};

/// Gates by the names that policies call them.
pub(crate) type NamedGates = BTreeMap<String, Arc<dyn HealthGate>>;

/// What a run asks: the gate that is always asked, and those that its policy names, each at its moments.
pub(crate) struct AskedGates {
    always: Arc<dyn HealthGate>,
    named: Vec<(GateRule, Arc<dyn HealthGate>)>,
}

impl AskedGates {
    /// The gates of these rules.
    ///
    /// # Errors
    ///
    /// The first rule that names none of the gates there are.
    pub(crate) fn of<'r>(
        rules: &'r [GateRule],
        always: Arc<dyn HealthGate>,
        known: &NamedGates,
    ) -> Result<Self, &'r GateRule> {
        let named = rules.iter().map(|rule| match known.get(&rule.name) {
            Some(gate) => Ok((rule.clone(), Arc::clone(gate))),
            None => Err(rule),
        });
        Ok(Self {
            always,
            named: named.collect::<Result<_, _>>()?,
        })
    }
}

#[async_trait]
impl HealthGate for AskedGates {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        let asked = self.named.iter().filter(|(rule, _)| match rule.when {
            GateMoment::Always => true,
            GateMoment::Before => look.started.is_none(),
            GateMoment::After => look.upgraded.is_some(),
        });
        let mut answers = Vec::new();
        for (rule, gate) in asked {
            answers.push(async move {
                match gate.check(cluster, look).await {
                    Ok(Verdict::Fail { reason }) => Verdict::Fail {
                        reason: format!("{}: {reason}", rule.name),
                    },
                    Ok(verdict) => verdict,
                    Err(error) => {
                        debug!(%cluster, gate = %rule.name, %error, "no verdict");
                        Verdict::Inconclusive
                    }
                }
            });
        }
        let always = self.always.check(cluster, look).await?;
        let answers = join_all(answers).await;
        Ok(Verdict::together(answers.into_iter().chain([always])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Says(Verdict);

    #[async_trait]
    impl HealthGate for Says {
        async fn check(&self, _: &ClusterName, _: &GateLook) -> Result<Verdict, BoxError> {
            Ok(self.0.clone())
        }
    }

    fn fail() -> Verdict {
        Verdict::Fail {
            reason: "slow".into(),
        }
    }

    async fn asked(when: GateMoment, look: &GateLook) -> Verdict {
        let rules = [GateRule::new("slo").when(when)];
        let known = NamedGates::from([("slo".to_owned(), Arc::new(Says(fail())) as Arc<dyn HealthGate>)]);
        let gates =
            AskedGates::of(&rules, Arc::new(Says(Verdict::Pass)), &known).unwrap_or_else(|_| panic!());
        gates.check(&"eu".parse().unwrap(), look).await.unwrap()
    }

    #[tokio::test]
    async fn a_gate_is_asked_at_its_moments_and_named_in_its_reason() {
        let before = GateLook::at("2026-03-02T08:00:00Z".parse().unwrap());
        let during = GateLook {
            started: Some(before.now),
            ..before.clone()
        };
        let after = GateLook {
            upgraded: Some(before.now),
            ..during.clone()
        };
        let failed = Verdict::Fail {
            reason: "slo: slow".into(),
        };
        for (when, verdicts) in [
            (GateMoment::Always, [&failed, &failed, &failed]),
            (GateMoment::Before, [&failed, &Verdict::Pass, &Verdict::Pass]),
            (GateMoment::After, [&Verdict::Pass, &Verdict::Pass, &failed]),
        ] {
            for (look, verdict) in [&before, &during, &after].into_iter().zip(verdicts) {
                assert_eq!(asked(when, look).await, *verdict, "{when:?} {look:?}");
            }
        }
    }

    #[test]
    fn a_gate_that_nobody_has_is_told() {
        let rules = [GateRule::new("slo"), GateRule::new("jobs")];
        let known = NamedGates::from([(
            "slo".to_owned(),
            Arc::new(Says(Verdict::Pass)) as Arc<dyn HealthGate>,
        )]);
        let missing = AskedGates::of(&rules, Arc::new(Says(Verdict::Pass)), &known).err();
        assert_eq!(missing.map(|rule| rule.name.as_str()), Some("jobs"));
    }
}
