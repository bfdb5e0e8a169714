//! Which texts to label next: strategies, the objectives they weigh, and what comes before them.
//!
//! | strategy | what is picked | needs |
//! |---|---|---|
//! | `random` | rows of a seeded shuffle | ids |
//! | `least-confidence`, `margin`, `entropy` | the rows a model is least sure of | predictions |
//! | `diversity` (`k-center`) | the row farthest from all labelled and picked rows, again and again | embeddings |
//! | `medoid` | as `diversity`, from the row nearest to the mean where nothing is labelled | embeddings |
//! | `diversity-margin`, ... | the row with the largest product of objectives, again and again | both |
//! | `facility-location` | rows so that every row has a similar one among labelled and picked | embeddings |
//! | `prob-cover` | the row with the most rows around it that are around no labelled or picked row | embeddings |
//! | `max-herding` | rows so that a gaussian kernel around labelled and picked covers the most | embeddings |
//! | `uherding` | the same, where a model is unsure | both |
//! | `softmax-margin`, `power-margin`, `soft-rank-margin`, ... | the least sure rows, with noise in the order | predictions |
//! | `dpp`, `dpp-margin`, ... | rows unlike each other: greedy picks of a determinantal point process | embeddings, or both |
//! | `contrastive` | rows whose predictions contradict those of the nearest labelled rows | both |
//! | `discriminative` | rows told from the labelled ones most surely | embeddings |
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
//! A product may also hold a metadata column ([`Term::Metadata`]) and a random number. A row's *score*
//! is the product of the strategy's objectives, each raised to its strength, at the moment it is picked,
//! in f32; the best score is picked, then distances shrink. The others do not change during a selection.
//!
//! While nothing is labelled there is no distance to maximise: `diversity` alone starts at a row
//! drawn by the seed or at the medoid, a product at the row with the largest product of its other
//! objectives. That first row is recorded with an infinite diversity and score.
//!
//! # Rules
//!
//! A [`Rule`] is a strategy with what comes before it: a [`Filter`] on predictions, texts and metadata,
//! outliers and duplicates to pass over, and a [`Balance`] of predicted classes. A [`Budget`] is a
//! number, a share, or a distance to stop at. [`choose`] picks by a rule, [`pick()`] by a strategy alone.
//!
//! # Where picks lie
//!
//! Where embeddings are given, whatever the strategy, every pick has its nearest labelled text (the
//! lowest row on ties) and its nearest earlier pick (the earliest on ties), each with the distance.
//! Where the strategy looks at no embeddings and the table lacks a text, or a pick's or labelled
//! text's vector has a value that is not finite, this is left out for all picks.
//!
//! # Cost
//!
//! With n rows to choose from, l labelled rows, k picks and d values in an embedding: uncertainty
//! O(n); diversity at most n (l + k) d multiply-adds, mostly fewer: a distance is only brought up to
//! date while it can still decide a pick. Memory beyond the mapped tables: up to 3 (l + k) d values
//! of f32 and some 80 bytes a row. Where the picks lie: some k (l + k / 2) d multiply-adds more. [`estimate`]
//! says how long a selection will take.

mod about;
mod budget;
mod candidates;
mod cells;
mod centre;
mod columns;
mod compose;
mod copies;
mod coverage;
mod distinct;
mod error;
mod estimate;
mod farthest;
mod filter;
mod foreseen;
mod join;
mod key;
mod near;

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
mod rule;
mod select;
mod space;
mod spread;
mod start;
mod strategies;
mod strategy;
mod sums;
#[cfg(test)]
mod table;
mod term;
#[cfg(test)]
mod testing;
mod uncertainty;
mod work;

pub use about::{About, STRATEGIES};
pub use budget::{Budget, Until};
pub use coverage::Greedy;
pub use error::Error;
pub use estimate::{Estimate, Rates, check_memory, estimate};
pub use filter::Filter;
pub use near::Near;
pub use pick::{Pick, Picks, choose, pick};
pub use pool::Inputs;
pub use rule::{Balance, Rule};
pub use select::{Summary, VERSION, select};
pub use start::Start;
pub use strategies::Stratified;
pub use strategies::{
    Badge, BadgeMode, ClusterMargin, KMeans, KMeansPlusPlus, Recommended, Typiclust, WeightedKMeans,
};
pub use strategies::{Contrastive, Discriminative};
pub use strategies::{Dpp, Similarity};
pub use strategies::{FacilityLocation, MaxHerding, ProbCover, UHerding};
pub use strategies::{Form, Stochastic};
pub use strategy::Strategy;
pub use term::Term;
pub use uncertainty::Uncertainty;
pub use work::{Shape, Work};
