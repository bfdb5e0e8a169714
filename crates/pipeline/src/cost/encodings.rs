//! What trainings, predictions and embeddings of a run will take.

use std::num::NonZeroUsize;

use goldpan_model::{Device, Precision};
use goldpan_select::Estimate;
use goldpan_store::{Record, Store};
use goldpan_train::TrainConfig;
use serde_json::{Value, json};

use crate::cost::encoder::Encoder;
use crate::cost::frozen::{Frozen, Pass};
use crate::cost::lengths::Lengths;
use crate::cost::recorded::{Kind, Recorded};
use crate::cost::speed::{Source, Speeds};
use crate::exec::{Names, Tables};
use crate::kind::StageKind;
use crate::plan::{Classifier, Graph, NodeId, Work};
use crate::spec::TrainingSettings;

/// Seconds of a training pass beside its products: 2,500 passes of a head alone, with everything else
/// kept, took 0.6 s on two cores of an AMD EPYC.
const PASS: f64 = 0.25e-3;

/// Predicts the encoder's work, node by node in the order of the run.
pub(crate) struct Encodings<'a> {
    graph: &'a Graph,
    names: &'a Names,
    lengths: Lengths<'a>,
    speeds: Speeds<'a>,
    frozen: Frozen,
}

impl<'a> Encodings<'a> {
    pub(crate) fn new(
        graph: &'a Graph,
        names: &'a Names,
        device: &'a Device,
        store: &Store,
    ) -> Self {
        let recorded = Recorded::new(store, device.class());
        Self {
            graph,
            names,
            lengths: Lengths::new(names),
            speeds: Speeds::new(device, recorded),
            frozen: Frozen::default(),
        }
    }

    /// Where the speeds came from.
    pub(crate) fn sources(&self) -> Vec<Source> {
        self.speeds.used()
    }

    /// What a node that is not done yet is expected to take; `None` of other kinds of work, and where
    /// its model or texts are not here yet.
    pub(crate) fn estimate(
        &mut self,
        node: NodeId,
        records: &[Option<Record>],
        tables: &mut Tables<'_>,
    ) -> Option<Estimate> {
        match &self.graph.nodes[node].work {
            Work::Embed {
                texts,
                model,
                encoding,
            } => {
                let (max_length, precision) = (encoding.max_length, encoding.precision);
                let encoder = Encoder::plain(&self.lengths.config(model)?);
                let through = self.through(*texts, model, max_length, records, tables)?;
                let operations = through.texts * encoder.embedding(through.tokens);
                let kind = self.kind(StageKind::Embed, model, precision, Value::Null)?;
                Some(self.inference(&kind, &encoder, operations))
            }
            // A probe takes a moment.
            Work::Train {
                vectors: Some(_), ..
            }
            | Work::Predict {
                vectors: Some(_), ..
            } => None,
            Work::Train { .. } => self.training(node, records, tables),
            Work::Predict {
                texts,
                model,
                inference,
                ..
            } => {
                let precision = inference.precision;
                let (base, training) = match model {
                    Classifier::Trained(node) => match &self.graph.nodes[*node].work {
                        Work::Train { base, training, .. } => (base, Some(training)),
                        _ => return None,
                    },
                    Classifier::Named(name) | Classifier::ZeroShot { model: name, .. } => {
                        (name, None)
                    }
                };
                let own = training.and_then(|training| training.config.max_length);
                let max_length = inference.max_length.or(own);
                let config = self.lengths.config(base)?;
                let encoder = match training {
                    Some(training) => Encoder::tuned(&config, &training.config.tuning),
                    None => Encoder::plain(&config),
                };
                let through = self.through(*texts, base, max_length, records, tables)?;
                let (fresh, _) = self.frozen.pass(base, precision, &encoder, &through);
                let tokens = through.tokens;
                // A batch with one text whose states are not kept is computed as a whole.
                let fresh = if fresh > 0.5 { through.texts } else { 0.0 };
                let operations =
                    fresh * encoder.below(tokens) + through.texts * encoder.above(tokens);
                let tuning = training.map_or(Value::Null, |it| json!(it.config.tuning));
                let kind = self.kind(StageKind::Predict, base, precision, tuning)?;
                Some(self.inference(&kind, &encoder, operations))
            }
            Work::Ingest(_) | Work::Select { .. } | Work::Evaluate { .. } | Work::Label { .. } => {
                None
            }
        }
    }

    /// Bytes of the states that the work asked for so far would keep.
    pub(crate) fn kept(&self) -> u64 {
        self.frozen.bytes() as u64
    }

    /// Bytes that a training takes beside kept states; `None` where its model or texts are not here.
    pub(crate) fn memory_of_training(
        &mut self,
        node: NodeId,
        records: &[Option<Record>],
        tables: &mut Tables<'_>,
    ) -> Option<u64> {
        let Work::Train {
            texts,
            base,
            training: TrainingSettings { config, .. },
            ..
        } = &self.graph.nodes[node].work
        else {
            return None;
        };
        let through = self.through(*texts, base, config.max_length, records, tables)?;
        let encoder = Encoder::tuned(&self.lengths.config(base)?, &config.tuning);
        Some(memory_of_training(&encoder, config, through.tokens) as u64)
    }

    fn training(
        &mut self,
        node: NodeId,
        records: &[Option<Record>],
        tables: &mut Tables<'_>,
    ) -> Option<Estimate> {
        let Work::Train {
            texts,
            labelled,
            validation,
            base,
            training,
            ..
        } = &self.graph.nodes[node].work
        else {
            return None;
        };
        let TrainingSettings { config, precision } = training;
        let encoder = Encoder::tuned(&self.lengths.config(base)?, &config.tuning);
        let (base, max_length) = (base.as_str(), config.max_length);
        let mut learned = self.through(*texts, base, max_length, records, tables)?;
        let validated = self.through(*validation, base, max_length, records, tables)?;
        let pool = learned.of as usize;
        let before = |node: NodeId| match &self.graph.nodes[node].work {
            Work::Label { previous, .. } => *previous,
            Work::Select { labelled, .. } => *labelled,
            _ => None,
        };
        let count = |node: NodeId| self.graph.labelled(node, pool) as f64;
        match labelled {
            Some(node) => {
                learned.texts = count(*node);
                learned.earlier = before(*node).map_or(0.0, count);
            }
            None => learned.texts = own_labels(*texts, tables),
        }
        let epochs = config.epochs.get() as f64;
        let passes = config.passes(learned.texts as usize) as f64;
        let (mut operations, training_tokens) = (0.0, learned.tokens);
        for (through, backward) in [(&learned, true), (&validated, false)] {
            let Pass { texts, tokens, .. } = *through;
            let (fresh, again) = self.frozen.pass(base, *precision, &encoder, through);
            let (backward, epochs) = match backward {
                true => (encoder.backward(tokens), epochs * passes),
                false => (0.0, epochs),
            };
            let every = encoder.above(tokens) + again * encoder.below(tokens) + backward;
            operations += fresh * encoder.below(tokens) + epochs * texts * every;
        }
        let tuning = json!(config.tuning);
        let kind = self.kind(StageKind::Train, base, *precision, tuning)?;
        let batches = epochs * passes * (learned.texts / config.batch_size.get() as f64).ceil();
        let seconds = operations / self.speeds.of(&kind, &encoder, &mut self.lengths)
            + batches * PASS
            + encoder.opening();
        let memory = memory_of_training(&encoder, config, training_tokens);
        Some(Estimate {
            seconds,
            memory: (memory + self.frozen.bytes()) as u64,
        })
    }

    fn inference(&mut self, kind: &Kind, encoder: &Encoder, operations: f64) -> Estimate {
        let memory = encoder.memory_of_inference(threads()) + self.frozen.bytes();
        Estimate {
            seconds: operations / self.speeds.of(kind, encoder, &mut self.lengths)
                + encoder.opening(),
            memory: memory as u64,
        }
    }

    /// All texts of a table, on their way through a model.
    fn through(
        &mut self,
        table: NodeId,
        base: &str,
        max_length: Option<NonZeroUsize>,
        records: &[Option<Record>],
        tables: &mut Tables<'_>,
    ) -> Option<Pass> {
        tables.open_texts(table, records);
        let texts = tables.texts(table)?;
        Some(Pass {
            table,
            texts: texts.len() as f64,
            earlier: 0.0,
            of: texts.len() as f64,
            tokens: self.lengths.mean(base, max_length, texts)?,
        })
    }

    fn kind(
        &self,
        stage: StageKind,
        base: &str,
        precision: Precision,
        tuning: Value,
    ) -> Option<Kind> {
        Some(Kind {
            stage,
            base: base.to_owned(),
            digest: self.names.model(base)?.digest,
            precision,
            tuning,
        })
    }
}

/// Bytes of a training whose texts have so many tokens.
fn memory_of_training(encoder: &Encoder, config: &TrainConfig, tokens: f64) -> f64 {
    let pass = config.batch_size.get() as f64 * tokens;
    encoder.memory_of_training(pass, tokens, threads())
}

/// How many texts of an opened table have a label of their own.
fn own_labels(table: NodeId, tables: &Tables<'_>) -> f64 {
    tables.texts(table).map_or(0.0, |texts| {
        let rows = 0..texts.len();
        rows.filter(|&row| texts.label(row).is_some()).count() as f64
    })
}

fn threads() -> usize {
    rayon::current_num_threads()
}
