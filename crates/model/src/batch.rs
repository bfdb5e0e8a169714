//! Packed batches: sequences of tokens laid end to end, cut by a budget of tokens.

use crate::config::{EncoderConfig, Family};
use crate::tokenizer::Tokens;
use burn::tensor::Device;
use goldpan_kernels::Sequences;

/// The most tokens that a batch without gradients holds on any device, one longer sequence excepted.
pub const MOST_TOKENS_PER_BATCH: usize = 1024;

/// How many tokens a batch without gradients holds at most on this device, one longer sequence excepted.
///
/// On the CPU the states of a small batch stay in its caches; other devices want large ones.
pub fn tokens_per_batch(device: &Device) -> usize {
    match goldpan_kernels::has_kernels(device) {
        true => 256,
        false => MOST_TOKENS_PER_BATCH,
    }
}

/// Token ids and position ids of several sequences, one of each token.
pub struct Batch {
    pub(crate) tokens: Vec<u32>,
    pub(crate) positions: Vec<u32>,
    pub(crate) sequences: Sequences,
}

impl Batch {
    /// Packs sequences of token ids.
    pub fn new<'a>(
        sequences: impl IntoIterator<Item = &'a Tokens>,
        config: &EncoderConfig,
    ) -> Self {
        let mut tokens = Vec::new();
        let mut positions = Vec::new();
        let mut lengths = Vec::new();
        for sequence in sequences {
            lengths.push(sequence.len());
            tokens.extend_from_slice(sequence);
            push_positions(sequence, config, &mut positions);
        }
        Self {
            tokens,
            positions,
            sequences: Sequences::from_lengths(lengths),
        }
    }

    /// Where each sequence lies.
    pub fn sequences(&self) -> &Sequences {
        &self.sequences
    }
}

/// BERT counts positions from 0; RoBERTa from the padding token's number + 1, and a padding token
/// inside the text (someone wrote `<pad>`) keeps the padding position and is not counted.
fn push_positions(sequence: &Tokens, config: &EncoderConfig, positions: &mut Vec<u32>) {
    match config.family {
        Family::Bert => positions.extend(0..sequence.len() as u32),
        Family::Roberta => {
            let pad = config.pad_token;
            let mut next = pad;
            positions.extend(sequence.iter().map(|&token| {
                if token == config.pad_token {
                    return pad;
                }
                next += 1;
                next
            }));
        }
    }
}

/// Groups sequences of similar length: indices sorted by length (ties by index), cut so that no
/// group holds more than `budget` tokens unless a single sequence does.
pub fn by_length(lengths: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| (lengths[index], index));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut used = 0;
    for index in order {
        match groups.last_mut() {
            Some(group) if used + lengths[index] <= budget => {
                used += lengths[index];
                group.push(index);
            }
            _ => {
                used = lengths[index];
                groups.push(vec![index]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn groups_hold_every_sequence_once_and_keep_to_the_budget(
            lengths in prop::collection::vec(1_usize..50, 0..200),
            budget in 1_usize..300,
        ) {
            let groups = by_length(&lengths, budget);
            let mut seen: Vec<usize> = groups.concat();
            for pair in seen.windows(2) {
                prop_assert!(lengths[pair[0]] <= lengths[pair[1]]);
            }
            for group in &groups {
                let tokens: usize = group.iter().map(|&index| lengths[index]).sum();
                prop_assert!(tokens <= budget || group.len() == 1);
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
