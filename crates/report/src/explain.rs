//! Why a text of the pool was picked, or was not, in every round of a run.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use goldpan_artifact::{Embeddings, Nearest, Predictions, Selection, Texts};
use serde_json::Value;

use crate::contents::{Contents, Round};
use crate::error::Error;
use crate::examples::{distance, margin};

/// What a run did with a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Its id.
    pub id: u64,
    /// The user's own key.
    pub key: Option<String>,
    /// The text.
    pub text: String,
    /// The name of its class.
    pub label: Option<String>,
    /// What became of it, in the order of [`Contents::rounds`].
    pub rounds: Vec<Told>,
}

/// What became of a text in a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The round.
    pub round: Round,
    /// Picked or not.
    pub verdict: Verdict,
    /// What was thought of it before, while it had no label.
    pub opinion: Option<Opinion>,
}

/// Whether a text was picked.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The round has not picked yet.
    NotDone,
    /// The round was not done: a rule stopped the arm before.
    Stopped {
        /// After which round, and why.
        why: String,
    },
    /// It was labelled already.
    Labelled {
        /// The round that picked it, 0 for the start.
        since: u32,
    },
    /// It is left out of the pool, as validation or test have it too.
    Excluded,
    /// It was picked.
    Picked {
        /// Its place among the picks, from 0.
        rank: u32,
        /// How many were picked.
        of: usize,
        /// The score by which it was picked; `None` where picks have no score, as at random.
        score: Option<f32>,
        /// Every objective's own value.
        objectives: Vec<(String, f32)>,
        /// Where it lies, by the selection.
        nearest: Nearest,
    },
    /// It was not picked.
    PassedOver {
        /// The score of the last pick; `None` where nothing was picked, or picks have no score.
        last_score: Option<f32>,
        /// The nearest text labelled before the round, and its distance.
        nearest_labelled: Option<(u64, f32)>,
        /// The nearest pick of the round, and its distance.
        nearest_pick: Option<(u64, f32)>,
    },
}

/// What a model thought of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// The classes, the likeliest first.
    pub probabilities: Vec<(String, f32)>,
    /// How far the likeliest is above the second.
    pub margin: f64,
    /// Texts without a label that it was less sure of.
    pub less_sure: usize,
    /// All texts without a label.
    pub free: usize,
}

/// Tells of every round of the run in `folder` what it did with a text.
///
/// `text` is the text's id, or else the user's own key of it; with `by_key` only the key.
///
/// # Errors
///
/// When the folder has no [`Contents`], a table cannot be read, or no text or several are meant.
pub fn explain(folder: &Path, text: &str, by_key: bool) -> Result<Explanation, Error> {
    let contents = Contents::read(folder)?;
    let pool = Texts::open(folder.join(&contents.pool))?;
    let row = find(&pool, text, by_key)?;
    let id = pool.id(row);
    let others = contents.excluded.iter();
    let others = others
        .map(|path| Texts::open(folder.join(path)))
        .collect::<Result<Vec<_>, _>>()?;
    let may_be_picked: HashSet<u64> = pool.unshared(&others).into_iter().collect();
    let vectors = match &contents.embeddings {
        Some(path) => Vectors::open(&folder.join(path), id)?,
        None => None,
    };
    let selections = contents
        .rounds
        .iter()
        .map(|round| open(folder, round))
        .collect::<Result<Vec<_>, Error>>()?;
    let mut rounds = Vec::new();
    for (round, selection) in contents.rounds.iter().zip(&selections) {
        let before = contents.rounds.iter().zip(&selections);
        let before: Vec<(&Round, &Selection)> = before
            .filter(|(earlier, _)| earlier.is_before(round))
            .filter_map(|(earlier, selection)| Some((earlier, selection.as_ref()?)))
            .collect();
        let verdict = match selection {
            Some(_) if !may_be_picked.contains(&id) => Verdict::Excluded,
            Some(selection) => verdict(id, round, selection, &before, vectors.as_ref()),
            None => match &round.stopped {
                Some(why) => Verdict::Stopped { why: why.clone() },
                None => Verdict::NotDone,
            },
        };
        let opinion = match (&verdict, &round.predictions) {
            (Verdict::Picked { .. } | Verdict::PassedOver { .. }, Some(path)) => {
                opinion(id, &folder.join(path), (&before, &may_be_picked))?
            }
            _ => None,
        };
        rounds.push(Told {
            round: round.clone(),
            verdict,
            opinion,
        });
    }
    let class = pool
        .label(row)
        .and_then(|label| usize::try_from(label).ok());
    Ok(Explanation {
        id,
        key: pool.key(row).map(str::to_owned),
        text: pool.text(row).to_owned(),
        label: class.and_then(|class| pool.classes().get(class).cloned()),
        rounds,
    })
}

/// The row of the text that is meant.
fn find(pool: &Texts, text: &str, by_key: bool) -> Result<usize, Error> {
    if !by_key
        && let Ok(id) = text.parse::<u64>()
        && let Some(row) = pool.ids().position(|other| other == id)
    {
        return Ok(row);
    }
    let mut rows = (0..pool.len()).filter(|&row| pool.key(row) == Some(text));
    match (rows.next(), rows.next()) {
        (Some(row), None) => Ok(row),
        (Some(first), Some(second)) => Err(Error::RepeatedKey {
            pool: pool.path().to_owned(),
            key: text.to_owned(),
            first: pool.id(first),
            second: pool.id(second),
        }),
        (None, _) => Err(Error::UnknownText {
            pool: pool.path().to_owned(),
            text: text.to_owned(),
        }),
    }
}

/// What a round picked; `None` while it has not, or where it is not to be done.
fn open(folder: &Path, round: &Round) -> Result<Option<Selection>, Error> {
    let path = folder.join(&round.selection);
    match round.stopped.is_none() && path.exists() {
        true => Ok(Some(Selection::open(path)?)),
        false => Ok(None),
    }
}

/// Whether a round's picks have scores: those at random have none, whatever the table holds.
fn has_scores(round: &Round, selection: &Selection) -> bool {
    let name = match &round.rule {
        Value::String(name) => Some(name.as_str()),
        rule => rule.get("stratified").map(|_| "stratified"),
    };
    !selection.objectives().is_empty() && name != Some("stratified")
}

fn verdict(
    id: u64,
    round: &Round,
    selection: &Selection,
    before: &[(&Round, &Selection)],
    vectors: Option<&Vectors>,
) -> Verdict {
    let picked = |selection: &Selection| selection.ids().position(|other| other == id);
    if let Some((earlier, _)) = before.iter().find(|(_, picks)| picked(picks).is_some()) {
        return Verdict::Labelled {
            since: earlier.round,
        };
    }
    if let Some(row) = picked(selection) {
        let names = selection.objectives().iter().cloned();
        let values = (0..).map(|objective| selection.objective(row, objective));
        return Verdict::Picked {
            rank: selection.rank(row),
            of: selection.len(),
            score: has_scores(round, selection).then(|| selection.score(row)),
            objectives: names.zip(values).collect(),
            nearest: selection.nearest(row),
        };
    }
    let labelled = before.iter().flat_map(|(_, picks)| picks.ids());
    let last = selection.len().checked_sub(1);
    let last = last.filter(|_| has_scores(round, selection));
    Verdict::PassedOver {
        last_score: last.map(|last| selection.score(last)),
        nearest_labelled: vectors.and_then(|vectors| vectors.nearest(labelled)),
        nearest_pick: vectors.and_then(|vectors| vectors.nearest(selection.ids())),
    }
}

/// What the predictions say of the text; `None` where the table is not there or lacks it.
fn opinion(
    id: u64,
    path: &Path,
    (before, may_be_picked): (&[(&Round, &Selection)], &HashSet<u64>),
) -> Result<Option<Opinion>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let predictions = Predictions::open(path)?;
    let Some(row) = predictions.ids().position(|other| other == id) else {
        return Ok(None);
    };
    let labelled: HashSet<u64> = before.iter().flat_map(|(_, picks)| picks.ids()).collect();
    let own = margin(predictions.probabilities(row));
    let (mut free, mut less_sure) = (0, 0);
    for (row, other) in predictions.ids().enumerate() {
        if !labelled.contains(&other) && may_be_picked.contains(&other) {
            free += 1;
            less_sure += usize::from(margin(predictions.probabilities(row)) < own);
        }
    }
    let classes = predictions.classes().iter().cloned();
    let mut probabilities: Vec<(String, f32)> = classes
        .zip(predictions.probabilities(row).iter().copied())
        .collect();
    probabilities.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(Some(Opinion {
        probabilities,
        margin: own,
        less_sure,
        free,
    }))
}

/// The pool's vectors, as seen from one text.
struct Vectors {
    table: Embeddings,
    rows: HashMap<u64, usize>,
    own: Vec<f64>,
}

impl Vectors {
    /// Opens the table; `None` where it is not there or lacks the text.
    fn open(path: &Path, id: u64) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        let table = Embeddings::open(path)?;
        let rows: HashMap<u64, usize> = table.ids().zip(0..).collect();
        let Some(&row) = rows.get(&id) else {
            return Ok(None);
        };
        let mut own = vec![0.0; table.dimension()];
        table.row_f32(row, &mut own);
        let own = own.into_iter().map(f64::from).collect();
        Ok(Some(Self { table, rows, own }))
    }

    /// The nearest of some texts, and its euclidean distance; of two as near the first.
    fn nearest(&self, ids: impl Iterator<Item = u64>) -> Option<(u64, f32)> {
        let mut other = vec![0.0; self.own.len()];
        let distances = ids.filter_map(|id| {
            self.table.row_f32(*self.rows.get(&id)?, &mut other);
            Some((id, distance(&self.own, &other) as f32))
        });
        distances.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}
