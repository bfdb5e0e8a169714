//! A probe: logistic regression on vectors that the `embed` stage made.
//!
//! Vectors are centred by the mean of all texts, labelled or not, and scaled to length 1 again; classes weigh
//! the same however many labels they have; the bias is regularised, as a constant feature; and one
//! temperature, from texts that were held out, makes probabilities of logits that are too flat where labels
//! are few. Linear probes: Alain and Bengio 2016, arXiv:1610.01644.

mod auto;
mod contrastive;
mod fit;
mod graph;
mod held_out;
mod mixture;
mod problem;
mod solve;
mod stage;
mod temperature;
mod tune;

pub use auto::{AUTO_VERSION, AutoInputs, auto};
pub(crate) use fit::solved_layer;
pub use graph::NeighbourCache;
pub use stage::{PROBE_VERSION, ProbeInputs, probe};
