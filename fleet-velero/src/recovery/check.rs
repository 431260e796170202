//! A plan run on paper: whether each step may be done when it is its turn, and what is there in the end.

use std::collections::BTreeSet;

use super::action::{Action, Owner};
use super::{Fact, PartOutcome, RecoveryPlan, StepId};
use crate::inventory::FleetState;

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A step is reached and what it needs does not hold.
    #[error("step {step} needs what does not hold: {fact}")]
    Needs {
        /// The step's number.
        step: u32,
        /// What it needs.
        fact: String,
    },
    /// A restore reads what the disaster took, or what is suspect.
    #[error("step {step} restores from {backup}, which the disaster took")]
    TakenBackup {
        /// The step's number.
        step: u32,
        /// The backup.
        backup: String,
    },
    /// An object is owned by another than the plan says.
    #[error("{part} is owned by {found:?} in the end, and {expected:?} was planned")]
    Owner {
        /// The object.
        part: String,
        /// Who owns it.
        found: Owner,
        /// Who was to own it.
        expected: Owner,
    },
    /// Argo CD synced a namespace before its data was there: the volumes are empty.
    #[error("step {step} syncs {namespace} before its data is restored")]
    WorkloadBeforeData {
        /// The step's number.
        step: u32,
        /// The namespace.
        namespace: String,
    },
}

impl RecoveryPlan {
    /// Runs the plan on paper, in its own order.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, fleet: &FleetState) -> Result<(), Violation> {
        let order: Vec<StepId> = self.steps.iter().map(|step| step.id).collect();
        self.check_in(fleet, &order)
    }

    /// Runs the plan on paper in another order, as an executor that does steps at the same time might.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check_in(&self, fleet: &FleetState, order: &[StepId]) -> Result<(), Violation> {
        let mut facts: BTreeSet<_> = self.initial.iter().copied().collect();
        let mut owners: Vec<Vec<Owner>> = self
            .namespaces
            .iter()
            .map(|namespace| vec![Owner::Nobody; namespace.parts.len()])
            .collect();
        let mut restored = vec![false; self.namespaces.len()];
        for id in order {
            let step = self.step(*id);
            let number = id.number();
            if let Some(missing) = step.needs.iter().find(|fact| !facts.contains(fact)) {
                return Err(Violation::Needs {
                    step: number,
                    fact: self.describe(*missing),
                });
            }
            match &step.action {
                Action::Restore(restore) => {
                    let source = self.backup(restore.backup);
                    let methods = restore
                        .namespaces
                        .iter()
                        .flat_map(|index| &self.namespace(*index).parts);
                    let methods = methods
                        .filter(|part| part.backup == Some(restore.backup))
                        .filter_map(|part| part.method);
                    let made_by = fleet.cluster(&source.made_by);
                    let mut data_is_gone = methods.filter(|method| {
                        made_by.is_none_or(|made_by| !self.losses.spares_data(made_by, *method))
                    });
                    if !self.is_left(fleet, restore.backup) || data_is_gone.next().is_some() {
                        return Err(Violation::TakenBackup {
                            step: number,
                            backup: source.name.clone(),
                        });
                    }
                    for index in &restore.namespaces {
                        let at = index.0 as usize;
                        restored[at] = true;
                        for (part, owner) in self.namespaces[at].parts.iter().zip(&mut owners[at]) {
                            if part.backup == Some(restore.backup) {
                                *owner = Owner::Velero;
                            }
                        }
                    }
                }
                Action::ReleaseSync { namespaces, .. } => {
                    for index in namespaces {
                        let at = index.0 as usize;
                        let namespace = &self.namespaces[at];
                        if !restored[at] && !namespace.backups.is_empty() {
                            return Err(Violation::WorkloadBeforeData {
                                step: number,
                                namespace: namespace.name.clone(),
                            });
                        }
                        for (part, owner) in namespace.parts.iter().zip(&mut owners[at]) {
                            if part.owner == Owner::Git {
                                *owner = Owner::Git;
                            }
                        }
                    }
                }
                _ => {}
            }
            for fact in &step.ends {
                facts.remove(fact);
            }
            facts.extend(step.gives.iter().copied());
        }
        for (namespace, owners) in self.namespaces.iter().zip(owners) {
            let operators = facts.contains(&Fact::OperatorsRunning(namespace.cluster));
            for (outcome, mut found) in namespace.parts.iter().zip(owners) {
                let PartOutcome {
                    part,
                    owner,
                    is_synced,
                    ..
                } = outcome;
                if *is_synced && operators {
                    found = Owner::Git;
                }
                if *owner != found {
                    return Err(Violation::Owner {
                        part: format!("{}/{part}", namespace.name),
                        found,
                        expected: *owner,
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether a backup of the plan, and its location, are there after the disaster: looked up anew.
    fn is_left(&self, fleet: &FleetState, index: super::BackupIndex) -> bool {
        let source = self.backup(index);
        let Some(cluster) = fleet.cluster(&source.made_by) else {
            return false;
        };
        let Some(point) = cluster.backups.iter().find(|point| point.name == source.name) else {
            return false;
        };
        let name = point.location.as_deref().unwrap_or(cluster.default_location());
        let spared = cluster
            .location(name)
            .is_some_and(|location| self.losses.spares_location(location));
        spared && self.losses.trusts(point)
    }
}
