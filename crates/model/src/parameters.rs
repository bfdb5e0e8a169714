//! Named trainable tensors.

use crate::adapter::target_of;
use crate::classifier::POOLER;
use burn::tensor::{Device, Tensor, TensorData};
use goldpan_artifact::Digest;
use std::collections::BTreeMap;

/// Trainable tensors by PEFT's names, without the `base_model.model.` in front.
///
/// All are matrices here; a vector is `[1, length]` and written as `[length]`.
#[derive(Clone, Default)]
pub struct Parameters {
    tensors: BTreeMap<String, Tensor<2>>,
}

impl Parameters {
    /// Adds a tensor of `rows` × `columns` values in row-major order.
    pub fn insert(&mut self, name: String, values: Vec<f32>, shape: [usize; 2], device: &Device) {
        let tensor = Tensor::from_data(TensorData::new(values, shape), device);
        self.tensors.insert(name, tensor);
    }

    /// Replaces or adds a tensor.
    pub fn set(&mut self, name: String, tensor: Tensor<2>) {
        self.tensors.insert(name, tensor);
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor<2>> {
        self.tensors.get(name)
    }

    /// All tensors, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor<2>)> {
        self.tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// How many numbers they hold together.
    pub fn count(&self) -> usize {
        self.tensors
            .values()
            .map(|tensor| tensor.dims().iter().product::<usize>())
            .sum()
    }

    /// A digest of the names and values.
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::new();
        for (name, tensor) in self.iter() {
            bytes.extend(name.as_bytes());
            let data = tensor.clone().inner().into_data();
            bytes.extend(data.iter::<f32>().flat_map(f32::to_le_bytes));
        }
        Digest::of(bytes)
    }

    /// How much of an encoder with these many layers is the same whatever these tensors are.
    pub fn frozen(&self, layers: usize) -> Frozen {
        let mut lowest = layers;
        for name in self.tensors.keys() {
            match target_of(name) {
                Some((layer, _)) => lowest = lowest.min(layer),
                None if is_of_head(name) || name.starts_with(POOLER) => {}
                None => return Frozen::Nothing,
            }
        }
        Frozen::Below(lowest)
    }

    /// The same tensors as leaves whose gradients are kept.
    pub fn tracked(&self) -> Self {
        self.map(|tensor| tensor.inner().autodiff().require_grad())
    }

    /// The same tensors as constants.
    pub fn constants(&self) -> Self {
        self.map(Tensor::inner)
    }

    fn map(&self, f: impl Fn(Tensor<2>) -> Tensor<2>) -> Self {
        let tensors = self.tensors.iter();
        Self {
            tensors: tensors
                .map(|(name, tensor)| (name.clone(), f(tensor.clone())))
                .collect(),
        }
    }

    /// The shape that a tensor is saved with: one dimension for a vector.
    pub fn saved_shape(name: &str, tensor: &Tensor<2>) -> Vec<usize> {
        let [rows, columns] = tensor.dims();
        match name.ends_with(".bias") || is_of_norm(name) {
            true => vec![columns],
            false => vec![rows, columns],
        }
    }
}

/// Whether a tensor belongs to the head of a model of either family.
pub fn is_of_head(name: &str) -> bool {
    let part = name
        .strip_suffix(".weight")
        .or_else(|| name.strip_suffix(".bias"));
    part.is_some_and(|part| {
        ["classifier", "classifier.dense", "classifier.out_proj"].contains(&part)
    })
}

/// Whether a tensor is a scale or shift of layer normalisation.
pub fn is_of_norm(name: &str) -> bool {
    name.contains("LayerNorm.")
}

/// The part of an encoder that no trained tensor touches, so that its results can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frozen {
    /// Even the embeddings are trained.
    Nothing,
    /// The embeddings and the layers below this one; all where it is the number of layers.
    Below(usize),
}
