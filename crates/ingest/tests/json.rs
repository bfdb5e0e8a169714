//! JSON in every arrangement, and what is wrong with it told with its place.

mod common;

use common::{Work, of, warned};
use goldpan_ingest::{IngestOptions, Summary};

fn texts(name: &str, content: &str) -> (Vec<String>, Vec<String>) {
    let work = Work::new();
    let path = work.file(name, content);
    let (result, said) = warned(|| work.ingest(of(path)));
    result.unwrap_or_else(|error| panic!("{content}: {error}"));
    (work.rows().into_iter().map(|row| row.0).collect(), said)
}

fn message(content: &str) -> String {
    let work = Work::new();
    let path = work.file("a.json", content);
    work.error(of(path))
}

#[test]
fn objects_in_every_arrangement() {
    for content in [
        "{\"text\": \"a\"}\n{\"text\": \"b\"}\n",
        "{\"text\": \"a\"} {\"text\": \"b\"}",
        "{\"text\": \"a\"}{\"text\": \"b\"}",
        "{\n  \"text\": \"a\"\n}\n{\n  \"text\": \"b\"\n}\n",
        "\u{feff}{\"text\": \"a\"}\r\n{\"text\": \"b\"}\r\n",
        "{\"text\": \"a\"}\r{\"text\": \"b\"}\r",
        "[{\"text\": \"a\"}, {\"text\": \"b\"}]",
        "[{\"text\": \"a\"}]\n[]\n[{\"text\": \"b\"}]\n",
        "{\"meta\": {\"n\": [1, {\"text\": \"no\"}]}, \"text\": \"a\"}\n{\"text\": \"b\"}",
        "{\"text\": \"a\", \"spans\": [{\"text\": \"no\"}]}\n{\"text\": \"b\"}",
    ] {
        for name in ["a.json", "a.jsonl", "a.ndjson"] {
            let (texts, said) = texts(name, content);
            assert_eq!(texts, ["a", "b"], "{content}");
            assert_eq!(said, [""; 0], "{content}");
        }
    }
    // One object alone is a row.
    assert_eq!(texts("a.json", "{\"text\": \"a\"}").0, ["a"]);
}

#[test]
fn a_list_under_a_key_is_found_or_asked_for() {
    let one = r#"{"info": {"text": "no"}, "items": [{"text": "a"}, {"text": "b"}], "n": 2}"#;
    let (read, said) = texts("a.json", one);
    assert_eq!(read, ["a", "b"]);
    assert_eq!(said.len(), 1);
    assert!(
        said[0].ends_with("taken from the list under its key `items`"),
        "{said:?}"
    );
    let two = r#"{"train": [{"text": "a"}], "test": [{"text": "b"}]}"#;
    assert_eq!(
        message(two),
        "a.json has several lists of objects, `train`, `test`: say which with --records"
    );
    let work = Work::new();
    let path = work.file("a.json", two);
    let with = |key: &str| IngestOptions {
        records: Some(key.to_owned()),
        ..of(&path)
    };
    work.ingest(with("test")).unwrap();
    assert_eq!(work.rows()[0].0, "b");
    std::fs::remove_file(work.out()).unwrap();
    assert_eq!(
        work.error(with("dev")),
        "a.json has no list of objects under the key `dev`: it has `train`, `test`"
    );
    // An answer with choices on each line is no list of rows.
    let lines = "{\"id\": 1, \"choices\": [{\"text\": \"a\"}]}\n{\"id\": 2, \"choices\": []}\n";
    assert!(message(lines).contains("it has `id`, `choices`"));
}

#[test]
fn keys_are_kept_as_they_are_written() {
    let work = Work::new();
    let long = "1".repeat(300);
    let content = format!(
        "{{\"text\": \"a\", \"key\": 123456789012345678901}}\n{{\"text\": \"b\", \"key\": {long}}}\n\
         {{\"text\": \"c\", \"key\": 1e3}}\n{{\"text\": \"d\", \"key\": 1.0}}\n\
         {{\"text\": \"e\", \"key\": NaN}}\n{{\"text\": \"f\", \"key\": \"007\"}}\n"
    );
    let path = work.file("a.jsonl", content);
    let options = IngestOptions {
        id_column: Some("key".into()),
        ..of(path)
    };
    work.ingest(options).unwrap();
    let keys: Vec<_> = work.rows().into_iter().map(|row| row.2).collect();
    let some = |key: &str| Some(key.to_owned());
    assert_eq!(
        keys,
        [
            some("123456789012345678901"),
            some(&long),
            some("1e3"),
            some("1.0"),
            None,
            some("007")
        ]
    );
}

#[test]
fn nan_is_no_label_and_no_text() {
    let work = Work::new();
    let path = work.file(
        "a.jsonl",
        "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"b\", \"label\": NaN}\n",
    );
    let summary: Summary = work.ingest(of(path)).unwrap();
    assert_eq!((summary.rows, summary.labelled), (2, 1));
    assert_eq!(
        message("{\"text\": \"a\"}\n{\"text\": NaN}\n"),
        "a.json, line 2, character 10, column `text`: NaN is not text"
    );
    assert_eq!(
        message("{\"text\": \"a\", \"label\": -Infinity}\n"),
        "a.json, line 1, character 24, column `label`: Infinity is not a label"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (content, expected) in [
        (
            "[{\"text\": \"a\"},\n {\"text\": {\"en\": \"b\"}}]",
            "a.json, line 2, character 11, column `text`: a list or object is not text",
        ),
        (
            "[{\"text\": \"a\"},\n {\"text\": [\"b\"]}]",
            "a.json, line 2, character 11, column `text`: a list or object is not text",
        ),
        (
            "[{\"text\": \"é\"}, {\"text\": null}]",
            "a.json, line 1, character 26: there is no text in the column `text`; remove the row or fill it in",
        ),
        (
            "{\"text\": \"a\",\n \"text\": \"b\"}",
            "a.json, line 2, character 2: the field `text` occurs twice in this object; which is meant?",
        ),
        (
            "[{\"text\": \"a\"},\n {\"text\": \"b\"},\n]",
            "a.json, line 2, column 15: nothing follows this comma: remove it",
        ),
        (
            "{\"text\": \"a\"},\n{\"text\": \"b\"}\n",
            "a.json, line 1, column 14: a comma between objects: put all of them in a list, `[` to `]`",
        ),
        (
            "[{\"text\": \"a\"}",
            "a.json, line 1, column 15: the file ends where a comma or `]` should be: it is cut short",
        ),
        (
            "[{\"text\": \"a\"}] x",
            "a.json, line 1, column 17: expected nothing more or another list, found `x`",
        ),
        (
            "[\"a\", \"b\"]",
            "a.json is a JSON list of values, which name no columns: write a list of objects such as {\"text\": \"...\"}",
        ),
        (
            "text,label\na,1\n",
            "a.json, line 1, column 1: expected an object `{` or a list `[`, found `t`",
        ),
        (
            "{'text': 'a'}\n",
            "a.json, line 1, column 2: expected a name in quotes, found `'`: JSON has double quotes; write it with a JSON library",
        ),
        (
            "{\"text\": \"a\", \"label\": None}\n",
            "a.json, line 1, column 24: `None` is Python and not JSON: write the file with json.dump, not with print",
        ),
        ("[]", "there is no row to keep in a.json"),
        (" \n", "there is no row to keep in a.json"),
    ] {
        assert_eq!(message(content), expected, "{content}");
    }
}

#[test]
fn a_long_list_is_read_a_row_at_a_time() {
    let work = Work::new();
    let rows: Vec<String> = (0..20_000)
        .map(|i| format!("{{\"text\": \"text {i}\", \"label\": \"{}\"}}", i % 2))
        .collect();
    let path = work.file(
        "a.json",
        format!("{{\"data\": [{}], \"end\": true}}", rows.join(",")),
    );
    let summary = work.ingest(of(path)).unwrap();
    assert_eq!((summary.rows, summary.labelled), (20_000, 20_000));
    assert_eq!(work.rows()[19_999].0, "text 19999");
}
