//! Masked-language models: what a model would write at a place in a text.

use crate::batch::Batch;
use crate::config::{EncoderConfig, Family};
use crate::device::Device;
use crate::encoder::Encoder;
use crate::error::Error;
use crate::linear::Linear;
use crate::weights::Weights;
use burn::tensor::{Int, Tensor, TensorData};
use goldpan_kernels::plain::layer_norm;
use std::path::Path;

/// An encoder with the head it was pretrained with.
///
/// The head is a dense layer, GELU, a layer normalisation, and one output for each token whose
/// weight is the word embeddings where the file has no other: RoBERTa's `lm_head`, BERT's
/// `cls.predictions`.
pub struct MaskedLanguageModel {
    encoder: Encoder,
    dense: Linear,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    decoder: Decoder,
}

/// The last layer of the head: an output for each token, or for some.
struct Decoder {
    /// `[tokens, hidden]`
    weight: Tensor<2>,
    /// `[tokens]`
    bias: Tensor<1>,
}

/// The names of a head's tensors.
struct Names {
    dense: &'static str,
    norm: &'static str,
    decoder: &'static str,
    biases: [&'static str; 2],
}

impl Names {
    fn of(family: Family) -> Self {
        match family {
            Family::Roberta => Self {
                dense: "lm_head.dense",
                norm: "lm_head.layer_norm",
                decoder: "lm_head.decoder.weight",
                biases: ["lm_head.decoder.bias", "lm_head.bias"],
            },
            Family::Bert => Self {
                dense: "cls.predictions.transform.dense",
                norm: "cls.predictions.transform.LayerNorm",
                decoder: "cls.predictions.decoder.weight",
                biases: ["cls.predictions.decoder.bias", "cls.predictions.bias"],
            },
        }
    }
}

impl MaskedLanguageModel {
    /// Opens the model in `folder`.
    ///
    /// # Errors
    ///
    /// When it cannot be loaded or has no masked-language head.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, Error> {
        let config = EncoderConfig::read(folder)?;
        let weights = Weights::open(folder)?;
        let names = Names::of(config.family);
        if !weights.has(&format!("{}.weight", names.dense)) {
            return Err(Error::NoMaskedHead {
                path: folder.to_owned(),
            });
        }
        let (vocabulary, hidden) = (config.vocabulary, config.hidden);
        let vector = |name: &str, length| weights.vector(name, length, device.tensors());
        let shape = (hidden, hidden);
        let dense = Linear::load(&weights, "", names.dense, shape, &config, device)?;
        let gamma = vector(&format!("{}.weight", names.norm), hidden)?;
        let beta = vector(&format!("{}.bias", names.norm), hidden)?;
        let [own, shared] = names.biases;
        let bias = match weights.has(own) {
            true => vector(own, vocabulary)?,
            false => vector(shared, vocabulary)?,
        };
        let tied = config.tied;
        let encoder = Encoder::load(&weights, config, device)?;
        let weight = match weights.has(names.decoder) {
            true => weights.matrix(names.decoder, [vocabulary, hidden], device.tensors())?,
            false if !tied => {
                return Err(Error::MissingTensor {
                    path: folder.to_owned(),
                    name: names.decoder.to_owned(),
                    family: "masked-language (tie_word_embeddings is false)".to_owned(),
                });
            }
            false => encoder.words().clone(),
        };
        Ok(Self {
            encoder,
            dense,
            gamma,
            beta,
            decoder: Decoder { weight, bias },
        })
    }

    /// The same model with outputs for these tokens alone, in this order.
    pub fn narrowed(mut self, tokens: &[u32]) -> Self {
        let rows: Vec<i32> = tokens.iter().map(|&token| token as i32).collect();
        let data = TensorData::new(rows, [tokens.len()]);
        let rows = Tensor::<1, Int>::from_data(data, &self.encoder.device());
        self.decoder = Decoder {
            weight: self.decoder.weight.select(0, rows.clone()),
            bias: self.decoder.bias.select(0, rows),
        };
        self
    }

    /// The configuration of the encoder.
    pub fn config(&self) -> &EncoderConfig {
        self.encoder.config()
    }

    /// The device the weights are on.
    pub fn device(&self) -> burn::tensor::Device {
        self.encoder.device()
    }

    /// Logits at every place, `[total_tokens, outputs]`.
    pub fn logits(&self, batch: &Batch) -> Tensor<2> {
        self.head(self.encoder.forward(batch).states)
    }

    /// Logits at one place of each sequence, counted from its start: `[sequences, outputs]`. Nothing
    /// is computed for the others that they do not need.
    ///
    /// # Panics
    ///
    /// When there are not as many places as sequences.
    pub fn logits_at(&self, batch: &Batch, places: &[usize]) -> Tensor<2> {
        assert_eq!(places.len(), batch.sequences().len(), "one place for each");
        let starts = batch.sequences().ranges().map(|range| range.start);
        let rows: Vec<usize> = starts.zip(places).map(|(start, at)| start + at).collect();
        let hidden = self.encoder.embed(batch);
        self.head(self.encoder.run_to_tokens(0, hidden, &rows, None))
    }

    fn head(&self, states: Tensor<2>) -> Tensor<2> {
        let inner = self.dense.adapted_gelu(states, None);
        let epsilon = self.config().epsilon;
        let inner = layer_norm(inner, self.gamma.clone(), self.beta.clone(), epsilon);
        let Decoder { weight, bias } = &self.decoder;
        inner.matmul(weight.clone().transpose()) + bias.clone().unsqueeze()
    }
}
