//! The nearest neighbours of points, found exactly.

use rayon::prelude::*;

/// Partial sums of a distance; their number and order are fixed, so the sum is too.
const LANES: usize = 8;

/// A neighbour and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub point: usize,
    pub distance: f32,
}

/// The `count` nearest others of each point, the nearest first, of two as near the first; `points` has
/// `dimension` numbers for each.
pub(super) fn nearest(points: &[f32], dimension: usize, count: usize) -> Vec<Vec<Near>> {
    let rows: Vec<&[f32]> = points.chunks_exact(dimension).collect();
    let of_point = |point: usize| {
        let others = (0..rows.len()).filter(|&other| other != point);
        let mut others: Vec<Near> = others
            .map(|other| Near {
                point: other,
                distance: squared(rows[point], rows[other]),
            })
            .collect();
        let order = |a: &Near, b: &Near| {
            a.distance
                .total_cmp(&b.distance)
                .then(a.point.cmp(&b.point))
        };
        if let Some(last) = count.checked_sub(1).filter(|last| *last < others.len()) {
            others.select_nth_unstable_by(last, order);
            others.truncate(count);
        }
        others.sort_unstable_by(order);
        for near in &mut others {
            near.distance = near.distance.sqrt();
        }
        others
    };
    (0..rows.len()).into_par_iter().map(of_point).collect()
}

/// The squared Euclidean distance.
fn squared(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            sums[lane] += difference * difference;
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b));
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}

/// The share of `near` neighbours of each point that are among as many nearest in `other` too; each has
/// at least `near` for every point.
pub(super) fn shared(some: &[Vec<Near>], other: &[Vec<Near>], near: usize) -> f64 {
    let hits = some.iter().zip(other).map(|(some, other)| {
        let found = |near: &Near, among: &[Near]| among.iter().any(|it| it.point == near.point);
        let (some, other) = (&some[..near], &other[..near]);
        some.iter().filter(|near| found(near, other)).count()
    });
    hits.sum::<usize>() as f64 / (near * some.len()) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(dimension: usize) -> impl Strategy<Value = Vec<f32>> {
        // Few values, so that distances are often equal.
        prop::collection::vec((0_u8..3).prop_map(f32::from), dimension..12 * dimension)
    }

    proptest! {
        #[test]
        fn neighbours_are_those_of_a_full_sort(points in points(11), count in 1_usize..20) {
            let rows: Vec<&[f32]> = points.chunks_exact(11).collect();
            let whole = &points[..11 * rows.len()];
            for (point, found) in nearest(whole, 11, count).into_iter().enumerate() {
                let mut all: Vec<(u32, usize)> = (0..rows.len())
                    .filter(|&other| other != point)
                    .map(|other| {
                        let pairs = rows[point].iter().zip(rows[other]);
                        (pairs.map(|(a, b)| (a - b).powi(2) as u32).sum(), other)
                    })
                    .collect();
                all.sort_unstable();
                all.truncate(count);
                let found: Vec<(u32, usize)> = found
                    .iter()
                    .map(|near| (near.distance.powi(2).round() as u32, near.point))
                    .collect();
                prop_assert_eq!(found, all);
            }
        }
    }

    #[test]
    fn neighbours_that_stay_are_counted() {
        let line = nearest(&[0.0, 1.0, 2.1, 3.3, 4.6], 1, 2);
        assert_eq!(shared(&line, &line, 2), 1.0);
        let turned = nearest(&[0.0, 1.0, 2.1, 3.3, -4.6], 1, 2);
        assert!(shared(&line, &turned, 2) < 1.0);
    }
}
