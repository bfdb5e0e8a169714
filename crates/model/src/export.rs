//! Models as Hugging Face's libraries load them: whole ones, and adapters with their tokenizer.

mod config;
mod merge;
mod probe;
mod tokenizer;

pub use probe::export_probe;

use crate::adapter::{Adapter, CONFIG_FILE, MODEL_FILE};
use crate::card::ModelCard;
use crate::config::EncoderConfig;
use crate::device::DeviceChoice;
use crate::error::Error;
use crate::output_folder::write_folder;
use crate::text_classifier::class_names;
use crate::trained::has_head_alone;
use crate::weights::Weights;
use goldpan_artifact::{Progress, atomic};
use safetensors::tensor::View;
use safetensors::{Dtype, serialize};
use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::Path;

/// A tensor by its name in transformers.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name, such as `bert.encoder.layer.0.attention.self.query.weight`.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values in row-major order.
    pub values: Vec<f32>,
}

impl View for &NamedTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values.as_slice())
    }
}

/// Writes a model that classifies into `folder`, so that transformers' and Goldpan's own loaders
/// take it: `tensors` in f32, the configuration of the model in `base` with the names of the
/// classes, and `base`'s tokenizer.
///
/// `max_length` is what texts were cut at in training, in tokens: it becomes the tokenizer's limit.
///
/// # Errors
///
/// When a tensor is an error, a file of `base` cannot be read, or one of `folder` not be written.
pub fn write_full_model(
    folder: &Path,
    base: &Path,
    tensors: impl IntoIterator<Item = Result<NamedTensor, Error>>,
    classes: &[String],
    max_length: Option<NonZeroUsize>,
) -> Result<(), Error> {
    let config = config::of_classifier(base, classes)?;
    let tensors = tensors.into_iter().collect::<Result<Vec<_>, _>>()?;
    write_tensors(folder, &tensors)?;
    write_json(&folder.join("config.json"), &config)?;
    tokenizer::copy(base, folder, max_length)
}

/// Writes tensors as `model.safetensors`.
fn write_tensors(folder: &Path, tensors: &[NamedTensor]) -> Result<(), Error> {
    let path = folder.join("model.safetensors");
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let views = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    let bytes = serialize(views, Some(metadata)).map_err(|source| Error::Encode {
        path: path.clone(),
        source,
    })?;
    atomic::write_bytes(path, &bytes).map_err(Error::Save)
}

/// Writes the model that a trained adapter makes of its base model to the folder `out`, without any
/// LoRA left in it, and returns the names of its classes.
///
/// # Errors
///
/// When the two cannot be read or do not fit, `out` holds something, or `progress` is cancelled;
/// then nothing is at `out`.
pub fn export_merged(
    base: &Path,
    adapter: &Path,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Vec<String>, Error> {
    let trained = Trained::open(base, adapter)?;
    let weights = Weights::open(base)?;
    let tensors = merge::merged(&weights, &trained.config, &trained.adapter)?;
    progress.begin("merging", "tensors", Some(tensors.len() as u64));
    let tensors = tensors.map(|tensor| {
        progress.advance(1);
        match progress.cancelled() {
            true => Err(Error::Cancelled),
            false => tensor,
        }
    });
    let length = trained.max_length;
    write_folder(out, |folder| {
        write_full_model(folder, base, tensors, &trained.classes, length)
    })?;
    progress.end();
    Ok(trained.classes)
}

/// Writes a trained adapter to the folder `out` as PEFT loads it, with the tokenizer of its base
/// model, and returns the names of its classes.
///
/// # Errors
///
/// When the two cannot be read or do not fit, the adapter is a head that was trained alone, or `out`
/// holds something; then nothing is at `out`.
pub fn export_adapter(base: &Path, adapter: &Path, out: &Path) -> Result<Vec<String>, Error> {
    if has_head_alone(adapter) {
        let path = adapter.to_owned();
        return Err(Error::HeadAlone { path });
    }
    let trained = Trained::open(base, adapter)?;
    write_folder(out, |folder| {
        for name in [MODEL_FILE, CONFIG_FILE] {
            tokenizer::copy_file(adapter, folder, name)?;
        }
        if let Some(card) = &trained.card {
            card.write(folder)?;
        }
        tokenizer::copy(base, folder, trained.max_length)
    })?;
    Ok(trained.classes)
}

/// An adapter that fits its base model.
struct Trained {
    config: EncoderConfig,
    adapter: Adapter,
    card: Option<ModelCard>,
    classes: Vec<String>,
    max_length: Option<NonZeroUsize>,
}

impl Trained {
    fn open(base: &Path, folder: &Path) -> Result<Self, Error> {
        let device = DeviceChoice::Cpu.open()?;
        let config = EncoderConfig::read(base)?;
        let adapter = Adapter::read(folder, &device)?.with_head_of(base, &device)?;
        adapter.check_fits(&config)?;
        let card = ModelCard::find(folder)?;
        let count = adapter.classes(config.family)?;
        let named = card.as_ref().map(|card| card.classes.as_slice());
        Ok(Self {
            classes: class_names(folder, named, base, count)?,
            max_length: card.as_ref().and_then(|card| card.max_length),
            config,
            adapter,
            card,
        })
    }
}

/// Writes a JSON object with a line for each key.
fn write_json(
    path: &Path,
    object: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(object).map_err(|source| Error::Json {
        path: path.to_owned(),
        source,
    })?;
    text.push(b'\n');
    atomic::write_bytes(path, &text).map_err(Error::Save)
}
