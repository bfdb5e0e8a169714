//! The state of a training between two epochs, in one safetensors file.

use crate::error::Error;
use crate::optimizer::{Moments, NamedAdamW};
use crate::peak::{Best, Peak};
use burn::tensor::{Device, Tensor, TensorData};
use goldpan_artifact::{Digest, HistoryRow, atomic};
use goldpan_model::Parameters;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const FILE: &str = "checkpoint.safetensors";
const STATE: &str = "goldpan";

/// What a training goes on from.
pub(crate) struct State {
    pub parameters: Parameters,
    pub optimizer: NamedAdamW,
    pub progress: Progressed,
    pub best: Option<Best>,
}

/// How far a training is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Progressed {
    /// What the training depends on.
    pub fingerprint: Digest,
    /// Finished epochs.
    pub epochs: usize,
    /// Finished steps.
    pub steps: usize,
    pub history: Vec<Row>,
    pub best: Option<Peak>,
    /// The last finished epoch.
    #[serde(default)]
    pub last: Option<Peak>,
    /// The last epoch that was better than all before.
    #[serde(default)]
    pub improved: usize,
    /// How many epochs are as good as the best by the metric.
    #[serde(default)]
    pub equal: usize,
}

/// A row of the history as it is saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(remote = "HistoryRow")]
struct RowFields {
    epoch: u32,
    step: u64,
    loss: Option<f32>,
    learning_rate: Option<f32>,
    validation_loss: Option<f32>,
    validation_accuracy: Option<f32>,
    validation_macro_f1: Option<f32>,
}

/// A row of the history.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Row(#[serde(with = "RowFields")] pub HistoryRow);

/// A folder's checkpoint file.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Saves the state, replacing an earlier one.
pub(crate) fn save(folder: &Path, state: &State) -> Result<(), Error> {
    let path = path(folder);
    let mut tensors: Vec<(String, [usize; 2], Vec<u8>)> = Vec::new();
    let mut add = |group: &str, name: &str, tensor: Tensor<2>| {
        let shape = tensor.dims();
        let data = tensor.inner().into_data();
        let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
        tensors.push((format!("{group}/{name}"), shape, bytes));
    };
    for (name, tensor) in state.parameters.iter() {
        add("parameter", name, tensor.clone());
    }
    for (name, moments) in state.optimizer.moments() {
        add("first", name, moments.first);
        add("second", name, moments.second);
    }
    for (name, tensor) in state.best.iter().flat_map(|best| best.parameters.iter()) {
        add("best", name, tensor.clone());
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        Ok((
            name.as_str(),
            TensorView::new(Dtype::F32, shape.to_vec(), bytes)?,
        ))
    });
    let encoded = || -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        let state = serde_json::to_string(&state.progress)?;
        Ok(serialize(views, Some([(STATE.to_owned(), state)].into()))?)
    };
    let bytes = encoded().map_err(|source| Error::Checkpoint {
        path: path.clone(),
        source,
    })?;
    Ok(atomic::write_bytes(path, &bytes)?)
}

/// The state saved in `folder` by a training with this fingerprint, if there is one.
pub(crate) fn load(
    folder: &Path,
    fingerprint: Digest,
    optimizer: NamedAdamW,
    device: &Device,
) -> Result<Option<State>, Error> {
    let path = path(folder);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::Checkpoint {
                path,
                source: source.into(),
            });
        }
    };
    decode(&bytes, fingerprint, optimizer, device)
        .map_err(|source| Error::Checkpoint { path, source })
}

fn decode(
    bytes: &[u8],
    fingerprint: Digest,
    mut optimizer: NamedAdamW,
    device: &Device,
) -> Result<Option<State>, Box<dyn std::error::Error + Send + Sync>> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let file = SafeTensors::deserialize(bytes)?;
    let state = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(STATE));
    let progress: Progressed = serde_json::from_str(state.ok_or("it has no state")?)?;
    if progress.fingerprint != fingerprint {
        return Ok(None);
    }
    let mut parameters = Parameters::default();
    let mut best = Parameters::default();
    for name in file.names() {
        let tensor = |name: &str| -> Result<Tensor<2>, Box<dyn std::error::Error + Send + Sync>> {
            let view = file.tensor(name)?;
            let shape: [usize; 2] = view.shape().try_into()?;
            let bytes = view.data().chunks_exact(4);
            let values: Vec<f32> = bytes
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            Ok(Tensor::from_data(TensorData::new(values, shape), device))
        };
        match name.split_once('/') {
            Some(("parameter", short)) => parameters.set(short.to_owned(), tensor(name)?),
            Some(("best", short)) => best.set(short.to_owned(), tensor(name)?),
            Some(("first", short)) => {
                let moments = Moments {
                    first: tensor(name)?,
                    second: tensor(&format!("second/{short}"))?,
                };
                optimizer.restore(short.to_owned(), moments, progress.steps);
            }
            _ => {}
        }
    }
    Ok(Some(State {
        parameters: parameters.tracked(),
        optimizer,
        best: progress.best.clone().map(|peak| Best {
            peak,
            parameters: best,
        }),
        progress,
    }))
}
