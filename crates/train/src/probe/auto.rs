//! What does best with labelled texts that are held out.

use super::fit::{Fitted, fit};
use super::graph::{Graph, NeighbourCache, Nodes, sample};
use super::mixture::{Believed, PROBE, beats, believed_alone, candidate};
use super::mixture::{losses, mean as average, with_neighbours};
use super::stage::{Prepared, ProbeInputs, Solved};
use super::temperature;
use super::tune::{Tuned, Tuner, adapters, passes, tokens_of};
use crate::{Error, Summary};
use goldpan_artifact::Progress;
use goldpan_model::check_output;
use goldpan_model::votes::rounded;
use goldpan_model::{
    AutoConfig, Choice, Device, NEVER, PrefixCache, Probe, SentenceEncoder, Tokens,
};
use ndarray::Array2;
use std::path::Path;

/// Rises with every change that gives other numbers: part of the cache key.
pub const AUTO_VERSION: u32 = 2;

/// The fewest labelled texts with which training through the encoder is tried, and how many of them have to say
/// something when they are held out: those whose class has other texts.
const FEWEST: usize = 50;
const TELLING: usize = 30;
/// Texts held out that are enough to see that adapters are better; where they seem to be, but not by more than
/// chance, more are held out.
const ENOUGH: usize = 100;
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
    let kept = match fitted.probe.voters() {
        Some(voters) => with_neighbours(voters.share()),
        None => PROBE.to_owned(),
    };
    let mut choice = Choice {
        kept,
        candidates: fitted.candidates.clone(),
    };
    if config.steps > 0 && prepared.rows.len() >= FEWEST && fitted.believed.len() >= TELLING {
        let encoding = inputs.probe.encoding.options();
        let encoder = SentenceEncoder::open(inputs.base, encoding, inputs.device)?;
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
            return tuned.finish(choice, out);
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
    fn finish(self, choice: Choice, out: &Path) -> Result<Summary, Error> {
        let Self { tuner, tuned } = self;
        let validation = tuner.prepared.inputs.validation;
        let rows: Vec<usize> = (0..validation.len()).collect();
        let tokens = tokens_of(tuner.encoder, validation, &rows)?;
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
    config: &AutoConfig,
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
    let classes = prepared.examples.classes;
    let mut logits = Array2::from_elem((prepared.rows.len(), classes), f64::NEG_INFINITY);
    let mut labels = vec![None; prepared.rows.len()];
    let mut others = Vec::new();
    let mut factor = 1.0;
    for (held, seen) in &fitted.folds {
        let known = fitted.believed.iter();
        let known: Vec<&Believed> = known.filter(|text| held.contains(&text.text)).collect();
        if known.is_empty() {
            continue;
        }
        let part = prepared.examples.some(seen);
        let mean = prepared.mean.clone();
        let start = fit(&config.probe, &part, mean, None, &|| progress.cancelled())?;
        progress.begin(
            "trying adapters",
            "texts",
            Some(passes(seen.len(), config.steps)),
        );
        let Some(tuned) = tuner.train(seen, &start.probe)? else {
            progress.end();
            return Ok(None);
        };
        progress.end();
        let tokens: Vec<&Tokens> = known.iter().map(|text| &tuner.tokens[text.text]).collect();
        for (text, row) in known.iter().zip(tuner.logits(&tuned, &tokens)?) {
            for (class, logit) in row.iter().enumerate() {
                // A class that was not seen.
                if start.probe.bias()[class] != NEVER {
                    logits[[text.text, class]] = f64::from(*logit);
                }
            }
            labels[text.text] = Some(text.label);
            others.push((text.text, losses(std::slice::from_ref(*text))[0]));
        }
        factor = temperature::factor(&logits, &labels);
        let own = believed_alone(&logits, &labels, factor);
        others.sort_by_key(|(text, _)| *text);
        let own_losses = losses(&own);
        let other_losses: Vec<f64> = others.iter().map(|(_, loss)| *loss).collect();
        let worse = average(&own_losses) >= average(&other_losses);
        let better = beats(&own_losses, &other_losses);
        let last = own.len() == fitted.believed.len();
        if !(worse || last || better && own.len() >= ENOUGH) {
            continue;
        }
        choice.candidates.push(candidate(ADAPTED.to_owned(), &own));
        if own.len() < fitted.believed.len() {
            let same = fitted.believed.iter();
            let same = same.filter(|text| labels[text.text].is_some());
            let same: Vec<Believed> = same.cloned().collect();
            let name = format!("{}, on the same texts", choice.kept);
            choice.candidates.push(candidate(name, &same));
        }
        if !better {
            return Ok(None);
        }
        break;
    }
    if others.is_empty() {
        return Ok(None);
    }
    let all: Vec<usize> = (0..prepared.rows.len()).collect();
    progress.begin(
        "training adapters",
        "texts",
        Some(passes(all.len(), config.steps)),
    );
    let start = fitted.probe.clone().with_voters(None);
    let tuned = tuner.train(&all, &start)?;
    progress.end();
    Ok(tuned.map(|tuned| Adapted {
        tuned: Tuned {
            probe: tuned.probe.scaled(factor),
            ..tuned
        },
        tuner,
    }))
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
    let mut rows = sample(prepared.inputs.texts.len());
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
