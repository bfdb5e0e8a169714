//! From the states of a text's tokens to one vector.

use crate::error::Error;
use crate::json_file::JsonFile;
use serde_json::Value;
use std::path::Path;

/// How the states of a text's tokens become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The state of the first token.
    First,
    /// The largest value of each component.
    Max,
    /// Their mean.
    Mean,
    /// Their sum divided by the square root of their number.
    MeanSqrtLength,
    /// Their mean weighted by their places, from 1.
    WeightedMean,
    /// The state of the last token.
    Last,
}

/// The names of modes, the booleans by which older versions gave them, and what they are; in the order
/// in which the booleans' vectors are put together.
const MODES: [(&str, &str, Pooling); 6] = [
    ("cls", "pooling_mode_cls_token", Pooling::First),
    ("max", "pooling_mode_max_tokens", Pooling::Max),
    ("mean", "pooling_mode_mean_tokens", Pooling::Mean),
    (
        "mean_sqrt_len_tokens",
        "pooling_mode_mean_sqrt_len_tokens",
        Pooling::MeanSqrtLength,
    ),
    (
        "weightedmean",
        "pooling_mode_weightedmean_tokens",
        Pooling::WeightedMean,
    ),
    ("lasttoken", "pooling_mode_lasttoken", Pooling::Last),
];

/// The other keys.
const OTHERS: [&str; 4] = [
    "pooling_mode",
    "embedding_dimension",
    "word_embedding_dimension",
    "include_prompt",
];

/// A pooling module.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Poolings {
    /// The vectors that are put together, in order.
    pub modes: Vec<Pooling>,
    /// Whether a prompt's tokens count.
    pub include_prompt: bool,
}

impl Default for Poolings {
    fn default() -> Self {
        Self {
            modes: vec![Pooling::Mean],
            include_prompt: true,
        }
    }
}

impl Poolings {
    /// Reads a module's `config.json`. `width` is that of a token's state.
    pub fn read(path: &Path, width: usize) -> Result<Self, Error> {
        let file = JsonFile::read(path.to_owned())?;
        let values = &file.values;
        let is_mode = |key: &str| MODES.iter().any(|mode| mode.1 == key);
        file.check_keys(|key| OTHERS.contains(&key) || is_mode(key))?;
        for key in ["embedding_dimension", "word_embedding_dimension"] {
            if let Some(value) = values.get(key) {
                file.check_width(key, value.as_u64().unwrap_or_default() as usize, width)?;
            }
        }
        let include_prompt = match values.get("include_prompt") {
            None => true,
            Some(Value::Bool(include)) => *include,
            Some(other) => {
                return Err(file.unsupported("include_prompt", other, "true or false there"));
            }
        };
        let supported =
            "poolings among cls, max, mean, mean_sqrt_len_tokens, weightedmean and lasttoken";
        let names: Vec<&Value> = match values.get("pooling_mode") {
            Some(Value::Array(names)) => names.iter().collect(),
            Some(name) => vec![name],
            None => Vec::new(),
        };
        let mut modes = Vec::new();
        for name in &names {
            match MODES.iter().find(|mode| name.as_str() == Some(mode.0)) {
                Some((_, _, mode)) => modes.push(*mode),
                None => return Err(file.unsupported("pooling_mode", name, supported)),
            }
        }
        if values.contains_key("pooling_mode") && modes.is_empty() {
            return Err(file.unsupported("pooling_mode", &values["pooling_mode"], supported));
        }
        if modes.is_empty() {
            for (_, key, mode) in MODES {
                match values.get(key) {
                    None | Some(Value::Bool(false)) => {}
                    Some(Value::Bool(true)) => modes.push(mode),
                    Some(other) => return Err(file.unsupported(key, other, "true or false there")),
                }
            }
        }
        if modes.is_empty() {
            modes.push(Pooling::Mean);
        }
        Ok(Self {
            modes,
            include_prompt,
        })
    }

    /// The vector of a text from the states of its tokens, `[tokens, width]`, of which the first `skip`
    /// are left out.
    pub fn pool(&self, states: &[f32], width: usize, skip: usize) -> Vec<f32> {
        let modes = self.modes.iter();
        modes
            .flat_map(|mode| pool(*mode, states, width, skip))
            .collect()
    }
}

/// One pooling. Where all tokens are left out, it does what sentence-transformers does: the first
/// token's state, or zeros.
fn pool(pooling: Pooling, states: &[f32], width: usize, skip: usize) -> Vec<f32> {
    let all = states.len() / width;
    let skip = skip.min(all);
    let rows = states[skip * width..].chunks_exact(width);
    let count = all - skip;
    if count == 0 {
        return match pooling {
            Pooling::First => states[..width].to_vec(),
            _ => vec![0.0; width],
        };
    }
    let sum = |weight: &dyn Fn(usize) -> f32| {
        let mut total = vec![0.0; width];
        for (index, row) in rows.clone().enumerate() {
            let weight = weight(index);
            for (total, value) in total.iter_mut().zip(row) {
                *total += value * weight;
            }
        }
        total
    };
    let divided = |total: Vec<f32>, by: f32| total.into_iter().map(|total| total / by).collect();
    match pooling {
        Pooling::Mean => divided(sum(&|_| 1.0), count as f32),
        Pooling::MeanSqrtLength => divided(sum(&|_| 1.0), (count as f32).sqrt()),
        Pooling::WeightedMean => {
            let place = |index: usize| (skip + index + 1) as f32;
            divided(sum(&place), (0..count).map(place).sum())
        }
        Pooling::Max => {
            let mut largest = vec![f32::NEG_INFINITY; width];
            for row in rows {
                for (largest, &value) in largest.iter_mut().zip(row) {
                    *largest = largest.max(value);
                }
            }
            largest
        }
        Pooling::First => states[skip * width..][..width].to_vec(),
        Pooling::Last => states[states.len() - width..].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_file::assert_documented;

    const STATES: [f32; 8] = [1.0, -2.0, 3.0, 4.0, 5.0, 1.0, 0.0, 0.0];

    #[test]
    fn each_pooling_does_what_its_name_says() {
        let pooled = |pooling| pool(pooling, &STATES, 2, 0);
        assert_eq!(pooled(Pooling::Mean), [2.25, 0.75]);
        assert_eq!(pooled(Pooling::MeanSqrtLength), [4.5, 1.5]);
        assert_eq!(pooled(Pooling::Max), [5.0, 4.0]);
        assert_eq!(pooled(Pooling::First), [1.0, -2.0]);
        assert_eq!(pooled(Pooling::Last), [0.0, 0.0]);
        assert_eq!(pooled(Pooling::WeightedMean), [2.2, 0.9]);
    }

    #[test]
    fn a_prompt_is_left_out_and_places_stay() {
        let pooled = |pooling| pool(pooling, &STATES, 2, 2);
        assert_eq!(pooled(Pooling::Mean), [2.5, 0.5]);
        assert_eq!(pooled(Pooling::First), [5.0, 1.0]);
        assert_eq!(pooled(Pooling::Max), [5.0, 1.0]);
        assert_eq!(pooled(Pooling::WeightedMean), [15.0 / 7.0, 3.0 / 7.0]);
        assert_eq!(pool(Pooling::Mean, &STATES, 2, 9), [0.0, 0.0]);
        assert_eq!(pool(Pooling::First, &STATES, 2, 9), [1.0, -2.0]);
    }

    #[test]
    fn modes_are_read_by_name_and_by_booleans() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("config.json");
            std::fs::write(&path, text).unwrap();
            Poolings::read(&path, 2).map(|poolings| poolings.modes)
        };
        let both = [Pooling::Max, Pooling::Mean];
        assert_eq!(
            read(r#"{"pooling_mode": "cls"}"#).unwrap(),
            [Pooling::First]
        );
        assert_eq!(read(r#"{"pooling_mode": ["max", "mean"]}"#).unwrap(), both);
        let old = r#"{"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}"#;
        assert_eq!(read(old).unwrap(), both);
        let mixed = r#"{"pooling_mode": "lasttoken", "pooling_mode_mean_tokens": true}"#;
        assert_eq!(read(mixed).unwrap(), [Pooling::Last]);
        assert_eq!(
            read(r#"{"pooling_mode_cls_token": false}"#).unwrap(),
            [Pooling::Mean]
        );
        assert_eq!(read("{}").unwrap(), [Pooling::Mean]);
        for wrong in [
            r#"{"pooling_mode": "first"}"#,
            r#"{"pooling_mode": []}"#,
            r#"{"pooling_mode_attention": true}"#,
            r#"{"word_embedding_dimension": 3}"#,
            r#"{"include_prompt": "no"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_published_table_names_every_key() {
        assert_documented(MODES.iter().map(|mode| &mode.1).chain(&OTHERS));
    }
}
