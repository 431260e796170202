//! Data sources, as Grafana is provisioned with them.

use serde_json::{Value, json};

/// A Prometheus or Thanos querier that Grafana asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataSource {
    /// Its name, unique.
    pub name: String,
    /// What dashboards find it by.
    pub uid: String,
    /// Its URL, from inside of the cluster that Grafana runs in.
    pub url: String,
    /// Whether it is asked where nothing is said.
    pub is_default: bool,
    /// Whether it is a Thanos querier, which is told to fail rather than to answer in part.
    pub is_thanos: bool,
}

impl DataSource {
    /// A Prometheus.
    pub fn prometheus(name: impl Into<String>, url: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            uid: name.clone(),
            name,
            url: url.into(),
            is_default: false,
            is_thanos: false,
        }
    }

    /// The fleet's querier, asked where nothing is said.
    pub fn thanos(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            is_default: true,
            is_thanos: true,
            ..Self::prometheus(name, url)
        }
    }

    fn entry(&self) -> Value {
        let mut json_data =
            json!({ "httpMethod": "POST", "timeInterval": "30s", "prometheusType": "Prometheus" });
        if self.is_thanos {
            json_data["prometheusType"] = json!("Thanos");
            json_data["customQueryParameters"] = json!("partial_response=false");
        }
        json!({
            "name": self.name, "uid": self.uid, "type": "prometheus", "access": "proxy", "url": self.url,
            "isDefault": self.is_default, "editable": false, "jsonData": json_data,
        })
    }
}

/// The provisioning file (`apiVersion: 1`).
pub fn provisioning(sources: &[DataSource]) -> Value {
    json!({ "apiVersion": 1, "datasources": sources.iter().map(DataSource::entry).collect::<Vec<_>>() })
}
