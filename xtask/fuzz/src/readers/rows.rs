//! Files of rows, read by the ingest stage with the settings that the variant asks for.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use goldpan_artifact::{Silent, Texts};
use goldpan_ingest::{IngestConfig, IngestOptions, ingest};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::{told, written};
use crate::input::Input;

/// Reads the rows of an input. What is read without an error is a table that opens.
pub fn read(folder: &Path, input: &Input) {
    let path = written(folder, input);
    let Ok(options) = serde_json::from_value::<IngestOptions>(options(&path, input.variant)) else {
        panic!("the options are no options of ingest");
    };
    let Some(config) = told(IngestConfig::try_from(options)) else {
        return;
    };
    let out = folder.join("out.arrow");
    if told(ingest(&config, &out, &Silent)).is_some() {
        let texts = Texts::open(&out);
        assert!(
            told(texts).is_some_and(|texts| !texts.is_empty()),
            "what was written is not read"
        );
    }
}

/// Settings of the ingest stage, one for each bit of the variant.
fn options(path: &Path, variant: u64) -> Value {
    let bit = |number: u64| variant >> number & 1 == 1;
    let mut options = json!({ "input": path });
    let mut set = |key: &str, value: Value| options[key] = value;
    if bit(0) {
        set("text_column", json!("text"));
        set("label_column", json!("label"));
    }
    if bit(1) && bit(2) {
        set("metadata_columns", json!(["source", "stars"]));
    }
    if bit(3) && bit(4) {
        set("id_column", json!("key"));
    }
    if bit(5) && bit(6) {
        set("classes", json!(["negative", "positive"]));
    }
    if bit(7) && bit(8) && bit(9) {
        set("header", json!(false));
        set("text_column", json!(0));
        set("label_column", json!(1));
    }
    options
}

/// Some files of lines are compressed, and some are in UTF-16.
pub fn pack(input: &mut Input, rng: &mut ChaCha8Rng) {
    match rng.random_range(0..16) {
        0 => {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            if gzip.write_all(&input.bytes).is_ok()
                && let Ok(packed) = gzip.finish()
            {
                input.bytes = packed;
                input.name += ".gz";
            }
        }
        1 => {
            if let Ok(packed) = zstd::encode_all(&input.bytes[..], 1) {
                input.bytes = packed;
                input.name += ".zst";
            }
        }
        2 => {
            let text = String::from_utf8_lossy(&input.bytes).into_owned();
            let mark = std::iter::once(0xfeff);
            let units = mark.chain(text.encode_utf16());
            input.bytes = units.flat_map(u16::to_le_bytes).collect();
        }
        _ => {}
    }
}
