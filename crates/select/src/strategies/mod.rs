//! One file for each strategy of its own.

pub(crate) mod stochastic;
pub(crate) mod stratified;

pub use stochastic::{Form, Stochastic};
pub use stratified::Stratified;
