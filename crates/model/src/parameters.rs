//! Named trainable tensors.

use crate::adapter::target_of;
use burn::tensor::{Device, Tensor, TensorData};
use std::collections::BTreeMap;

/// Trainable tensors by PEFT's names, without the `base_model.model.` in front.
///
/// All are matrices here; a bias is `[1, length]` and written as `[length]`.
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

    /// The lowest encoder layer that these tensors adapt, of `layers`; the last where they adapt none.
    pub fn first_layer(&self, layers: usize) -> usize {
        let adapted = self.tensors.keys().filter_map(|name| target_of(name));
        adapted.map(|(layer, _)| layer).min().unwrap_or(layers - 1)
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

    /// The shape that a tensor is saved with: one dimension for a bias.
    pub fn saved_shape(name: &str, tensor: &Tensor<2>) -> Vec<usize> {
        let [rows, columns] = tensor.dims();
        if name.ends_with(".bias") {
            vec![columns]
        } else {
            vec![rows, columns]
        }
    }
}
