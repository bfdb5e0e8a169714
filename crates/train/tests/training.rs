//! Training on a tiny random model: what it writes, that it goes on, and what it refuses.

use goldpan_artifact::{Digest, History, Labelled, Producer, Progress, Silent, Texts, TextsWriter};
use goldpan_model::{BaseModel, Device, DeviceChoice, PrefixCache, Target};
use goldpan_train::{Error, Inputs, Summary, TrainConfig, train};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const GOOD: [&str; 4] = [
    "good",
    "a wonderful film",
    "truly moving and funny",
    "the best",
];
const BAD: [&str; 4] = [
    "bad",
    "a dreadful film",
    "truly dull and silly",
    "the worst",
];

struct World {
    folder: tempfile::TempDir,
    texts: Texts,
    base: PathBuf,
    base_model: BaseModel,
    device: Device,
}

impl World {
    fn new(family: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.arrow");
        let classes = ["negative".to_owned(), "positive".to_owned()];
        let mut writer = TextsWriter::create(&path, &classes, Producer::new("test", 1)).unwrap();
        for index in 0..24_u64 {
            let (words, label) = if index % 2 == 0 { (BAD, 0) } else { (GOOD, 1) };
            let words = words[index as usize / 2 % 4];
            let text = format!("{words} {}", "indeed ".repeat(index as usize / 8));
            writer.push(index, &text, Some(label), None).unwrap();
        }
        writer.finish().unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures");
        Self {
            texts: Texts::open(&path).unwrap(),
            base: fixtures.join(family),
            base_model: BaseModel {
                name: family.to_owned(),
                digest: Digest::of(family),
            },
            device: DeviceChoice::Cpu.open().unwrap(),
            folder,
        }
    }

    fn train(
        &self,
        config: &TrainConfig,
        labelled: &Labelled,
        out: &str,
        progress: &dyn Progress,
    ) -> Result<Summary, Error> {
        self.train_with(&PrefixCache::new(1 << 20), config, labelled, out, progress)
    }

    fn train_with(
        &self,
        cache: &PrefixCache,
        config: &TrainConfig,
        labelled: &Labelled,
        out: &str,
        progress: &dyn Progress,
    ) -> Result<Summary, Error> {
        let inputs = Inputs {
            texts: &self.texts,
            labelled,
            validation: &self.texts,
            base: &self.base,
            base_model: &self.base_model,
        };
        let checkpoints = self.path(&format!("{out}.checkpoint"));
        let out = self.path(out);
        train(
            config,
            &inputs,
            cache,
            &self.device,
            &out,
            &checkpoints,
            progress,
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every file of a folder, by name.
    fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        std::fs::read_dir(self.path(name))
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect()
    }
}

fn all() -> Labelled {
    ids(&(0..24).collect::<Vec<_>>())
}

fn ids(ids: &[u64]) -> Labelled {
    Labelled {
        ids: ids.to_vec(),
        labels: None,
    }
}

fn config() -> TrainConfig {
    let mut config = TrainConfig {
        epochs: NonZeroUsize::new(3).unwrap(),
        batch_size: NonZeroUsize::new(5).unwrap(),
        learning_rate: 5e-3,
        ..TrainConfig::default()
    };
    config.lora.targets = Target::ALL.into();
    config
}

/// Stops after a number of texts.
struct StopAfter {
    limit: u64,
    done: AtomicU64,
}

impl StopAfter {
    fn new(limit: u64) -> Self {
        Self {
            limit,
            done: AtomicU64::new(0),
        }
    }
}

impl Progress for StopAfter {
    fn begin(&self, _: &str, _: &str, _: Option<u64>) {}
    fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }
    fn note(&self, _: &str) {}
    fn end(&self) {}
    fn cancelled(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.limit
    }
}

#[test]
fn it_learns_and_writes_a_whole_model() {
    for family in ["tiny-bert", "tiny-roberta"] {
        let world = World::new(family);
        let mut config = config();
        config.epochs = NonZeroUsize::new(8).unwrap();
        let summary = world.train(&config, &all(), "model", &Silent).unwrap();
        assert!(
            summary.accuracy > 0.9,
            "{family} reaches {}",
            summary.accuracy
        );
        assert_eq!((summary.labelled, summary.steps), (24, 40));
        let names: Vec<String> = world.files("model").into_keys().collect();
        assert_eq!(
            names,
            [
                "adapter_config.json",
                "adapter_model.safetensors",
                "goldpan.json",
                "history.arrow"
            ]
        );
        let history = History::open(world.path("model/history.arrow"))
            .unwrap()
            .rows();
        let epochs: Vec<f32> = history
            .iter()
            .filter_map(|row| row.validation_accuracy)
            .collect();
        assert_eq!((epochs.len(), history.len()), (8, 40 + 8));
        let peak = epochs.iter().copied().fold(0.0, f32::max);
        let first_peak = epochs
            .iter()
            .position(|&accuracy| accuracy == peak)
            .unwrap()
            + 1;
        assert_eq!(summary.epoch, first_peak);
        assert!(!world.path("model.checkpoint").exists());
    }
}

#[test]
fn a_stopped_training_goes_on_to_the_same_bytes() {
    let world = World::new("tiny-bert");
    world.train(&config(), &all(), "whole", &Silent).unwrap();
    for limit in [10, 30, 60] {
        let name = format!("resumed{limit}");
        let stopped = world.train(&config(), &all(), &name, &StopAfter::new(limit));
        assert!(matches!(stopped, Err(Error::Cancelled)));
        assert!(!world.path(&name).exists());
        world.train(&config(), &all(), &name, &Silent).unwrap();
        assert_eq!(world.files(&name), world.files("whole"));
    }
}

#[test]
fn frozen_layers_computed_once_change_nothing() {
    let world = World::new("tiny-roberta");
    let mut config = config();
    config.lora.layers = Some([1].into());
    for (bytes, out) in [(1 << 20, "kept"), (0, "anew")] {
        let cache = PrefixCache::new(bytes);
        world
            .train_with(&cache, &config, &all(), out, &Silent)
            .unwrap();
    }
    assert_eq!(world.files("kept"), world.files("anew"));
}

#[test]
fn the_seed_decides_the_bytes() {
    let world = World::new("tiny-bert");
    let mut other = config();
    other.seed = 1;
    world.train(&config(), &all(), "a", &Silent).unwrap();
    world.train(&config(), &all(), "b", &Silent).unwrap();
    world.train(&other, &all(), "c", &Silent).unwrap();
    assert_eq!(world.files("a"), world.files("b"));
    assert_ne!(world.files("a"), world.files("c"));
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let world = World::new("tiny-bert");
    let refused = |config: &TrainConfig, labelled: Labelled| {
        let error = world
            .train(config, &labelled, "refused", &Silent)
            .unwrap_err();
        assert!(!world.path("refused").exists());
        error
    };
    assert!(matches!(
        refused(&config(), ids(&[])),
        Error::NothingLabelled
    ));
    assert!(matches!(
        refused(&config(), ids(&[3, 99])),
        Error::UnknownId { id: 99, .. }
    ));
    assert!(matches!(
        refused(&config(), ids(&[3, 3])),
        Error::RepeatedId { id: 3 }
    ));
    let outside = Labelled {
        ids: vec![1],
        labels: Some(vec![2]),
    };
    assert!(matches!(
        refused(&config(), outside),
        Error::Label {
            id: 1,
            label: 2,
            classes: 2
        }
    ));
    let mut wild = config();
    wild.learning_rate = 1e30;
    assert!(matches!(refused(&wild, all()), Error::Diverged { .. }));
    let mut zero = config();
    zero.learning_rate = 0.0;
    assert!(matches!(refused(&zero, all()), Error::Config(_)));
    std::fs::create_dir(world.path("full")).unwrap();
    std::fs::write(world.path("full/mine.txt"), "mine").unwrap();
    let error = world.train(&config(), &all(), "full", &Silent).unwrap_err();
    assert!(matches!(error, Error::OutputExists { .. }));
    assert_eq!(world.files("full").len(), 1);
}
