//! Rows drawn by their squared distance to what is labelled or drawn already.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::kmeans::drawn;
use crate::nearest::Nearest;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::space::Space;
use crate::spread;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};

/// D² sampling (Arthur & Vassilvitskii 2007, doi:10.5555/1283383.1283494): one row after another is
/// drawn with a probability in proportion to its squared euclidean distance to the nearest labelled
/// or drawn row. While nothing is labelled, the first row is drawn evenly. When all rows left are
/// at distance 0, the lowest is taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KMeansPlusPlus {}

pub(crate) const ABOUT: About = About {
    name: "k-means-plus-plus",
    picks: "at random, in proportion to the squared distance from all labelled and picked",
    needs: "embeddings",
    cost: "O(n l d), and at most O(n k d)",
    paper: "Arthur & Vassilvitskii 2007, doi:10.5555/1283383.1283494",
    usual: || Strategy::KMeansPlusPlus(KMeansPlusPlus::default()),
};

impl Own for KMeansPlusPlus {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: false,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["diversity"]
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn work(&self, shape: &Shape) -> Work {
        let (rows, free, picks) = (shape.rows as f64, shape.free() as f64, shape.picks as f64);
        let (labelled, dimension) = (shape.labelled as f64, shape.dimension as f64);
        Work {
            products: dimension * (free * labelled + drawn(free, picks)),
            steps: 4.0 * free + 1000.0 * picks,
            read: (2.0 * rows + 3.0 * picks) * dimension * shape.value_bytes as f64,
            memory: 4.0 * (labelled + picks) * dimension + 60.0 * rows,
        }
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let Some(vectors) = pool.vectors() else {
            return Ok(Vec::new());
        };
        let squares = vectors.squared_lengths()?;
        let mut picks = Vec::with_capacity(count);
        if count == 0 {
            return Ok(picks);
        }
        let cut = spread::Cut::usual(Arch::new());
        let space = Space::new(vectors, squares);
        let mut random = rng(seed, "select/k-means-plus-plus");
        let mut nearest = Nearest::new(&space, &pool.free, &pool.labelled, cut.arch);
        let picked = |slot: u32, distance: f32| {
            pool.picked(pool.free[slot as usize], distance, vec![distance])
        };
        if pool.labelled.is_empty() {
            let first = random.random_range(0..pool.free.len() as u32);
            picks.push(picked(first, f32::INFINITY));
            progress.advance(1);
            nearest.take(first);
        }
        let more = count - picks.len();
        let found = spread::draw(&mut nearest, None, more, &mut random, progress, cut)?;
        picks.extend(
            found
                .iter()
                .map(|(slot, square)| picked(*slot, square.sqrt())),
        );
        Ok(picks)
    }
}
