//! What a training writes, by its kind, and reading it again.

use crate::adapter::{Adapter, encode};
use crate::device::Device;
use crate::error::Error;
use crate::export::NamedTensor;
use crate::parameters::Parameters;
use crate::tuning::{Tuning, TuningKind};
use crate::weights::Weights;
use goldpan_artifact::atomic;
use std::num::NonZeroUsize;
use std::path::Path;

/// The file of a head that was trained alone.
const HEAD_FILE: &str = "head.safetensors";

/// The base model of a training and what is known of its texts.
#[derive(Clone, Copy, Debug)]
pub struct TrainedOn<'a> {
    /// The base model's folder.
    pub base: &'a Path,
    /// The base model's name.
    pub base_name: &'a str,
    /// The class names, in the order of their numbers.
    pub classes: &'a [String],
    /// Tokens that texts were cut at.
    pub max_length: Option<NonZeroUsize>,
}

/// Writes trained tensors into `folder`: an adapter in PEFT's format, `head.safetensors`, or a whole
/// model in Hugging Face's.
///
/// # Errors
///
/// When a file cannot be written, or one of the base model's not be read.
pub fn write_trained(
    folder: &Path,
    parameters: &Parameters,
    tuning: &Tuning,
    on: TrainedOn<'_>,
) -> Result<(), Error> {
    match tuning {
        Tuning::Lora(lora) => Adapter::write(folder, parameters, lora, on.base_name),
        Tuning::Head | Tuning::Probe(_) | Tuning::Auto(_) => {
            let path = folder.join(HEAD_FILE);
            let bytes = encode(parameters, "", &path)?;
            atomic::write_bytes(path, &bytes).map_err(Error::Save)
        }
        Tuning::Full => {
            let tensors = parameters.iter().map(|(name, tensor)| {
                Ok(NamedTensor {
                    name: name.to_owned(),
                    shape: Parameters::saved_shape(name, tensor),
                    values: tensor.clone().inner().into_data().iter::<f32>().collect(),
                })
            });
            crate::export::write_full_model(folder, on.base, tensors, on.classes, on.max_length)
        }
    }
}

/// The tensors that [`write_trained`] wrote.
///
/// # Errors
///
/// When a file cannot be read or is damaged.
pub fn read_trained(folder: &Path, kind: TuningKind, device: &Device) -> Result<Parameters, Error> {
    match kind {
        TuningKind::Lora => Ok(Adapter::read(folder, device)?.parameters().clone()),
        TuningKind::Head => read_all(&Weights::open_file(&folder.join(HEAD_FILE))?, device),
        TuningKind::Full => read_all(&Weights::open(folder)?, device),
        TuningKind::Probe | TuningKind::Adapted | TuningKind::Auto => Err(Error::OtherHead {
            path: folder.to_owned(),
            head: "a probe, whose weights are for sentence embeddings".to_owned(),
        }),
    }
}

/// Whether `folder` holds a head that was trained alone.
pub(crate) fn has_head_alone(folder: &Path) -> bool {
    folder.join(HEAD_FILE).is_file()
}

/// All tensors, vectors as `[1, length]`.
fn read_all(weights: &Weights, device: &Device) -> Result<Parameters, Error> {
    let mut parameters = Parameters::default();
    for name in weights.names() {
        let shape = weights.shape(name).unwrap_or_default().to_vec();
        let matrix = match shape[..] {
            [length] => [1, length],
            [rows, columns] => [rows, columns],
            _ => {
                return Err(Error::Shape {
                    path: weights.root().to_owned(),
                    name: name.to_owned(),
                    found: shape,
                    expected: vec![0, 0],
                });
            }
        };
        let values = weights.values(name, &shape)?;
        parameters.insert(name.to_owned(), values, matrix, device.tensors());
    }
    Ok(parameters)
}
