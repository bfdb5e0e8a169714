//! Classifying without training, as a piece of work.

use goldpan_predict::{Model, ZeroShotConfig};
use goldpan_sources::short_name;
use serde_json::Value;

use crate::exec::stage::{StageError, Task, summary};
use crate::plan::NodeId;
use crate::spec::{InferenceSettings, ZeroShotSettings};

impl Task<'_> {
    /// Classifies the texts of a node with the model of this name.
    pub(super) fn zero_shot(
        &self,
        texts: NodeId,
        model: &str,
        settings: &ZeroShotSettings,
        inference: &InferenceSettings,
    ) -> Result<Value, StageError> {
        let config = ZeroShotConfig {
            classes: settings.classes.clone(),
            prompt: settings.prompt.clone(),
            temperature: settings.temperature,
            max_length: inference.max_length,
        };
        summary(&goldpan_predict::zero_shot(
            &config,
            &self.texts(texts)?,
            Model {
                name: &short_name(model),
                base: self.model(model)?.0,
                adapter: None,
                known: &self.known_beliefs(),
            },
            &self.device(inference.precision),
            &self.out("predictions.arrow"),
            self.progress,
        )?)
    }
}
