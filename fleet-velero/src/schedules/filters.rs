//! The filters of a resource policy, resolved: what is taken of which kind, in which namespace.

use std::collections::BTreeMap;

use fleet_core::{Selector, SelectorError};

use super::coverage::Uncovered;
use super::glob::Glob;
use super::names::resolve;
use super::policy::{ResourceFilter, ResourcePolicies};

/// What is taken of one kind.
#[derive(Clone, Debug)]
pub(super) struct KindFilter {
    /// Any of them; none: every object.
    selectors: Vec<Selector>,
    names: Vec<Glob>,
    excluded_names: Vec<Glob>,
}

impl KindFilter {
    fn of(filter: &ResourceFilter) -> Result<Self, SelectorError> {
        // An empty selector says nothing, in either place.
        let selectors = filter
            .label_selector
            .iter()
            .chain(filter.or_label_selectors.iter().flatten())
            .filter(|one| !one.match_labels.is_empty() || !one.match_expressions.is_empty());
        let globs =
            |list: &Option<Vec<String>>| list.iter().flatten().map(|text| Glob::lenient(text)).collect();
        Ok(Self {
            selectors: selectors.map(Selector::try_from).collect::<Result<_, _>>()?,
            names: globs(&filter.names),
            excluded_names: globs(&filter.excluded_names),
        })
    }

    /// Whether an object of the kind is taken.
    pub(super) fn take(&self, name: &str, labels: &BTreeMap<String, String>) -> Result<(), Uncovered> {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(name));
        if any(&self.excluded_names) || !(self.names.is_empty() || any(&self.names)) {
            return Err(Uncovered::NameNotInPolicy);
        }
        let value_of = |key: &str| labels.get(key).map(String::as_str);
        if self.selectors.is_empty() || self.selectors.iter().any(|one| one.matches_with(value_of)) {
            Ok(())
        } else {
            Err(Uncovered::Labels)
        }
    }
}

/// What is taken, by kind.
#[derive(Clone, Debug, Default)]
pub(super) struct ResourceFilters {
    kinds: BTreeMap<String, KindFilter>,
    others: Option<KindFilter>,
}

impl ResourceFilters {
    pub(super) fn of(filters: &[ResourceFilter]) -> Result<Self, SelectorError> {
        let mut found = Self::default();
        for filter in filters {
            let resolved = KindFilter::of(filter)?;
            if filter.is_catch_all() {
                found.others = Some(resolved);
            } else {
                let kinds = filter.kinds.iter().map(|kind| (resolve(kind), resolved.clone()));
                found.kinds.extend(kinds);
            }
        }
        Ok(found)
    }

    /// What holds for a resource; `None`: it is not named, and nothing catches the rest.
    pub(super) fn of_resource(&self, resource: &str) -> Option<&KindFilter> {
        self.kinds.get(resource).or(self.others.as_ref())
    }
}

/// The filters of namespaces, in the order of the policy.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespaceFilters(Vec<(Glob, ResourceFilters)>);

impl NamespaceFilters {
    pub(super) fn of(policies: &ResourcePolicies) -> Result<Self, SelectorError> {
        let mut found = Vec::new();
        for policy in &policies.namespaced_filter_policies {
            let filters = ResourceFilters::of(&policy.resource_filters)?;
            for namespace in &policy.namespaces {
                found.push((Glob::lenient(namespace), filters.clone()));
            }
        }
        Ok(Self(found))
    }

    /// The filters of a namespace: those of its name before those of patterns, and of patterns the first.
    pub(super) fn of_namespace(&self, namespace: &str) -> Option<&ResourceFilters> {
        let named = self.0.iter().find(|(glob, _)| glob.to_string() == namespace);
        let found = named.or_else(|| self.0.iter().find(|(glob, _)| glob.matches(namespace)))?;
        Some(&found.1)
    }
}
