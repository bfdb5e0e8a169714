//! `goldpan show`: tables and trained models for people to look at.

mod folder;
mod render;
mod rows;
mod show;
mod verify;

pub use show::run;
