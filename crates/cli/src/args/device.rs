//! The device that computes.

use clap::Args;
use goldpan_model::DeviceChoice;

/// The device that computes.
#[derive(Clone, Copy, Debug, Args)]
pub struct DeviceArgs {
    /// Where to compute: auto, cpu, cuda:N, or tch (cuda and tch in builds with those features)
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: DeviceChoice,
}
