//! Address ranges: of pods, services and machines, none of which may overlap.

use fleet_core::yaml::FieldPath;
use ipnet::IpNet;
use serde_json::Value;

use super::mistake::{Found, Problem};
use super::tree::{Tree, path};

/// A range, and where it stands.
struct Range<'a> {
    object: &'a Tree,
    at: FieldPath,
    /// What it is for.
    what: &'static str,
    net: IpNet,
}

pub(super) fn check(new: &[Tree], there: &[Tree], mistakes: &mut Found) {
    for cluster in new.iter().filter(|object| object.is("Cluster")) {
        let mut ranges = Vec::new();
        for what in ["services", "pods"] {
            let at = format!("spec.clusterNetwork.{what}.cidrBlocks");
            let found = of_list(cluster, &at, what, mistakes);
            families(cluster, &at, &found, mistakes);
            // What a class sets up may be anything.
            if let Some(control_plane) = referred(cluster, "spec.controlPlaneRef", new, there)
                && control_plane.is("KubeadmControlPlane")
                && !(what == "pods" && has_node_mask(control_plane))
            {
                for range in &found {
                    size(range, mistakes);
                }
            }
            ranges.extend(found);
        }
        if let Some(infrastructure) = referred(cluster, "spec.infrastructureRef", new, there) {
            ranges.extend(machines(infrastructure, mistakes));
        }
        for (index, range) in ranges.iter().enumerate() {
            if let Some(other) = ranges[..index]
                .iter()
                .find(|other| overlap(&range.net, &other.net))
            {
                let problem = Problem::Overlap {
                    range: range.net.to_string(),
                    other: other.what.to_owned(),
                    other_range: other.net.to_string(),
                };
                range.object.mistake(range.at.clone(), problem, mistakes);
            }
        }
    }
}

/// The object that a Cluster refers to.
fn referred<'a>(cluster: &Tree, at: &str, new: &'a [Tree], there: &'a [Tree]) -> Option<&'a Tree> {
    let text = |field: &str| cluster.text(&format!("{at}.{field}"));
    let (group, kind, name) = (text("apiGroup")?, text("kind")?, text("name")?);
    let mut all = new.iter().chain(there);
    all.find(|object| {
        object.group == group
            && object.kind == kind
            && object.name == name
            && object.namespace == cluster.namespace
    })
}

/// The network of the machines, as the providers have it. Its subnets are checked against it and each other.
fn machines<'a>(object: &'a Tree, mistakes: &mut Found) -> Vec<Range<'a>> {
    let (whole, subnets) = match object.kind {
        "AWSCluster" => {
            let whole = of_text(object, "spec.network.vpc.cidrBlock", "VPC", mistakes);
            let subnets = of_items(object, "spec.network.subnets", "cidrBlock", mistakes);
            (whole.into_iter().collect::<Vec<_>>(), subnets)
        }
        "AzureCluster" => {
            let whole = of_list(object, "spec.networkSpec.vnet.cidrBlocks", "VNet", mistakes);
            let subnets = of_items(object, "spec.networkSpec.subnets", "cidrBlocks", mistakes);
            (whole, subnets)
        }
        _ => return Vec::new(),
    };
    for (index, subnet) in subnets.iter().enumerate() {
        if let Some(other) = subnets[..index]
            .iter()
            .find(|other| overlap(&subnet.net, &other.net))
        {
            let problem = Problem::Overlap {
                range: subnet.net.to_string(),
                other: "another subnet".to_owned(),
                other_range: other.net.to_string(),
            };
            object.mistake(subnet.at.clone(), problem, mistakes);
        }
        let mut of_family = whole
            .iter()
            .filter(|whole| same_family(&whole.net, &subnet.net))
            .peekable();
        if let Some(first) = of_family.peek().map(|first| (first.what, first.net))
            && !of_family.any(|whole| whole.net.contains(&subnet.net))
        {
            let problem = Problem::Outside {
                range: subnet.net.to_string(),
                other: first.0.to_owned(),
                whole: first.1.to_string(),
            };
            object.mistake(subnet.at.clone(), problem, mistakes);
        }
    }
    // Where no whole is given the subnets stand for it.
    if whole.is_empty() { subnets } else { whole }
}

/// One range, or one of each family.
fn families(object: &Tree, at: &str, ranges: &[Range<'_>], mistakes: &mut Found) {
    let is_pair = matches!(ranges, [a, b] if !same_family(&a.net, &b.net));
    if ranges.len() > 1 && !is_pair {
        let problem = Problem::Invalid {
            found: format!("{} ranges", ranges.len()),
            expected: "one range, or one of IPv4 and one of IPv6",
        };
        object.mistake(path(at), problem, mistakes);
    }
}

/// What kubeadm refuses, on the first machine and long after the webhooks have said yes: its limits on the length of a prefix.
/// A node has a part of the pods' range, of 256 addresses or a `/64`, and there may be 65,536 nodes; the allocator of services
/// holds 2^20 addresses.
fn size(range: &Range<'_>, mistakes: &mut Found) {
    let (least, most, expected) = match (range.what, range.net) {
        ("services", IpNet::V4(_)) => (
            12,
            28,
            "a prefix from /12 to /28: kubeadm takes no other for services",
        ),
        ("services", IpNet::V6(_)) => (
            108,
            124,
            "a prefix from /108 to /124: kubeadm takes no other for services",
        ),
        (_, IpNet::V4(_)) => (
            8,
            24,
            "a prefix from /8 to /24: each node takes a /24 for its pods",
        ),
        (_, IpNet::V6(_)) => (
            48,
            64,
            "a prefix from /48 to /64: each node takes a /64 for its pods",
        ),
    };
    if !(least..=most).contains(&range.net.prefix_len()) {
        let problem = Problem::Invalid {
            found: range.net.to_string(),
            expected,
        };
        range.object.mistake(range.at.clone(), problem, mistakes);
    }
}

/// Whether nodes have other parts of the pods' range than the default ones.
fn has_node_mask(control_plane: &Tree) -> bool {
    let args = control_plane.list("spec.kubeadmConfigSpec.clusterConfiguration.controllerManager.extraArgs");
    let mut names = args.iter().filter_map(|arg| arg.get("name")?.as_str());
    names.any(|name| name.starts_with("node-cidr-mask-size"))
}

fn of_text<'a>(object: &'a Tree, at: &str, what: &'static str, mistakes: &mut Found) -> Option<Range<'a>> {
    read(object, path(at), what, object.at(at)?, mistakes)
}

fn of_list<'a>(object: &'a Tree, at: &str, what: &'static str, mistakes: &mut Found) -> Vec<Range<'a>> {
    let items = object.list(at).iter().enumerate();
    items
        .filter_map(|(index, item)| read(object, path(at).index(index), what, item, mistakes))
        .collect()
}

/// The ranges of each item of a list, which are a text or a list of texts.
fn of_items<'a>(object: &'a Tree, at: &str, field: &str, mistakes: &mut Found) -> Vec<Range<'a>> {
    let mut ranges = Vec::new();
    for (index, item) in object.list(at).iter().enumerate() {
        let at = path(at).index(index).field(field);
        match item.get(field) {
            Some(Value::Array(list)) => {
                let found = list.iter().enumerate();
                ranges.extend(found.filter_map(|(index, item)| {
                    read(object, at.clone().index(index), "subnet", item, mistakes)
                }));
            }
            Some(text) => ranges.extend(read(object, at, "subnet", text, mistakes)),
            None => {}
        }
    }
    ranges
}

fn read<'a>(
    object: &'a Tree,
    at: FieldPath,
    what: &'static str,
    value: &Value,
    mistakes: &mut Found,
) -> Option<Range<'a>> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    if let Ok(net) = text.parse::<IpNet>() {
        let net = net.trunc();
        return Some(Range {
            object,
            at,
            what,
            net,
        });
    }
    let problem = Problem::Invalid {
        found: format!("{text:?}"),
        expected: "an address range such as 10.0.0.0/16",
    };
    object.mistake(at, problem, mistakes);
    None
}

fn same_family(a: &IpNet, b: &IpNet) -> bool {
    matches!(
        (a, b),
        (IpNet::V4(_), IpNet::V4(_)) | (IpNet::V6(_), IpNet::V6(_))
    )
}

fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}
