//! The API server's own word on who asks for old versions: `apiserver_requested_deprecated_apis`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use fleet_core::MinorVersion;

use crate::finding::{Confidence, Finding, ObjectRef, Place, Severity};
use crate::lifecycle;
use crate::pass::Pass;
use crate::rules;
use crate::scan::Scanner;
use crate::verdict::Report;

impl Scanner {
    /// Reads a text in the format of Prometheus, as the API server gives it at `/metrics`.
    ///
    /// The gauge stays at 1 until the server starts again, and names no client; `apiserver_request_total` tells what was done.
    pub fn scan_metrics(&self, name: &str, text: &str) -> Report {
        let mut pass = Pass::new(self);
        pass.metrics(&Place::whole(name), text);
        pass.finish()
    }
}

impl Pass<'_> {
    pub(crate) fn metrics(&mut self, place: &Place, text: &str) {
        let mut requested: BTreeMap<Resource, Option<MinorVersion>> = BTreeMap::new();
        let mut verbs: BTreeMap<Resource, BTreeSet<String>> = BTreeMap::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("apiserver_requested_deprecated_apis{") {
                if let Some((labels, value)) = labels(rest)
                    && value != "0"
                {
                    requested.insert(
                        Resource::of(&labels),
                        get(&labels, "removed_release").parse().ok(),
                    );
                }
            } else if let Some(rest) = line.strip_prefix("apiserver_request_total{")
                && let Some((labels, value)) = labels(rest)
                && value != "0"
            {
                let verb = get(&labels, "verb").to_owned();
                verbs.entry(Resource::of(&labels)).or_default().insert(verb);
            }
        }
        for (resource, removed) in requested {
            let api = lifecycle::find_resource(&resource.group, &resource.version, &resource.plural);
            let api_version = match resource.group.as_str() {
                "" => resource.version.clone(),
                group => format!("{group}/{}", resource.version),
            };
            let subresource = match resource.subresource.as_str() {
                "" => String::new(),
                name => format!("/{name}"),
            };
            let verbs = verbs.get(&resource).map(|verbs| {
                let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
                format!(" ({})", verbs.join(", "))
            });
            let fate = removed.map_or_else(String::new, |removed| format!("; it goes in {removed}"));
            let message = format!(
                "some client has asked for {api_version} {}{subresource}{}{fate}",
                resource.plural,
                verbs.unwrap_or_default()
            );
            let object = ObjectRef {
                api_version: Cow::Owned(api_version),
                kind: api.map_or(Cow::Borrowed(""), |api| Cow::Borrowed(api.kind)),
                namespace: None,
                name: None,
            };
            let mut finding = Finding::new(&rules::API_REQUESTED, place.clone(), object, message);
            if let Some(api) = api {
                finding = self.with_life(finding, api);
            }
            finding.removed_in = finding.removed_in.or(removed);
            // A status is written by controllers, which the new release replaces.
            finding.confidence = Confidence::Weak;
            let breaks = finding
                .removed_in
                .is_some_and(|removed| removed <= self.scanner.target);
            finding.severity = if breaks && resource.subresource != "status" {
                Severity::Warning
            } else {
                Severity::Info
            };
            self.report(finding);
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Resource {
    group: String,
    version: String,
    plural: String,
    subresource: String,
}

impl Resource {
    fn of(labels: &[(&str, String)]) -> Self {
        Self {
            group: get(labels, "group").to_owned(),
            version: get(labels, "version").to_owned(),
            plural: get(labels, "resource").to_owned(),
            subresource: get(labels, "subresource").to_owned(),
        }
    }
}

fn get<'l>(labels: &'l [(&str, String)], name: &str) -> &'l str {
    labels
        .iter()
        .find(|(label, _)| *label == name)
        .map_or("", |(_, value)| value.as_str())
}

/// The labels of a sample after its opening brace, and the sample's value.
fn labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(value) = rest.strip_prefix('}') {
            return Some((labels, value.split_whitespace().next()?));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        loop {
            match chars.next()? {
                (_, '\\') => value.push(match chars.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (end, '"') => {
                    rest = &after[end + 1..];
                    break;
                }
                (_, other) => value.push(other),
            }
        }
        labels.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_braces_and_broken_lines_are_read() {
        let (seen, value) = labels(r#"a="x\"},y",b=""} 1.5e3 17"#).unwrap();
        assert_eq!(seen, [("a", "x\"},y".to_owned()), ("b", String::new())]);
        assert_eq!(value, "1.5e3");
        assert_eq!(labels(r#"a="x"#), None);
        assert_eq!(labels("}"), None);
    }
}
