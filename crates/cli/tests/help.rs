//! The texts of `--help`, as a terminal of 100 columns shows them.

use assert_cmd::Command;

/// What `goldpan ARGUMENTS` prints to stdout.
fn help(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldpan"));
    let output = command
        .args(arguments)
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn of_the_program() {
    insta::assert_snapshot!("goldpan", help(&["--help"]));
}

#[test]
fn of_every_subcommand() {
    for name in [
        "ingest", "import", "embed", "train", "predict", "select", "evaluate", "export", "run",
        "report", "explain", "gc", "show",
    ] {
        insta::assert_snapshot!(name, help(&[name, "--help"]));
    }
}

#[test]
fn a_version_is_told() {
    let version = format!("goldpan {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(help(&["--version"]), version);
}
