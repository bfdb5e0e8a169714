//! A table that becomes shorter while a stage reads it: an error, and nothing is left.
#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use goldpan_tests::{MODEL, goldpan, run};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_table_that_is_truncated_while_it_is_read_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut texts = "text\n".to_owned();
    for row in 0..40_000 {
        let words = "a long and winding road to a small town ".repeat(1 + row % 7);
        writeln!(texts, "{words}{row}").unwrap();
    }
    fs::write(path.join("t.csv"), texts).unwrap();
    run(path, "ingest --input t.csv --out t.arrow").well();
    let before = names(path);
    let mut command = goldpan(path);
    let args = format!("embed --texts t.arrow --model {MODEL} --out v.arrow");
    command.args(args.split_whitespace());
    let child = command.stderr(Stdio::piped()).stdout(Stdio::piped());
    let child = child.spawn().unwrap();
    let signal = |name: &str| {
        let mut kill = Command::new("kill");
        let sent = kill.args([name, &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    let began = Instant::now();
    while names(path) == before {
        if began.elapsed() > Duration::from_secs(60) {
            signal("-KILL");
            panic!("no output begins");
        }
        sleep(Duration::from_millis(2));
    }
    // However busy the machine is, nothing is read meanwhile.
    signal("-STOP");
    let table = OpenOptions::new().write(true).open(path.join("t.arrow"));
    table.unwrap().set_len(4096).unwrap();
    signal("-CONT");
    let ran = child.wait_with_output().unwrap();
    let told = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(3), "{told}");
    assert!(
        told.contains("t.arrow became shorter while it was read") && !told.contains("panicked"),
        "{told}"
    );
    assert_eq!(names(path), before, "{told}");
}
