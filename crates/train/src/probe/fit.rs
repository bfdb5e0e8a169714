//! From labelled vectors to a probe.

use super::graph::Graph;
use super::held_out::HeldOut;
use super::mixture::{Believed, PROBE, Placed, believed_alone, candidate};
use super::problem::Problem;
use super::solve::{Tolerance, solve};
use super::temperature;
use crate::error::Error;
use goldpan_model::{Candidate, NEVER, Probe, ProbeConfig, Voters};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// The constant feature whose weight is a class's bias: the smaller, the more the bias is regularised.
pub(crate) const BIAS: f64 = 0.3;
/// The gradient's norm at which the minimum counts as found; for texts held out it is that part of the first.
const TOLERANCE: Tolerance = Tolerance::Norm(1e-7);
const TOLERANCE_HELD_OUT: Tolerance = Tolerance::Part(1e-3);
/// Parts that are held out in turn.
const FOLDS: usize = 5;
/// What cosines with descriptions are multiplied with where there is no label at all: what
/// sentence-transformers trains them with.
const UNLABELLED: f64 = 20.0;
/// Labelled texts, placed: `[texts, dimension + 1]`, the last feature constant.
pub(crate) struct Examples {
    pub features: Array2<f64>,
    pub labels: Vec<usize>,
    /// How many classes there are, with and without labels.
    pub classes: usize,
    /// What the classes' descriptions mean, `[classes, dimension + 1]`, each of length 1.
    pub prior: Option<Array2<f64>>,
}

impl Examples {
    /// Those of some rows.
    pub fn some(&self, rows: &[usize]) -> Self {
        Self {
            features: self.features.select(Axis(0), rows),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            classes: self.classes,
            prior: self.prior.clone(),
        }
    }

    /// How far the descriptions count, and the logits that they give to each text. Half of what the labels
    /// would give them by themselves: the probe learns the rest.
    fn described(&self) -> Option<(f64, Array2<f64>)> {
        let cosines = self.features.dot(&self.prior.as_ref()?.t());
        let labels: Vec<Option<usize>> = self.labels.iter().copied().map(Some).collect();
        let scale = match labels.is_empty() {
            true => UNLABELLED,
            false => 0.5 * temperature::factor(&cosines, &labels),
        };
        Some((scale, cosines * scale))
    }
}

/// A probe, and how it was found.
pub(crate) struct Fitted {
    pub probe: Probe,
    /// What was chosen, in words.
    pub kept: String,
    /// The steps of the solver.
    pub steps: usize,
    /// What logits are divided by, which is in the probe's weights.
    pub temperature: f64,
    /// The mean loss of the labelled texts, in nats, before the temperature and without the regularisation.
    pub loss: f64,
    /// What was chosen from.
    pub candidates: Vec<Candidate>,
    /// What those that did not see them make of texts.
    pub believed: Vec<Believed>,
    /// The texts that were held out, and those that were seen, in turn.
    pub folds: Vec<(Vec<usize>, Vec<usize>)>,
}

/// Solves for the probe. With a graph of texts, and the node of each example, the graph's texts vote where that is
/// better.
pub(crate) fn fit(
    config: &ProbeConfig,
    examples: &Examples,
    mean: Vec<f32>,
    graph: Option<(Graph, Vec<usize>)>,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Fitted, Error> {
    let found = Regression::of(config.strength, examples, cancelled)?;
    let mut probe = found.solution.probe(examples.classes, found.factor, mean);
    let mut kept = PROBE.to_owned();
    let mut candidates = Vec::new();
    let mut believed = found.believed();
    if let Some((graph, nodes)) = graph {
        let placed = Placed {
            graph: &graph,
            nodes: &nodes,
            labels: &examples.labels,
            classes: examples.classes,
        };
        if let Some(mixture) = placed.mixture(&found.held_out, found.factor) {
            let with = format!("{PROBE} and {:.0} % neighbours", 100.0 * mixture.share);
            candidates.push(candidate(kept.clone(), &believed));
            candidates.push(candidate(with.clone(), &mixture.believed));
            if mixture.better {
                let all: Vec<usize> = (0..examples.labels.len()).collect();
                let votes = placed.votes(&all);
                let vectors = (graph.nodes.vectors, graph.nodes.dimension);
                let votes = (votes, examples.classes);
                let voters = Voters::new(vectors, votes, mixture.factor, mixture.share);
                probe = probe.with_voters(Some(voters));
                kept = with;
                believed = mixture.believed;
            }
        }
    }
    Ok(Fitted {
        probe,
        kept,
        steps: found.solution.part.steps,
        temperature: 1.0 / found.factor,
        loss: found.solution.part.loss,
        candidates,
        believed,
        folds: found.held_out.folds,
    })
}

/// A linear layer.
pub(crate) struct Layer {
    /// `[classes, features]`
    pub weights: Array2<f64>,
    /// `[classes]`
    pub bias: Array1<f64>,
    /// The mean loss on the texts, in nats, before the temperature.
    pub loss: f64,
}

/// How far below the others the bias of a class without labels lies: it may still be learned.
const UNLIKELY: f64 = 3.0;

/// The probe of features that are of length 1 or so, `[texts, features]`.
pub(crate) fn solved_layer(
    features: Array2<f64>,
    labels: Vec<usize>,
    classes: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Layer, Error> {
    let (texts, width) = features.dim();
    let mut with_bias = Array2::from_elem((texts, width + 1), BIAS);
    with_bias.slice_mut(s![.., ..width]).assign(&features);
    let examples = Examples {
        features: with_bias,
        labels,
        classes,
        prior: None,
    };
    let solved = Regression::of(None, &examples, cancelled)?;
    let mut weights = Array2::zeros((classes, width));
    let Solution {
        part,
        weights: found,
    } = solved.solution;
    let own = found.column(width).mapv(|bias| BIAS * bias);
    let lowest = own.iter().copied().fold(0.0, f64::min);
    let mut bias = Array1::from_elem(classes, lowest - UNLIKELY);
    for (row, &class) in part.present.iter().enumerate() {
        weights
            .row_mut(class)
            .assign(&found.slice(s![row, ..width]));
        bias[class] = own[row];
    }
    Ok(Layer {
        weights: weights * solved.factor,
        bias: bias * solved.factor,
        loss: part.loss,
    })
}

/// What was solved for.
struct Solution {
    part: Part,
    /// Weights of the classes that are told apart, `[present, features]`.
    weights: Array2<f64>,
}

impl Solution {
    /// A probe of these classes, whose logits are multiplied by `factor`.
    fn probe(&self, classes: usize, factor: f64, mean: Vec<f32>) -> Probe {
        let dimension = mean.len();
        let mut weights = vec![0.0; classes * dimension];
        let mut bias = vec![NEVER; classes];
        for (row, &class) in self.part.present.iter().enumerate() {
            let own = &mut weights[class * dimension..(class + 1) * dimension];
            for (weight, value) in own.iter_mut().zip(self.weights.row(row)) {
                *weight = (factor * value) as f32;
            }
            bias[class] = (factor * BIAS * self.weights[[row, dimension]]) as f32;
        }
        Probe::new(mean, weights, bias)
    }
}

/// The probe of these texts as it is solved for: without a temperature, and without what the classes' descriptions say.
pub(crate) fn solved_probe(
    strength: Option<f64>,
    examples: &Examples,
    mean: Vec<f32>,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Probe, Error> {
    let all: Vec<usize> = (0..examples.labels.len()).collect();
    let whole = Part::of(examples, None, &all);
    let strength = whole.strength(strength);
    let solution = whole.solve(strength, TOLERANCE, cancelled)?;
    Ok(solution.probe(examples.classes, 1.0, mean))
}

/// What was solved for, and what those say of texts that did not see them.
struct Regression {
    solution: Solution,
    held_out: HeldOut,
    /// What makes the logits of texts held out as sure as they are right.
    factor: f64,
}

impl Regression {
    fn of(
        strength: Option<f64>,
        examples: &Examples,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, Error> {
        let all: Vec<usize> = (0..examples.labels.len()).collect();
        let described = examples.described();
        let offsets = described.as_ref().map(|(_, offsets)| offsets);
        let whole = Part::of(examples, offsets, &all);
        let strength = whole.strength(strength);
        let (solution, held_out) = rayon::join(
            || whole.solve(strength, TOLERANCE, cancelled),
            || held_out(strength, examples, offsets, cancelled),
        );
        let mut solution = solution?;
        let held_out = held_out?;
        if let (Some((scale, _)), Some(prior)) = (&described, &examples.prior) {
            solution.weights.scaled_add(*scale, prior);
        }
        Ok(Self {
            factor: temperature::factor(&held_out.logits, &held_out.labels),
            solution,
            held_out,
        })
    }

    fn believed(&self) -> Vec<Believed> {
        believed_alone(&self.held_out.logits, &self.held_out.labels, self.factor)
    }
}

/// Some of the texts, with the classes that they have.
struct Part {
    features: Array2<f64>,
    /// Places among `present`.
    labels: Vec<usize>,
    /// The classes that are told apart, ascending: those that have labels, or all where they are described.
    present: Vec<usize>,
    /// Logits by the descriptions, `[texts, present]`.
    offsets: Option<Array2<f64>>,
    steps: usize,
    loss: f64,
}

impl Part {
    fn of(examples: &Examples, offsets: Option<&Array2<f64>>, rows: &[usize]) -> Self {
        let mut present: Vec<usize> = match offsets {
            Some(_) => (0..examples.classes).collect(),
            None => rows.iter().map(|&row| examples.labels[row]).collect(),
        };
        present.sort_unstable();
        present.dedup();
        let place = |row: &usize| present.partition_point(|class| *class < examples.labels[*row]);
        Self {
            features: examples.features.select(Axis(0), rows),
            labels: rows.iter().map(place).collect(),
            present,
            offsets: offsets.map(|offsets| offsets.select(Axis(0), rows)),
            steps: 0,
            loss: 0.0,
        }
    }

    /// How many classes have labels.
    fn labelled(&self) -> usize {
        let mut labels = self.labels.clone();
        labels.sort_unstable();
        labels.dedup();
        labels.len()
    }

    /// The strength that is given, or else half the number of classes.
    fn strength(&self, given: Option<f64>) -> f64 {
        given.unwrap_or(self.labelled() as f64 / 2.0)
    }

    fn solve(
        mut self,
        strength: f64,
        tolerance: Tolerance,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Solution, Error> {
        let classes = self.present.len();
        let weights = balanced(&self.labels, strength);
        let problem = Problem {
            features: self.features.view(),
            labels: &self.labels,
            weights: &weights,
            offsets: self.offsets.as_ref().map(|offsets| offsets.view()),
            classes,
        };
        let found = solve(&problem, tolerance, cancelled).ok_or(Error::Cancelled)?;
        tracing::debug!(
            steps = found.steps,
            gradient = found.gradient,
            loss = found.loss,
            "solved"
        );
        let total: f64 = weights.iter().sum();
        let length: f64 = found.weights.iter().map(|weight| weight * weight).sum();
        self.loss = (found.loss - 0.5 * length) / total.max(f64::MIN_POSITIVE);
        self.steps = found.steps;
        Ok(Solution {
            part: self,
            weights: found.weights,
        })
    }
}

/// What the loss of each text is multiplied with: the same for every class, as scikit-learn's `balanced`.
fn balanced(labels: &[usize], strength: f64) -> Vec<f64> {
    let mut counts = vec![0_usize; labels.iter().max().map_or(0, |most| most + 1)];
    labels.iter().for_each(|&label| counts[label] += 1);
    let labelled = counts.iter().filter(|count| **count > 0).count();
    let weight =
        |&label: &usize| strength * labels.len() as f64 / (labelled as f64 * counts[label] as f64);
    labels.iter().map(weight).collect()
}

/// Texts that are held out in turn, and those that are seen: the texts of a class are spread over the parts.
fn folds(labels: &[usize], classes: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut next: Vec<usize> = (0..classes).collect();
    let fold_of: Vec<usize> = labels
        .iter()
        .map(|&label| {
            next[label] += 1;
            next[label] % FOLDS
        })
        .collect();
    (0..FOLDS)
        .map(|fold| (0..labels.len()).partition(|&row| fold_of[row] == fold))
        .filter(|(held, seen): &(Vec<usize>, Vec<usize>)| !held.is_empty() && !seen.is_empty())
        .collect()
}

/// The logits of each text by a probe that did not see it.
fn held_out(
    strength: f64,
    examples: &Examples,
    offsets: Option<&Array2<f64>>,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<HeldOut, Error> {
    let folds = folds(&examples.labels, examples.classes);
    let solved = folds.par_iter().map(|(_, seen)| {
        let part = Part::of(examples, offsets, seen);
        part.solve(strength, TOLERANCE_HELD_OUT, cancelled)
    });
    let solved: Vec<Solution> = solved.collect::<Result<_, _>>()?;
    let shape = (examples.labels.len(), examples.classes);
    let mut logits = Array2::from_elem(shape, f64::NEG_INFINITY);
    let mut labels = vec![None; examples.labels.len()];
    for ((held, _), Solution { part, weights }) in folds.iter().zip(&solved) {
        for &row in held {
            let own = examples.labels[row];
            if part.present.len() < 2 || part.present.binary_search(&own).is_err() {
                continue;
            }
            labels[row] = Some(own);
            let mut values = weights.dot(&examples.features.row(row));
            if let Some(offsets) = offsets {
                values += &offsets.row(row);
            }
            for (&class, value) in part.present.iter().zip(values) {
                logits[[row, class]] = value;
            }
        }
    }
    Ok(HeldOut {
        folds,
        logits,
        labels,
    })
}

/// The features of vectors: placed by the mean, and the constant one.
pub(crate) fn features(mean: &[f32], vectors: ArrayView2<'_, f32>) -> Array2<f64> {
    let (rows, dimension) = vectors.dim();
    let mut features = Array2::from_elem((rows, dimension + 1), BIAS);
    for (vector, mut row) in vectors.rows().into_iter().zip(features.rows_mut()) {
        let mut placed = vec![0.0; dimension];
        Probe::place(mean, &vector.to_vec(), &mut placed);
        row.slice_mut(s![..dimension])
            .iter_mut()
            .zip(placed)
            .for_each(|(value, placed)| *value = placed);
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Golden {
        by: String,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        strength: f64,
        features: Vec<Vec<f64>>,
        labels: Vec<usize>,
        weights: Vec<Vec<f64>>,
    }

    fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
        let values: Vec<f64> = rows.concat();
        Array2::from_shape_vec((rows.len(), rows[0].len()), values).unwrap()
    }

    fn examples(case: &Case) -> Examples {
        Examples {
            features: matrix(&case.features),
            labels: case.labels.clone(),
            classes: case.weights.len(),
            prior: None,
        }
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/probe.json")).unwrap()
    }

    #[test]
    fn solutions_are_those_of_scikit_learn() {
        let golden = golden();
        assert_eq!(golden.cases.len(), 6);
        for case in &golden.cases {
            let rows: Vec<usize> = (0..case.labels.len()).collect();
            let part = Part::of(&examples(case), None, &rows);
            let found = part.solve(case.strength, TOLERANCE, &|| false).unwrap();
            let apart = (&found.weights - &matrix(&case.weights)).mapv(f64::abs);
            let most = apart.iter().copied().fold(0.0, f64::max);
            assert!(most < 1e-6, "{}: {most:e}", golden.by);
        }
    }

    #[test]
    fn a_probe_as_it_is_solved_for_has_no_temperature() {
        let case = &golden().cases[3];
        let examples = examples(case);
        let width = examples.features.ncols() - 1;
        let strength = Some(case.strength);
        let probe = solved_probe(strength, &examples, vec![0.0; width], &|| false).unwrap();
        for (class, weights) in case.weights.iter().enumerate() {
            let own = &probe.weights()[class * width..(class + 1) * width];
            for (got, expected) in own.iter().zip(weights) {
                assert!((f64::from(*got) - expected).abs() < 1e-5);
            }
            let bias = BIAS * weights[width];
            assert!((f64::from(probe.bias()[class]) - bias).abs() < 1e-5);
        }
    }

    #[test]
    fn the_probe_has_the_temperature_and_no_say_for_classes_without_labels() {
        let case = &golden().cases[3];
        let mut examples = examples(case);
        let width = examples.features.ncols() - 1;
        examples.classes += 1;
        let fitted = |examples: &Examples| {
            let mean = vec![0.0; width];
            fit(&ProbeConfig::default(), examples, mean, None, &|| false).unwrap()
        };
        let found = fitted(&examples);
        assert!(found.temperature != 1.0 && found.temperature.is_finite());
        assert!(found.loss > 0.0 && found.loss < 4.0_f64.ln());
        // As vectors were placed already, the mean is 0 and the logits are the solution's, divided.
        let rows: Vec<usize> = (0..case.labels.len()).collect();
        let part = Part::of(&examples, None, &rows);
        let weights = part.solve(2.0, TOLERANCE, &|| false).unwrap().weights;
        let vector: Vec<f32> = case.features[0][..width]
            .iter()
            .map(|x| *x as f32)
            .collect();
        let expected = weights.dot(&examples.features.row(0)) / found.temperature;
        let logits = found.probe.logits(&vector);
        for (logit, expected) in logits.iter().zip(&expected) {
            assert!((f64::from(*logit) - expected).abs() < 1e-4);
        }
        assert!(
            logits[..4].iter().all(|logit| logits[4] < logit - 10.0),
            "{logits:?}"
        );
    }

    #[test]
    fn one_label_and_one_of_each_class_are_enough() {
        let mut one = Examples {
            features: matrix(&[vec![1.0, 0.0, BIAS]]),
            labels: vec![1],
            classes: 2,
            prior: None,
        };
        let probe = |examples: &Examples| {
            fit(
                &ProbeConfig::default(),
                examples,
                vec![0.0; 2],
                None,
                &|| false,
            )
            .unwrap()
        };
        let logits = probe(&one).probe.logits(&[0.0, 1.0]);
        assert!(logits[1] > logits[0]);
        one.features = matrix(&[vec![1.0, 0.0, BIAS], vec![0.0, 1.0, BIAS]]);
        one.labels = vec![1, 0];
        let both = probe(&one);
        assert_eq!(both.temperature, 1.0);
        let logits = both.probe.logits(&[0.0, 1.0]);
        assert!(logits[0] > logits[1]);
    }

    #[test]
    fn threads_change_nothing() {
        let examples = examples(&golden().cases[4]);
        let width = examples.features.ncols() - 1;
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let work = || {
                fit(
                    &ProbeConfig::default(),
                    &examples,
                    vec![0.0; width],
                    None,
                    &|| false,
                )
            };
            pool.build().unwrap().install(work).unwrap().probe
        };
        assert_eq!(on(1), on(3));
    }

    /// Two descriptions, the second class without labels.
    fn described(labels: Vec<usize>) -> Examples {
        let rows = vec![vec![1.0, 0.0, BIAS]; labels.len()];
        let features: Array2<f64> = match rows.is_empty() {
            true => Array2::zeros((0, 3)),
            false => matrix(&rows),
        };
        Examples {
            features,
            labels,
            classes: 2,
            prior: Some(matrix(&[vec![0.6, 0.8, 0.0], vec![-0.6, 0.8, 0.0]])),
        }
    }

    #[test]
    fn descriptions_alone_tell_classes_apart() {
        let mean = || vec![0.0; 2];
        let none = fit(
            &ProbeConfig::default(),
            &described(vec![]),
            mean(),
            None,
            &|| false,
        )
        .unwrap();
        // 20 times the cosines.
        let logits = none.probe.logits(&[1.0, 0.0]);
        assert!((logits[0] - 12.0).abs() < 1e-4 && (logits[1] + 12.0).abs() < 1e-4);
        // A class without labels still is one: beside its own description it wins.
        let one = fit(
            &ProbeConfig::default(),
            &described(vec![0; 3]),
            mean(),
            None,
            &|| false,
        )
        .unwrap();
        let logits = one.probe.logits(&[1.0, 0.0]);
        assert!(logits[0] > logits[1] && logits[1] > -30.0);
        let there = one.probe.logits(&[-0.6, 0.8]);
        assert!(there[1] > logits[1]);
    }

    #[test]
    fn descriptions_move_the_solution_and_no_more() {
        // With descriptions that say the same of both classes nothing changes.
        let mut same = examples(&golden().cases[0]);
        let width = same.features.ncols();
        let fitted = |examples: &Examples| {
            let mean = vec![0.0; width - 1];
            fit(&ProbeConfig::default(), examples, mean, None, &|| false).unwrap()
        };
        let plain = fitted(&same);
        let mut row = vec![0.0; width];
        row[0] = 1.0;
        same.prior = Some(matrix(&[row.clone(), row]));
        let with = fitted(&same);
        for text in 0..same.labels.len() {
            let vector: Vec<f32> = same.features.row(text).iter().map(|x| *x as f32).collect();
            let odds = |fitted: &Fitted| {
                let logits = fitted.probe.logits(&vector[..width - 1]);
                logits[1] - logits[0]
            };
            assert!((odds(&plain) - odds(&with)).abs() < 1e-3);
        }
    }
}
