//! Picks by the gains from a sample of rows, while there are too many pairs to store.

use goldpan_artifact::Progress;
use pulp::{Arch, Simd, WithSimd};
use rand::Rng;

use super::greedy::{Choice, largest};
use super::{Coverage, Covered, Similarity, Tuning, any_below, fixed, lower};
use goldpan_geometry::Cancelled;
use goldpan_geometry::Points;
use goldpan_geometry::neighbours::{CHUNK, Collect, sweep};

/// Picks positions in `free` until the pairs that can still gain are few enough to be stored, there
/// are `count`, or nothing gains. Returns them with their gains.
pub(super) fn pick<P: Points>(
    coverage: &Coverage<'_, P>,
    covered: &mut Covered,
    choice: &mut Choice,
    count: usize,
    random: &mut impl Rng,
    tuning: Tuning,
    progress: &dyn Progress,
) -> Result<Vec<(u32, f64)>, Cancelled> {
    let free = coverage.free;
    let mut picks = Vec::new();
    if few_enough(coverage, covered, tuning) {
        return Ok(picks);
    }
    let sample = sample(free.len(), tuning.sample, random);
    let scale = free.len() as f64 / sample.len() as f64;
    let rows: Vec<u32> = sample.iter().map(|&i| free[i as usize]).collect();
    let mut nearest: Vec<f32> = sample
        .iter()
        .map(|&i| covered.nearest[i as usize])
        .collect();

    let mut gains = vec![0; free.len()];
    let mut changes = Changes::default();
    for (&position, &nearest) in sample.iter().zip(&nearest) {
        let position = position as usize;
        let best = coverage.best(position, nearest);
        let (gate, weight) = (coverage.gate(position, nearest), coverage.weight(position));
        changes.push(position, gate, weight, u32::MAX, best);
    }
    let mut open = changes.apply(coverage, &mut gains, progress)?;
    while picks.len() < count && open as f64 * scale > tuning.most as f64 {
        let all = || (0..).zip(gains.iter().copied());
        let drawn = choice.draw(random);
        let drawn = drawn.map(|drawn| drawn.into_iter().map(|i| (i, gains[i as usize])));
        let Some((position, gain)) = drawn.and_then(largest).or_else(|| largest(all())) else {
            break;
        };
        choice.picked(position);
        picks.push((position, gain as f64 / f64::from(super::ONE) * scale));
        progress.advance(1);
        let before = nearest.clone();
        let pick = [free[position as usize]];
        lower(&coverage.space, &rows, &pick, &mut nearest, progress)?;
        let mut changes = Changes::default();
        for ((&position, &before), &now) in sample.iter().zip(&before).zip(&nearest) {
            let position = position as usize;
            let (was, is) = (
                coverage.best(position, before),
                coverage.best(position, now),
            );
            if is > was {
                let (gate, weight) = (coverage.gate(position, before), coverage.weight(position));
                changes.push(position, gate, weight, was, is);
            }
        }
        open += changes.apply(coverage, &mut gains, progress)?;
    }
    let picked: Vec<u32> = picks.iter().map(|(i, _)| free[*i as usize]).collect();
    covered.add(coverage, &picked, progress)?;
    Ok(picks)
}

/// True where all pairs can be stored whatever they are.
fn few_enough<P>(coverage: &Coverage<'_, P>, covered: &Covered, tuning: Tuning) -> bool {
    let open = covered.nearest.iter().filter(|nearest| **nearest > 0.0);
    open.count().saturating_mul(coverage.free.len()) <= tuning.most
}

/// `size` of `count` positions, ascending.
pub(super) fn sample(count: usize, size: usize, random: &mut impl Rng) -> Vec<u32> {
    let drawn = rand::seq::index::sample(random, count, size.min(count));
    let mut positions: Vec<u32> = drawn.into_iter().map(|i| i as u32).collect();
    positions.sort_unstable();
    positions
}

/// Rows whose cover has changed.
#[derive(Default)]
struct Changes {
    positions: Vec<usize>,
    /// Squared distances below which others gained from each.
    gates: Vec<f32>,
    weights: Vec<f32>,
    /// What covered each before; `u32::MAX` where nothing is counted yet.
    was: Vec<u32>,
    /// What covers it now.
    is: Vec<u32>,
}

impl Changes {
    fn push(&mut self, position: usize, gate: f32, weight: f32, was: u32, is: u32) {
        self.positions.push(position);
        self.weights.push(weight);
        self.gates.push(gate);
        self.was.push(was);
        self.is.push(is);
    }

    /// Brings gains up to date. Returns by how much the number of pairs that gain has grown.
    fn apply<P: Points>(
        &self,
        coverage: &Coverage<'_, P>,
        gains: &mut [u64],
        progress: &dyn Progress,
    ) -> Result<i64, Cancelled> {
        let rows: Vec<u32> = self.positions.iter().map(|&i| coverage.free[i]).collect();
        let mut changed: Vec<Changed<'_, P>> = gains
            .chunks_mut(CHUNK)
            .map(|gains| Changed {
                arch: Arch::new(),
                coverage,
                changes: self,
                gains,
                open: 0,
            })
            .collect();
        sweep(
            &coverage.space,
            coverage.free,
            &rows,
            &mut changed,
            progress,
        )?;
        Ok(changed.iter().map(|changed| changed.open).sum())
    }
}

/// The gains of a chunk.
struct Changed<'a, P> {
    arch: Arch,
    coverage: &'a Coverage<'a, P>,
    changes: &'a Changes,
    gains: &'a mut [u64],
    open: i64,
}

impl<P: Points> Collect for Changed<'_, P> {
    #[inline(always)]
    fn collect(&mut self, query: usize, first: usize, distances: &[f32]) {
        if any_below(distances, &self.changes.gates[first..]) {
            self.change(query, first, distances);
        }
    }
}

impl<P: Points> Changed<'_, P> {
    /// Stands apart, so that it takes no registers from the kernel.
    #[inline(never)]
    fn change(&mut self, query: usize, first: usize, distances: &[f32]) {
        let (gain, open) = self.arch.dispatch(Terms {
            similarity: self.coverage.similarity,
            changes: self.changes,
            first,
            distances,
        });
        self.gains[query] = self.gains[query].wrapping_add(gain);
        self.open += open;
    }
}

/// What one row's gain and the number of pairs that gain grow by.
struct Terms<'a> {
    similarity: Similarity,
    changes: &'a Changes,
    first: usize,
    distances: &'a [f32],
}

impl WithSimd for Terms<'_> {
    type Output = (u64, i64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> (u64, i64) {
        let Changes {
            gates,
            weights,
            was,
            is,
            ..
        } = self.changes;
        let range = self.first..self.first + self.distances.len();
        let (gates, weights) = (&gates[range.clone()], &weights[range.clone()]);
        let (was, is) = (&was[range.clone()], &is[range]);
        let term = |i: usize, squared: f32, similarity: f32| {
            let value = fixed(weights[i], similarity);
            let value = if squared < gates[i] { value } else { 0 };
            let more = u64::from(value.saturating_sub(is[i]));
            let less = u64::from(value.saturating_sub(was[i]));
            let open = i64::from(value > is[i]) - i64::from(value > was[i]);
            (more.wrapping_sub(less), open)
        };
        self.similarity.sum(self.distances, term)
    }
}
