//! Pipeline files: YAML text and overrides, read and checked.
//!
//! Text -> [`serde_yaml::Value`] -> `--set` -> options (every value of the right type) ->
//! settings (every value checked). Whatever is wrong is a [`Problem`] with its key path and its
//! place in the file or in the override.

mod check;
mod named;
pub(crate) mod nearest;
mod options;
mod overrides;
mod parse;
mod path;
mod problem;
mod reader;
mod settings;
mod shown;
mod source;
mod text;
mod tree;
mod warnings;
mod zero_shot;

pub use parse::rule;
pub use path::KeyPath;
pub use problem::{Invalid, Problem, ProblemKind};
pub use settings::{
    Arm, EmbedSettings, EncodingSettings, EvaluateSettings, InferenceSettings, IngestSettings,
    LabelSource, Loop, Name, Pipeline, PredictModel, PredictSettings, ReportSettings,
    SelectSettings, Stage, StageSettings, Start, TrainStageSettings, TrainingSettings,
    ZeroShotSettings,
};
pub use text::NotText;
