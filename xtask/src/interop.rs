//! `cargo xtask interop`: models to and from transformers and PEFT.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use crate::{become_of, cargo, code, root, target};

/// Builds the program, finds or makes a Python with the libraries, and becomes the comparison.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let (python, rest) = match arguments {
        [flag, python, rest @ ..] if flag == "--python" => (PathBuf::from(python), rest),
        _ => match installed() {
            Ok(python) => (python, arguments),
            Err(failed) => return failed,
        },
    };
    // As CI builds it, so that nothing is built twice.
    if let Err(failed) = done(&mut cargo(&["test", "--workspace", "--no-run", "--quiet"])) {
        return failed;
    }
    let program = target()
        .join("debug")
        .join(format!("goldpan{}", env::consts::EXE_SUFFIX));
    let model = root().join("crates/model");
    let base = |name: &str| {
        let folder = model.join("tests/fixtures").join(name);
        format!("--base={name}={}", folder.display())
    };
    become_of(
        Command::new(python)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(model.join("python/interop.py"))
            .arg("--goldpan")
            .arg(program)
            .arg("--work")
            .arg(target().join("interop"))
            .args(["tiny-bert", "tiny-roberta"].map(base))
            .args(rest),
    )
}

/// The Python of an environment with the libraries, installed where that was not done yet.
fn installed() -> Result<PathBuf, ExitCode> {
    let wanted = root().join("crates/model/python/requirements.txt");
    let folder = target().join("interop-python");
    let (python, marker) = (folder.join("bin/python"), folder.join("requirements.txt"));
    if same(&wanted, &marker).unwrap_or(false) {
        return Ok(python);
    }
    eprintln!("installing torch, transformers and peft: about 3 GB to fetch, 6 GB on the disk");
    done(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let install = ["-m", "pip", "install", "--quiet", "--requirement"];
    done(Command::new(&python).args(install).arg(&wanted))?;
    match fs::copy(&wanted, &marker) {
        Ok(_) => Ok(python),
        Err(error) => {
            eprintln!("error: cannot write {}: {error}", marker.display());
            Err(ExitCode::FAILURE)
        }
    }
}

/// Whether two files hold the same.
fn same(a: &Path, b: &Path) -> io::Result<bool> {
    Ok(fs::read(a)? == fs::read(b)?)
}

/// Runs a command to its end.
fn done(command: &mut Command) -> Result<(), ExitCode> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(code(status.code())),
        Err(error) => {
            let program = command.get_program().display();
            eprintln!("error: cannot start {program}: {error}");
            Err(ExitCode::FAILURE)
        }
    }
}
