//! Pipeline files: what they mean, and what is said of those with something wrong in them.

use std::num::NonZeroUsize;
use std::path::Path;

use goldpan_evidence::Metric;
use goldpan_model::{LoraConfig, Precision, Tuning, TuningKind};
use goldpan_pipeline::StopRules;
use goldpan_pipeline::spec::{
    IngestSettings, Invalid, LabelSource, Pipeline, PredictModel, StageSettings,
};
use goldpan_pipeline::spec::{ProblemKind, TrainingSettings};
use goldpan_select::{Budget, Start, Strategy};
use goldpan_train::{TrainConfig, WeightDecay};
use miette::{GraphicalReportHandler, GraphicalTheme};

/// A small pipeline with a loop.
const LOOP: &str = "\
name: demo
seeds: [0, 1]
stages:
  pool:       { ingest: { input: pool.csv } }
  validation: { ingest: { input: dev.csv } }
  vectors:    { embed: { texts: pool, model: minilm } }
loop:
  pool: pool
  validation: validation
  embeddings: vectors
  labels: oracle
  model: { base: minilm }
  start: { random: 100 }
  rounds: [50, 50]
  arms:
    random:    { random: {} }
    diversity: { diversity: {} }
    margin:    { uncertainty: { score: margin } }
";

/// A pipeline of stages of every kind.
const STAGES: &str = "\
name: chain
stages:
  metrics:    { evaluate: { predictions: guesses, texts: validation } }
  pool:       { ingest: { input: [a.tsv, b.tsv], header: false, text_column: 1, label_column: 0, metadata_columns: [2, date] } }
  validation: { ingest: { dataset: sst2, split: validation } }
  vectors:    { embed: { texts: pool, model: minilm, max_length: 64, precision: bf16 } }
  first:      { select: { strategy: random, count: 100, texts: pool, seed: 3 } }
  next:       { select: { strategy: { diversity: {} }, count: 10, embeddings: vectors, labelled: first } }
  model:
    train:
      texts: pool
      labelled: next
      validation: validation
      model: { base: minilm, lora: { rank: 4, targets: [query, output.dense], layers: [4, 5] } }
      epochs: 2
      max_length: 32
  guesses:    { predict: { texts: validation, model: model } }
  zero-shot:  { predict: { texts: validation, model: org/classifier, max_length: 128 } }
";

/// The adapters of a training.
fn lora(training: &TrainingSettings) -> &LoraConfig {
    match &training.config.tuning {
        Tuning::Lora(lora) => lora,
        other => panic!("{other:?}"),
    }
}

/// A pipeline whose loop begins and is compared with zero-shot predictions.
const ZERO_SHOT: &str = "\
name: cold
stages:
  pool:       { ingest: { dataset: movie-snippets, split: train } }
  validation: { ingest: { input: dev.csv, classes: [negative, positive] } }
  vectors:    { embed: { texts: pool, model: minilm } }
  described:
    predict:
      texts: pool
      model: minilm
      zero_shot: { classes: { positive: a good film, negative: [a bad film, It was dull.] } }
  prompted:
    predict:
      texts: validation
      model: roberta
      zero_shot: { classes: { negative: terrible, positive: great }, prompt: \"{text} It was {mask}.\" }
      max_length: 128
  trained:    { train: { texts: pool, validation: validation, model: minilm } }
  guesses:    { predict: { texts: validation, model: trained } }
loop:
  pool: pool
  validation: validation
  embeddings: vectors
  labels: oracle
  model: { base: minilm }
  start: { select: { count: 100, strategy: { uncertainty: { score: margin } }, predictions: described } }
  zero_shot: prompted
  rounds: [50]
  arms:
    random: { random: {} }
";

fn parse(text: &str) -> Result<Pipeline, Invalid> {
    Pipeline::parse("demo.yaml", text, &[])
}

/// The text with one part replaced by another.
fn edit(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn render(invalid: &Invalid) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_context_lines(0);
    let mut text = String::new();
    for problem in invalid.problems() {
        handler.render_report(&mut text, problem).unwrap();
    }
    text
}

/// What is shown for the loop's text with one part replaced.
fn shown(from: &str, to: &str) -> String {
    render(&parse(&edit(LOOP, from, to)).unwrap_err())
}

/// What is shown for the loop's text with overrides.
fn shown_set(overrides: &[&str]) -> String {
    let overrides: Vec<_> = overrides.iter().map(|text| (*text).to_owned()).collect();
    render(&Pipeline::parse("demo.yaml", LOOP, &overrides).unwrap_err())
}

/// `line:column: message` of each problem in a text.
fn told(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

#[test]
fn the_repositorys_pipelines_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let pipeline = Pipeline::load(&path, &[]).unwrap();
        assert_eq!(
            Some(pipeline.name.as_str()),
            path.file_stem().and_then(|stem| stem.to_str())
        );
        names.push(pipeline.name.to_string());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "defaults",
            "few-labels",
            "quickstart",
            "sst2",
            "sst2-low-budget",
            "sst2-minilm",
            "strategies",
            "training",
            "zero-shot"
        ]
    );
}

/// The pipeline that compares strategies leaves out none.
#[test]
fn every_strategy_is_compared() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/strategies.yaml");
    let arms = Pipeline::load(&path, &[]).unwrap().experiment.unwrap().arms;
    for kind in Strategy::kinds() {
        let arm = arms.iter().find(|arm| {
            let strategy = serde_json::to_value(&arm.strategy).unwrap();
            strategy.get(kind).is_some()
        });
        assert!(arm.is_some(), "{kind}");
    }
}

#[test]
fn the_handbooks_experiment_is_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/sst2.yaml");
    let experiment = Pipeline::load(&path, &[]).unwrap().experiment.unwrap();
    assert_eq!(experiment.seeds, [0, 1, 2, 3, 4]);
    assert_eq!(experiment.base, "FacebookAI/roberta-base");
    assert_eq!(experiment.labels, LabelSource::Oracle);
    assert_eq!(
        (experiment.start.count, experiment.rounds),
        (Budget::Count(40_000), vec![Budget::Count(10_000)])
    );
    let training = experiment.training.config;
    assert_eq!(
        (training.epochs, training.batch_size),
        (count(4), count(16))
    );
    assert_eq!(training.learning_rate, 5e-4);
    assert_eq!(training.warmup_ratio, 0.06);
    assert_eq!(training.weight_decay, WeightDecay::of_all(0.1));
    assert_eq!(training, TrainConfig::published());
    let arms: Vec<_> = experiment
        .arms
        .iter()
        .map(|arm| arm.name.as_str())
        .collect();
    assert_eq!(arms, ["random", "diversity", "margin", "diversity-margin"]);
    for arm in &experiment.arms {
        assert_eq!(arm.strategy.to_string(), arm.name.as_str());
    }
}

#[test]
fn stages_of_every_kind_are_read_and_put_in_order() {
    let pipeline = parse(STAGES).unwrap();
    let names: Vec<_> = pipeline
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    let order = [
        "validation",
        "pool",
        "first",
        "vectors",
        "next",
        "model",
        "guesses",
        "metrics",
        "zero-shot",
    ];
    let mut sorted = (names.clone(), order);
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1);
    let place = |name: &str| names.iter().position(|other| *other == name).unwrap();
    for (before, after) in [
        ("pool", "vectors"),
        ("vectors", "next"),
        ("first", "next"),
        ("next", "model"),
        ("model", "guesses"),
        ("guesses", "metrics"),
    ] {
        assert!(
            place(before) < place(after),
            "{before} before {after}: {names:?}"
        );
    }

    let settings = |name: &str| &pipeline.stages[place(name)].settings;
    let StageSettings::Ingest(IngestSettings::Files(files)) = settings("pool") else {
        panic!("pool reads files");
    };
    assert_eq!(files.inputs(), [Path::new("a.tsv"), Path::new("b.tsv")]);
    let settings_of_files = serde_json::to_value(files).unwrap();
    assert_eq!(
        settings_of_files["reading"]["metadata"],
        serde_json::json!([2, "date"])
    );
    let StageSettings::Embed(vectors) = settings("vectors") else {
        panic!("vectors embeds");
    };
    assert_eq!(vectors.encoding.max_length, Some(count(64)));
    assert_eq!(vectors.encoding.precision, Precision::Bf16);
    let StageSettings::Select(next) = settings("next") else {
        panic!("next selects");
    };
    assert_eq!(
        next.strategy,
        Strategy::Diversity {
            start: Start::Random
        }
        .into()
    );
    assert_eq!(next.texts.as_str(), "pool", "the texts of the embeddings");
    let StageSettings::Train(model) = settings("model") else {
        panic!("model trains");
    };
    assert_eq!(lora(&model.training).layers, Some([4, 5].into()));
    assert_eq!(model.training.config.learning_rate, 5e-4, "the default");
    let StageSettings::Predict(guesses) = settings("guesses") else {
        panic!("guesses predicts");
    };
    assert!(matches!(&guesses.model, PredictModel::Trained(name) if name.as_str() == "model"));
    assert_eq!(
        guesses.inference.max_length,
        Some(count(32)),
        "as in training"
    );
    let StageSettings::Predict(zero_shot) = settings("zero-shot") else {
        panic!("zero-shot predicts");
    };
    assert!(matches!(&zero_shot.model, PredictModel::Named(name) if name == "org/classifier"));
}

#[test]
fn a_loop_may_begin_without_a_trained_model() {
    let pipeline = parse(ZERO_SHOT).unwrap();
    let settings = |name: &str| {
        let mut stages = pipeline.stages.iter();
        let stage = stages.find(|stage| stage.name.as_str() == name).unwrap();
        match &stage.settings {
            StageSettings::Predict(predict) => match &predict.model {
                PredictModel::ZeroShot { model, settings } => (
                    model.clone(),
                    settings.clone(),
                    predict.inference.max_length,
                ),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let (model, described, _) = settings("described");
    assert_eq!(model, "minilm");
    let classes: Vec<_> = described
        .classes
        .iter()
        .map(|class| (class.name.as_str(), class.texts.join("; ")))
        .collect();
    let expected = [
        ("positive", "a good film".to_owned()),
        ("negative", "a bad film; It was dull.".to_owned()),
    ];
    assert_eq!(classes, expected, "in the order of the file");
    assert_eq!((described.prompt, described.temperature), (None, 0.05));
    let (_, prompted, max_length) = settings("prompted");
    assert_eq!(
        prompted.prompt.unwrap().to_string(),
        "{text} It was {mask}."
    );
    assert_eq!((prompted.temperature, max_length), (1.0, Some(count(128))));

    let experiment = pipeline.experiment.unwrap();
    assert_eq!(experiment.start.count, Budget::Count(100));
    assert_eq!(experiment.start.strategy.to_string(), "margin");
    let name = |name: Option<goldpan_pipeline::spec::Name>| name.unwrap().to_string();
    assert_eq!(name(experiment.start.predictions), "described");
    assert_eq!(name(experiment.zero_shot), "prompted");
}

#[test]
fn zero_shot_problems_have_their_place_and_remedy() {
    let start = "strategy: { uncertainty: { score: margin } }, predictions: described";
    let edits = [
        ("positive: a good film", "postive: a good film"),
        (
            "negative: terrible, positive: great",
            "negative: terrible, positve: great",
        ),
        (
            "negative: terrible, positive: great",
            "negative: terrible, positive: great, neutral: fine",
        ),
        (
            "{ negative: terrible, positive: great }",
            "{ negative: terrible }",
        ),
        ("[negative, positive]", "[negative, positive, neutral]"),
        ("positive: a good film", "positive: ' '"),
        ("[a bad film, It was dull.]", "[]"),
        ("[a bad film, It was dull.]", "[a bad film, '']"),
        ("[a bad film, It was dull.]", "[a bad film, a bad film]"),
        ("[a bad film, It was dull.]", "{ a: b }"),
        ("positive: great }", "positive: 5 }"),
        ("{text} It was {mask}.", "{text} It was <mask>."),
        ("{text} It was {mask}.", "{text} {text} {mask}"),
        ("prompt: ", "promt: "),
        (
            "zero_shot: { classes: { positive",
            "zero_shot: { temperature: 0, classes: { positive",
        ),
        (
            "zero_shot: { classes: { positive",
            "zero_shott: { classes: { positive",
        ),
        ("      model: roberta", "      model: trained"),
        ("predictions: described", "predictions: prompted"),
        ("predictions: described", "predictions: vectors"),
        (start, "strategy: { uncertainty: { score: margin } }"),
        (start, "strategy: margins, predictions: described"),
        (start, "strategy: { uncertainty: { score: margins } }"),
        ("count: 100", "count: 0"),
        ("count: 100", "cuont: 100"),
        ("{ select: {", "{ selct: {"),
        ("  embeddings: vectors\n", ""),
        ("zero_shot: prompted", "zero_shot: prompter"),
        ("zero_shot: prompted", "zero_shot: described"),
        ("zero_shot: prompted", "zero_shot: guesses"),
        ("    random: {", "    zero-shot: {"),
    ];
    let text = edit(
        ZERO_SHOT,
        "    random: {",
        "    diversity: { diversity: {} }\n    random: {",
    );
    let told: Vec<_> = edits
        .iter()
        .map(|(from, to)| format!("{from} => {to}\n{}", told(&edit(&text, from, to))))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn overrides_replace_any_key_and_the_last_one_wins() {
    let overrides = [
        "loop.rounds=[7]",
        "loop.model.lora.rank=2",
        "seeds.1=9",
        "loop.rounds.0=8",
    ];
    let pipeline = Pipeline::parse("demo.yaml", LOOP, &overrides.map(str::to_owned)).unwrap();
    let experiment = pipeline.experiment.unwrap();
    assert_eq!(experiment.rounds, [Budget::Count(8)]);
    assert_eq!(experiment.seeds, [0, 9]);
    assert_eq!(lora(&experiment.training).rank, 2);
}

#[test]
fn a_label_has_a_price_and_labels_are_counted_to_a_target() {
    let set = ["loop.report={ target_accuracy: 0.9, label_price: 0.25, currency: EUR }".to_owned()];
    let pipeline = Pipeline::parse("demo.yaml", LOOP, &set).unwrap();
    assert_eq!(
        (pipeline.text.as_str(), &pipeline.overrides[..]),
        (LOOP, &set[..])
    );
    let report = pipeline.experiment.unwrap().report;
    assert_eq!(report.target, Some(0.9));
    let price = report.price.unwrap();
    assert_eq!((price.of_label, price.currency.as_str()), (0.25, "EUR"));
    let wrong = |set: &str| {
        let problems = Pipeline::parse("demo.yaml", LOOP, &[set.to_owned()]);
        problems.unwrap_err().to_string()
    };
    for (set, part) in [
        ("loop.report.target_accuracy=90", "above 0, at most 1"),
        ("loop.report.target=90", "above 0, at most 1"),
        (
            "loop.report={ target: 0.9, target_accuracy: 0.9 }",
            "exclude each other",
        ),
        ("loop.report.label_price=0", "above 0"),
        ("loop.report.currency=EUR", "label_price"),
        ("loop.test=pool", "trained on"),
        ("loop.test=validation", "chosen by"),
    ] {
        assert!(wrong(set).contains(part), "{}", wrong(set));
    }
}

/// By what it does, never by what it is called.
#[test]
fn the_baseline_is_named_or_picks_at_random() {
    let arms = |arms: &str| {
        let set = format!("loop.arms={{ {arms} }}");
        Pipeline::parse("demo.yaml", LOOP, &[set])
    };
    let baseline = |text: &str| {
        let experiment = arms(text).unwrap().experiment.unwrap();
        let baseline = experiment.report.baseline;
        baseline.map(|name| name.to_string())
    };
    let warnings = |text: &str| arms(text).unwrap().warnings();
    assert_eq!(
        baseline("uniform: random, margin: margin").as_deref(),
        Some("uniform")
    );
    assert_eq!(warnings("uniform: random, margin: margin"), [""; 0]);
    let other = "random: margin, entropy: entropy";
    assert_eq!(baseline(other), None);
    assert!(
        warnings(other)[0].contains("(the arm random picks by: margin)"),
        "{:?}",
        warnings(other)
    );
    // Not at random from the whole pool.
    let some = "random: { random: {}, where: length > 20 }, margin: margin";
    assert_eq!(baseline(some), None);
    assert_eq!(warnings("margin: margin"), [""; 0]);

    let two = arms("a: random, b: random, c: margin")
        .unwrap_err()
        .to_string();
    assert!(two.contains("loop.arms: a, b all pick at random"), "{two}");
    assert!(two.contains("baseline: a"), "{two}");
    let named = |set: &[&str]| {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        Pipeline::parse("demo.yaml", LOOP, &set)
    };
    let both = [
        "loop.arms={ a: random, b: random }",
        "loop.report.baseline=b",
    ];
    let found = named(&both).unwrap().experiment.unwrap().report.baseline;
    assert_eq!(found.unwrap().as_str(), "b");
    let wrong = named(&["loop.report.baseline=randon"])
        .unwrap_err()
        .to_string();
    assert!(
        wrong.contains("loop.report.baseline: there is no arm `randon`; did you mean `random`?"),
        "{wrong}"
    );
}

#[test]
fn arms_are_compared_by_a_metric() {
    let with = |set: &[&str]| {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        Pipeline::parse("demo.yaml", LOOP, &set)
    };
    let metric = |set: &str| with(&[set]).unwrap().experiment.unwrap().metric;
    assert_eq!(
        parse(LOOP).unwrap().experiment.unwrap().metric,
        Metric::Accuracy
    );
    assert_eq!(metric("loop.metric=accuracy"), Metric::Accuracy);
    assert_eq!(metric("loop.metric=macro-f1"), Metric::MacroF1);
    assert_eq!(
        metric("loop.metric={ f1: 'not ok' }"),
        Metric::F1("not ok".to_owned())
    );
    let wrong = |set: &[&str]| with(set).unwrap_err().to_string();
    let unknown = wrong(&["loop.metric=macro_f1"]);
    assert!(unknown.contains("did you mean `macro-f1`?"), "{unknown}");
    let number = wrong(&["loop.metric={ f1: 1 }"]);
    assert!(number.contains("loop.metric.f1: expected text"), "{number}");
    let classes = "stages.validation.ingest={ input: dev.csv, classes: [neg, pos] }";
    let class = wrong(&[classes, "loop.metric={ f1: poss }"]);
    assert!(
        class.contains("loop.metric.f1: the texts have no class `poss`; did you mean `pos`?"),
        "{class}"
    );
    assert!(with(&[classes, "loop.metric={ f1: pos }"]).is_ok());

    // A target says of what it is.
    let rules = [
        "loop.metric=macro-f1",
        "loop.stop={ target: 0.9 }",
        "loop.report.target=0.8",
    ];
    let experiment = with(&rules).unwrap().experiment.unwrap();
    assert_eq!(
        (experiment.stop.target, experiment.report.target),
        (Some(0.9), Some(0.8))
    );
    for place in ["stop", "report"] {
        let set = format!("loop.{place}.target_accuracy=0.9");
        let other = wrong(&["loop.metric=macro-f1", &set]);
        let told = format!(
            "loop.{place}.target_accuracy: `target_accuracy` is an accuracy, and `loop.metric` is macro-F1; \
             give `target`"
        );
        assert!(other.contains(&told), "{other}");
    }
}

#[test]
fn budgets_that_give_arms_other_numbers_of_labels_are_warned_of() {
    let warnings = |arms: &str, rounds: &str| {
        let set = [
            format!("loop.arms={{ {arms} }}"),
            format!("loop.rounds={rounds}"),
        ];
        Pipeline::parse("demo.yaml", LOOP, &set).unwrap().warnings()
    };
    let long = "random: random, long: { uncertainty: { score: margin }, where: length > 110 }";
    let told = warnings(long, "[10, { share: 0.5 }]");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("arms may get different numbers of labels in round 2: "),
        "{told:?}"
    );
    assert!(
        told[0].contains("random and long may pick different ones"),
        "{told:?}"
    );
    assert_eq!(warnings(long, "[10, 20]"), [""; 0]);
    assert_eq!(
        warnings("random: random, margin: margin", "[{ share: 0.5 }]"),
        [""; 0]
    );
    let apart = "a: diversity, b: diversity-margin";
    let told = warnings(apart, "[{ until: { min_distance: 0.2 } }]");
    assert!(told[1].contains("as many as lie apart"), "{told:?}");
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(shown("  validation: validation", "  validaton: validation"));
}

#[test]
fn an_unknown_kind_of_stage() {
    insta::assert_snapshot!(shown("{ embed:", "{ embedd:"));
}

#[test]
fn an_unknown_strategy() {
    insta::assert_snapshot!(shown("{ diversity: {} }", "{ divresity: {} }"));
}

#[test]
fn an_unknown_score() {
    insta::assert_snapshot!(shown("score: margin", "score: Margins"));
}

#[test]
fn an_unknown_stage() {
    insta::assert_snapshot!(shown("embeddings: vectors", "embeddings: vector"));
}

#[test]
fn a_stage_of_another_kind() {
    insta::assert_snapshot!(shown("embeddings: vectors", "embeddings: pool"));
}

#[test]
fn a_missing_key() {
    insta::assert_snapshot!(shown("  labels: oracle\n", ""));
}

#[test]
fn a_value_of_another_type() {
    insta::assert_snapshot!(shown("rounds: [50, 50]", "rounds: [50, many]"));
}

#[test]
fn no_embeddings_for_an_arm_that_needs_them() {
    insta::assert_snapshot!(shown("  embeddings: vectors\n", ""));
}

#[test]
fn several_problems_at_once() {
    insta::assert_snapshot!(shown(
        "  start: { random: 100 }",
        "  train: { learning_rate: -1, warmup_ratio: 2, epochs: 0 }\n  start: { random: 0 }"
    ));
}

#[test]
fn broken_yaml() {
    insta::assert_snapshot!(shown("model: { base: minilm }", "model: { base: minilm"));
}

#[test]
fn a_key_that_is_there_twice() {
    insta::assert_snapshot!(shown(
        "  labels: oracle\n",
        "  labels: oracle\n  pool: pool\n"
    ));
}

#[test]
fn stages_that_need_each_other() {
    let text = edit(
        STAGES,
        "texts: pool, seed: 3",
        "predictions: guesses2, seed: 3",
    ) + "  guesses2: { predict: { texts: pool, model: model } }\n";
    insta::assert_snapshot!(render(&parse(&text).unwrap_err()));
}

#[test]
fn an_override_with_a_typo() {
    insta::assert_snapshot!(shown_set(&["loop.modle.base=roberta"]));
}

#[test]
fn an_override_with_a_bad_value() {
    insta::assert_snapshot!(shown_set(&["loop.train.learning_rate=fast"]));
}

#[test]
fn an_override_that_is_none() {
    insta::assert_snapshot!(shown_set(&["loop.rounds", "loop.rounds=[1"]));
}

#[test]
fn every_problem_has_its_line_column_path_and_remedy() {
    let edits = [
        ("name: demo", "name: my demo"),
        ("name: demo", "name: 2024"),
        ("seeds: [0, 1]", "seeds: [0, 0]"),
        ("seeds: [0, 1]", "seeds: []"),
        ("seeds: [0, 1]", "seeds: [-1]"),
        ("  pool:       {", "  tensorboard: {"),
        ("  pool:       {", "  select:     {"),
        ("  vectors:    {", "  vec/tors:    {"),
        ("{ ingest: { input: dev.csv } }", "{ ingest: {} }"),
        ("{ input: dev.csv }", "{ input: dev.csv, dataset: sst2 }"),
        ("{ input: dev.csv }", "{ dataset: sst2 }"),
        (
            "{ input: dev.csv }",
            "{ dataset: sst2, split: dev, format: csv }",
        ),
        ("{ input: dev.csv }", "{ input: dev.csv, split: dev }"),
        ("{ input: dev.csv }", "{ input: [] }"),
        ("{ input: dev.csv }", "{ input: dev.csv, format: xls }"),
        ("{ input: dev.csv }", "{ input: dev.csv, text_column: -1 }"),
        ("{ input: dev.csv }", "{ input: dev.csv, classes: [a, a] }"),
        (
            "{ input: dev.csv }",
            "{ input: dev.csv, metadata_columns: [stars, stars] }",
        ),
        ("{ input: dev.csv }", "{ input: dev.csv, encoding: utf-9 }"),
        ("{ input: dev.csv }", "{ input: dev.csv, delimiter: '::' }"),
        ("{ input: dev.csv }", "{ input: dev.csv, quoting: some }"),
        ("{ ingest: { input: dev.csv } }", "ingest"),
        (
            "{ ingest: { input: dev.csv } }",
            "{ ingest: { input: a }, embed: { texts: b, model: c } }",
        ),
        ("model: minilm }", "model: minilm, max_length: 0 }"),
        ("model: minilm }", "model: minilm, normalize: maybe }"),
        ("model: minilm }", "model: minilm, precision: f16 }"),
        ("model: minilm }", "model: '' }"),
        ("{ embed: { texts: pool", "{ embed: { texts: validation"),
        ("  validation: validation\n", "  validation: pool\n"),
        ("labels: oracle", "labels: human"),
        (
            "{ base: minilm }",
            "{ base: minilm, lora: { targets: [query, vlaue] } }",
        ),
        (
            "{ base: minilm }",
            "{ base: minilm, lora: { targets: [query, query] } }",
        ),
        (
            "{ base: minilm }",
            "{ base: minilm, lora: { targets: [] } }",
        ),
        ("{ base: minilm }", "{ base: minilm, lora: { layers: [] } }"),
        (
            "{ base: minilm }",
            "{ base: minilm, lora: { rank: 0, alpha: .nan } }",
        ),
        ("{ base: minilm }", "{ lora: { rank: 1 } }"),
        (
            "{ base: minilm }",
            "{ base: minilm, lora: { targets: all-liner, dropout: 1 } }",
        ),
        (
            "{ base: minilm }",
            "{ base: minilm, lora: { targets: all-linear, dropout: 1 } }",
        ),
        ("{ base: minilm }", "{ base: minilm, tune: ful }"),
        ("{ base: minilm }", "{ base: minilm, tune: full, lora: {} }"),
        ("rounds: [50, 50]", "rounds: [5]\n  train: { init: last }"),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { learning_rate: 0, warmup_ratio: 2, patience: 0 }",
        ),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { weight_decay: { head: -1, lora: .inf } }",
        ),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { weight_decay: { haed: 1 } }",
        ),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { weight_decay: much }",
        ),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { clip_norm: 0, label_smoothing: 1, classifier_dropout: -1 }",
        ),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { class_weights: balancd }",
        ),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { class_weights: [1, 0] }",
        ),
        (
            "rounds: [50, 50]",
            "rounds: [5]\n  train: { schedule: lienar, validation_metric: f1 }",
        ),
        ("{ base: minilm }", "[minilm]"),
        ("start: { random: 100 }", "start: 100"),
        ("start: { random: 100 }", "start: { random: 1e3 }"),
        ("rounds: [50, 50]", "rounds: []"),
        ("rounds: [50, 50]", "rounds: 50"),
        ("rounds: [50, 50]", "rounds: [50, 0]"),
        ("    random:  ", "    start:  "),
        ("    random:  ", "    train:  "),
        ("    random:  ", "    pool:  "),
        ("{ random: {} }", "{ random: { seed: 1 } }"),
        ("{ random: {} }", "!random {}"),
        ("{ random: {} }", "{ product: [] }"),
        ("{ random: {} }", "{ product: [ { badge: {} } ] }"),
        ("{ random: {} }", "{ random: {}, where: length >> 3 }"),
        ("{ random: {} }", "{ random: {}, where: \"'length' > 3\" }"),
        (
            "{ random: {} }",
            "{ random: {}, balance: { positive: -1 } }",
        ),
        ("{ random: {} }", "{ random: {}, diversity: {} }"),
        ("rounds: [50, 50]", "rounds: [{ share: 2 }]"),
        (
            "rounds: [50, 50]",
            "rounds: [{ until: { min_distance: 0.2 } }]",
        ),
        ("{ random: {} }", ""),
        ("    random:  ", "    1: { random: {} }\n    random:  "),
    ];
    let told: Vec<_> = edits
        .iter()
        .map(|(from, to)| format!("{from} => {to}\n{}", told(&edit(LOOP, from, to))))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn stopping_rules_have_their_ranges_and_needs() {
    let rules = [
        "{}",
        "0.9",
        "{ accuracy: 0.9 }",
        "{ target: 90 }",
        "{ target_accuracy: 90 }",
        "{ gain_per_label: -1e-6 }",
        "{ kappa: 1.5, distance: 0 }",
        "{ labels: 100 }",
        "{ labels: 2e4 }",
    ];
    let mut told_: Vec<String> = rules
        .iter()
        .map(|rules| {
            let to = format!("rounds: [50, 50]\n  stop: {rules}");
            format!("{rules}\n{}", told(&edit(LOOP, "rounds: [50, 50]", &to)))
        })
        .collect();
    let without = edit(
        LOOP,
        "  embeddings: vectors\n",
        "  stop: { distance: 0.1 }\n",
    );
    let without = edit(&without, "    diversity: { diversity: {} }\n", "");
    told_.push(format!("no embeddings\n{}", told(&without)));
    insta::assert_snapshot!(told_.join("\n\n"));
}

#[test]
fn stopping_rules_are_read() {
    let rules = "rounds: [5]\n  stop: { target_accuracy: 0.9, gain_per_label: 1e-6, kappa: 1, \
                 distance: 0.1, labels: 200 }";
    let pipeline = parse(&edit(LOOP, "rounds: [50, 50]", rules)).unwrap();
    let expected = StopRules {
        target: Some(0.9),
        gain_per_label: Some(1e-6),
        kappa: Some(1.0),
        distance: Some(0.1),
        labels: Some(200),
    };
    assert_eq!(pipeline.experiment.unwrap().stop, expected);
    assert!(parse(LOOP).unwrap().experiment.unwrap().stop.is_empty());
}

#[test]
fn files_that_are_hardly_pipelines() {
    let cases = [
        "",
        "# nothing\n",
        "[]",
        "name: x",
        "name: x\nseeds: [1]\nstages: {}\n",
        "a: 1\n---\nb: 2",
    ];
    let told: Vec<_> = cases
        .iter()
        .map(|text| format!("{text:?}\n{}", told(text)))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn stages_that_do_not_fit_together() {
    let edits = [
        (
            "strategy: random, count: 100, texts: pool",
            "strategy: random, count: 100",
        ),
        ("strategy: random, count", "strategy: diversity, count"),
        (
            "strategy: random, count",
            "strategy: { uncertainty: { score: entropy } }, count",
        ),
        (
            "strategy: random, count: 100, texts: pool",
            "strategy: diversity, count: 1, texts: validation, embeddings: vectors",
        ),
        ("strategy: random, count", "strategy: uncertainty, count"),
        ("labelled: next\n", "labelled: vectors\n"),
        ("model: model }", "model: vectors }"),
        ("texts: validation } }\n  pool", "texts: pool } }\n  pool"),
        ("      validation: validation\n", "      validation: pool\n"),
        (
            "model: { base: minilm, lora: { rank: 4, targets: [query, output.dense], layers: [4, 5] } }",
            "model: ''",
        ),
    ];
    let told: Vec<_> = edits
        .iter()
        .map(|(from, to)| format!("{to}\n{}", told(&edit(STAGES, from, to))))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn the_documented_file_has_every_setting_of_a_training() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/training.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let pipeline = Pipeline::parse("training.yaml", &text, &[]).unwrap();
    assert_eq!(pipeline.stages.len(), 7);
    let stages: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let written = |path: &[&str]| -> Vec<String> {
        let mut value = &stages["stages"]["adapters"]["train"];
        for key in path {
            value = &value[*key];
        }
        let keys = value.as_mapping().unwrap().keys();
        keys.map(|key| key.as_str().unwrap().to_owned()).collect()
    };
    for path in [
        vec![],
        vec!["model"],
        vec!["model", "lora"],
        vec!["weight_decay"],
    ] {
        let key = ["stages.adapters.train", &path.join("."), "no_such_key"];
        let key: Vec<&str> = key.into_iter().filter(|part| !part.is_empty()).collect();
        let set = format!("{}=1", key.join("."));
        let invalid = Pipeline::parse("training.yaml", &text, &[set]).unwrap_err();
        let ProblemKind::UnknownField { known, .. } = invalid.problems()[0].kind() else {
            panic!("{invalid}");
        };
        let missing: Vec<_> = known
            .iter()
            .filter(|key| !written(&path).iter().any(|written| written == *key))
            // The stages `probe` and `chosen` have them, which alone may.
            .filter(|key| !["probe", "auto"].contains(*key))
            .collect();
        assert!(missing.is_empty(), "{missing:?} of {path:?}");
    }
}

#[test]
fn hostile_texts_are_errors_and_no_panics() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\n";
    let deep = "[".repeat(50_000);
    for text in [
        bomb,
        &deep,
        "&a [*a]",
        "a: &a {b: *a}",
        "\u{feff}",
        "\0",
        "a: \"\\ud800\"",
        "? [a]\n: b",
    ] {
        assert!(parse(text).is_err());
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    let text = format!("\u{feff}{}", LOOP.replace('\n', "\r\n"));
    let (other, plain) = (parse(&text).unwrap(), parse(LOOP).unwrap());
    assert_eq!(
        (other.stages, other.experiment),
        (plain.stages, plain.experiment)
    );
}

#[test]
fn what_is_trained_is_what_the_settings_are_of() {
    let kind = |model: &str| {
        let loop_of = edit(LOOP, "model: { base: minilm }", &format!("model: {model}"));
        let experiment = parse(&loop_of).unwrap().experiment.unwrap();
        experiment.training.config.tuning.kind()
    };
    assert_eq!(kind("minilm"), TuningKind::Auto);
    assert_eq!(
        kind("{ base: minilm, lora: { rank: 2 } }"),
        TuningKind::Lora
    );
    assert_eq!(kind("{ base: minilm, tune: probe }"), TuningKind::Probe);
    assert_eq!(
        kind("{ base: minilm, auto: { steps: 0 } }"),
        TuningKind::Auto
    );
    // Its adapters compute in bf16, or in what is asked for.
    let of = |train: &str| {
        let text = edit(LOOP, "  start:", &format!("{train}  start:"));
        let config = parse(&text).unwrap().experiment.unwrap().training.config;
        match config.tuning {
            Tuning::Auto(auto) => auto.precision,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(""), Precision::Bf16);
    assert_eq!(of("  train: { precision: f32 }\n"), Precision::F32);
    // A setting of a training is LoRA's.
    let trained = edit(LOOP, "  start:", "  train: { epochs: 2 }\n  start:");
    let experiment = parse(&trained).unwrap().experiment.unwrap();
    assert_eq!(experiment.training.config.tuning.kind(), TuningKind::Lora);
    for (given, told) in [
        (
            "{ base: minilm, tune: probe, auto: { steps: 3 } }",
            "`auto` has no effect without `tune: auto`",
        ),
        (
            "{ base: minilm, tune: head, probe: { strength: 1 } }",
            "`probe` has no effect without `tune: probe or auto`",
        ),
        (
            "{ base: minilm, tune: auto, lora: { rank: 2 } }",
            "`lora` has no effect without `tune: lora`",
        ),
    ] {
        let text = edit(LOOP, "model: { base: minilm }", &format!("model: {given}"));
        let problems = parse(&text).unwrap_err();
        let found = problems.problems()[0].to_string();
        assert!(found.contains(told), "{found}");
    }
}
