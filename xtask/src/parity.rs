//! `cargo xtask parity`: how far Goldpan's numbers are from those of transformers and PEFT.

use crate::{cargo, code};
use std::ffi::OsStr;
use std::process::{ExitCode, Stdio};

/// The tests that compare with Python's numbers; each prints rows of a Markdown table.
const TESTS: [&str; 2] = ["parity", "masked"];

/// Runs the tests on a device (default: cpu) and prints their rows as one table.
pub fn parity(device: Option<&OsStr>) -> ExitCode {
    let mut tests = cargo(&["test", "--quiet", "--workspace", "--no-fail-fast"]);
    tests
        .args(TESTS.iter().flat_map(|test| ["--test", test]))
        .stderr(Stdio::inherit());
    if let Some(device) = device {
        tests.env("GOLDPAN_TEST_DEVICE", device);
        let device = device.to_string_lossy();
        if let Some(feature @ ("cuda" | "tch")) = device.split(':').next() {
            tests.args(["--features", &format!("goldpan-model/{feature}")]);
        }
    }
    tests.args(["--", "--nocapture", "--test-threads", "1"]);
    let output = match tests.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("error: cannot start cargo: {error}");
            return ExitCode::FAILURE;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    println!("| quantity | tolerance | worst seen |");
    println!("|---|---:|---:|");
    for line in text.lines() {
        // The test runner's dots may stand before a row.
        if let Some(start) = line.find("| ") {
            println!("{}", &line[start..]);
        }
    }
    if !output.status.success() {
        eprintln!("{text}");
    }
    code(output.status.code())
}
