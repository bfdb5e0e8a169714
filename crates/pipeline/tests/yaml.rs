//! What is said of YAML that is wrong, or unusual: always within a screen.

use std::fmt::Write;
use std::fs;

use goldpan_pipeline::spec::{Invalid, Pipeline};
use miette::{GraphicalReportHandler, GraphicalTheme};

const LOOP: &str = "\
name: demo
stages:
  pool:       { ingest: { input: pool.csv } }
  validation: { ingest: { input: dev.csv } }
loop:
  pool: pool
  validation: validation
  labels: oracle
  model: { base: minilm }
  train: { epochs: 2 }
  start: { random: 100 }
  rounds: [50, 50]
  arms:
    random: random
";

fn parse(text: &str, set: &[&str]) -> Result<Pipeline, Invalid> {
    let set: Vec<String> = set.iter().map(|&set| set.to_owned()).collect();
    Pipeline::parse("demo.yaml", text, &set)
}

/// As the command line shows it.
fn shown(invalid: &Invalid) -> String {
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    for problem in invalid.told() {
        handler.render_report(&mut text, problem).unwrap();
    }
    if invalid.more() > 0 {
        let _ = writeln!(text, "and {} more like these", invalid.more());
    }
    text
}

fn wrong(from: &str, to: &str) -> Invalid {
    assert!(LOOP.contains(from), "{from}");
    parse(&LOOP.replace(from, to), &[]).unwrap_err()
}

#[test]
fn numbers_and_truth_values_of_other_dialects_are_told() {
    for (from, to, told) in [
        (
            "[50, 50]",
            "[5.0]",
            "found 5.0, which is not written as a whole number",
        ),
        (
            "[50, 50]",
            "[1e3]",
            "found 1000.0, which is not written as a whole number",
        ),
        ("[50, 50]", "[1_000]", "found the text `1_000`; write 1000"),
        ("[50, 50]", "[\"50\"]", "found the text `50`"),
        ("[50, 50]", "[-5]", "found the number -5"),
        (
            "[50, 50]",
            "[all]",
            "`rest`, `share` or `until`, found the text `all`",
        ),
        (
            "epochs: 2",
            "epochs: 2.0",
            "found 2.0, which is not written as a whole number",
        ),
        ("epochs: 2", "epochs: two", "found the text `two`"),
        (
            "labels: oracle",
            "labels: oracle\n  exclude_shared: yes",
            "write true",
        ),
        (
            "labels: oracle",
            "labels: oracle\n  exclude_shared: Off",
            "write false",
        ),
        (
            "labels: oracle",
            "labels: oracle\n  exclude_shared: 1",
            "expected true or false",
        ),
        (
            "name: demo",
            "name: ~",
            "name: expected text, found nothing",
        ),
        (
            "    random: random",
            "    1: random",
            "expected text as a key",
        ),
        (
            "train: { epochs: 2 }",
            "train: [1, 2]",
            "expected a mapping, found a list",
        ),
        ("epochs: 2", "<<: 3", "`<<` merges mappings alone"),
        (
            "epochs: 2",
            "epochs: 2, epochs: 3",
            "`epochs` is here twice",
        ),
    ] {
        let message = wrong(from, to).to_string();
        assert!(message.contains(told), "{to}: {message}");
    }
    for (set, told) in [
        ("loop.rounds=[5.0]", "--set:1:13: loop.rounds.0: expected"),
        ("loop.train.epochs=1_0", "write 10"),
        ("loop.rounds=[a: b", "this is not YAML"),
        ("x", "an override is KEY=VALUE"),
    ] {
        let message = parse(LOOP, &[set]).unwrap_err().to_string();
        assert!(message.contains(told), "{set}: {message}");
    }
}

#[test]
fn merge_keys_and_anchors_work() {
    let text = LOOP
        .replace("name: demo", "name: demo\nseeds: &seeds [3, 4]")
        .replace(
            "train: { epochs: 2 }",
            "train: { <<: {epochs: 7, batch_size: 4}, batch_size: 8 }",
        );
    let training = &parse(&text, &[])
        .unwrap()
        .experiment
        .unwrap()
        .training
        .config;
    assert_eq!((training.epochs.get(), training.batch_size.get()), (7, 8));
    // What is wrong in what was merged is shown where it is written.
    let text = text.replace("epochs: 7", "epochs: 0");
    let told = parse(&text, &[]).unwrap_err().to_string();
    assert!(
        told.contains("demo.yaml:11:25: loop.train.epochs: 0 is not"),
        "{told}"
    );
    let set = ["loop.train={<<: {epochs: 9}}"];
    let pipeline = parse(LOOP, &set).unwrap().experiment.unwrap();
    assert_eq!(pipeline.training.config.epochs.get(), 9);
}

#[test]
fn whatever_is_wrong_fits_a_screen() {
    let deep = format!("x: {}", "[".repeat(2_000));
    let nested = format!("x: {}1{}", "{a: ".repeat(100), "}".repeat(100));
    let keys: String = (0..10_000).map(|key| format!("key{key}: 1\n")).collect();
    let stages: String = (0..10_000)
        .map(|key| format!("  s{key}: {{ ingest: {{ input: [] }} }}\n"))
        .collect();
    let lines: String = (0..10_000)
        .map(|line| format!("    - item {line}\n"))
        .collect();
    let long = "y".repeat(1 << 20);
    let laughs: String = (1..40)
        .map(|level| {
            let before = format!("*a{}", level - 1);
            format!(
                "a{level}: &a{level} [{}]\n",
                [before.as_str(); 9].join(", ")
            )
        })
        .collect();
    for (what, text) in [
        ("deep", format!("{LOOP}{deep}")),
        ("nested", format!("{LOOP}{nested}")),
        ("keys", format!("{LOOP}{keys}")),
        (
            "stages",
            LOOP.replace("stages:\n", &format!("stages:\n{stages}")),
        ),
        (
            "list",
            LOOP.replace("train: { epochs: 2 }", &format!("train:\n{lines}")),
        ),
        (
            "long text",
            LOOP.replace("epochs: 2", &format!("epochs: {long}")),
        ),
        (
            "long key",
            LOOP.replace("epochs: 2", &format!("? {long}\n: 2")),
        ),
        (
            "long line",
            LOOP.replace("epochs: 2", &format!("{long}: 2, epochs: 2")),
        ),
        (
            "long name",
            LOOP.replace("name: demo", &format!("name: {long}")),
        ),
        ("laughs", format!("{LOOP}a0: &a0 [x]\n{laughs}")),
        ("tabs", LOOP.replace("  pool: pool", "\tpool: pool")),
        ("documents", format!("{LOOP}---\n{LOOP}")),
        ("empty", String::new()),
        ("comments", "# nothing\n".to_owned()),
        ("null", "~\n".to_owned()),
        ("scalar", "just text\n".to_owned()),
        ("unknown anchor", LOOP.replace("pool: pool", "pool: *pool")),
        (
            "control",
            LOOP.replace("name: demo", "name: \"\\e[31mred\""),
        ),
        (
            "raw control",
            LOOP.replace("name: demo", "name: \u{1b}[31mred"),
        ),
    ] {
        let invalid = parse(&text, &[]).expect_err(what);
        let shown = shown(&invalid);
        let (lines, columns) = (
            shown.lines().count(),
            shown.lines().map(|line| line.chars().count()),
        );
        assert!(lines <= 66, "{what}: {lines} lines\n{shown}");
        assert!(columns.max() <= Some(300), "{what}:\n{shown}");
        assert!(!shown.contains('\u{1b}'), "{what}:\n{shown}");
        let line = invalid.to_string();
        assert!(
            line.lines().all(|line| line.chars().count() < 2_800),
            "{what}: {line}"
        );
    }
    let tabs = wrong("  pool: pool", "\tpool: pool").to_string();
    assert!(tabs.contains("put them in place of the tabs"), "{tabs}");
    let documents = parse(&format!("{LOOP}---\n{LOOP}"), &[])
        .unwrap_err()
        .to_string();
    assert!(documents.contains("several documents"), "{documents}");
}

#[test]
fn files_of_other_encodings_are_read_or_refused_by_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    let text = "name: demo\r\nstages:\r\n  pool: { ingest: { input: x.csv } }\r\n";
    let mut wide = vec![0xff, 0xfe];
    wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    for bytes in [wide, format!("\u{feff}{text}").into_bytes()] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(Pipeline::load(&path, &[]).unwrap().name.as_str(), "demo");
    }
    fs::write(&path, b"name: caf\xe9\n").unwrap();
    let error = Pipeline::load(&path, &[]).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "line 1, byte 10 is 0xe9, which is no UTF-8: save the file as UTF-8"
    );
}
