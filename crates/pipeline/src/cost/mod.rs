//! What the encoder's work in a run is expected to take: operations, counted from the model's shape and
//! the texts, by a speed that earlier work showed or a short burst of the kernels. A prediction.

mod burst;
mod encoder;
mod encodings;
mod frozen;
mod lengths;
mod recorded;
mod speed;
mod weights;

pub(crate) use encodings::Encodings;
pub use speed::Source;
