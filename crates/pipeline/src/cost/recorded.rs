//! The speeds that finished work shows.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use goldpan_artifact::{Digest, Texts};
use goldpan_model::Precision;
use goldpan_store::{ObjectId, Record, Store};
use serde_json::{Value, json};

use crate::cost::encoder::Encoder;
use crate::cost::lengths::Lengths;
use crate::exec::texts_by_digest;
use crate::kind::StageKind;

/// What work must have in common to be as fast, on one device.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    /// `train`, `embed` or `predict`.
    pub(super) stage: StageKind,
    /// The base model's name.
    pub(super) base: String,
    /// Its digest.
    pub(super) digest: Digest,
    pub(super) precision: Precision,
    /// What is trained, as a key has it; null where nothing is.
    pub(super) tuning: Value,
}

/// The records of a store, read when they are first asked for.
pub(super) struct Recorded {
    store: Store,
    device: &'static str,
    records: OnceCell<Vec<Record>>,
    texts: OnceCell<HashMap<Digest, PathBuf>>,
}

impl Recorded {
    /// The records of a device class.
    pub(super) fn new(store: &Store, device: &'static str) -> Self {
        Self {
            store: store.clone(),
            device,
            records: OnceCell::new(),
            texts: OnceCell::new(),
        }
    }

    /// Those of trainings and embeddings. Predictions say little: how much of one was kept from earlier
    /// work is not recorded. Where they cannot be read there are none: nothing but a prediction
    /// depends on them.
    fn records(&self) -> &[Record] {
        self.records.get_or_init(|| {
            let mut records = self.store.records().unwrap_or_default();
            let kinds = [StageKind::Train.name(), StageKind::Embed.name()];
            records.retain(|record| {
                kinds.contains(&record.kind.as_str())
                    && record.parts.get("device").and_then(Value::as_str) == Some(self.device)
            });
            records
        })
    }

    /// Operations a second, the median, and of how many pieces of work; `None` without any.
    pub(super) fn speed(
        &self,
        kind: &Kind,
        encoder: &Encoder,
        lengths: &mut Lengths<'_>,
    ) -> Option<(f64, usize)> {
        let alike = self.records().iter().filter(|record| is_of(kind, record));
        let mut speeds: Vec<f64> = alike
            .filter_map(|record| {
                let operations = self.operations(kind, encoder, record, lengths)?;
                let speed = operations / record.seconds;
                (speed > 0.0 && speed.is_finite()).then_some(speed)
            })
            .collect();
        speeds.sort_by(f64::total_cmp);
        Some((*speeds.get(speeds.len() / 2)?, speeds.len()))
    }

    /// What a finished training or embedding took. Of a training the frozen layers are not counted:
    /// most find their states kept by one before.
    fn operations(
        &self,
        kind: &Kind,
        encoder: &Encoder,
        record: &Record,
        lengths: &mut Lengths<'_>,
    ) -> Option<f64> {
        let config = record.parts.get("config")?;
        let number = |value: Option<&Value>| value.and_then(Value::as_u64);
        let max_length = number(config.get("max_length"))
            .and_then(|length| NonZeroUsize::new(usize::try_from(length).ok()?));
        let texts = self.texts(record, "texts")?;
        let tokens = lengths.mean(&kind.base, max_length, &texts)?;
        if kind.stage == StageKind::Embed {
            let known = number(record.summary.get("known")).unwrap_or_default();
            let computed = (texts.len() as u64).saturating_sub(known);
            return Some(computed as f64 * encoder.embedding(tokens));
        }
        let validation = self.texts(record, "validation")?;
        let validated = lengths.mean(&kind.base, max_length, &validation)?;
        let labelled = number(record.summary.get("labelled"))? as f64;
        let step = number(config.get("batch_size"))? * number(config.get("gradient_accumulation"))?;
        let steps = (labelled / step as f64).ceil();
        let passes = number(record.summary.get("steps"))? as f64 / steps;
        let epochs = passes.min(number(config.get("epochs"))? as f64);
        let training = encoder.above(tokens) + encoder.backward(tokens);
        let validating = validation.len() as f64 * encoder.above(validated);
        Some(passes * labelled * training + epochs * validating)
    }

    /// A table that a record's work read, while it is in the store.
    fn texts(&self, record: &Record, role: &str) -> Option<Texts> {
        let object = record.parts.get("inputs")?.get(role)?.as_str()?;
        if record.kind == StageKind::Embed.name() {
            // Keyed by the texts, wherever they lie.
            let texts = self.texts.get_or_init(|| {
                texts_by_digest(&self.store, &self.store.records().unwrap_or_default())
            });
            return Texts::open(texts.get(&object.parse().ok()?)?).ok();
        }
        let object: ObjectId = object.parse().ok()?;
        Texts::open(self.store.object_dir(&object).join("texts.arrow")).ok()
    }
}

fn is_of(kind: &Kind, record: &Record) -> bool {
    let part = |name: &str| record.parts.get(name);
    let config = |name: &str| part("config").and_then(|config| config.get(name));
    record.kind == kind.stage.name()
        && part("model") == Some(&json!(kind.digest))
        && config("precision") == Some(&json!(kind.precision))
        && config("tuning").unwrap_or(&Value::Null) == &kind.tuning
}
