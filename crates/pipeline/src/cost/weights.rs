//! The weights: how long they take to open, and the memory that work with them holds at once, roughly.

use goldpan_model::{MOST_TOKENS_PER_BATCH, TuningKind};

use crate::cost::encoder::Encoder;

/// Bytes of a number.
const NUMBER: f64 = 4.0;

/// States of a token that a layer holds at once, in the width of the hidden states and of the
/// feed-forward part: forward alone, and kept for the backward pass.
const HELD: (f64, f64) = (6.0, 2.0);
const KEPT: (f64, f64) = (7.0, 1.0);

/// Bytes of weights that are read and laid out in a second, as seen with a head alone.
const OPENED: f64 = 400e6;

/// The program itself with a tokenizer.
const PROGRAM: f64 = 60e6;

impl Encoder {
    /// Bytes of all weights.
    fn weights(&self) -> f64 {
        NUMBER * (self.embeddings * self.hidden) as f64 + self.layers as f64 * self.products()
    }

    /// Bytes of a layer's products.
    fn products(&self) -> f64 {
        let (h, i) = (self.hidden as f64, self.intermediate as f64);
        NUMBER * (4.0 * h * h + 2.0 * h * i)
    }

    /// Bytes of a token's states in a layer.
    fn states(&self, (hidden, inner): (f64, f64)) -> f64 {
        NUMBER * (hidden * self.hidden as f64 + inner * self.intermediate as f64)
    }

    /// Seconds until a model is ready.
    pub(super) fn opening(&self) -> f64 {
        self.weights() / OPENED
    }

    /// Classifying or embedding texts: the weights twice, since their file's pages stay mapped, and a
    /// batch on every thread.
    pub(super) fn memory_of_inference(&self, threads: usize) -> f64 {
        let batches = (threads * MOST_TOKENS_PER_BATCH) as f64;
        PROGRAM + 2.0 * self.weights() + batches * self.states(HELD)
    }

    /// Training with passes of so many tokens: the weights once more where gradients go through them,
    /// the states of every layer above the frozen ones, and where all is trained its gradients, the
    /// optimizer's moments and the best epoch.
    pub(super) fn memory_of_training(&self, tokens: f64, text: f64, threads: usize) -> f64 {
        let above = (self.layers - self.frozen) as f64;
        let attention = NUMBER * self.heads as f64 * text * 2.0;
        let states = tokens * above * (self.states(KEPT) + attention);
        let weights = match self.tuning {
            TuningKind::Head | TuningKind::Probe | TuningKind::Adapted | TuningKind::Auto => 0.0,
            TuningKind::Lora => above * self.products(),
            TuningKind::Full => 4.0 * self.weights(),
        };
        self.memory_of_inference(threads) + weights + states
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::encoder::tests::minilm;

    #[test]
    fn memory_grows_with_what_is_trained() {
        let of = |tuning, frozen| {
            let encoder = Encoder {
                tuning,
                frozen,
                ..minilm()
            };
            encoder.memory_of_training(640.0, 20.0, 2)
        };
        let head = of(TuningKind::Head, 6);
        let two_layers = of(TuningKind::Lora, 4);
        let all_layers = of(TuningKind::Lora, 0);
        let full = of(TuningKind::Full, 0);
        assert!(head < two_layers && two_layers < all_layers && all_layers < full);
        // The weights of MiniLM are 90 MB.
        assert!((minilm().weights() / 90e6 - 1.0).abs() < 0.02);
        assert_eq!(head, minilm().memory_of_inference(2));
    }
}
