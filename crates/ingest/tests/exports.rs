//! Texts and labels out of labelling tools, and what these say of a label.

mod common;

use common::{Row, Work, of, warned};
use goldpan_ingest::{Error, IngestOptions, Summary};

type Read = (Vec<Row>, Summary);

/// The rows of a file, its summary, and what was said of it.
fn read(
    name: &str,
    content: &str,
    change: impl FnOnce(&mut IngestOptions),
) -> (Result<Read, Error>, Vec<String>) {
    let work = Work::new();
    let mut options = of(work.file(name, content));
    change(&mut options);
    let (result, said) = warned(|| work.ingest(options));
    (result.map(|summary| (work.rows(), summary)), said)
}

fn labels(rows: &[Row]) -> Vec<Option<&str>> {
    rows.iter().map(|(_, label, _)| label.as_deref()).collect()
}

const PRODIGY: &str = r#"{"text": "one", "label": "pos", "_input_hash": 1, "answer": "accept"}
{"text": "two", "label": "neg", "_input_hash": 2, "answer": "reject"}
{"text": "three", "label": "odd", "_input_hash": 3, "answer": "ignore"}
{"text": "four", "label": "neg", "_input_hash": 4, "answer": "accept"}
"#;

#[test]
fn labels_that_nobody_accepted_do_not_count() {
    let (read, said) = read("p.jsonl", PRODIGY, |_| {});
    let (rows, summary) = read.unwrap();
    assert_eq!(labels(&rows), [Some("pos"), None, None, Some("neg")]);
    assert_eq!(summary.withheld.count, 2);
    let classes: Vec<_> = summary.classes.iter().map(|class| &class.name).collect();
    assert_eq!(classes, ["neg", "pos"]);
    let told = said
        .iter()
        .filter(|line| line.contains("labels that do not count"));
    assert_eq!(told.count(), 1, "{said:?}");
}

#[test]
fn the_column_of_answers_may_be_the_label_or_kept() {
    let answers = |options: &mut IngestOptions| options.label_column = Some("answer".into());
    let (read_as_label, said) = read("p.jsonl", PRODIGY, answers);
    let (rows, summary) = read_as_label.unwrap();
    let expected = ["accept", "reject", "ignore", "accept"].map(Some);
    assert_eq!(
        (labels(&rows), summary.withheld.count),
        (expected.to_vec(), 0)
    );
    assert!(
        !said.iter().any(|line| line.contains("do not count")),
        "{said:?}"
    );
    let csv = "text,label,answer\none,pos,yes\ntwo,neg,no\n";
    let (read, _) = read("a.csv", csv, |_| {});
    assert_eq!(labels(&read.unwrap().0), [Some("pos"), Some("neg")]);
}

#[test]
fn discarded_answers_and_drafts_of_argilla_do_not_count() {
    let by_response = |options: &mut IngestOptions| {
        options.label_column = Some("label.responses".into());
    };
    let json = r#"[
      {"id": "a", "status": "completed", "text": "one", "label.responses": ["pos"], "label.responses.status": ["submitted"]},
      {"id": "b", "status": "completed", "text": "two", "label.responses": ["neg"], "label.responses.status": ["discarded"]},
      {"id": "c", "status": "pending", "text": "three", "label.responses": ["neg"], "label.responses.status": ["draft"]},
      {"id": "d", "status": "pending", "text": "four", "label.responses": null, "label.responses.status": null},
      {"id": "e", "status": "completed", "text": "five", "label.responses": ["neg"], "label.responses.status": ["submitted"]}
    ]"#;
    let expected = [Some("pos"), None, None, None, Some("neg")];
    let (flat, _) = read("a.json", json, by_response);
    let (rows, summary) = flat.unwrap();
    assert_eq!(
        (labels(&rows), summary.withheld.count),
        (expected.to_vec(), 2)
    );
    let csv = "id,status,text,label.responses,label.responses.status\n\
               a,completed,one,pos,['submitted']\n\
               b,completed,two,neg,['discarded']\n\
               c,pending,three,neg,draft\n\
               d,pending,four,,\n\
               e,completed,five,neg,submitted\n";
    let (flat, _) = read("a.csv", csv, by_response);
    assert_eq!(labels(&flat.unwrap().0), expected);
    let old = "text,annotation,annotation_agent,status\none,pos,me,Validated\ntwo,neg,me,Discarded\nx,neg,me,Validated\n";
    let (old, _) = read("o.csv", old, |options| {
        options.label_column = Some("annotation".into());
    });
    assert_eq!(labels(&old.unwrap().0), [Some("pos"), None, Some("neg")]);
}

#[test]
fn nested_exports_are_refused_with_what_to_export_instead() {
    for (content, what) in [
        (
            r#"[{"id": 1, "annotations": [{"result": []}], "predictions": [], "data": {"text": "one"}}]"#,
            "export it as JSON-MIN, CSV or TSV",
        ),
        (
            r#"[{"id": "a", "fields": {"text": "one"}, "metadata": {}, "suggestions": {}, "responses": {}}]"#,
            "dataset.records.to_datasets()",
        ),
    ] {
        let (read, _) = read("x.json", content, |_| {});
        let error = read.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn labels_under_two_names_are_told() {
    let mixed = "{\"text\": \"a\", \"label\": \"pos\"}\n{\"text\": \"b\", \"labels\": \"neg\"}\n\
                 {\"text\": \"c\", \"labels\": \"neg\"}\n{\"text\": \"d\", \"label\": \"neg\", \"tags\": \"x\"}\n";
    let (rows, said) = read("m.jsonl", mixed, |_| {});
    assert_eq!(
        labels(&rows.unwrap().0),
        [Some("pos"), None, None, Some("neg")]
    );
    let told = said.iter().any(|line| {
        line.contains("line 2 first: 2 rows have no `label`, but `labels`, which is not read")
    });
    assert!(told, "{said:?}");
}

#[test]
fn ids_that_occur_twice_or_not_at_all_are_told() {
    let csv = "key,text\na,one\nb,two\na,three\n,four\n";
    let (read_keys, said) = read("k.csv", csv, |options| {
        options.id_column = Some("key".into())
    });
    let (_, summary) = read_keys.unwrap();
    assert_eq!(
        (summary.repeated_keys.count, summary.without_key.count),
        (1, 1)
    );
    for what in ["ids that occurred before", "texts without an id"] {
        assert!(said.iter().any(|line| line.contains(what)), "{said:?}");
    }
    let (_, said) = read("k.csv", csv, |_| {});
    assert!(!said.iter().any(|line| line.contains("ids")), "{said:?}");
}

#[test]
fn missing_labels_that_no_row_has_are_told() {
    let csv = "text,label\none,a\ntwo,b\nthree,-1.0\nfour,\n";
    let (_, said) = read("m.csv", csv, |options| {
        options.missing_labels = ["-1", "none"].map(str::to_owned).to_vec();
    });
    let told: Vec<_> = said
        .iter()
        .filter(|line| line.contains("which was to mean"))
        .collect();
    assert_eq!(
        told,
        ["no label is `none`, which was to mean that there is none"]
    );
}

#[test]
fn labels_that_are_no_classes_are_told() {
    let rows = |label: &dyn Fn(usize) -> String| {
        let rows = (0..60).map(|row| format!("text {row},{}\n", label(row)));
        format!("text,label\n{}", rows.collect::<String>())
    };
    let told = |label: &dyn Fn(usize) -> String| {
        let (_, said) = read("l.csv", &rows(label), |_| {});
        said.iter()
            .any(|line| line.contains("ids, texts or measurements"))
    };
    assert!(told(&|row| format!("id-{row}")));
    assert!(told(&|row| format!("0.{}", row % 30)));
    assert!(!told(&|row| format!("class-{}", row % 30)));
    assert!(!told(&|row| format!("{}", row % 30)));
    assert!(!told(&|row| format!("{}.5", row % 5)));
}
