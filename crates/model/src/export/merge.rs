//! LoRA merged into the weights of its base model.

use super::NamedTensor;
use crate::adapter::Adapter;
use crate::classifier::{head_shapes, saved_shape};
use crate::config::{EncoderConfig, Family};
use crate::encoder::prefix;
use crate::error::Error;
use crate::lora::Target;
use crate::parameters::Parameters;
use crate::weights::Weights;
use burn::tensor::Tensor;

/// The tensors of the classifier that `adapter` makes of a base model, by their names in
/// transformers. Each weight of an adapted module becomes W + scale B A, computed in f64 and rounded
/// once: the products are added from the first rank to the last, then scaled, then added to W.
pub fn merged<'a>(
    weights: &'a Weights,
    config: &'a EncoderConfig,
    adapter: &'a Adapter,
) -> Result<impl ExactSizeIterator<Item = Result<NamedTensor, Error>> + 'a, Error> {
    let classes = adapter.classes(config.family)?;
    let before = prefix(weights, config)?;
    let head = head_shapes(config, classes);
    let head = head
        .into_iter()
        .map(|(name, shape)| (name.to_owned(), saved_shape(name, &shape).to_vec()));
    let tensors: Vec<_> = encoder_tensors(config).into_iter().chain(head).collect();
    Ok(tensors.into_iter().map(move |(name, shape)| {
        if let Some(tensor) = adapter.parameters().get(&name) {
            let values = values(tensor);
            return Ok(NamedTensor {
                name,
                shape,
                values,
            });
        }
        let family = config.family.prefix();
        let bare = name
            .strip_prefix(family)
            .and_then(|rest| rest.strip_prefix('.'));
        let saved = format!("{before}{}", bare.unwrap_or(&name));
        let mut values = weights.values(&saved, &shape)?;
        if let Some(module) = name.strip_suffix(".weight") {
            let scale = adapter.scales.of(module);
            add_product(&mut values, module, adapter.parameters(), scale);
        }
        Ok(NamedTensor {
            name,
            shape,
            values,
        })
    }))
}

/// The tensors of an encoder with an adapter, by the names that they have in `weights`.
pub fn adapted(
    weights: &Weights,
    config: &EncoderConfig,
    adapter: &Adapter,
) -> Result<Vec<NamedTensor>, Error> {
    let before = prefix(weights, config)?;
    // Numbers of places, which older versions of transformers kept.
    let names = weights
        .names()
        .filter(|name| !name.ends_with("position_ids"));
    names
        .map(|name| {
            let shape = weights.shape(name).unwrap_or_default().to_vec();
            let mut values = weights.values(name, &shape)?;
            let bare = name.strip_prefix(&before).unwrap_or(name);
            if let Some(module) = config.trained_name(bare).strip_suffix(".weight") {
                let scale = adapter.scales.of(module);
                add_product(&mut values, module, adapter.parameters(), scale);
            }
            Ok(NamedTensor {
                name: name.to_owned(),
                shape,
                values,
            })
        })
        .collect()
}

/// Adds scale B A to the weight of a module, `[outputs, inputs]`, where the module is adapted.
fn add_product(weight: &mut [f32], module: &str, parameters: &Parameters, scale: f32) {
    let matrix = |part: &str| parameters.get(&format!("{module}.{part}.weight"));
    let (Some(a), Some(b)) = (matrix("lora_A"), matrix("lora_B")) else {
        return;
    };
    let [rank, inputs] = a.dims();
    let (a, b) = (values(a), values(b));
    let mut sums = vec![0.0; inputs];
    for (row, b) in weight.chunks_exact_mut(inputs).zip(b.chunks_exact(rank)) {
        sums.fill(0.0);
        for (a, b) in a.chunks_exact(inputs).zip(b) {
            for (sum, a) in sums.iter_mut().zip(a) {
                *sum += f64::from(*b) * f64::from(*a);
            }
        }
        for (w, sum) in row.iter_mut().zip(&sums) {
            *w = (f64::from(*w) + f64::from(scale) * sum) as f32;
        }
    }
}

fn values(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.clone().into_data().iter::<f32>().collect()
}

/// The tensors of an encoder inside of a classifier, and their shapes.
fn encoder_tensors(config: &EncoderConfig) -> Vec<(String, Vec<usize>)> {
    let hidden = config.hidden;
    let mut tensors = Vec::new();
    let mut add = |name: String, shape: &[usize]| {
        tensors.push((format!("{}.{name}", config.family.prefix()), shape.to_vec()));
    };
    for (table, rows) in [
        ("word", config.vocabulary),
        ("position", config.positions),
        ("token_type", config.token_types),
    ] {
        add(
            format!("embeddings.{table}_embeddings.weight"),
            &[rows, hidden],
        );
    }
    let mut norms = vec!["embeddings".to_owned()];
    for layer in 0..config.layers {
        let layer = format!("encoder.layer.{layer}");
        for target in Target::ALL {
            let (inputs, outputs) = target.shape(config);
            let module = format!("{layer}.{}", target.path());
            add(format!("{module}.weight"), &[outputs, inputs]);
            add(format!("{module}.bias"), &[outputs]);
        }
        norms.extend([
            format!("{layer}.attention.output"),
            format!("{layer}.output"),
        ]);
    }
    for norm in norms {
        add(format!("{norm}.LayerNorm.weight"), &[hidden]);
        add(format!("{norm}.LayerNorm.bias"), &[hidden]);
    }
    if config.family == Family::Bert {
        add("pooler.dense.weight".to_owned(), &[hidden, hidden]);
        add("pooler.dense.bias".to_owned(), &[hidden]);
    }
    tensors
}
