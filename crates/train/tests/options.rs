//! Every setting of a training does what it says.

mod support;

use goldpan_artifact::{History, Silent};
use goldpan_model::{Adapter, LoraConfig, PrefixCache, TextClassifier, Tuning};
use goldpan_train::WeightDecay;
use goldpan_train::{
    ClassWeights, Error, NewHeadStart, ScheduleKind, Summary, TrainConfig, ValidationMetric,
};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use support::{AskedUntil, StopAfter, World, all, config, copy_with_classes, ids, lora};

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// The trained tensors of a LoRA training.
fn tensors(world: &World, name: &str) -> Vec<f32> {
    let adapter = Adapter::read(&world.path(name), &world.device).unwrap();
    let tensors = adapter.parameters().iter();
    tensors
        .flat_map(|(_, tensor)| tensor.clone().into_data().iter::<f32>().collect::<Vec<_>>())
        .collect()
}

/// The share of texts that the model in `name` classifies right.
fn accuracy(world: &World, name: &str) -> f64 {
    let model = world.path(name);
    let classifier = TextClassifier::open(&world.base, Some(&model), None, &world.device).unwrap();
    assert_eq!(classifier.classes(), ["negative", "positive"]);
    let rows = 0..world.texts.len();
    let texts: Vec<&str> = rows.clone().map(|row| world.texts.text(row)).collect();
    let tokens = classifier.tokenize(&texts).unwrap();
    let cache = PrefixCache::new(1 << 20);
    let logits = classifier.logits(&tokens.iter().collect::<Vec<_>>(), &cache);
    let right = rows
        .zip(logits.chunks_exact(2))
        .filter(|(row, logits)| world.texts.label(*row) == Some(i32::from(logits[1] > logits[0])));
    right.count() as f64 / world.texts.len() as f64
}

#[test]
fn each_part_can_be_trained_and_used() {
    let whole = [
        "config.json",
        "goldpan.json",
        "history.arrow",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    let head = ["goldpan.json", "head.safetensors", "history.arrow"];
    let cases: [(Tuning, f64, usize, &[&str]); 2] = [
        (Tuning::Full, 2e-3, 10, &whole),
        (Tuning::Head, 5e-2, 60, &head),
    ];
    for family in ["tiny-bert", "tiny-roberta"] {
        for (tuning, learning_rate, epochs, files) in &cases {
            let world = World::new(family);
            let config = TrainConfig {
                epochs: count(*epochs),
                batch_size: count(6),
                learning_rate: *learning_rate,
                tuning: tuning.clone(),
                ..TrainConfig::published()
            };
            let summary = world.train(&config, &all(), "model", &Silent).unwrap();
            let kind = tuning.kind();
            let reached = summary.accuracy;
            assert!(reached > 0.8, "{family}, {kind}: {reached}");
            assert_eq!(accuracy(&world, "model"), reached, "{family}, {kind}");
            let names: BTreeSet<String> = world.files("model").into_keys().collect();
            let expected: BTreeSet<String> = files.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(names, expected);
        }
    }
}

#[test]
fn several_passes_make_the_same_step_as_one() {
    let world = World::new("tiny-roberta");
    let whole = TrainConfig {
        batch_size: count(8),
        label_smoothing: 0.1,
        class_weights: ClassWeights::Given(vec![1.0, 3.0]),
        ..config()
    };
    let parts = TrainConfig {
        batch_size: count(3),
        gradient_accumulation: count(3),
        ..whole.clone()
    };
    let whole = TrainConfig {
        batch_size: count(9),
        ..whole
    };
    let one = world.train(&whole, &all(), "one", &Silent).unwrap();
    let three = world.train(&parts, &all(), "three", &Silent).unwrap();
    assert_eq!(one.steps, three.steps);
    for (a, b) in tensors(&world, "one").iter().zip(tensors(&world, "three")) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}

/// A setting changed from [`config`], one at a time.
fn changes() -> Vec<(&'static str, TrainConfig)> {
    let change = |name, change: &dyn Fn(&mut TrainConfig)| {
        let mut config = config();
        change(&mut config);
        (name, config)
    };
    vec![
        change("cosine", &|c| c.schedule = ScheduleKind::Cosine),
        change("constant", &|c| c.schedule = ScheduleKind::Constant),
        change("warm-up", &|c| c.warmup_ratio = 0.5),
        change("decay of the head", &|c| c.weight_decay.head = 0.9),
        change("no decay", &|c| c.weight_decay = WeightDecay::of_all(0.0)),
        change("clipped", &|c| c.clip_norm = Some(1e-3)),
        change("smoothed", &|c| c.label_smoothing = 0.2),
        change("weighted", &|c| {
            c.class_weights = ClassWeights::Given(vec![1.0, 9.0])
        }),
        change("dropout of the head", &|c| c.classifier_dropout = 0.3),
        change("dropout of adapters", &|c| {
            c.tuning = Tuning::Lora(LoraConfig {
                dropout: 0.3,
                ..lora()
            });
        }),
    ]
}

#[test]
fn every_setting_has_an_effect_and_a_stopped_training_goes_on_with_it() {
    let world = World::new("tiny-bert");
    world.train(&config(), &all(), "plain", &Silent).unwrap();
    let plain = tensors(&world, "plain");
    for (name, config) in changes() {
        world.train(&config, &all(), name, &Silent).unwrap();
        assert_ne!(tensors(&world, name), plain, "{name} has no effect");
        let resumed = format!("{name}, resumed");
        let stopped = world.train(&config, &all(), &resumed, &StopAfter::new(30));
        assert!(matches!(stopped, Err(Error::Cancelled)));
        world.train(&config, &all(), &resumed, &Silent).unwrap();
        assert_eq!(world.files(name), world.files(&resumed), "{name}");
    }
}

#[test]
fn balanced_weights_do_nothing_to_classes_of_one_size() {
    let world = World::new("tiny-bert");
    let balanced = TrainConfig {
        class_weights: ClassWeights::Balanced,
        ..config()
    };
    world.train(&config(), &all(), "plain", &Silent).unwrap();
    world.train(&balanced, &all(), "balanced", &Silent).unwrap();
    assert_eq!(tensors(&world, "plain"), tensors(&world, "balanced"));
    let uneven = ids(&[0, 1, 2, 4, 6, 8, 10, 12]);
    world.train(&config(), &uneven, "uneven", &Silent).unwrap();
    world.train(&balanced, &uneven, "even", &Silent).unwrap();
    assert_ne!(tensors(&world, "uneven"), tensors(&world, "even"));
}

fn validations(world: &World, name: &str) -> Vec<(f32, f32)> {
    let history = History::open(world.path(name).join("history.arrow")).unwrap();
    let rows = history.rows();
    let validations = rows.iter();
    validations
        .filter_map(|row| Some((row.validation_accuracy?, row.validation_loss?)))
        .collect()
}

#[test]
fn patience_ends_a_training_that_gets_no_better() {
    let world = World::new("tiny-bert");
    let stuck = TrainConfig {
        epochs: count(9),
        learning_rate: 1e-12,
        patience: Some(count(2)),
        ..config()
    };
    let summary = world.train(&stuck, &all(), "stuck", &Silent).unwrap();
    // Of epochs that are equal in accuracy and loss the last is kept, and is no better than the first.
    assert_eq!((summary.epoch, summary.equal_epochs), (3, 3));
    assert_eq!(summary.steps, 3 * 5);
    assert_eq!(validations(&world, "stuck").len(), 3);
    let better = TrainConfig {
        learning_rate: 1e-3,
        validation_metric: ValidationMetric::Loss,
        ..stuck
    };
    let summary = world.train(&better, &all(), "better", &Silent).unwrap();
    assert_eq!((summary.epoch, summary.steps), (9, 9 * 5));
}

#[test]
fn few_texts_are_gone_through_several_times_in_an_epoch() {
    let world = World::new("tiny-bert");
    // 24 texts in steps of 5 are 5 steps, 15 in 3 epochs.
    let of = |min_steps| TrainConfig {
        min_steps,
        ..config()
    };
    let steps = |min_steps, name: &str| {
        let summary = world.train(&of(min_steps), &all(), name, &Silent).unwrap();
        assert_eq!(validations(&world, name).len(), 3);
        summary.steps
    };
    assert_eq!(steps(0, "none"), 15);
    assert_eq!(steps(15, "enough"), 15);
    assert_eq!(world.files("none"), world.files("enough"));
    assert_eq!(steps(16, "twice"), 30);
    // No two passes go through them in the same order: where nothing is learned, only the order tells steps apart.
    let still = TrainConfig {
        learning_rate: 1e-12,
        ..of(16)
    };
    world.train(&still, &all(), "still", &Silent).unwrap();
    let rows = History::open(world.path("still/history.arrow"))
        .unwrap()
        .rows();
    let losses = |from: usize| -> Vec<f32> {
        let rows = rows.iter().filter(|row| row.learning_rate.is_some());
        rows.skip(from).take(5).filter_map(|row| row.loss).collect()
    };
    assert_ne!(losses(0), losses(5));
}

#[test]
fn a_new_head_is_solved_before_anything_is_trained() {
    for family in ["tiny-bert", "tiny-roberta"] {
        for tuning in [Tuning::Lora(lora()), Tuning::Full, Tuning::Head] {
            let world = World::of_other_classes(family);
            let still = TrainConfig {
                new_head: NewHeadStart::Solved,
                learning_rate: 1e-12,
                tuning: tuning.clone(),
                ..config()
            };
            let solved = world.train(&still, &all(), "solved", &Silent).unwrap();
            assert!(solved.head.ends_with(", solved on the labelled texts"));
            let random = TrainConfig {
                new_head: NewHeadStart::Random,
                ..still.clone()
            };
            let random = world.train(&random, &all(), "random", &Silent).unwrap();
            assert!(
                solved.accuracy > random.accuracy + 0.1 && solved.loss < random.loss,
                "{family}, {tuning:?}: {} and {}",
                solved.accuracy,
                random.accuracy
            );
            // What it does as it is stands before the epochs.
            let rows = History::open(world.path("solved/history.arrow"))
                .unwrap()
                .rows();
            assert_eq!((rows[0].epoch, rows[0].step), (0, 0));
            assert!(rows[0].validation_accuracy.is_some());
            // A training that was stopped goes on with the same result.
            let trained = TrainConfig {
                learning_rate: 5e-3,
                ..still
            };
            let whole = world.train(&trained, &all(), "whole", &Silent).unwrap();
            let stopped = world.train(&trained, &all(), "parts", &StopAfter::new(70));
            assert!(matches!(stopped, Err(Error::Cancelled)));
            let parts = world.train(&trained, &all(), "parts", &Silent).unwrap();
            assert_eq!(whole, parts);
            assert_eq!(world.files("whole"), world.files("parts"));
        }
    }
}

#[test]
fn a_head_that_makes_training_worse_than_nothing_is_kept() {
    let world = World::of_other_classes("tiny-bert");
    let wild = TrainConfig {
        new_head: NewHeadStart::Solved,
        learning_rate: 5.0,
        clip_norm: Some(1e-3),
        tuning: Tuning::Head,
        validation_metric: ValidationMetric::Loss,
        ..config()
    };
    let summary = world.train(&wild, &all(), "wild", &Silent).unwrap();
    assert_eq!(summary.epoch, 0);
    assert_eq!(accuracy(&world, "wild"), summary.accuracy);
    assert!(summary.last_accuracy < summary.accuracy);
}

#[test]
fn many_validation_texts_are_measured_whole_at_the_end_alone() {
    let world = World::new("tiny-bert");
    let validation = world.of_times(100);
    let config = TrainConfig {
        epochs: count(2),
        ..config()
    };
    let summary = world
        .train_on(&validation, &config, &all(), "model", &Silent)
        .unwrap();
    assert_eq!(summary.compared_by, Some(2_000));
    // Every text stands there as often, so all of them say what the 24 do.
    assert_eq!(summary.predicted.iter().sum::<u64>(), 2_400);
    assert!((accuracy(&world, "model") - summary.accuracy).abs() < 1e-9);
    let few = world.train(&config, &all(), "few", &Silent).unwrap();
    assert_eq!(few.compared_by, None);
    // What is stopped at the very last leaves nothing.
    let asked = AskedUntil::new(u64::MAX);
    let whole = world.train_on(&validation, &config, &all(), "whole", &asked);
    assert_eq!(whole.unwrap(), summary);
    let last = AskedUntil::new(asked.times());
    let stopped = world.train_on(&validation, &config, &all(), "stopped", &last);
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert!(!world.path("stopped").exists());
}

#[test]
fn the_kept_epoch_is_the_best_in_the_chosen_metric() {
    let world = World::new("tiny-roberta");
    let wild = TrainConfig {
        epochs: count(8),
        learning_rate: 5e-2,
        schedule: ScheduleKind::Constant,
        ..config()
    };
    let by = |metric| TrainConfig {
        validation_metric: metric,
        ..wild.clone()
    };
    let epoch = |summary: Summary| summary.epoch - 1;
    let loss = by(ValidationMetric::Loss);
    let loss = epoch(world.train(&loss, &all(), "loss", &Silent).unwrap());
    let accuracy = by(ValidationMetric::Accuracy);
    let accuracy = epoch(world.train(&accuracy, &all(), "accuracy", &Silent).unwrap());
    let epochs = validations(&world, "loss");
    assert_eq!(epochs, validations(&world, "accuracy"));
    assert!(epochs.iter().all(|epoch| epoch.1 >= epochs[loss].1));
    assert!(epochs.iter().all(|epoch| epoch.0 <= epochs[accuracy].0));
}

#[test]
fn a_training_can_start_from_an_earlier_one() {
    for tuning in [Tuning::Lora(lora()), Tuning::Full, Tuning::Head] {
        let mut world = World::new("tiny-bert");
        let first = TrainConfig {
            epochs: count(6),
            tuning: tuning.clone(),
            ..config()
        };
        world.train(&first, &all(), "first", &Silent).unwrap();
        world.previous = Some(world.path("first"));
        let still = TrainConfig {
            epochs: count(1),
            learning_rate: 1e-12,
            ..first.clone()
        };
        let summary = world.train(&still, &all(), "second", &Silent).unwrap();
        assert_eq!(
            summary.accuracy,
            accuracy(&world, "first"),
            "{}",
            tuning.kind()
        );
        world.base_model.digest = goldpan_artifact::Digest::of("another");
        let refused = world.train(&still, &all(), "third", &Silent);
        assert!(matches!(refused, Err(Error::PreviousBase { .. })));
    }
}

#[test]
fn an_earlier_model_of_another_shape_is_refused() {
    let mut world = World::new("tiny-bert");
    world.train(&config(), &all(), "first", &Silent).unwrap();
    world.previous = Some(world.path("first"));
    let with = |lora: LoraConfig| TrainConfig {
        tuning: Tuning::Lora(lora),
        ..config()
    };
    let others = [
        with(LoraConfig { rank: 4, ..lora() }),
        with(TrainConfig::default_lora()),
        with(LoraConfig {
            layers: Some([1].into()),
            ..lora()
        }),
    ];
    for other in others {
        let refused = world.train(&other, &all(), "second", &Silent).unwrap_err();
        let Error::PreviousTensor { tensor, .. } = &refused else {
            panic!("{refused}");
        };
        assert!(tensor.contains("lora_"), "{tensor}");
    }
}

/// Whatever the number of steps: in the first of them, or by the validation after the only one.
#[test]
fn a_finite_loss_far_above_guessing_is_divergence() {
    let world = World::new("tiny-bert");
    for (epochs, batch_size) in [(1, 24), (2, 24), (9, 24), (1, 4), (9, 4)] {
        for tuning in [Tuning::Head, Tuning::Full, Tuning::Lora(lora())] {
            let wild = TrainConfig {
                epochs: count(epochs),
                batch_size: count(batch_size),
                learning_rate: 1e6,
                warmup_ratio: 0.0,
                schedule: ScheduleKind::Constant,
                tuning,
                ..config()
            };
            let error = world.train(&wild, &all(), "wild", &Silent).unwrap_err();
            match error {
                Error::Diverged { step, .. } => assert!(step <= 3, "{error}"),
                Error::DivergedValidation { epoch: 1, .. } => assert_eq!(batch_size, 24),
                Error::DivergedTensor { epoch: 1, .. } => {}
                error => panic!("{error}"),
            }
            assert!(!world.path("wild").exists());
        }
    }
}

#[test]
fn class_weights_are_one_for_each_class() {
    let world = World::new("tiny-bert");
    let three = TrainConfig {
        class_weights: ClassWeights::Given(vec![1.0; 3]),
        ..config()
    };
    let error = world.train(&three, &all(), "model", &Silent).unwrap_err();
    assert!(matches!(
        error,
        Error::ClassWeights {
            given: 3,
            classes: 2
        }
    ));
}

/// Epochs of a head alone.
fn head_alone(learning_rate: f64, epochs: usize) -> TrainConfig {
    TrainConfig {
        epochs: count(epochs),
        learning_rate,
        tuning: Tuning::Head,
        ..TrainConfig::published()
    }
}

#[test]
fn the_base_head_is_taken_by_class_names() {
    let accuracy = |names: [&str; 2]| {
        let mut world = World::new("tiny-bert");
        let base = world.path("other");
        copy_with_classes(&world.base, &base, &names.map(str::to_owned));
        world.base = base;
        let summary = world
            .train(&head_alone(1e-9, 1), &all(), "out", &Silent)
            .unwrap();
        (summary.accuracy, summary.head)
    };
    let (same, head) = accuracy(["negative", "positive"]);
    assert_eq!(head, "the base model's head, by class names");
    let (swapped, head) = accuracy(["positive", "negative"]);
    assert_eq!(head, "the base model's head, by class names");
    assert!((same + swapped - 1.0).abs() < 1e-9, "{same} and {swapped}");
    let (_, head) = accuracy(["ham", "spam"]);
    assert_eq!(head, "a new head (the base's is for ham, spam)");
}

#[test]
fn an_earlier_model_is_gone_on_from_by_class_names() {
    let mut world = World::new("tiny-bert");
    let first = world
        .train(&head_alone(1e-1, 30), &all(), "first", &Silent)
        .unwrap();
    assert!(first.accuracy > 0.6, "{}", first.accuracy);
    world.previous = Some(world.path("first"));
    let again = world
        .train(&head_alone(1e-9, 1), &all(), "again", &Silent)
        .unwrap();
    assert_eq!(again.accuracy, first.accuracy);

    let card = world.path("first").join("goldpan.json");
    let named = |names: [&str; 2]| {
        let mut values: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&card).unwrap()).unwrap();
        values["classes"] = names.into();
        std::fs::write(&card, values.to_string()).unwrap();
    };
    named(["positive", "negative"]);
    let swapped = world
        .train(&head_alone(1e-9, 1), &all(), "swapped", &Silent)
        .unwrap();
    assert!(
        (swapped.accuracy + first.accuracy - 1.0).abs() < 1e-9,
        "{}",
        swapped.accuracy
    );
    named(["ham", "spam"]);
    let error = world
        .train(&head_alone(1e-9, 1), &all(), "other", &Silent)
        .unwrap_err();
    assert!(matches!(error, Error::PreviousClasses { .. }), "{error}");
}
