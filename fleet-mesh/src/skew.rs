//! The constraint for whoever plans upgrades: connected members stay within one minor of each other at every instant.

use std::collections::BTreeMap;

use fleet_core::ClusterName;
use serde::Serialize;

use crate::ReleaseVersion;
use crate::plan::MeshPlan;

/// What runs on the members of a mesh now, and whether one of them may be upgraded.
///
/// While a cluster is upgraded it runs both releases, agent by agent: both must be within one minor of what every peer of its
/// island runs.
///
/// ```
/// # use fleet_core::{Fleet, FleetCluster, Networks};
/// # use fleet_mesh::{CiliumSettings, MeshPolicy, MeshSkew, Technology, mesh_plan};
/// # let cluster = |name: &str, pods: &str| -> Result<_, Box<dyn std::error::Error>> {
/// #     let networks = Networks { pods: vec![pods.parse()?], ..Networks::default() };
/// #     Ok(FleetCluster::new(name.parse()?, "v1.33.0".parse()?).with_networks(networks))
/// # };
/// # let fleet = Fleet::new([cluster("eu", "10.64.0.0/16")?, cluster("us", "10.65.0.0/16")?])?;
/// let policy = MeshPolicy::new("all", Technology::Cilium(CiliumSettings::new("v1.17.9".parse()?)));
/// let mut skew = MeshSkew::of(&mesh_plan(&fleet, &policy)?);
///
/// skew.upgrade(&"eu".parse()?, &"v1.18.4".parse()?)?;
/// // A second minor has to wait until everyone has the first.
/// let breach = skew.upgrade(&"eu".parse()?, &"v1.19.0".parse()?).unwrap_err();
/// assert_eq!(breach.to_string(), "eu cannot go to v1.19.0 while us runs v1.17.9; bring us to 1.18 first");
/// skew.upgrade(&"us".parse()?, &"v1.18.4".parse()?)?;
/// skew.upgrade(&"eu".parse()?, &"v1.19.0".parse()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeshSkew {
    members: BTreeMap<ClusterName, Running>,
}

/// What a member runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Running {
    island: usize,
    version: ReleaseVersion,
    /// Where it is going, while it is.
    to: Option<ReleaseVersion>,
}

/// One upgrade in a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // who, to what, from when to when
pub struct Upgrade<Instant> {
    /// The cluster.
    pub cluster: ClusterName,
    /// The release it gets.
    pub to: ReleaseVersion,
    /// When it starts.
    pub start: Instant,
    /// When it is done.
    pub finish: Instant,
}

/// Two members that would be more than one minor apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error(
    "{cluster} cannot go to {to} while {peer} runs {found}; bring {} to {}.{} first",
    if found < to { peer } else { cluster },
    found.minor().0.max(to.minor().0),
    if found < to { to.minor().1.saturating_sub(1) } else { found.minor().1.saturating_sub(1) }
)]
pub struct SkewBreach {
    /// Who would be upgraded.
    pub cluster: ClusterName,
    /// To what.
    pub to: ReleaseVersion,
    /// Who is too far away from that.
    pub peer: ClusterName,
    /// What that one runs.
    pub found: ReleaseVersion,
}

impl MeshSkew {
    /// The members of a plan, with what they run.
    pub fn of(plan: &MeshPlan) -> Self {
        let members = plan.members().iter().map(|member| {
            let running = Running {
                island: member.island,
                version: member.version.clone(),
                to: None,
            };
            (member.cluster.clone(), running)
        });
        Self {
            members: members.collect(),
        }
    }

    /// Whether a cluster may start to go to a release now. A cluster that is in no mesh always may.
    ///
    /// # Errors
    /// The peer that is too far away.
    pub fn may_start(&self, cluster: &ClusterName, to: &ReleaseVersion) -> Result<(), SkewBreach> {
        let Some(running) = self.members.get(cluster) else {
            return Ok(());
        };
        for (peer, other) in &self.members {
            if peer == cluster || other.island != running.island {
                continue;
            }
            for found in [Some(&other.version), other.to.as_ref()].into_iter().flatten() {
                if found.minors_apart(to).is_none_or(|apart| apart > 1) {
                    return Err(SkewBreach {
                        cluster: cluster.clone(),
                        to: to.clone(),
                        peer: peer.clone(),
                        found: found.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Starts an upgrade: from now on the cluster runs both releases.
    ///
    /// # Errors
    /// As [`may_start`](Self::may_start); nothing is changed then.
    pub fn start(&mut self, cluster: &ClusterName, to: &ReleaseVersion) -> Result<(), SkewBreach> {
        self.may_start(cluster, to)?;
        if let Some(running) = self.members.get_mut(cluster) {
            running.to = Some(to.clone());
        }
        Ok(())
    }

    /// Ends an upgrade that was started.
    pub fn finish(&mut self, cluster: &ClusterName) {
        if let Some(running) = self.members.get_mut(cluster)
            && let Some(to) = running.to.take()
        {
            running.version = to;
        }
    }

    /// Starts and ends an upgrade.
    ///
    /// # Errors
    /// As [`may_start`](Self::may_start).
    pub fn upgrade(&mut self, cluster: &ClusterName, to: &ReleaseVersion) -> Result<(), SkewBreach> {
        self.start(cluster, to)?;
        self.finish(cluster);
        Ok(())
    }

    /// Holds a whole schedule against the rule, at every instant of it.
    ///
    /// Instants are whatever the planner counts in. At one and the same instant, what ends ends before what starts.
    ///
    /// # Errors
    /// The first breach in the order of time.
    pub fn check<Instant: Ord>(&self, schedule: &[Upgrade<Instant>]) -> Result<(), SkewBreach> {
        let ends = schedule.iter().map(|upgrade| (&upgrade.finish, false, upgrade));
        let starts = schedule.iter().map(|upgrade| (&upgrade.start, true, upgrade));
        let mut events: Vec<_> = ends.chain(starts).collect();
        events.sort_by(|(a, a_starts, _), (b, b_starts, _)| a.cmp(b).then(a_starts.cmp(b_starts)));
        let mut state = self.clone();
        for (_, starts, upgrade) in events {
            if starts {
                state.start(&upgrade.cluster, &upgrade.to)?;
                // What takes no time would otherwise end before it starts.
                if upgrade.start == upgrade.finish {
                    state.finish(&upgrade.cluster);
                }
            } else if upgrade.start != upgrade.finish {
                state.finish(&upgrade.cluster);
            }
        }
        Ok(())
    }

    /// The releases to go through, one minor each, everyone before anyone takes the next: `patches` says which patch release of a
    /// minor to take. The members may start at different minors.
    ///
    /// ```
    /// # use fleet_mesh::{MeshSkew, ReleaseVersion};
    /// let hops = MeshSkew::hops(&"v1.16.2".parse()?, &"v1.18.4".parse()?, |minor| ReleaseVersion::new(1, minor, 0));
    /// assert_eq!(hops.iter().map(ToString::to_string).collect::<Vec<_>>(), ["v1.17.0", "v1.18.4"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hops(
        from: &ReleaseVersion,
        to: &ReleaseVersion,
        patches: impl Fn(u64) -> ReleaseVersion,
    ) -> Vec<ReleaseVersion> {
        let mut hops: Vec<_> = (from.minor().1 + 1..to.minor().1).map(patches).collect();
        if to > from {
            hops.push(to.clone());
        }
        hops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(versions: &[(&str, usize, &str)]) -> MeshSkew {
        let members = versions.iter().map(|(name, island, version)| {
            let running = Running {
                island: *island,
                version: version.parse().unwrap(),
                to: None,
            };
            (name.parse().unwrap(), running)
        });
        MeshSkew {
            members: members.collect(),
        }
    }

    fn upgrade(cluster: &str, to: &str, start: u32, finish: u32) -> Upgrade<u32> {
        Upgrade {
            cluster: cluster.parse().unwrap(),
            to: to.parse().unwrap(),
            start,
            finish,
        }
    }

    #[test]
    fn while_a_peer_is_on_its_way_both_of_its_releases_count() {
        let skew = skew(&[("a", 0, "v1.17.0"), ("b", 0, "v1.18.0")]);
        // Once a is done, b may go on; not before.
        let early = [upgrade("a", "v1.18.0", 0, 10), upgrade("b", "v1.19.0", 9, 20)];
        let breach = skew.check(&early).unwrap_err();
        assert_eq!(
            (breach.peer.as_str(), breach.found.to_string().as_str()),
            ("a", "v1.17.0")
        );
        let late = [upgrade("a", "v1.18.0", 0, 10), upgrade("b", "v1.19.0", 10, 20)];
        assert_eq!(skew.check(&late), Ok(()));
        let at_once = [upgrade("a", "v1.18.0", 5, 5), upgrade("b", "v1.19.0", 6, 6)];
        assert_eq!(skew.check(&at_once), Ok(()));
    }

    #[test]
    fn islands_and_strangers_do_not_matter_and_rolling_back_does() {
        let skew = skew(&[("a", 0, "v1.16.0"), ("b", 1, "v1.18.0"), ("c", 1, "v1.19.0")]);
        assert_eq!(
            skew.may_start(&"a".parse().unwrap(), &"v1.17.0".parse().unwrap()),
            Ok(())
        );
        assert_eq!(
            skew.may_start(&"z".parse().unwrap(), &"v1.9.0".parse().unwrap()),
            Ok(())
        );
        let breach = skew
            .may_start(&"b".parse().unwrap(), &"v1.17.0".parse().unwrap())
            .unwrap_err();
        assert_eq!(
            breach.to_string(),
            "b cannot go to v1.17.0 while c runs v1.19.0; bring b to 1.18 first"
        );
        assert!(
            skew.may_start(&"b".parse().unwrap(), &"v2.0.0".parse().unwrap())
                .is_err()
        );
    }
}
