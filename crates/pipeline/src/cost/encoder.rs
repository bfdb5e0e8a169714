//! The operations of an encoder's products, a multiply-add counted as two.

use goldpan_model::{EncoderConfig, Tuning, TuningKind};

/// A model and what of it is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Encoder {
    pub(super) hidden: usize,
    pub(super) intermediate: usize,
    pub(super) layers: usize,
    /// Attention heads.
    pub(super) heads: usize,
    /// Rows of the embedding tables.
    pub(super) embeddings: usize,
    /// The layers, from the first on, that nothing trained touches: their states are computed once.
    pub(super) frozen: usize,
    /// What is trained.
    pub(super) tuning: TuningKind,
}

impl Encoder {
    /// The encoder, used as it is.
    pub(super) fn plain(config: &EncoderConfig) -> Self {
        Self {
            hidden: config.hidden,
            intermediate: config.intermediate,
            layers: config.layers,
            heads: config.heads,
            embeddings: config.vocabulary + config.positions + config.token_types,
            frozen: 0,
            tuning: TuningKind::Lora,
        }
    }

    /// The encoder with what is trained of it.
    pub(super) fn tuned(config: &EncoderConfig, tuning: &Tuning) -> Self {
        let frozen = match tuning {
            Tuning::Full => 0,
            Tuning::Head | Tuning::Probe(_) | Tuning::Auto(_) => config.layers,
            Tuning::Lora(lora) => (0..config.layers)
                .find(|&layer| lora.adapts(layer))
                .unwrap_or(config.layers),
        };
        Self {
            frozen,
            tuning: tuning.kind(),
            ..Self::plain(config)
        }
    }

    /// A layer for all tokens of a text.
    fn layer(&self, tokens: f64) -> f64 {
        self.queries(tokens, tokens) + self.keys(tokens)
    }

    /// The last layer for the first token alone, which is all that a head looks at.
    fn last(&self, tokens: f64) -> f64 {
        self.queries(1.0, tokens) + self.keys(tokens)
    }

    /// The part of a layer that some tokens need that attend to all.
    fn queries(&self, asking: f64, tokens: f64) -> f64 {
        let (h, i) = (self.hidden as f64, self.intermediate as f64);
        asking * (4.0 * h * h + 4.0 * h * i + 4.0 * h * tokens)
    }

    /// Keys and values.
    fn keys(&self, tokens: f64) -> f64 {
        let h = self.hidden as f64;
        tokens * 4.0 * h * h
    }

    /// A text's vector: every layer for all tokens.
    pub(super) fn embedding(&self, tokens: f64) -> f64 {
        self.layers as f64 * self.layer(tokens)
    }

    /// Layers from `from` on to a head.
    fn classifying(&self, from: usize, tokens: f64) -> f64 {
        match self.layers.checked_sub(from + 1) {
            None => 0.0,
            Some(whole) => whole as f64 * self.layer(tokens) + self.last(tokens),
        }
    }

    /// What of a text is computed once: the layers below the first that is trained.
    pub(super) fn below(&self, tokens: f64) -> f64 {
        self.classifying(0, tokens) - self.above(tokens)
    }

    /// What of a text is computed in every pass.
    pub(super) fn above(&self, tokens: f64) -> f64 {
        self.classifying(self.frozen, tokens)
    }

    /// The backward pass of a text. Gradients go to the inputs of each product above the first trained
    /// layer's queries, keys and values; with full fine-tuning to the weights too.
    pub(super) fn backward(&self, tokens: f64) -> f64 {
        let h = self.hidden as f64;
        match self.tuning {
            TuningKind::Head | TuningKind::Probe | TuningKind::Adapted | TuningKind::Auto => 0.0,
            TuningKind::Lora => (self.above(tokens) - tokens * 6.0 * h * h).max(0.0),
            TuningKind::Full => 2.0 * self.above(tokens),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// all-MiniLM-L6-v2, adapted from layer 4 on.
    pub(crate) fn minilm() -> Encoder {
        Encoder {
            hidden: 384,
            intermediate: 1536,
            layers: 6,
            heads: 12,
            embeddings: 30_522 + 512 + 2,
            frozen: 4,
            tuning: TuningKind::Lora,
        }
    }

    #[test]
    fn a_token_of_minilm_takes_what_the_kernels_notes_say() {
        // 21.2 million operations of products, beside those of attention.
        let attention = 6.0 * 4.0 * 384.0 * 13.0;
        let token = minilm().embedding(13.0) / 13.0 - attention;
        assert!((token / 21.2e6 - 1.0).abs() < 0.01, "{token}");
    }

    #[test]
    fn what_is_computed_once_and_in_every_pass_is_the_whole() {
        let whole = Encoder {
            frozen: 0,
            ..minilm()
        };
        for frozen in 0..=6 {
            let part = Encoder { frozen, ..minilm() };
            let sum = part.below(20.0) + part.above(20.0);
            assert!((sum - whole.above(20.0)).abs() < 1.0);
        }
        assert_eq!(whole.below(20.0), 0.0);
        let head = Encoder {
            frozen: 6,
            ..minilm()
        };
        assert_eq!(head.above(20.0), 0.0);
        // Two of six layers, the last for one token: less than a third.
        assert!(minilm().above(20.0) < whole.above(20.0) / 3.0);
    }

    #[test]
    fn gradients_of_weights_cost_as_much_again() {
        let of = |tuning, frozen| {
            let encoder = Encoder {
                tuning,
                frozen,
                ..minilm()
            };
            encoder.backward(20.0) / encoder.above(20.0)
        };
        assert_eq!(of(TuningKind::Full, 0), 2.0);
        let lora = of(TuningKind::Lora, 0);
        assert!(lora < 1.0 && lora > 0.9, "{lora}");
        assert!(of(TuningKind::Lora, 4) < lora);
    }
}
