//! The graph of work that a pipeline asks for, and the parts of it that options pick.

use goldpan_pipeline::plan::{Graph, Role, Scope, Work};
use goldpan_pipeline::spec::Pipeline;

const PIPELINE: &str = "
name: small
seeds: [0, 7]
stages:
  pool:       { ingest: { dataset: movie-snippets, split: train } }
  validation: { ingest: { dataset: movie-snippets, split: validation } }
  vectors:    { embed: { texts: pool, model: sentence-transformers/all-MiniLM-L6-v2 } }
loop:
  pool: pool
  validation: validation
  embeddings: vectors
  labels: oracle
  model: { base: sentence-transformers/all-MiniLM-L6-v2, lora: { rank: 8, alpha: 16, targets: [query] } }
  train: { epochs: 1, batch_size: 16, learning_rate: 1e-3 }
  start: { random: 50 }
  rounds: [20, 10]
  arms:
    random: { random: {} }
    margin: { uncertainty: { score: margin } }
    both: { product: [ { diversity: {} }, { uncertainty: { score: margin } } ] }
";

fn graph() -> Graph {
    Graph::of(&Pipeline::parse("small.yaml", PIPELINE, &[]).unwrap())
}

/// Each node with what it reads.
fn lines(graph: &Graph) -> String {
    let lines = graph.nodes.iter().map(|node| {
        let inputs = node.work.inputs();
        let inputs: Vec<String> = inputs
            .iter()
            .map(|&(role, input)| format!("{role}: {}", graph.nodes[input].name))
            .collect();
        format!(
            "{} {} <- {}",
            node.work.kind(),
            node.name,
            inputs.join(", ")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn named(graph: &Graph, roles: &[Role], role: Role) -> Vec<String> {
    let nodes = graph.nodes.iter().zip(roles);
    nodes
        .filter(|(_, its)| **its == role)
        .map(|(node, _)| node.name.clone())
        .collect()
}

#[test]
fn the_loop_is_unrolled_over_seeds_arms_and_rounds() {
    insta::assert_snapshot!(lines(&graph()));
}

#[test]
fn every_model_is_measured_on_the_test_texts() {
    let test = "  test: { ingest: { input: test.csv } }\nloop:\n  test: test\n";
    let pipeline = PIPELINE.replace("loop:\n", test);
    let graph = Graph::of(&Pipeline::parse("small.yaml", &pipeline, &[]).unwrap());
    for model in &graph.trained {
        let Work::Evaluate { predictions, texts } = graph.nodes[model.test.unwrap()].work else {
            panic!("{model:?}");
        };
        assert_eq!(graph.nodes[texts].name, "test");
        let inputs = graph.nodes[predictions].work.inputs();
        assert_eq!(inputs, [("texts", texts), ("model", model.node)]);
    }
    // The pool's predictions, which arms look at, are as they were.
    let before = |graph: &Graph| {
        let names = graph.nodes.iter().map(|node| node.name.clone());
        names
            .filter(|name| !name.contains("test"))
            .collect::<Vec<_>>()
    };
    assert_eq!(before(&graph), before(&self::graph()));
}

/// [`PIPELINE`] with a start by zero-shot predictions, and a zero-shot baseline.
fn cold() -> String {
    let stages = "  guesses: { predict: { texts: pool, model: minilm, zero_shot: ZERO } }\n  \
                  baseline: { predict: { texts: validation, model: minilm, zero_shot: ZERO } }\nloop:\n";
    let classes = "{ classes: { negative: bad, positive: good } }";
    let start = "start: { select: { count: 50, predictions: guesses, strategy: { product: [ { \
                 diversity: {} }, { uncertainty: { score: margin } } ] } } }\n  zero_shot: baseline";
    PIPELINE
        .replace("loop:\n", &stages.replace("ZERO", classes))
        .replace("start: { random: 50 }", start)
}

#[test]
fn a_start_and_a_baseline_without_training() {
    let graph = Graph::of(&Pipeline::parse("cold.yaml", &cold(), &[]).unwrap());
    let lines = lines(&graph);
    let lines: Vec<&str> = lines.lines().collect();
    let start = lines
        .iter()
        .position(|line| line.contains("seed0/random/"))
        .unwrap();
    insta::assert_snapshot!(lines[..start].join("\n"));

    let baseline = graph.zero_shot.unwrap();
    let name = |node: usize| graph.nodes[node].name.as_str();
    assert_eq!(name(baseline.predictions), "baseline");
    assert_eq!(name(baseline.evaluation), "start/zero-shot/evaluate");
    let measured = |work: &Work| matches!(work, Work::Evaluate { .. });
    let count = graph
        .nodes
        .iter()
        .filter(|node| measured(&node.work))
        .count();
    assert_eq!(count, 1, "once for all seeds");
    let roles = Scope::From("guesses".to_owned()).roles(&graph).unwrap();
    let run = named(&graph, &roles, Role::Run);
    assert!(run.contains(&"seed7/both/round2/train".to_owned()));
    assert!(!run.contains(&"baseline".to_owned()));
}

/// The graph of [`PIPELINE`] with stopping rules.
fn stopping(rules: &str) -> Graph {
    let set = format!("loop.stop={rules}");
    Graph::of(&Pipeline::parse("small.yaml", PIPELINE, &[set]).unwrap())
}

#[test]
fn rules_are_asked_after_each_round_but_the_last() {
    let graph = stopping("{ target_accuracy: 0.9 }");
    let name = |node: usize| graph.nodes[node].name.as_str();
    let told: Vec<String> = graph
        .checks
        .iter()
        .map(|check| {
            let before = check.before.map(|before| name(graph.checks[before].model));
            let before = before.unwrap_or("nothing");
            format!("{} after {before}", name(check.model))
        })
        .filter(|check| check.starts_with("seed7"))
        .collect();
    assert_eq!(
        told,
        [
            "seed7/start/train after nothing",
            "seed7/random/round1/train after seed7/start/train",
            "seed7/margin/round1/train after seed7/start/train",
            "seed7/both/round1/train after seed7/start/train",
        ]
    );
    // The same work as without rules: no key depends on them.
    assert_eq!(lines(&graph), lines(&self::graph()));
    assert!(self::graph().checks.is_empty());
}

#[test]
fn what_comes_after_a_check_is_stopped_by_it() {
    let graph = stopping("{ kappa: 0.99 }");
    let after = |name: &str| {
        let node = graph.nodes.iter().find(|node| node.name == name).unwrap();
        let check = node.check?;
        Some(graph.nodes[graph.checks[check].model].name.as_str())
    };
    assert_eq!(after("pool"), None);
    assert_eq!(after("seed7/start/train"), None);
    assert_eq!(after("seed7/start/validation/predict"), None);
    // Predictions of the pool are of use to a next round alone.
    assert_eq!(after("seed7/start/predict"), Some("seed7/start/train"));
    assert_eq!(
        after("seed7/margin/round1/select"),
        Some("seed7/start/train")
    );
    let own = "seed7/margin/round1/validation/predict";
    assert_eq!(after(own), Some("seed7/start/train"));
    let first = Some("seed7/margin/round1/train");
    assert_eq!(after("seed7/margin/round1/predict"), first);
    assert_eq!(after("seed7/margin/round2/train"), first);
    // The last model is compared with nothing.
    let last = "seed7/margin/round2/validation/predict";
    assert!(graph.nodes.iter().all(|node| node.name != last));
    for (index, node) in graph.nodes.iter().enumerate() {
        if let Some(check) = node.check {
            let check = &graph.checks[check];
            assert!(check.model < index && check.validated.unwrap() < index);
        }
    }
}

#[test]
fn every_node_comes_after_what_it_reads() {
    for (index, node) in graph().nodes.iter().enumerate() {
        assert!(
            node.work.inputs().iter().all(|&(_, input)| input < index),
            "{}",
            node.name
        );
    }
}

#[test]
fn arms_share_the_start_and_its_predictions() {
    let graph = graph();
    let count = |f: fn(&Work) -> bool| graph.nodes.iter().filter(|node| f(&node.work)).count();
    // For each seed: the start, and three arms of two rounds.
    assert_eq!(
        count(|work| matches!(work, Work::Train { .. })),
        2 * (1 + 3 * 2)
    );
    // For each seed: by the start's model for both arms that ask, then by each arm's own.
    assert_eq!(
        count(|work| matches!(work, Work::Predict { .. })),
        2 * (1 + 2)
    );
    assert_eq!(graph.trained.len(), 2 * (1 + 3 * 2));
}

/// The pool's vectors are the stage's, as it makes them; those of validation and test are made once for all.
#[test]
fn probes_share_their_vectors() {
    let pipeline = PIPELINE
        .replace(
            "lora: { rank: 8, alpha: 16, targets: [query] }",
            "tune: probe",
        )
        .replace(
            "  train: { epochs: 1, batch_size: 16, learning_rate: 1e-3 }\n",
            "",
        )
        .replace(
            "MiniLM-L6-v2 } }\nloop",
            "MiniLM-L6-v2, max_length: 64 } }\nloop",
        )
        .replace(
            "validation: validation\n  embeddings",
            "validation: validation\n  test: held\n  embeddings",
        )
        .replace(
            "  vectors:",
            "  held:       { ingest: { input: held.csv } }\n  vectors:",
        );
    let graph = Graph::of(&Pipeline::parse("small.yaml", &pipeline, &[]).unwrap());
    let embeds = graph.nodes.iter().filter_map(|node| match &node.work {
        Work::Embed { encoding, .. } => Some((node.name.as_str(), encoding.max_length)),
        _ => None,
    });
    let length = std::num::NonZeroUsize::new(64);
    let expected = ["vectors", "validation/embed", "held/embed"].map(|name| (name, length));
    assert_eq!(embeds.collect::<Vec<_>>(), expected);
    let of = |name: &str| {
        let node = graph.nodes.iter().find(|node| node.name == name).unwrap();
        let inputs = node.work.inputs().into_iter();
        let inputs = inputs.filter(|(role, _)| role.ends_with("vectors"));
        inputs
            .map(|(_, input)| graph.nodes[input].name.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("seed7/margin/round2/train"),
        ["vectors", "validation/embed"]
    );
    assert_eq!(of("seed7/margin/round1/predict"), ["vectors"]);
    assert_eq!(of("seed0/both/round1/test/predict"), ["held/embed"]);
}

#[test]
fn names_are_unique() {
    let graph = graph();
    let mut names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), graph.nodes.len());
}

#[test]
fn only_takes_a_stage_and_reuses_what_it_reads() {
    let graph = graph();
    let roles = Scope::Only("vectors".to_owned()).roles(&graph).unwrap();
    assert_eq!(named(&graph, &roles, Role::Run), ["vectors"]);
    assert_eq!(named(&graph, &roles, Role::Reuse), ["pool"]);
    let roles = Scope::Only("select".to_owned()).roles(&graph).unwrap();
    assert!(
        named(&graph, &roles, Role::Run)
            .iter()
            .all(|name| name.ends_with("/select"))
    );
}

#[test]
fn from_takes_a_stage_and_all_that_depend_on_it() {
    let graph = graph();
    let roles = Scope::From("vectors".to_owned()).roles(&graph).unwrap();
    let run = named(&graph, &roles, Role::Run);
    assert!(run.contains(&"seed7/both/round2/train".to_owned()));
    assert!(!run.iter().any(|name| name.contains("start")));
    assert!(named(&graph, &roles, Role::Reuse).contains(&"seed0/start/train".to_owned()));
}

#[test]
fn an_unknown_stage_is_an_error_with_the_nearest_first() {
    let error = Scope::Only("vector".to_owned())
        .roles(&graph())
        .unwrap_err();
    assert_eq!(error.known[0], "vectors");
    assert!(
        error
            .to_string()
            .starts_with("the pipeline has no stage \"vector\"; it has vectors, ")
    );
}

#[test]
fn a_round_starts_from_the_model_before_it_where_that_is_asked() {
    let set = "loop.train.init=previous".to_owned();
    let graph = Graph::of(&Pipeline::parse("small.yaml", PIPELINE, &[set]).unwrap());
    let previous = |name: &str| {
        let node = graph.nodes.iter().find(|node| node.name == name).unwrap();
        let Work::Train { previous, .. } = node.work else {
            panic!("{name} trains nothing");
        };
        previous.map(|node| graph.nodes[node].name.as_str())
    };
    assert_eq!(previous("seed7/start/train"), None);
    assert_eq!(
        previous("seed7/margin/round1/train"),
        Some("seed7/start/train")
    );
    assert_eq!(
        previous("seed7/margin/round2/train"),
        Some("seed7/margin/round1/train")
    );
    for node in &self::graph().nodes {
        assert!(!matches!(
            node.work,
            Work::Train {
                previous: Some(_),
                ..
            }
        ));
    }
}
