//! Tokenizers and the other JSON files of a model folder.

use std::fs;
use std::path::{Path, PathBuf};

use goldpan_model::{EncoderConfig, TextTokenizer};

use super::{Reader, as_it_is, files, put, told};
use crate::input::Input;

/// The model folders; the files of each are damaged one at a time.
const FOLDERS: [&str; 2] = ["tiny-bert", "tiny-roberta"];

/// The reader of tokenizers.
pub const READER: Reader = Reader {
    name: "tokenizer",
    samples: |folder| {
        let mut samples = Vec::new();
        for model in FOLDERS {
            let all = files(
                &format!("crates/model/tests/fixtures/{model}"),
                &["ken.json", "fig.json", "izer.json"],
            );
            let all: Vec<Input> = all
                .into_iter()
                .filter(|file| {
                    ["tokenizer.json", "tokenizer_config.json", "config.json"]
                        .contains(&file.name.as_str())
                })
                .collect();
            for changed in &all {
                // A folder for each, in which the others stay as they are.
                let name = format!("{model}+{}", changed.name);
                let own = folder.join(&name);
                if let Err(error) = fs::create_dir_all(&own) {
                    panic!("cannot make {}: {error}", own.display());
                }
                for file in &all {
                    put(&own.join(&file.name), &file.bytes);
                }
                samples.push(Input::new(&name, changed.bytes.clone()));
            }
        }
        samples
    },
    words: &[
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"null",
        b"true",
        b"false",
        b"\"type\"",
        b"\"WordPiece\"",
        b"\"BPE\"",
        b"\"Unigram\"",
        b"\"WordLevel\"",
        b"\"Sequence\"",
        b"\"Precompiled\"",
        b"\"Replace\"",
        b"\"Split\"",
        b"{\"Regex\":\"(a*)*b\"}",
        b"\"pretokenizers\"",
        b"\"vocab\"",
        b"\"merges\"",
        b"\"added_tokens\"",
        b"\"id\"",
        b"\"special\"",
        b"\"truncation\"",
        b"\"padding\"",
        b"\"max_length\"",
        b"\"stride\"",
        b"\"post_processor\"",
        b"\"TemplateProcessing\"",
        b"\"model_max_length\"",
        b"\"do_lower_case\"",
        b"-1",
        b"1e30",
        b"99999999999",
    ],
    finish: as_it_is,
    read,
};

fn read(folder: &Path, input: &Input) {
    let Some((folder, file)) = place(folder, input) else {
        panic!("{} is of no folder", input.name);
    };
    put(&folder.join(file), &input.bytes);
    let Some(config) = told(EncoderConfig::read(&folder)) else {
        return;
    };
    if let Some(tokenizer) = told(TextTokenizer::open(&folder, &config, None)) {
        let long = "indeed ".repeat(100);
        let texts = ["a film, so good!", "", "日本 🪙\u{0}\u{301}", &long];
        if let Some(tokens) = told(tokenizer.encode(&texts)) {
            let most = tokens.iter().map(Vec::len).max();
            assert!(most <= Some(tokenizer.max_length()), "{most:?} tokens");
            let highest = tokens.iter().flatten().max();
            assert!(
                highest.is_none_or(|id| (*id as usize) < config.vocabulary),
                "token {highest:?}"
            );
        }
    }
}

/// The model folder of an input, and the file in it that the input takes the place of.
fn place<'a>(folder: &Path, input: &'a Input) -> Option<(PathBuf, &'a str)> {
    let (_, file) = input.name.split_once('+')?;
    Some((folder.join(&input.name), file))
}
