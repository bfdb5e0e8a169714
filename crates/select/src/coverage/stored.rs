//! Picks by exact gains, from all pairs that can still gain.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use goldpan_artifact::Progress;
use rand::Rng;

use super::greedy::{Choice, largest};
use super::{Coverage, Covered, any_below};
use goldpan_geometry::Cancelled;
use goldpan_geometry::Points;
use goldpan_geometry::neighbours::{CHUNK, Collect, sweep};

/// How many rows are evaluated between questions whether to stop.
const PATIENCE: usize = 4096;

/// Adds to `picks` until there are `count` or nothing gains.
pub(super) fn pick<P: Points>(
    coverage: &Coverage<'_, P>,
    covered: Covered,
    choice: &mut Choice,
    count: usize,
    random: &mut impl Rng,
    picks: &mut Vec<(u32, f64)>,
    progress: &dyn Progress,
) -> Result<(), Cancelled> {
    let mut pairs = Pairs::new(coverage, &covered, progress)?;
    drop(covered);
    let positions = 0..coverage.free.len() as u32;
    let mut heap: BinaryHeap<(u64, Reverse<u32>)> = positions
        .map(|position| (pairs.gain(position), Reverse(position)))
        .collect();
    let mut current = vec![picks.len(); coverage.free.len()];
    let mut evaluated = 0;
    while picks.len() < count {
        let drawn = choice.draw(random);
        let drawn = drawn.and_then(|drawn| largest(drawn.into_iter().map(|i| (i, pairs.gain(i)))));
        let (position, gain) = match drawn {
            Some(found) => found,
            None => loop {
                let Some((gain, Reverse(position))) = heap.pop() else {
                    return Ok(());
                };
                if gain == 0 {
                    return Ok(());
                }
                if current[position as usize] == picks.len() {
                    break (position, gain);
                }
                current[position as usize] = picks.len();
                heap.push((pairs.gain(position), Reverse(position)));
                evaluated += 1;
                if evaluated % PATIENCE == 0 && progress.cancelled() {
                    return Err(Cancelled);
                }
            },
        };
        if progress.cancelled() {
            return Err(Cancelled);
        }
        pairs.cover(position);
        choice.picked(position);
        picks.push((position, gain as f64 / f64::from(super::ONE)));
        progress.advance(1);
    }
    tracing::debug!(evaluated, "lazy greedy");
    Ok(())
}

/// What each row can gain from.
struct Pairs {
    /// For every position, the positions it gains from and what would cover these.
    of: Vec<Vec<(u32, u32)>>,
    /// What covers each position.
    best: Vec<u32>,
}

impl Pairs {
    fn new<P: Points>(
        coverage: &Coverage<'_, P>,
        covered: &Covered,
        progress: &dyn Progress,
    ) -> Result<Self, Cancelled> {
        let free = coverage.free;
        let nearest = || covered.nearest.iter().copied().enumerate();
        let best: Vec<u32> = nearest().map(|(i, d)| coverage.best(i, d)).collect();
        let gated = nearest().map(|(i, d)| (i as u32, coverage.gate(i, d)));
        let (open, gates): (Vec<u32>, Vec<f32>) = gated.filter(|(_, gate)| *gate > 0.0).unzip();
        let rows: Vec<u32> = open.iter().map(|&i| free[i as usize]).collect();
        let mut gaining: Vec<Gaining<'_, P>> = free
            .chunks(CHUNK)
            .map(|chunk| Gaining {
                coverage,
                open: &open,
                gates: &gates,
                best: &best,
                pairs: vec![Vec::new(); chunk.len()],
            })
            .collect();
        sweep(&coverage.space, free, &rows, &mut gaining, progress)?;
        let of: Vec<_> = gaining
            .into_iter()
            .flat_map(|gaining| gaining.pairs)
            .collect();
        let pairs = of.iter().map(Vec::len).sum::<usize>();
        tracing::debug!(pairs, "pairs that can gain");
        Ok(Self { of, best })
    }

    /// The gain of a position. Forgets the pairs that will never gain again.
    fn gain(&mut self, position: u32) -> u64 {
        let mut gain = 0;
        let best = &self.best;
        self.of[position as usize].retain(|&(i, value)| {
            let more = value.saturating_sub(best[i as usize]);
            gain += u64::from(more);
            more > 0
        });
        gain
    }

    /// Records that a position was picked.
    fn cover(&mut self, position: u32) {
        for (i, value) in std::mem::take(&mut self.of[position as usize]) {
            let best = &mut self.best[i as usize];
            *best = value.max(*best);
        }
    }
}

/// The pairs of a chunk of positions.
struct Gaining<'a, P> {
    coverage: &'a Coverage<'a, P>,
    open: &'a [u32],
    gates: &'a [f32],
    best: &'a [u32],
    pairs: Vec<Vec<(u32, u32)>>,
}

impl<P: Points> Collect for Gaining<'_, P> {
    #[inline(always)]
    fn collect(&mut self, query: usize, first: usize, distances: &[f32]) {
        if any_below(distances, &self.gates[first..]) {
            self.keep(query, first, distances);
        }
    }
}

impl<P: Points> Gaining<'_, P> {
    #[inline(never)]
    fn keep(&mut self, query: usize, first: usize, distances: &[f32]) {
        for (i, &squared) in (first..).zip(distances) {
            if squared < self.gates[i] {
                let position = self.open[i];
                let value = self.coverage.value(position as usize, squared);
                if value > self.best[position as usize] {
                    self.pairs[query].push((position, value));
                }
            }
        }
    }
}
