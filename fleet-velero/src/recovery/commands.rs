//! What a person types for a step, and to undo it.

use super::action::{Action, RestoreAction, Step};
use super::fact::ClusterIndex;
use super::{LocationRef, RecoveryPlan};

impl RecoveryPlan {
    /// What a step is about, in a few words.
    pub fn title(&self, step: &Step) -> String {
        let name = |cluster: &ClusterIndex| self.cluster(*cluster).name.as_str();
        match &step.action {
            Action::Declare => "Declare the disaster".to_owned(),
            Action::FreezeSync { cluster, .. } => format!("Freeze Argo CD's sync to {}", name(cluster)),
            Action::FenceSource { cluster } => format!("Fence the lost {}", name(cluster)),
            Action::ProvisionCluster { cluster } => {
                let target = self.cluster(*cluster);
                format!(
                    "Provision {} in {}",
                    target.name,
                    target.region.as_deref().unwrap_or("a region that is left")
                )
            }
            Action::ProvisionHub { cluster } => {
                format!("Provision the hub {}, its clusters paused", name(cluster))
            }
            Action::RegisterCluster { cluster } => format!("Register {} with Argo CD", name(cluster)),
            Action::InstallArgoCd { cluster } => format!("Install Argo CD on {}", name(cluster)),
            Action::InstallPlatform { cluster } => {
                format!(
                    "Sync CRDs, storage classes and the platform to {}, operators held",
                    name(cluster)
                )
            }
            Action::InstallVelero { cluster } => format!("Install Velero on {}", name(cluster)),
            Action::AddLocation {
                cluster, location, ..
            } => {
                format!(
                    "Add the read-only location {} to {}",
                    location.name,
                    name(cluster)
                )
            }
            Action::ReplaceLocation { cluster, location } => {
                let own = self.location(*location);
                format!(
                    "Add the location {} to {}, in place of {}",
                    own.location.name,
                    name(cluster),
                    own.replaces
                )
            }
            Action::AwaitBackup { backup, .. } => {
                format!("Wait until backup {} is there", self.backup(*backup).name)
            }
            Action::MapStorageClasses { cluster, .. } => {
                format!("Map the storage classes on {}", name(cluster))
            }
            Action::Restore(restore) => {
                let backup = &self.backup(restore.backup).name;
                format!(
                    "Restore {} to {} from {backup}",
                    self.names(restore),
                    name(&restore.cluster)
                )
            }
            Action::Gate { restore, .. } => format!("Check that {restore} is complete"),
            Action::ReleaseSync {
                cluster,
                applications,
                ..
            } => {
                format!("Sync {} to {}, prune off", listed(applications), name(cluster))
            }
            Action::RunOperators { cluster } => format!("Let the operators of {} run", name(cluster)),
            Action::ResumeClusters { cluster } => format!("Let Cluster API on {} work again", name(cluster)),
            Action::Verify { cluster } => format!("Verify the workloads of {}", name(cluster)),
            Action::MoveTraffic { cluster } => format!("Move the traffic to {}", name(cluster)),
            Action::Protect {
                cluster, location, ..
            } => {
                let own = self.location(*location);
                format!("Back up {} again, to {}", name(cluster), own.location.name)
            }
            Action::CleanUp { cluster, .. } => format!("Clean up {}, prune on", name(cluster)),
            Action::RestoreGit { .. } => "Make the Git host anew".to_owned(),
            Action::RevertGit { before } => format!("Take Git back to before {}", crate::text::time(*before)),
        }
    }

    fn names(&self, restore: &RestoreAction) -> String {
        let names: Vec<&str> = restore
            .namespaces
            .iter()
            .map(|index| self.namespace(*index).name.as_str())
            .collect();
        listed(&names)
    }

    /// What a person types. Lines that begin with `#` are to be done by hand.
    pub fn commands(&self, step: &Step) -> Vec<String> {
        let context = |cluster: &ClusterIndex| format!("--context {}", self.cluster(*cluster).name);
        let hub = "--context hub";
        let (velero, argocd, capi) = (&self.places.velero, &self.places.argocd, &self.places.capi);
        match &step.action {
            Action::Declare => vec!["# name who decides, open the incident, note the time".to_owned()],
            Action::FreezeSync { applications, .. } if applications.is_empty() => {
                vec!["# no Application deploys to it".to_owned()]
            }
            Action::FreezeSync { applications, .. } => vec![
                format!(
                    "kubectl {hub} -n {argocd} annotate application {} argocd.argoproj.io/skip-reconcile=true --overwrite",
                    applications.join(" ")
                ),
                "# Applications of an ApplicationSet: it must ignore the annotation (ignoreApplicationDifferences)".to_owned(),
            ],
            Action::FenceSource { cluster } => vec![
                "# take the lost cluster's credentials for its buckets away: if it comes back it deletes expired backups".to_owned(),
                format!("kubectl {} -n {velero} scale deployment velero --replicas=0   # if it answers", context(cluster)),
            ],
            Action::ProvisionCluster { cluster } => {
                let target = self.cluster(*cluster);
                let region = target.region.as_deref().unwrap_or("REGION");
                vec![
                    format!("kubectl {hub} -n {capi} delete cluster {} --wait=false --ignore-not-found", target.name),
                    // Applied before the old one is gone, the new one would only change what is being deleted.
                    format!("kubectl {hub} -n {capi} wait --for=delete cluster/{} --timeout=20m", target.name),
                    format!(
                        "# if it does not go: the controllers cannot reach the infrastructure. See what holds it: kubectl {hub} -n {capi} get \
                         cluster-api -l cluster.x-k8s.io/cluster-name={}",
                        target.name
                    ),
                    "# by the provider's console make sure that nothing of it runs or will come back; only then, from the machines up to the \
                     cluster:"
                        .to_owned(),
                    format!(
                        "#   kubectl {hub} -n {capi} patch KIND/NAME --type merge -p '{{\"metadata\":{{\"finalizers\":null}}}}', and wait again"
                    ),
                    format!("# in Git: clusters/{}: region {region}, then", target.name),
                    format!("kubectl {hub} apply -f clusters/{}/", target.name),
                    format!("kubectl {hub} -n {capi} wait cluster/{} --for=condition=Available --timeout=30m", target.name),
                ]
            }
            Action::ProvisionHub { cluster } => vec![
                format!("# a new cluster for {}, by hand or by a bootstrap cluster; then", self.cluster(*cluster).name),
                format!("clusterctl init {}", context(cluster).replace("--context", "--kubeconfig-context")),
                "# restored Clusters are paused (spec.paused: true) until the end: two controllers for one machine lose it".to_owned(),
            ],
            Action::RegisterCluster { cluster } => {
                let name = &self.cluster(*cluster).name;
                vec![
                    format!("clusterctl get kubeconfig {name} -n {capi} > {name}.kubeconfig"),
                    format!("argocd cluster add {name} --kubeconfig {name}.kubeconfig --name {name} --upsert --yes"),
                ]
            }
            Action::InstallArgoCd { cluster } => vec![format!(
                "kubectl {} apply -k platform/argocd --server-side",
                context(cluster)
            )],
            Action::InstallPlatform { cluster } => vec![
                format!("argocd app sync --selector fleet-sdk.dev/wave=platform,cluster={}", self.cluster(*cluster).name),
                format!(
                    "kubectl {} get deployments -A -l fleet-sdk.dev/operator=true -o name | xargs -r kubectl {} scale --replicas=0",
                    context(cluster),
                    context(cluster)
                ),
            ],
            Action::InstallVelero { cluster } => vec![
                format!("kubectl {} create namespace {velero} --dry-run=client -o yaml | kubectl {} apply -f -", context(cluster), context(cluster)),
                format!("kubectl {} -n {velero} apply -f velero-repo-credentials.yaml -f cloud-credentials.yaml", context(cluster)),
                format!("argocd app sync velero-{} --prune=false", self.cluster(*cluster).name),
                format!("kubectl {} -n {velero} rollout status deployment/velero --timeout=10m", context(cluster)),
            ],
            Action::AddLocation { cluster, location, .. } => {
                vec![add_location(&context(cluster), velero, location, " --access-mode ReadOnly")]
            }
            Action::ReplaceLocation { cluster, location } => {
                let own = self.location(*location);
                let access = if own.is_default { " --access-mode ReadWrite --default" } else { " --access-mode ReadWrite" };
                let made = own.is_new_bucket.then(|| {
                    let region = own.location.region.as_deref().unwrap_or("a region that is left");
                    format!("# first make the bucket {} in {region}, and let Velero's credentials write to it", own.location.bucket)
                });
                made.into_iter().chain([add_location(&context(cluster), velero, &own.location, access)]).collect()
            }
            Action::AwaitBackup { cluster, backup } => vec![format!(
                "kubectl {} -n {velero} wait backup/{} --for=jsonpath='{{.status.phase}}'=Completed --timeout=5m",
                context(cluster),
                self.backup(*backup).name
            )],
            Action::MapStorageClasses { cluster, classes } => {
                let data: Vec<String> = classes.iter().map(|(old, new)| format!("--from-literal={old}={new}")).collect();
                vec![
                    format!("kubectl {} -n {velero} create configmap change-storage-class {}", context(cluster), data.join(" ")),
                    format!(
                        "kubectl {} -n {velero} label configmap change-storage-class velero.io/plugin-config= \
                         velero.io/change-storage-class=RestoreItemAction",
                        context(cluster)
                    ),
                ]
            }
            Action::Restore(restore) => vec![self.restore_command(restore, velero)],
            Action::Gate { cluster, restore, .. } => vec![
                format!("velero {} -n {velero} restore describe {restore} --details", kubecontext(&context(cluster))),
                "# Completed, no errors, no warnings, every volume's bytes there: that it says Completed is not enough".to_owned(),
            ],
            Action::ReleaseSync { applications, .. } => {
                let mut commands = vec![format!(
                    "kubectl {hub} -n {argocd} annotate application {} argocd.argoproj.io/skip-reconcile-",
                    applications.join(" ")
                )];
                commands.extend(applications.iter().map(|name| format!("argocd app diff {name}; argocd app sync {name} --prune=false")));
                commands
            }
            Action::RunOperators { cluster } => vec![format!(
                "kubectl {} get deployments -A -l fleet-sdk.dev/operator=true -o name | xargs -r kubectl {} scale --replicas=1",
                context(cluster),
                context(cluster)
            )],
            Action::ResumeClusters { cluster } => vec![format!(
                "kubectl {} -n {capi} get clusters -o name | xargs -r -n1 kubectl {} -n {capi} patch --type merge -p '{{\"spec\":{{\"paused\":false}}}}'",
                context(cluster),
                context(cluster)
            )],
            Action::Verify { cluster } => vec![
                format!("kubectl {} get pods -A --field-selector=status.phase!=Running,status.phase!=Succeeded", context(cluster)),
                "# the applications' own probes".to_owned(),
            ],
            Action::MoveTraffic { .. } => vec!["# DNS or the load balancer: to the new cluster".to_owned()],
            Action::Protect { cluster, location, schedules } => {
                let context = kubecontext(&context(cluster));
                let location = &self.location(*location).location.name;
                let mut commands: Vec<String> = schedules
                    .iter()
                    .map(|name| format!("# in Git: schedule {name}: spec.template.storageLocation: {location}, then sync"))
                    .collect();
                if let Some(first) = schedules.first() {
                    commands.push(format!("velero {context} -n {velero} backup create --from-schedule {first} --wait"));
                }
                commands
            }
            Action::CleanUp { cluster, restores } => {
                let context = context(cluster);
                let mut commands: Vec<String> = restores
                    .iter()
                    .map(|name| format!("kubectl {context} delete pods -A -l velero.io/restore-name={name},!controller-revision-hash,!pod-template-hash"))
                    .collect();
                commands.push("# look at each Application's diff, then sync it with prune".to_owned());
                commands
            }
            Action::RestoreGit { mirror: Some(mirror) } => vec![
                format!("git clone --mirror {mirror} && git push --mirror NEW-REMOTE"),
                "# point Argo CD's repository Secrets at it, and look at every diff before anything syncs".to_owned(),
            ],
            Action::RestoreGit { mirror: None } => {
                vec!["# push the newest clone there is to a new remote, and compare it with Argo CD's last synced revisions".to_owned()]
            }
            Action::RevertGit { before } => vec![
                format!("git rev-list -1 --before='{before}' main   # the last commit that is trusted"),
                "# branch from it, have it reviewed by two people, and point Argo CD at it".to_owned(),
            ],
        }
    }

    fn restore_command(&self, restore: &RestoreAction, velero: &str) -> String {
        let names: Vec<&str> = restore
            .namespaces
            .iter()
            .map(|index| self.namespace(*index).name.as_str())
            .collect();
        let kinds = if restore.resources.is_empty() {
            "--exclude-resources applications.argoproj.io,mutatingwebhookconfigurations,validatingwebhookconfigurations".to_owned()
        } else {
            format!("--include-resources {}", restore.resources.join(","))
        };
        format!(
            "velero --kubecontext {} -n {velero} restore create {} --from-backup {} --include-namespaces {} {kinds} --restore-volumes=true --wait",
            self.cluster(restore.cluster).name,
            restore.name,
            self.backup(restore.backup).name,
            names.join(",")
        )
    }

    /// How a step is undone; `None`: there is nothing to undo.
    pub fn rollback(&self, step: &Step) -> Option<String> {
        let hub = "--context hub";
        let (velero, argocd, capi) = (&self.places.velero, &self.places.argocd, &self.places.capi);
        let name = |cluster: &ClusterIndex| self.cluster(*cluster).name.as_str();
        Some(match &step.action {
            Action::Declare | Action::AwaitBackup { .. } | Action::Gate { .. } | Action::Verify { .. } => {
                return None;
            }
            Action::FreezeSync { applications, .. } if applications.is_empty() => return None,
            Action::FreezeSync { applications, .. } => format!(
                "kubectl {hub} -n {argocd} annotate application {} argocd.argoproj.io/skip-reconcile-",
                applications.join(" ")
            ),
            Action::FenceSource { cluster } => {
                format!(
                    "give {} its credentials back, and scale Velero up: only if nothing was provisioned",
                    name(cluster)
                )
            }
            Action::ProvisionCluster { cluster } => {
                format!("kubectl {hub} -n {capi} delete cluster {}", name(cluster))
            }
            Action::ProvisionHub { cluster } => format!(
                "delete the new {}: its clusters are paused and lose nothing",
                name(cluster)
            ),
            Action::RegisterCluster { cluster } => format!("argocd cluster rm {}", name(cluster)),
            Action::InstallArgoCd { cluster } => {
                format!("kubectl --context {} delete -k platform/argocd", name(cluster))
            }
            Action::InstallPlatform { cluster } | Action::RunOperators { cluster } => {
                format!("scale the operators of {} to zero again", name(cluster))
            }
            Action::InstallVelero { cluster } => {
                format!("velero --kubecontext {} uninstall --force", name(cluster))
            }
            Action::AddLocation {
                cluster, location, ..
            } => remove_location(name(cluster), velero, location),
            Action::ReplaceLocation { cluster, location } => {
                remove_location(name(cluster), velero, &self.location(*location).location)
            }
            Action::MapStorageClasses { cluster, .. } => {
                format!(
                    "kubectl --context {} -n {velero} delete configmap change-storage-class",
                    name(cluster)
                )
            }
            Action::Restore(restore) => {
                let namespaces: Vec<&str> = restore
                    .namespaces
                    .iter()
                    .map(|index| self.namespace(*index).name.as_str())
                    .collect();
                format!(
                    "kubectl --context {} delete namespace {}; velero restore delete {} --confirm; then restore again: a second restore over the \
                     first skips what exists",
                    name(&restore.cluster),
                    namespaces.join(" "),
                    restore.name
                )
            }
            Action::ReleaseSync { applications, .. } => format!(
                "kubectl {hub} -n {argocd} annotate application {} argocd.argoproj.io/skip-reconcile=true --overwrite",
                applications.join(" ")
            ),
            Action::ResumeClusters { .. } => "pause the clusters again (spec.paused: true)".to_owned(),
            Action::MoveTraffic { .. } => "point DNS or the load balancer back".to_owned(),
            Action::Protect { .. } => "pause the schedules".to_owned(),
            Action::CleanUp { .. } => {
                "turn prune off again; deleted pods are made anew by their controllers".to_owned()
            }
            Action::RestoreGit { .. } => "point Argo CD's repository Secrets back".to_owned(),
            Action::RevertGit { .. } => "point Argo CD at the branch it followed before".to_owned(),
        })
    }
}

fn kubecontext(context: &str) -> String {
    context.replacen("--context", "--kubecontext", 1)
}

fn remove_location(context: &str, velero: &str, location: &LocationRef) -> String {
    format!(
        "kubectl --context {context} -n {velero} delete backupstoragelocation {}   # the bucket stays as it is",
        location.name
    )
}

fn add_location(context: &str, velero: &str, location: &LocationRef, access: &str) -> String {
    let mut command = format!(
        "velero {} -n {velero} backup-location create {} --provider {} --bucket {}",
        kubecontext(context),
        location.name,
        location.provider,
        location.bucket
    );
    if !location.prefix.is_empty() {
        command.extend([" --prefix ", &location.prefix]);
    }
    if let Some(region) = &location.region {
        command.extend([" --config region=", region]);
    }
    command.push_str(access);
    command
}

/// The first few of a list.
pub(super) fn listed<T: AsRef<str>>(all: &[T]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = all.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match all.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
