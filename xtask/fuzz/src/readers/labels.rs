//! Files that say which texts are labelled, with the table of texts that they are of.

use std::path::Path;

use goldpan_artifact::{Producer, Texts, TextsWriter};
use goldpan_ingest::{LabelOptions, read_labelled};

use super::{Reader, jsonl, rows, told, written};
use crate::input::Input;

/// The reader of labels.
pub const READER: Reader = Reader {
    name: "labels",
    samples: |folder| {
        texts(&folder.join("texts.arrow"));
        vec![
            Input::new(
                "labels.csv",
                "id,label\n0,positive\n1,negative\n2,positive\n",
            ),
            Input::new(
                "keys.csv",
                "key,label\nkey-0,positive\n\"key-1\",negative\n",
            ),
            Input::new("numbers.csv", "id,label\n1,1\n2,0\n3,1.0\n"),
            Input::new("ids.csv", "id\n0\n1\n2\n3\n"),
            Input::new("labels.tsv", "id\tlabel\n0\tpositive\n1\tnegative\n"),
            Input::new(
                "labels.jsonl",
                "{\"id\": 0, \"label\": \"positive\"}\n{\"id\": 1, \"label\": 1}\n",
            ),
            Input::new(
                "keys.jsonl",
                "{\"key\": \"key-0\", \"label\": \"positive\", \"text\": \"a\"}\n",
            ),
            Input::new(
                "labels.json",
                "[{\"id\": 0, \"label\": \"positive\"}, {\"id\": 1, \"label\": \"negative\"}]",
            ),
            Input::new(
                "label-studio.json",
                &include_bytes!("samples/label-studio.json")[..],
            ),
            Input::new(
                "doccano.jsonl",
                "{\"id\": 5, \"text\": \"a\", \"label\": [\"positive\"], \"Comments\": []}\n",
            ),
        ]
    },
    words: jsonl::WORDS,
    finish: rows::pack,
    read: |folder, input| {
        let path = written(folder, input);
        let options = LabelOptions::default();
        let paths = [path];
        told(read_labelled(&paths, None, None, &options));
        if let Some(texts) = told(Texts::open(folder.join("texts.arrow"))) {
            let classes = Some(texts.classes());
            told(read_labelled(&paths, Some(&texts), classes, &options));
        }
    },
};

fn texts(path: &Path) {
    let classes = ["negative", "positive"].map(str::to_owned);
    let written =
        TextsWriter::create(path, &classes, Producer::new("fuzz", 1)).and_then(|mut texts| {
            for id in 0..6 {
                texts.push(id, &format!("text {id}"), None, Some(&format!("key-{id}")))?;
            }
            texts.finish()
        });
    if let Err(error) = written {
        panic!("the texts cannot be written: {error}");
    }
}
