//! The curves of every training as TensorBoard reads them.

mod events;
mod trainings;

pub(crate) use trainings::write;
