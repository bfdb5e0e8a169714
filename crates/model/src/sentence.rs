//! Sentence embeddings: Reimers and Gurevych 2019, arXiv:1908.10084.

mod adapted;
mod dense;
mod modules;
mod own_config;
mod pooling;
mod prompts;

use crate::adaptation::Adaptation;
use crate::batch::Batch;
use crate::classifier::Start;
use crate::config::EncoderConfig;
use crate::device::Device;
use crate::encoder::{Encoder, Hidden};
use crate::error::Error;
use crate::prefix::PrefixCache;
use crate::tokenizer::{OwnSettings, TextTokenizer, Tokens};
use crate::weights::Weights;
pub use adapted::{SentenceAdapter, unit};
use dense::Step;
use modules::Modules;
pub use pooling::Pooling;
use pooling::Poolings;
pub use prompts::SentencePrompt;
use prompts::SentenceSettings;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// An encoder that gives each text one vector.
pub struct SentenceEncoder {
    encoder: Encoder,
    tokenizer: TextTokenizer,
    pooling: Poolings,
    /// What is done to a vector after the pooling.
    steps: Vec<Step>,
    /// How many components are kept of what the last step gives.
    dimension: usize,
    prompt: Option<SentencePrompt>,
    /// Tokens of the prompt that the pooling leaves out.
    skip: usize,
    /// Whether vectors are scaled to length 1 at the end.
    normalize: bool,
    similarity: Option<String>,
    adapter: Option<SentenceAdapter>,
}

/// What replaces the words of a sentence encoder's folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentenceOptions<'a> {
    /// Tokens that a text is cut at.
    pub max_length: Option<NonZeroUsize>,
    /// Whether vectors get length 1.
    pub normalize: Option<bool>,
    /// What is put before each text: the name of one of the folder's prompts, or else the text itself;
    /// nothing where it is empty. Without it, the folder's default prompt.
    pub prompt: Option<&'a str>,
}

impl SentenceEncoder {
    /// Opens a sentence-transformers folder, or a plain model's (then: mean, not normalised).
    ///
    /// All is done that sentence-transformers does with the folder: poolings, dense layers and
    /// normalisation of `modules.json`, the transformer's length and lower case, the default prompt, and
    /// the number of components.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded, or the folder asks for something that is not implemented.
    pub fn open(
        folder: &Path,
        options: SentenceOptions<'_>,
        device: &Device,
    ) -> Result<Self, Error> {
        let modules = Modules::read(folder)?;
        let (settings, own) = match modules.listed {
            true => (
                SentenceSettings::read(folder)?,
                own_config::read(&modules.transformer)?,
            ),
            false => (SentenceSettings::default(), OwnSettings::default()),
        };
        let prompt = settings.prompt(options.prompt)?;
        let transformer = modules.transformer.as_path();
        let config = EncoderConfig::read(transformer)?;
        let (pooling, mut steps) = modules.steps(config.hidden)?;
        let (tokenizer, encoder) = rayon::join(
            || TextTokenizer::open_with(transformer, &config, options.max_length, &own),
            || Encoder::load(&Weights::open(transformer)?, config.clone(), device),
        );
        let tokenizer = tokenizer?;
        let skip = match &prompt {
            Some(prompt) => {
                let length = tokenizer.prompt_length(&prompt.text)?;
                if length >= tokenizer.max_length() {
                    return Err(Error::LongPrompt {
                        prompt: prompt.text.clone(),
                        length,
                        most: tokenizer.max_length(),
                    });
                }
                if pooling.include_prompt { 0 } else { length }
            }
            None => 0,
        };
        if options.normalize == Some(false) && matches!(steps.last(), Some(Step::Normalize)) {
            steps.pop();
        }
        let width = config.hidden * pooling.modes.len();
        let whole = steps.iter().fold(width, |width, step| step.width(width));
        Ok(Self {
            tokenizer,
            encoder: encoder?,
            pooling,
            steps,
            dimension: settings.truncate.map_or(whole, |kept| kept.min(whole)),
            prompt,
            skip,
            normalize: options.normalize == Some(true),
            similarity: settings.similarity,
            adapter: None,
        })
    }

    /// The number of components of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// What is put before each text.
    pub fn prompt(&self) -> Option<&SentencePrompt> {
        self.prompt.as_ref()
    }

    /// The measure by which the folder wants vectors to be compared.
    pub(crate) fn similarity(&self) -> Option<&str> {
        self.similarity.as_deref()
    }

    /// The token ids of each text after the prompt.
    ///
    /// # Errors
    ///
    /// When the tokenizer refuses a text.
    pub fn tokenize(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        let Some(prompt) = &self.prompt else {
            return self.tokenizer.encode(texts);
        };
        let texts = texts.iter().map(|text| format!("{}{text}", prompt.text));
        let texts: Vec<String> = texts.collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.tokenizer.encode(&texts)
    }

    /// One vector for each sequence, row-major, `[sequences, dimension]`.
    pub fn embed<'a>(&self, sequences: impl IntoIterator<Item = &'a Tokens>) -> Vec<f32> {
        let batch = Batch::new(sequences, self.encoder.config());
        let adaptation = self.adapter.as_ref().map(SentenceAdapter::adaptation);
        self.vectors(self.states(Start::Tokens(batch), adaptation))
    }

    /// The same, with the states of the layers below an adapter's from `cache`.
    pub fn embed_cached(&self, sequences: &[&Tokens], cache: &PrefixCache) -> Vec<f32> {
        match &self.adapter {
            None => self.embed(sequences.iter().copied()),
            Some(adapter) => {
                let frozen = adapter.parameters.frozen(self.encoder.config().layers);
                let start = cache.start(&self.encoder, frozen, sequences);
                self.embed_with(start, adapter)
            }
        }
    }

    /// The states of all tokens after the last layer.
    fn states(&self, start: Start, adaptation: Option<Adaptation<'_>>) -> Hidden {
        let (layer, hidden) = match start {
            Start::Tokens(batch) => (0, self.encoder.embed_adapted(&batch, adaptation)),
            Start::States { layer, hidden } => (layer, hidden),
        };
        let layers = layer..self.encoder.config().layers;
        self.encoder.run_adapted(layers, hidden, adaptation)
    }

    /// The vectors that states give, row-major.
    fn vectors(&self, hidden: Hidden) -> Vec<f32> {
        let states = hidden.states.into_data();
        let states = states.as_slice::<f32>().unwrap_or_default();
        let width = self.encoder.config().hidden;
        let mut vectors = Vec::with_capacity(hidden.sequences.len() * self.dimension);
        for range in hidden.sequences.ranges() {
            let states = &states[range.start * width..range.end * width];
            let mut vector = self.pooling.pool(states, width, self.skip);
            for step in &self.steps {
                vector = step.apply(vector);
            }
            vector.truncate(self.dimension);
            if self.normalize {
                normalize(&mut vector);
            }
            vectors.extend(vector);
        }
        vectors
    }
}

/// The folder of the encoder below the pooling.
pub(crate) fn transformer_of(folder: &Path) -> Result<PathBuf, Error> {
    Ok(Modules::read(folder)?.transformer)
}

/// Scales to length 1; a zero vector stays zero.
pub(crate) fn normalize(vector: &mut [f32]) {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    for x in vector {
        *x /= norm;
    }
}
