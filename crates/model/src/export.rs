//! Whole models as Hugging Face lays them out: `config.json`, `model.safetensors`, the tokenizer.

mod config;
mod tokenizer;

use crate::Error;
use goldpan_artifact::atomic;
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
    let path = folder.join("model.safetensors");
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let views = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    let bytes = serialize(views, Some(metadata)).map_err(|source| Error::Encode {
        path: path.clone(),
        source,
    })?;
    atomic::write_bytes(path, &bytes).map_err(Error::Save)?;
    write_json(&folder.join("config.json"), &config)?;
    tokenizer::copy(base, folder, max_length)
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
