//! Links between the documents of the repository lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use goldpan_tests::root;

/// The Markdown files that git knows, or would with the next commit.
fn documents() -> Vec<PathBuf> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.md",
    ]);
    let listed = git.current_dir(root()).output().unwrap();
    let told = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success(), "{told}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let paths = listed.lines().map(|line| root().join(line));
    paths.filter(|path| path.is_file()).collect()
}

/// The targets of a document's links, without what follows a `#`; those in code are none.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            let path = target.split(['#', ' ']).next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:") {
                found.push(path.to_owned());
            }
        }
    }
    found
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    let mut links = 0;
    for document in documents() {
        let folder = document.parent().unwrap_or(Path::new("."));
        for target in targets(&fs::read_to_string(&document).unwrap()) {
            links += 1;
            if !folder.join(&target).exists() {
                wrong.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(links > 40, "{links} links were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn links_are_found_by_their_paths() {
    let text = "See [a](docs/a.md#part), [b](https://example.org/b) and [c](#here).\n\
                ```\n[d](none.md)\n```\n![e](plots/e.svg)\n";
    assert_eq!(targets(text), ["docs/a.md", "plots/e.svg"]);
}
