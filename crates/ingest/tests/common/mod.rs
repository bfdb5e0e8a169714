//! Shared by the tests: files in a folder of their own, and tables read back.

#![allow(dead_code)]

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use goldpan_artifact::{Silent, Texts};
use goldpan_ingest::{Error, IngestConfig, IngestOptions, Summary, ingest};
use tempfile::TempDir;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// A row of a table: text, class, key.
pub type Row = (String, Option<String>, Option<String>);

pub struct Work {
    pub folder: TempDir,
}

impl Work {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("texts.arrow")
    }

    /// Ingests with these options.
    pub fn ingest(&self, options: IngestOptions) -> Result<Summary, Error> {
        let config = IngestConfig::try_from(options)?;
        ingest(&config, &self.out(), &Silent)
    }

    /// The rows of the table, whose ids count from 0.
    pub fn rows(&self) -> Vec<Row> {
        let texts = Texts::open(self.out()).unwrap();
        assert!((0..texts.len()).all(|row| texts.id(row) == row as u64));
        let class = |label: i32| texts.classes()[label as usize].clone();
        let row = |row: usize| {
            (
                texts.text(row).to_owned(),
                texts.label(row).map(class),
                texts.key(row).map(str::to_owned),
            )
        };
        (0..texts.len()).map(row).collect()
    }

    /// The message of the error that these options end in, without the folder's path. Nothing
    /// may be left beside the inputs.
    pub fn error(&self, options: IngestOptions) -> String {
        let before = self.names();
        let error = self.ingest(options).expect_err("an error");
        assert_eq!(self.names(), before);
        let folder = format!("{}/", self.folder.path().display());
        error.to_string().replace(&folder, "")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

/// Options for one file.
pub fn of(path: impl Into<PathBuf>) -> IngestOptions {
    IngestOptions {
        input: vec![path.into()],
        ..IngestOptions::default()
    }
}

pub fn fixture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    PathBuf::from(folder).join(name)
}

/// Runs `work` on this thread and returns what it gives, with the warnings that it told.
///
/// One subscriber serves all threads: those of single threads are forgotten by the places that
/// warn when another thread's comes or goes at the same time.
pub fn warned<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    static HEARD: Once = Once::new();
    HEARD.call_once(|| tracing::subscriber::set_global_default(Heard).unwrap());
    TOLD.take();
    let result = work();
    (result, TOLD.take())
}

thread_local! {
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the messages of warnings, each thread's apart.
struct Heard;

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        TOLD.with_borrow_mut(|told| told.push(message.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
