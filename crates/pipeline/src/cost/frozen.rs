//! Which texts have been through the frozen layers already in this run.

use std::collections::HashMap;

use goldpan_model::Precision;

use crate::cost::encoder::Encoder;
use crate::exec::FROZEN_STATES;
use crate::plan::NodeId;

/// A base model, what of it is frozen, and the texts: what kept states are of.
type Kept = (String, Precision, usize, NodeId);

/// Texts whose frozen states are kept, as expected: a run keeps as many as fit.
#[derive(Default)]
pub(super) struct Frozen {
    texts: HashMap<Kept, f64>,
    bytes: f64,
}

/// Texts on their way through a model: some of a table.
#[derive(Clone, Copy)]
pub(super) struct Pass {
    /// The table.
    pub(super) table: NodeId,
    /// How many of its texts.
    pub(super) texts: f64,
    /// How many of these an earlier training went through, if it was in this run.
    pub(super) earlier: f64,
    /// How many there are in the table.
    pub(super) of: f64,
    /// Tokens of a text.
    pub(super) tokens: f64,
}

impl Frozen {
    /// How many of the texts need their frozen states computed, and the share of the states that there
    /// is no room for, so that each pass computes them again.
    pub(super) fn pass(
        &mut self,
        base: &str,
        precision: Precision,
        encoder: &Encoder,
        pass: &Pass,
    ) -> (f64, f64) {
        if encoder.frozen == 0 {
            return (0.0, 0.0);
        }
        let key = (base.to_owned(), precision, encoder.frozen, pass.table);
        let kept = self.texts.entry(key).or_default();
        // Texts of an earlier training are known; of others as many as of all.
        let known = pass.earlier.min(*kept);
        let elsewhere = (*kept - known) / (pass.of - known).max(1.0);
        let fresh = ((pass.texts - known) * (1.0 - elsewhere.min(1.0))).max(0.0);
        let room = (FROZEN_STATES as f64 - self.bytes) / state(encoder, pass.tokens);
        let stored = fresh.min(room.max(0.0));
        *kept = (*kept + stored).min(pass.of);
        self.bytes += stored * state(encoder, pass.tokens);
        (fresh, (fresh - stored) / pass.texts.max(1.0))
    }

    /// Bytes of the states kept so far.
    pub(super) fn bytes(&self) -> f64 {
        self.bytes
    }
}

/// Bytes of a text's states: all its tokens', or its first one's where the head alone is trained.
fn state(encoder: &Encoder, tokens: f64) -> f64 {
    let tokens = match encoder.frozen == encoder.layers {
        true => 1.0,
        false => tokens,
    };
    tokens * encoder.hidden as f64 * size_of::<f32>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::encoder::tests::minilm;

    fn pass(texts: f64, earlier: f64, tokens: f64) -> Pass {
        Pass {
            table: 0,
            texts,
            earlier,
            of: 4_000.0,
            tokens,
        }
    }

    #[test]
    fn texts_are_computed_once() {
        let mut frozen = Frozen::default();
        let mut fresh = |pass: &Pass| frozen.pass("m", Precision::F32, &minilm(), pass).0;
        assert_eq!(fresh(&pass(1_000.0, 0.0, 20.0)), 1_000.0);
        // 500 more, none of which can be among the first.
        assert_eq!(fresh(&pass(1_500.0, 1_000.0, 20.0)), 500.0);
        // Another arm's 500 may be among the 500 of the first arm.
        let other = fresh(&pass(1_500.0, 1_000.0, 20.0));
        assert!(other > 400.0 && other < 500.0, "{other}");
        assert!(fresh(&pass(4_000.0, 0.0, 20.0)) < 2_500.0);
        assert_eq!(fresh(&pass(1_500.0, 1_000.0, 20.0)), 0.0);
        let another = Encoder {
            frozen: 5,
            ..minilm()
        };
        let (fresh, _) = frozen.pass("m", Precision::F32, &another, &pass(10.0, 0.0, 20.0));
        assert_eq!(fresh, 10.0);
    }

    #[test]
    fn states_without_room_are_computed_in_every_pass() {
        let mut frozen = Frozen::default();
        let long = pass(4_000.0, 0.0, 512.0);
        let (fresh, again) = frozen.pass("m", Precision::F32, &minilm(), &long);
        assert_eq!(fresh, 4_000.0);
        // 4,000 x 512 x 384 x 4 bytes are 2.9 GiB.
        assert!(again > 0.3 && again < 0.35, "{again}");
        assert!(frozen.bytes() <= FROZEN_STATES as f64);
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_frozen() {
        let mut frozen = Frozen::default();
        let whole = Encoder {
            frozen: 0,
            ..minilm()
        };
        let long = pass(4_000.0, 0.0, 512.0);
        assert_eq!(frozen.pass("m", Precision::F32, &whole, &long), (0.0, 0.0));
        assert_eq!(frozen.bytes(), 0.0);
    }
}
