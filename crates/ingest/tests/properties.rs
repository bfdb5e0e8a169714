//! Any rows come back as they were, whatever the format.

mod common;

use std::io::Write;

use common::{Row, Work, of};
use flate2::Compression;
use flate2::write::GzEncoder;
use goldpan_ingest::{IngestOptions, Quoting};
use proptest::prelude::*;

/// Rows of any text, labels and keys, the first row's text not empty.
fn rows(text: &'static str) -> impl Strategy<Value = Vec<Row>> {
    let label = prop::option::of("[a-c]{1,2}");
    let row = (text, label, "[a-z0-9,\" ]{1,8}");
    let row = row.prop_map(|(text, label, key)| (text, label, Some(key)));
    prop::collection::vec(row, 1..40)
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

fn check(name: &str, content: &[u8], rows: &[Row]) -> Result<(), TestCaseError> {
    check_with(name, content, rows, |_| {})
}

fn check_with(
    name: &str,
    content: &[u8],
    rows: &[Row],
    change: impl FnOnce(&mut IngestOptions),
) -> Result<(), TestCaseError> {
    let work = Work::new();
    let mut options = IngestOptions {
        id_column: Some("key".into()),
        ..of(work.file(name, content))
    };
    change(&mut options);
    let summary = work
        .ingest(options)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(summary.rows, rows.len() as u64);
    prop_assert_eq!(work.rows(), rows);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn csv(rows in rows("[^\\x00]{0,12}"), crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut csv = format!("key,text,label{end}");
        for (text, label, key) in &rows {
            let label = label.as_deref().unwrap_or_default();
            csv += &format!("{},{},{label}{end}", quoted(key.as_deref().unwrap()), quoted(text));
        }
        check("a.csv", csv.as_bytes(), &rows)?;
    }

    #[test]
    fn tsv(rows in rows("[^\\t\\n\\r]{0,12}"), crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut tsv = format!("label\ttext\tkey{end}");
        for (text, label, key) in &rows {
            let label = label.as_deref().unwrap_or_default();
            tsv += &format!("{label}\t{text}\t{}{end}", key.as_deref().unwrap());
        }
        let text = |options: &mut IngestOptions| options.quoting = Some(Quoting::None);
        check_with("a.tsv", tsv.as_bytes(), &rows, text)?;
    }

    #[test]
    fn fields_in_quotes_with_any_delimiter(
        rows in rows("[^\\x00]{0,12}"), delimiter in "[;|\t:]", all: bool
    ) {
        let quoted = |field: &str| match all || field.contains(['"', ';', '|', '\t', ':', '\n', '\r']) {
            true => quoted(field),
            false => field.to_owned(),
        };
        let mut csv = ["key", "text", "label"].map(quoted).join(&delimiter) + "\n";
        for (text, label, key) in &rows {
            let fields = [key.as_deref().unwrap(), text, label.as_deref().unwrap_or_default()];
            csv += &(fields.map(quoted).join(&delimiter) + "\n");
        }
        let given = |options: &mut IngestOptions| {
            options.delimiter = Some(delimiter.parse().unwrap());
            options.quoting = Some(Quoting::Quoted);
        };
        check_with("a.csv", csv.as_bytes(), &rows, given)?;
    }

    #[test]
    fn json_however_it_is_printed(rows in rows(".{0,12}"), pretty: bool, list: bool) {
        let rows_of: Vec<serde_json::Value> = rows
            .iter()
            .map(|(text, label, key)| serde_json::json!({ "key": key, "label": label, "text": text }))
            .collect();
        let print = |value: &serde_json::Value| match pretty {
            true => serde_json::to_string_pretty(value).unwrap(),
            false => value.to_string(),
        };
        let content = match list {
            true => print(&serde_json::Value::Array(rows_of)),
            false => rows_of.iter().map(print).collect(),
        };
        check("a.json", content.as_bytes(), &rows)?;
    }

    #[test]
    fn jsonl_in_gzip(rows in rows(".{0,12}")) {
        let mut file = GzEncoder::new(Vec::new(), Compression::fast());
        for (text, label, key) in &rows {
            let row = serde_json::json!({ "key": key, "label": label, "text": text, "x": [1, {}] });
            writeln!(file, "{row}").unwrap();
        }
        check("a.jsonl.gz", &file.finish().unwrap(), &rows)?;
    }

    /// Whatever the bytes: an error or a table, never a panic, and no row that is not there.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), format in 0..5usize) {
        let name = ["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.arrow"][format];
        let work = Work::new();
        let lines = bytes.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count() as u64;
        let options = IngestOptions {
            header: Some(false),
            text_column: (format < 2).then_some(0usize.into()),
            ..of(work.file(name, &bytes))
        };
        if let Ok(summary) = work.ingest(options) {
            prop_assert!(summary.rows <= lines + 1);
        }
    }

    /// Bytes that look like CSV: every line of the file is in a row, or an error is told.
    #[test]
    fn any_quotes(text in "[a,\"\n]{0,40}") {
        let work = Work::new();
        let options = IngestOptions {
            header: Some(false),
            text_column: Some(0usize.into()),
            ..of(work.file("a.csv", &text))
        };
        if let Ok(summary) = work.ingest(options) {
            let read: usize = work.rows().iter().map(|row| row.0.matches('\n').count()).sum();
            let ends = text.matches('\n').count() + usize::from(!text.ends_with('\n'));
            if !text.contains(',') {
                prop_assert_eq!(summary.rows as usize + read + summary.empty_lines as usize, ends);
            }
        }
    }
}
