//! What a label means: the same in every format, and nothing dropped without a word.

mod common;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int8Array, Int64Array, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use common::{Work, fixture, of, warned};
use goldpan_artifact::Texts;
use goldpan_ingest::{Error, IngestOptions, Summary};

fn names(summary: &Summary) -> Vec<&str> {
    summary
        .classes
        .iter()
        .map(|class| class.name.as_str())
        .collect()
}

/// The classes, the class of each row, and the warnings.
fn classes_of(
    content: &str,
    change: impl FnOnce(&mut IngestOptions),
) -> (Vec<String>, Vec<Option<String>>, Vec<String>) {
    let work = Work::new();
    let mut options = of(work.file("a.csv", content));
    change(&mut options);
    read(&work, options)
}

fn read(work: &Work, options: IngestOptions) -> (Vec<String>, Vec<Option<String>>, Vec<String>) {
    let (summary, told) = warned(|| work.ingest(options));
    let summary = summary.unwrap();
    let labels = work.rows().into_iter().map(|row| row.1).collect();
    (
        names(&summary).into_iter().map(str::to_owned).collect(),
        labels,
        told,
    )
}

fn some(labels: &[&str]) -> Vec<Option<String>> {
    labels.iter().map(|&label| Some(label.to_owned())).collect()
}

#[test]
fn equal_numbers_are_one_class_in_every_format() {
    let expected = (
        ["1", "2"].map(str::to_owned).to_vec(),
        some(&["1", "2", "1"]),
    );
    for (name, content) in [
        ("a.csv", "text,label\na,1\nb,2\nc,1\n"),
        ("a.csv", "text,label\na,1.0\nb,2.0\nc,1.0\n"),
        ("a.csv", "text,label\na,01\nb,+2\nc,1e0\n"),
        ("a.tsv", "text\tlabel\na\t1.0\nb\t2\nc\t1\n"),
        (
            "a.jsonl",
            "{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":2.0}\n{\"text\":\"c\",\"label\":\"1.0\"}\n",
        ),
    ] {
        let work = Work::new();
        let (classes, labels, _) = read(&work, of(work.file(name, content)));
        assert_eq!((classes, labels), expected, "{content}");
    }
    let column: [ArrayRef; 3] = [
        Arc::new(Int8Array::from(vec![1, 2, 1])),
        Arc::new(Float64Array::from(vec![1.0, 2.0, 1.0])),
        Arc::new(StringArray::from(vec!["1.0", "02", "1"])),
    ];
    for label in column {
        let work = Work::new();
        let field = Field::new("label", label.data_type().clone(), true);
        let path = arrow(&work, field, label, &[]);
        let (classes, labels, _) = read(&work, of(path));
        assert_eq!((classes, labels), expected);
    }
}

#[test]
fn what_is_no_column_of_numbers_stays_text() {
    let (classes, _, told) = classes_of("text,label\na,1\nb,1.0\nc,one\n", |_| {});
    assert_eq!(classes, ["1", "1.0", "one"]);
    assert!(
        told.iter()
            .any(|text| text.contains("`1` and `1.0` look alike")),
        "{told:?}"
    );
    let (classes, labels, _) = classes_of("text,label\na,True\nb,false\nc,TRUE\n", |_| {});
    assert_eq!(
        (classes, labels),
        (
            vec!["false".to_owned(), "true".to_owned()],
            some(&["true", "false", "true"])
        )
    );
    let (classes, _, told) = classes_of("text,label\na,\"1,0\"\nb,\"2,0\"\n", |_| {});
    assert_eq!(classes, ["1,0", "2,0"]);
    assert!(told[0].contains("`1,0` are read as text"), "{told:?}");
    let (classes, _, told) = classes_of("text,label\na,007\nb,008\n", |_| {});
    assert_eq!(classes, ["7", "8"]);
    assert!(
        told[0].contains("`007` is the class `7`") && told[0].contains("--classes"),
        "{told:?}"
    );
    let given = |options: &mut IngestOptions| {
        options.classes = Some(vec!["008".to_owned(), "007".to_owned()]);
    };
    let (classes, labels, told) = classes_of("text,label\na,007\nb,008\n", given);
    assert_eq!(
        (classes, labels),
        (
            vec!["008".to_owned(), "007".to_owned()],
            some(&["007", "008"])
        )
    );
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn marks_for_no_label_are_told_and_may_be_named() {
    let content = "text,label\na,1\nb,0\nc,-1\nd,-1.0\ne,NA\n";
    let (classes, _, told) = classes_of(content, |_| {});
    assert_eq!(classes, ["-1", "0", "1", "NA"]);
    assert!(
        told.iter().any(|text| text
            == "`-1` (2 rows), `NA` (1 rows) are taken as classes; if that means that there is no \
                label, give --missing-labels '-1,NA' (missing_labels in a pipeline)"),
        "{told:?}"
    );
    let missing = |options: &mut IngestOptions| {
        options.missing_labels = vec!["-1".to_owned(), "NA".to_owned()];
    };
    let (classes, labels, told) = classes_of(content, missing);
    assert_eq!(classes, ["0", "1"]);
    assert_eq!(labels[2..], [None, None, None]);
    assert!(told.is_empty(), "{told:?}");
    let both = |options: &mut IngestOptions| {
        missing(options);
        options.classes = Some(vec!["0".to_owned(), "1".to_owned()]);
    };
    assert_eq!(classes_of(content, both).1, labels);
    let work = Work::new();
    let options = IngestOptions {
        classes: Some(vec!["0".to_owned(), "1".to_owned()]),
        ..of(work.file("a.csv", content))
    };
    let error = work.error(options);
    assert!(
        error.contains("line 4") && error.contains("give --missing-labels '-1'"),
        "{error}"
    );
}

#[test]
fn label_columns_by_another_name_are_taken_or_named() {
    for header in [
        "text, label",
        "text,Label",
        "TEXT,LABEL",
        "\u{feff}text,label ",
        "text,la\u{200b}bel",
    ] {
        let (classes, _, told) = classes_of(&format!("{header}\ngood,pos\nbad,neg\n"), |_| {});
        assert_eq!(classes, ["neg", "pos"], "{header}");
        assert!(
            told.iter().all(|text| text.contains("is taken for it")),
            "{told:?}"
        );
        assert_eq!(told.is_empty(), header == "\u{feff}text,label", "{told:?}");
    }
    let (classes, _, told) = classes_of("text,sentiment\ngood,pos\n", |_| {});
    assert!(classes.is_empty());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(
            "has no column `label`, so its texts have no labels; if `sentiment` has them"
        )
    );
    let work = Work::new();
    let error = work.error(of(work.file("a.csv", "text,Label, label\ngood,pos,neg\n")));
    assert_eq!(
        error,
        "a.csv has no column `label`, and several could be meant: `Label`, ` label`; name the right one"
    );
    let named = |options: &mut IngestOptions| {
        options.label_column = Some("the verdict".into());
        options.text_column = Some("Review".into());
    };
    let (classes, _, told) = classes_of("review,The_Verdict\ngood,pos\n", named);
    assert_eq!((classes.len(), told.len()), (1, 2));
    let work = Work::new();
    let two = IngestOptions {
        input: vec![
            work.file("a.csv", "text,label\na,x\n"),
            work.file("b.csv", "text\nb\n"),
        ],
        ..IngestOptions::default()
    };
    let (_, _, told) = read(&work, two);
    assert!(
        told[0].contains("b.csv has no column of labels, as"),
        "{told:?}"
    );
}

#[test]
fn classes_that_look_alike_are_told_once() {
    let content =
        "text,label\na,caf\u{e9}\nb,cafe\u{301}\nc,New York\nd,New\u{a0}York\ne,new york\n";
    let (classes, _, told) = classes_of(content, |_| {});
    assert_eq!(classes.len(), 5);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[2].ends_with("give --rename-class OLD=NEW (rename_classes in a pipeline)"));
    let together = told.join("\n");
    for part in ["U+0065 U+0301", "U+00E9", "U+00A0", "U+004E"] {
        assert!(together.contains(part), "{part} is not in {together}");
    }
    let rename = |options: &mut IngestOptions| {
        let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        options.rename_classes = vec![
            pair("cafe\u{301}", "caf\u{e9}"),
            pair("New\u{a0}York", "New York"),
            pair("new york", "New York"),
            pair("none", "x"),
        ];
    };
    let (classes, labels, told) = classes_of(content, rename);
    assert_eq!(classes, ["New York", "caf\u{e9}"]);
    assert_eq!(labels[3].as_deref(), Some("New York"));
    assert_eq!(
        told,
        [
            "no label is `none`, which was to be renamed to `x`",
            "`New\u{a0}York` and `new york` and `New York` are one class now, `New York`",
            "`cafe\u{301}` and `caf\u{e9}` are one class now, `caf\u{e9}`",
        ]
    );
}

#[test]
fn names_of_classes_may_be_anything_on_a_line() {
    let classes = ["a, b", "say \"no\"", "好", "x=y", "مرحبا"]
        .map(str::to_owned)
        .to_vec();
    let content = "text,label\n1,\"a, b\"\n2,\"say \"\"no\"\"\"\n3,好\n4,x=y\n5,مرحبا\n";
    let given = classes.clone();
    let (names, labels, told) = classes_of(content, |options| options.classes = Some(given));
    assert_eq!(names, classes);
    assert_eq!(labels, classes.into_iter().map(Some).collect::<Vec<_>>());
    assert!(told.is_empty(), "{told:?}");
}

/// Writes an Arrow file of as many texts as there are labels.
fn arrow(work: &Work, label: Field, labels: ArrayRef, metadata: &[(&str, &str)]) -> PathBuf {
    let texts: Vec<String> = (0..labels.len()).map(|row| format!("text {row}")).collect();
    let metadata = metadata
        .iter()
        .map(|&(key, value)| (key.to_owned(), value.to_owned()));
    let text = Field::new("text", DataType::Utf8, false);
    let schema = Schema::new_with_metadata(vec![text, label], metadata.collect::<HashMap<_, _>>());
    let columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(texts)), labels];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let path = work.folder.path().join("a.arrow");
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    path
}

#[test]
fn the_class_label_of_hugging_face_datasets_is_read() {
    let json = r#"{"info": {"features": {"text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["pos", "neutral", "neg"], "_type": "ClassLabel"}}}}"#;
    let labels = || Arc::new(Int64Array::from(vec![Some(0), Some(2), Some(-1), None]));
    let field = || Field::new("label", DataType::Int64, true);
    let work = Work::new();
    let path = arrow(&work, field(), labels(), &[("huggingface", json)]);
    let (classes, rows, told) = read(&work, of(&path));
    assert_eq!(classes, ["pos", "neutral", "neg"]);
    let own = |text: &str| Some(text.to_owned());
    assert_eq!(rows, [own("pos"), own("neg"), None, None]);
    assert!(told.is_empty(), "{told:?}");
    // The user's own order, and new names, for the same names.
    let options = IngestOptions {
        classes: Some(["bad", "pos", "neutral"].map(str::to_owned).to_vec()),
        rename_classes: vec![("neg".to_owned(), "bad".to_owned())],
        ..of(&path)
    };
    let (classes, rows, _) = read(&work, options);
    assert_eq!(
        (classes[0].as_str(), rows[1].as_deref()),
        ("bad", Some("bad"))
    );
    // Without the metadata they are numbers, and only numbers.
    let path = arrow(&work, field(), labels(), &[]);
    assert_eq!(read(&work, of(&path)).0, ["-1", "0", "2"]);
    let wrong = Arc::new(Int64Array::from(vec![3]));
    let path = arrow(&work, field(), wrong, &[("huggingface", json)]);
    let error = work.ingest(of(&path)).unwrap_err();
    assert!(
        matches!(&error, Error::LabelNumber { value, .. } if value == "3"),
        "{error}"
    );
}

#[test]
fn names_in_dictionaries_are_classes() {
    let labels = |ordered: bool| {
        let names = StringArray::from(vec!["low", "middle", "high", "never"]);
        let keys = Int8Array::from(vec![Some(2), Some(0), None]);
        let labels = DictionaryArray::<Int8Type>::new(keys, Arc::new(names));
        let kind = labels.data_type().clone();
        (
            Field::new("label", kind, true).with_dict_is_ordered(ordered),
            Arc::new(labels),
        )
    };
    let work = Work::new();
    let (field, column) = labels(true);
    let (classes, rows, told) = read(&work, of(arrow(&work, field, column, &[])));
    assert_eq!(classes, ["low", "middle", "high", "never"]);
    assert_eq!(
        rows,
        [Some("high".to_owned()), Some("low".to_owned()), None]
    );
    assert!(told.is_empty(), "{told:?}");
    let (field, column) = labels(false);
    let (classes, _, told) = read(&work, of(arrow(&work, field, column, &[])));
    assert_eq!(classes, ["high", "low"]);
    assert!(
        told[0].contains("has 2 names that no row has") && told[0].contains("`middle`, `never`")
    );
    // What polars writes for an Enum.
    let field = Field::new("label", DataType::Utf8, true)
        .with_metadata([("_PL_ENUM_VALUES2".to_owned(), "3;neg3;mid3;pos".to_owned())]);
    let column = Arc::new(StringArray::from(vec!["pos", "neg"]));
    let (classes, _, _) = read(&work, of(arrow(&work, field, column, &[])));
    assert_eq!(classes, ["neg", "mid", "pos"]);
}

#[test]
fn our_own_tables_are_read_with_their_classes() {
    let work = Work::new();
    let path = work.file("a.csv", "text,label\na,pos\nb,\nc,neg\n");
    let classes = Some(["pos", "neg", "mixed"].map(str::to_owned).to_vec());
    work.ingest(IngestOptions {
        classes,
        ..of(path)
    })
    .unwrap();
    let again = work.folder.path().join("again.arrow");
    std::fs::rename(work.out(), &again).unwrap();
    let (classes, rows, _) = read(&work, of(again));
    assert_eq!(classes, ["pos", "neg", "mixed"]);
    assert_eq!(rows, [Some("pos".to_owned()), None, Some("neg".to_owned())]);
}

#[test]
fn what_the_columns_were_called_is_kept() {
    let work = Work::new();
    let options = IngestOptions {
        text_column: Some("review".into()),
        id_column: Some("id".into()),
        ..of(work.file("a.csv", "id,review,Label\n1,a,x\n"))
    };
    work.ingest(options).unwrap();
    let texts = Texts::open(work.out()).unwrap();
    let columns = texts.columns();
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    assert_eq!(
        [
            name(&columns.text),
            name(&columns.label),
            name(&columns.key)
        ],
        ["review", "Label", "id"]
    );
}

#[test]
fn fields_of_json_rows_are_not_lost() {
    let work = Work::new();
    let read_json = |content: &str| read(&work, of(work.file("a.jsonl", content)));
    let (classes, _, told) = read_json("{\"text\":\"a\",\"Label\":\"x\"}\n");
    assert_eq!(classes, ["x"]);
    assert!(told[0].contains("`Label` is taken for it"), "{told:?}");
    // The first row may lack it, and a list of one is a label, as doccano writes it.
    let rows = "{\"text\":\"a\",\"sentiment\":1}\n{\"text\":\"b\",\"label\":[\"x\"]}\n{\"text\":\"c\",\"label\":[]}\n";
    let (classes, labels, told) = read_json(rows);
    assert_eq!(
        (classes, labels),
        (vec!["x".to_owned()], vec![None, Some("x".to_owned()), None])
    );
    assert!(
        told[0].contains("line 1 first: 1 row has no `label`, but `sentiment`"),
        "{told:?}"
    );
    let (_, _, told) = read_json("{\"text\":\"a\"}\n{\"text\":\"b\",\"sentiment\":1}\n");
    assert!(told[0].contains("if `sentiment` has them"), "{told:?}");
    let error = |content: &str| {
        work.ingest(of(work.file("a.jsonl", content)))
            .unwrap_err()
            .to_string()
    };
    let mixed = error("{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"Label\":\"y\"}\n");
    assert!(
        mixed.contains("line 2") && mixed.contains("`Label` may be meant for `label`"),
        "{mixed}"
    );
    let several = error("{\"text\":\"a\",\"label\":[\"x\",\"y\"]}\n");
    assert!(
        several.contains("a list of several labels is not a label"),
        "{several}"
    );
}

#[test]
fn classes_that_are_lists_are_told() {
    let (_, _, told) = classes_of("text,label\na,x\nb,y\nc,x#y\n", |_| {});
    assert!(
        told[0].starts_with("`x#y` look like lists of labels"),
        "{told:?}"
    );
}

#[test]
fn an_ordered_categorical_of_pandas_keeps_its_order() {
    // `pandas-ordered.parquet` has row groups of 4 rows, and the categories neg < mixed < pos.
    let work = Work::new();
    let (classes, rows, told) = read(&work, of(fixture("pandas-ordered.parquet")));
    assert_eq!(classes, ["neg", "mixed", "pos"]);
    assert_eq!(rows[..2], some(&["pos", "neg"]));
    assert!(told.is_empty(), "{told:?}");
}
