//! The models and adapters against real API servers and controllers.
//!
//! Every test here is ignored by `cargo test`, since it needs a cluster: whatever `KUBECONFIG` names. `.ci/run` starts one
//! (a kube-apiserver with Cluster API's own controllers and in-memory machines) and runs them with `--ignored`; a kind cluster
//! with `clusterctl init` serves as well. Nothing is deleted but what a test made.
