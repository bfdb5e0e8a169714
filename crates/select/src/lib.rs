//! Which texts to label next: random, uncertainty, diversity and their product.
//!
//! | strategy | what is picked | needs |
//! |---|---|---|
//! | `random` | rows of a seeded shuffle | ids |
//! | `least-confidence`, `margin`, `entropy` | the rows a model is least sure of | predictions |
//! | `diversity` (`k-center`) | the row farthest from all labelled and picked rows, again and again | embeddings |
//! | `diversity-margin`, ... | the row with the largest product of objectives, again and again | both |
//! | `k-means-plus-plus` | drawn by squared distance from all labelled and picked rows | embeddings |
//! | `k-means` | the row nearest to the centre of each k-means cluster | embeddings |
//! | `weighted-k-means` | the same among the least sure rows, weighted | both |
//! | `typiclust` | the most typical row of each cluster without labels | embeddings |
//! | `badge` | drawn by squared distance between loss gradients | both |
//! | `cluster-margin` | the least sure rows, cluster by cluster in rounds | both |
//!
//! Every strategy is deterministic in its inputs and the seed, on any processor and any number of
//! threads. Ties go to the lowest row, no row is picked twice, no labelled row is picked.
//!
//! # Objectives
//!
//! Each is a number for each row, larger for rows more worth labelling:
//!
//! - `least-confidence`: 1 - p₁, where p₁ ≥ p₂ ≥ ... are the row's probabilities (Lewis & Gale
//!   1994), in [0, 1];
//! - `margin`: 1 - (p₁ - p₂) (Scheffer et al. 2001), in [0, 1];
//! - `entropy`: -Σ p ln p (Shannon), in [0, ln classes];
//! - `diversity`: the euclidean distance of the row's embedding, as stored, to the nearest labelled
//!   or already picked row. Picking by it alone is farthest-first k-center (Gonzalez 1985; Sener &
//!   Savarese 2018), at most twice the best possible covering radius.
//!
//! A row's *score* is the product of the strategy's objectives at the moment it is picked, in f32;
//! the best score is picked, then distances shrink. Uncertainties do not change during a selection.
//!
//! While nothing is labelled there is no distance to maximise: `diversity` alone starts at a row
//! drawn by the seed, a product at the row with the largest product of its other objectives. That
//! first row is recorded with an infinite diversity and score.
//!
//! # Cost
//!
//! With n rows to choose from, l labelled rows, k picks and d values in an embedding: uncertainty
//! O(n); diversity at most n (l + k) d multiply-adds, mostly fewer: a distance is only brought up to
//! date while it can still decide a pick. Memory beyond the mapped tables: (l + k) d values of f32 and
//! some 60 bytes a row.

mod about;
mod candidates;
mod error;
mod farthest;
mod join;
mod kernel;
mod key;
mod kmeans;
mod nearest;
mod own;
mod pick;
mod plan;
mod points;
mod pool;
mod problem;
mod refresh;
mod rounds;
mod select;
mod space;
mod spread;
mod strategies;
mod strategy;
mod sums;
#[cfg(test)]
mod table;
mod uncertainty;
mod work;

pub use about::{About, STRATEGIES};
pub use error::Error;
pub use pick::{Pick, Picks, pick};
pub use pool::Inputs;
pub use select::{Summary, VERSION, select};
pub use strategies::{
    Badge, BadgeMode, ClusterMargin, KMeans, KMeansPlusPlus, Stratified, Typiclust, WeightedKMeans,
};
pub use strategy::Strategy;
pub use uncertainty::Uncertainty;
pub use work::{Shape, Work};
