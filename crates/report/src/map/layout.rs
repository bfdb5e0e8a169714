//! Laying points out on a plane, neighbours beside each other, by Barnes-Hut t-SNE (van der Maaten 2014).

use bhtsne::{Neighbor, tSNE};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::map::neighbours::{Near, nearest, shared};

/// How many neighbours a point looks at, as the effective number of them.
const PERPLEXITY: usize = 30;

/// More move points about no longer.
const EPOCHS: usize = 750;

/// How far off a cell of points must be to count as one point.
const THETA: f32 = 0.5;

/// By so many neighbours of each point the map is judged.
const JUDGED: usize = 10;

/// Points on a plane.
#[derive(Serialize, Deserialize)]
pub(super) struct Layout {
    /// In the unit square; it is the larger side that fills it.
    pub places: Vec<[f64; 2]>,
    /// By how many nearest neighbours of each point the layout was judged.
    pub judged: usize,
    /// The share of them that are among as many nearest on the plane.
    pub kept: f64,
}

impl Layout {
    /// Lays out points with `dimension` finite numbers each; `None` of too few, or where they have no
    /// layout because numbers overflow.
    ///
    /// It starts from the eigenvectors of the neighbours' graph, not at random, and runs on one thread,
    /// since with several the order of sums is left to chance: equal points have equal layouts.
    pub(super) fn of(points: &[f32], dimension: usize) -> Result<Option<Self>, Error> {
        let count = points.len() / dimension.max(1);
        let near = (3 * PERPLEXITY).min(count.saturating_sub(1));
        if near < 4 {
            return Ok(None);
        }
        let neighbours = nearest(points, dimension, near);
        let farthest = neighbours.iter().flatten().map(|near| near.distance);
        let farthest = farthest.fold(0.0, f32::max);
        if !farthest.is_finite() {
            return Ok(None);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let laid = pool
            .map_err(|source| Error::Threads { source })?
            .install(|| laid_out(&neighbours, farthest));
        if laid.iter().any(|place| !place.is_finite()) {
            return Ok(None);
        }
        let judged = JUDGED.min(near / 2);
        let on_plane = nearest(&laid, 2, judged);
        Ok(Some(Self {
            places: in_unit_square(&laid),
            judged,
            kept: shared(&neighbours, &on_plane, judged),
        }))
    }
}

/// Two numbers for each point.
fn laid_out(neighbours: &[Vec<Near>], farthest: f32) -> Vec<f32> {
    // The layout does not depend on the scale; without it, nothing over- or underflows.
    let scale = if farthest > 0.0 { farthest } else { 1.0 };
    let near: Vec<Vec<Neighbor<f32>>> = neighbours
        .iter()
        .map(|row| {
            let near = row.iter().map(|near| Neighbor {
                index: near.point,
                distance: near.distance / scale,
            });
            near.collect()
        })
        .collect();
    let perplexity = near.first().map_or(0, Vec::len) as f32 / 3.0;
    let points: Vec<usize> = (0..near.len()).collect();
    let mut map: tSNE<'_, f32, usize, 2> = tSNE::new(&points);
    map.perplexity(perplexity)
        .epochs(EPOCHS)
        .spectral_init()
        .barnes_hut_with_neighbors(THETA, &near);
    map.embedding()
}

fn in_unit_square(laid: &[f32]) -> Vec<[f64; 2]> {
    let places = || {
        laid.as_chunks::<2>()
            .0
            .iter()
            .map(|place| place.map(f64::from))
    };
    let ends = |axis: usize| {
        places().fold((f64::INFINITY, f64::NEG_INFINITY), |ends, place| {
            (ends.0.min(place[axis]), ends.1.max(place[axis]))
        })
    };
    let sides = [ends(0), ends(1)];
    let side = sides.map(|(low, high)| high - low);
    let side = side[0].max(side[1]).max(f64::MIN_POSITIVE);
    let middle = sides.map(|(low, high)| (low + high) / 2.0);
    places()
        .map(|place| [0, 1].map(|axis| 0.5 + (place[axis] - middle[axis]) / side))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two heaps of points, far from each other.
    fn heaps(count: usize, dimension: usize) -> Vec<f32> {
        let number = |place: usize| {
            let point = place / dimension;
            let scattered = (place * 7919 % 101) as f32 / 101.0;
            scattered + if point < count / 2 { 0.0 } else { 9.0 }
        };
        (0..count * dimension).map(number).collect()
    }

    #[test]
    fn heaps_stay_apart_and_the_unit_square_holds_them() {
        let layout = Layout::of(&heaps(120, 6), 6).unwrap().unwrap();
        let inside = |value: f64| (-1e-9..=1.0 + 1e-9).contains(&value);
        assert!(layout.places.iter().flatten().all(|&value| inside(value)));
        let distance = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        let (left, right) = layout.places.split_at(60);
        let nearest = |from: [f64; 2], others: &[[f64; 2]]| {
            let others = others.iter().filter(|other| **other != from);
            others
                .map(|other| distance(from, *other))
                .fold(f64::INFINITY, f64::min)
        };
        for &place in left {
            assert!(nearest(place, left) < nearest(place, right));
        }
        assert!(layout.kept > 0.3, "{}", layout.kept);
        assert_eq!(layout.judged, 10);
    }

    #[test]
    fn equal_points_have_equal_layouts_on_any_number_of_threads() {
        let points = heaps(150, 5);
        let layout = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| Layout::of(&points, 5).unwrap().unwrap().places)
        };
        let places = layout(1);
        assert_eq!(layout(4), places);
        assert_eq!(layout(3), places);
    }

    #[test]
    fn what_has_no_layout_has_none() {
        assert!(Layout::of(&heaps(4, 3), 3).unwrap().is_none());
        assert!(Layout::of(&[], 0).unwrap().is_none());
        let huge: Vec<f32> = (0..30)
            .map(|place| f32::MAX * (place % 3) as f32 / 2.0)
            .collect();
        assert!(Layout::of(&huge, 1).unwrap().is_none());
        let same = Layout::of(&[1.0; 40], 2).unwrap().unwrap();
        assert!(same.places.iter().flatten().all(|value| value.is_finite()));
        let tiny = heaps(20, 2)
            .iter()
            .map(|value| value * 1e-18)
            .collect::<Vec<_>>();
        assert!(Layout::of(&tiny, 2).unwrap().is_some());
    }
}
