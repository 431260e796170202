//! The order of namespaces that need each other.

use std::collections::BTreeMap;

use super::PlanError;
use crate::inventory::ClusterState;

/// How deep each of these namespaces of a cluster stands: 0 needs none of the others. What is not among them is there.
pub(super) fn levels<'a>(
    cluster: &'a ClusterState,
    among: &BTreeMap<&'a str, usize>,
) -> Result<BTreeMap<&'a str, u32>, PlanError> {
    let needs = |name: &str| -> Vec<&'a str> {
        let place = among.get(name).copied().unwrap_or_default();
        let needed = cluster.namespaces[place].depends_on.iter().map(String::as_str);
        needed.filter(|needed| among.contains_key(needed)).collect()
    };
    let mut levels: BTreeMap<&str, u32> = BTreeMap::new();
    for start in among.keys().copied() {
        // Depth first, on a stack of our own: each entry is a namespace, and how many of its needs were looked at.
        let mut way: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((name, looked_at)) = way.last_mut() {
            let name = *name;
            if levels.contains_key(name) {
                way.pop();
                continue;
            }
            let all = needs(name);
            if let Some(next) = all.get(*looked_at).copied() {
                *looked_at += 1;
                if let Some(begin) = way.iter().position(|(known, _)| *known == next) {
                    let mut namespaces: Vec<String> =
                        way[begin..].iter().map(|(name, _)| (*name).to_owned()).collect();
                    namespaces.push(next.to_owned());
                    return Err(PlanError::DependencyCycle {
                        cluster: cluster.name.to_string(),
                        namespaces,
                    });
                }
                way.push((next, 0));
            } else {
                let level = all
                    .iter()
                    .filter_map(|name| levels.get(name))
                    .max()
                    .map_or(0, |level| level + 1);
                levels.insert(name, level);
                way.pop();
            }
        }
    }
    Ok(levels)
}
