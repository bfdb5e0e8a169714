//! Pipeline files and files with one rule.

use std::error::Error;

use goldpan_pipeline::spec::{Pipeline, rule};

use super::{Reader, as_it_is, files, told};
use crate::input::Input;

/// The reader of YAML files.
pub const READER: Reader = Reader {
    name: "yaml",
    samples: |_| {
        let mut samples = files("pipelines", &[".yaml"]);
        samples.push(Input::new(
            "rule.yaml",
            "product: [ { diversity: { strength: 2 } }, { metadata: { column: '\"length\"' } } ]\n\
             where: margin > 0.3 and not (\"length\" > 20 or date <= 2024-01-31)\nskip_duplicates: 0.05\n\
             balance: { positive: 1, negative: 1 }\n",
        ));
        samples
    },
    words: &[
        b": ",
        b"- ",
        b"\n  ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!str ",
        b"!t ",
        b"|\n",
        b">\n",
        b"'",
        b"\"",
        b"#",
        b"---\n",
        b"...\n",
        b"? ",
        b"\t",
        b"null",
        b"~",
        b".nan",
        b"-.inf",
        b"0x1f",
        b"1_000",
        b"stages:",
        b"loop:",
        b"arms:",
        b"rounds:",
        b"seeds:",
        b"where: ",
        b"ingest:",
        b"%YAML 1.2\n",
        b"y",
        b"2024-01-31",
        b"\xef\xbb\xbf",
    ],
    finish: as_it_is,
    read: |_, input| {
        let text = String::from_utf8_lossy(&input.bytes);
        let whole = Pipeline::parse("fuzz.yaml", &text, &[]);
        let one = rule("fuzz.yaml", &text);
        told(one.map_err(seen)).map(|rule| rule.to_string());
        told(whole.map_err(seen));
    },
};

/// An error that was shown with its lines too.
fn seen<E: Error>(error: E) -> E {
    assert!(!format!("{error:?}").is_empty());
    error
}
