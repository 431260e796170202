//! YAML: positions, typed reading with its errors, edits in place, bounds, and writing.
#![cfg(feature = "yaml")]
// A test that cannot go on fails.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet_core::yaml::{
    self, DecodeProblem, Document, DuplicateKeys, FieldPath, ReadOptions, ReplaceProblem, YamlError,
    replace_scalar,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

fn one(text: &str) -> Document {
    let mut documents = yaml::documents(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn place(document: &Document, at: &str) -> String {
    document.position(&path(at)).unwrap().to_string()
}

#[test]
fn positions_count_over_the_whole_text() {
    let text = "\u{feff}# café ☕\na: é\n---\n---\n# none\n---\nспек:\n  - имя: 'ü' # x\n    \"n\": 2\n  - [7,\n     {k: v}]\n";
    let documents = yaml::documents(text).unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0].start().to_string(), "2:1");
    let second = &documents[1];
    assert_eq!(second.start().to_string(), "7:1");
    for (at, position, source) in [
        ("спек[0].имя", "8:10", Some("'ü'")),
        ("спек[0].n", "9:10", Some("2")),
        ("спек[1][0]", "10:6", Some("7")),
        ("спек[1][1].k", "11:10", Some("v")),
        ("спек[1]", "10:5", None),
        ("спек", "8:3", None),
    ] {
        assert_eq!(place(second, at), position, "{at}");
        assert_eq!(second.span(&path(at)).map(|span| &text[span]), source, "{at}");
        assert!(second.at(&path(at)).is_some(), "{at}");
    }
    // What is not there stands in what is around it.
    assert_eq!(place(second, "спек[0].none.deeper"), "8:5");
    assert_eq!(place(second, "спек[9]"), "8:3");
    assert_eq!(
        second.key_position(&path("спек[0].n")).unwrap().to_string(),
        "9:5"
    );
    assert_eq!(second.key_position(&path("спек[0]")), None);
    let bom = one("\u{feff}a: b");
    assert_eq!(bom.span(&path("a")), Some(6..7));
}

#[test]
fn spans_cover_scalars_in_every_style() {
    let text = "plain: a b # c\nsingle: 'it''s'\ndouble: \"a\\n\"\nliteral: |\n  x\n  y\nfolded: >-\n  x\n  y\nempty:\nanchored: &a !!str 1\nalias: *a\nlast: z";
    let document = one(text);
    for (field, source) in [
        ("plain", "a b"),
        ("single", "'it''s'"),
        ("double", "\"a\\n\""),
        ("anchored", "1"),
        ("last", "z"),
    ] {
        assert_eq!(
            document.span(&path(field)).map(|span| &text[span]),
            Some(source),
            "{field}"
        );
    }
    assert_eq!(document.span(&path("literal")), None);
    assert_eq!(document.span(&path("folded")), None);
    assert_eq!(document.span(&path("empty")), None);
    assert_eq!(document.span(&path("alias")), None);
    assert_eq!(place(&document, "alias"), "12:8");
}

#[test]
fn aliases_and_merges_keep_where_their_parts_were_written() {
    let document = one("base: &base\n  replicas: 3\nprod:\n  <<: *base\n  name: x\n");
    assert_eq!(document.value()["prod"], json!({"replicas": 3, "name": "x"}));
    assert_eq!(place(&document, "prod.replicas"), "2:13");
    assert_eq!(document.span(&path("prod.replicas")), None);
    assert!(document.span(&path("base.replicas")).is_some());
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pool {
    name: Name,
    #[serde(default)]
    replicas: u8,
    #[serde(default)]
    labels: BTreeMap<Name, String>,
    #[serde(default)]
    zones: Vec<String>,
    strategy: Option<Rollout>,
    #[serde(default)]
    values: Value,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Rollout {
    Recreate,
    RollingUpdate { max_surge: u32 },
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains(' ') {
            return Err(serde::de::Error::custom(format_args!(
                "`{text}` is not a name: it has a space"
            )));
        }
        Ok(Self(text))
    }
}

#[derive(Debug, Deserialize)]
struct Pools {
    #[allow(dead_code)]
    pools: Vec<Pool>,
}

#[test]
fn errors_name_the_field_and_the_place() {
    for (pool, expected) in [
        (
            "replicas: 2",
            "2:3 pools[0]: the required field `name` is missing",
        ),
        ("name: ~", "2:3 pools[0]: the required field `name` is missing"),
        (
            "name: x\n  replica: 2",
            "3:3 pools[0].replica: unknown field `replica`; did you mean `replicas`?",
        ),
        (
            "name: x\n  Replicas: 2",
            "3:3 pools[0].Replicas: unknown field `Replicas`; did you mean `replicas`?",
        ),
        (
            "name: x\n  lables: {}",
            "3:3 pools[0].lables: unknown field `lables`; did you mean `labels`?",
        ),
        (
            "name: x\n  colour: red",
            "3:3 pools[0].colour: unknown field `colour`; expected one of `name`, `replicas`, `labels`, `zones`, `strategy`, `values`",
        ),
        (
            "name: x\n  replicas: two",
            "3:13 pools[0].replicas: found string \"two\", expected u8",
        ),
        (
            "name: x\n  replicas: 256",
            "3:13 pools[0].replicas: found integer `256`, expected u8",
        ),
        (
            "name: x\n  replicas: 1.5",
            "3:13 pools[0].replicas: found floating point `1.5`, expected u8",
        ),
        (
            "name: no",
            "2:9 pools[0].name: found boolean `false`, expected a string; put it in quotes",
        ),
        (
            "name: 7",
            "2:9 pools[0].name: found integer `7`, expected a string; put it in quotes",
        ),
        (
            "name: a b",
            "2:9 pools[0].name: `a b` is not a name: it has a space",
        ),
        (
            "name: x\n  labels: {a b: c}",
            "3:12 pools[0].labels[\"a b\"]: `a b` is not a name: it has a space",
        ),
        (
            "name: x\n  labels:\n    a: 1",
            "4:8 pools[0].labels.a: found integer `1`, expected a string; put it in quotes",
        ),
        (
            "name: x\n  zones: {a: b}",
            "3:10 pools[0].zones: found a mapping, expected a sequence",
        ),
        (
            "name: x\n  zones: [a, ~]",
            "3:14 pools[0].zones[1]: found null, expected a string",
        ),
        (
            "name: x\n  strategy: recreat",
            "3:13 pools[0].strategy: unknown value `recreat`; did you mean `recreate`?",
        ),
        (
            "name: x\n  strategy: {rollingUpdate: {max_surge: x}}",
            "3:41 pools[0].strategy.rollingUpdate.max_surge: found string \"x\", expected u32",
        ),
    ] {
        let text = format!("pools:\n- {pool}\n");
        let error = one(&text).decode::<Pools>().unwrap_err();
        assert_eq!(format!("{} {error}", error.position()), expected);
    }
    let error = one("pools: [[a]]").decode::<Pools>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "pools[0]: found a sequence, expected struct Pool"
    );
    assert!(matches!(error.problem(), DecodeProblem::Mismatch { .. }));
}

#[derive(Debug, Deserialize)]
struct Open {
    #[serde(default)]
    items: Vec<u8>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[test]
fn null_is_absence_for_fields_and_data_in_free_form() {
    let pool: Pool = one(
        "name: x\nreplicas:\nlabels: ~\nzones: null\nstrategy:\nvalues:\n  image: ~\n  list: [~, {a: ~}]\n",
    )
    .decode()
    .unwrap();
    assert_eq!(
        (pool.replicas, pool.labels.len(), pool.zones.len(), pool.strategy),
        (0, 0, 0, None)
    );
    assert_eq!(pool.values, json!({"image": null, "list": [null, {"a": null}]}));
    // Also where serde buffers a struct.
    let open: Open = one("items: ~\nother: {a: ~}\n").decode().unwrap();
    assert!(open.items.is_empty());
    assert_eq!(open.rest["other"], json!({"a": null}));
}

#[test]
fn secrets_do_not_appear_in_errors() {
    #[derive(Debug, Deserialize)]
    struct Secret {
        #[allow(dead_code)]
        data: BTreeMap<String, u8>,
        #[allow(dead_code)]
        name: Option<Name>,
    }
    for text in [
        "kind: Secret\ndata: {a: hunter2}\n",
        "kind: Secret\ndata: {}\nname: hunter2 x\n",
        "kind: Secret\ndata: hunter2\n",
    ] {
        let error = one(text).decode::<Secret>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn syntax_errors_have_a_position_and_a_field() {
    for (text, position, field) in [
        ("a: [1, 2", Some("1:4"), None),
        ("a: b: c", Some("1:5"), None),
        ("a: 'x", Some("1:4"), None),
        ("a:\n  b: .inf\n", Some("2:6"), Some("a.b")),
        ("a:\n- b\n- {~: c}\n", Some("3:4"), Some("a[1]")),
        ("a: !!int x", Some("1:10"), Some("a")),
        ("a: &x [*x]", Some("1:8"), Some("a[0]")),
        ("a:\n  <<: 1\n", Some("2:3"), Some("a")),
    ] {
        let error = yaml::documents(text).unwrap_err();
        assert_eq!(
            error.position().map(|position| position.to_string()).as_deref(),
            position,
            "{text:?} {error}"
        );
        assert_eq!(
            error.path().map(ToString::to_string).as_deref(),
            field,
            "{text:?} {error}"
        );
    }
    let mut options = ReadOptions::default();
    options.duplicate_keys = DuplicateKeys::Refuse;
    let error = yaml::documents_with("a:\n  b: 1\n  c: 2\n  b: 3\n", &options).unwrap_err();
    assert_eq!(
        format!("{} {error}", error.position().unwrap()),
        "4:3 duplicate key at field a.b: it stands already at line 2; remove one of the two"
    );
}

#[test]
fn reads_tens_of_thousands_of_documents() {
    let mut text = String::new();
    for number in 0..20_000 {
        writeln!(text, "---\nkind: Cluster\nnumber: {number}").unwrap();
    }
    let documents = yaml::documents(&text).unwrap();
    assert_eq!(documents.len(), 20_000);
    assert_eq!(documents[19_999].position(&path("number")).unwrap().line, 60_000);
}

#[test]
fn hostile_texts_are_refused() {
    // Ten levels of ten: ten thousand million values.
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{items}]").unwrap();
    }
    assert!(matches!(
        yaml::documents(&bomb),
        Err(YamlError::ExcessiveAliasing { .. })
    ));
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for deep in [
        nested("[", "]"),
        nested("{a: ", "}"),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
    ] {
        assert!(yaml::documents(&deep).is_err());
    }
    // Deep through aliases: each level adds one to the one before.
    let mut ladder = "- &a0 [x]\n".to_owned();
    for level in 1..500 {
        writeln!(ladder, "- &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(matches!(yaml::documents(&ladder), Err(YamlError::TooDeep { .. })));
    let mut options = ReadOptions::default();
    options.max_values = 10;
    assert!(matches!(
        yaml::documents_with("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", &options),
        Err(YamlError::TooManyValues { .. })
    ));
    options.max_bytes = 5;
    assert!(matches!(
        yaml::documents_with("abcdef", &options),
        Err(YamlError::TooLarge { found: 6, limit: 5 })
    ));
    // As deep as is allowed, and no deeper.
    let levels = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(yaml::documents(&levels(128)).is_ok());
    assert!(matches!(
        yaml::documents(&levels(129)),
        Err(YamlError::TooDeep { .. })
    ));
}

#[test]
fn a_scalar_is_replaced_and_nothing_else() {
    let text = "# fleet\nversion:   v1.30.0   # keep\nquoted: 'v1.30.0'\ndouble: \"v1.30.0\"\nreplicas: 3\nlist: [a, b]\n---\nversion: v1.30.0\r\nlast: x";
    let documents = yaml::documents(text).unwrap();
    let replace = |document: usize, at: &str, value: Value| {
        let span = documents[document].span(&path(at)).unwrap();
        replace_scalar(text, span, value).unwrap()
    };
    for (document, at, value, old, new) in [
        (
            0,
            "version",
            json!("v1.31.0"),
            "version:   v1.30.0   # keep",
            "version:   v1.31.0   # keep",
        ),
        (
            0,
            "version",
            json!("1.31"),
            "version:   v1.30.0   # keep",
            "version:   \"1.31\"   # keep",
        ),
        (0, "quoted", json!("it's"), "'v1.30.0'", "'it''s'"),
        (0, "quoted", json!(5), "'v1.30.0'", "5"),
        (0, "double", json!("a\"b"), "\"v1.30.0\"", "\"a\\\"b\""),
        (0, "replicas", json!(5), "replicas: 3", "replicas: 5"),
        (0, "replicas", json!("5"), "replicas: 3", "replicas: \"5\""),
        (0, "replicas", json!(null), "replicas: 3", "replicas: null"),
        (0, "list[0]", json!("c, d"), "[a, b]", "[\"c, d\", b]"),
        (
            1,
            "version",
            json!("v1.31.0"),
            "version: v1.30.0\r",
            "version: v1.31.0\r",
        ),
        (1, "last", json!("# no"), "last: x", "last: \"# no\""),
    ] {
        assert_eq!(replace(document, at, value), text.replacen(old, new, 1), "{at}");
    }
    let refused = |text: &str, span, value: Value| match replace_scalar(text, span, value) {
        Err(YamlError::Replace(problem)) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("a: b", 0..1, json!("c")), ReplaceProblem::NoScalar);
    assert_eq!(refused("a: b", 3..99, json!("c")), ReplaceProblem::NoScalar);
    assert_eq!(refused("a: b", 3..4, json!(["c"])), ReplaceProblem::NotScalar);
    assert_eq!(
        refused("a: &x b\nc: *x", 6..7, json!("d")),
        ReplaceProblem::NotAlone
    );
}

#[test]
fn writes_what_kubectl_would() {
    let value = json!({
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "data": {
            "script": "#!/bin/sh\necho hi\n", "stripped": "a\nb", "kept": "a\n\n\n", "indented": "  a\nb\n", "tab": "\ta\n",
            "blank": "a\n  \nb\n", "crlf": "a\r\nb\n", "no": "no", "mode": "0644", "float": "1e3", "y": "y", "null": "null", "empty": "",
            "star": "*", "colon": "a: b", "hash": "a #b", "dash": "- a", "url": "http://x/y?z=1#f", "date": "2026-01-01",
            "version": "v1.30.0", "number": "1.10", "space": " a", "cidr": "10.0.0.0/16", "ip": "10.0.0.1", "time": "09:00", "sexagesimal": "1:30",
            "unicode": "grüße ☕", "control": "a\u{1}b\u{85}c\u{2028}d\u{feff}", "template": "{{name}}", "percent": "50%", "at": "@x", "<<": "<<",
        },
        "list": [[], {}, [1, [2]], {"a": {"b": []}, "c": null}, "x", -1.5, true],
    });
    insta::assert_snapshot!(yaml::to_string(&value).unwrap());
    for scalar in [
        json!("x"),
        json!(null),
        json!({}),
        json!([]),
        json!(""),
        json!(3),
        json!("a\nb\n"),
    ] {
        let text = yaml::to_string(&scalar).unwrap();
        assert_eq!(
            yaml::documents(&text)
                .unwrap()
                .pop()
                .map_or(Value::Null, Document::into_value),
            scalar,
            "{text}"
        );
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,12}",
        r#"[ \n\t:#,\[\]{}&*!|>'"%@`?-]{0,6}[a-z0-9 \n:#.-]{0,8}"#,
        r"[0-9a-fxoTZeE_+.:-]{1,10}",
        prop::sample::select(vec![
            "yes", "No", "~", "null", ".inf", "0x1F", "1_0", "<<", "=", "---", "...", "\u{feff}", "\u{85}",
            "true"
        ])
        .prop_map(str::to_owned),
        "(a|b|\n| |\t|é){0,12}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any_text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        (-1000i32..1000).prop_map(|number| json!(f64::from(number) + 0.25)),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any_text(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_reads_back(value in any_value()) {
        let text = yaml::to_string(&value).unwrap();
        let read = yaml::documents(&text).unwrap().pop().map_or(Value::Null, Document::into_value);
        prop_assert_eq!(read, value, "{}", text);
    }

    #[test]
    fn any_scalar_can_replace_any_other(document in any_value(), new in any_text()) {
        let text = yaml::to_string(&json!({"a": document, "b": "old"})).unwrap();
        let span = one(&text).span(&path("b")).unwrap();
        let edited = replace_scalar(&text, span, new.as_str()).unwrap();
        prop_assert_eq!(one(&edited).value()["b"].clone(), Value::from(new));
    }

    #[test]
    fn reading_never_panics(text in r#"[a-c0-2 \n\t:#,\[\]{}&*!|>'"%@`?<.~é-]{0,40}"#) {
        if let Ok(documents) = yaml::documents(&text) {
            for document in documents {
                let _ = document.decode::<Pools>();
            }
        }
    }
}
