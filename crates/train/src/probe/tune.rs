//! LoRA below the probe: linear probing, then fine-tuning, so that training begins where the probe ends
//! (Kumar et al. 2022, arXiv:2202.10054). Then the probe is solved anew on what the encoder makes of the labelled
//! texts, as SetFit does (Tunstall et al. 2022, arXiv:2209.11055).

use super::contrastive::contrastive;
use super::fit::{Examples, features, solved_probe};
use super::stage::Prepared;
use crate::class_weights::ClassWeights;
use crate::error::Error;
use crate::gradients::NamedGradients;
use crate::loss::Loss;
use crate::optimizer::NamedAdamW;
use crate::schedule::{Schedule, ScheduleKind};
use crate::weight_decay::WeightDecay;
use burn::tensor::{Tensor, TensorData};
use goldpan_artifact::{Progress, Texts, rng};
use goldpan_model::SentenceAdapter;
use goldpan_model::{Device, LoraConfig, Parameters, PrefixCache, Probe, ProbeConfig};
use goldpan_model::{SentenceEncoder, Target, Tokens, by_length, tokens_per_batch, unit};
use ndarray::ArrayView2;
use rand::seq::SliceRandom;
use rayon::prelude::*;

/// Texts in a step.
const BATCH: usize = 32;
/// Passes over the labelled texts, and the fewest steps: few texts are gone through more often (Mosbach et al. 2021,
/// arXiv:2006.04884).
const PASSES: usize = 3;
const FEWEST: usize = 25;
/// The highest learning rate of a model with 384 components; wider ones take less.
const RATE: f64 = 2e-3;
const WIDTH: f64 = 384.0;
/// The part of the steps over which it rises.
const WARMUP: f64 = 0.06;
const DECAY: f64 = 0.01;

/// The head's tensors.
const WEIGHT: &str = "classifier.weight";
const BIAS: &str = "classifier.bias";

/// The adapters: those of the upper half of the layers, as what is below is computed once.
pub(super) fn adapters(layers: usize) -> LoraConfig {
    LoraConfig {
        rank: 8,
        alpha: 16.0,
        targets: Target::ALL.into(),
        layers: Some((layers / 2..layers).collect()),
        dropout: 0.0,
    }
}

/// How many steps this many texts are trained.
fn steps(texts: usize, most: usize) -> usize {
    (PASSES * texts.div_ceil(BATCH)).max(FEWEST).min(most)
}

/// How many texts go through the encoder then, some of them again and again.
fn passes(texts: usize, most: usize) -> u64 {
    (steps(texts, most) * BATCH.min(texts)) as u64
}

/// What trains.
pub(super) struct Tuner<'a> {
    pub prepared: &'a Prepared<'a>,
    /// How the probe is solved anew.
    pub config: &'a ProbeConfig,
    pub encoder: &'a SentenceEncoder,
    pub lora: LoraConfig,
    pub cache: &'a PrefixCache,
    pub device: &'a Device,
    pub seed: u64,
    /// The most steps.
    pub most: usize,
    /// Those of the labelled texts.
    pub tokens: Vec<Tokens>,
    pub progress: &'a dyn Progress,
}

/// What a training gave.
pub(super) struct Tuned {
    pub probe: Probe,
    pub adapter: SentenceAdapter,
    pub steps: usize,
    pub parameters: usize,
    /// The mean cross-entropy over the last pass, in nats, by the head that trains with the adapters.
    pub loss: f64,
}

impl Tuner<'_> {
    /// Trains on some of the labelled texts from a probe that was solved on them, and says so as `what`. `None`
    /// where the loss explodes.
    pub fn train(&self, what: &str, rows: &[usize], start: &Probe) -> Result<Option<Tuned>, Error> {
        let texts = passes(rows.len(), self.most);
        self.progress.begin(what, "texts", Some(texts));
        let tuned = self.trained(rows, start);
        self.progress.end();
        tuned
    }

    fn trained(&self, rows: &[usize], start: &Probe) -> Result<Option<Tuned>, Error> {
        let device = self.device.tensors();
        let labels = &self.prepared.examples.labels;
        let classes = self.prepared.examples.classes;
        let label = |row: &usize| labels[*row] as i32;
        let own: Vec<i32> = rows.iter().map(label).collect();
        let weights = ClassWeights::Balanced.of(&own, classes);
        let mut parameters = self
            .encoder
            .new_adapters(&self.lora, self.seed, self.device)?;
        let (mean, dimension) = (start.mean().to_vec(), start.dimension());
        let shape = [classes, dimension];
        parameters.insert(WEIGHT.to_owned(), start.weights().to_vec(), shape, device);
        parameters.insert(BIAS.to_owned(), start.bias().to_vec(), [1, classes], device);
        let count = parameters.count();
        let mut parameters = parameters.tracked();
        let centre = TensorData::new(mean.clone(), [1, dimension]);
        let objective = Objective {
            tuner: self,
            loss: Loss::new(weights.clone(), 0.0),
            weights,
            centre: Tensor::from_data(centre, device),
        };
        let mut optimizer = NamedAdamW::new(WeightDecay::of_all(DECAY));
        let total = steps(rows.len(), self.most);
        let highest = RATE * WIDTH / self.encoder.encoder().config().hidden as f64;
        let schedule = Schedule::new(ScheduleKind::Linear, highest, WARMUP, total);
        let (mut step, mut pass) = (0, 0);
        let mut recent = Vec::new();
        while step < total {
            let mut order = rows.to_vec();
            order.shuffle(&mut rng(self.seed, &format!("train/adapt/pass {pass}")));
            pass += 1;
            recent.clear();
            for batch in order.chunks(BATCH).take(total - step) {
                if self.progress.cancelled() {
                    return Err(Error::Cancelled);
                }
                let Some((value, gradients)) = objective.of(&parameters, batch) else {
                    return Ok(None);
                };
                recent.push(value);
                // A step at the rate 0 changes nothing: the first is already at the next one's.
                let rate = schedule.at(step).max(highest / total as f64);
                parameters = optimizer.step(rate, &parameters, gradients);
                step += 1;
                self.progress.advance(batch.len() as u64);
            }
        }
        let values = |name: &str| -> Vec<f32> {
            let tensor = parameters.get(name).map(|tensor| tensor.clone().inner());
            tensor.map_or(Vec::new(), |tensor| {
                tensor.into_data().iter::<f32>().collect()
            })
        };
        let adapter = SentenceAdapter::new(&parameters, &self.lora);
        // What descriptions say is in the head alone: it stays as it was trained.
        let probe = match self.prepared.examples.prior {
            Some(_) => Probe::new(mean, values(WEIGHT), values(BIAS)),
            None => match self.solved(rows, &adapter, mean)? {
                Some(probe) => probe,
                None => return Ok(None),
            },
        };
        Ok(Some(Tuned {
            probe,
            adapter,
            steps: step,
            parameters: count,
            loss: recent.iter().sum::<f64>() / recent.len().max(1) as f64,
        }))
    }

    /// The probe of what an adapted encoder makes of some of the labelled texts; `None` where that is not finite.
    fn solved(
        &self,
        rows: &[usize],
        adapter: &SentenceAdapter,
        mean: Vec<f32>,
    ) -> Result<Option<Probe>, Error> {
        let tokens: Vec<&Tokens> = rows.iter().map(|&row| &self.tokens[row]).collect();
        let vectors = self.vectors(adapter, &tokens)?.concat();
        if !vectors.iter().all(|value| value.is_finite()) {
            return Ok(None);
        }
        let shape = (rows.len(), mean.len());
        let vectors = ArrayView2::from_shape(shape, &vectors).expect("a vector for each text");
        let examples = &self.prepared.examples;
        let examples = Examples {
            features: features(&mean, vectors),
            labels: rows.iter().map(|&row| examples.labels[row]).collect(),
            classes: examples.classes,
            prior: None,
        };
        let cancelled = || self.progress.cancelled();
        solved_probe(self.config.strength, &examples, mean, &cancelled).map(Some)
    }

    /// Logits of texts, `[texts, classes]`.
    pub fn logits(&self, tuned: &Tuned, tokens: &[&Tokens]) -> Result<Vec<Vec<f32>>, Error> {
        let vectors = self.vectors(&tuned.adapter, tokens)?;
        let logits = vectors.iter().map(|vector| tuned.probe.logits(vector));
        Ok(logits.collect())
    }

    /// What an adapted encoder makes of texts, `[texts, dimension]`.
    fn vectors(
        &self,
        adapter: &SentenceAdapter,
        tokens: &[&Tokens],
    ) -> Result<Vec<Vec<f32>>, Error> {
        let frozen = self.encoder.frozen(&self.lora);
        let lengths: Vec<usize> = tokens.iter().map(|tokens| tokens.len()).collect();
        let groups = by_length(&lengths, tokens_per_batch(self.device.tensors()));
        let vectors = groups.par_iter().map(|group| {
            if self.progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let batch: Vec<&Tokens> = group.iter().map(|&index| tokens[index]).collect();
            let start = self.cache.start(self.encoder.encoder(), frozen, &batch);
            Ok(self.encoder.embed_with(start, adapter))
        });
        let made: Vec<Vec<f32>> = vectors.collect::<Result<_, _>>()?;
        let mut vectors = vec![Vec::new(); tokens.len()];
        for (group, made) in groups.iter().zip(&made) {
            let rows = made.chunks_exact(made.len() / group.len());
            for (&index, row) in group.iter().zip(rows) {
                vectors[index] = row.to_vec();
            }
        }
        Ok(vectors)
    }

    /// Computes the frozen layers' states of texts ahead.
    pub fn fill(&self, tokens: &[Tokens]) -> Result<(), Error> {
        let frozen = self.encoder.frozen(&self.lora);
        self.cache
            .fill(self.encoder.encoder(), frozen, tokens, self.progress);
        match self.progress.cancelled() {
            true => Err(Error::Cancelled),
            false => Ok(()),
        }
    }
}

/// What a step makes smaller.
struct Objective<'a> {
    tuner: &'a Tuner<'a>,
    loss: Loss,
    /// How much each class weighs; all the same where `None`.
    weights: Option<Vec<f32>>,
    /// The pool's mean, `[1, dimension]`.
    centre: Tensor<2>,
}

impl Objective<'_> {
    /// The cross-entropy of some of the labelled texts, in nats, and the gradients of its sum with the contrastive
    /// loss. `None` where it is not finite.
    fn of(&self, parameters: &Parameters, batch: &[usize]) -> Option<(f64, NamedGradients)> {
        let tuner = self.tuner;
        let device = tuner.device.tensors();
        let labels = &tuner.prepared.examples.labels;
        let labels: Vec<i32> = batch.iter().map(|&row| labels[row] as i32).collect();
        let tokens: Vec<&Tokens> = batch.iter().map(|&row| &tuner.tokens[row]).collect();
        let encoder = tuner.encoder;
        let frozen = encoder.frozen(&tuner.lora);
        let begin = tuner.cache.start(encoder.encoder(), frozen, &tokens);
        let vectors = encoder.training_vectors(begin, parameters, &tuner.lora);
        let placed = unit(vectors - self.centre.clone());
        let (weight, bias) = (parameters.get(WEIGHT)?, parameters.get(BIAS)?);
        let logits = placed.clone().matmul(weight.clone().transpose()) + bias.clone();
        let loss = self
            .loss
            .of(logits, &labels, self.loss.weight(&labels), device);
        let apart = contrastive(placed, &labels, self.weights.as_deref(), device);
        let whole = match apart {
            Some(apart) => loss.clone() + apart,
            None => loss.clone(),
        };
        let mut gradients = NamedGradients::default();
        gradients.add(parameters, &whole.backward());
        let value = f64::from(loss.into_scalar::<f32>());
        value.is_finite().then_some((value, gradients))
    }
}

/// The tokens of some rows.
pub(super) fn tokens_of(
    encoder: &SentenceEncoder,
    texts: &Texts,
    rows: &[usize],
) -> Result<Vec<Tokens>, Error> {
    let texts: Vec<&str> = rows.iter().map(|&row| texts.text(row)).collect();
    Ok(encoder.tokenize(&texts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_texts_are_gone_through_more_often() {
        assert_eq!(steps(10, 600), 25);
        assert_eq!(steps(500, 600), 48);
        assert_eq!(steps(100_000, 600), 600);
        assert_eq!(steps(10, 20), 20);
        let upper = adapters(6);
        assert!(!upper.adapts(2) && upper.adapts(3) && upper.adapts(5));
    }
}
