//! One file for each strategy of its own.

pub(crate) mod badge;
pub(crate) mod cluster_margin;
pub(crate) mod k_means;
pub(crate) mod k_means_plus_plus;
pub(crate) mod stratified;
pub(crate) mod typiclust;
pub(crate) mod weighted_k_means;

pub use badge::{Badge, BadgeMode};
pub use cluster_margin::ClusterMargin;
pub use k_means::KMeans;
pub use k_means_plus_plus::KMeansPlusPlus;
pub use stratified::Stratified;
pub use typiclust::Typiclust;
pub use weighted_k_means::WeightedKMeans;
