//! Weight decay by group of tensors.

use goldpan_model::{is_of_head, is_of_norm};
use serde::Serialize;
use std::str::FromStr;

/// AdamW's weight decay of each group of tensors. A tensor belongs to the first group that fits, in
/// the order `norm`, `bias`, `lora`, `head`, `encoder`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WeightDecay {
    /// LoRA's matrices.
    pub lora: f64,
    /// The encoder's matrices, in full fine-tuning.
    pub encoder: f64,
    /// The head's matrices.
    pub head: f64,
    /// Biases.
    pub bias: f64,
    /// Scales and shifts of layer normalisation.
    pub norm: f64,
}

impl WeightDecay {
    /// The same decay for every tensor.
    pub fn of_all(decay: f64) -> Self {
        Self {
            lora: decay,
            encoder: decay,
            head: decay,
            bias: decay,
            norm: decay,
        }
    }

    /// The decay of a group by its name.
    fn group_mut(&mut self, name: &str) -> Option<&mut f64> {
        Some(match name {
            "lora" => &mut self.lora,
            "encoder" => &mut self.encoder,
            "head" => &mut self.head,
            "bias" => &mut self.bias,
            "norm" => &mut self.norm,
            _ => return None,
        })
    }

    /// Every group's decay under its key; one key alone where all are equal.
    pub(crate) fn by_key(&self) -> Vec<(&'static str, f64)> {
        if *self == Self::of_all(self.lora) || self.lora.is_nan() {
            return vec![("weight_decay", self.lora)];
        }
        vec![
            ("weight_decay.lora", self.lora),
            ("weight_decay.encoder", self.encoder),
            ("weight_decay.head", self.head),
            ("weight_decay.bias", self.bias),
            ("weight_decay.norm", self.norm),
        ]
    }

    /// The decay of the tensor of this name.
    pub(crate) fn of(&self, name: &str) -> f64 {
        if is_of_norm(name) {
            self.norm
        } else if name.ends_with(".bias") {
            self.bias
        } else if name.contains(".lora_") {
            self.lora
        } else if is_of_head(name) {
            self.head
        } else {
            self.encoder
        }
    }
}

/// A text that gives no weight decay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no weight decay: give a number, or a list such as `head=0,bias=0` of the groups lora, \
     encoder, head, bias and norm"
)]
pub struct ParseWeightDecayError(String);

/// 0.1 for all.
impl Default for WeightDecay {
    fn default() -> Self {
        Self::of_all(0.1)
    }
}

/// A number for all, or `GROUP=NUMBER,...`, where groups left out keep the default of 0.1.
impl FromStr for WeightDecay {
    type Err = ParseWeightDecayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseWeightDecayError(text.to_owned());
        let number = |text: &str| match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(number + 0.0),
            _ => Err(wrong()),
        };
        if !text.contains('=') {
            return Ok(Self::of_all(number(text)?));
        }
        let mut decay = Self::default();
        for part in text.split(',') {
            let (group, value) = part.split_once('=').ok_or_else(wrong)?;
            *decay.group_mut(group.trim()).ok_or_else(wrong)? = number(value)?;
        }
        Ok(decay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tensor_has_its_group() {
        let decay: WeightDecay = "lora=1,encoder=2,head=3,bias=4,norm=5".parse().unwrap();
        let layer = "bert.encoder.layer.0";
        let of = |name: &str| decay.of(name);
        assert_eq!(
            of(&format!("{layer}.attention.self.query.lora_A.weight")),
            1.0
        );
        assert_eq!(of(&format!("{layer}.output.dense.weight")), 2.0);
        assert_eq!(of("bert.embeddings.word_embeddings.weight"), 2.0);
        assert_eq!(of("bert.pooler.dense.weight"), 2.0);
        assert_eq!(of("classifier.out_proj.weight"), 3.0);
        assert_eq!(of("classifier.out_proj.bias"), 4.0);
        assert_eq!(of(&format!("{layer}.output.dense.bias")), 4.0);
        assert_eq!(of(&format!("{layer}.output.LayerNorm.weight")), 5.0);
        assert_eq!(of("bert.embeddings.LayerNorm.bias"), 5.0);
    }

    #[test]
    fn a_number_is_for_all_and_groups_left_out_keep_the_default() {
        assert_eq!("0.3".parse(), Ok(WeightDecay::of_all(0.3)));
        let decay: WeightDecay = "head=0".parse().unwrap();
        assert_eq!((decay.head, decay.lora), (0.0, 0.1));
        for wrong in [
            "",
            "x",
            "-1",
            "nan",
            "head",
            "hed=1",
            "head=x",
            "head=1,,bias=0",
        ] {
            let error = wrong.parse::<WeightDecay>().unwrap_err();
            assert!(error.to_string().contains("lora, encoder, head"), "{error}");
        }
    }
}
