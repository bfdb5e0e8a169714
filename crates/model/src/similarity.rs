//! Classifying by the similarity of a text's embedding to those of its classes' descriptions.
//!
//! Texts and descriptions are compared in one space without any labelled example: Chang et al. 2008,
//! "Importance of Semantic Representation: Dataless Classification" (AAAI). Several descriptions of a
//! class are averaged in that space, and cosines divided by a temperature are the logits: Radford et
//! al. 2021, arXiv:2103.00020, section 3.1.

use crate::class_texts::ClassTexts;
use crate::device::Device;
use crate::error::Error;
use crate::notice::warn_once;
use crate::sentence::{SentenceEncoder, SentenceOptions, normalize};
use crate::tokenizer::Tokens;
use std::num::NonZeroUsize;
use std::path::Path;

/// A classifier that compares sentence embeddings with those of classes' descriptions.
pub struct SimilarityClassifier {
    encoder: SentenceEncoder,
    /// A vector of length 1 for each class, `[classes, dimension]`.
    centres: Vec<f32>,
    temperature: f32,
}

impl SimilarityClassifier {
    /// Opens the sentence encoder in `folder` and embeds each class's descriptions.
    ///
    /// Their vectors, of length 1 each, are averaged and scaled to length 1 again. Logits are cosines
    /// divided by `temperature`. `max_length` (tokens) replaces what the folder says. The folder's default
    /// prompt is put before texts and descriptions alike, as sentence-transformers does.
    ///
    /// # Errors
    ///
    /// When the model cannot be loaded.
    pub fn open(
        folder: &Path,
        classes: &[ClassTexts],
        temperature: f32,
        max_length: Option<NonZeroUsize>,
        device: &Device,
    ) -> Result<Self, Error> {
        let options = SentenceOptions {
            max_length,
            normalize: Some(true),
            prompt: None,
        };
        let encoder = SentenceEncoder::open(folder, options, device)?;
        if let Some(measure) = encoder.similarity().filter(|measure| *measure != "cosine") {
            warn_once(format!(
                "{}: similarity_fn_name is {measure}, and texts are compared with their classes by cosine",
                folder.join("config_sentence_transformers.json").display()
            ));
        }
        let mut centres = Vec::with_capacity(classes.len() * encoder.dimension());
        for class in classes {
            let texts: Vec<&str> = class.texts.iter().map(String::as_str).collect();
            let vectors = encoder.embed(&encoder.tokenize(&texts)?);
            centres.extend(centre(&vectors, encoder.dimension()));
        }
        Ok(Self {
            encoder,
            centres,
            temperature,
        })
    }

    /// The token ids of each text, as [`SentenceEncoder::tokenize`] gives them.
    ///
    /// # Errors
    ///
    /// When the tokenizer refuses a text.
    pub fn tokenize(&self, texts: &[&str]) -> Result<Vec<Tokens>, Error> {
        self.encoder.tokenize(texts)
    }

    /// Logits of the classes for each sequence, row-major, `[sequences, classes]`.
    pub fn logits(&self, sequences: &[&Tokens]) -> Vec<f32> {
        let width = self.encoder.dimension();
        let vectors = self.encoder.embed(sequences.iter().copied());
        vectors
            .chunks_exact(width)
            .flat_map(|vector| {
                let centres = self.centres.chunks_exact(width);
                centres.map(|centre| dot(vector, centre) / self.temperature)
            })
            .collect()
    }
}

/// The mean direction of vectors of length 1, `[descriptions, width]`; it has length 1 itself, or 0
/// where they cancel each other out.
fn centre(vectors: &[f32], width: usize) -> Vec<f32> {
    let mut centre = vec![0.0; width];
    for vector in vectors.chunks_exact(width) {
        for (sum, value) in centre.iter_mut().zip(vector) {
            *sum += value;
        }
    }
    normalize(&mut centre);
    centre
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_averaged_to_length_one() {
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let mean = centre(&[1.0, 0.0, 0.0, 1.0], 2);
        assert!(mean.iter().all(|value| (value - half).abs() < 1e-6));
        assert_eq!(centre(&[1.0, 0.0, -1.0, 0.0], 2), [0.0, 0.0]);
        assert_eq!(dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
    }
}
