//! No template makes the engine panic, hang or grow without bound.
#![allow(clippy::unwrap_used)]

use fleet_gotemplate::{Env, Options, Template, Value, function_names};
use proptest::prelude::*;
use serde_json::json;

fn words() -> impl Strategy<Value = String> {
    let fixed = [
        "{{", "}}", "{{-", "-}}", " ", "if", "else", "end", "range", "with", "define", "template", "block",
        "break", "$x", ":=", "=", "|", "(", ")", ".", ".s", ".n", ".l", ".m", "\"a\"", "\"%d\"", "\"t\"",
        "`é`", "'x'", "-1", "99999999", "0.5", "nil", "true", ",", "/*", "*/",
    ];
    let words: Vec<&str> = fixed.into_iter().chain(function_names()).collect();
    prop::collection::vec(prop::sample::select(words), 0..24).prop_map(|words| words.join(" "))
}

fn calls() -> impl Strategy<Value = String> {
    let arguments = [
        ".s",
        ".n",
        ".l",
        ".m",
        "\"a-b\"",
        "\"\"",
        "-1",
        "0",
        "7",
        "99999999999",
        "0.5",
        "nil",
        "true",
        "now",
    ];
    let arguments = prop::collection::vec(prop::sample::select(arguments.to_vec()), 0..5);
    (prop::sample::select(function_names()), arguments)
        .prop_map(|(name, arguments)| format!("{{{{ {name} {} }}}}", arguments.join(" ")))
}

fn render(text: &str) {
    let data = Value::from(json!({"s": "Hé llo", "n": 3, "l": ["a", 1, null], "m": {"k": {"d": "v"}}}));
    if let Ok(template) = Template::parse("base", text, &Options::default()) {
        let mut out = String::new();
        let _ = template.render(&data, &Env::default(), &mut out);
        assert!(out.len() <= 1 << 20);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_words(text in words()) {
        render(&text);
    }

    #[test]
    fn any_call(text in calls()) {
        render(&text);
    }
}
