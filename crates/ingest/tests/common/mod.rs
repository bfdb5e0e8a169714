//! Shared by the tests: files in a folder of their own, and tables read back.

#![allow(dead_code)]

use std::fs;
use std::path::PathBuf;

use goldpan_artifact::{Silent, Texts};
use goldpan_ingest::{Error, IngestConfig, IngestOptions, Summary, ingest};
use tempfile::TempDir;

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

/// Runs `work` on this thread and returns what it gives, with the messages of the warnings it logged.
pub fn warned<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let (result, warnings) = goldpan_tests::warned(work);
    let messages = warnings.into_iter().map(|warning| warning.message);
    (result, messages.collect())
}
