//! Everything that turns texts into logits: tokenizer, classifier and class names.

use crate::adapter::Adapter;
use crate::card::ModelCard;
use crate::classifier::Classifier;
use crate::config::EncoderConfig;
use crate::device::Device;
use crate::error::Error;
use crate::head::Head;
use crate::notice::warn_once;
use crate::parameters::{Frozen, Parameters};
use crate::prefix::PrefixCache;
use crate::probe::Probe;
use crate::sentence::{SentenceEncoder, SentenceOptions};
use crate::tokenizer::{TextTokenizer, Tokens};
use crate::tuning::TuningKind;
use std::num::NonZeroUsize;
use std::path::Path;

/// A trained classifier with its tokenizer and classes.
pub struct TextClassifier {
    kind: Kind,
    classes: Vec<String>,
}

/// What turns a text's tokens into logits.
enum Kind {
    /// The encoder with adapters, or without, and a head.
    Tuned {
        classifier: Box<Classifier>,
        parameters: Parameters,
        tokenizer: Box<TextTokenizer>,
        frozen: Frozen,
    },
    /// A sentence encoder and a probe on its vectors.
    Probe {
        encoder: Box<SentenceEncoder>,
        probe: Probe,
    },
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
        if let Some(folder) = adapter
            && ModelCard::find(folder)?.is_some_and(|card| card.tuning == TuningKind::Full)
        {
            let mut whole = Self::open(folder, None, max_length, device)?;
            // A cache of the base model's states is of no use to it.
            if let Kind::Tuned { frozen, .. } = &mut whole.kind {
                *frozen = Frozen::Nothing;
            }
            return Ok(whole);
        }
        if let Some(folder) = adapter
            && let Some(card) = ModelCard::find(folder)?.filter(|card| card.tuning.has_probe())
        {
            return Self::open_probe(base, folder, card, max_length, device);
        }
        let config = EncoderConfig::read(base)?;
        let (classifier, parameters, card) = match adapter {
            Some(folder) => {
                let adapter = Adapter::read(folder, device)?.with_head_of(base, device)?;
                let classifier = Classifier::with_adapter(base, &adapter, device)?;
                (
                    classifier,
                    adapter.parameters().clone(),
                    ModelCard::find(folder)?,
                )
            }
            None => {
                let (classifier, parameters) = Classifier::with_own_head(base, device)?;
                (classifier, parameters, ModelCard::find(base)?)
            }
        };
        let count = classifier.classes(&parameters);
        let named = card.as_ref().map(|card| card.classes.as_slice());
        let classes = class_names(adapter.unwrap_or(base), named, base, count)?;
        let own_length = card.and_then(|card| card.max_length);
        Ok(Self {
            kind: Kind::Tuned {
                tokenizer: Box::new(TextTokenizer::open(
                    base,
                    &config,
                    max_length.or(own_length),
                )?),
                frozen: parameters.frozen(config.layers),
                classifier: Box::new(classifier),
                parameters,
            },
            classes,
        })
    }

    fn open_probe(
        base: &Path,
        folder: &Path,
        card: ModelCard,
        max_length: Option<NonZeroUsize>,
        device: &Device,
    ) -> Result<Self, Error> {
        let encoding = card.encoding.unwrap_or_default();
        let options = SentenceOptions {
            max_length: max_length.or(encoding.max_length),
            ..encoding.options()
        };
        let probe = Probe::of_classes(folder, &card.classes)?;
        let mut encoder = SentenceEncoder::open(base, options, device)?;
        if card.tuning == TuningKind::Adapted {
            encoder = encoder.with_adapter(folder, device)?;
        }
        if encoder.dimension() != probe.dimension() {
            return Err(Error::ProbeDimension {
                path: folder.to_owned(),
                found: encoder.dimension(),
                expected: probe.dimension(),
            });
        }
        Ok(Self {
            kind: Kind::Probe {
                encoder: Box::new(encoder),
                probe,
            },
            classes: card.classes,
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
        match &self.kind {
            Kind::Tuned { tokenizer, .. } => tokenizer.encode(texts),
            Kind::Probe { encoder, .. } => encoder.tokenize(texts),
        }
    }

    /// Logits of each sequence, row-major, `[sequences, classes]`.
    pub fn logits(&self, sequences: &[&Tokens], cache: &PrefixCache) -> Vec<f32> {
        match &self.kind {
            Kind::Tuned {
                classifier,
                parameters,
                frozen,
                ..
            } => {
                let start = cache.start(classifier.encoder(), *frozen, sequences);
                let logits = classifier.logits(start, parameters);
                logits.into_data().iter::<f32>().collect()
            }
            Kind::Probe { encoder, probe } => probe.logits(&encoder.embed_cached(sequences, cache)),
        }
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
