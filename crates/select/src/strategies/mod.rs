//! One file for each strategy of its own.

pub(crate) mod contrastive;
pub(crate) mod discriminative;
pub(crate) mod dpp;
pub(crate) mod facility_location;
pub(crate) mod max_herding;
pub(crate) mod prob_cover;
pub(crate) mod recommended;
pub(crate) mod stochastic;
pub(crate) mod stratified;
pub(crate) mod uherding;

pub use contrastive::Contrastive;
pub use discriminative::Discriminative;
pub use dpp::{Dpp, Similarity};
pub use facility_location::FacilityLocation;
pub use max_herding::MaxHerding;
pub use prob_cover::ProbCover;
pub use recommended::Recommended;
pub use stochastic::{Form, Stochastic};
pub use stratified::Stratified;
pub use uherding::UHerding;
pub(crate) mod badge;
pub(crate) mod cluster_margin;
pub(crate) mod k_means;
pub(crate) mod k_means_plus_plus;
pub(crate) mod typiclust;
pub(crate) mod weighted_k_means;

pub use badge::{Badge, BadgeMode};
pub use cluster_margin::ClusterMargin;
pub use k_means::KMeans;
pub use k_means_plus_plus::KMeansPlusPlus;
pub use typiclust::Typiclust;
pub use weighted_k_means::WeightedKMeans;
