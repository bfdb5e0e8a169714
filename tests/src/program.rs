//! The program under test, and how it ended.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A small encoder that really was trained, fetched once into `target/test-cache`.
pub const MODEL: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// The workspace's folder.
pub fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// The program that `cargo test --workspace` built: beside the test's own folder.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join(format!("goldpan{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is missing: run `cargo test --workspace`, or `cargo build -p goldpan-cli` first",
        program.display()
    );
    program
}

/// `goldpan` with nothing of the user's own settings. The hub is never asked: the package index
/// has the test's model and texts, and CI reaches no hub.
pub fn goldpan(folder: &Path) -> Command {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("GOLDPAN_") || text.starts_with("HF_") {
            command.env_remove(&name);
        }
    }
    command
        .env("GOLDPAN_CACHE", root().join("target/test-cache"))
        .env("HF_HUB_OFFLINE", "1")
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Asserts that all went well.
    pub fn well(self) -> Self {
        self.with(0)
    }

    /// Asserts the exit code.
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that stderr holds all of these.
    pub fn saying(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "{part:?} is not in:\n{}",
                self.stderr
            );
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// Runs `goldpan ARGUMENTS` in `folder`; arguments are separated by spaces.
pub fn run(folder: &Path, arguments: &str) -> Ran {
    let output = goldpan(folder).args(arguments.split_whitespace()).output();
    output.unwrap().into()
}

/// Starts `goldpan ARGUMENTS` in `folder`, its output thrown away.
pub fn start(folder: &Path, arguments: &str) -> Child {
    goldpan(folder)
        .args(arguments.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
