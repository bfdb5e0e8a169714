//! Plans: which actions a pipeline has, what they share, and which have to run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use goldpan_artifact::Digest;
use goldpan_pipeline::plan::{ActionId, Choice, Facts, Graph, Ingestion, Plan, Status, Work};
use goldpan_pipeline::spec::{IngestSettings, Pipeline};
use goldpan_pipeline::{Error, StageKind};
use goldpan_store::{Claim, Reuse, Store};
use serde_json::json;

const PIPELINE: &str = "\
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
  model: { base: roberta }
  start: { random: 100 }
  rounds: [50, 25]
  arms:
    random:    { random: {} }
    margin:    { uncertainty: { score: margin } }
    diversity: { diversity: {} }
";

fn graph(overrides: &[&str]) -> Graph {
    let overrides: Vec<_> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Graph::new(&Pipeline::parse("demo.yaml", PIPELINE, &overrides).unwrap())
}

fn facts(graph: &Graph) -> Facts {
    let models = graph.model_names().into_iter();
    let ingestions = graph
        .actions()
        .filter_map(|(id, action)| match action.work() {
            Work::Ingest {
                settings: IngestSettings::Files(config),
            } => Some((
                id,
                Ingestion {
                    config: config.clone(),
                    content: Digest::of(format!("{:?}", config.inputs())),
                },
            )),
            _ => None,
        });
    Facts {
        models: models
            .map(|name| (name.to_owned(), Digest::of(name)))
            .collect(),
        ingestions: ingestions.collect(),
        device: "cpu".to_owned(),
        version: |_| 1,
    }
}

struct Fixture {
    _folder: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    Fixture {
        _folder: folder,
        store,
    }
}

impl Fixture {
    fn plan<'a>(&self, graph: &'a Graph, choice: &Choice) -> Result<Plan<'a>, Error> {
        graph.plan(&self.store, &facts(graph), choice)
    }

    fn shown(&self, graph: &Graph, choice: &Choice) -> String {
        self.plan(graph, choice).unwrap().to_string()
    }

    /// Carries out a plan with results that depend on the key, or, for some, on nothing.
    /// Returns what ran.
    fn run(&self, graph: &Graph, choice: &Choice, constant: &str) -> Vec<String> {
        let facts = facts(graph);
        let plan = self.plan(graph, choice).unwrap();
        let mut wait = || ControlFlow::Continue(());
        let session = self.store.session(&mut wait).unwrap();
        let mut contents: BTreeMap<ActionId, Digest> = BTreeMap::new();
        let mut ran = Vec::new();
        for (id, action) in graph.actions() {
            if *plan.status(id) == Status::LeftOut {
                continue;
            }
            let keyed = graph
                .keyed(id, &facts, |input| contents.get(&input).copied())
                .unwrap();
            let reuse = match plan.must_run(id) {
                true => Reuse::Forbidden,
                false => Reuse::Allowed,
            };
            let record = match session.claim(&keyed, reuse, &mut wait).unwrap() {
                Claim::Found(record) => {
                    session.remember(&keyed).unwrap();
                    record
                }
                Claim::Pending(pending) => {
                    assert!(plan.may_run(id), "{}", action.title());
                    ran.push(action.title());
                    let text = match action.title() == constant {
                        true => action.title(),
                        false => keyed.key().to_string(),
                    };
                    std::fs::write(pending.dir().join("result"), text).unwrap();
                    pending.commit(json!({}), Duration::ZERO).unwrap()
                }
            };
            contents.insert(id, record.object.digest());
        }
        ran
    }
}

fn only(name: &str) -> Choice {
    Choice {
        only: Some(name.to_owned()),
        ..Choice::default()
    }
}

fn from(name: &str) -> Choice {
    Choice {
        from: Some(name.to_owned()),
        ..Choice::default()
    }
}

fn force(name: &str) -> Choice {
    Choice {
        force: vec![name.to_owned()],
        ..Choice::default()
    }
}

#[test]
fn what_a_pipeline_asks_for() {
    let graph = graph(&["seeds=[0]"]);
    let mut text = String::new();
    for (id, action) in graph.actions() {
        let links: Vec<_> = action.links().iter().map(String::as_str).collect();
        writeln!(
            text,
            "{:2} {} ({})",
            id.index(),
            action.title(),
            links.join(", ")
        )
        .unwrap();
        for (role, input) in action.work().inputs() {
            assert!(input < id);
            writeln!(text, "     {role}: {}", graph.action(input).title()).unwrap();
        }
    }
    for model in graph.models() {
        let arm = model.arm.as_ref().map_or("start", |name| name.as_str());
        let train = graph.action(model.train).title();
        writeln!(
            text,
            "{arm} {} {} {}: {train}",
            model.seed, model.round, model.labelled
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_the_arms_share_is_done_once_for_each_seed() {
    let graph = graph(&["seeds=[0, 1, 2]"]);
    let count = |kind| {
        graph
            .actions()
            .filter(|(_, action)| action.kind() == kind)
            .count()
    };
    let (seeds, arms, rounds) = (3, 3, 2);
    assert_eq!(count(StageKind::Ingest), 2);
    assert_eq!(count(StageKind::Embed), 1);
    for kind in [StageKind::Select, StageKind::Label, StageKind::Train] {
        assert_eq!(count(kind), seeds * (1 + arms * rounds), "{kind}");
    }
    assert_eq!(
        count(StageKind::Predict),
        seeds * rounds,
        "only margin looks at predictions"
    );
    let titles: BTreeSet<_> = graph.actions().map(|(_, action)| action.title()).collect();
    assert_eq!(titles.len(), graph.actions().len());
    assert_eq!(graph.models().len(), seeds * (1 + arms * rounds));
}

#[test]
fn seeds_differ_by_round_and_are_the_same_for_all_arms() {
    let graph = graph(&[]);
    let mut seeds: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (_, action) in graph.actions() {
        if let Work::Select { seed, .. } = action.work() {
            let (_, when) = action.name().split_once(' ').unwrap();
            seeds.entry(when).or_default().insert(*seed);
        }
    }
    assert!(seeds.values().all(|seeds| seeds.len() == 1), "{seeds:?}");
    let all: BTreeSet<_> = seeds.values().flatten().collect();
    assert_eq!((seeds.len(), all.len()), (6, 6));
}

#[test]
fn arms_of_the_same_strategy_are_the_same_work() {
    let once = graph(&[]);
    let twice = graph(&["loop.arms.again={ random: {} }"]);
    assert_eq!(once.actions().len(), twice.actions().len());
    assert_eq!(twice.models().len(), once.models().len() + 4);
    let tags: Vec<_> = twice
        .actions()
        .find(|(_, action)| action.title() == "select random round 1 seed 0")
        .map(|(_, action)| action.tags().iter().cloned().collect())
        .unwrap();
    assert_eq!(tags, ["again", "random"]);
}

#[test]
fn a_first_run_does_everything_and_a_second_nothing() {
    let fixture = fixture();
    let graph = graph(&["seeds=[0]", "loop.rounds=[50]"]);
    insta::assert_snapshot!(fixture.shown(&graph, &Choice::default()));
    let ran = fixture.run(&graph, &Choice::default(), "");
    assert_eq!(ran.len(), graph.actions().len());
    let plan = fixture.plan(&graph, &Choice::default()).unwrap();
    assert!(plan.is_done(), "{plan}");
    assert!(fixture.run(&graph, &Choice::default(), "").is_empty());
}

#[test]
fn a_change_runs_what_depends_on_it_and_says_why() {
    let fixture = fixture();
    fixture.run(&graph(&["seeds=[0]"]), &Choice::default(), "");
    let changed = graph(&[
        "seeds=[0]",
        "loop.rounds.1=30",
        "loop.train.learning_rate=1e-3",
        "stages.vectors.embed.max_length=64",
    ]);
    insta::assert_snapshot!(fixture.shown(&changed, &Choice::default()));
}

#[test]
fn a_change_that_makes_the_same_costs_nothing_downstream() {
    let fixture = fixture();
    fixture.run(&graph(&[]), &Choice::default(), "embed vectors");
    let changed = graph(&["stages.vectors.embed.max_length=64"]);
    let ran = fixture.run(&changed, &Choice::default(), "embed vectors");
    assert_eq!(ran, ["embed vectors"]);
}

#[test]
fn one_more_seed_or_round_or_arm_keeps_the_others() {
    let fixture = fixture();
    fixture.run(
        &graph(&["seeds=[0]", "loop.rounds=[50]"]),
        &Choice::default(),
        "",
    );
    let more = graph(&["loop.rounds=[50]"]);
    let ran = fixture.run(&more, &Choice::default(), "");
    assert!(ran.iter().all(|title| title.ends_with("seed 1")), "{ran:?}");
    let more = graph(&[
        "loop.arms.entropy={ uncertainty: { score: entropy } }",
        "loop.rounds=[50]",
    ]);
    let ran = fixture.run(&more, &Choice::default(), "");
    assert!(ran.iter().all(|title| title.contains("entropy")), "{ran:?}");
    let ran = fixture.run(&graph(&[]), &Choice::default(), "");
    let second = |title: &String| title.contains("round 2") || title.starts_with("predict margin");
    assert!(ran.iter().all(second), "{ran:?}");
}

#[test]
fn only_runs_one_stage_anew_on_what_is_cached() {
    let fixture = fixture();
    let graph = graph(&["seeds=[0]"]);
    let error = fixture.plan(&graph, &only("select")).unwrap_err();
    assert!(
        matches!(&error, Error::NotCached { action } if action == "ingest pool"),
        "{error}"
    );
    fixture.run(&graph, &Choice::default(), "");
    insta::assert_snapshot!(fixture.shown(&graph, &only("select")));
    let ran = fixture.run(&graph, &only("select"), "");
    assert_eq!(ran.len(), 7);
    assert!(
        ran.iter().all(|title| title.starts_with("select ")),
        "{ran:?}"
    );
    assert_eq!(fixture.run(&graph, &only("vectors"), ""), ["embed vectors"]);
}

#[test]
fn from_runs_a_stage_anew_and_then_what_its_result_changes() {
    let fixture = fixture();
    let graph = graph(&["seeds=[0]"]);
    fixture.run(&graph, &Choice::default(), "");
    assert_eq!(fixture.run(&graph, &from("vectors"), ""), ["embed vectors"]);
    let ran = fixture.run(&graph, &from("diversity"), "");
    assert_eq!(ran.len(), 6);
    assert!(
        ran.iter().all(|title| title.contains("diversity")),
        "{ran:?}"
    );

    let changed = self::graph(&["seeds=[0]", "stages.vectors.embed.max_length=64"]);
    let error = fixture.plan(&changed, &from("select")).unwrap_err();
    assert!(
        matches!(&error, Error::NotCached { action } if action == "embed vectors"),
        "{error}"
    );
    let ran = fixture.run(&changed, &from("vectors"), "");
    assert_eq!(ran.len(), 1 + 6, "{ran:?}");
}

#[test]
fn force_runs_a_stage_anew_in_a_whole_run() {
    let fixture = fixture();
    let graph = graph(&["seeds=[0]"]);
    fixture.run(&graph, &Choice::default(), "");
    assert_eq!(
        fixture.run(&graph, &force("validation"), ""),
        ["ingest validation"]
    );
    let started = fixture.run(&graph, &force("start"), "");
    let wanted = ["select", "label", "train", "predict"].map(|kind| format!("{kind} start seed 0"));
    assert_eq!(BTreeSet::from_iter(started), BTreeSet::from(wanted));
}

#[test]
fn a_name_that_chooses_nothing() {
    let fixture = fixture();
    let graph = graph(&[]);
    for choice in [only("selct"), from("vector"), force("nothing-like-it")] {
        let error = fixture.plan(&graph, &choice).unwrap_err();
        assert!(matches!(error, Error::UnknownStage(_)));
    }
    insta::assert_snapshot!(fixture.plan(&graph, &only("selct")).unwrap_err());
}

#[test]
fn keys_depend_on_weights_device_and_version_where_they_matter() {
    let graph = graph(&[]);
    let known = |_| Some(Digest::of("input"));
    let keys = |facts: &Facts| -> Vec<_> {
        let ids = graph.actions().map(|(id, _)| id);
        ids.map(|id| graph.keyed(id, facts, known).unwrap().key())
            .collect()
    };
    let before = facts(&graph);
    let changed = |change: &dyn Fn(&mut Facts)| -> BTreeSet<StageKind> {
        let mut after = before.clone();
        change(&mut after);
        let pairs = keys(&before).into_iter().zip(keys(&after));
        let differ = pairs.zip(graph.actions()).filter(|((a, b), _)| a != b);
        differ.map(|(_, (_, action))| action.kind()).collect()
    };
    use StageKind::{Embed, Ingest, Predict, Select, Train};
    assert_eq!(
        changed(&|facts| facts.device = "cuda".into()),
        [Embed, Train, Predict].into()
    );
    let bump = |kind| if kind == Select { 2 } else { 1 };
    assert_eq!(changed(&|facts| facts.version = bump), [Select].into());
    let weights = |name: &'static str| {
        move |facts: &mut Facts| {
            facts.models.insert(name.to_owned(), Digest::of("other"));
        }
    };
    assert_eq!(changed(&weights("minilm")), [Embed].into());
    assert_eq!(changed(&weights("roberta")), [Train].into());
    let content = |facts: &mut Facts| {
        for ingestion in facts.ingestions.values_mut() {
            ingestion.content = Digest::of("other");
        }
    };
    assert_eq!(changed(&content), [Ingest].into());
    let mut unknown = before.clone();
    unknown.models.clear();
    let fixture = fixture();
    let error = graph.plan(&fixture.store, &unknown, &Choice::default());
    assert!(error.is_ok(), "the embedding waits for the texts");
    fixture.run(&graph, &Choice::default(), "");
    let error = graph
        .plan(&fixture.store, &unknown, &Choice::default())
        .unwrap_err();
    assert!(matches!(&error, Error::UnknownFacts { action } if action == "embed vectors"));
}
