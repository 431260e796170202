//! Conversions between the versions: what is lost, what is kept, and that nothing else changes.
//!
//! The whole is held against the real conversion webhooks by `e2e/tests/conversion.rs`.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod upstream;

use fleet_capi::conversion::{ApiVersions, ConversionError, DATA_ANNOTATION, to_v1beta1, to_v1beta2};
use fleet_capi::{Object, v1beta1, v1beta2};
use fleet_core::yaml;
use serde_json::{Value, json};

use upstream::valid::Valid;
use upstream::{diff, drop_empty, pairs};

/// Kinds that both versions of Cluster API itself have.
const CONVERTED: [&str; 17] = [
    "Cluster",
    "ClusterClass",
    "ClusterResourceSet",
    "ClusterResourceSetBinding",
    "ExtensionConfig",
    "IPAddress",
    "IPAddressClaim",
    "KubeadmConfig",
    "KubeadmConfigTemplate",
    "KubeadmControlPlane",
    "KubeadmControlPlaneTemplate",
    "Machine",
    "MachineDeployment",
    "MachineDrainRule",
    "MachineHealthCheck",
    "MachinePool",
    "MachineSet",
];

#[test]
fn v1beta2_comes_back_from_v1beta1_unchanged() {
    // One conversion first: the object is then as upstream's encoder writes it.
    there_and_back("v1beta2", |object| {
        let settled = to_v1beta2(&to_v1beta1(object, &versions()).unwrap()).unwrap();
        let back = to_v1beta2(&to_v1beta1(&settled, &versions()).unwrap()).unwrap();
        (settled, back)
    });
}

#[test]
fn v1beta1_comes_back_from_v1beta2_but_for_what_v1beta2_dropped() {
    there_and_back("v1beta1", |object| {
        let settled = to_v1beta1(&to_v1beta2(object).unwrap(), &versions()).unwrap();
        let back = to_v1beta1(&to_v1beta2(&settled).unwrap(), &versions()).unwrap();
        (settled, back)
    });
}

#[test]
fn what_a_first_conversion_changes_is_a_known_list() {
    // Every field of an object with all of them, there and back: only these are not as they were.
    let Some(pairs) = pairs() else { return };
    let mut changed = std::collections::BTreeSet::new();
    for pair in pairs
        .iter()
        .filter(|pair| CONVERTED.contains(&pair.kind.as_str()))
    {
        let value = object(pair, &mut Valid::new(1), 100);
        let read = Object::from_value(value.clone()).unwrap();
        let mut back = if pair.version == "v1beta2" {
            to_v1beta2(&to_v1beta1(&read, &versions()).unwrap())
        } else {
            to_v1beta1(&to_v1beta2(&read).unwrap(), &versions())
        }
        .unwrap();
        if let Some(annotations) = &mut back.metadata_mut().annotations {
            annotations.remove(DATA_ANNOTATION);
        }
        back.metadata_mut()
            .annotations
            .take_if(|annotations| annotations.is_empty());
        let mut differences = Vec::new();
        diff("", &value, &back.to_value().unwrap(), &mut differences);
        for difference in differences {
            let path = difference.split(':').next().unwrap_or_default();
            let path: String = path
                .split('[')
                .map(|part| part.split_once(']').map_or(part, |p| p.1))
                .collect();
            changed.insert(format!("{} {}{path}", pair.version, pair.kind));
        }
    }
    insta::assert_snapshot!(changed.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_guides_cluster_in_v1beta2() {
    let text = include_str!("fixtures/cluster.yaml");
    let mut converted = String::new();
    for document in yaml::documents(text).unwrap() {
        let object = Object::decode(&document).unwrap();
        match to_v1beta2(&object) {
            Ok(object) => converted.extend(["---\n", &yaml::to_string(&object).unwrap()]),
            Err(ConversionError::Kind { kind }) => converted.extend(["--- # ", &kind, ": no conversion\n"]),
            Err(error) => panic!("{error}"),
        }
    }
    insta::assert_snapshot!(converted);
}

#[test]
fn a_false_that_was_said_is_kept_and_one_that_was_not_is_not() {
    for (paused, expected) in [(Some(false), Some(false)), (None, None), (Some(true), Some(true))] {
        let mut cluster = v1beta2::Cluster::new("a", v1beta2::ClusterSpec::default());
        cluster.spec.paused = paused;
        let older = to_v1beta1(&cluster.into(), &versions()).unwrap();
        let Object::ClusterV1beta1(cluster) = &older else {
            panic!("{older:?}")
        };
        assert_eq!(cluster.spec.paused, paused.filter(|paused| *paused));
        let newer = v1beta2::Cluster::try_from(to_v1beta2(&older).unwrap()).unwrap();
        assert_eq!(newer.spec.paused, expected);
        assert_eq!(newer.metadata.annotations, None);
    }
    // A change made in v1beta1 wins over what is kept.
    let mut cluster = v1beta2::Cluster::new("a", v1beta2::ClusterSpec::default());
    cluster.spec.paused = Some(false);
    let older = to_v1beta1(&cluster.into(), &versions()).unwrap();
    let mut older = v1beta1::Cluster::try_from(older).unwrap();
    older.spec.paused = Some(true);
    let newer = v1beta2::Cluster::try_from(to_v1beta2(&older.into()).unwrap()).unwrap();
    assert_eq!(newer.spec.paused, Some(true));
}

#[test]
fn what_cannot_be_converted_says_why() {
    let machine = |timeout: &str| {
        Object::from_value(json!({
            "apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine", "metadata": {"name": "a"},
            "spec": {"clusterName": "a", "bootstrap": {}, "infrastructureRef": {}, "nodeDrainTimeout": timeout},
        }))
        .unwrap()
    };
    assert_eq!(
        to_v1beta2(&machine("a while")).unwrap_err().to_string(),
        "`nodeDrainTimeout` is \"a while\", which is no duration: write hours, minutes and seconds, such as 1h30m"
    );
    let newer = Object::from_value(json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster", "metadata": {"name": "a"},
        "spec": {"infrastructureRef": {"apiGroup": "infrastructure.example.com", "kind": "ExampleCluster", "name": "a"}},
    }))
    .unwrap();
    assert_eq!(
        to_v1beta1(&newer, &versions()).unwrap_err().to_string(),
        "no API version is known for ExampleCluster of infrastructure.example.com: add it to the `ApiVersions`"
    );
    let known = versions().with("infrastructure.example.com", "ExampleCluster", "v1");
    assert!(to_v1beta1(&newer, &known).is_ok());

    let mut kept = to_v1beta1(&newer, &known).unwrap();
    let annotations = kept.metadata_mut().annotations.as_mut().unwrap();
    annotations.insert(DATA_ANNOTATION.to_owned(), "{".to_owned());
    assert!(matches!(to_v1beta2(&kept), Err(ConversionError::Data { .. })));

    let docker = Object::from_value(json!({
        "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "DockerCluster", "metadata": {"name": "a"},
    }))
    .unwrap();
    assert_eq!(
        to_v1beta2(&docker).unwrap_err().to_string(),
        "no conversion of DockerCluster: only Cluster API's own kinds have one here"
    );
}

#[test]
fn an_annotation_that_somebody_has_spoilt_is_an_error_or_gives_an_object() {
    let Some(pairs) = pairs() else { return };
    let mut generator = Valid::new(0xbad);
    let (mut errors, mut objects) = (0, 0);
    let newer = pairs.iter().filter(|pair| pair.version == "v1beta2");
    for pair in newer.filter(|pair| CONVERTED.contains(&pair.kind.as_str())) {
        let whole = Object::from_value(object(pair, &mut generator, 60)).unwrap();
        let older = to_v1beta1(&whole, &versions()).unwrap();
        let kept = older
            .metadata()
            .annotations
            .as_ref()
            .and_then(|all| all.get(DATA_ANNOTATION));
        let Some(text) = kept else { continue };
        let kept: Value = serde_json::from_str(text).unwrap();
        let junk = [
            json!(null),
            json!([]),
            json!({}),
            json!("x"),
            json!(-7),
            json!(true),
            json!([[1], {"a": "b"}]),
        ];
        let mut spoilt: Vec<String> = junk.iter().map(ToString::to_string).collect();
        spoilt.extend([
            text[..text.len() / 2].to_owned(),
            String::new(),
            "[".repeat(100_000),
        ]);
        for _ in 0..60 {
            let mut value = kept.clone();
            let depth = 1 + generator.random.next(8);
            spoil(&mut value, depth, &generator.random.pick(&junk), &mut generator);
            spoilt.push(value.to_string());
        }
        for text in spoilt {
            let mut older = older.clone();
            let annotations = older.metadata_mut().annotations.get_or_insert_default();
            annotations.insert(DATA_ANNOTATION.to_owned(), text);
            match to_v1beta2(&older) {
                Ok(object) => {
                    assert_eq!(object.api_kind().kind, pair.kind);
                    objects += 1;
                }
                Err(_) => errors += 1,
            }
        }
    }
    assert!(errors > 20 && objects > 50, "{errors} errors, {objects} objects");
}

/// Puts a value in the place of another one, so many steps down.
fn spoil(value: &mut Value, depth: i64, junk: &Value, generator: &mut Valid) {
    let inner = match value {
        Value::Object(map) if depth > 0 && !map.is_empty() => {
            let at = generator.random.next(i64::try_from(map.len()).unwrap());
            map.values_mut().nth(usize::try_from(at).unwrap())
        }
        Value::Array(list) if depth > 0 => list.first_mut(),
        _ => None,
    };
    match inner {
        Some(inner) => spoil(inner, depth - 1, junk, generator),
        None => *value = junk.clone(),
    }
}

fn there_and_back(version: &str, convert: impl Fn(&Object) -> (Object, Object)) {
    let Some(pairs) = pairs() else { return };
    let mut count = 0;
    for pair in pairs
        .iter()
        .filter(|pair| CONVERTED.contains(&pair.kind.as_str()))
    {
        let newer = pair.version == "v1beta2";
        if newer != (version == "v1beta2") {
            continue;
        }
        let mut generator = Valid::new(0x5eed);
        for round in 0..60 {
            let share = [100, 0, 10, 30, 60][round % 5];
            let value = object(pair, &mut generator, share);
            let read = Object::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value:#}"));
            let (settled, back) = convert(&read);
            let mut differences = Vec::new();
            diff("", &plain(&settled), &plain(&back), &mut differences);
            assert!(
                differences.is_empty(),
                "{} {}: {}",
                pair.version,
                pair.kind,
                differences.join("\n")
            );
            count += 1;
        }
    }
    assert!(count > 900, "{count}");
    println!("{count} objects of {version}, there and back");
}

fn object(pair: &upstream::Pair, generator: &mut Valid, share: i64) -> Value {
    let mut object = json!({
        "apiVersion": format!("{}/{}", pair.group, pair.version),
        "kind": pair.kind,
        "metadata": {"name": "a", "namespace": "clusters"},
    });
    for part in ["spec", "status"] {
        let schema = &pair.upstream["properties"][part];
        if schema.is_object() && (part == "spec" || share > 0) {
            object[part] = generator.value(part, schema, share);
        }
    }
    object
}

/// As it is compared: the annotation as what it holds, and nothing empty.
fn plain(object: &Object) -> Value {
    let mut value = object.to_value().unwrap();
    if let Some(Value::String(text)) = value
        .pointer("/metadata/annotations")
        .and_then(|a| a.get(DATA_ANNOTATION))
        .cloned()
    {
        value["metadata"]["annotations"][DATA_ANNOTATION] = serde_json::from_str(&text).unwrap();
    }
    drop_empty(&mut value);
    value
}

fn versions() -> ApiVersions {
    ApiVersions::default()
}
