//! Which few clusters stand for many: a greedy cover of the pairs of features that occur.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::FleetCluster;

/// Pairs of features, each `label=value`, by number.
pub(crate) struct Features {
    /// For each candidate, its pairs.
    of: Vec<Vec<u32>>,
    pairs: usize,
}

/// A cluster that was chosen, and how many pairs it was the first to have.
pub(crate) struct Chosen {
    pub(crate) candidate: usize,
    pub(crate) covers: u32,
}

impl Features {
    /// The features of the candidates by these labels; without labels by those that tell them apart in a few
    /// kinds: every label with at least two and at most `KINDS` values, the provider and the minor version.
    pub(crate) fn of(candidates: &[&FleetCluster], labels: &[String]) -> Self {
        let named: BTreeSet<String>;
        let labels = if labels.is_empty() {
            named = telling(candidates);
            named.iter().map(String::as_str).collect::<Vec<_>>()
        } else {
            labels.iter().map(String::as_str).collect()
        };
        let mut numbers: BTreeMap<(String, String), u32> = BTreeMap::new();
        let of = candidates
            .iter()
            .map(|cluster| {
                let mut features: Vec<String> = labels
                    .iter()
                    .map(|label| format!("{label}={}", cluster.label(label).unwrap_or("")))
                    .collect();
                features.push(format!("provider={}", cluster.provider()));
                features.push(format!("version={}", cluster.version().minor_version()));
                let mut pairs = Vec::new();
                for (index, one) in features.iter().enumerate() {
                    for other in &features[index + 1..] {
                        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                        pairs.push(*numbers.entry((one.clone(), other.clone())).or_insert(next));
                    }
                }
                pairs
            })
            .collect();
        Self {
            of,
            pairs: numbers.len(),
        }
    }

    /// How many pairs of features occur.
    pub(crate) fn pairs(&self) -> u32 {
        u32::try_from(self.pairs).unwrap_or(u32::MAX)
    }

    /// The fewest candidates that a greedy choice finds to cover all pairs, at most `most`; of equals the first.
    pub(crate) fn cover(&self, most: usize) -> Vec<Chosen> {
        let mut covered = vec![false; self.pairs];
        let new = |candidate: usize, covered: &[bool]| {
            self.of[candidate]
                .iter()
                .filter(|pair| !covered[**pair as usize])
                .count()
        };
        // What a candidate would add only ever shrinks: a heap with old values needs to look again at its head alone.
        let mut heap: std::collections::BinaryHeap<(usize, std::cmp::Reverse<usize>)> = (0..self.of.len())
            .map(|candidate| (self.of[candidate].len(), std::cmp::Reverse(candidate)))
            .collect();
        let mut chosen = Vec::new();
        while let Some((value, std::cmp::Reverse(candidate))) = heap.pop() {
            if chosen.len() >= most {
                break;
            }
            let now = new(candidate, &covered);
            if now == 0 {
                continue;
            }
            if now < value {
                heap.push((now, std::cmp::Reverse(candidate)));
                continue;
            }
            for pair in &self.of[candidate] {
                covered[*pair as usize] = true;
            }
            chosen.push(Chosen {
                candidate,
                covers: u32::try_from(now).unwrap_or(u32::MAX),
            });
        }
        chosen
    }
}

/// The labels that sort the candidates into a few kinds.
fn telling(candidates: &[&FleetCluster]) -> BTreeSet<String> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for cluster in candidates {
        for (label, value) in cluster.labels().iter() {
            values.entry(label).or_default().insert(value);
        }
    }
    values
        .into_iter()
        .filter(|(_, values)| (2..=KINDS).contains(&values.len()))
        .map(|(label, _)| label.to_owned())
        .collect()
}

/// A label with more values than this is a name, not a kind.
const KINDS: usize = 12;

#[cfg(test)]
mod tests {
    use fleet_core::Labels;

    use super::*;

    #[test]
    fn few_clusters_cover_what_occurs() {
        let cluster = |name: &str, cni: &str, os: &str| {
            FleetCluster::new(name.parse().unwrap(), "v1.30.0".parse().unwrap())
                .with_labels(Labels::from_pairs([("cni", cni), ("os", os)]).unwrap())
        };
        let clusters = [
            cluster("a", "cilium", "flatcar"),
            cluster("b", "cilium", "flatcar"),
            cluster("c", "calico", "ubuntu"),
            cluster("d", "calico", "flatcar"),
            cluster("e", "cilium", "ubuntu"),
        ];
        let candidates: Vec<&FleetCluster> = clusters.iter().collect();
        let features = Features::of(&candidates, &[]);
        let chosen: Vec<usize> = features
            .cover(usize::MAX)
            .iter()
            .map(|chosen| chosen.candidate)
            .collect();
        // Four combinations of CNI and OS: no fewer than four clusters have them all; b adds nothing to a.
        assert_eq!(chosen, [0, 2, 3, 4]);
        assert_eq!(features.cover(2).len(), 2);
    }
}
