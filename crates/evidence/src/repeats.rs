//! Seeds that gave the same models, on which the seed had no effect.

use std::collections::BTreeMap;

use crate::experiment::Arm;

/// Seeds of an arm whose every model is the same as those of an earlier seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The arm.
    pub arm: String,
    /// The seed that counts.
    pub seed: u64,
    /// Those that gave the same again.
    pub again: Vec<u64>,
}

/// Labels, accuracy and loss after each round: bits, as only the same model has all of them.
type Signature = Vec<(u32, [u64; 3])>;

/// The seeds of an arm that gave the same as an earlier one. A seed of which a loss is not known counts.
pub(crate) fn repeats(arm: &Arm) -> Vec<Repeat> {
    let mut signatures: BTreeMap<u64, Option<Signature>> = BTreeMap::new();
    for (&round, models) in &arm.rounds {
        for (&seed, model) in models {
            let signature = signatures.entry(seed).or_insert_with(|| Some(Vec::new()));
            match (signature.as_mut(), model.loss) {
                (Some(known), Some(loss)) => {
                    let numbers = [model.labelled, model.accuracy, loss];
                    known.push((round, numbers.map(f64::to_bits)));
                }
                _ => *signature = None,
            }
        }
    }
    let mut repeats: Vec<(Signature, Repeat)> = Vec::new();
    for (seed, signature) in signatures {
        let Some(signature) = signature else { continue };
        match repeats.iter_mut().find(|(known, _)| *known == signature) {
            Some((_, repeat)) => repeat.again.push(seed),
            None => {
                let (arm, again) = (arm.name.clone(), Vec::new());
                repeats.push((signature, Repeat { arm, seed, again }));
            }
        }
    }
    let repeats = repeats.into_iter().map(|(_, repeat)| repeat);
    repeats.filter(|repeat| !repeat.again.is_empty()).collect()
}
