//! Which crate may depend on which: stages never on each other, nor on what only people see.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

const STAGES: [&str; 6] = ["ingest", "embed", "train", "predict", "select", "evaluate"];

/// The crates of this workspace that each may use. A crate that is not here may use none.
fn allowed(name: &str) -> &'static [&'static str] {
    match name {
        "sources" | "store" | "geometry" | "evidence" | "foreign" => &["artifact"],
        "select" => &["artifact", "geometry"],
        "ingest" => &["artifact", "sources"],
        "evaluate" => &["artifact", "metrics"],
        "model" => &["artifact", "geometry", "kernels"],
        "report" => &["artifact", "evidence", "metrics"],
        "embed" => &["artifact", "model"],
        "train" => &["artifact", "geometry", "metrics", "model"],
        "predict" => &["artifact", "metrics", "model"],
        "pipeline" => &[
            "artifact", "evidence", "report", "sources", "store", "model", "ingest", "embed",
            "train", "predict", "select", "evaluate", "kernels", "metrics",
        ],
        "cli" => &[
            "artifact", "evidence", "report", "sources", "store", "model", "ingest", "embed",
            "train", "predict", "select", "evaluate", "pipeline", "foreign",
        ],
        _ => &[],
    }
}

/// What only the pipeline or the command line may use; `ingest` reads lists of classes in YAML.
const FOR_PEOPLE: [&str; 8] = [
    "clap",
    "comfy-table",
    "ctrlc",
    "indicatif",
    "miette",
    "saphyr-parser",
    "serde_yaml",
    "tracing-subscriber",
];

fn packages() -> Vec<Package> {
    let manifest = goldpan_tests::root().join("Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).no_deps();
    command.exec().unwrap().packages
}

/// The crates' names without `goldpan-`, and what each uses outside of tests.
fn used() -> BTreeMap<String, BTreeSet<String>> {
    let packages = packages();
    let crates = packages.iter().filter(|package| {
        let manifest = package.manifest_path.as_str();
        manifest.contains("/crates/")
    });
    crates
        .map(|package| {
            let name = package.name.as_str();
            let short = name.strip_prefix("goldpan-").unwrap_or(name).to_owned();
            let uses = package.dependencies.iter();
            let uses = uses.filter(|dependency| dependency.kind != DependencyKind::Development);
            (
                short,
                uses.map(|dependency| dependency.name.clone()).collect(),
            )
        })
        .collect()
}

#[test]
fn crates_use_only_those_below_them() {
    let used = used();
    assert!(used.len() >= 14, "{:?}", used.keys());
    for (name, uses) in &used {
        let inside = uses.iter().filter_map(|name| name.strip_prefix("goldpan-"));
        for other in inside {
            assert!(
                allowed(name).contains(&other),
                "crates/{name} must not depend on crates/{other}"
            );
        }
    }
}

#[test]
fn stages_know_nothing_of_people() {
    let used = used();
    let below = STAGES.into_iter().chain([
        "artifact", "evidence", "kernels", "metrics", "model", "sources", "store",
    ]);
    for name in below {
        for foreign in FOR_PEOPLE {
            let reads_classes = (name, foreign) == ("ingest", "serde_yaml");
            assert!(
                reads_classes || !used[name].contains(foreign),
                "crates/{name} must not depend on {foreign}"
            );
        }
    }
    for stage in STAGES {
        assert!(
            !used[stage].contains("goldpan-store"),
            "crates/{stage} must not depend on the store"
        );
    }
}

#[test]
fn every_crate_says_what_it_is() {
    for package in packages() {
        let description = package.description.unwrap_or_default();
        assert!(
            !description.is_empty(),
            "{} has no description",
            package.name
        );
    }
}

/// Whether a folder's Rust code names an identifier.
fn names(folder: &Path, identifier: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.into_iter().any(|path| {
        if path.is_dir() {
            return names(&path, identifier);
        }
        let is_part = |char: char| char.is_alphanumeric() || char == '_';
        path.extension().is_some_and(|extension| extension == "rs")
            && fs::read_to_string(&path)
                .unwrap()
                .split(|char| !is_part(char))
                .any(|word| word == identifier)
    })
}

#[test]
fn every_dependency_is_used() {
    let packages = packages();
    let mut used = BTreeSet::new();
    let mut unused = Vec::new();
    for package in &packages {
        let folder = package.manifest_path.parent().unwrap().as_std_path();
        for dependency in &package.dependencies {
            used.insert(dependency.name.clone());
            let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
            let identifier = name.replace('-', "_");
            let parts = ["src", "tests", "benches", "examples"];
            // What is there for its features alone is switched on in a crate's own.
            let forwarded = package.features.values().flatten();
            let mut forwarded = forwarded.filter_map(|feature| feature.split(['/', '?']).next());
            let named = parts
                .iter()
                .any(|part| names(&folder.join(part), &identifier));
            if !named && !forwarded.any(|feature| feature == name.as_str()) {
                unused.push(format!("{} of {}", dependency.name, package.name));
            }
        }
    }
    assert!(unused.is_empty(), "{unused:#?}");

    let manifest = fs::read_to_string(goldpan_tests::root().join("Cargo.toml")).unwrap();
    let (_, listed) = manifest.split_once("[workspace.dependencies]").unwrap();
    let listed = listed.lines().take_while(|line| !line.starts_with('['));
    let listed: Vec<&str> = listed
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once([' ', '.', '='])?.0))
        .collect();
    assert!(listed.len() > 60, "{listed:?}");
    let unused: Vec<&&str> = listed
        .iter()
        .filter(|name| !used.contains(**name))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}
