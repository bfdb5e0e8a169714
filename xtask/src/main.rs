//! Chores of this workspace: `cargo xtask pipeline FILE`, `cargo xtask parity`, `cargo xtask interop`,
//! `cargo xtask bench`, `cargo xtask fuzz READER`, `cargo xtask ci`.

mod interop;
mod parity;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
Usage:
  cargo xtask pipeline FILE [ARGUMENTS]   build goldpan in release, then `goldpan run FILE ARGUMENTS`
  cargo xtask parity [DEVICE]             compare with transformers and PEFT: a table of differences
  cargo xtask interop [--python PYTHON]   exchange models with transformers and PEFT, and compare;
                                          without PYTHON they are installed below target/ first
  cargo xtask bench [DEVICE] [SECONDS]    how fast the encoder is: texts and operations per second;
                                          DEVICE is cpu without it, a run takes 2 SECONDS
  cargo xtask fuzz READER [--for 60s] [--inputs N] [--seed N] [--release]
                                          read damaged files by READER, or by `all` of csv, tsv, jsonl,
                                          json, parquet, arrow, safetensors, pickle, tokenizer, yaml and
                                          labels; what a reader does not stand is kept in target/fuzz.
                                          --release is faster and without overflow checks
  cargo xtask ci                          run what CI runs

`cargo xtask pipeline --help` lists the arguments; the README tells about the pipelines.";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    match (chore.to_str(), rest.as_slice()) {
        (Some("pipeline"), [_, ..]) => pipeline(&rest),
        (Some("parity"), [] | [_]) => parity::parity(rest.first().map(OsString::as_os_str)),
        (Some("interop"), _) => interop::run(&rest),
        (Some("bench"), [] | [_] | [_, _]) => bench(&rest),
        (Some("fuzz"), [_, ..]) => fuzz(&rest),
        (Some("ci"), []) => become_of(Command::new("bash").arg(root().join(".ci/run"))),
        (Some("help" | "-h" | "--help"), _) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Builds the program, then becomes `goldpan run`: its exit code and signals are this process's.
fn pipeline(arguments: &[OsString]) -> ExitCode {
    let build = cargo(&["build", "--release", "--package", "goldpan-cli"]).status();
    match build {
        Ok(status) if status.success() => {}
        Ok(status) => return code(status.code()),
        Err(error) => {
            eprintln!("error: cannot start cargo: {error}");
            return ExitCode::FAILURE;
        }
    }
    let program = target()
        .join("release")
        .join(format!("goldpan{}", env::consts::EXE_SUFFIX));
    become_of(Command::new(program).arg("run").args(arguments))
}

/// Becomes the benchmark of the encoder, built with what the device needs.
fn bench(arguments: &[OsString]) -> ExitCode {
    let mut bench = cargo(&["bench", "--package", "goldpan-model", "--bench", "encoder"]);
    let device = arguments.first().and_then(|device| device.to_str());
    if let Some(feature @ ("cuda" | "tch")) = device.and_then(|device| device.split(':').next()) {
        bench.args(["--features", feature]);
    }
    become_of(bench.arg("--").args(arguments))
}

/// Becomes the fuzzer. Without `--release` it is built as tests are, with checks of overflows; always
/// with the features of the whole workspace, so that what tests have built is not built again.
fn fuzz(arguments: &[OsString]) -> ExitCode {
    const NAME: &str = "goldpan-fuzz";
    let (release, rest): (Vec<_>, Vec<_>) = arguments.iter().partition(|part| *part == "--release");
    // With examples, since these, like tests, use the dependencies with all their features.
    let mut build = cargo(&[
        "build",
        "--quiet",
        "--workspace",
        "--bin",
        NAME,
        "--examples",
    ]);
    match build.args(release.first()).status() {
        Ok(status) if status.success() => {}
        Ok(status) => return code(status.code()),
        Err(error) => {
            eprintln!("error: cannot start cargo: {error}");
            return ExitCode::FAILURE;
        }
    }
    let profile = if release.is_empty() {
        "debug"
    } else {
        "release"
    };
    let program = format!("{NAME}{}", env::consts::EXE_SUFFIX);
    become_of(Command::new(target().join(profile).join(program)).args(rest))
}

/// `cargo ARGUMENTS` for this workspace, in the same environment as in a terminal.
fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(arguments)
        .args(["--manifest-path".into(), root().join("Cargo.toml")]);
    // What `cargo run` says of this package would make cargo build some of the others anew.
    let own = ["CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_PKG_"];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if own.iter().any(|start| text.starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Replaces this process by `command`, so that signals reach it and its exit code is ours.
fn become_of(command: &mut Command) -> ExitCode {
    let error = command.exec();
    eprintln!(
        "error: cannot start {}: {error}",
        command.get_program().display()
    );
    ExitCode::FAILURE
}

fn code(code: Option<i32>) -> ExitCode {
    let code = code.and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The workspace's folder.
fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}
