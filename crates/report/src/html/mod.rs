//! The report as one HTML file.

mod calibration;
mod cost;
mod curves;
mod figure;
mod map;
mod page;
mod picks;
mod provenance;
mod summary;
mod training;

pub(crate) use page::page;
