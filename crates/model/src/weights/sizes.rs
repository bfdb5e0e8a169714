//! Whether the sizes of the weights are those that `config.json` says.

use super::Weights;
use crate::config::EncoderConfig;
use crate::error::Error;

impl Weights {
    /// Compares the sizes of the encoder's tables and first layer, and the number of its layers, with the
    /// configuration's, before anything is read.
    ///
    /// # Errors
    ///
    /// When one differs; the error gives both numbers.
    pub(crate) fn check_sizes(&self, prefix: &str, config: &EncoderConfig) -> Result<(), Error> {
        let tables = "embeddings.";
        let inner = "encoder.layer.0.intermediate.dense.weight";
        let sizes = [
            (
                "vocab_size",
                config.vocabulary,
                format!("{tables}word_embeddings.weight"),
                0,
            ),
            (
                "hidden_size",
                config.hidden,
                format!("{tables}word_embeddings.weight"),
                1,
            ),
            (
                "max_position_embeddings",
                config.positions,
                format!("{tables}position_embeddings.weight"),
                0,
            ),
            (
                "type_vocab_size",
                config.token_types,
                format!("{tables}token_type_embeddings.weight"),
                0,
            ),
            (
                "intermediate_size",
                config.intermediate,
                inner.to_owned(),
                0,
            ),
        ];
        for (key, said, tensor, dimension) in sizes {
            let tensor = format!("{prefix}{tensor}");
            let found = self
                .shape(&tensor)
                .and_then(|shape| shape.get(dimension))
                .copied();
            if let Some(found) = found.filter(|found| *found != said) {
                return Err(self.contradiction(key, said, tensor, found));
            }
        }
        let layers = format!("{prefix}encoder.layer.");
        let number = |name: &str| -> Option<usize> {
            name.strip_prefix(&layers)?.split_once('.')?.0.parse().ok()
        };
        let last = self.names().filter_map(number).max();
        let last = last.map_or(0, |last| last + 1);
        let whole =
            |layer: &usize| self.has(&format!("{layers}{layer}.attention.self.query.weight"));
        // A tensor too many does not make a layer, and one too few does not unmake it.
        let whole = (0..).take_while(whole).count();
        let found = match last < config.layers {
            true => last,
            false => whole.max(config.layers),
        };
        match found == config.layers {
            true => Ok(()),
            false => {
                let tensors = format!("the tensors {layers}…");
                Err(self.contradiction("num_hidden_layers", config.layers, tensors, found))
            }
        }
    }

    fn contradiction(&self, key: &'static str, said: usize, tensor: String, found: usize) -> Error {
        Error::Contradiction {
            path: match self.root().is_dir() {
                true => self.root().join("config.json"),
                false => self.root().with_file_name("config.json"),
            },
            key,
            said,
            weights: self.root().to_owned(),
            tensor,
            found,
        }
    }
}
