//! The commands of README.md do what it says, as they stand there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use goldpan_artifact::{Selection, Texts};
use goldpan_tests::{MODEL, Ran, goldpan, root};
use serde_json::Value;

/// The fenced blocks of this language in a section of README.md, one after the other.
fn block(section: &str, language: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let start = readme
        .find(&format!("\n{section}\n"))
        .unwrap_or_else(|| panic!("README.md has no section {section}"));
    let rest = &readme[start + 1 + section.len()..];
    let rest = &rest[..rest.find("\n## ").unwrap_or(rest.len())];
    let blocks: Vec<&str> = rest
        .split(&format!("\n```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap())
        .collect();
    assert!(
        !blocks.is_empty(),
        "{section} of README.md: blocks of {language}"
    );
    blocks.join("\n")
}

/// A folder to work in, with a small model of the name that README uses, and no network.
struct User {
    folder: tempfile::TempDir,
}

impl User {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("models").join(MODEL);
        fs::create_dir_all(&model).unwrap();
        let tiny = root().join("crates/model/tests/fixtures/tiny-bert");
        for file in [
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "model.safetensors",
        ] {
            fs::copy(tiny.join(file), model.join(file)).unwrap();
        }
        fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Runs a script as a user's shell does, up to the first command that fails.
    fn run(&self, script: &str) -> Ran {
        let program = goldpan(&self.work());
        let programs = Path::new(program.get_program()).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(self.work())
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("GOLDPAN_MODELS", self.folder.path().join("models"))
            .env("GOLDPAN_CACHE", self.folder.path().join("cache"))
            .env("HF_HUB_OFFLINE", "1")
            .env("NO_COLOR", "1");
        shell.output().unwrap().into()
    }
}

/// Rows of film reviews; every one has stars where `all`, else one in twenty.
fn reviews(rows: usize, all: bool) -> String {
    let (good, bad) = (["fine", "moving", "great"], ["dull", "poor", "tedious"]);
    let mut text = String::from("review,stars\n");
    for row in 0..rows {
        let words = if row % 2 == 0 { good } else { bad };
        let stars = match all || row % 20 < 2 {
            true => ["5", "1"][row % 2],
            false => "",
        };
        text += &format!("\"a {} film, number {row}\",{stars}\n", words[row / 2 % 3]);
    }
    text
}

/// Where the user has to label, the test does.
const LABELLING: &str = "# Label them in a file";

#[test]
fn the_stages_run_as_they_stand() {
    let user = User::new();
    let path = user.work();
    fs::write(path.join("reviews.csv"), reviews(260, false)).unwrap();
    fs::write(path.join("dev.csv"), reviews(40, true)).unwrap();

    let script = block("## Your own texts, stage by stage", "sh");
    let at = script
        .find(LABELLING)
        .expect("README.md says when to label");
    let (before, after) = script.split_at(at);
    user.run(before).well();
    let texts = Texts::open(path.join("texts.arrow")).unwrap();
    assert_eq!(texts.len(), 260);
    let first = Selection::open(path.join("first.arrow")).unwrap();
    let first: BTreeSet<u64> = first.ids().collect();
    assert_eq!(first.len(), 100);

    // `id` is the number of the row in the file, from 0, as README says.
    let mut labels = String::from("id,label\n");
    for id in &first {
        labels += &format!("{id},{}\n", ["5", "1"][*id as usize % 2]);
    }
    fs::write(path.join("labels.csv"), labels).unwrap();
    let ran = user.run(after).well();

    let next = Selection::open(path.join("next.arrow")).unwrap();
    let next: BTreeSet<u64> = next.ids().collect();
    assert_eq!(next.len(), 100);
    assert!(next.is_disjoint(&first), "what is labelled is not picked");
    let metrics = fs::read_to_string(path.join("metrics.json")).unwrap();
    let metrics: Value = serde_json::from_str(&metrics).unwrap();
    assert!(metrics["accuracy"].as_f64().is_some(), "{metrics}");
    assert!(ran.stdout.contains("next.arrow"), "{}", ran.stdout);

    // For the block in Python, which CI runs on these tables.
    if let Some(keep) = std::env::var_os("GOLDPAN_README_TABLES") {
        let keep = root().join(keep);
        fs::create_dir_all(&keep).unwrap();
        for table in ["texts.arrow", "next.arrow"] {
            fs::copy(path.join(table), keep.join(table)).unwrap();
        }
        fs::write(keep.join("readme.py"), block("## From Python", "python")).unwrap();
    }
}

#[test]
fn guessing_without_a_label_runs_as_it_stands() {
    let user = User::new();
    let data = user.folder.path().join("shared/data/sst2");
    fs::create_dir_all(&data).unwrap();
    let mut texts = String::from("sentence\tlabel\n");
    for row in 0..10 {
        texts += &format!("{} film {row}\t{}\n", ["a bad", "a good"][row % 2], row % 2);
    }
    for file in ["train.tsv", "dev.tsv", "test.tsv"] {
        fs::write(data.join(file), &texts).unwrap();
    }
    let script = block("## Results", "sh");
    assert!(script.contains("goldpan predict") && script.contains("goldpan evaluate"));
    user.run(&script).well();
    let metrics = fs::read_to_string(user.work().join("metrics.json")).unwrap();
    let metrics: Value = serde_json::from_str(&metrics).unwrap();
    assert!(metrics["accuracy"].as_f64().is_some(), "{metrics}");
}
