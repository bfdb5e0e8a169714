//! Files point one way: none imports through `lib.rs`, and there are no circles between the files of a crate but those
//! that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use goldpan_tests::root;
use syn::visit::{self, Visit};
use syn::{Attribute, ItemUse, UseTree};

/// The circles that are there still: the crate, and the files that reach each other. One that is broken goes from this
/// list, and none is added.
const KNOWN: &[(&str, &[&str])] = &[
    ("evidence", &["evidence", "headline", "notes", "weighing"]),
    ("kernels", &["frozen", "layer", "ops"]),
    (
        "model",
        &[
            "adaptation",
            "adapter",
            "card",
            "classifier",
            "encoder",
            "export",
            "linear",
            "parameters",
            "prefix",
            "sentence",
            "text_classifier",
            "trained",
        ],
    ),
    ("model", &["device", "error", "weights"]),
    ("model", &["weights/pickle", "weights/stored"]),
    (
        "pipeline",
        &[
            "spec/overrides",
            "spec/problem",
            "spec/shown",
            "spec/source",
        ],
    ),
    (
        "select",
        &[
            "about",
            "budget",
            "compose",
            "copies",
            "filter",
            "kmeans",
            "near",
            "own",
            "pick",
            "plan",
            "pool",
            "rule",
            "strategies/badge",
            "strategies/cluster_margin",
            "strategies/contrastive",
            "strategies/discriminative",
            "strategies/dpp",
            "strategies/facility_location",
            "strategies/k_means",
            "strategies/k_means_plus_plus",
            "strategies/max_herding",
            "strategies/prob_cover",
            "strategies/recommended",
            "strategies/stochastic",
            "strategies/stratified",
            "strategies/typiclust",
            "strategies/uherding",
            "strategies/weighted_k_means",
            "strategy",
            "work",
        ],
    ),
    ("store", &["pending", "runs", "session", "store"]),
];

/// The modules of a crate by their paths, `a::b`, and the files that they are in. The root is the empty path.
fn modules(crate_folder: &Path) -> BTreeMap<Vec<String>, PathBuf> {
    fn walk(folder: &Path, at: &[String], found: &mut BTreeMap<Vec<String>, PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut inside = at.to_vec();
            match stem.as_str() {
                "lib" | "main" | "mod" => {}
                _ => inside.push(stem),
            }
            if path.is_dir() {
                walk(&path, &inside, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.insert(inside, path);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&crate_folder.join("src"), &[], &mut found);
    found
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// The paths into its own crate that a file names outside of its tests.
#[derive(Default)]
struct Paths {
    /// Modules within the file that the visitor is in.
    inside: Vec<String>,
    found: Vec<(Vec<String>, Vec<String>)>,
}

impl Paths {
    fn add(&mut self, segments: Vec<String>) {
        if matches!(segments[0].as_str(), "crate" | "self" | "super") {
            self.found.push((self.inside.clone(), segments));
        }
    }

    fn tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.add(with(&name.ident)),
            UseTree::Rename(rename) => self.add(with(&rename.ident)),
            UseTree::Glob(_) => self.add([before, &["*".to_owned()]].concat()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(before, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_test(&item.attrs) {
            self.tree(&[], &item.tree);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            self.inside.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.inside.pop();
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        let segments: Vec<String> = segments.map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(segments);
        }
        visit::visit_path(self, path);
    }
}

/// What a crate's files name in each other.
struct Crate {
    name: String,
    uses: BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
    /// The imports that go through the root, as file and path.
    through_root: Vec<String>,
}

fn read(folder: &Path) -> Crate {
    let modules = modules(folder);
    let mut uses: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    let mut through_root = Vec::new();
    for (module, file) in &modules {
        let declared_for_tests = ["tests", "testing", "hostile"];
        if module.is_empty()
            || module
                .iter()
                .any(|part| declared_for_tests.contains(&part.as_str()))
        {
            continue;
        }
        let parsed = syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap();
        let mut paths = Paths::default();
        paths.visit_file(&parsed);
        for (inside, segments) in paths.found {
            let mut at = [module.as_slice(), &inside].concat();
            if segments[0] == "crate" {
                at.clear();
            }
            let mut rest = segments.as_slice();
            while let [first, more @ ..] = rest
                && matches!(first.as_str(), "crate" | "self" | "super")
            {
                if first == "super" {
                    at.pop();
                }
                rest = more;
            }
            for part in rest {
                let next = [at.as_slice(), std::slice::from_ref(part)].concat();
                if !modules.contains_key(&next) {
                    break;
                }
                at = next;
            }
            while !modules.contains_key(&at) {
                at.pop();
            }
            if at.is_empty() {
                through_root.push(format!("{}: {}", file.display(), segments.join("::")));
            } else if at != *module {
                uses.entry(module.clone()).or_default().insert(at);
            }
        }
    }
    Crate {
        name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
        uses,
        through_root,
    }
}

fn crates() -> Vec<Crate> {
    let folders = fs::read_dir(root().join("crates")).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join("src").is_dir());
    folders.sort();
    folders.iter().map(|folder| read(folder)).collect()
}

impl Crate {
    /// All that a file reaches.
    fn reached(&self, from: &Vec<String>) -> BTreeSet<&Vec<String>> {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(module) = next.pop() {
            for used in self.uses.get(module).into_iter().flatten() {
                if reached.insert(used) {
                    next.push(used);
                }
            }
        }
        reached
    }

    /// The files that reach each other, by their names.
    fn circles(&self) -> BTreeSet<Vec<String>> {
        let reached: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = self
            .uses
            .keys()
            .map(|module| (module, self.reached(module)))
            .collect();
        let with = |module: &Vec<String>| {
            let others = reached
                .iter()
                .filter(|(other, back)| reached[module].contains(*other) && back.contains(module));
            others
                .map(|(other, _)| other.join("/"))
                .collect::<Vec<String>>()
        };
        let circles = reached.keys().map(|module| with(module));
        circles.filter(|circle| !circle.is_empty()).collect()
    }
}

#[test]
fn no_file_imports_through_the_root_of_its_crate() {
    let crates = crates();
    assert!(crates.len() >= 16);
    let uses: usize = crates.iter().map(|each| each.uses.len()).sum();
    assert!(uses > 300, "{uses} files with imports were read");
    let through: Vec<&String> = crates.iter().flat_map(|each| &each.through_root).collect();
    assert!(through.is_empty(), "{through:#?}");
}

#[test]
fn there_are_no_circles_but_those_that_are_known() {
    let found: BTreeSet<(String, Vec<String>)> = crates()
        .iter()
        .flat_map(|each| {
            each.circles()
                .into_iter()
                .map(|circle| (each.name.clone(), circle))
        })
        .collect();
    let known = KNOWN.iter().map(|(name, files)| {
        let files = files.iter().map(|file| (*file).to_owned());
        ((*name).to_owned(), files.collect())
    });
    assert_eq!(found, known.collect());
}
