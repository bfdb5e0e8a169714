//! Whether the tables of a command are of the same texts.

use std::path::{Path, PathBuf};

use goldpan_artifact::{Embeddings, OfTexts, Predictions, Texts, check_same_texts, peek};

use crate::error::Error;

/// The tables that a command joins by id.
#[derive(Default)]
pub struct SameTexts(Vec<(PathBuf, Option<OfTexts>)>);

impl SameTexts {
    /// Adds texts.
    pub fn texts(&mut self, texts: Option<&Texts>) {
        if let Some(table) = texts {
            self.add(table.path(), Some(table.of_texts()));
        }
    }

    /// Adds embeddings.
    pub fn embeddings(&mut self, embeddings: Option<&Embeddings>) {
        if let Some(table) = embeddings {
            self.add(table.path(), table.origin().texts.clone());
        }
    }

    /// Adds predictions.
    pub fn predictions(&mut self, predictions: Option<&Predictions>) {
        if let Some(table) = predictions {
            self.add(table.path(), table.origin().texts.clone());
        }
    }

    /// Adds a file that says which texts are labelled, if it is a table of Goldpan's: a file that a
    /// person wrote has ids or keys alone.
    pub fn labelled(&mut self, path: Option<&Path>) {
        if let Some(path) = path
            && let Ok(header) = peek(path)
        {
            self.add(path, header.origin.texts);
        }
    }

    fn add(&mut self, path: &Path, texts: Option<OfTexts>) {
        self.0.push((path.to_owned(), texts));
    }

    /// Refuses tables of different texts, unless they are `allowed`; then it warns of them. It warns
    /// of a table that does not say which texts it is of.
    pub fn check(&self, allowed: bool) -> Result<(), Error> {
        let tables = self.0.iter();
        let tables = tables.map(|(path, texts)| (path.as_path(), texts.as_ref()));
        match check_same_texts(tables) {
            Err(goldpan_artifact::Error::OtherTexts(other)) if allowed => {
                tracing::warn!("{other}; they are joined by id, as --allow-other-texts says");
            }
            checked => checked?,
        }
        let says =
            |(path, texts): &(PathBuf, Option<OfTexts>)| texts.is_some().then(|| path.clone());
        let Some(known) = self.0.iter().find_map(says) else {
            return Ok(());
        };
        for (path, _) in self.0.iter().filter(|(_, texts)| texts.is_none()) {
            tracing::warn!(
                "{} does not say which texts it is of: its ids are taken for those of {}",
                path.display(),
                known.display()
            );
        }
        Ok(())
    }
}
