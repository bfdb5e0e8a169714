//! Distances between vectors, the same to the bit on every processor, and exact nearest neighbours.
//!
//! [`kernel`] defines and computes the distance; [`neighbours`] measures all pairs of two sets.

pub mod kernel;
pub mod neighbours;
mod points;

pub use neighbours::Cancelled;
pub use points::{Points, squared_lengths};
