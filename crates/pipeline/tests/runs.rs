//! Small pipelines, run: what is found out before any work, what is told of it, and what a run that ends
//! early leaves.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use goldpan_artifact::{Labels, Silent};
use goldpan_model::DeviceChoice;
use goldpan_pipeline::plan::Scope;
use goldpan_pipeline::spec::Pipeline;
use goldpan_pipeline::{Error, Outcome, Preview, RunOptions, preview, run};
use goldpan_sources::Places;
use goldpan_store::{Collect, Store};
use tempfile::TempDir;

const PIPELINE: &str = "\
name: small
stages:
  pool:       { ingest: { input: pool.csv } }
  validation: { ingest: { input: dev.csv } }
loop:
  pool: pool
  validation: validation
  labels: oracle
  model: { base: MODEL, tune: head }
  train: { epochs: 1, batch_size: 16, learning_rate: 1e-3 }
  start: { random: 20 }
  rounds: [10, 10]
  arms:
    random: random
    margin: margin
";

struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// A pool of 60 texts and 12 others to validate on, of two classes.
    fn new() -> Self {
        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fixture.write("pool.csv", &rows("film", 60, &["neg", "pos"]));
        fixture.write("dev.csv", &rows("play", 12, &["neg", "pos"]));
        fixture.write("small.yaml", &pipeline());
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("store/runs/small").join(name)).unwrap()
    }

    fn options(&self, force: Option<&str>) -> RunOptions {
        RunOptions {
            store: self.path("store"),
            scope: Scope::All,
            force: force.map(str::to_owned),
            device: DeviceChoice::Cpu,
            memory_limit: None,
            trainings: None,
        }
    }

    fn load(&self, file: &str, set: &[&str]) -> Result<Pipeline, Error> {
        let set: Vec<String> = set.iter().map(|&set| set.to_owned()).collect();
        Pipeline::load(&self.path(file), &set)
    }

    fn places(&self) -> Places {
        Places::with_cache(self.path("cache")).unwrap()
    }

    fn run(&self, set: &[&str]) -> Result<Outcome, Error> {
        self.run_file("small.yaml", set, None)
    }

    fn run_file(&self, file: &str, set: &[&str], force: Option<&str>) -> Result<Outcome, Error> {
        let pipeline = self.load(file, set)?;
        run(&pipeline, &self.options(force), &self.places(), &Silent)
    }

    fn preview(&self, set: &[&str]) -> Result<Preview, Error> {
        let pipeline = self.load("small.yaml", set)?;
        preview(&pipeline, &self.options(None), &self.places(), &Silent)
    }

    /// What both a preview and a run refuse, with nothing but files read.
    fn refused(&self, set: &[&str]) -> String {
        let before = self.preview(set).unwrap_err();
        assert!(!self.path("store").exists(), "a preview wrote something");
        let error = self.run(set).unwrap_err();
        let (told, again) = (self.told(&error), self.told(&before));
        assert_eq!(told, again);
        let records = Store::open(self.path("store")).unwrap().records().unwrap();
        assert!(
            records.iter().all(|record| record.kind == "ingest"),
            "{records:?}"
        );
        // What the file alone shows is refused before there is a store.
        let _ = fs::remove_dir_all(self.path("store"));
        told
    }

    /// The error with its causes, and without the folder of the test.
    fn told(&self, error: &Error) -> String {
        let mut told = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            told += &format!("\n  because: {error}");
            cause = error.source();
        }
        assert!(!told.contains("objects/"), "{told}");
        let folder = self.folder.path().to_string_lossy().into_owned();
        told.replace(&format!("{folder}/"), "")
    }
}

fn model() -> PathBuf {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures");
    model.join("tiny-bert-5-classes").canonicalize().unwrap()
}

fn pipeline() -> String {
    PIPELINE.replace("MODEL", &model().to_string_lossy())
}

fn rows(about: &str, count: usize, labels: &[&str]) -> String {
    let mut csv = String::from("text,label,length_class\n");
    for row in 0..count {
        let label = labels[row % labels.len()];
        let size = if row % 2 == 0 { "short" } else { "long" };
        csv += &format!("a {about} number {row} that is {label},{label},{size}\n");
    }
    csv
}

#[test]
fn what_the_texts_cannot_give_is_refused_before_any_work() {
    let fixture = Fixture::new();
    let refused = |set: &[&str], parts: &[&str]| {
        let told = fixture.refused(set);
        for part in parts {
            assert!(told.contains(part), "{part:?} is not in:\n{told}");
        }
    };
    refused(
        &["loop.rounds=[20, 10, 20]"],
        &[
            "loop.rounds.2: the start and rounds 1 to 3 ask for 70 texts, and `pool` has 60",
            "write `rest`",
        ],
    );
    refused(
        &["loop.start.random=61"],
        &["loop.start: the start asks for 61 texts, and `pool` has 60"],
    );
    refused(
        &["loop.rounds=[rest, 1]"],
        &["loop.rounds.1: the start and rounds 1 to 2 ask for 61 texts, and `pool` has 60"],
    );
    let long = "loop.arms={long: {random: {}, where: 'length_class = long'}}";
    let kept = "stages.pool.ingest.metadata_columns=[length_class]";
    refused(&[long], &["loop.arms.long", "length_class"]);
    refused(
        &[long, kept, "loop.rounds=[20, 11]"],
        &[
            "loop.rounds.1: rounds 1 to 2 of long ask for 31 texts, and `pool` has 30 that random where",
        ],
    );
    refused(
        &["loop.arms={none: {random: {}, where: 'length > 1000'}}"],
        &[
            "loop.arms.none: random where length > 1000 lets none of the 60 texts of `pool` be picked",
        ],
    );
    refused(
        &["loop.arms={random: {random: {}, balance: {positive: 1, neg: 1}}}"],
        &["loop.arms.random.balance: `pool` has no class `positive`"],
    );
    refused(
        &["loop.train.class_weights=[1, 2, 3]"],
        &["loop.train.class_weights: 3 class weights are given, and `pool` has 2 classes"],
    );
    fixture.write("dev.csv", &rows("play", 12, &["neg", "neutral", "pos"]));
    refused(
        &[],
        &[
            "stages.validation: `validation` has the class `neutral`, which `pool` lacks",
            "give both stages `classes: [neg, pos, neutral]`",
        ],
    );
    fixture.write("dev.csv", &rows("play", 12, &["neg"]));
    refused(
        &[],
        &["stages.validation: `pool` has the class `pos`, which `validation` lacks"],
    );
    fixture.write("pool.csv", &rows("film", 60, &["neg"]));
    refused(
        &[],
        &["stages.pool: `pool` has one class, `neg`, and a classifier tells two or more apart"],
    );
}

#[test]
fn labels_that_are_needed_and_missing_are_told_before_any_work() {
    let fixture = Fixture::new();
    let unlabelled = |about: &str, count: usize| {
        let rows = rows(about, count, &["neg", "pos", "pos", ""]);
        rows.replace("that is ,", "of nothing,")
    };
    fixture.write("dev.csv", &unlabelled("play", 12));
    let told = fixture.refused(&[]);
    let part = "3 of 12 texts of `validation` have no label (the first is text 3), and models are measured";
    assert!(told.contains(part), "{told}");
    fixture.write("dev.csv", &rows("play", 12, &["neg", "pos"]));
    fixture.write("pool.csv", &unlabelled("film", 60));
    let told = fixture.refused(&[]);
    let part =
        "15 of 60 texts of `pool` have no label (the first is text 3), and `labels: oracle` takes";
    assert!(told.contains(part), "{told}");
}

#[test]
fn what_may_still_be_had_is_not_refused() {
    let fixture = Fixture::new();
    for set in [
        &["loop.rounds=[20, 20]"][..],
        &["loop.rounds=[20, rest]"],
        &["loop.rounds=[20, 10, 20]", "loop.stop.labels=50"],
        &["loop.rounds=[{share: 1.0}]"],
    ] {
        fixture.preview(set).unwrap();
    }
    // Texts without a label that nothing may pick need none.
    fixture.write("pool.csv", &rows("film", 60, &["neg", "", "pos", ""]));
    let short = "{random: {}, where: 'length_class = short'}";
    let (start, arms) = (
        format!("loop.start={{select: {{count: 10, strategy: {short}}}}}"),
        format!("loop.arms={{random: {short}}}"),
    );
    let kept = "stages.pool.ingest.metadata_columns=[length_class]";
    fixture.preview(&[&start, &arms, kept]).unwrap();
    assert!(fixture.preview(&[&arms, kept]).is_err());
}

#[test]
fn the_rest_is_a_round() {
    let fixture = Fixture::new();
    let outcome = fixture.run(&["loop.rounds=[10, rest]"]).unwrap();
    let last = outcome.models.iter().filter(|model| model.round == 2);
    let labelled: Vec<u64> = last.map(|model| model.labelled).collect();
    assert_eq!(labelled, [60, 60]);
}

#[test]
fn an_arm_that_runs_out_ends_and_the_run_has_its_report() {
    let fixture = Fixture::new();
    let set = [
        "loop.rounds=[10, 10, 10]",
        "stages.pool.ingest.metadata_columns=[length_class]",
        "loop.arms={random: random, long: {random: {}, where: 'length_class = long'}, margin: margin}",
    ];
    let outcome = fixture.run(&set).unwrap();
    let rounds = |outcome: &Outcome, arm: &str| {
        outcome
            .models
            .iter()
            .filter(|model| model.arm == arm)
            .count()
    };
    let all = ["random", "long", "margin"].map(|arm| rounds(&outcome, arm));
    assert_eq!(all, [3, 1, 3]);
    let [stop] = &outcome.stops[..] else {
        panic!("{:?}", outcome.stops);
    };
    assert!(stop.ran_out());
    let told = stop.to_string();
    assert!(
        told.starts_with("seed 0: long ended after round 1: "),
        "{told}"
    );
    assert!(told.ends_with(" of 10 texts left"), "{told}");
    let ended: Vec<&str> = outcome
        .models
        .iter()
        .filter(|model| model.stopped)
        .map(|model| model.arm.as_str())
        .collect();
    assert_eq!(ended, ["long"]);

    for report in ["report.md", "report.html"] {
        let report = fixture.read(report);
        assert!(report.contains("texts left"), "{report}");
    }
    let contents = fixture.read("run.json");
    assert!(
        contents.contains("\"stopped\": \"after round 1: "),
        "{contents}"
    );
    assert!(!fixture.path("store/runs/small/unfinished.txt").exists());
    assert!(!fixture.path("store/runs/small/seed0/long/round2").exists());

    let again = fixture.run(&set).unwrap();
    assert_eq!((again.ran, again.stops), (0, outcome.stops));
    assert_eq!(again.models.len(), outcome.models.len());
}

#[test]
fn a_run_that_fails_reports_what_is_there_and_names_the_stage() {
    let fixture = Fixture::new();
    fixture.run(&[]).unwrap();
    let damaged = fixture.path("store/runs/small/seed0/margin/round1/predict/predictions.arrow");
    let mut bytes = fs::read(&damaged).unwrap();
    let end = bytes.len() - 8;
    bytes[..8].fill(0xff);
    bytes[end..].fill(0xff);
    let damaged = damaged.canonicalize().unwrap();
    fs::remove_file(&damaged).unwrap();
    fs::write(&damaged, bytes).unwrap();

    let force = Some("seed0/margin/round2/select");
    let error = fixture.run_file("small.yaml", &[], force).unwrap_err();
    let told = fixture.told(&error);
    assert!(
        told.starts_with(
            "seed0/margin/round2/select failed\n  because: `seed0/margin/round1/predict` "
        ),
        "{told}"
    );
    let report = fixture.read("report.md");
    assert!(report.contains("The run is unfinished"), "{report}");
    assert!(
        report.contains("seed0/margin/round2/select failed"),
        "{report}"
    );
    assert!(fixture.read("results.csv").contains("\nrandom,0,2,40,"));
    let why = fixture.read("unfinished.txt");
    assert!(
        why.starts_with("seed0/margin/round2/select failed: "),
        "{why}"
    );
    assert!(fixture.path("store/runs/small/run.json").exists());

    fixture
        .run_file("small.yaml", &[], Some("seed0/margin/round1/predict"))
        .unwrap();
    assert!(!fixture.path("store/runs/small/unfinished.txt").exists());
    assert!(!fixture.read("report.md").contains("unfinished"));
}

#[test]
fn shared_texts_are_reported_and_can_be_left_out_of_the_pool() {
    let fixture = Fixture::new();
    let (pool, dev) = (
        rows("film", 60, &["neg", "pos"]),
        rows("film", 10, &["neg", "pos"]),
    );
    fixture.write("pool.csv", &pool);
    fixture.write("dev.csv", &dev);
    let rest = "loop.rounds=[rest]";
    fixture.run(&[rest]).unwrap();
    let report = fixture.read("report.md").replace('\\', "");
    assert!(
        report.contains("all 10 texts of `validation` are in `pool` too: what is labelled of them"),
        "{report}"
    );
    assert!(
        fixture
            .read("report.html")
            .contains("Texts that are shared")
    );

    let without = "loop.exclude_shared=true";
    let outcome = fixture.run(&[rest, without]).unwrap();
    let last = outcome
        .models
        .iter()
        .find(|model| model.round == 1)
        .unwrap();
    assert_eq!(last.labelled, 50);
    let labels = fixture.path("store/runs/small/seed0/random/round1/label/labels.arrow");
    let labels = Labels::open(labels).unwrap();
    assert!((0..labels.len()).all(|row| labels.id(row) >= 10));
    let report = fixture.read("report.md").replace('\\', "");
    assert!(report.contains("they are left out of the pool"), "{report}");
    let refused = fixture
        .preview(&["loop.rounds=[31]", without])
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains(
            "ask for 51 texts, and `pool`, without 10 that validation or test have too, has 50"
        ),
        "{refused}"
    );
}

#[test]
fn rounds_and_pools_with_nothing_left_are_called_so() {
    let fixture = Fixture::new();
    fixture.write("pool.csv", &rows("film", 60, &["neg", "pos"]));
    let refused = |set: &[&str]| fixture.preview(set).unwrap_err().to_string();
    let told = refused(&["loop.rounds=[40, rest]"]);
    assert!(
        told.contains(
            "round 2 takes what is left of `pool`, and the rounds before it take all of its 60"
        ),
        "{told}"
    );
    assert!(!told.contains("61"), "{told}");
    fixture.write("dev.csv", &rows("film", 60, &["neg", "pos"]));
    let told = refused(&["loop.exclude_shared=true"]);
    assert!(
        told.contains(
            "validation or test have all 60 texts of `pool`, and `exclude_shared` leaves these out"
        ),
        "{told}"
    );
}

#[test]
fn classes_that_no_question_names_are_told_before_any_work() {
    let fixture = Fixture::new();
    let model = model();
    let guess = format!(
        "stages.guess={{predict: {{texts: validation, model: {}, zero_shot: {{classes: {{neg: bad, good: fine}}}}}}}}",
        model.display()
    );
    let told = fixture.refused(&[&guess]);
    assert!(
        told.contains("`validation` has a class `pos`, which `guess` does not ask for"),
        "{told}"
    );
}

#[test]
fn classes_without_texts_on_one_side_are_told() {
    let fixture = Fixture::new();
    fixture.write("pool.csv", &rows("film", 60, &["neg", "pos"]));
    fixture.write("dev.csv", &rows("play", 10, &["neg", "odd"]));
    let classes = "[neg, pos, odd]";
    let set =
        ["pool", "validation"].map(|stage| format!("stages.{stage}.ingest.classes={classes}"));
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let (previewed, warnings) = goldpan_tests::warned(|| fixture.preview(&set));
    previewed.unwrap();
    for told in [
        "`validation` has no text of the class `pos`, of which `pool` has some: models are not measured by it",
        "`pool` has no text of the class `odd`, of which `validation` has some: no model can learn it",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.message == told),
            "{warnings:?}"
        );
    }
}

#[test]
fn copies_among_the_picks_are_reported_and_can_be_passed_over() {
    let fixture = Fixture::new();
    let half = rows("film", 30, &["neg", "pos"]);
    let lines = half.lines().skip(1).collect::<Vec<_>>().join("\n");
    fixture.write("pool.csv", &format!("{half}{lines}\n"));
    fixture.run(&["loop.rounds=[rest]"]).unwrap();
    let report = fixture.read("report.md").replace('\\', "");
    let told = " of 40 picks have the very text of another pick or of a labelled text";
    assert!(report.contains(told), "{report}");
    let outcome = fixture
        .run(&[
            "loop.start={select: {count: 20, strategy: {random: {}, skip_copies: true}}}",
            "loop.rounds=[rest]",
            "loop.arms={random: {random: {}, skip_copies: true}}",
        ])
        .unwrap();
    assert_eq!(outcome.models.last().unwrap().labelled, 30);
    assert!(!fixture.read("report.md").contains("very text"));
}

#[test]
fn what_another_pipeline_of_the_name_made_is_kept() {
    let fixture = Fixture::new();
    fixture.run(&[]).unwrap();
    let other = pipeline().replace("random: 20", "random: 21");
    fixture.write("second.yaml", &other);
    fixture.run_file("second.yaml", &[], None).unwrap();
    assert!(fixture.read("made-by.json").contains("second.yaml"));
    let store = Store::open(fixture.path("store")).unwrap();
    let report = store.gc(Collect::default()).unwrap();
    let superseded = &report.superseded["small"];
    assert!(
        superseded.contains("seed0/margin/round2/train"),
        "{superseded:?}"
    );
    assert_eq!(report.objects, 0);
    assert_eq!(fixture.run(&[]).unwrap().ran, 0);
}

#[test]
fn relative_paths_start_from_the_pipeline_file() {
    let fixture = Fixture::new();
    fixture.write(
        "deep/er/p.yaml",
        &pipeline().replace("input: pool.csv", "input: ../pool.csv"),
    );
    fixture.write("deep/pool.csv", &rows("film", 60, &["neg", "pos"]));
    fixture.write("deep/er/dev.csv", &rows("play", 12, &["neg", "pos"]));
    let set = ["loop.rounds=[5]"];
    fixture.run_file("deep/er/p.yaml", &set, None).unwrap();
    // As a value of the file, whatever the folder that the command is given in.
    let set = ["stages.pool.ingest.input=none.csv"];
    let error = fixture.run_file("deep/er/p.yaml", &set, None).unwrap_err();
    assert!(fixture.told(&error).contains("deep/er/none.csv"), "{error}");
    let here = |input: &str| {
        let set = format!("stages.pool.ingest.input={input}");
        fixture.load("small.yaml", &[&set]).unwrap_err().to_string()
    };
    for shell in ["~/pool.csv", "$HOME/pool.csv"] {
        let told = here(shell);
        assert!(told.contains("are not completed here"), "{told}");
    }
    // This crate's own file, where tests run.
    let told = here("Cargo.toml");
    assert!(told.contains("`Cargo.toml` is not in "), "{told}");
}

#[test]
fn a_model_folder_that_is_not_there_is_found_out_in_a_preview() {
    let fixture = Fixture::new();
    let error = fixture.preview(&["loop.model.base=./nowhere"]).unwrap_err();
    assert!(fixture.told(&error).contains("nowhere"), "{error}");
    assert!(matches!(error, Error::Sources(_)), "{error:?}");
    // A name that may have to be fetched is none.
    fixture
        .preview(&["loop.model.base=someone/some-model"])
        .unwrap();
}
