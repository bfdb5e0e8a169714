//! The report of a run with a loop: `report.html`, which needs no network and runs no script,
//! `report.md` with its main tables, and the curves of its trainings for TensorBoard.
//!
//! [`Run`] says where the run's tables lie and what is known of it; [`write()`] reads them, weighs the
//! evidence ([`goldpan_evidence`]) and renders. The same run gives the same bytes.
//!
//! [`Contents`] stays in the run's folder, so that [`explain()`] can tell later why a text was picked or
//! was not; the [`Run`] stays too, so that [`publish()`] can write the report's figures as files.

mod calibration;
mod chart;
mod contents;
mod error;
mod examples;
mod explain;
mod figures;
mod findings;
mod format;
mod html;
mod map;
mod markdown;
mod picks;
mod pool;
mod run;
mod tables;
mod tensorboard;
mod training;
mod write;

pub use contents::{CONTENTS, Contents, Round};
pub use error::Error;
pub use explain::{Explanation, Opinion, Told, Verdict, explain};
pub use format::{duration, grouped};
pub use run::{Made, Model, Price, REPORT, Run, StageTime, Stopped, UNFINISHED};
pub use write::{HTML, MARKDOWN, TENSORBOARD, markdown, publish, write};
