//! How well a classifier did: accuracy, F1, loss, confusion and calibration.
//!
//! Everything is derived from logits and true labels. Push rows into a [`Tally`] as they come, or
//! hand them all to [`measure`]; sums are in f64 and in row order, so the same rows in the same
//! order give the same bits. [`kappa`] tells how far two classifiers agree.
//!
//! ```
//! let classes = ["negative".to_owned(), "positive".to_owned()];
//! let rows: [(&[f32], i32); 2] = [(&[0.2, 1.5], 1), (&[0.1, 0.3], 0)];
//! let metrics = goldpan_metrics::measure(&classes, rows)?;
//! assert_eq!(metrics.accuracy, 0.5);
//! # Ok::<(), goldpan_metrics::Error>(())
//! ```

mod agreement;
mod calibration;
mod error;
mod metrics;
mod softmax;
mod tally;

pub use agreement::kappa;
pub use calibration::{BINS, Calibration, Reliability};
pub use error::Error;
pub use metrics::{Metrics, PerClass, only};
pub use softmax::{argmax, cross_entropy, softmax};
pub use tally::{Tally, measure};
