//! What an experiment shows: does a way of picking texts beat picking at random, by how much, how
//! many labels does it save, and how sure is that.
//!
//! An experiment trains a model for each arm (a way of picking), seed and round. All arms of a seed
//! share the start and the shuffles, so they are compared in pairs, seed by seed:
//!
//! - **Differences** in accuracy: Student's paired t-test with its 95% interval, p-values corrected
//!   for the number of arms after Holm (1979), and the number of seeds that would show a difference
//!   as large as the one observed (Guenther 1981). An exact permutation test needs no normal
//!   distribution, but with n seeds its p-value is at least 2^(1-n), so that five seeds could never
//!   show anything; the accuracy on hundreds of texts is a mean, and close to normal.
//! - **Everything else** (means, area under the learning curve, labels to a target, labels saved):
//!   bootstrap intervals over the seeds, each with the level that it can have with so few seeds
//!   ([`Interval`]).
//!
//! **What cannot be compared is not.** Two arms are compared with the same number of labels only: in each
//! seed, with the most that both were measured with. An arm that in some seed never had as many labels as the
//! baseline gets no test and no verdict. Where every seed shows the same difference there is no spread, so
//! there is no test; what is only rounding counts as the same. Seeds that gave the same models count once.
//!
//! **An arm that was stopped early** stays where it stopped: its learning curve ends there, and its seed is
//! not dropped, or the seeds that are left would be a choice. Differences to the baseline are taken at the
//! last round that both did in a seed; labels saved are read off both whole curves. A stop by the arm's own
//! accuracy comes at a good moment, which flatters it.
//!
//! **Labels saved** are counted at an accuracy that both reach and keep, which stands beside them. An arm that
//! ends below the baseline, and is not shown to be better, saves none.
//!
//! What varies is the seed: the texts that are picked, their order, and new weights. The texts that
//! accuracy is measured on stay the same, so nothing is said about other texts.
//!
//! ```
//! use goldpan_evidence::{Evidence, Question, Trained};
//!
//! let model = |arm: Option<&str>, seed, labelled, peak| Trained {
//!     arm: arm.map(str::to_owned),
//!     seed,
//!     round: u32::from(arm.is_some()),
//!     labelled,
//!     peak,
//!     last: peak,
//!     test: None,
//!     loss: None,
//!     only: None,
//!     chosen: None,
//!     stopped: false,
//! };
//! let mut rows = Vec::new();
//! for (seed, random, margin) in [(0, 0.80, 0.84), (1, 0.81, 0.86), (2, 0.79, 0.83)] {
//!     rows.push(model(None, seed, 100, 0.75));
//!     rows.push(model(Some("random"), seed, 200, random));
//!     rows.push(model(Some("margin"), seed, 200, margin));
//! }
//! let evidence = Evidence::of(&rows, &Question::against("random"))?;
//! let margin = &evidence.arms[1];
//! assert!((margin.gain.value - 0.0933).abs() < 1e-4);
//! assert!(evidence.headline().contains("margin beat random"));
//! # Ok::<(), goldpan_evidence::Error>(())
//! ```

mod bootstrap;
mod curve;
mod difference;
mod error;
mod evidence;
mod experiment;
mod headline;
mod moments;
mod notes;
mod pairs;
mod repeats;
mod trained;
mod verdict;
mod weighing;

pub use bootstrap::Interval;
pub use curve::Curve;
pub use difference::{Difference, holm, paired_t, seeds_needed};
pub use error::Error;
pub use evidence::{ArmEvidence, Estimate, Evidence, Point, Saved};
pub use moments::{deviation, mean};
pub use notes::OneAnswer;
pub use repeats::Repeat;
pub use trained::{Measure, Metric, Question, Trained};
pub use verdict::Verdict;
