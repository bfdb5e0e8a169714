//! Where each pick lies: the nearest labelled text and the nearest earlier pick.

use goldpan_artifact::{Embeddings, Progress};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::join::Rows;
use crate::pick::Pick;
use crate::points::Vectors;
use crate::pool::Pool;
use crate::work::{Shape, Work};
use goldpan_geometry::neighbours::{BLOCK, CHUNK, Collect, Space, any_within, nearest, sweep};
use goldpan_geometry::{Points, squared_lengths};

/// A text near a pick.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Near {
    /// Its id.
    pub id: u64,
    /// The euclidean distance of the two embeddings, as stored.
    pub distance: f32,
}

/// Rows of a table, numbered anew: the picks in their order, then the labelled rows.
struct Gathered<'a, 'b> {
    vectors: &'a Vectors<'b>,
    rows: Vec<u32>,
}

impl Points for Gathered<'_, '_> {
    fn dimension(&self) -> usize {
        self.vectors.dimension()
    }

    fn bytes(&self) -> usize {
        self.vectors.bytes()
    }

    fn copy(&self, row: u32, vector: &mut [f32]) {
        self.vectors.copy(self.rows[row as usize], vector);
    }
}

/// Picks that are compared with all before them at a time.
const PIECE: usize = 20 * CHUNK;

/// What [`locate`] takes at most.
pub(crate) fn work(shape: &Shape) -> Work {
    let picks = shape.picks as f64;
    let (labelled, dimension) = (shape.labelled as f64, shape.dimension as f64);
    let others = labelled + picks;
    if shape.dimension == 0 {
        return Work::default();
    }
    Work {
        products: picks * (labelled + picks.min((picks + PIECE as f64) / 2.0)) * dimension,
        steps: picks,
        read: (2.0 * others + 2.0 * picks) * dimension * shape.value_bytes as f64,
        memory: 8.0 * others + 64.0 * picks + 4.0 * others.min(BLOCK as f64) * dimension,
    }
}

/// Says of each pick where it lies, as far as its strategy has not. False, and nothing said, where the
/// strategy looks at no embeddings and `table` lacks one of the pool's texts or has a value that cannot
/// be measured.
pub(crate) fn locate(
    picks: &mut [Pick],
    pool: &Pool<'_>,
    table: Option<&Embeddings>,
    progress: &dyn Progress,
) -> Result<bool, Error> {
    let joined;
    let vectors = match (pool.vectors(), table) {
        (Some(vectors), _) => vectors,
        (None, None) => return Ok(false),
        (None, Some(table)) => match Rows::join(&pool.ids, || table.ids()) {
            Ok(rows) => {
                joined = Vectors::new(table, rows);
                &joined
            }
            Err(id) => {
                tracing::warn!(id, "a text has no embedding: where picks lie is left out");
                return Ok(false);
            }
        },
    };
    let mut rows: Vec<u32> = picks.iter().map(|pick| pick.row as u32).collect();
    rows.extend(&pool.labelled);
    let points = Gathered { vectors, rows };
    let squares = match squared_lengths(&points, points.rows.len()) {
        Ok(squares) => squares,
        Err(row) => {
            let id = pool.ids[points.rows[row as usize] as usize];
            tracing::warn!(
                id,
                "an embedding is not finite: where picks lie is left out"
            );
            return Ok(false);
        }
    };
    let space = Space {
        points: &points,
        squares: &squares,
    };
    let near = |row: u32, squared: f32| Near {
        id: pool.ids[points.rows[row as usize] as usize],
        distance: squared.sqrt(),
    };
    let without = |picks: &[Pick], near: fn(&Pick) -> Option<Near>| -> Vec<u32> {
        let slots = 0..picks.len() as u32;
        slots
            .filter(|slot| near(&picks[*slot as usize]).is_none())
            .collect()
    };
    let labelled: Vec<u32> = (picks.len() as u32..points.rows.len() as u32).collect();
    let unknown = without(picks, |pick| pick.nearest_labelled);
    tracing::debug!(picks = unknown.len(), "nearest labelled texts are sought");
    let found = nearest(&space, &unknown, &labelled, 1, progress).map_err(|_| Error::Cancelled)?;
    for (i, &slot) in unknown.iter().enumerate() {
        let (rows, squared) = found.of(i);
        let found = rows.first().zip(squared.first());
        picks[slot as usize].nearest_labelled = found.map(|(row, squared)| near(*row, *squared));
    }
    let unknown = without(picks, |pick| pick.nearest_earlier);
    tracing::debug!(picks = unknown.len(), "nearest earlier picks are sought");
    let found = earlier(&space, &unknown, progress)?;
    for (&slot, found) in unknown.iter().zip(found) {
        picks[slot as usize].nearest_earlier = found.map(|(row, squared)| near(row, squared));
    }
    Ok(true)
}

/// The nearest of the rows before each of `rows`, which are ascending, the first on ties, and its
/// squared distance.
fn earlier<P: Points>(
    space: &Space<'_, P>,
    rows: &[u32],
    progress: &dyn Progress,
) -> Result<Vec<Option<(u32, f32)>>, Error> {
    let mut nearest = Vec::with_capacity(rows.len());
    for rows in rows.chunks(PIECE) {
        let before: Vec<u32> = (0..rows.last().copied().unwrap_or(0)).collect();
        let chunks = rows.chunks(CHUNK);
        let mut chunks: Vec<Earlier<'_>> = chunks
            .map(|rows| Earlier {
                rows,
                nearest: vec![(u32::MAX, f32::INFINITY); rows.len()],
            })
            .collect();
        sweep(space, rows, &before, &mut chunks, progress).map_err(|_| Error::Cancelled)?;
        nearest.extend(chunks.into_iter().flat_map(|chunk| chunk.nearest));
    }
    let found = nearest.into_iter();
    Ok(found
        .map(|(row, squared)| (row != u32::MAX).then_some((row, squared)))
        .collect())
}

/// The nearest earlier rows of a chunk of queries so far.
struct Earlier<'a> {
    rows: &'a [u32],
    nearest: Vec<(u32, f32)>,
}

impl Collect for Earlier<'_> {
    #[inline(always)]
    fn collect(&mut self, query: usize, first: usize, distances: &[f32]) {
        let before = (self.rows[query] as usize).saturating_sub(first);
        let nearest = &mut self.nearest[query];
        if before == 0 || !any_within(distances, nearest.1) {
            return;
        }
        for (&squared, row) in distances.iter().take(before).zip(first as u32..) {
            if squared < nearest.1 {
                *nearest = (row, squared);
            }
        }
    }
}

#[cfg(test)]
mod tests;
