//! Texts to class probabilities without any training.

use crate::error::Error;
use crate::predict::Model;
use crate::write::Summary;
use crate::write::{Output, write};
use goldpan_artifact::{Origin, Producer, Progress, Texts};
use goldpan_model::{ClassTexts, Device, PromptClassifier, SimilarityClassifier, Template};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const ZERO_SHOT_VERSION: u32 = 4;

/// The temperatures possible: none makes a logit infinite.
pub const TEMPERATURES: RangeInclusive<f64> = 1e-6..=1e6;

/// How texts are classified without training.
///
/// With a prompt, a masked-language model fills the template's gap and classes have words
/// ([`PromptClassifier`]). Without one, a sentence encoder compares texts with the classes'
/// descriptions ([`SimilarityClassifier`]).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ZeroShotConfig {
    /// The classes, in the order that predictions will have: two or more.
    pub classes: Vec<ClassTexts>,
    /// The prompt.
    pub prompt: Option<Template>,
    /// What logits are divided by, one of [`TEMPERATURES`]. It changes how sure predictions are, and
    /// not which class is the most probable.
    pub temperature: f64,
    /// The most tokens of a text, or of the whole prompt; without it, as many as the model takes.
    pub max_length: Option<NonZeroUsize>,
}

impl ZeroShotConfig {
    /// The usual temperature: 1 for the logits of words in a prompt; 0.05 for cosines, which is the
    /// scale of 20 that sentence-transformers trains cosines with.
    pub fn usual_temperature(prompt: bool) -> f64 {
        match prompt {
            true => 1.0,
            false => 0.05,
        }
    }

    /// Checks what holds for any model.
    ///
    /// # Errors
    ///
    /// When there are fewer than two classes, a name is there twice, a class has no texts or a blank
    /// one, or the temperature is out of range.
    pub fn check(&self) -> Result<(), Error> {
        if self.classes.len() < 2 {
            return Err(Error::FewClasses {
                found: self.classes.len(),
            });
        }
        for (index, class) in self.classes.iter().enumerate() {
            let name = || class.name.clone();
            if self.classes[..index].iter().any(|c| c.name == class.name) {
                return Err(Error::RepeatedClass { class: name() });
            }
            if class.texts.is_empty() || class.texts.iter().any(|text| text.trim().is_empty()) {
                return Err(Error::BlankClass { class: name() });
            }
        }
        if !TEMPERATURES.contains(&self.temperature) {
            return Err(Error::Temperature {
                found: self.temperature,
            });
        }
        Ok(())
    }

    /// Checks that every class the texts have is one of these.
    fn check_texts(&self, texts: &Texts) -> Result<(), Error> {
        let names = || self.classes.iter().map(|class| class.name.as_str());
        match texts
            .classes()
            .iter()
            .find(|own| !names().any(|n| n == *own))
        {
            None => Ok(()),
            Some(class) => Err(Error::UnknownClass {
                class: class.clone(),
                texts: texts.path().to_owned(),
                given: names().map(str::to_owned).collect(),
            }),
        }
    }
}

/// Classifies `texts` with a base model that is not trained, and writes a predictions table to `out`.
///
/// # Errors
///
/// When the configuration is wrong, the texts have a class that it lacks, the model cannot be loaded
/// or does not suit it, the table cannot be written, or `progress` is cancelled; then nothing is at
/// `out`.
pub fn zero_shot(
    config: &ZeroShotConfig,
    texts: &Texts,
    model: Model<'_>,
    device: &Device,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    config.check()?;
    config.check_texts(texts)?;
    let names: Vec<String> = config.classes.iter().map(|c| c.name.clone()).collect();
    let out = Output {
        path: out,
        classes: &names,
        producer: Producer::new("predict", ZERO_SHOT_VERSION),
        origin: Origin::of(texts.of_texts()).by(model.name),
        known: model.known,
    };
    let folder = model.base;
    let (classes, temperature) = (config.classes.as_slice(), config.temperature as f32);
    let length = config.max_length;
    match &config.prompt {
        Some(prompt) => {
            let model =
                PromptClassifier::open(folder, prompt, classes, temperature, length, device)?;
            let tokenize = |texts: &[&str]| model.tokenize(texts);
            let logits = |sequences: &[&_]| model.logits(sequences);
            write(texts, device, tokenize, logits, out, progress)
        }
        None => {
            let model = SimilarityClassifier::open(folder, classes, temperature, length, device)?;
            let tokenize = |texts: &[&str]| model.tokenize(texts);
            let logits = |sequences: &[&_]| model.logits(sequences);
            write(texts, device, tokenize, logits, out, progress)
        }
    }
}
