//! How much the neighbours know beside the probe, by labelled texts that were held out.

use super::graph::Graph;
use super::held_out::HeldOut;
use super::temperature;
use goldpan_model::Candidate;
use goldpan_model::votes::{believed, log_vote, softmax};
use ndarray::Array2;

/// The fewest texts held out that say something.
const FEWEST: usize = 10;
/// The parts of the neighbours that are tried, in tenths.
const PARTS: u32 = 10;
/// The probe's name.
pub(crate) const PROBE: &str = "probe";

/// How many standard errors the neighbours have to be better by: more where few texts were held out, as what is
/// best of ten shares is better than the probe by chance alone.
fn caution(held_out: usize) -> f64 {
    match held_out {
        0..100 => 1.5,
        _ => 1.0,
    }
}

/// What a text's probability counts as at least.
const LEAST: f64 = 1e-6;

/// Labelled texts in a graph: the node of each, in their order.
pub(crate) struct Placed<'a> {
    pub graph: &'a Graph,
    pub nodes: &'a [usize],
    pub labels: &'a [usize],
    pub classes: usize,
}

/// The neighbours' part.
pub(crate) struct Mixture {
    pub share: f64,
    /// Whether that is better by more than chance.
    pub better: bool,
    /// What the logarithms of their votes are multiplied with.
    pub factor: f64,
    /// The probabilities of both, and the label, of each text held out.
    pub believed: Vec<Believed>,
}

/// A text held out, by its number, its label, and its probabilities by what did not see it.
#[derive(Clone)]
pub(crate) struct Believed {
    pub text: usize,
    pub label: usize,
    pub probabilities: Vec<f64>,
}

/// What did not see them makes of texts, with a factor for its logits that makes them as sure as they are
/// right.
pub(crate) fn believed_alone(
    logits: &Array2<f64>,
    labels: &[Option<usize>],
    factor: f64,
) -> Vec<Believed> {
    let known = labels.iter().enumerate();
    let known = known.filter_map(|(text, label)| Some((text, (*label)?)));
    known
        .map(|(text, label)| {
            let mut probabilities = (&logits.row(text) * factor).to_vec();
            softmax(&mut probabilities);
            Believed {
                text,
                label,
                probabilities,
            }
        })
        .collect()
}

/// The loss of each text, in nats.
pub(crate) fn losses(believed: &[Believed]) -> Vec<f64> {
    let own = believed.iter().map(|text| text.probabilities[text.label]);
    own.map(|own| -own.max(LEAST).ln()).collect()
}

/// How a way of training did with the texts held out.
pub(crate) fn candidate(name: String, believed: &[Believed]) -> Candidate {
    let right = believed.iter();
    let right = right.filter(|text| most(&text.probabilities) == text.label);
    Candidate {
        name,
        held_out: believed.len(),
        accuracy: right.count() as f64 / believed.len() as f64,
        loss: mean(&losses(believed)),
    }
}

impl Placed<'_> {
    /// What each node stands for by these labelled texts alone.
    pub fn votes(&self, seen: &[usize]) -> Vec<f32> {
        let labels: Vec<(usize, usize)> = seen
            .iter()
            .map(|&text| (self.nodes[text], self.labels[text]))
            .collect();
        self.graph.propagate(&labels, self.classes)
    }

    /// Mixes a probe's probabilities, whose held-out logits times `factor` are as sure as they are right, with those
    /// of the neighbours; says whether that is better by more than chance: by some standard errors of the difference
    /// in loss. `None` where too few texts were held out.
    pub fn mixture(&self, held_out: &HeldOut, factor: f64) -> Option<Mixture> {
        let own = believed_alone(&held_out.logits, &held_out.labels, factor);
        if own.len() < FEWEST {
            return None;
        }
        let mut logs = Array2::from_elem(held_out.logits.dim(), f64::NEG_INFINITY);
        let mut votes_of = vec![0.0; self.classes];
        for (held, seen) in &held_out.folds {
            let votes = self.votes(seen);
            let mut present = vec![false; self.classes];
            seen.iter()
                .for_each(|&text| present[self.labels[text]] = true);
            for &text in held {
                self.graph.asked(self.nodes[text], &votes, &mut votes_of);
                for (class, vote) in votes_of.iter().enumerate() {
                    // A class that the probe knows by its description alone has no vote.
                    if present[class] || held_out.labels[text] == Some(class) {
                        logs[[text, class]] = log_vote(*vote);
                    }
                }
            }
        }
        let neighbours = temperature::factor(&logs, &held_out.labels);
        let votes: Vec<Vec<f64>> = own
            .iter()
            .map(|text| {
                let row = logs.row(text.text);
                let seen: Vec<bool> = row.iter().map(|log| log.is_finite()).collect();
                let mut shares: Vec<f64> = row.iter().map(|log| log.exp()).collect();
                believed(neighbours, &seen, &mut shares);
                shares
            })
            .collect();
        let mixed = |share: f64| -> Vec<Believed> {
            let mix = |(own, votes): (&Believed, &Vec<f64>)| {
                let pairs = own.probabilities.iter().zip(votes);
                let mixed = pairs.map(|(own, vote)| (1.0 - share) * own + share * vote);
                Believed {
                    probabilities: mixed.collect(),
                    ..*own
                }
            };
            own.iter().zip(&votes).map(mix).collect()
        };
        let alone = losses(&own);
        let tried = (1..=PARTS).map(|part| f64::from(part) / f64::from(PARTS));
        let tried = tried.map(|share| (share, losses(&mixed(share))));
        let (share, best) = tried.min_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)))?;
        Some(Mixture {
            share,
            better: beats(&best, &alone, caution(own.len())),
            factor: neighbours,
            believed: mixed(share),
        })
    }
}

/// Whether losses are lower than others of the same texts by more than so many standard errors.
pub(crate) fn beats(losses: &[f64], others: &[f64], errors: f64) -> bool {
    let gains: Vec<f64> = others
        .iter()
        .zip(losses)
        .map(|(other, own)| other - own)
        .collect();
    let gain = mean(&gains);
    let squares = gains.iter().map(|each| (each - gain).powi(2));
    let count = gains.len() as f64;
    let error = (squares.sum::<f64>() / count).sqrt() / count.sqrt();
    gain > errors * error
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The class with the highest probability, the first of several.
fn most(row: &[f64]) -> usize {
    let classes = row.iter().enumerate();
    let best = classes.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.map_or(0, |(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_counts_from_some_standard_errors_on() {
        // A mean gain of 1 with a deviation of 1 over 4 texts: an error of 0.5.
        let gains = [0.0, 2.0, 0.0, 2.0];
        assert!(beats(&[0.0; 4], &gains, 1.0) && beats(&[0.0; 4], &gains, 1.9));
        assert!(!beats(&[0.0; 4], &gains, 2.1));
        // Of 0.2 with a deviation of 1: an error of 0.5.
        assert!(!beats(&[0.0; 4], &[-0.8, 1.2, -0.8, 1.2], 1.0));
        assert!(!beats(&[1.0; 4], &[1.0; 4], 1.0));
    }

    #[test]
    fn the_first_of_equal_classes_is_meant() {
        assert_eq!(most(&[0.4, 0.4, 0.2]), 0);
        assert_eq!(most(&[0.1, 0.5, 0.4]), 1);
    }
}
