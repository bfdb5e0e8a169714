//! How many tokens texts have: of a sample, by the model's own tokenizer.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use goldpan_artifact::Texts;
use goldpan_model::{EncoderConfig, TextTokenizer};

use crate::exec::Names;

/// Texts that are tokenized, spread evenly over a table.
const SAMPLE: usize = 256;

/// What the tokenizer makes of a table depends on the model and on where texts are cut.
type Cut = (String, Option<NonZeroUsize>);

/// Mean lengths, each measured once.
pub(super) struct Lengths<'a> {
    names: &'a Names,
    tokenizers: HashMap<Cut, Option<TextTokenizer>>,
    means: HashMap<(Cut, PathBuf), Option<f64>>,
}

impl<'a> Lengths<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        Self {
            names,
            tokenizers: HashMap::new(),
            means: HashMap::new(),
        }
    }

    /// The shape of a model; `None` while it is not here, or where it cannot be read: the stage will
    /// say why.
    pub(super) fn config(&self, base: &str) -> Option<EncoderConfig> {
        EncoderConfig::read(&self.names.model(base)?.path).ok()
    }

    /// Tokens of a text, special ones included, on average; `None` where there is no text or no
    /// tokenizer.
    pub(super) fn mean(
        &mut self,
        base: &str,
        max_length: Option<NonZeroUsize>,
        texts: &Texts,
    ) -> Option<f64> {
        let cut = (base.to_owned(), max_length);
        let key = (cut.clone(), texts.path().to_owned());
        if let Some(mean) = self.means.get(&key) {
            return *mean;
        }
        let names = self.names;
        let tokenizer = self.tokenizers.entry(cut).or_insert_with(|| {
            let folder = &names.model(base)?.path;
            let config = EncoderConfig::read(folder).ok()?;
            TextTokenizer::open(folder, &config, max_length).ok()
        });
        let mean = tokenizer.as_ref().and_then(|tokenizer| {
            let every = texts.len().div_ceil(SAMPLE).max(1);
            let rows = (0..texts.len()).step_by(every);
            let sample: Vec<&str> = rows.map(|row| texts.text(row)).collect();
            let tokens = tokenizer.encode(&sample).ok()?;
            let sum: usize = tokens.iter().map(Vec::len).sum();
            (!sample.is_empty()).then(|| sum as f64 / sample.len() as f64)
        });
        self.means.insert(key, mean);
        mean
    }
}
