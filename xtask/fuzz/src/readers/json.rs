//! JSON files: an array of objects, or objects over several lines.

use super::{Reader, jsonl, rows};
use crate::input::Input;

/// The reader of JSON files.
pub const READER: Reader = Reader {
    name: "json",
    samples: |_| {
        vec![
            Input::new("reviews.json", &include_bytes!("samples/reviews.json")[..]),
            Input::new(
                "label-studio.json",
                &include_bytes!("samples/label-studio.json")[..],
            ),
            Input::new(
                "one.json",
                "{\n  \"text\": \"a\",\n  \"label\": \"b\"\n}\n{\n  \"text\": \"c\"\n}\n",
            ),
            Input::new(
                "columns.json",
                "{\"text\": {\"0\": \"a\", \"1\": \"b\"}, \"label\": {\"0\": 1, \"1\": 0}}",
            ),
            Input::new(
                "split.json",
                "{\"columns\":[\"text\",\"label\"],\"index\":[0],\"data\":[[\"a\",1]]}",
            ),
        ]
    },
    words: jsonl::WORDS,
    finish: rows::pack,
    read: rows::read,
};
