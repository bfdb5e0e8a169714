//! Everything that turns texts into logits: tokenizer, classifier and class names.

use crate::notice::warn_once;
use crate::{
    Adapter, Classifier, Device, EncoderConfig, Error, Frozen, Head, ModelCard, Parameters,
};
use crate::{PrefixCache, TextTokenizer, Tokens, TuningKind};
use std::num::NonZeroUsize;
use std::path::Path;

/// A trained classifier with its tokenizer and classes.
pub struct TextClassifier {
    classifier: Classifier,
    parameters: Parameters,
    tokenizer: TextTokenizer,
    classes: Vec<String>,
    frozen: Frozen,
}

impl TextClassifier {
    /// Opens a base model with a trained adapter, or with its own head where `adapter` is `None`. An
    /// adapter that is a whole model, as full fine-tuning makes it, is used without the base.
    ///
    /// `max_length` (tokens) replaces the adapter's own limit.
    ///
    /// # Errors
    ///
    /// When either cannot be loaded or they do not fit each other.
    pub fn open(
        base: &Path,
        adapter: Option<&Path>,
        max_length: Option<NonZeroUsize>,
        device: &Device,
    ) -> Result<Self, Error> {
        let card = |folder| -> Result<Option<ModelCard>, Error> {
            let exists = ModelCard::exists(folder);
            exists.then(|| ModelCard::read(folder)).transpose()
        };
        if let Some(folder) = adapter
            && card(folder)?.is_some_and(|card| card.tuning == TuningKind::Full)
        {
            let mut whole = Self::open(folder, None, max_length, device)?;
            // A cache of the base model's states is of no use to it.
            whole.frozen = Frozen::Nothing;
            return Ok(whole);
        }
        let config = EncoderConfig::read(base)?;
        let (classifier, parameters, card) = match adapter {
            Some(folder) => {
                let adapter = Adapter::read(folder, device)?.with_head_of(base, device)?;
                let classifier = Classifier::with_adapter(base, &adapter, device)?;
                (classifier, adapter.parameters().clone(), card(folder)?)
            }
            None => {
                let (classifier, parameters) = Classifier::with_own_head(base, device)?;
                (classifier, parameters, card(base)?)
            }
        };
        let count = classifier.classes(&parameters);
        let named = card.as_ref().map(|card| card.classes.as_slice());
        let classes = class_names(adapter.unwrap_or(base), named, base, count)?;
        let own_length = card.and_then(|card| card.max_length);
        Ok(Self {
            tokenizer: TextTokenizer::open(base, &config, max_length.or(own_length))?,
            frozen: parameters.frozen(config.layers),
            classifier,
            parameters,
            classes,
        })
    }

    /// The class names, in the order of their numbers.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The token ids of each text.
    ///
    /// # Errors
    ///
    /// When the tokenizer refuses a text.
    pub fn tokenize(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        self.tokenizer.encode(texts)
    }

    /// Logits of each sequence, row-major, `[sequences, classes]`.
    pub fn logits(&self, sequences: &[&Tokens], cache: &PrefixCache) -> Vec<f32> {
        let start = cache.start(&self.classifier, self.frozen, sequences);
        let logits = self.classifier.logits(start, &self.parameters);
        logits.into_data().iter::<f32>().collect()
    }
}

/// The names of a classifier's `count` classes: those that its card in `folder` names, else those of the
/// model in `base`, or else numbers where it has none or is not as wide.
pub(crate) fn class_names(
    folder: &Path,
    card: Option<&[String]>,
    base: &Path,
    count: usize,
) -> Result<Vec<String>, Error> {
    if let Some(names) = card {
        return match names.len() == count {
            true => Ok(names.to_vec()),
            false => Err(Error::Classes {
                path: folder.to_owned(),
                found: count,
                expected: names.len(),
            }),
        };
    }
    if folder == base {
        return Head::classes_of(base, count);
    }
    let names = match Head::read(base)? {
        Head::Classes(names) if names.len() == count => names,
        _ => (0..count).map(|class| class.to_string()).collect(),
    };
    warn_once(format!(
        "{} names no classes: they are called {}, as its base model's config.json has it",
        folder.display(),
        names.join(", "),
    ));
    Ok(names)
}
