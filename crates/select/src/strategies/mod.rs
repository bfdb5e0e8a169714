//! One file for each strategy of its own.

pub(crate) mod contrastive;
pub(crate) mod discriminative;
pub(crate) mod dpp;
pub(crate) mod stochastic;
pub(crate) mod stratified;

pub use contrastive::Contrastive;
pub use discriminative::Discriminative;
pub use dpp::{Dpp, Similarity};
pub use stochastic::{Form, Stochastic};
pub use stratified::Stratified;
