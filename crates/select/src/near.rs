//! Where each pick lies: the nearest labelled text and the nearest earlier pick.

use goldpan_artifact::{Embeddings, Progress};
use serde::{Deserialize, Serialize};

use crate::join::Rows;
use crate::neighbours::{BLOCK, CHUNK, Collect, Space, any_within, nearest, sweep};
use crate::points::{Points, Vectors, squared_lengths};
use crate::pool::Pool;
use crate::{Error, Pick, Shape, Work};

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

/// What [`locate`] takes at most.
pub(crate) fn work(shape: &Shape) -> Work {
    let picks = shape.picks as f64;
    let (others, dimension) = (picks + shape.labelled as f64, shape.dimension as f64);
    if shape.dimension == 0 {
        return Work::default();
    }
    Work {
        products: picks * others * dimension,
        steps: picks,
        read: (2.0 * others + 2.0 * picks) * dimension * shape.value_bytes as f64,
        memory: 8.0 * others + 64.0 * picks + 4.0 * others.min(BLOCK as f64) * dimension,
    }
}

/// Says of each pick where it lies. False, and nothing said, where the strategy looks at no
/// embeddings and `table` lacks one of the pool's texts or has a value that cannot be measured.
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
                joined = Vectors { table, rows };
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
    let chosen: Vec<u32> = (0..picks.len() as u32).collect();
    let labelled: Vec<u32> = (picks.len() as u32..points.rows.len() as u32).collect();
    let neighbours = nearest(&space, &chosen, &labelled, 1, progress);
    let neighbours = neighbours.map_err(|_| Error::Cancelled)?;
    let earlier = earlier(&space, &chosen, progress)?;
    for (slot, (pick, earlier)) in picks.iter_mut().zip(earlier).enumerate() {
        let (rows, squared) = neighbours.of(slot);
        let labelled = rows.first().zip(squared.first());
        pick.nearest_labelled = labelled.map(|(row, squared)| near(*row, *squared));
        pick.nearest_earlier = earlier.map(|(row, squared)| near(row, squared));
    }
    Ok(true)
}

/// The nearest of the rows before each of `rows`, the earliest on ties, and its squared distance.
fn earlier<P: Points>(
    space: &Space<'_, P>,
    rows: &[u32],
    progress: &dyn Progress,
) -> Result<Vec<Option<(u32, f32)>>, Error> {
    let mut chunks: Vec<Earlier> = (0..rows.len())
        .step_by(CHUNK)
        .map(|start| Earlier {
            start,
            nearest: vec![(u32::MAX, f32::INFINITY); CHUNK.min(rows.len() - start)],
        })
        .collect();
    sweep(space, rows, rows, &mut chunks, progress).map_err(|_| Error::Cancelled)?;
    let nearest = chunks.into_iter().flat_map(|chunk| chunk.nearest);
    Ok(nearest
        .map(|(row, squared)| (row != u32::MAX).then_some((row, squared)))
        .collect())
}

/// The nearest earlier rows of a chunk of queries, whose first is `start`, so far.
struct Earlier {
    start: usize,
    nearest: Vec<(u32, f32)>,
}

impl Collect for Earlier {
    #[inline(always)]
    fn collect(&mut self, query: usize, first: usize, distances: &[f32]) {
        let before = (self.start + query).saturating_sub(first);
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
