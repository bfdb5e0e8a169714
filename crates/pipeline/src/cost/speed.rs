//! How fast the encoder works here: as earlier work showed, or as the kernels are just now.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use goldpan_model::{Device, Precision};
use serde_json::Value;

use crate::cost::burst;
use crate::cost::encoder::Encoder;
use crate::cost::lengths::Lengths;
use crate::cost::recorded::{Kind, Recorded};
use crate::kind::StageKind;

/// What inference reaches of the product's speed, and training: measured, see
/// `crates/kernels/SPEED.md`. The rest is the work between products.
const INFERENCE: f64 = 0.8;
const TRAINING: f64 = 0.65;

/// Where a speed comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Earlier work in this store: so many pieces of a kind, the median of their speeds.
    Recorded {
        /// The kind.
        kind: StageKind,
        /// How many.
        count: usize,
    },
    /// The kernels were timed for a moment.
    Measured,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded { kind, count } => {
                let work = match kind {
                    StageKind::Train => "training",
                    _ => "embedding",
                };
                let plural = if *count == 1 { "" } else { "s" };
                write!(f, "the speed of {count} earlier {work}{plural}")
            }
            Self::Measured => f.write_str("products timed just now"),
        }
    }
}

/// The speeds asked for so far.
pub(super) struct Speeds<'a> {
    device: &'a Device,
    recorded: Recorded,
    /// By kind, as far as records tell.
    told: Vec<(Kind, Option<(f64, usize)>)>,
    measured: HashMap<(usize, usize, Precision), f64>,
    used: BTreeSet<Source>,
}

impl<'a> Speeds<'a> {
    pub(super) fn new(device: &'a Device, recorded: Recorded) -> Self {
        Self {
            device,
            recorded,
            told: Vec::new(),
            measured: HashMap::new(),
            used: BTreeSet::new(),
        }
    }

    /// Operations a second of work of this kind.
    pub(super) fn of(&mut self, kind: &Kind, encoder: &Encoder, lengths: &mut Lengths<'_>) -> f64 {
        let share = |stage| match stage {
            StageKind::Train => TRAINING,
            _ => INFERENCE,
        };
        for stage in [kind.stage, StageKind::Train, StageKind::Embed] {
            let tuning = match stage {
                StageKind::Embed => Value::Null,
                _ => kind.tuning.clone(),
            };
            let other = Kind {
                stage,
                tuning,
                ..kind.clone()
            };
            if let Some((speed, count)) = self.recorded(&other, encoder, lengths) {
                self.used.insert(Source::Recorded { kind: stage, count });
                return speed * share(kind.stage) / share(stage);
            }
        }
        self.used.insert(Source::Measured);
        let shape = (encoder.hidden, encoder.intermediate, kind.precision);
        let products = self.measured.entry(shape).or_insert_with(|| {
            burst::products(encoder, &self.device.with_precision(kind.precision))
        });
        *products * share(kind.stage)
    }

    fn recorded(
        &mut self,
        kind: &Kind,
        encoder: &Encoder,
        lengths: &mut Lengths<'_>,
    ) -> Option<(f64, usize)> {
        if let Some((_, told)) = self.told.iter().find(|(known, _)| known == kind) {
            return *told;
        }
        let told = self.recorded.speed(kind, encoder, lengths);
        self.told.push((kind.clone(), told));
        told
    }

    /// Where they came from.
    pub(super) fn used(&self) -> Vec<Source> {
        self.used.iter().cloned().collect()
    }
}
