//! The vectors that a probe is solved on: a table that is there, or one that is made now.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use goldpan_artifact::{Embeddings, Texts};
use goldpan_embed::{EmbedConfig, Model, embed};
use goldpan_model::{Device, Encoding, SentenceEncoder};
use tempfile::TempDir;

use super::same_texts::SameTexts;
use crate::app::App;
use crate::error::Error;

/// Texts whose vectors are made once more, to see whether a table has them from this model.
const LOOKED_AT: usize = 4;

/// How far such a vector may be away, as a share of its length: other precisions are, other models and prompts
/// are further.
const APART: f64 = 0.05;

/// Refuses vectors of other texts.
pub fn same_texts(texts: &Texts, table: &Embeddings, allow_other: bool) -> Result<(), Error> {
    let mut tables = SameTexts::default();
    tables.texts(Some(texts));
    tables.embeddings(Some(table));
    tables.check(allow_other)
}

/// A model that makes vectors, and how.
pub struct Encoder<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its folder.
    pub folder: &'a Path,
    /// How it makes vectors.
    pub encoding: &'a Encoding,
    /// What it runs on.
    pub device: &'a Device,
    opened: OnceCell<SentenceEncoder>,
}

/// A table of vectors, and the folder that it lies in where it is not the user's.
pub struct Vectors {
    pub table: Embeddings,
    _folder: Option<TempDir>,
}

impl<'a> Encoder<'a> {
    /// The model in a folder, which is opened when it is first asked for.
    pub fn new(
        name: &'a str,
        folder: &'a Path,
        encoding: &'a Encoding,
        device: &'a Device,
    ) -> Self {
        Self {
            name,
            folder,
            encoding,
            device,
            opened: OnceCell::new(),
        }
    }

    /// The model.
    pub fn open(&self) -> Result<&SentenceEncoder, Error> {
        if let Some(encoder) = self.opened.get() {
            return Ok(encoder);
        }
        let encoder = SentenceEncoder::open(self.folder, self.encoding.options(), self.device)?;
        Ok(self.opened.get_or_init(|| encoder))
    }

    /// The vectors of `texts`: those at `given`, which have to be this model's, or else made now.
    pub fn vectors(
        &self,
        texts: &Texts,
        given: Option<&Path>,
        allow_other_texts: bool,
        app: &App,
    ) -> Result<Vectors, Error> {
        if let Some(path) = given {
            let table = Embeddings::open(path)?;
            same_texts(texts, &table, allow_other_texts)?;
            self.check(texts, &table)?;
            return Ok(Vectors {
                table,
                _folder: None,
            });
        }
        let failed = |source| Error::Temporary { source };
        let folder = TempDir::with_prefix("goldpan-").map_err(failed)?;
        let path: PathBuf = folder.path().join("embeddings.arrow");
        let config = EmbedConfig {
            max_length: self.encoding.max_length,
            normalize: self.encoding.normalize,
            prompt: self.encoding.prompt.clone(),
            ..EmbedConfig::default()
        };
        let model = Model {
            name: self.name,
            folder: self.folder,
            known: &[],
        };
        embed(&config, texts, model, self.device, &path, app.progress())?;
        Ok(Vectors {
            table: Embeddings::open(&path)?,
            _folder: Some(folder),
        })
    }

    /// Refuses vectors of some of the texts that the model makes otherwise.
    pub fn check(&self, texts: &Texts, table: &Embeddings) -> Result<(), Error> {
        let other = || Error::OtherVectors {
            path: table.path().to_owned(),
            model: self.name.to_owned(),
        };
        let rows: Vec<usize> = (0..texts.len().min(LOOKED_AT)).collect();
        let encoder = self.open()?;
        if encoder.dimension() != table.dimension() {
            return Err(other());
        }
        let looked_at: Vec<&str> = rows.iter().map(|&row| texts.text(row)).collect();
        let made = encoder.embed(&encoder.tokenize(&looked_at)?);
        let mut vector = vec![0.0; table.dimension()];
        for (&row, made) in rows.iter().zip(made.chunks_exact(table.dimension())) {
            let id = texts.id(row);
            let Some(place) = table.ids().position(|other| other == id) else {
                continue;
            };
            table.row_f32(place, &mut vector);
            let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
            let pairs = made.iter().zip(&vector);
            let apart = square(&mut pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)));
            let length = square(&mut made.iter().map(|value| f64::from(*value)));
            if apart > APART * APART * length {
                return Err(other());
            }
        }
        Ok(())
    }
}
