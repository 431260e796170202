//! Any text as a pattern of directories or files, in each of the glob languages: no panic, and no path outside of the
//! repository.

#![no_main]

use fleet_argocd::{ApplicationSet, GitTree, Snapshot, expand};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const FILES: &[&str] = &["a/b.yaml", "a/b/c.yaml", "a-b/c.json", "[x]/y.yaml", "*/z.yaml", "ü/ö.yaml", ".h/h.yaml", "r.yaml"];

fuzz_target!(|input: (bool, bool, &str)| {
    let (new_globbing, directories, pattern) = input;
    let tree = GitTree::new(FILES.iter().map(|file| (*file, "k: v")));
    let mut snapshot = Snapshot::empty().with_git("r", "HEAD", Ok(tree));
    snapshot.switches.new_git_file_globbing = new_globbing;
    let kind = if directories { "directories" } else { "files" };
    let set = ApplicationSet::read(json!({
        "metadata": {"name": "fuzz", "namespace": "argocd"},
        "spec": {
            "generators": [{"git": {"repoURL": "r", "revision": "HEAD", kind: [{"path": pattern}]}}],
            "template": {"metadata": {"name": "{{path}}"}, "spec": {"project": "default", "destination": {}}},
        },
    }));
    let Ok(set) = set else { return };
    if let Ok(expansion) = expand(&set, &snapshot) {
        for one in expansion.iter() {
            assert!(one.name() == "." || FILES.iter().any(|file| file.starts_with(one.name())), "{}", one.name());
        }
    }
});
