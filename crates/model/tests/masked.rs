//! Masked-language heads and prompts: equality with transformers, and what is refused.
//!
//! The fixtures come from `shared/golden/make_golden.py` and `python/make_masked.py`. The device is
//! that of the environment variable `GOLDPAN_TEST_DEVICE` (default: cpu).

use burn::tensor::Tensor;
use goldpan_model::{Batch, ClassTexts, Device, DeviceChoice, Error, MaskedLanguageModel};
use goldpan_model::{PromptClassifier, PromptError, Template, Tokens, Weights};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The mask token of both tiny tokenizers.
const MASK: u32 = 4;

fn device() -> Device {
    let choice: DeviceChoice = match std::env::var("GOLDPAN_TEST_DEVICE") {
        Ok(name) => name.parse().expect("GOLDPAN_TEST_DEVICE names a device"),
        Err(_) => DeviceChoice::Cpu,
    };
    choice.open().expect("the test device opens")
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The folder of a masked-language model with its tokenizer. `lstrip`: the mask token takes the space
/// on its left with it, as roberta-base's does.
fn model(family: &str, lstrip: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = fixtures(family);
    for file in ["mlm/config.json", "mlm/model.safetensors"] {
        let name = Path::new(file).file_name().unwrap();
        fs::copy(from.join(file), folder.path().join(name)).unwrap();
    }
    let config = "tokenizer_config.json";
    fs::copy(from.join(config), folder.path().join(config)).unwrap();
    let text = fs::read_to_string(from.join("tokenizer.json")).unwrap();
    let mut tokenizer: Value = serde_json::from_str(&text).unwrap();
    tokenizer["added_tokens"][MASK as usize]["lstrip"] = Value::Bool(lstrip);
    let path = folder.path().join("tokenizer.json");
    fs::write(path, tokenizer.to_string()).unwrap();
    folder
}

fn class(name: &str, words: &[&str]) -> ClassTexts {
    ClassTexts {
        name: name.to_owned(),
        texts: words.iter().map(|&word| word.to_owned()).collect(),
    }
}

fn open(
    folder: &Path,
    template: &str,
    classes: &[ClassTexts],
    max_length: Option<usize>,
) -> Result<PromptClassifier, Error> {
    let template: Template = template.parse().unwrap();
    let length = max_length.and_then(NonZeroUsize::new);
    PromptClassifier::open(folder, &template, classes, 1.0, length, &device())
}

/// Two words that both tiny tokenizers know.
fn great_and_just() -> [ClassTexts; 2] {
    [class("good", &["great"]), class("other", &["just"])]
}

fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}: number of values");
    let largest = expected.iter().fold(1e-3_f32, |a, b| a.max(b.abs()));
    let worst = got
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    println!("| {what} | {tolerance:.0e} | {:.1e} |", worst / largest);
    assert!(worst <= tolerance * largest, "{what}: off by {worst}");
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The sequences of a golden file without their padding, and the logits of each of their tokens.
fn golden(family: &str) -> (Vec<Tokens>, Vec<Vec<f32>>) {
    let path = fixtures(family).join("mlm/expected_mlm.safetensors");
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let integers = |name: &str| -> Vec<i64> {
        let bytes = file.tensor(name).unwrap().data().chunks_exact(8);
        bytes
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
            .collect()
    };
    let shape = file.tensor("mlm_logits").unwrap().shape().to_vec();
    let (longest, vocabulary) = (shape[1], shape[2]);
    let logits = Weights::open_file(&path)
        .unwrap()
        .values("mlm_logits", &shape)
        .unwrap();
    let (ids, mask) = (integers("input_ids"), integers("attention_mask"));
    let mut tokens = vec![Tokens::new(); shape[0]];
    let mut rows = Vec::new();
    for place in (0..ids.len()).filter(|&place| mask[place] == 1) {
        tokens[place / longest].push(ids[place] as u32);
        rows.push(logits[place * vocabulary..(place + 1) * vocabulary].to_vec());
    }
    (tokens, rows)
}

fn check_head(family: &str) {
    let (tokens, expected) = golden(family);
    let model = MaskedLanguageModel::open(&fixtures(family).join("mlm"), &device()).unwrap();
    let batch = Batch::new(&tokens, model.config());
    let got = values(model.logits(&batch));
    let named = |what: &str| format!("{family}: masked-language {what}");
    assert_close(&named("logits"), &got, &expected.concat(), 1e-4);

    // A sentence whose mask was cut off is looked at in its middle.
    let places: Vec<usize> = tokens
        .iter()
        .map(|tokens| {
            let mask = tokens.iter().position(|&token| token == MASK);
            mask.unwrap_or(tokens.len() / 2)
        })
        .collect();
    let at: Vec<f32> = batch
        .sequences()
        .ranges()
        .zip(&places)
        .flat_map(|(range, place)| expected[range.start + place].clone())
        .collect();
    let got = values(model.logits_at(&batch, &places));
    assert_close(&named("logits at the masks"), &got, &at, 1e-4);

    let words = [7, 700, 4];
    let few: Vec<f32> = at
        .chunks_exact(model.config().vocabulary)
        .flat_map(|row| words.map(|word| row[word as usize]))
        .collect();
    let got = values(model.narrowed(&words).logits_at(&batch, &places));
    assert_close(&named("logits of three words"), &got, &few, 1e-4);
}

#[test]
fn robertas_head_equals_transformers() {
    check_head("tiny-roberta");
}

#[test]
fn berts_head_equals_transformers() {
    check_head("tiny-bert");
}

#[test]
fn a_decoder_of_its_own_is_used() {
    let folder = model("tiny-roberta", true);
    let path = folder.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let words = file
        .tensor("roberta.embeddings.word_embeddings.weight")
        .unwrap();
    let shape = words.shape().to_vec();
    let zeros = vec![0; words.data().len()];
    let biases: Vec<u8> = (0..shape[0])
        .flat_map(|token| (token as f32).to_le_bytes())
        .collect();
    let mut tensors = file.tensors();
    for (name, shape, data) in [
        ("lm_head.decoder.weight", shape.clone(), &zeros),
        ("lm_head.decoder.bias", vec![shape[0]], &biases),
    ] {
        let view = TensorView::new(Dtype::F32, shape, data).unwrap();
        tensors.push((name.to_owned(), view));
    }
    fs::write(&path, safetensors::serialize(tensors, None).unwrap()).unwrap();

    let model = MaskedLanguageModel::open(folder.path(), &device()).unwrap();
    let batch = Batch::new([&vec![0, 75, MASK, 2]], model.config());
    let own: Vec<f32> = (0..shape[0]).map(|token| token as f32).collect();
    assert_eq!(values(model.logits_at(&batch, &[2])), own);
}

#[derive(serde::Deserialize)]
struct Case {
    tokenizer: String,
    lstrip: bool,
    template: String,
    text: String,
    ids: Tokens,
}

#[test]
fn sentences_have_the_tokens_of_transformers() {
    let text = fs::read_to_string(fixtures("prompts.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 24);
    for case in cases {
        let folder = model(&case.tokenizer, case.lstrip);
        // Where nothing is before the gap, words begin without a space.
        let words = [class("a", &["t"]), class("b", &["s"])];
        let prompt = open(folder.path(), &case.template, &words, None).unwrap();
        let tokens = prompt.tokenize(&[&case.text]).unwrap();
        let (template, text) = (&case.template, &case.text);
        assert_eq!(tokens, [case.ids], "{template} with {text}");
        let spaced = format!("  {text}\n");
        assert_eq!(prompt.tokenize(&[&spaced]).unwrap(), tokens);
    }
}

#[test]
fn the_text_is_cut_and_never_the_gap() {
    let folder = model("tiny-roberta", true);
    let classes = great_and_just();
    let long = "the film – naïve 🎬 façade – has its moments and ".repeat(9);
    for (template, before, after) in [
        ("{text} It was {mask}.", 1, 7),
        ("I saw a {mask} film: {text}", 6, 1),
    ] {
        let all = open(folder.path(), template, &classes, Some(64)).unwrap();
        let empty = all.tokenize(&[""]).unwrap().remove(0);
        let mut lengths = Vec::new();
        for limit in [empty.len() + 1, 16, 23, 24, 25, 40, 64] {
            let prompt = open(folder.path(), template, &classes, Some(limit)).unwrap();
            let texts = [long.as_str(), "so", ""];
            let tokens = prompt.tokenize(&texts).unwrap();
            assert_eq!(tokens[2], empty, "with nothing in it");
            for tokens in &tokens {
                assert!(tokens.len() <= limit, "{} of {limit}", tokens.len());
                assert_eq!(tokens.iter().filter(|&&token| token == MASK).count(), 1);
                assert_eq!(tokens[..before], empty[..before], "{template}");
                let tail = |tokens: &Tokens| tokens[tokens.len() - after..].to_vec();
                assert_eq!(tail(tokens), tail(&empty), "{template}");
            }
            lengths.push(tokens[0].len());
            let logits = prompt.logits(&[&tokens[0], &tokens[1]]);
            assert!(logits.iter().all(|logit| logit.is_finite()) && logits.len() == 4);
        }
        // A character of several tokens goes as a whole.
        assert!(lengths.is_sorted() && lengths[6] >= 61, "{lengths:?}");
        let few = open(folder.path(), template, &classes, Some(empty.len()));
        let told = few.err().unwrap().to_string();
        assert!(told.contains("takes from"), "{told}");
    }
}

#[test]
fn a_class_is_the_sum_of_its_words() {
    let folder = model("tiny-roberta", true);
    let template = "{text} It was {mask}.";
    let texts = ["a film", "<mask> is a word here"];
    let logits = |classes: &[ClassTexts]| {
        let prompt = open(folder.path(), template, classes, None).unwrap();
        let tokens = prompt.tokenize(&texts).unwrap();
        prompt.logits(&tokens.iter().collect::<Vec<_>>())
    };
    let single = logits(&[
        class("a", &["great"]),
        class("b", &["good"]),
        class("c", &["just"]),
    ]);
    let both = logits(&[class("ab", &["great", "good"]), class("c", &["just"])]);
    for (single, both) in single.chunks_exact(3).zip(both.chunks_exact(2)) {
        let sum = (single[0].exp() + single[1].exp()).ln();
        assert!((sum - both[0]).abs() < 1e-5, "{sum} and {}", both[0]);
        assert!((single[2] - both[1]).abs() < 1e-6);
    }

    let (tokens, expected) = golden("tiny-roberta");
    let folder = model("tiny-roberta", false);
    let template = "{text} It was {mask} .";
    let prompt = open(folder.path(), template, &great_and_just(), None).unwrap();
    let place = tokens[0].iter().position(|&token| token == MASK).unwrap();
    let (great, just) = (769, word(folder.path(), "Ġjust"));
    let row = &expected[place];
    let got = prompt.logits(&[&tokens[0]]);
    assert_close(
        "tiny-roberta: logits of a prompt's words",
        &got,
        &[row[great], row[just]],
        1e-4,
    );
}

/// The number of a token.
fn word(folder: &Path, token: &str) -> usize {
    let text = fs::read_to_string(folder.join("tokenizer.json")).unwrap();
    let tokenizer: Value = serde_json::from_str(&text).unwrap();
    tokenizer["model"]["vocab"][token].as_u64().unwrap() as usize
}

#[test]
fn words_follow_the_templates_spacing() {
    let folder = model("tiny-roberta", true);
    let great = [class("a", &["great"]), class("b", &["just"])];
    // Without its space, "great" is "g" and "reat" to this tokenizer.
    assert!(open(folder.path(), "{text} It was {mask}.", &great, None).is_ok());
    match open(folder.path(), "{text} ({mask})", &great, None).err() {
        Some(Error::Prompt(PromptError::WordPieces { pieces, .. })) => {
            assert_eq!(pieces, ["g", "reat"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_that_fit_no_gap_are_refused_by_name() {
    let roberta = model("tiny-roberta", true);
    let bert = model("tiny-bert", false);
    let told = |folder: &TempDir, words: &[&str], others: &[&str]| {
        let classes = [class("good", words), class("bad", others)];
        let error = open(folder.path(), "{text} It was {mask}.", &classes, None);
        error.err().unwrap().to_string()
    };
    assert_eq!(
        told(&roberta, &["great", "wonderful"], &["just"]),
        "the word `wonderful` of the class `good` is 3 tokens to this model (Ġw ond erful), and only \
         a single one fits a gap: choose another word"
    );
    let unknown = "is not in the model's vocabulary: choose another word";
    let refused = format!("the word `☃` of the class `bad` {unknown}");
    assert_eq!(told(&bert, &["great"], &["☃"]), refused);
    assert!(told(&roberta, &["great"], &[" "]).ends_with("choose another word"));
    assert!(told(&bert, &["[SEP]"], &["just"]).ends_with(unknown));
    assert_eq!(
        told(&bert, &["great"], &["just", "Great"]),
        "the word `Great` stands for the class `good` and again for `bad`: each word can stand for \
         one class, once"
    );
}

#[test]
fn prompts_and_models_that_do_not_fit_are_refused() {
    let folder = model("tiny-roberta", true);
    let classes = great_and_just();
    let literal = open(folder.path(), "{text} <mask> {mask}", &classes, None);
    assert!(matches!(
        literal.err(),
        Some(Error::Prompt(PromptError::LiteralMask { mask })) if mask == "<mask>"
    ));
    let headless = open(&fixtures("tiny-roberta"), "{text} {mask}", &classes, None);
    assert!(matches!(headless.err(), Some(Error::NoMaskedHead { .. })));
    let config = folder.path().join("tokenizer_config.json");
    fs::write(config, r#"{ "mask_token": { "content": "<gap>" } }"#).unwrap();
    let other = open(folder.path(), "{text} {mask}", &classes, None);
    assert!(matches!(
        other.err(),
        Some(Error::Prompt(PromptError::NoMaskToken { .. }))
    ));
}
