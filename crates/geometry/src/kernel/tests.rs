//! Every path of the kernels against the definition.

use super::*;
use proptest::prelude::*;

/// The squared distance as the module's documentation defines it.
fn defined(a: &[f32], b: &[f32]) -> f32 {
    let product =
        |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0.0, |sum, (a, b)| a.mul_add(*b, sum));
    (product(a, a) + product(b, b) - 2.0 * product(a, b)).max(0.0)
}

fn vectors(dimension: usize, count: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-4.0_f32..4.0, dimension * count)
}

fn rows_and_centres() -> impl Strategy<Value = (usize, Vec<f32>, Vec<f32>)> {
    (1_usize..20, 1_usize..40, 1_usize..70).prop_flat_map(|(dimension, rows, centres)| {
        (
            Just(dimension),
            vectors(dimension, rows),
            vectors(dimension, centres),
        )
    })
}

fn panels(arch: Arch, dimension: usize, vectors: &[f32]) -> Panels {
    let mut squares = vec![0.0; vectors.len() / dimension];
    squared_lengths(arch, dimension, vectors, &mut squares);
    let mut panels = Panels::new(arch, dimension);
    for (vector, square) in vectors.chunks_exact(dimension).zip(squares) {
        panels.push(vector, square);
    }
    panels
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// All distances that were visited.
struct Recorded {
    columns: usize,
    distances: Vec<f32>,
}

impl Visit for Recorded {
    fn visit(&mut self, row: usize, first: usize, distances: &[f32]) {
        let start = row * self.columns + first;
        self.distances[start..start + distances.len()].copy_from_slice(distances);
    }
}

proptest! {
    #[test]
    fn every_path_gives_the_defined_bits((dimension, rows, centres) in rows_and_centres()) {
        let nearest_centre = |row: &[f32]| {
            let distances = centres.chunks_exact(dimension).map(|centre| defined(row, centre));
            distances.fold(f32::INFINITY, f32::min)
        };
        let expected: Vec<f32> = rows.chunks_exact(dimension).map(nearest_centre).collect();
        for arch in [Arch::Scalar, Arch::new()] {
            let mut squares = vec![0.0; expected.len()];
            squared_lengths(arch, dimension, &rows, &mut squares);

            let by_centre = panels(arch, dimension, &centres);
            let mut nearest = vec![Closest::NONE; expected.len()];
            by_centre.lower(0..by_centre.panels(), &rows, &squares, &mut nearest);
            let nearest: Vec<f32> = nearest.iter().map(|nearest| nearest.squared).collect();
            prop_assert_eq!(bits(&nearest), bits(&expected));

            let mut table = Recorded {
                columns: by_centre.panels() * by_centre.width(),
                distances: vec![f32::NAN; expected.len() * by_centre.panels() * by_centre.width()],
            };
            by_centre.visit(0..by_centre.panels(), &rows, &squares, &mut table);
            for (row, found) in rows.chunks_exact(dimension).zip(table.distances.chunks(table.columns)) {
                let mut all: Vec<f32> =
                    centres.chunks_exact(dimension).map(|centre| defined(row, centre)).collect();
                all.resize(table.columns, f32::INFINITY);
                prop_assert_eq!(bits(found), bits(&all));
            }

            let by_row = panels(arch, dimension, &rows);
            let mut nearest = vec![f32::INFINITY; expected.len()];
            for centre in centres.chunks_exact(dimension) {
                let square = defined(centre, &vec![0.0; dimension]);
                by_row.lower_all(centre, square, &mut nearest);
            }
            prop_assert_eq!(bits(&nearest), bits(&expected));
        }
    }

    #[test]
    fn the_closest_is_the_lowest_of_the_nearest(
        (dimension, rows, mut centres) in rows_and_centres(), again in 1_usize..50
    ) {
        centres.extend_from_within(..again.min(centres.len() / dimension) * dimension);
        let closest = |row: &[f32]| {
            let distances = centres.chunks_exact(dimension).map(|centre| defined(row, centre));
            let least = distances.enumerate().reduce(|a, b| if b.1 < a.1 { b } else { a });
            least.map_or(0, |(centre, _)| centre as u32)
        };
        let expected: Vec<u32> = rows.chunks_exact(dimension).map(closest).collect();
        for arch in [Arch::Scalar, Arch::new()] {
            let mut squares = vec![0.0; expected.len()];
            squared_lengths(arch, dimension, &rows, &mut squares);
            let panels = panels(arch, dimension, &centres);
            let half = panels.panels() / 2;
            let mut nearest = vec![Closest::NONE; expected.len()];
            panels.lower(half..panels.panels(), &rows, &squares, &mut nearest);
            panels.lower(0..half, &rows, &squares, &mut nearest);
            let numbers: Vec<u32> = nearest.iter().map(|nearest| nearest.number).collect();
            prop_assert_eq!(&numbers, &expected);
        }
    }

    #[test]
    fn equal_vectors_are_at_distance_zero(vector in vectors(7, 1)) {
        prop_assert_eq!(defined(&vector, &vector).to_bits(), 0);
    }
}

#[test]
fn cleared_panels_hold_nothing() {
    let mut panels = panels(Arch::new(), 2, &[1.0, 2.0, 3.0, 4.0]);
    panels.clear();
    assert_eq!((panels.len(), panels.panels()), (0, 0));
    panels.push(&[0.0, 0.0], 0.0);
    let closest = |squared, number| Closest { squared, number };
    let mut nearest = [closest(9.0, 7)];
    panels.lower(0..1, &[3.0, 4.0], &[25.0], &mut nearest);
    assert_eq!(nearest, [closest(9.0, 7)]);
    panels.push(&[3.0, 3.0], 18.0);
    panels.lower(0..1, &[3.0, 4.0], &[25.0], &mut nearest);
    assert_eq!(nearest, [closest(1.0, 1)]);
}
