//! States of the layers that nothing adapts, kept so that they are computed once.

use crate::batch::{Batch, by_length, tokens_per_batch};
use crate::classifier::Start;
use crate::encoder::{Encoder, Hidden};
use crate::parameters::Frozen;
use crate::tokenizer::Tokens;
use burn::tensor::{Tensor, TensorData};
use goldpan_artifact::{Digest, Progress};
use goldpan_kernels::Precision;
use goldpan_kernels::Sequences;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Remembers, for each sequence of tokens, its states before the first adapted layer; those of its
/// first token after the last layer where the head alone is trained.
///
/// Below the first adapted layer the encoder is frozen, so these states are the same in every epoch,
/// training and prediction with one base model. The cache changes no result: a sequence's states do
/// not depend on the batch in which they were computed. Use one cache for one base model; precisions
/// are kept apart.
pub struct PrefixCache {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: usize,
    states: HashMap<Key, Arc<[f32]>>,
}

impl PrefixCache {
    /// An empty cache that keeps at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: Mutex::new(Kept::default()),
        }
    }

    /// Computes what the frozen part makes of all sequences in well-filled batches, as far as it
    /// fits.
    ///
    /// Returns early, without an error, when `progress` is cancelled.
    pub fn fill(
        &self,
        encoder: &Encoder,
        frozen: Frozen,
        sequences: &[Tokens],
        progress: &dyn Progress,
    ) {
        let Some(layer) = kept_layer(frozen) else {
            return;
        };
        let precision = encoder.precision();
        let missing: Vec<&Tokens> = sequences
            .iter()
            .filter(|tokens| self.get(&key(layer, precision, tokens)).is_none())
            .collect();
        if missing.is_empty() {
            return;
        }
        progress.begin(
            "running the frozen layers",
            "texts",
            Some(missing.len() as u64),
        );
        let lengths: Vec<usize> = missing.iter().map(|tokens| tokens.len()).collect();
        let budget = tokens_per_batch(&encoder.device());
        for group in by_length(&lengths, budget) {
            if progress.cancelled() || self.full() {
                break;
            }
            let batch: Vec<&Tokens> = group.iter().map(|&index| missing[index]).collect();
            self.compute(encoder, layer, &batch);
            progress.advance(group.len() as u64);
        }
        progress.end();
    }

    /// Where a pass over these sequences starts, for tensors that leave `frozen` as it is.
    pub fn start(&self, encoder: &Encoder, frozen: Frozen, sequences: &[&Tokens]) -> Start {
        let config = encoder.config();
        let device = encoder.device();
        let Some(layer) = kept_layer(frozen) else {
            return Start::Tokens(Batch::new(sequences.iter().copied(), config));
        };
        let precision = encoder.precision();
        let get = |tokens: &&Tokens| self.get(&key(layer, precision, tokens));
        let mut states: Vec<Option<Arc<[f32]>>> = sequences.iter().map(get).collect();
        let missing = sequences.iter().zip(&states);
        let missing: Vec<&Tokens> = missing
            .filter(|(_, states)| states.is_none())
            .map(|(tokens, _)| *tokens)
            .collect();
        if !missing.is_empty() {
            let mut computed = self.compute(encoder, layer, &missing).into_iter();
            for states in states.iter_mut().filter(|states| states.is_none()) {
                *states = computed.next();
            }
        }
        let states: Vec<Arc<[f32]>> = states.into_iter().flatten().collect();
        let width = config.hidden;
        let lengths = states.iter().map(|states| states.len() / width);
        let packed = Sequences::from_lengths(lengths);
        let shape = [packed.tokens(), width];
        let values: Vec<f32> = states
            .iter()
            .flat_map(|states| states.iter().copied())
            .collect();
        let hidden = Hidden {
            states: Tensor::from_data(TensorData::new(values, shape), &device),
            sequences: packed,
        };
        Start::States { layer, hidden }
    }

    fn compute(&self, encoder: &Encoder, layer: usize, sequences: &[&Tokens]) -> Vec<Arc<[f32]>> {
        let batch = Batch::new(sequences.iter().copied(), encoder.config());
        let hidden = encoder.prefix(layer, &batch);
        let width = encoder.config().hidden;
        let values: Vec<f32> = hidden.states.into_data().iter::<f32>().collect();
        let states: Vec<Arc<[f32]>> = hidden
            .sequences
            .ranges()
            .map(|range| values[range.start * width..range.end * width].into())
            .collect();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (tokens, states) in sequences.iter().zip(&states) {
            let bytes = size_of_val::<[f32]>(states);
            if kept.bytes + bytes > self.limit {
                continue;
            }
            if kept
                .states
                .insert(key(layer, encoder.precision(), tokens), states.clone())
                .is_none()
            {
                kept.bytes += bytes;
            }
        }
        states
    }

    fn get(&self, key: &Key) -> Option<Arc<[f32]>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.states.get(key).cloned()
    }

    fn full(&self) -> bool {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes
            >= self.limit
    }
}

/// The layer before which states are kept; none where nothing but the embeddings is frozen.
fn kept_layer(frozen: Frozen) -> Option<usize> {
    match frozen {
        Frozen::Nothing | Frozen::Below(0) => None,
        Frozen::Below(layer) => Some(layer),
    }
}

/// A layer, a precision, and a sequence.
type Key = (usize, Precision, Digest);

fn key(layer: usize, precision: Precision, tokens: &Tokens) -> Key {
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|token| token.to_le_bytes())
        .collect();
    (layer, precision, Digest::of(bytes))
}
