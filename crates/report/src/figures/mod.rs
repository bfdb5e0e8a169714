//! The report's figures: charts with what they show, for the page and as files of their own.

mod calibration;
mod figure;
mod file;
mod learning;
mod map;
mod training;

pub(crate) use calibration::calibration;
pub(crate) use figure::{Entry, Figure, arms};
pub(crate) use file::{File, files};
pub(crate) use learning::{curves, gains};
pub(crate) use map::{maps, rounds};
pub(crate) use training::trainings;
