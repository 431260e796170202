//! Any bytes, as a file: no panic, every finding inside of the file, and what is mended stays mended.

#![no_main]

use fleet_preflight::Scanner;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(target) = "1.32".parse() else { return };
    let scanner = Scanner::new(target).embedded(true);
    let report = scanner.scan_reader("x", data);
    // A carriage return alone ends a line, too.
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
    for finding in &report.findings {
        assert!(finding.place.line <= lines, "{finding:?} in {lines} lines");
    }
    let _ = (report.to_json(), report.to_sarif(), report.to_junit(), report.to_markdown());
    if let Ok(text) = std::str::from_utf8(data) {
        let fix = scanner.fix_text("x", text);
        assert!(!fix.moved.is_empty() || fix.text == text);
        assert!(scanner.fix_text("x", &fix.text).moved.is_empty(), "moved twice");
    }
});
