//! No control character of the data reaches a terminal: not in tables, summaries, warnings or errors.

use std::path::Path;

use goldpan_tests::{Ran, goldpan};

/// ANSI escapes, a bell, C1 controls, carriage returns and changes of direction.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\u{8}\u{202e}evil\u{2066}\u{7f}";

/// Runs the program and checks all that it prints.
fn run(folder: &Path, code: i32, arguments: &[&str]) -> Ran {
    let ran = Ran::from(goldpan(folder).args(arguments).output().unwrap()).with(code);
    clean(&ran);
    ran
}

fn clean(ran: &Ran) {
    for (name, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        let raw: Vec<char> = text
            .chars()
            .filter(|c| match c {
                '\n' | '\t' => false,
                '\u{202e}' | '\u{2066}' => true,
                c => c.is_control(),
            })
            .collect();
        assert!(raw.is_empty(), "{name} has {raw:?}: {text:?}");
    }
}

fn write(folder: &Path, name: &str, content: &str) {
    std::fs::write(folder.join(name), content).unwrap();
}

#[test]
fn texts_classes_columns_and_paths_are_shown_without_control_characters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let nasty = NASTY.replace('\r', "");
    write(
        path,
        "good.csv",
        &format!(
            "text,label,key,\"{NASTY}\"\n\"a {NASTY} b\",\"{NASTY}\",\"{NASTY}\",\"{NASTY}\"\nsame,x,1,2\nsame,\"{NASTY}\",2,3\n"
        ),
    );
    let columns = ["--id-column", "key", "--metadata-columns", NASTY];
    let ingest = ["-v", "ingest", "--input", "good.csv", "--out", "t.arrow"];
    run(path, 0, &[ingest.as_slice(), &columns].concat());
    run(path, 0, &["show", "t.arrow"]);
    // A path of such a name, and errors about such columns, labels and values.
    let (file, out) = (format!("{nasty}.csv"), format!("{nasty}.arrow"));
    write(path, &file, "text,label\na,x\n");
    let ran = run(path, 0, &["ingest", "--input", &file, "--out", &out]);
    assert!(ran.stdout.contains("\\u{1b}[2J"), "{}", ran.stdout);
    run(path, 0, &["show", &out]);
    let again = "{\"text\": \"a\", \"\\u001b[2J\": 1, \"\\u001b[2J\": 2}";
    for (name, content) in [
        ("names.csv", format!("\"{NASTY}\",label\na,x\n")),
        (
            "twice.csv",
            format!("text,\"{NASTY}\",\"{NASTY}\"\na,x,y\n"),
        ),
        ("again.json", again.to_owned()),
        ("word.json", "{\"text\": \u{9b}31m}".to_owned()),
        (
            "keys.json",
            format!("[{}]", again.replace("text", "texts").replace(": 2", "")),
        ),
    ] {
        write(path, name, &content);
        let ran = run(path, 3, &["ingest", "--input", name, "--out", "x.arrow"]);
        let shown = ran.stderr.contains("\\u{1b}[2J");
        assert_eq!(
            shown,
            !matches!(name, "word.json" | "keys.json"),
            "{}",
            ran.stderr
        );
    }
    write(path, "labels.csv", &format!("id,label\n0,\"{NASTY}!\"\n"));
    let select = "select --texts t.arrow --labelled labels.csv --strategy random --count 1 --out s";
    run(path, 3, &select.split(' ').collect::<Vec<_>>());
    write(path, "p.yaml", "name: x\nstages: { \"\\e[2J\": {} }\n");
    run(path, 2, &["run", "p.yaml", "--dry-run"]);
}
