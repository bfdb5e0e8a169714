//! Which crate may depend on which: stages never on each other, nor on what only people see.

use std::collections::{BTreeMap, BTreeSet};

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
