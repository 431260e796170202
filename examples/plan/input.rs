//! The fleet and the policy, each with all its mistakes.

use std::path::Path;

use fleet_capi::ClusterRepository;
use fleet_core::Fleet;
use fleet_upgrade::{FleetUpgrade, read_fleet};

/// Reads both; what is wrong with either, as lines for people.
pub fn read(fleet: &Path, policy: &Path) -> Result<(FleetUpgrade, Fleet), String> {
    let fleet = read_any_fleet(fleet);
    let policy = FleetUpgrade::read(policy).map_err(|error| fleet_examples::chain(&error));
    match (policy, fleet) {
        (Ok(policy), Ok(fleet)) => Ok((policy, fleet)),
        (Err(one), Err(other)) => Err(format!("{one}\n{other}")),
        (Err(one), _) | (_, Err(one)) => Err(one),
    }
}

fn read_any_fleet(path: &Path) -> Result<Fleet, String> {
    if !path.is_dir() {
        return read_fleet(path).map_err(|error| fleet_examples::chain(&error));
    }
    // A repository, or its directory of clusters.
    let clusters = path.join("clusters");
    let directory = if clusters.is_dir() {
        clusters
    } else {
        path.to_owned()
    };
    ClusterRepository::open(directory)
        .and_then(|repository| repository.fleet())
        .map_err(|errors| errors.to_string())
}
