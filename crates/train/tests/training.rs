//! Training on a tiny random model: what it writes, that it goes on, and what it refuses.

mod support;

use goldpan_artifact::{History, Labelled, Silent};
use goldpan_model::{LoraConfig, PrefixCache, Tuning};
use goldpan_train::{Error, TrainConfig};
use std::num::NonZeroUsize;
use support::{StopAfter, World, all, config, ids, lora};

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
        let epochs: Vec<(f32, f32)> = history
            .iter()
            .filter_map(|row| Some((row.validation_accuracy?, row.validation_loss?)))
            .collect();
        assert_eq!((epochs.len(), history.len()), (8, 40 + 8));
        // The most accurate; of several the one with the lowest loss.
        let peak = epochs.iter().map(|epoch| epoch.0).fold(0.0, f32::max);
        let equal = epochs.iter().filter(|epoch| epoch.0 == peak);
        let lowest = equal.clone().map(|epoch| epoch.1).fold(f32::MAX, f32::min);
        assert_eq!(epochs[summary.epoch - 1], (peak, lowest));
        assert_eq!(summary.equal_epochs, equal.count());
        let tie = summary.tie(config.validation_metric);
        let told = format!(
            "{} epochs are equal in accuracy; {} has the lowest loss",
            summary.equal_epochs, summary.epoch
        );
        assert_eq!(tie, (summary.equal_epochs > 1).then_some(told));
        let last = f64::from(epochs[7].0);
        assert!((summary.last_accuracy - last).abs() < 1e-7);
        assert_eq!((summary.last_accuracy * 24.0).fract(), 0.0, "not in f64");
        let [negative, positive] = summary.predicted[..] else {
            panic!("{:?}", summary.predicted);
        };
        assert_eq!(negative + positive, 24);
        let mean = summary.f1.iter().sum::<f64>() / 2.0;
        assert!((mean - summary.macro_f1).abs() < 1e-12);
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
    config.tuning = Tuning::Lora(LoraConfig {
        layers: Some([1].into()),
        ..lora()
    });
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
