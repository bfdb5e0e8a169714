//! The spaces in which rows are apart: that of the embeddings, and that of gradients.
//!
//! A gradient of a classifier's last layer is the outer product of two vectors, `q ⊗ h`, and is never
//! made: `<q ⊗ h, r ⊗ k> = <q, r> <h, k>`. The squared distance of two rows is
//! `max(0, (|a|² + |b|²) - 2 <a, b>)` in f32 in either space, each product a chain as in the kernel,
//! so it has the same bits on every processor and is the same in both directions.

use std::borrow::Cow;

use pulp::Arch;

use goldpan_geometry::Points;
use goldpan_geometry::kernel::Panels;

/// The left vectors of outer products, by row of the pool.
pub(crate) struct Factors {
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

impl Factors {
    fn of(&self, row: u32) -> &[f32] {
        let start = row as usize * self.width;
        &self.values[start..start + self.width]
    }

    /// The squared length of a row's vector.
    fn square(&self, row: u32) -> f32 {
        let values = self.of(row).iter();
        values.fold(0.0, |sum, value| value.mul_add(*value, sum))
    }
}

/// Where every row of the pool lies.
pub(crate) struct Space<'a, P> {
    points: &'a P,
    squares: Cow<'a, [f32]>,
    factors: Option<Factors>,
}

impl<'a, P: Points> Space<'a, P> {
    /// The space of the embeddings, of which `squares` are the squared lengths.
    pub(crate) fn new(points: &'a P, squares: impl Into<Cow<'a, [f32]>>) -> Self {
        Self {
            points,
            squares: squares.into(),
            factors: None,
        }
    }

    /// The space of the outer products of `factors` and the embeddings, of which `squares` are the
    /// squared lengths.
    pub(crate) fn outer(points: &'a P, squares: &[f32], factors: Factors) -> Self {
        let rows = squares.iter().zip(0..);
        let squares = rows.map(|(square, row)| square * factors.square(row));
        Self {
            points,
            squares: squares.collect(),
            factors: Some(factors),
        }
    }

    /// The squared length of a row.
    pub(crate) fn square(&self, row: u32) -> f32 {
        self.squares[row as usize]
    }

    /// How many values an embedding has.
    pub(crate) fn dimension(&self) -> usize {
        self.points.dimension()
    }

    /// Copies the embedding of a row.
    pub(crate) fn copy(&self, row: u32, vector: &mut [f32]) {
        self.points.copy(row, vector);
    }
}

/// Some rows of a space, one after another.
#[derive(Default)]
pub(crate) struct Block {
    vectors: Vec<f32>,
    factors: Vec<f32>,
    squares: Vec<f32>,
    products: Vec<f32>,
    left: Vec<f32>,
}

impl Block {
    /// Holds these rows instead of those before.
    pub(crate) fn fill<P: Points>(
        &mut self,
        space: &Space<'_, P>,
        rows: impl Iterator<Item = u32>,
    ) {
        let dimension = space.points.dimension();
        self.squares.clear();
        self.factors.clear();
        for (i, row) in rows.enumerate() {
            let needed = (i + 1) * dimension;
            if self.vectors.len() < needed {
                self.vectors.resize(needed, 0.0);
            }
            space
                .points
                .copy(row, &mut self.vectors[needed - dimension..needed]);
            self.squares.push(space.square(row));
            if let Some(factors) = &space.factors {
                self.factors.extend_from_slice(factors.of(row));
            }
        }
        self.vectors.truncate(self.squares.len() * dimension);
    }
}

/// Some rows of a space, laid out for the kernel.
pub(crate) struct Laid {
    vectors: Panels,
    factors: Option<Panels>,
    squares: Vec<f32>,
}

impl Laid {
    pub(crate) fn new<P: Points>(space: &Space<'_, P>, arch: Arch) -> Self {
        let factors = space.factors.as_ref();
        Self {
            vectors: Panels::new(arch, space.points.dimension()),
            factors: factors.map(|factors| Panels::new(arch, factors.width)),
            squares: Vec::new(),
        }
    }

    /// Vectors that are no rows, one after another.
    pub(crate) fn vectors(
        arch: Arch,
        dimension: usize,
        vectors: &[f32],
        squares: Vec<f32>,
    ) -> Self {
        let mut panels = Panels::new(arch, dimension);
        for vector in vectors.chunks_exact(dimension) {
            panels.push(vector, 0.0);
        }
        Self {
            vectors: panels,
            factors: None,
            squares,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.squares.len()
    }

    pub(crate) fn width(&self) -> usize {
        self.vectors.width()
    }

    pub(crate) fn panels(&self) -> usize {
        self.vectors.panels()
    }

    pub(crate) fn clear(&mut self) {
        self.squares.clear();
        self.vectors.clear();
        if let Some(factors) = &mut self.factors {
            factors.clear();
        }
    }

    /// Appends the rows of a block.
    pub(crate) fn push<P: Points>(&mut self, space: &Space<'_, P>, block: &Block) {
        let dimension = space.points.dimension();
        for vector in block.vectors.chunks_exact(dimension) {
            self.vectors.push(vector, 0.0);
        }
        if let (Some(panels), Some(factors)) = (&mut self.factors, &space.factors) {
            for values in block.factors.chunks_exact(factors.width) {
                panels.push(values, 0.0);
            }
        }
        self.squares.extend_from_slice(&block.squares);
    }

    /// Calls `each(i, first, distances)` for every row `i` of the block and every one of these
    /// panels: the squared distances of the row to the vectors from `first` on.
    pub(crate) fn distances(
        &self,
        panels: std::ops::Range<usize>,
        block: &mut Block,
        mut each: impl FnMut(usize, usize, &[f32]),
    ) {
        let (width, rows) = (self.width(), block.squares.len());
        block.products.resize(rows * width, 0.0);
        for panel in panels {
            self.vectors
                .products(panel, &block.vectors, &mut block.products);
            if let Some(factors) = &self.factors {
                block.left.resize(rows * width, 0.0);
                factors.products(panel, &block.factors, &mut block.left);
                for (product, left) in block.products.iter_mut().zip(&block.left) {
                    *product *= left;
                }
            }
            let first = panel * width;
            let squares = &self.squares[first..self.len().min(first + width)];
            for (i, products) in block.products.chunks_exact_mut(width).enumerate() {
                let square = block.squares[i];
                let products = &mut products[..squares.len()];
                for (product, other) in products.iter_mut().zip(squares) {
                    *product = squared_distance(square, *other, *product);
                }
                each(i, first, products);
            }
        }
    }

    /// Lowers `nearest[i]` to the squared distance of row `i` of the block to the nearest vector in
    /// these panels.
    pub(crate) fn lower(
        &self,
        panels: std::ops::Range<usize>,
        block: &mut Block,
        nearest: &mut [f32],
    ) {
        self.distances(panels, block, |i, _, distances| {
            nearest[i] = nearest[i].min(least(distances));
        });
    }

    /// Lowers `nearest[j]` to the squared distance of vector `j` to the one row of the block.
    pub(crate) fn lower_all(&self, block: &mut Block, nearest: &mut [f32]) {
        self.distances(0..self.panels(), block, |_, first, distances| {
            for (nearest, distance) in nearest[first..].iter_mut().zip(distances) {
                *nearest = nearest.min(*distance);
            }
        });
    }
}

/// Finite, and 0 where it cannot be told because lengths overflow.
fn squared_distance(a: f32, b: f32, product: f32) -> f32 {
    let distance = (a + b) - 2.0 * product;
    if distance > 0.0 {
        distance.min(f32::MAX)
    } else {
        0.0
    }
}

/// The least of some distances; infinite for none.
pub(crate) fn least(distances: &[f32]) -> f32 {
    let mut lanes = [f32::INFINITY; 8];
    let (groups, rest) = distances.as_chunks::<8>();
    for group in groups {
        for (lane, distance) in lanes.iter_mut().zip(group) {
            *lane = if distance < lane { *distance } else { *lane };
        }
    }
    rest.iter()
        .chain(&lanes)
        .copied()
        .fold(f32::INFINITY, f32::min)
}
