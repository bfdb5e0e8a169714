//! Token ids equal to those of transformers, on texts of every kind.
//!
//! The fixtures come from `python/make_tokenization.py`.

use goldpan_artifact::Silent;
use goldpan_model::{EncoderConfig, TextTokenizer};
use goldpan_sources::Places;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// A text, or a piece and how often it is repeated.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Repeated(String, usize),
}

#[derive(Deserialize)]
struct Expected {
    own_max_length: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    max_length: Option<NonZeroUsize>,
    ids: Vec<Vec<u32>>,
}

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = fixtures("tokenization").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn check(name: &str, folder: &Path) {
    let texts: Vec<String> = read::<Vec<Text>>("texts.json")
        .into_iter()
        .map(|text| match text {
            Text::Whole(text) => text,
            Text::Repeated(piece, times) => piece.repeat(times),
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let expected: Expected = read(&format!("{name}.json"));
    let config = EncoderConfig::read(folder).unwrap();
    assert!(expected.cases.len() >= 4);
    for Case { max_length, ids } in expected.cases {
        let tokenizer = TextTokenizer::open(folder, &config, max_length).unwrap();
        let limit = max_length.map_or(expected.own_max_length, NonZeroUsize::get);
        assert_eq!(tokenizer.max_length(), limit);
        let tokens = tokenizer.encode(&texts).unwrap();
        assert_eq!((tokens.len(), ids.len()), (texts.len(), texts.len()));
        for ((text, tokens), ids) in texts.iter().zip(&tokens).zip(&ids) {
            let start: String = text.chars().take(60).collect();
            assert_eq!(tokens, ids, "{start:?} in at most {limit} tokens");
        }
        assert!(ids.iter().any(|ids| ids.len() == limit));
    }
}

#[test]
fn bert_splits_texts_as_transformers_does() {
    check("tiny-bert", &fixtures("tiny-bert"));
}

#[test]
fn roberta_splits_texts_as_transformers_does() {
    check("tiny-roberta", &fixtures("tiny-roberta"));
}

#[test]
fn minilm_splits_texts_as_transformers_does() {
    let name = "sentence-transformers/all-MiniLM-L6-v2";
    let model = goldpan_sources::model(name, &Places::from_env().unwrap(), &Silent).unwrap();
    check("minilm", &model.path);
}
