//! The dashboards: the overview's two panels exactly, both schemas' structure, data sources, Thanos.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fleet_core::{Fleet, FleetCluster, Labels};
use fleet_observe::grafana::{self, DataSource, provisioning};
use fleet_observe::queries::{Subsystem, library};
use fleet_observe::thanos::{LabelSource, ObjectStore, Thanos};
use serde_json::{Value, json};

#[test]
fn the_overviews_first_panels_are_word_for_word_these() {
    let classic = grafana::overview().unwrap().classic().unwrap();
    let panels = classic["panels"].as_array().unwrap();
    let words = |panel: &Value| {
        let target = &panel["targets"][0];
        let mut short = json!({ "title": panel["title"], "type": panel["type"], "targets": [{ "expr": target["expr"] }] });
        if let Some(legend) = target.get("legendFormat") {
            short["targets"][0]["legendFormat"] = legend.clone();
        }
        short
    };
    assert_eq!(
        words(&panels[0]),
        json!({ "title": "Cluster Health Overview", "type": "table", "targets": [{
            "expr": "kube_node_status_condition{condition='Ready', status='true'} == 0",
            "legendFormat": "{{cluster}} - {{node}} NOT READY",
        }] })
    );
    assert_eq!(
        words(&panels[1]),
        json!({ "title": "Workloads OutOfSync (ArgoCD)", "type": "stat", "targets": [{
            "expr": "sum by (cluster) (argocd_app_info{sync_status='OutOfSync'})",
        }] })
    );
}

#[test]
fn both_schemas_say_the_same() {
    let dashboards = grafana::all().unwrap();
    assert_eq!(dashboards.len(), 1 + Subsystem::ALL.len());
    for dashboard in &dashboards {
        let (classic, v2) = (dashboard.classic().unwrap(), dashboard.v2().unwrap());
        let elements = v2["spec"]["elements"].as_object().unwrap();
        let items = v2["spec"]["layout"]["spec"]["items"].as_array().unwrap();
        let panels = classic["panels"].as_array().unwrap();
        assert_eq!((panels.len(), items.len()), (elements.len(), elements.len()));
        assert!(!panels.is_empty(), "{}", dashboard.uid);
        for (panel, item) in panels.iter().zip(items) {
            let name = item["spec"]["element"]["name"].as_str().unwrap();
            let element = &elements[name]["spec"];
            assert_eq!(panel["title"], element["title"]);
            assert_eq!(panel["type"], element["vizConfig"]["group"]);
            assert_eq!(panel["gridPos"]["w"], item["spec"]["width"]);
            let queries = element["data"]["spec"]["queries"].as_array().unwrap();
            for (target, query) in panel["targets"].as_array().unwrap().iter().zip(queries) {
                assert_eq!(target["expr"], query["spec"]["query"]["spec"]["expr"]);
                assert_eq!(target["refId"], query["spec"]["refId"]);
            }
        }
        let names: Vec<_> = classic["templating"]["list"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].clone())
            .collect();
        let v2_names: Vec<_> = v2["spec"]["variables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["spec"]["name"].clone())
            .collect();
        assert_eq!(names, v2_names);
    }
    insta::assert_json_snapshot!(
        "backups_classic",
        dashboards
            .iter()
            .find(|it| it.uid == "fleet-backups")
            .unwrap()
            .classic()
            .unwrap()
    );
    insta::assert_json_snapshot!(
        "backups_v2",
        dashboards
            .iter()
            .find(|it| it.uid == "fleet-backups")
            .unwrap()
            .v2()
            .unwrap()
    );
}

#[test]
fn every_query_of_the_library_is_on_a_dashboard() {
    let dashboards = grafana::all().unwrap();
    let titles: Vec<_> = dashboards
        .iter()
        .flat_map(|it| &it.panels)
        .map(|panel| panel.title.as_str())
        .collect();
    for query in library().unwrap() {
        assert!(titles.contains(&query.title), "{}", query.name);
    }
}

#[test]
fn data_sources_are_told_to_fail_rather_than_to_answer_in_part() {
    let sources = [
        DataSource::thanos("fleet", "http://thanos-query.monitoring:9090"),
        DataSource::prometheus("eu", "http://eu:9090"),
    ];
    insta::assert_json_snapshot!(provisioning(&sources));
}

fn fleet(labels: &[(&str, &[(&str, &str)])]) -> Fleet {
    let clusters = labels.iter().map(|(name, labels)| {
        FleetCluster::new(name.parse().unwrap(), "v1.33.0".parse().unwrap())
            .with_labels(Labels::from_pairs(labels.iter().copied()).unwrap())
    });
    Fleet::new(clusters).unwrap()
}

#[test]
fn thanos_tells_clusters_apart_or_says_which_it_cannot() {
    let fleet = fleet(&[
        ("ap", &[("region", "ap")]),
        ("eu", &[("region", "eu")]),
        ("lost", &[]),
        ("two", &[("region", "eu")]),
    ]);
    let mut thanos = Thanos::new(ObjectStore::s3("b", "s3.example.com"));
    thanos.external_labels.remove("cluster");
    thanos
        .external_labels
        .insert("replica".into(), LabelSource::ClusterName);
    thanos
        .external_labels
        .insert("a-b".into(), LabelSource::ClusterLabel("region".into()));
    thanos.local_retention = "2h".parse().unwrap();
    insta::assert_snapshot!(thanos.check(&fleet).unwrap_err().to_string());
    thanos.external_labels = [("region".to_owned(), LabelSource::ClusterLabel("region".into()))].into();
    let error = thanos.check(&fleet).unwrap_err().to_string();
    assert!(
        error.contains("eu and two have the same external labels region=eu"),
        "{error}"
    );
}

#[test]
fn the_central_components() {
    let fleet = fleet(&[("ap", &[("region", "ap")]), ("eu", &[("region", "eu")])]);
    let thanos = Thanos::new(ObjectStore::s3("b", "s3.example.com"));
    thanos.check(&fleet).unwrap();
    let objects = thanos.objects(&fleet);
    insta::assert_json_snapshot!("thanos_objects", objects);
    insta::assert_json_snapshot!(
        "thanos_sidecar",
        thanos.sidecar_values(fleet.get("eu").expect("a cluster"))
    );
}
