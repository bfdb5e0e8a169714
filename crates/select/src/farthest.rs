//! Farthest-first selection: again and again the row with the largest score, where a row's score is
//! its distance to the nearest centre, times its weight, and each pick becomes a centre.
//!
//! The result is, row for row, that of the plain algorithm, which brings every row's distance up to
//! date after every pick. Most of that work cannot change a pick, and is put off:
//!
//! 1. Every row has a bound, its score as of some earlier moment; scores only fall. The rows with the
//!    largest bounds are the *front*; all others stay below the *floor*, the next largest bound.
//! 2. The front's bounds are brought up to date, many rows against many centres at a time, as far
//!    as they stay above the floor. Those that fall below leave it. Centres that are likely to be
//!    near, those of a row's own cell, come first.
//! 3. Of what remains, the rows with the largest scores are the *candidates*. They are kept exact
//!    pick by pick, as long as the best of them beats everything else's bound. Then step 2 again,
//!    until the front is empty; then step 1.

use goldpan_artifact::Progress;
use pulp::Arch;

use crate::candidates::Candidates;
use crate::key::Key;
use crate::problem::{Found, Problem, Tuning};
use crate::refresh::Bounds;
use goldpan_geometry::Cancelled;
use goldpan_geometry::Points;

/// How much was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// How often the front was chosen anew.
    pub(crate) fronts: u64,
    /// How often the candidates were.
    pub(crate) rounds: u64,
    /// How many distances were computed.
    pub(crate) pairs: u64,
    /// How many bytes were read from where vectors are stored, the squared lengths' pass aside.
    pub(crate) read: u64,
}

/// The first `count` picks, or as many as there are rows, or as come before the first at less than
/// `least` from a centre.
pub(crate) fn farthest<P: Points>(
    problem: &Problem<'_, P>,
    count: usize,
    least: f32,
    progress: &dyn Progress,
    arch: Arch,
    tuning: Tuning,
) -> Result<(Vec<Found>, Work), Cancelled> {
    let count = count.min(problem.free.len());
    let mut found = Vec::with_capacity(count);
    if count == 0 {
        return Ok((found, Work::default()));
    }
    let mut bounds = Bounds::new(problem, count, tuning, arch);
    let mut candidates = Candidates::new(arch, problem.points.dimension());
    let mut work = Work::default();
    while found.len() < count {
        let mut front = bounds.keys();
        let floor = Key::keep_largest(&mut front, tuning.front(problem.free.len()));
        work.fronts += 1;
        while found.len() < count {
            if progress.cancelled() {
                return Err(Cancelled);
            }
            bounds.refresh(front.iter().map(|key| key.slot()), floor);
            front = front.iter().map(|key| bounds.key(key.slot())).collect();
            front.retain(|key| *key > floor);
            if front.is_empty() {
                break;
            }
            let mut best = front.clone();
            let next = Key::keep_largest(&mut best, tuning.candidates).max(floor);
            let slots = best.iter().map(|key| key.slot());
            let more = candidates.pick(slots, problem, &mut bounds, next, count - found.len());
            progress.advance(more.len() as u64);
            let near = more.iter().position(|found| found.distance < least);
            found.extend(&more[..near.unwrap_or(more.len())]);
            if near.is_some() {
                return Ok((found, work));
            }
            front.retain(|key| bounds.key(key.slot()) != Key::NONE);
            work.rounds += 1;
        }
    }
    work.pairs = bounds.pairs();
    work.read = bounds.copied() * problem.points.bytes() as u64;
    let (rows, centres) = (problem.free.len(), problem.centres.len() + count);
    tracing::debug!(?work, rows, centres, "farthest first");
    Ok((found, work))
}

#[cfg(test)]
mod tests;
