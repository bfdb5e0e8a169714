//! AdamW over named tensors, by burn's optimizer.

use crate::gradients::NamedGradients;
use crate::weight_decay::WeightDecay;
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::Tensor;
use goldpan_model::Parameters;
use std::collections::BTreeMap;

/// AdamW with betas 0.9 and 0.999 and epsilon 1e-8.
pub(crate) struct NamedAdamW {
    decay: WeightDecay,
    states: BTreeMap<String, AdamWState<2>>,
}

/// The first and second moment of a tensor's gradients.
pub(crate) struct Moments {
    pub first: Tensor<2>,
    pub second: Tensor<2>,
}

impl NamedAdamW {
    pub fn new(decay: WeightDecay) -> Self {
        Self {
            decay,
            states: BTreeMap::new(),
        }
    }

    fn rule(&self, name: &str) -> AdamW {
        let config = AdamWConfig::new().with_epsilon(1e-8);
        let decay = self.decay.of(name) as f32;
        config.with_weight_decay(decay).build()
    }

    /// The tensors after one step against their gradients, tracked anew.
    pub fn step(
        &mut self,
        rate: f64,
        parameters: &Parameters,
        mut gradients: NamedGradients,
    ) -> Parameters {
        let mut next = Parameters::default();
        for (name, tensor) in parameters.iter() {
            let value = tensor.clone().inner();
            let value = match gradients.take(name) {
                Some(gradient) => {
                    let state = self.states.remove(name);
                    let (value, state) = self.rule(name).step(rate, value, gradient, state);
                    self.states
                        .extend(state.map(|state| (name.to_owned(), state)));
                    value
                }
                None => value,
            };
            next.set(name.to_owned(), value);
        }
        next.tracked()
    }

    /// The moments of every tensor that has been stepped, by name.
    pub fn moments(&self) -> impl Iterator<Item = (&str, Moments)> {
        self.states.iter().map(|(name, state)| {
            let moments = Moments {
                first: state.momentum.moment_1.clone(),
                second: state.momentum.moment_2.clone(),
            };
            (name.as_str(), moments)
        })
    }

    /// Sets the moments of a tensor after `steps` steps.
    pub fn restore(&mut self, name: String, moments: Moments, steps: usize) {
        let momentum = AdaptiveMomentumState::new(steps, moments.first, moments.second);
        self.states.insert(name, AdamWState::new(momentum));
    }
}
