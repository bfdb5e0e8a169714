//! The same five texts as pandas, polars, pyarrow, DuckDB and Python write them, in every form.

mod common;

use common::{Row, Work, fixture, of, warned};
use goldpan_ingest::{Delimiter, IngestOptions, InvalidText, Quoting};

/// The texts of `make_foreign.py`.
fn texts() -> Vec<Row> {
    let rows = [
        ("a joy, from start to end; really", Some("good"), "r-1"),
        ("he said \"no\"\tand left", Some("bad"), "r-2"),
        ("größe & witz – café\nand a second line", None, "r-3"),
        ("plain", Some("bad"), "r-4"),
        ("'single' | pipe", Some("good"), "r-5"),
    ];
    let own = |text: &str| text.to_owned();
    rows.map(|(text, label, key)| (own(text), label.map(own), Some(own(key))))
        .to_vec()
}

/// Reads a file, and gives what was said of it, without the folder.
fn read(file: &str, change: impl FnOnce(&mut IngestOptions)) -> (Vec<Row>, Vec<String>) {
    let work = Work::new();
    let mut options = IngestOptions {
        id_column: Some("key".into()),
        ..of(fixture(&format!("foreign/{file}")))
    };
    change(&mut options);
    let (result, said) = warned(|| work.ingest(options));
    result.unwrap_or_else(|error| panic!("{file}: {error}"));
    let folder = fixture("foreign/").display().to_string();
    let said = said.iter().map(|line| line.replace(&folder, "")).collect();
    (work.rows(), said)
}

fn refused(file: &str) -> String {
    let work = Work::new();
    let error = work.error(of(fixture(&format!("foreign/{file}"))));
    let folder = fixture("foreign/").display().to_string();
    error.replace(&folder, "")
}

#[test]
fn what_is_read_without_a_word() {
    for file in [
        "pandas-records.json",
        "pandas-records-indent.json",
        "pandas-lines.jsonl",
        "python-indent.json",
        "python-pretty.jsonl",
        "python-nan.jsonl",
        "python-utf-16.json",
        "python-utf-8-sig.json",
        "polars.json",
        "polars.ndjson",
        "duckdb.json",
        "duckdb-array.json",
        "pandas-index.csv",
        "pandas-utf-16.csv",
        "pandas-utf-32.csv",
        "pandas-utf-8-sig.csv",
        "members.csv.gz",
        "padded.csv.gz",
        "frames.csv.zst",
        "brotli.parquet",
        "large.parquet",
        "delta.parquet",
        "dictionary-int8.arrow",
        "dictionary-int16.arrow",
        "dictionary-int64.arrow",
        "dictionary-uint8.arrow",
        "dictionary-uint32.arrow",
        "polars-categorical.parquet",
        "polars-enum.arrow",
        "duckdb.parquet",
        "stream-lz4.arrow",
        "label-lists.parquet",
        "label-numbers.parquet",
    ] {
        let (rows, said) = read(file, |_| {});
        assert_eq!(rows, texts(), "{file}");
        assert_eq!(said, [""; 0], "{file}");
    }
}

#[test]
fn what_is_found_in_the_file_is_said() {
    for (file, what) in [
        ("pandas-table.json", "list under its key `data`"),
        ("python-data.json", "list under its key `data`"),
        (
            "binary.parquet",
            "has bytes in its column `text`; they are read as UTF-8",
        ),
        ("pandas-index.json", "object of objects"),
        ("pandas.tsv", "quotes around fields taken off"),
        ("pandas-all.tsv", "quotes around fields taken off"),
        ("excel-tab.tsv", "quotes around fields taken off"),
        ("polars.tsv", "quotes around fields taken off"),
        ("pandas-semicolon.csv", "fields apart by `;`"),
        ("polars-semicolon.csv", "fields apart by `;`"),
        ("pandas-pipe.csv", "fields apart by `|`"),
        ("duckdb.psv.csv", "fields apart by `|`"),
        (
            "pandas-utf-16-le.csv",
            "no byte order mark and is read as UTF-16LE",
        ),
        (
            "pandas-utf-16-be.csv",
            "no byte order mark and is read as UTF-16BE",
        ),
    ] {
        let (rows, said) = read(file, |_| {});
        assert_eq!(rows, texts(), "{file}");
        let told = said
            .iter()
            .any(|line| line.starts_with(file) && line.contains(what));
        assert!(told, "{file}: {said:?}");
    }
}

#[test]
fn what_is_given_is_not_said() {
    for (file, delimiter, quoting) in [
        ("pandas.tsv", "tab", Quoting::Quoted),
        ("pandas-semicolon.csv", ";", Quoting::Quoted),
        ("duckdb.psv.csv", "|", Quoting::Quoted),
        ("pandas-escape.csv", ",", Quoting::Backslash),
    ] {
        let (rows, said) = read(file, |options| {
            options.delimiter = Some(delimiter.parse::<Delimiter>().unwrap());
            options.quoting = Some(quoting);
        });
        assert_eq!(rows, texts(), "{file}");
        assert_eq!(said, [""; 0], "{file}");
    }
    let (rows, said) = read("pandas-cp1252.csv", |options| {
        options.encoding = Some("cp1252".to_owned());
    });
    assert_eq!((rows, said.len()), (texts(), 0));
}

#[test]
fn backslashes_before_quotes_are_told() {
    let (rows, said) = read("pandas-escape.csv", |_| {});
    assert_eq!(rows[1].0, "he said \\\"no\\\"\tand left");
    assert!(said[0].contains("--quoting backslash"), "{said:?}");
}

#[test]
fn a_line_feed_among_lines_that_end_in_cr_is_refused() {
    // pandas writes it without quotes, since it ends no line of that file.
    let error = refused("pandas-cr.csv");
    assert_eq!(error, "pandas-cr.csv, line 4 has 2 columns instead of 3");
}

#[test]
fn halves_of_characters_are_replaced_when_asked() {
    let error = refused("python-surrogate.jsonl");
    assert!(
        error.starts_with("python-surrogate.jsonl, line 1, column 29: `\\ud83d` is half"),
        "{error}"
    );
    let (rows, said) = read("python-surrogate.jsonl", |options| {
        options.invalid_text = Some(InvalidText::Replace);
    });
    assert_eq!(rows[0].0, "cut \u{fffd}");
    assert_eq!(said.len(), 1);
    assert!(
        said[0].contains("first: 1 halves of characters"),
        "{said:?}"
    );
}

#[test]
fn what_is_refused_says_what_to_write() {
    for (file, what) in [
        (
            "pandas-columns.json",
            "JSON by column, not by row: write its rows with df.to_json",
        ),
        (
            "pandas-split.json",
            "JSON with rows apart from the names of their columns: write",
        ),
        (
            "pandas-values.json",
            "a JSON list of lists, which name no columns: write its rows",
        ),
        (
            "pandas-cp1252.csv",
            "is not UTF-8: it may be windows-1252; say",
        ),
        ("lists.parquet", "the column `text` holds List("),
        ("vectors.parquet", "check and copy it with `goldpan import`"),
    ] {
        let error = refused(file);
        assert!(error.contains(file) && error.contains(what), "{error}");
    }
    let line = refused("pandas-cp1252.csv");
    assert!(
        line.starts_with("pandas-cp1252.csv, line 4, byte 8 is not UTF-8"),
        "{line}"
    );
}

/// Pages that become 20 MB of a few kilobytes are sound, where the packing allows it.
#[test]
fn large_pages_that_repeat_themselves_are_read() {
    for file in ["large-page-zstd.parquet", "large-page-gzip.parquet"] {
        let (rows, said) = read(file, |options| options.id_column = None);
        assert_eq!((rows.len(), said), (2048, Vec::new()), "{file}");
        assert!(rows[2047].0.starts_with("2047 lorem ipsum"));
        assert_eq!(rows[2047].1.as_deref(), Some("bad"));
    }
}

#[test]
fn decimal_keys_are_exact() {
    let (rows, _) = read("decimal.parquet", |_| {});
    let keys: Vec<_> = rows.into_iter().filter_map(|row| row.2).collect();
    assert_eq!(keys[0], "123456789012345678901234567890");
    assert_eq!(keys[4], "123456789012345678901234567894");
}
