//! The same weights from safetensors, pickles and shards.

use crate::folders::{PICKLED_SHARDS, fixtures, micro_bert, refused, shards};
use crate::warnings::warnings_of;
use goldpan_model::{
    Batch, Classifier, DeviceChoice, EncoderConfig, Error, Start, TextTokenizer, Tokens,
};
use std::fs;
use std::path::Path;

/// The bits of the logits that a model with its own head gives.
fn logits(folder: &Path, tokens: &[Tokens]) -> Vec<u32> {
    let device = DeviceChoice::Cpu.open().unwrap();
    let (classifier, head) = Classifier::with_own_head(folder, &device).unwrap();
    let config = EncoderConfig::read(folder).unwrap();
    let batch = Batch::new(tokens, &config);
    let logits = classifier.logits(Start::Tokens(batch), &head).into_data();
    logits.iter::<f32>().map(f32::to_bits).collect()
}

fn micro_logits(folder: &Path) -> Vec<u32> {
    let tokens: Vec<Tokens> = vec![vec![1, 5, 9, 2], vec![1, 2], (1..16).collect()];
    logits(folder, &tokens)
}

#[test]
fn pickled_bert_equals_safetensors_bit_for_bit() {
    let whole = fixtures("tiny-bert");
    let config = EncoderConfig::read(&whole).unwrap();
    let tokenizer = TextTokenizer::open(&whole, &config, None).unwrap();
    let texts = [
        "a gorgeous , witty film .",
        "dull",
        "",
        "it 's not a bad 1h 40m",
    ];
    let tokens = tokenizer.encode(&texts).unwrap();
    let expected = logits(&whole, &tokens);
    assert!(expected.iter().any(|bits| *bits != expected[0]));
    assert_eq!(logits(&fixtures("tiny-bert-bin"), &tokens), expected);
}

#[test]
fn every_format_gives_the_same_logits() {
    let expected = micro_logits(micro_bert(&[("model.safetensors", "model.safetensors")]).path());
    let legacy = micro_bert(&[("legacy.bin", "pytorch_model.bin")]);
    assert_eq!(micro_logits(legacy.path()), expected);
    assert_eq!(micro_logits(shards().path()), expected);
}

#[test]
fn safetensors_are_preferred_and_pickles_are_warned_of() {
    let both = micro_bert(&[("model.safetensors", "model.safetensors")]);
    fs::write(both.path().join("pytorch_model.bin"), "never looked at").unwrap();
    assert_eq!(warnings_of(both.path()), [""; 0]);

    let legacy = micro_bert(&[("legacy.bin", "pytorch_model.bin")]);
    let warnings = warnings_of(legacy.path());
    let path = legacy.path().join("pytorch_model.bin");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains(path.to_str().unwrap()), "{warnings:?}");
    assert!(
        warnings[0].contains("convert the model to safetensors"),
        "{warnings:?}"
    );
    let shards = shards();
    assert!(warnings_of(shards.path())[0].contains(PICKLED_SHARDS));
}

#[test]
fn a_folder_without_weights_says_what_was_looked_for() {
    let folder = micro_bert(&[]);
    let error = refused(folder.path());
    assert!(matches!(error, Error::NoWeights { .. }), "{error:?}");
    let message = error.to_string();
    for part in [
        folder.path().to_str().unwrap(),
        "model.safetensors, model.safetensors.index.json, pytorch_model.bin, \
         pytorch_model.bin.index.json",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
