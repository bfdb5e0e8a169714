//! A sentence encoder whose layers LoRA adapts: trained with a probe on its vectors as the head.

use super::dense::Step;
use super::{Pooling, SentenceEncoder};
use crate::adaptation::{Adaptation, Scales};
use crate::adapter::{Adapter, lora_only};
use crate::classifier::{Start, new_adapters};
use crate::device::Device;
use crate::encoder::Encoder;
use crate::error::Error;
use crate::lora::LoraConfig;
use crate::parameters::{Frozen, Parameters};
use burn::tensor::{Tensor, TensorData};
use goldpan_kernels::Sequences;
use std::path::Path;

/// LoRA's tensors, and what their products are multiplied with.
#[derive(Clone)]
pub struct SentenceAdapter {
    pub(super) parameters: Parameters,
    scales: Scales,
}

impl SentenceAdapter {
    /// Those of a training.
    pub fn new(parameters: &Parameters, lora: &LoraConfig) -> Self {
        Self {
            parameters: lora_only(parameters).constants(),
            scales: Scales::uniform(lora.scale()),
        }
    }

    /// Writes them as PEFT has them.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path, lora: &LoraConfig, base: &str) -> Result<(), Error> {
        Adapter::write(folder, &self.parameters, lora, base)
    }

    pub(super) fn adaptation(&self) -> Adaptation<'_> {
        Adaptation {
            parameters: &self.parameters,
            scales: &self.scales,
            dropout: None,
        }
    }
}

impl SentenceEncoder {
    /// The layers below the pooling.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// What of the model cannot be trained through, in words; `None` where nothing is in the way.
    pub fn untrainable(&self) -> Option<&'static str> {
        let pooled = matches!(
            self.pooling.modes[..],
            [Pooling::Mean] | [Pooling::First] | [Pooling::MeanSqrtLength]
        );
        let steps = self.steps.iter();
        if !pooled {
            return Some("its pooling");
        }
        if steps
            .filter(|step| !matches!(step, Step::Normalize))
            .count()
            > 0
        {
            return Some("its dense layers");
        }
        if self.dimension != self.encoder.config().hidden {
            return Some("its vectors, which are cut");
        }
        (self.skip > 0).then_some("its prompt, which the pooling leaves out")
    }

    /// New adapters: A random, B zero.
    ///
    /// # Errors
    ///
    /// When `lora` asks for a layer that the model does not have.
    pub fn new_adapters(
        &self,
        lora: &LoraConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Parameters, Error> {
        let config = self.encoder.config();
        lora.check(config)?;
        let mut parameters = Parameters::default();
        new_adapters(&mut parameters, config, lora, seed, device);
        Ok(parameters)
    }

    /// The vectors of a batch, `[sequences, dimension]`, with gradients of LoRA's tensors among `parameters`.
    pub fn training_vectors(
        &self,
        start: Start,
        parameters: &Parameters,
        lora: &LoraConfig,
    ) -> Tensor<2> {
        let scales = Scales::uniform(lora.scale());
        let hidden = self.states(
            start,
            Some(Adaptation {
                parameters,
                scales: &scales,
                dropout: None,
            }),
        );
        let mode = self.pooling.modes[0];
        let mut vectors = pooled(&hidden.states, &hidden.sequences, mode);
        if self.normalize || !self.steps.is_empty() {
            vectors = unit(vectors);
        }
        vectors
    }

    /// One vector for each sequence of a batch, with adapters, row-major.
    pub fn embed_with(&self, start: Start, adapter: &SentenceAdapter) -> Vec<f32> {
        self.vectors(self.states(start, Some(adapter.adaptation())))
    }

    /// The same with the adapter of a trained model's folder.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not for this model.
    pub fn with_adapter(self, folder: &Path, device: &Device) -> Result<Self, Error> {
        let adapter = Adapter::read(folder, device)?;
        adapter.check_fits_encoder(self.encoder.config())?;
        Ok(Self {
            adapter: Some(SentenceAdapter {
                parameters: adapter.parameters().clone(),
                scales: adapter.scales,
            }),
            ..self
        })
    }

    /// The part of the encoder that adapters leave as it is.
    pub fn frozen(&self, lora: &LoraConfig) -> Frozen {
        let layers = self.encoder.config().layers;
        Frozen::Below(
            (0..layers)
                .find(|&layer| lora.adapts(layer))
                .unwrap_or(layers),
        )
    }
}

/// Vectors of length 1 in the same directions.
pub fn unit(vectors: Tensor<2>) -> Tensor<2> {
    let lengths = vectors.clone().powi_scalar(2).sum_dim(1).sqrt();
    vectors / lengths.clamp_min(1e-12)
}

/// The states of each sequence's tokens, pooled.
fn pooled(states: &Tensor<2>, sequences: &Sequences, mode: Pooling) -> Tensor<2> {
    let tokens = sequences.tokens();
    let mut weights = vec![0.0; sequences.len() * tokens];
    let rows = weights.chunks_exact_mut(tokens);
    for (row, range) in rows.zip(sequences.ranges()) {
        let count = range.len() as f32;
        match mode {
            Pooling::First => row[range.start] = 1.0,
            Pooling::MeanSqrtLength => row[range].fill(1.0 / count.sqrt()),
            _ => row[range].fill(1.0 / count),
        }
    }
    let data = TensorData::new(weights, [sequences.len(), tokens]);
    Tensor::<2>::from_data(data, &states.device().inner()).matmul(states.clone())
}
