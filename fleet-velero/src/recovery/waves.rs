//! After the data: operators, then the applications, in waves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::action::{Action, StepId};
use super::build::{Builder, applications_of};
use super::fact::{ClusterIndex, Fact, NamespaceIndex};
use crate::inventory::ClusterState;

/// Applications that are released together, the namespaces that are in sync then, and what must hold before.
type Wave<'a> = (BTreeSet<&'a str>, Vec<NamespaceIndex>, BTreeSet<Fact>);

impl Builder<'_> {
    /// Operators, then the applications, in waves.
    pub(super) fn release(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        among: &BTreeMap<&str, usize>,
        first: u32,
        gates: &BTreeSet<NamespaceIndex>,
    ) {
        let model = &self.options.model;
        let all_gated: Vec<Fact> = gates.iter().map(|index| Fact::Gated(*index)).collect();
        let running = Fact::OperatorsRunning(target);
        if cluster.is_hub {
            let mut needs = vec![Fact::GitReady, Fact::PlatformInstalled(target)];
            needs.extend(&all_gated);
            let gives = [Fact::Registered(target)];
            self.push(
                Action::InstallArgoCd { cluster: target },
                &needs,
                &gives,
                &[],
                model.bootstrap,
            );
        } else if !self.initial.contains(&running) {
            let mut needs = vec![Fact::PlatformInstalled(target)];
            needs.extend(&all_gated);
            let ends = [Fact::OperatorsHeld(target)];
            self.push(
                Action::RunOperators { cluster: target },
                &needs,
                &[running],
                &ends,
                model.pods,
            );
        }
        // An application comes with the last of its namespaces, and a namespace with the last of its applications.
        let mut of_application: BTreeMap<&str, u32> = BTreeMap::new();
        for (index, place) in (first..).zip(among.values()) {
            let level = self.namespaces[index as usize].level;
            for application in applications_of(&cluster.namespaces[*place]) {
                let wave = of_application.entry(application).or_default();
                *wave = level.max(*wave);
            }
        }
        let mut waves: BTreeMap<u32, Wave<'_>> = BTreeMap::new();
        let mut wave_of: HashMap<&str, u32> = HashMap::new();
        for (index, (name, place)) in (first..).zip(among) {
            let namespace = &cluster.namespaces[*place];
            let index = NamespaceIndex(index);
            let mut last = None;
            for application in applications_of(namespace) {
                let wave = of_application.get(application.as_str()).copied().unwrap_or(0);
                let (applications, _, needs) = waves.entry(wave).or_default();
                applications.insert(application);
                if gates.contains(&index) {
                    needs.insert(Fact::Gated(index));
                }
                last = last.max(Some(wave));
            }
            if let Some(wave) = last {
                wave_of.insert(name, wave);
                if let Some((_, namespaces, _)) = waves.get_mut(&wave) {
                    namespaces.push(index);
                }
            }
        }
        let index_of: HashMap<&str, u32> = among.keys().copied().zip(first..).collect();
        let count = waves.len();
        for (number, (wave, (applications, namespaces, mut needs))) in waves.into_iter().enumerate() {
            needs.extend([Fact::GitReady, Fact::Registered(target), Fact::SyncFrozen(target)]);
            if !cluster.is_hub {
                needs.insert(running);
            }
            for index in &namespaces {
                let name = self.namespaces[index.0 as usize].name.as_str();
                let place = among.get(name).copied().unwrap_or_default();
                for needed in &cluster.namespaces[place].depends_on {
                    if let (Some(earlier), Some(index)) =
                        (wave_of.get(needed.as_str()), index_of.get(needed.as_str()))
                        && *earlier < wave
                    {
                        needs.insert(Fact::Synced(NamespaceIndex(*index)));
                    }
                }
            }
            let gives: Vec<Fact> = namespaces.iter().map(|index| Fact::Synced(*index)).collect();
            let is_last = number + 1 == count;
            let ends: Vec<Fact> = is_last.then_some(Fact::SyncFrozen(target)).into_iter().collect();
            let release = Action::ReleaseSync {
                cluster: target,
                applications: applications.into_iter().map(str::to_owned).collect(),
                namespaces,
            };
            let needs: Vec<Fact> = needs.into_iter().collect();
            let id = self.push(release, &needs, &gives, &ends, model.sync.then(model.pods));
            // The last wave ends the freeze that the others need.
            if is_last {
                let others: Vec<StepId> = self.steps[..id.0 as usize]
                    .iter()
                    .filter(|step| matches!(&step.action, Action::ReleaseSync { cluster, .. } if *cluster == target))
                    .map(|step| step.id)
                    .collect();
                for other in others {
                    self.come_after(id, other);
                }
            }
        }
    }

    /// The facts by which every namespace of a cluster is back.
    pub(super) fn done(&self, target: ClusterIndex, first: u32) -> Vec<Fact> {
        let mut facts = vec![Fact::Declared];
        for (index, namespace) in (first..).zip(&self.namespaces[first as usize..]) {
            let index = NamespaceIndex(index);
            if self.givers.contains_key(&Fact::Synced(index)) {
                facts.push(Fact::Synced(index));
            } else if !namespace.backups.is_empty() {
                facts.push(Fact::Gated(index));
            }
        }
        facts.push(Fact::ClusterReady(target));
        facts
    }
}
