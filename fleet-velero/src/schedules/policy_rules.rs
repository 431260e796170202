//! What the server refuses of a resource policy that reads.

use std::collections::BTreeMap;

use fleet_core::Selector;

use super::glob::Glob;
use super::policy::{
    IncludeExcludePolicy, PolicyError, ResourceFilter, ResourcePolicies, VolumeConditions, bytes_of,
};

/// Checks the rules in the server's order.
///
/// # Errors
/// The first that is broken.
pub(super) fn check(policies: &ResourcePolicies) -> Result<(), PolicyError> {
    for (place, policy) in policies.volume_policies.iter().enumerate() {
        conditions(&policy.conditions, &format!("volumePolicies[{place}].conditions"))?;
    }
    if let Some(policy) = &policies.include_exclude_policy {
        include_exclude(policy)?;
    }
    if let Some(policy) = &policies.cluster_scoped_filter_policy {
        let field = "clusterScopedFilterPolicy";
        if policy.resource_filters.is_empty() {
            return Err(rule(field, "it has no resourceFilters: take it out"));
        }
        if let Some(place) = policy
            .resource_filters
            .iter()
            .position(ResourceFilter::is_catch_all)
        {
            let field = format!("{field}.resourceFilters[{place}].kinds");
            return Err(rule(field, "the kinds must be named"));
        }
        filters(&policy.resource_filters, field)?;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, policy) in policies.namespaced_filter_policies.iter().enumerate() {
        let field = format!("namespacedFilterPolicies[{place}]");
        if policy.namespaces.is_empty() {
            return Err(rule(field, "at least one namespace must be named"));
        }
        if policy.resource_filters.is_empty() {
            return Err(rule(field, "it has no resourceFilters"));
        }
        for (at, namespace) in policy.namespaces.iter().enumerate() {
            let field = || format!("{field}.namespaces[{at}]");
            Glob::namespace(namespace).map_err(|error| rule(field(), error.to_string()))?;
            if let Some(other) = seen.insert(namespace, place) {
                let reason = format!("`{namespace}` is in namespacedFilterPolicies[{other}], too");
                return Err(rule(field(), reason));
            }
        }
        let mut all = policy
            .resource_filters
            .iter()
            .enumerate()
            .filter(|(_, one)| one.is_catch_all());
        if let Some((at, filter)) = all.next() {
            if filter.names.is_some() || filter.excluded_names.is_some() {
                let field = format!("{field}.resourceFilters[{at}]");
                return Err(rule(field, "a filter of every kind cannot go by names"));
            }
            if let Some((second, _)) = all.next() {
                let field = format!("{field}.resourceFilters[{second}]");
                return Err(rule(
                    field,
                    format!("resourceFilters[{at}] is of every kind, too"),
                ));
            }
        }
        filters(&policy.resource_filters, &field)?;
    }
    Ok(())
}

fn rule(field: impl Into<String>, reason: impl Into<String>) -> PolicyError {
    PolicyError::Rule {
        field: field.into(),
        reason: reason.into(),
    }
}

fn filters(filters: &[ResourceFilter], field: &str) -> Result<(), PolicyError> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, filter) in filters.iter().enumerate() {
        let field = format!("{field}.resourceFilters[{place}]");
        for kind in filter.kinds.iter().filter(|kind| *kind != "*") {
            if let Some(other) = seen.insert(kind, place) {
                let reason = format!("`{kind}` is in resourceFilters[{other}], too");
                return Err(rule(format!("{field}.kinds"), reason));
            }
        }
        let any_of = filter.or_label_selectors.as_deref().unwrap_or_default();
        let says = filter
            .label_selector
            .as_ref()
            .is_some_and(|one| !one.match_labels.is_empty() || !one.match_expressions.is_empty());
        if says && !any_of.is_empty() {
            return Err(rule(
                field,
                "labelSelector and orLabelSelectors: take one of them out",
            ));
        }
        for selector in filter.label_selector.iter().chain(any_of) {
            Selector::try_from(selector).map_err(|error| rule(&field, error.to_string()))?;
        }
    }
    Ok(())
}

fn include_exclude(policy: &IncludeExcludePolicy) -> Result<(), PolicyError> {
    let pairs = [
        (
            "ClusterScopedResources",
            &policy.included_cluster_scoped_resources,
            &policy.excluded_cluster_scoped_resources,
        ),
        (
            "NamespaceScopedResources",
            &policy.included_namespace_scoped_resources,
            &policy.excluded_namespace_scoped_resources,
        ),
    ];
    for (name, included, excluded) in pairs {
        for (side, list) in [("included", included), ("excluded", excluded)] {
            if list.iter().any(|one| one == "*") {
                let field = format!("includeExcludePolicy.{side}{name}");
                return Err(rule(field, "`*` is not allowed here: name the resources"));
            }
        }
        if let Some(both) = excluded.iter().find(|one| included.contains(one)) {
            let field = format!("includeExcludePolicy.excluded{name}");
            return Err(rule(field, format!("`{both}` is included and excluded")));
        }
    }
    Ok(())
}

fn conditions(conditions: &VolumeConditions, field: &str) -> Result<(), PolicyError> {
    if let Some(capacity) = conditions.capacity.as_ref().filter(|text| !text.is_empty()) {
        let field = format!("{field}.capacity");
        let Some((least, most)) = capacity.split_once(',') else {
            return Err(rule(
                field,
                format!("found `{capacity}`, expected a range as `10Gi,100Gi`"),
            ));
        };
        let bytes = |text: &str| match text.trim() {
            "" => Some(0),
            text => bytes_of(text),
        };
        match (bytes(least), bytes(most)) {
            (Some(least), Some(most)) if least <= most || most == 0 => {}
            (Some(_), Some(_)) => {
                return Err(rule(
                    field,
                    format!("`{capacity}`: the least is more than the greatest"),
                ));
            }
            _ => return Err(rule(field, format!("`{capacity}` is no range of quantities"))),
        }
    }
    if let Some(csi) = &conditions.csi
        && csi.contains_key("volumeAttributes")
        && csi
            .get("driver")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .is_empty()
    {
        return Err(rule(format!("{field}.csi"), "volumeAttributes need a driver"));
    }
    Ok(())
}
