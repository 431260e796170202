//! Any bytes, as what is in a Helm release record: as they are, packed as Helm packs them, or half of that.

#![no_main]

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::GzEncoder};
use fleet_preflight::Scanner;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else { return };
    let Ok(target) = "1.32".parse() else { return };
    let scanner = Scanner::new(target).embedded(true).all_revisions(true);
    let (kind, zipped, encoded) = (if how & 1 == 0 { "Secret" } else { "ConfigMap" }, how & 2 == 0, how & 4 == 0);
    let mut bytes = data.to_vec();
    if zipped {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        if gzip.write_all(&bytes).is_err() {
            return;
        }
        bytes = gzip.finish().unwrap_or_default();
    }
    if encoded {
        bytes = STANDARD.encode(&bytes).into_bytes();
    }
    if kind == "Secret" {
        bytes = STANDARD.encode(&bytes).into_bytes();
    }
    let record = json!({"apiVersion": "v1", "kind": kind, "type": "helm.sh/release.v1",
        "metadata": {"name": "sh.helm.release.v1.web.v2", "namespace": "shop", "labels": {"owner": "helm", "version": "2"}},
        "data": {"release": String::from_utf8_lossy(&bytes)}});
    let _ = scanner.scan_text("x", &record.to_string()).to_json();
    let mut live = scanner.live("c");
    live.object("v1", kind, &record);
    let _ = live.finish();
    if let Ok(Some(fix)) = scanner.fix_helm_record(&record) {
        assert_ne!(fix.before, fix.after);
        // A mended record is a record, and needs no mending.
        assert!(scanner.fix_helm_record(&fix.record).is_ok_and(|again| again.is_none()), "moved twice");
    }
});
