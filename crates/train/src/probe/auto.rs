//! What does best with labelled texts that are held out.

use super::fit::{Fitted, fit};
use super::graph::{Graph, MOST, NeighbourCache, Nodes};
use super::mixture::{Believed, beats, believed_alone, candidate, losses, mean as average};
use super::stage::{Prepared, ProbeInputs, Solved};
use super::temperature;
use super::tune::{Tuned, Tuner, adapters, tokens_of};
use crate::error::Error;
use crate::sample::sample;
use crate::train::Summary;
use goldpan_artifact::Progress;
use goldpan_model::check_output;
use goldpan_model::votes::rounded;
use goldpan_model::{
    AutoConfig, Choice, Device, NEVER, PrefixCache, Probe, SentenceEncoder, Tokens,
};
use ndarray::Array2;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const AUTO_VERSION: u32 = 4;

/// The fewest labelled texts with which training through the encoder is tried, and how many of them have to say
/// something when they are held out: those whose class has other texts.
const FEWEST: usize = 50;
const TELLING: usize = 30;
/// Texts held out with which one standard error is enough to tell; where it is not clear, more are held out.
const ENOUGH: usize = 100;
/// Standard errors with which it is clear: then fewer texts are enough, too.
const CLEARLY: f64 = 2.0;
const ADAPTED: &str = "adapters (LoRA) and a probe";

/// What is learned from, and measured with.
#[derive(Clone, Copy)]
pub struct AutoInputs<'a> {
    /// What a probe is solved on.
    pub probe: &'a ProbeInputs<'a>,
    /// Neighbours of the texts, found once for all trainings.
    pub neighbours: &'a NeighbourCache,
    /// The folder of the model that made the vectors.
    pub base: &'a Path,
    /// Decides the initial adapters and the order of the texts.
    pub seed: u64,
    /// What it runs on.
    pub device: &'a Device,
    /// States of its frozen layers, computed once for all trainings.
    pub frozen: &'a PrefixCache,
}

/// Trains what does best with labelled texts that are held out, and writes its folder to `out`: that of a
/// probe, with `voters.safetensors` where the nearest texts have a part, or with the adapters of the encoder
/// below it. Validation texts have no say.
///
/// # Errors
///
/// When an input does not fit, or `progress` is cancelled; then nothing is at `out`.
pub fn auto(
    config: &AutoConfig,
    inputs: &AutoInputs<'_>,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Summary, Error> {
    check_output(out)?;
    let prepared = Prepared::new(inputs.probe)?;
    let graph = joined(&prepared, inputs.neighbours, progress)?;
    let fitted = prepared.solve(&config.probe, graph, progress)?;
    let mut choice = Choice {
        kept: fitted.kept.clone(),
        candidates: fitted.candidates.clone(),
    };
    if config.steps > 0 && prepared.rows.len() >= FEWEST && fitted.believed.len() >= TELLING {
        let encoding = inputs.probe.encoding.options();
        let device = inputs.device.with_precision(config.precision);
        let encoder = SentenceEncoder::open(inputs.base, encoding, &device)?;
        if let Some(part) = encoder.untrainable() {
            tracing::warn!(
                "{} is not trained, as {part} is in the way: only probes are compared",
                inputs.probe.base_model.name
            );
        } else if let Some(tuned) = tuned(
            config,
            inputs,
            &prepared,
            &fitted,
            &encoder,
            &mut choice,
            progress,
        )? {
            choice.kept = ADAPTED.to_owned();
            told(&choice);
            if config.precision == inputs.device.precision() {
                return tuned.finish(&encoder, choice, out);
            }
            let encoder = SentenceEncoder::open(inputs.base, encoding, inputs.device)?;
            return tuned.finish(&encoder, choice, out);
        }
    }
    told(&choice);
    let metrics = prepared.measured(&fitted.probe)?;
    let solved = Solved::of(&fitted, metrics);
    prepared.finish(&solved, Some(choice), AUTO_VERSION, out)
}

/// Says what was chosen, and what from.
fn told(choice: &Choice) {
    for candidate in &choice.candidates {
        tracing::info!("{candidate}");
    }
    tracing::info!("{} is trained", choice.kept);
}

/// A probe whose encoder was adapted, and what trained it.
struct Adapted<'a> {
    tuner: Tuner<'a>,
    tuned: Tuned,
}

impl Adapted<'_> {
    /// Measures it with `encoder`, as predictions will be made, and writes it.
    fn finish(
        self,
        encoder: &SentenceEncoder,
        choice: Choice,
        out: &Path,
    ) -> Result<Summary, Error> {
        let Self { tuner, tuned } = self;
        let tuner = Tuner { encoder, ..tuner };
        let validation = tuner.prepared.inputs.validation;
        let rows: Vec<usize> = (0..validation.len()).collect();
        let tokens = tokens_of(encoder, validation, &rows)?;
        tuner.fill(&tokens)?;
        let tokens: Vec<&Tokens> = tokens.iter().collect();
        let logits = tuner.logits(&tuned, &tokens)?;
        let metrics = tuner.prepared.metrics(logits.iter().map(Vec::as_slice))?;
        let solved = Solved {
            probe: &tuned.probe,
            adapter: Some((&tuned.adapter, &tuner.lora)),
            steps: tuned.steps,
            parameters: tuned.parameters,
            loss: tuned.loss,
            metrics,
        };
        tuner
            .prepared
            .finish(&solved, Some(choice), AUTO_VERSION, out)
    }
}

/// Trains adapters below the probe, where that does better with texts that are held out.
fn tuned<'a>(
    config: &'a AutoConfig,
    inputs: &AutoInputs<'a>,
    prepared: &'a Prepared<'a>,
    fitted: &Fitted,
    encoder: &'a SentenceEncoder,
    choice: &mut Choice,
    progress: &'a dyn Progress,
) -> Result<Option<Adapted<'a>>, Error> {
    let texts = inputs.probe.texts;
    let tuner = Tuner {
        prepared,
        config: &config.probe,
        encoder,
        lora: adapters(encoder.encoder().config().layers),
        cache: inputs.frozen,
        device: inputs.device,
        seed: inputs.seed,
        most: config.steps,
        tokens: tokens_of(encoder, texts, &prepared.rows)?,
        progress,
    };
    tuner.fill(&tuner.tokens)?;
    let Some(factor) = tried(config, &tuner, fitted, choice)? else {
        return Ok(None);
    };
    let all: Vec<usize> = (0..prepared.rows.len()).collect();
    let start = fitted.probe.clone().with_voters(None);
    let tuned = tuner.train("training adapters", &all, &start)?;
    Ok(tuned.map(|tuned| Adapted {
        tuned: Tuned {
            probe: tuned.probe.scaled(factor),
            ..tuned
        },
        tuner,
    }))
}

/// Tries adapters on texts that are held out, part by part, until it is clear whether they are better: then what
/// makes their logits as sure as they are right.
fn tried(
    config: &AutoConfig,
    tuner: &Tuner<'_>,
    fitted: &Fitted,
    choice: &mut Choice,
) -> Result<Option<f64>, Error> {
    let prepared = tuner.prepared;
    let alone = fitted.probe.voters().is_none();
    let shape = (prepared.rows.len(), prepared.examples.classes);
    let mut logits = Array2::from_elem(shape, f64::NEG_INFINITY);
    let mut labels = vec![None; prepared.rows.len()];
    for (held, seen) in &fitted.folds {
        let known = fitted.believed.iter();
        let known: Vec<&Believed> = known.filter(|text| held.contains(&text.text)).collect();
        if known.is_empty() {
            continue;
        }
        let part = prepared.examples.some(seen);
        let cancelled = || tuner.progress.cancelled();
        let start = fit(
            &config.probe,
            &part,
            prepared.mean.clone(),
            None,
            &cancelled,
        )?;
        let Some(tuned) = tuner.train("trying adapters", seen, &start.probe)? else {
            return Ok(None);
        };
        let tokens: Vec<&Tokens> = known.iter().map(|text| &tuner.tokens[text.text]).collect();
        for (text, row) in known.iter().zip(tuner.logits(&tuned, &tokens)?) {
            for (class, logit) in row.iter().enumerate() {
                // A class that was not seen.
                if start.probe.bias()[class] != NEVER {
                    logits[[text.text, class]] = f64::from(*logit);
                }
            }
            labels[text.text] = Some(text.label);
        }
        let factor = temperature::factor(&logits, &labels);
        let own = believed_alone(&logits, &labels, factor);
        let same = fitted.believed.iter();
        let same = same.filter(|text| labels[text.text].is_some());
        let same: Vec<Believed> = same.cloned().collect();
        let all = own.len() == fitted.believed.len();
        let Some(better) = verdict(&losses(&own), &losses(&same), all, alone) else {
            continue;
        };
        choice.candidates.push(candidate(ADAPTED.to_owned(), &own));
        if !all {
            let name = format!("{}, on the same texts", choice.kept);
            choice.candidates.push(candidate(name, &same));
        }
        return Ok(better.then_some(factor));
    }
    Ok(None)
}

/// Whether adapters are kept by these losses and those of what they are compared with, on the same texts; `None` where
/// more texts have to be held out to tell. `all` says that there are no more.
///
/// Beside a probe whose neighbours vote they have to be better. Beside a probe alone they have to be no worse: on
/// films, SST-2 and questions to a bank they are as good or better with 50 labels and more
/// (docs/results/few-labels), which a few texts that are held out do not show.
fn verdict(own: &[f64], others: &[f64], all: bool, alone: bool) -> Option<bool> {
    let ahead = average(own) < average(others);
    let telling = all || own.len() >= TELLING;
    let errors = match all || own.len() >= ENOUGH {
        true => 1.0,
        false => CLEARLY,
    };
    match alone {
        true if !telling => None,
        true if beats(others, own, errors) => Some(false),
        true => (ahead || all).then_some(true),
        false if !ahead => Some(false),
        false if telling && beats(own, others, errors) => Some(true),
        false => all.then_some(false),
    }
}

/// The texts joined with their nearest, and the node of each labelled one. `None` where no text is labelled.
fn joined(
    prepared: &Prepared<'_>,
    cache: &NeighbourCache,
    progress: &dyn Progress,
) -> Result<Option<(Graph, Vec<usize>)>, Error> {
    if prepared.rows.is_empty() {
        return Ok(None);
    }
    let mut rows = sample(prepared.inputs.texts.len(), MOST, "train/graph");
    let count = rows.len();
    let mut nodes_of = Vec::with_capacity(prepared.rows.len());
    for row in &prepared.rows {
        nodes_of.push(match rows[..count].binary_search(row) {
            Ok(node) => node,
            Err(_) => {
                rows.push(*row);
                rows.len() - 1
            }
        });
    }
    let vectors = prepared.vectors.of_rows(&rows);
    let dimension = prepared.mean.len();
    let mut placed = vec![0.0; dimension];
    let mut values = Vec::with_capacity(rows.len() * dimension);
    for vector in vectors.rows() {
        Probe::place(&prepared.mean, &vector.to_vec(), &mut placed);
        values.extend(placed.iter().map(|value| rounded(*value as f32)));
    }
    let nodes = Nodes {
        dimension,
        vectors: values,
    };
    let graph = Graph::new(nodes, count, cache, progress).ok_or(Error::Cancelled)?;
    Ok(Some((graph, nodes_of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Losses of so many texts, by turns a little above and a little below their mean.
    fn around(mean: f64, texts: usize) -> Vec<f64> {
        let sign = |text: usize| if text.is_multiple_of(2) { 1.0 } else { -1.0 };
        (0..texts).map(|text| mean + 0.9 * sign(text)).collect()
    }

    fn tried(mean: f64, texts: usize, all: bool, alone: bool) -> Option<bool> {
        verdict(&around(mean, texts), &vec![1.0; texts], all, alone)
    }

    #[test]
    fn beside_neighbours_more_texts_are_held_out_until_adapters_are_better() {
        let tried = |mean, texts, all| tried(mean, texts, all, false);
        // Worse is left at once.
        assert_eq!(tried(1.0, 10, false), Some(false));
        // With 40 texts the standard error is 0.14: a gain of 0.2 is no two of them, 0.4 is.
        assert_eq!(tried(0.8, 40, false), None);
        assert_eq!(tried(0.6, 40, false), Some(true));
        assert_eq!(tried(0.6, 28, false), None);
        // With 100 texts it is 0.09, and one is enough.
        assert_eq!(tried(0.88, 100, false), Some(true));
        assert_eq!(tried(0.95, 100, false), None);
        // Where there are no more, it has to be one.
        assert_eq!(tried(0.8, 40, true), Some(true));
        assert_eq!(tried(0.9, 40, true), Some(false));
    }

    #[test]
    fn beside_a_probe_alone_more_texts_are_held_out_until_adapters_are_no_worse() {
        let tried = |mean, texts, all| tried(mean, texts, all, true);
        assert_eq!(tried(0.6, 28, false), None);
        assert_eq!(tried(1.8, 28, false), None);
        assert_eq!(tried(0.99, 40, false), Some(true));
        // Worse by less than two standard errors, and by more.
        assert_eq!(tried(1.2, 40, false), None);
        assert_eq!(tried(1.4, 40, false), Some(false));
        // Of 100 texts, or where there are no more, one is enough.
        assert_eq!(tried(1.12, 100, false), Some(false));
        assert_eq!(tried(1.05, 100, false), None);
        assert_eq!(tried(1.2, 40, true), Some(false));
        assert_eq!(tried(1.1, 40, true), Some(true));
    }
}
