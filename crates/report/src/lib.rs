//! The report of a run with a loop: `report.html`, which needs no network and runs no script,
//! `report.md` with its main tables, and the curves of its trainings for TensorBoard.
//!
//! [`Run`] says where the run's tables lie and what is known of it; [`write()`] reads them, weighs the
//! evidence ([`goldpan_evidence`]) and renders. The same run gives the same bytes.
//!
//! [`Contents`] stays in the run's folder, so that [`explain()`] can tell later why a text was picked or
//! was not.

mod calibration;
mod chart;
mod contents;
mod error;
mod examples;
mod explain;
mod findings;
mod format;
mod html;
mod markdown;
mod picks;
mod run;
mod tables;
mod tensorboard;
mod training;
mod write;

pub use contents::{CONTENTS, Contents, Round};
pub use error::Error;
pub use explain::{Explanation, Opinion, Told, Verdict, explain};
pub use format::{duration, grouped};
pub use run::{Made, Model, Price, Run, StageTime, Stopped};
pub use write::{HTML, MARKDOWN, TENSORBOARD, write};
