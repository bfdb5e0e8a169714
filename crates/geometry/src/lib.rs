//! Distances between vectors, the same to the bit on every processor, and exact nearest neighbours.
//!
//! [`kernel`] defines and computes the distance; [`neighbours`] measures all pairs of two sets.

pub mod kernel;
pub mod neighbours;
mod points;

pub use points::{Points, squared_lengths};

/// The work was stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;
