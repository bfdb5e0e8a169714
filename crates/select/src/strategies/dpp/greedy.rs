//! The greedy search, with an incremental Cholesky factor whose rows are brought up to date only
//! while they can still decide a pick.
//!
//! A text's novelty is what is left of its similarity to itself, 1, once the part that the picks
//! explain is taken away; the determinant grows by the factor novelty · exp(quality). Novelty only
//! falls. So a novelty as of some earlier pick is an upper bound, and a text whose bound is below
//! another's present value need not be looked at. The picks are those of the plain algorithm, bit by
//! bit: what is computed for a pair of texts does not depend on when.

use std::collections::BinaryHeap;

use goldpan_artifact::Progress;
use pulp::Arch;
use rayon::prelude::*;

use crate::centre::{Buffer, product};
use crate::error::Error;
use goldpan_geometry::Points;

/// Novelty below which a text counts as a combination of the picks.
pub(super) const NOTHING: f64 = 1e-9;

/// Texts brought up to date together: at first, and at most.
const TOGETHER: std::ops::Range<usize> = 16..1024;

/// How alike two vectors are.
pub(super) enum Similarity {
    Cosine,
    /// With twice the squared bandwidth.
    Gaussian(f64),
}

impl Similarity {
    #[inline(always)]
    fn of(&self, a: (&[f64], f64), b: (&[f64], f64)) -> f64 {
        let ((a, a_square), (b, b_square)) = (a, b);
        match self {
            Self::Cosine if a_square == 0.0 || b_square == 0.0 => {
                f64::from(u8::from(a_square == b_square))
            }
            Self::Cosine => product(a, b) / (a_square.sqrt() * b_square.sqrt()),
            Self::Gaussian(scale) => {
                let square = (a_square + b_square) - 2.0 * product(a, b);
                (-square.max(0.0) / scale).exp()
            }
        }
    }
}

/// What is picked from. Slots number the texts that may be picked.
pub(super) struct Kernel<'a, P> {
    pub(super) points: &'a P,
    pub(super) similarity: Similarity,
    /// Twice the logarithm of each slot's quality.
    pub(super) qualities: Vec<f64>,
    /// The row of each slot, ascending.
    pub(super) rows: &'a [u32],
}

/// What a slot's place in the queue is: the larger gain first, then the lower slot.
#[derive(PartialEq)]
struct Place {
    gain: f64,
    slot: u32,
}

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.gain
            .total_cmp(&other.gain)
            .then(other.slot.cmp(&self.slot))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A slot's row of the factor, as far as it is known, and its novelty by that.
#[derive(Clone, Default)]
struct Row {
    novelty: f64,
    factor: Vec<f64>,
}

struct Picked {
    vector: Vec<f64>,
    square: f64,
    row: Row,
}

/// The slots of `count` picks, there are so many, and their novelties.
pub(super) fn search<P: Points>(
    kernel: &Kernel<'_, P>,
    count: usize,
    progress: &dyn Progress,
) -> Result<Vec<(u32, f64)>, Error> {
    let mut found = Vec::with_capacity(count);
    let mut left: Vec<u32> = (0..kernel.rows.len() as u32).collect();
    while found.len() < count {
        let more = pass(kernel, &left, count - found.len(), progress)?;
        found.extend(more);
        if found.len() < count {
            let picked: std::collections::HashSet<u32> =
                found.iter().map(|(slot, _)| *slot).collect();
            left.retain(|slot| !picked.contains(slot));
        }
    }
    Ok(found)
}

/// Picks among the slots `left` until the determinant would vanish.
fn pass<P: Points>(
    kernel: &Kernel<'_, P>,
    left: &[u32],
    count: usize,
    progress: &dyn Progress,
) -> Result<Vec<(u32, f64)>, Error> {
    let best = left
        .iter()
        .map(|&slot| kernel.qualities[slot as usize])
        .fold(f64::NEG_INFINITY, f64::max);
    let gain = |slot: u32, novelty: f64| match novelty {
        0.0 => -1.0,
        novelty => novelty * (kernel.qualities[slot as usize] - best).exp(),
    };
    let fresh = Row {
        novelty: 1.0,
        factor: Vec::new(),
    };
    let mut rows = vec![fresh; kernel.rows.len()];
    let mut queue: BinaryHeap<Place> = left
        .iter()
        .map(|&slot| Place {
            gain: gain(slot, 1.0),
            slot,
        })
        .collect();
    let mut picks: Vec<Picked> = Vec::new();
    let mut found = Vec::new();
    let arch = Arch::new();
    let mut together = TOGETHER.start;
    while found.len() < count {
        let Some(first) = queue.peek() else { break };
        if first.gain < 0.0 {
            break;
        }
        let known = |rows: &[Row], slot: u32| rows[slot as usize].factor.len() == picks.len();
        if known(&rows, first.slot) {
            let slot = first.slot;
            queue.pop();
            let row = std::mem::take(&mut rows[slot as usize]);
            found.push((slot, row.novelty));
            let mut buffer = Buffer::new(kernel.points.dimension());
            let vector = buffer
                .read(kernel.points, kernel.rows[slot as usize])
                .to_vec();
            let square = arch.dispatch(|| product(&vector, &vector));
            picks.push(Picked {
                vector,
                square,
                row,
            });
            together = TOGETHER.start;
            progress.advance(1);
            continue;
        }
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        let mut stale: Vec<(u32, Row)> = Vec::with_capacity(together);
        while stale.len() < together
            && let Some(place) = queue.peek()
            && place.gain >= 0.0
            && !known(&rows, place.slot)
        {
            let slot = place.slot;
            stale.push((slot, std::mem::take(&mut rows[slot as usize])));
            queue.pop();
        }
        stale.par_iter_mut().for_each_init(
            || Buffer::new(kernel.points.dimension()),
            |buffer, (slot, row)| {
                let vector = buffer.read(kernel.points, kernel.rows[*slot as usize]);
                arch.dispatch(|| bring_up_to_date(&kernel.similarity, vector, row, &picks));
            },
        );
        for (slot, row) in stale {
            queue.push(Place {
                gain: gain(slot, row.novelty),
                slot,
            });
            rows[slot as usize] = row;
        }
        together = (2 * together).min(TOGETHER.end);
    }
    Ok(found)
}

/// Takes the picks into account that a row does not know of.
#[inline(always)]
fn bring_up_to_date(similarity: &Similarity, vector: &[f64], row: &mut Row, picks: &[Picked]) {
    let square = product(vector, vector);
    for pick in &picks[row.factor.len()..] {
        let alike = similarity.of((vector, square), (&pick.vector, pick.square));
        let explained = product(&pick.row.factor, &row.factor);
        let value = (alike - explained) / pick.row.novelty.sqrt();
        row.factor.push(value);
        row.novelty -= value * value;
        if row.novelty <= NOTHING {
            row.novelty = 0.0;
            row.factor = Vec::new();
            return;
        }
    }
}
