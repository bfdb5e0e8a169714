//! Squared euclidean distances, the one place where they are defined and computed.
//!
//! The squared distance of two vectors is `max(0, (|a|² + |b|²) - 2 a·b)` in f32, and every
//! product `a·b` (the squared lengths too) is one chain of fused multiply-adds over ascending
//! components, from 0. A fused multiply-add is rounded once, as IEEE 754 defines it, and no
//! chain is ever split or reordered: vector registers hold *different pairs*, never parts of one.
//! So a distance has the same bits on every processor, for any blocking and any number of threads,
//! and is the same in both directions; equal vectors are at distance 0.

mod products;

use pulp::{Arch, Simd, WithSimd};

/// The nearest of some vectors: its number, and the squared distance to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Closest {
    /// The squared distance.
    pub squared: f32,
    /// Its number.
    pub number: u32,
}

impl Closest {
    /// That of no vectors.
    pub const NONE: Self = Self {
        squared: f32::INFINITY,
        number: u32::MAX,
    };

    /// Takes the nearer of this and another, the lower number on ties.
    #[inline(always)]
    pub fn lower(&mut self, squared: f32, number: u32) {
        if squared < self.squared || squared == self.squared && number < self.number {
            *self = Self { squared, number };
        }
    }
}

/// Vectors laid out for the kernels: panels of [`Panels::width`] vectors, component by component.
///
/// Panel `p` holds vectors `p * width..(p + 1) * width` as `dimension` rows of `width` values. The
/// last panel is filled up with vectors that are infinitely far from everything.
#[derive(Debug, Clone)]
pub struct Panels {
    arch: Arch,
    width: usize,
    dimension: usize,
    len: usize,
    values: Vec<f32>,
    squares: Vec<f32>,
}

impl Panels {
    /// No vectors yet, of `dimension` components each.
    pub fn new(arch: Arch, dimension: usize) -> Self {
        let width = arch.dispatch(Width);
        Self {
            arch,
            width,
            dimension,
            len: 0,
            values: Vec::new(),
            squares: Vec::new(),
        }
    }

    /// Makes room for `count` vectors in all.
    pub fn reserve(&mut self, count: usize) {
        let padded = count.next_multiple_of(self.width);
        self.values
            .reserve_exact((padded * self.dimension).saturating_sub(self.values.len()));
        self.squares
            .reserve_exact(padded.saturating_sub(self.squares.len()));
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many vectors a panel holds.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many panels there are.
    pub fn panels(&self) -> usize {
        self.len.div_ceil(self.width)
    }

    /// Forgets all vectors.
    pub fn clear(&mut self) {
        self.len = 0;
        self.values.clear();
        self.squares.clear();
    }

    /// Appends a vector and its squared length.
    pub fn push(&mut self, vector: &[f32], square: f32) {
        let column = self.len % self.width;
        if column == 0 {
            self.values
                .resize(self.values.len() + self.width * self.dimension, 0.0);
            self.squares
                .resize(self.squares.len() + self.width, f32::INFINITY);
        }
        let panel = self.values.len() - self.width * self.dimension;
        for (row, &value) in self.values[panel..]
            .chunks_exact_mut(self.width)
            .zip(vector)
        {
            row[column] = value;
        }
        self.squares[self.len] = square;
        self.len += 1;
    }

    /// Lowers `nearest[i]` to the nearest vector in `panels` to row `i`, where that is nearer than what
    /// the row was compared with before. `rows` holds `nearest.len()` vectors one after another,
    /// `squares` their squared lengths.
    pub fn lower(
        &self,
        panels: std::ops::Range<usize>,
        rows: &[f32],
        squares: &[f32],
        nearest: &mut [Closest],
    ) {
        let first = panels.start;
        self.pairs(panels, rows, squares, Lower { first, nearest });
    }

    /// Visits the squared distances of `rows` to the vectors in `panels`, laid out as for
    /// [`Panels::lower`].
    pub fn visit<V: Visit>(
        &self,
        panels: std::ops::Range<usize>,
        rows: &[f32],
        squares: &[f32],
        visit: &mut V,
    ) {
        self.pairs(panels, rows, squares, Store { visit });
    }

    fn pairs<E: Each>(
        &self,
        panels: std::ops::Range<usize>,
        rows: &[f32],
        squares: &[f32],
        each: E,
    ) {
        let size = self.width * self.dimension;
        self.arch.dispatch(Pairs {
            dimension: self.dimension,
            panels: &self.values[panels.start * size..panels.end * size],
            panel_squares: &self.squares[panels.start * self.width..panels.end * self.width],
            rows,
            squares,
            each,
        });
    }

    /// Lowers `nearest[j]` to the squared distance of vector `j` to `row`, where that is less.
    pub fn lower_all(&self, row: &[f32], square: f32, nearest: &mut [f32]) {
        self.arch.dispatch(LowerAll {
            panels: &self.values,
            panel_squares: &self.squares,
            row,
            square,
            nearest,
        });
    }
}

/// The squared length of each of the vectors that lie one after another in `rows`.
pub fn squared_lengths(arch: Arch, dimension: usize, rows: &[f32], squares: &mut [f32]) {
    arch.dispatch(SquaredLengths {
        dimension,
        rows,
        squares,
    });
}

struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        2 * S::F32_LANES
    }
}

struct SquaredLengths<'a> {
    dimension: usize,
    rows: &'a [f32],
    squares: &'a mut [f32],
}

impl WithSimd for SquaredLengths<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        const TOGETHER: usize = 8;
        let rows = self.rows.chunks(TOGETHER * self.dimension);
        for (rows, squares) in rows.zip(self.squares.chunks_mut(TOGETHER)) {
            let mut sums = [0.0_f32; TOGETHER];
            if let Some(rows) = split::<TOGETHER>(rows, self.dimension) {
                for k in 0..self.dimension {
                    for (sum, row) in sums.iter_mut().zip(rows) {
                        *sum = row[k].mul_add(row[k], *sum);
                    }
                }
            } else {
                for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(self.dimension)) {
                    *sum = row
                        .iter()
                        .fold(0.0, |sum, value| value.mul_add(*value, sum));
                }
            }
            squares.copy_from_slice(&sums[..squares.len()]);
        }
    }
}

/// The first `N` rows of `rows`, if there are so many.
#[inline(always)]
fn split<const N: usize>(rows: &[f32], dimension: usize) -> Option<[&[f32]; N]> {
    (rows.len() >= N * dimension)
        .then(|| std::array::from_fn(|i| &rows[i * dimension..(i + 1) * dimension]))
}

/// Every row against every panel, in tiles.
struct Pairs<'a, E> {
    dimension: usize,
    panels: &'a [f32],
    panel_squares: &'a [f32],
    rows: &'a [f32],
    squares: &'a [f32],
    each: E,
}

/// What is done with squared distances while they are in registers.
trait Each {
    /// Takes those of the `ROWS` rows from `start` on to the vectors of panel `panel`.
    fn tile<S: Simd, const ROWS: usize>(
        &mut self,
        simd: S,
        start: usize,
        panel: usize,
        distances: impl Fn(usize) -> [S::f32s; 2],
    );
}

impl<E: Each> WithSimd for Pairs<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.tiles::<S, 12>(simd);
        } else {
            self.tiles::<S, 6>(simd);
        }
    }
}

impl<E: Each> Pairs<'_, E> {
    /// Goes over tiles of `ROWS` rows by one panel, whose sums stay in registers.
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize>(mut self, simd: S) {
        const FEW: usize = 3;
        let width = 2 * S::F32_LANES;
        let panels = self.panels.chunks_exact(width * self.dimension);
        let panels = panels.zip(self.panel_squares.chunks_exact(width));
        for (p, (panel, panel_squares)) in panels.enumerate() {
            let (panel, _) = S::as_simd_f32s(panel);
            let (panel_squares, _) = S::as_simd_f32s(panel_squares);
            let mut start = 0;
            while start + ROWS <= self.squares.len() {
                self.tile::<S, ROWS>(simd, p, panel, panel_squares, start);
                start += ROWS;
            }
            while start + FEW <= self.squares.len() {
                self.tile::<S, FEW>(simd, p, panel, panel_squares, start);
                start += FEW;
            }
            while start < self.squares.len() {
                self.tile::<S, 1>(simd, p, panel, panel_squares, start);
                start += 1;
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize>(
        &mut self,
        simd: S,
        p: usize,
        panel: &[S::f32s],
        panel_squares: &[S::f32s],
        start: usize,
    ) {
        let Some(rows) = split::<ROWS>(&self.rows[start * self.dimension..], self.dimension) else {
            return;
        };
        let sums = products::<S, ROWS>(simd, rows, panel);
        let squares = &self.squares[start..start + ROWS];
        self.each.tile::<S, ROWS>(simd, start, p, |i: usize| {
            let square = simd.splat_f32s(squares[i]);
            [
                squared_distance(simd, square, panel_squares[0], sums[i][0]),
                squared_distance(simd, square, panel_squares[1], sums[i][1]),
            ]
        });
    }
}

/// The products of `ROWS` rows with the vectors of a panel.
#[inline(always)]
fn products<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    panel: &[S::f32s],
) -> [[S::f32s; 2]; ROWS] {
    let (columns, _) = panel.as_chunks::<2>();
    let rows = rows.map(|row| &row[..columns.len()]);
    let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
    for (k, [left, right]) in columns.iter().enumerate() {
        for i in 0..ROWS {
            let value = simd.splat_f32s(rows[i][k]);
            sums[i][0] = simd.mul_add_f32s(value, *left, sums[i][0]);
            sums[i][1] = simd.mul_add_f32s(value, *right, sums[i][1]);
        }
    }
    sums
}

/// Notes the nearest vector.
struct Lower<'a> {
    /// The first panel's number.
    first: usize,
    nearest: &'a mut [Closest],
}

impl Each for Lower<'_> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize>(
        &mut self,
        simd: S,
        start: usize,
        panel: usize,
        distances: impl Fn(usize) -> [S::f32s; 2],
    ) {
        let nearest = &mut self.nearest[start..start + ROWS];
        for (i, nearest) in nearest.iter_mut().enumerate() {
            let distances = distances(i);
            let least = simd.reduce_min_f32s(simd.min_f32s(distances[0], distances[1]));
            if least <= nearest.squared {
                let lanes = pulp::bytemuck::cast_slice::<S::f32s, f32>(&distances);
                let lane = lanes.iter().position(|distance| *distance == least);
                let number = (self.first + panel) * lanes.len() + lane.unwrap_or(0);
                nearest.lower(least, number as u32);
            }
        }
    }
}

/// What is done with squared distances.
pub trait Visit {
    /// Takes those of row `row` to the vectors from `first` on of the panels visited, a panel full;
    /// infinite where there is no vector. Mark it `#[inline(always)]`: it is vectorised with the
    /// kernel it becomes part of.
    fn visit(&mut self, row: usize, first: usize, distances: &[f32]);
}

struct Store<'a, V> {
    visit: &'a mut V,
}

impl<V: Visit> Each for Store<'_, V> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize>(
        &mut self,
        _simd: S,
        start: usize,
        panel: usize,
        distances: impl Fn(usize) -> [S::f32s; 2],
    ) {
        const WIDEST: usize = 32;
        let width = 2 * S::F32_LANES;
        let mut stored = [[0.0_f32; WIDEST]; ROWS];
        let values = &mut stored.as_flattened_mut()[..ROWS * width];
        let (columns, _) = S::as_mut_simd_f32s(values);
        let columns = &mut columns[..2 * ROWS];
        for i in 0..ROWS {
            let [left, right] = distances(i);
            columns[2 * i] = left;
            columns[2 * i + 1] = right;
        }
        for (i, distances) in values.chunks_exact(width).enumerate() {
            self.visit.visit(start + i, panel * width, distances);
        }
    }
}

struct LowerAll<'a> {
    panels: &'a [f32],
    panel_squares: &'a [f32],
    row: &'a [f32],
    square: f32,
    nearest: &'a mut [f32],
}

impl WithSimd for LowerAll<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const TOGETHER: usize = 4;
        let width = 2 * S::F32_LANES;
        let size = width * self.row.len();
        let groups = self.panels.chunks(TOGETHER * size);
        let squares = self.panel_squares.chunks(TOGETHER * width);
        for ((panels, squares), nearest) in groups
            .zip(squares)
            .zip(self.nearest.chunks_mut(TOGETHER * width))
        {
            if let Some(panels) = split::<TOGETHER>(panels, size) {
                one_row::<S, TOGETHER>(simd, panels, squares, self.row, self.square, nearest);
            } else {
                let panels = panels.chunks_exact(size);
                let squares = squares.chunks_exact(width);
                for ((panel, squares), nearest) in
                    panels.zip(squares).zip(nearest.chunks_mut(width))
                {
                    one_row::<S, 1>(simd, [panel], squares, self.row, self.square, nearest);
                }
            }
        }
    }
}

/// One row against the vectors of `PANELS` panels, whose sums stay in registers.
#[inline(always)]
fn one_row<S: Simd, const PANELS: usize>(
    simd: S,
    panels: [&[f32]; PANELS],
    panel_squares: &[f32],
    row: &[f32],
    square: f32,
    nearest: &mut [f32],
) {
    let panels = panels.map(|panel| S::as_simd_f32s(panel).0);
    let mut sums = [[simd.splat_f32s(0.0); 2]; PANELS];
    for (k, &value) in row.iter().enumerate() {
        let value = simd.splat_f32s(value);
        for p in 0..PANELS {
            sums[p][0] = simd.mul_add_f32s(value, panels[p][2 * k], sums[p][0]);
            sums[p][1] = simd.mul_add_f32s(value, panels[p][2 * k + 1], sums[p][1]);
        }
    }
    let square = simd.splat_f32s(square);
    let (panel_squares, _) = S::as_simd_f32s(panel_squares);
    let nearest = nearest.chunks_mut(S::F32_LANES);
    for ((sum, panel_square), nearest) in sums.as_flattened().iter().zip(panel_squares).zip(nearest)
    {
        let distances = squared_distance(simd, square, *panel_square, *sum);
        let least = simd.min_f32s(simd.partial_load_f32s(nearest), distances);
        simd.partial_store_f32s(nearest, least);
    }
}

#[inline(always)]
fn squared_distance<S: Simd>(simd: S, a: S::f32s, b: S::f32s, product: S::f32s) -> S::f32s {
    let twice = simd.add_f32s(product, product);
    let distance = simd.sub_f32s(simd.add_f32s(a, b), twice);
    simd.max_f32s(distance, simd.splat_f32s(0.0))
}

#[cfg(test)]
mod tests;
