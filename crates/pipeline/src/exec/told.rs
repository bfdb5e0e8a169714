//! Errors of stages as a pipeline tells them: by the names of its stages, and with advice that a pipeline
//! can follow. Stages know neither; they speak of files and of the command line.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use goldpan_store::{Record, Store};

use crate::plan::{Graph, NodeId};

/// An error with its causes, in a pipeline's words.
#[derive(Debug)]
pub struct Told {
    message: String,
    cause: Option<Box<Self>>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Told {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause = self.cause.as_deref()?;
        Some(cause)
    }
}

/// Which stage's name stands for which folder of the store.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Folders, and the names told in their place.
    named: Vec<(String, String)>,
}

impl Places {
    /// The results that are there. Of a result with several names, that of an input of `node` is told.
    pub(crate) fn new(
        graph: &Graph,
        node: Option<NodeId>,
        records: &[Option<Record>],
        store: &Store,
    ) -> Self {
        let mut places = Self::default();
        let inputs = node.map_or_else(Vec::new, |node| graph.nodes[node].work.inputs());
        let inputs = inputs.into_iter().map(|(_, input)| input);
        for node in inputs.chain(0..graph.nodes.len()) {
            if let Some(record) = &records[node] {
                places.add(&store.object_dir(&record.object), &graph.nodes[node].name);
            }
        }
        places
    }

    /// What is written to `folder` is told as this stage's.
    pub(crate) fn add(&mut self, folder: &Path, name: &str) {
        let mut add = |folder: &Path| {
            let folder = folder.to_string_lossy().into_owned();
            self.named.push((folder, name.to_owned()));
        };
        add(folder);
        if let Ok(whole) = folder.canonicalize() {
            add(&whole);
        }
    }

    /// The error and its causes.
    pub(crate) fn tell(&self, error: &dyn StdError) -> Told {
        Told {
            message: self.text(&error.to_string()),
            cause: error.source().map(|cause| Box::new(self.tell(cause))),
        }
    }

    /// A text by the names of stages, with a pipeline's advice.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (folder, name) in &self.named {
            text = named(&text, folder, name);
        }
        advice(&text)
    }
}

/// What a stage's object holds, so that the stage's name says enough.
const TABLES: [&str; 7] = [
    "texts.arrow",
    "embeddings.arrow",
    "predictions.arrow",
    "selection.arrow",
    "labels.arrow",
    "metrics.json",
    "model",
];

/// The text with `name` for every path into `folder`.
fn named(text: &str, folder: &str, name: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(folder) {
        told += &rest[..start];
        let after = &rest[start + folder.len()..];
        let is_part = |c: char| !c.is_whitespace() && !"`\"':;,()[]{}".contains(c);
        let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
        let inside = after[..end].trim_end_matches('.');
        let file = inside.trim_start_matches('/');
        // Inside of quotes or backticks they would be doubled.
        let quoted = told.ends_with(['`', '"']);
        let name = if quoted {
            name.to_owned()
        } else {
            format!("`{name}`")
        };
        told += &match file {
            "" => name,
            file if TABLES.contains(&file) => name,
            file => format!("{} of {name}", file.rsplit('/').next().unwrap_or(file)),
        };
        rest = &after[inside.len()..];
    }
    told + rest
}

/// Options of `goldpan run` itself, which a pipeline's user can give, and of the build.
const OF_RUN: [&str; 10] = [
    "force",
    "set",
    "store",
    "memory-limit",
    "trainings",
    "only",
    "from",
    "dry-run",
    "device",
    "features",
];

/// Commands that a pipeline has stages for.
const STAGES: [&str; 6] = ["ingest", "embed", "train", "predict", "select", "evaluate"];

/// The text with keys of a pipeline file for options of the command line, which have the same names, and
/// with stages for commands.
fn advice(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("`goldpan ") {
        told += &options(&rest[..start], false);
        let after = &rest[start + 1..];
        let Some(end) = after.find('`') else {
            return told + &rest[start..];
        };
        told += &command(&after[..end]);
        rest = &after[end + 1..];
    }
    told + &options(rest, false)
}

/// `goldpan ingest --metadata-columns year` as a stage.
fn command(text: &str) -> String {
    let mut words = text.split_whitespace().skip(1);
    let stage = words.next().filter(|command| STAGES.contains(command));
    let Some(stage) = stage else {
        return format!("`{text}`");
    };
    let given = words.collect::<Vec<_>>().join(" ");
    match given.is_empty() {
        true => format!("a stage of the kind `{stage}`"),
        false => format!(
            "a stage of the kind `{stage}` with `{}`",
            options(&given, true)
        ),
    }
}

/// The text with keys for options; `bare` where it stands in backticks already.
fn options(text: &str, bare: bool) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("--") {
        let (before, after) = (&rest[..start], &rest[start + 2..]);
        told += before;
        let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let name = after[..end].trim_end_matches('-');
        let begins = told.is_empty() || told.ends_with([' ', '(', '`', '\n']);
        if !begins || name.len() < 2 || OF_RUN.contains(&name) {
            told += "--";
            rest = after;
            continue;
        }
        let key = name.replace('-', "_");
        let ticked = bare || told.matches('`').count() % 2 == 1;
        told += &if ticked { key } else { format!("`{key}`") };
        rest = &after[name.len()..];
        // A value follows its key as in the file.
        if ticked && rest.starts_with(' ') {
            told.push(':');
        }
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        PathBuf::from(format!("st/objects/ab/{}", name.repeat(64)))
    }

    fn places() -> Places {
        let mut places = Places::default();
        places.add(&folder("a"), "pool");
        places.add(&folder("b"), "seed0/margin/round1/train");
        places
    }

    #[test]
    fn stages_are_named_and_not_objects() {
        let (pool, model) = (folder("a"), folder("b"));
        let (pool, model) = (pool.display(), model.display());
        let places = places();
        for (text, told) in [
            (
                format!(
                    "{pool}/texts.arrow has the classes [\"a\"]: ingest both with the same --classes"
                ),
                "`pool` has the classes [\"a\"]: ingest both with the same `classes`",
            ),
            (format!("row 3 of {pool}/texts.arrow."), "row 3 of `pool`."),
            (
                format!("cannot read {model}/model/adapter.json: no"),
                "cannot read adapter.json of `seed0/margin/round1/train`: no",
            ),
            (
                format!("{model}/model was trained on x"),
                "`seed0/margin/round1/train` was trained on x",
            ),
            (
                format!("`{pool}/texts.arrow` and {pool}"),
                "`pool` and `pool`",
            ),
            (
                "other/objects/ab/texts.arrow".to_owned(),
                "other/objects/ab/texts.arrow",
            ),
        ] {
            assert_eq!(places.text(&text), told);
        }
    }

    #[test]
    fn advice_is_what_a_pipeline_can_follow() {
        for (text, told) in [
            (
                "columns are kept by `goldpan ingest --metadata-columns year`",
                "columns are kept by a stage of the kind `ingest` with `metadata_columns: year`",
            ),
            (
                "make them with `goldpan embed`",
                "make them with a stage of the kind `embed`",
            ),
            (
                "label some, or check --labelled",
                "label some, or check `labelled`",
            ),
            (
                "run again with --force, or use `--model BASE --adapter x`",
                "run again with --force, or use `model: BASE adapter: x`",
            ),
            ("`goldpan gc` removes it", "`goldpan gc` removes it"),
            ("a -- b, x--classes, --", "a -- b, x--classes, --"),
        ] {
            assert_eq!(Places::default().text(text), told);
        }
    }

    /// Whatever a stage's errors say, none of it is an option that a pipeline does not have.
    #[test]
    fn no_error_of_a_stage_names_an_option_of_the_command_line() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut options = 0;
        for stage in [
            "artifact", "embed", "evaluate", "ingest", "metrics", "model", "predict", "select",
            "train",
        ] {
            let text = std::fs::read_to_string(crates.join(stage).join("src/error.rs")).unwrap();
            options += text.matches(" --").count();
            let told = advice(&text);
            for (start, _) in told.match_indices("--") {
                let after = &told[start + 2..];
                let end = after.find(|c: char| !c.is_ascii_lowercase() && c != '-');
                let name = &after[..end.unwrap_or(after.len())];
                assert!(
                    name.len() < 2 || OF_RUN.contains(&name),
                    "{stage}: --{name}"
                );
            }
        }
        assert!(options > 3, "there are none to look at");
    }

    #[test]
    fn causes_are_told_too() {
        let inner = std::io::Error::other(format!("{}/texts.arrow is gone", folder("a").display()));
        let error = crate::Error::ReadSpec {
            path: folder("a").join("texts.arrow"),
            source: inner,
        };
        let told = places().tell(&error);
        assert_eq!(told.to_string(), "cannot read the pipeline `pool`");
        let cause = StdError::source(&told).unwrap();
        assert_eq!(cause.to_string(), "`pool` is gone");
        assert!(cause.source().is_none());
    }
}
