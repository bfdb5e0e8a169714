//! Rows far from each other: drawn by squared distance, or the farthest again and again.

use goldpan_artifact::Progress;
use pulp::Arch;
use rand::{Rng, RngExt};

use crate::error::Error;
use crate::key::Key;
use crate::nearest::{Batch, Nearest};
use crate::sums::Sums;
use goldpan_geometry::Points;

/// A slot that was picked, and its squared distance to the nearest centre then.
pub(crate) type Taken = (u32, f32);

/// How work is cut into pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) arch: Arch,
    /// Slots drawn together. Which slots a seed gives depends on it, their probabilities do not.
    pub(crate) drawn: usize,
    /// Slots compared together while the farthest is looked for. No pick depends on it.
    pub(crate) front: usize,
}

impl Cut {
    pub(crate) fn usual(arch: Arch) -> Self {
        Self {
            arch,
            drawn: 192,
            front: 512,
        }
    }
}

/// When fewer than one in this many draws is taken, all slots are brought up to date.
const RARE: usize = 8;

/// Draws `count` slots one after another, each with a probability in proportion to its weight times
/// its squared distance to the nearest centre, and makes it a centre (Arthur & Vassilvitskii 2007).
/// Weights are finite and at least 0; 1 where there are none. When no slot left has a chance,
/// the lowest is taken.
///
/// Distances are brought up to date only for slots that are drawn: slots are drawn by weights that
/// may be too large, and taken with the probability of the true weight over that. What is taken
/// has exactly the probability it should have, whatever the weights drawn by were.
///
/// There is at least one centre, and no more is asked for than there are slots that are no centre.
pub(crate) fn draw<P: Points>(
    nearest: &mut Nearest<'_, P>,
    weights: Option<&[f32]>,
    count: usize,
    random: &mut impl Rng,
    progress: &dyn Progress,
    cut: Cut,
) -> Result<Vec<Taken>, Error> {
    let weight = |slot: u32, distance: f32| {
        f64::from(distance) * weights.map_or(1.0, |weights| f64::from(weights[slot as usize]))
    };
    let mut found: Vec<Taken> = Vec::with_capacity(count);
    let mut batch = Batch::new(nearest, cut.arch);
    let mut sums = Sums::new(Vec::new());
    let mut stale = true;
    while found.len() < count {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        if stale {
            nearest.refresh_all();
            let slots = nearest.slots();
            let bounds = slots.map(|slot| match nearest.free(slot) {
                true => weight(slot, nearest.bound(slot)),
                false => 0.0,
            });
            sums = Sums::new(bounds.collect());
        }
        if sums.total() <= 0.0 {
            break;
        }
        let draws: Vec<(u32, f64)> = (0..cut.drawn)
            .map(|_| (sums.at(random.random()), random.random()))
            .collect();
        let mut slots: Vec<u32> = draws.iter().map(|(slot, _)| *slot).collect();
        slots.sort_unstable();
        slots.dedup();
        batch.gather(slots, nearest);
        let before = found.len();
        for (slot, chance) in draws {
            let Ok(place) = batch.slots.binary_search(&slot) else {
                continue;
            };
            let distance = batch.nearest[place];
            if !nearest.free(slot) || chance * sums.weight(slot) >= weight(slot, distance) {
                continue;
            }
            batch.take(place, nearest);
            found.push((slot, distance));
            progress.advance(1);
            if found.len() == count {
                break;
            }
        }
        batch.settle(nearest);
        for (&slot, &distance) in batch.slots.iter().zip(&batch.nearest) {
            let left = if nearest.free(slot) { distance } else { 0.0 };
            sums.set(slot, weight(slot, left));
        }
        stale = (found.len() - before) * RARE < cut.drawn;
    }
    if found.len() < count {
        nearest.refresh_all();
        let left = nearest.slots().filter(|slot| nearest.free(*slot));
        for slot in left.take(count - found.len()).collect::<Vec<_>>() {
            if nearest.bound(slot) > 0.0 {
                nearest.refresh(&[slot]);
            }
            found.push((slot, nearest.bound(slot)));
            nearest.take(slot);
            progress.advance(1);
        }
    }
    let (slots, pairs) = (nearest.slots().len(), nearest.pairs());
    tracing::debug!(slots, count, pairs, "drawn by squared distance");
    Ok(found)
}

/// Takes `count` slots, each the farthest from the nearest centre, the lowest on ties, and makes it a
/// centre. No more is asked for than there are slots that are no centre.
pub(crate) fn farthest<P: Points>(
    nearest: &mut Nearest<'_, P>,
    count: usize,
    progress: &dyn Progress,
    cut: Cut,
) -> Result<Vec<Taken>, Error> {
    let mut found: Vec<Taken> = Vec::with_capacity(count);
    let mut batch = Batch::new(nearest, cut.arch);
    while found.len() < count {
        if progress.cancelled() {
            return Err(Error::Cancelled);
        }
        let slots = nearest.slots().filter(|slot| nearest.free(*slot));
        let mut front: Vec<Key> = slots
            .map(|slot| Key::new(nearest.bound(slot), slot))
            .collect();
        let floor = Key::keep_largest(&mut front, cut.front);
        batch.gather(front.iter().map(|key| key.slot()).collect(), nearest);
        while found.len() < count {
            let places = (0..batch.slots.len()).filter(|i| nearest.free(batch.slots[*i]));
            let best = places
                .map(|i| (Key::new(batch.nearest[i], batch.slots[i]), i))
                .max();
            let Some((key, place)) = best.filter(|(key, _)| *key > floor) else {
                break;
            };
            found.push((key.slot(), batch.nearest[place]));
            batch.take(place, nearest);
            progress.advance(1);
        }
        batch.settle(nearest);
    }
    let (slots, pairs) = (nearest.slots().len(), nearest.pairs());
    tracing::debug!(slots, count, pairs, "farthest first");
    Ok(found)
}

#[cfg(test)]
mod tests;
