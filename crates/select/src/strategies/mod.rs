//! One file for each strategy of its own.

pub(crate) mod stratified;

pub use stratified::Stratified;
