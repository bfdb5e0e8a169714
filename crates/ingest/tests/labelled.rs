//! Which texts are labelled, out of tables and of files that people and labelling tools write.

mod common;

use std::path::PathBuf;

use common::{Work, of};
use goldpan_artifact::{Labelled, LabelsWriter, Producer, SelectionWriter, Texts};
use goldpan_ingest::{IngestOptions, Join, LabelOptions, ReadLabelled, read_labelled, write_sheet};

/// Four texts with keys; two share one.
const KEYED: &str = "key,text,label\na,one,neg\nb,two,pos\nc,three,\nc,four,\n";

/// Five texts, numbered by the user from 1 in a column `id`.
const NUMBERED: &str = "id,review,verdict\n1,one,neg\n2,two,pos\n3,three,\n4,four,\n5,five,\n";

/// A folder with a table of texts.
struct Pool {
    work: Work,
}

impl Pool {
    /// The texts of a CSV file, whose ids are in the column `id`.
    fn new(content: &str, id: &str) -> Self {
        let work = Work::new();
        let plain = content.starts_with("key");
        let options = IngestOptions {
            id_column: (!id.is_empty()).then(|| id.into()),
            text_column: (!plain && content.contains("review,")).then(|| "review".into()),
            label_column: (!plain && content.contains("verdict")).then(|| "verdict".into()),
            ..of(work.file("texts.csv", content))
        };
        work.ingest(options).unwrap();
        Self { work }
    }

    fn keyed() -> Self {
        Self::new(KEYED, "key")
    }

    fn numbered() -> Self {
        Self::new(NUMBERED, "id")
    }

    fn texts(&self) -> Texts {
        Texts::open(self.work.out()).unwrap()
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        self.work.file(name, content)
    }

    fn read_as(
        &self,
        files: &[(&str, &str)],
        options: &LabelOptions,
    ) -> Result<ReadLabelled, String> {
        let texts = self.texts();
        let paths: Vec<PathBuf> = files
            .iter()
            .map(|(name, content)| self.file(name, content))
            .collect();
        let result = read_labelled(&paths, Some(&texts), Some(texts.classes()), options);
        let folder = format!("{}/", self.work.folder.path().display());
        let plain = |text: &String| text.replace(&folder, "");
        match result {
            Ok(mut read) => {
                read.notes = read.notes.iter().map(plain).collect();
                Ok(read)
            }
            Err(error) => Err(plain(&error.to_string())),
        }
    }

    fn read(&self, name: &str, content: &str) -> Result<ReadLabelled, String> {
        self.read_as(&[(name, content)], &LabelOptions::default())
    }

    fn join(&self, join: Join, content: &str) -> Result<ReadLabelled, String> {
        let options = LabelOptions {
            join: Some(join),
            ..LabelOptions::default()
        };
        self.read_as(&[("l.csv", content)], &options)
    }

    fn labelled(&self, name: &str, content: &str) -> Labelled {
        self.read(name, content).unwrap().labelled
    }

    fn error(&self, content: &str) -> String {
        self.read("l.csv", content).unwrap_err()
    }
}

fn ids(ids: &[u64], labels: Option<&[i32]>) -> Labelled {
    Labelled {
        ids: ids.to_vec(),
        labels: labels.map(<[i32]>::to_vec),
    }
}

#[test]
fn files_with_row_numbers_or_keys() {
    let pool = Pool::keyed();
    let read = pool.read("l.csv", "id,label\n3,pos\n0,neg\n").unwrap();
    assert_eq!(read.labelled, ids(&[3, 0], Some(&[1, 0])));
    assert_eq!(read.notes, ["l.csv: 2 rows joined by row number (`id`)"]);
    let jsonl =
        "{\"id\": 1, \"note\": \"x\", \"label\": \"neg\"}\n{\"id\": \"2\", \"label\": \"pos\"}\n";
    assert_eq!(pool.labelled("l.jsonl", jsonl), ids(&[1, 2], Some(&[0, 1])));
    assert_eq!(pool.labelled("l.tsv", "id\n2\n"), ids(&[2], None));
    let read = pool.read("k.csv", "key,label\nb,neg\na,pos\n").unwrap();
    assert_eq!(read.labelled, ids(&[1, 0], Some(&[0, 1])));
    assert_eq!(read.notes, ["k.csv: 2 rows joined by key (`key`)"]);
    // pandas makes whole numbers floats where one is missing; people quote and pad them.
    let floats = "id,label\n3.0,pos\n\"0\",neg\n 1 ,pos\n";
    assert_eq!(
        pool.labelled("l.csv", floats),
        ids(&[3, 0, 1], Some(&[1, 0, 1]))
    );
}

#[test]
fn a_column_called_as_the_users_ids_holds_keys() {
    let pool = Pool::new(
        "review_id,text,label\n7,one,neg\n008,two,pos\n9,three,\n",
        "review_id",
    );
    for content in [
        "review_id,label\n9,pos\n7,neg\n",
        "review_id,label\n9.0,pos\n7.0,neg\n",
        "Review ID,label\n 9,pos\n7 ,neg\n",
    ] {
        let read = pool.read("l.csv", content).unwrap();
        assert_eq!(read.labelled, ids(&[2, 0], Some(&[1, 0])), "{content}");
        assert!(read.notes[0].contains("joined by key"), "{:?}", read.notes);
    }
    let error = pool.error("review_id,label\n8,pos\n");
    assert!(error.contains("no text has `8`"), "{error}");
}

#[test]
fn numbers_that_may_be_keys_or_row_numbers_are_refused() {
    let pool = Pool::numbered();
    let both = "id,label\n1,neg\n2,pos\n";
    assert_eq!(
        pool.error(both),
        "l.csv, line 2, column `id`: `1` is the key of one text (\"one\") and the row number of \
         another (\"two\"); say which is meant with --join key or --join row"
    );
    let keys = pool.join(Join::Key, both).unwrap();
    assert_eq!(keys.labelled, ids(&[0, 1], Some(&[0, 1])));
    let rows = pool.join(Join::Row, both).unwrap();
    assert_eq!(rows.labelled, ids(&[1, 2], Some(&[0, 1])));
    // Row 0 is no key, but the other is one: still no guess.
    assert!(pool.error("id,label\n0,neg\n2,pos\n").contains("--join"));
    // Only keys fit, or only row numbers.
    let last = pool.read("l.csv", "id,label\n5,neg\n").unwrap();
    assert_eq!(last.labelled.ids, [4]);
    assert!(last.notes[0].contains("joined by key (`id`)"));
    let first = pool.read("l.csv", "id,label\n0,neg\n").unwrap();
    assert_eq!(
        (first.labelled.ids, first.notes[0].contains("row number")),
        (vec![0], true)
    );
    // The text tells which is meant.
    let told = "id,review,label\n1,one,neg\n2,two,pos\n";
    assert_eq!(pool.labelled("l.csv", told).ids, [0, 1]);
    let told = "id,review,label\n1,two,neg\n2,three,pos\n";
    assert_eq!(pool.labelled("l.csv", told).ids, [1, 2]);
    // Keys of another name may be meant by `id` as well.
    let other = Pool::new(
        "number,text,label\n1,one,neg\n2,two,pos\n3,three,\n",
        "number",
    );
    assert!(other.error(both).contains("--join"));
    assert_eq!(
        other.labelled("l.csv", "id,label\n0,neg\n2,pos\n").ids,
        [0, 2]
    );
    // Keys that are the row numbers are no question.
    let same = Pool::new("id,text,label\n0,one,neg\n1,two,pos\n2,three,\n", "id");
    assert_eq!(same.labelled("l.csv", both).ids, [1, 2]);
}

#[test]
fn numbers_of_labelling_tools_are_no_row_numbers() {
    let pool = Pool::new("text,label\none,neg\ntwo,pos\nthree,\nfour,\n", "");
    let expected = ids(&[3, 0], Some(&[1, 0]));
    let studio = "annotation_id,annotator,created_at,id,label,lead_time,text,updated_at\n\
                  2,1,2026-01-01,1,pos,3.2,four,2026-01-01\n3,1,2026-01-01,2,neg,1.0,one,2026-01-01\n";
    let read = pool.read("ls.csv", studio).unwrap();
    assert_eq!(read.labelled, expected);
    assert_eq!(
        read.notes,
        ["ls.csv: 2 rows joined by text (`text`); `id` is the number that Label Studio gave"]
    );
    let doccano = "{\"id\": 1, \"text\": \"four\", \"label\": \"pos\", \"Comments\": \"\"}\n\
                   {\"id\": 2, \"text\": \"one\", \"label\": \"neg\", \"Comments\": \"\"}\n";
    assert_eq!(pool.labelled("d.jsonl", doccano), expected);
    let list = doccano
        .replace("\"pos\"", "[\"pos\"]")
        .replace("\"neg\"", "[\"neg\"]");
    assert_eq!(pool.labelled("d.jsonl", &list), expected);
    let prodigy = "{\"text\": \"four\", \"label\": \"pos\", \"answer\": \"accept\", \"_input_hash\": 1}\n\
                   {\"text\": \"two\", \"label\": \"neg\", \"answer\": \"ignore\", \"_input_hash\": 3}\n\
                   {\"text\": \"one\", \"label\": \"neg\", \"answer\": \"accept\", \"_input_hash\": 2}\n";
    let read = pool.read("p.jsonl", prodigy).unwrap();
    assert_eq!((read.labelled, read.without), (expected.clone(), vec![1]));
    let rejected = prodigy.replace("ignore", "reject");
    let error = pool.read("p.jsonl", &rejected).unwrap_err();
    assert!(
        error.starts_with("p.jsonl, line 2: `reject` says"),
        "{error}"
    );
    // Without texts or keys nothing can be known.
    let bare = "annotation_id,id,label\n2,1,pos\n";
    let error = pool.error(bare);
    assert!(
        error.contains("an export of Label Studio, which numbers its own tasks"),
        "{error}"
    );
    assert_eq!(pool.join(Join::Row, bare).unwrap().labelled.ids, [1]);
    // An id of ours that went through the tool is one.
    let ours = "annotation_id,id,goldpan_id,text,label\n2,1,3,four,pos\n3,2,0,one,neg\n";
    assert_eq!(pool.labelled("l.csv", ours), expected);
    // doccano's CSV has no column of its own, but the texts are others.
    let error = pool.error("id,text,label\n1,four,pos\n2,one,neg\n");
    assert!(
        error.contains(
            "`1` in the column `id` is the text \"two\", but the row has the text \"four\""
        ),
        "{error}"
    );
    let text = pool
        .join(Join::Text, "id,text,label\n1,four,pos\n2,one,neg\n")
        .unwrap();
    assert_eq!(text.labelled, expected);
    let far = pool
        .read("l.csv", "id,text,label\n101,four,pos\n102,one,neg\n")
        .unwrap();
    assert_eq!(far.labelled, expected);
    assert!(
        far.notes[0].ends_with("`id` is no row number of the texts"),
        "{:?}",
        far.notes
    );
}

#[test]
fn keys_and_texts_have_to_agree() {
    let pool = Pool::keyed();
    let agree = "key,text,label\nb,two,neg\na,one,pos\n";
    assert_eq!(pool.labelled("l.csv", agree), ids(&[1, 0], Some(&[0, 1])));
    // A spreadsheet changes margins and the ends of lines.
    let padded = "key,text,label\nb, two ,neg\n";
    assert_eq!(pool.labelled("l.csv", padded).ids, [1]);
    let wrong = "key,text,label\nb,two,neg\na,two,pos\n";
    assert_eq!(
        pool.error(wrong),
        "l.csv, line 3: `a` in the column `key` is the text \"one\", but the row has the text \"two\"; \
         say which is right with --join text, --join key or --join row"
    );
    assert_eq!(pool.join(Join::Key, wrong).unwrap().labelled.ids, [1, 0]);
}

#[test]
fn labels_stay_with_their_texts_when_a_row_comes_before() {
    let rows = "text,label\none,neg\ntwo,pos\nthree,\n";
    let later = "text,label\nzero,pos\none,neg\ntwo,pos\nthree,\n";
    let key = format!("b3:{}", &blake3::hash(b"three").to_hex().as_str()[..16]);
    for labels in [
        "text,label\nthree,pos\n".to_owned(),
        format!("key,label\n{key},pos\n"),
        format!("key,text,label\n{key},three,pos\n"),
    ] {
        let before = Pool::new(rows, "").labelled("l.csv", &labels);
        assert_eq!(before.ids, [2], "{labels}");
        let after = Pool::new(later, "").labelled("l.csv", &labels);
        assert_eq!(after.ids, [3], "{labels}");
    }
    // A row number that no longer fits is told by the text beside it.
    let error = Pool::new(later, "").error("id,text,label\n2,three,pos\n");
    assert!(
        error.contains("is the text \"two\", but the row has the text \"three\""),
        "{error}"
    );
}

#[test]
fn texts_that_occur_twice_are_not_told_apart() {
    let pool = Pool::new("text,label\nsame,neg\nother,pos\nsame,\n", "");
    assert_eq!(
        pool.error("text,label\nother,pos\nsame,neg\n"),
        "l.csv, line 3, column `text`: \"same\" is the text of several rows (0, 2); name the one that \
         is meant by its key or row number"
    );
    assert_eq!(
        pool.labelled("l.csv", "id,text,label\n2,same,neg\n").ids,
        [2]
    );
    let error = pool.error("text,label\nnone,pos\n");
    assert!(
        error.contains("\"none\" is none of the texts in texts.arrow"),
        "{error}"
    );
}

#[test]
fn rows_without_a_label_were_shown() {
    let pool = Pool::keyed();
    let read = pool.read("k.csv", "key,label\nb,neg\na,\"\"\n").unwrap();
    assert_eq!(read.labelled, ids(&[1], Some(&[0])));
    assert_eq!(read.without, [0]);
    let options = LabelOptions {
        missing_labels: vec!["?".to_owned(), "-1".to_owned()],
        ..LabelOptions::default()
    };
    let content = "id,label\n0,neg\n1,?\n2,-1.0\n3,\n";
    let read = pool.read_as(&[("l.csv", content)], &options).unwrap();
    assert_eq!(
        (read.labelled, read.without),
        (ids(&[0], Some(&[0])), vec![1, 2, 3])
    );
    let error = pool.error("id,label\n0,neg\n1,N/A\n");
    assert!(error.contains("give --missing-labels 'N/A'"), "{error}");
    // None of the labels was filled in.
    let read = pool.read("l.csv", "id,label\n0,\n1,\n").unwrap();
    assert_eq!((read.labelled.ids, read.without), (vec![], vec![0, 1]));
}

#[test]
fn files_are_put_together() {
    let pool = Pool::keyed();
    let first = ("a.csv", "id,label\n0,neg\n1,\n");
    let read = |second: &str| pool.read_as(&[first, ("b.csv", second)], &LabelOptions::default());
    let both = read("id,label\n1,pos\n0,neg\n2,\n").unwrap();
    assert_eq!(
        (both.labelled, both.without),
        (ids(&[0, 1], Some(&[0, 1])), vec![2])
    );
    assert_eq!(both.notes.len(), 2);
    assert_eq!(
        read("key,label\nb,pos\na,pos\n").unwrap_err(),
        "b.csv, line 3: the label is `pos`, and a.csv, line 2 says `neg` of the same text (\"one\"); \
         leave one of them"
    );
    // A file of ids counts with the labels of the texts themselves.
    let ids_only = read("id\n1\n3\n").unwrap();
    assert_eq!(
        (ids_only.labelled, ids_only.without),
        (ids(&[0, 1], Some(&[0, 1])), vec![3])
    );
    // The same in one file.
    assert_eq!(
        pool.labelled("l.csv", "id,label\n0,neg\n1,pos\n0,neg\n")
            .ids,
        [0, 1]
    );
    let error = pool.error("id,label\n0,neg\n1,pos\n0,pos\n");
    assert!(
        error.starts_with("l.csv, line 4: the label is `pos`, and l.csv, line 2"),
        "{error}"
    );
}

#[test]
fn labels_are_names_of_classes_or_equal_numbers() {
    let stars = Pool::new("text,label\none,1.0\ntwo,2.0\nfive,5.0\n", "");
    let expected = ids(&[0, 1, 2], Some(&[0, 1, 2]));
    for labels in ["1\n1,2\n2,5", "1.0\n1,2.0\n2,5.0", "01\n1,+2\n2,5e0"] {
        assert_eq!(
            stars.labelled("l.csv", &format!("id,label\n0,{labels}\n")),
            expected
        );
    }
    assert!(
        stars
            .error("id,label\n0,0\n")
            .contains("`0` is not a class; the classes are `1`")
    );
    let named = Pool::keyed();
    let numbers = "id,label\n0,0\n1,1\n";
    assert_eq!(
        named.error(numbers),
        "l.csv, line 2, column `label`: `0` is not a class; the classes are `neg`, `pos`; if labels \
         are the classes' numbers, from 0, give --label-numbers (label_numbers: true in a pipeline)"
    );
    let options = LabelOptions {
        label_numbers: true,
        ..LabelOptions::default()
    };
    let read = named.read_as(&[("l.csv", numbers)], &options).unwrap();
    assert_eq!(read.labelled.labels, Some(vec![0, 1]));
    let options = LabelOptions {
        rename_classes: vec![("good".to_owned(), "pos".to_owned())],
        ..LabelOptions::default()
    };
    let read = named
        .read_as(&[("l.csv", "id,label\n0,good\n1,neg\n")], &options)
        .unwrap();
    assert_eq!(read.labelled.labels, Some(vec![1, 0]));
    let error = named.error("id,label\n0,Pos\n");
    assert!(
        error.contains("`pos` has U+0070 where the label has U+0050"),
        "{error}"
    );
}

#[test]
fn a_label_column_is_never_dropped() {
    let pool = Pool::numbered();
    let expected = ids(&[4], Some(&[1]));
    for column in ["label", "Label", " label", "verdict", "Verdict"] {
        let content = format!("id,{column}\n5,pos\n");
        assert_eq!(pool.labelled("l.csv", &content), expected, "{column}");
    }
    let content = "id,sentiment\n5,pos\n";
    assert_eq!(
        pool.error(content),
        "l.csv has no column `label`; if `sentiment` has the labels, say so with --label-column"
    );
    let options = LabelOptions {
        label_column: Some("sentiment".into()),
        ..LabelOptions::default()
    };
    let read = pool.read_as(&[("l.csv", content)], &options).unwrap();
    assert_eq!(read.labelled, expected);
    let error = pool.error("id,label ,Label\n5,pos,neg\n");
    assert!(
        error.contains("several could be meant: `label `, `Label`"),
        "{error}"
    );
}

#[test]
fn tables() {
    let pool = Pool::keyed();
    let texts = pool.texts();
    let read = |path: &PathBuf, texts: Option<&Texts>| {
        let classes = texts.map(Texts::classes);
        read_labelled(
            std::slice::from_ref(path),
            texts,
            classes,
            &LabelOptions::default(),
        )
    };
    let path = pool.work.folder.path().join("selection.arrow");
    let mut table = SelectionWriter::create(&path, &[], Producer::new("test", 1)).unwrap();
    table.push(2, 0.5, &[]).unwrap();
    table.push(0, 0.25, &[]).unwrap();
    table.finish().unwrap();
    assert_eq!(
        read(&path, Some(&texts)).unwrap().labelled,
        ids(&[2, 0], None)
    );

    let path = pool.work.folder.path().join("labels.arrow");
    let mut table = LabelsWriter::create(&path, texts.classes(), Producer::new("test", 1)).unwrap();
    table.push(9, 1, "human", 0).unwrap();
    table.finish().unwrap();
    assert_eq!(read(&path, None).unwrap().labelled, ids(&[9], None));
    let error = read(&path, Some(&texts)).unwrap_err().to_string();
    assert!(
        error.contains("labels.arrow, row 1, column `id`: no text has `9`"),
        "{error}"
    );
}

#[test]
fn a_table_of_labels_is_matched_by_the_names_of_its_classes() {
    let pool = Pool::keyed();
    let texts = pool.texts();
    let path = pool.work.folder.path().join("labels.arrow");
    let classes = ["pos", "odd", "neg"].map(str::to_owned);
    let write = |label| {
        let mut table = LabelsWriter::create(&path, &classes, Producer::new("test", 1)).unwrap();
        table.push(0, 2, "human", 0).unwrap();
        table.push(3, label, "human", 0).unwrap();
        table.finish().unwrap();
    };
    let read = || {
        let options = LabelOptions::default();
        read_labelled(
            std::slice::from_ref(&path),
            Some(&texts),
            Some(texts.classes()),
            &options,
        )
    };
    write(0);
    assert_eq!(read().unwrap().labelled, ids(&[0, 3], Some(&[0, 1])));
    write(1);
    let error = read().unwrap_err().to_string();
    assert!(
        error.ends_with("labels.arrow, row 2, column `label`: `odd` is not a class; the classes are `neg`, `pos`"),
        "{error}"
    );
}

#[test]
fn errors_say_where() {
    let pool = Pool::keyed();
    assert_eq!(
        pool.error("id,label\n0,pos\n1,good\n"),
        "l.csv, line 3, column `label`: `good` is not a class; the classes are `neg`, `pos`"
    );
    for wrong in ["-1", "1.5", "1E+05", "x", ""] {
        assert_eq!(
            pool.error(&format!("id,label\n0,pos\n{wrong},pos\n")),
            format!(
                "l.csv, line 3, column `id`: `{wrong}` is not an id, which is a whole number from 0"
            )
        );
    }
    assert_eq!(
        pool.error("id\n0\n4\n"),
        "l.csv, line 3, column `id`: no text has `4`; the texts are in texts.arrow"
    );
    assert_eq!(
        pool.error("key\nc\n"),
        "l.csv, line 2, column `key`: several texts have the key `c`; name texts by row number in a \
         column `id`, with --join row"
    );
    assert_eq!(
        pool.error("number\nx\n"),
        "l.csv has none of the columns `id`, `key`, `text`: it has `number`; call the one that says \
         which text is meant so"
    );
    let plain = Pool::new("text,label\none,neg\n", "");
    assert!(
        plain
            .error("key\nx\n")
            .contains("have no keys: ingest them with --id-column")
    );
    let options = LabelOptions::default();
    let none = read_labelled(&["/none/l.csv".into()], None, None, &options);
    assert_eq!(
        none.unwrap_err().to_string(),
        "cannot read /none/l.csv: check that the path is right and may be read"
    );
}

#[test]
fn without_the_texts_row_numbers_alone_can_be_read() {
    let work = Work::new();
    let read = |content: &str, classes: Option<&[String]>| {
        let path = work.file("l.csv", content);
        read_labelled(&[path], None, classes, &LabelOptions::default())
            .map_err(|error| error.to_string())
    };
    // Without classes any label will do, and a row without one counts as shown.
    let any = read("id,label\n5,spam\n6,\n7.0,9\n", None).unwrap();
    assert_eq!((any.labelled, any.without), (ids(&[5, 7], None), vec![6]));
    let classes = ["ham".to_owned(), "spam".to_owned()];
    let known = read("id,label\n5,spam\n", Some(&classes)).unwrap();
    assert_eq!(known.labelled, ids(&[5], Some(&[1])));
    assert!(
        read("id,label\n5,eggs\n", Some(&classes))
            .unwrap_err()
            .contains("`eggs` is not a class")
    );
    for content in ["key,label\na,spam\n", "text,label\na,spam\n"] {
        let error = read(content, None).unwrap_err();
        assert!(
            error.ends_with("which needs the texts themselves: give --texts"),
            "{error}"
        );
    }
    let error = read("id,annotation_id,label\n1,2,spam\n", None).unwrap_err();
    assert!(error.contains("numbers its own tasks"), "{error}");
    let error = read("id,label\n1.5,spam\n", None).unwrap_err();
    assert!(error.contains("`1.5` is not an id"), "{error}");
}

#[test]
fn classes_may_come_from_elsewhere() {
    let work = Work::new();
    let path = work.file("l.jsonl", "{\"id\": 5, \"label\": \"spam\"}\n");
    let read = |classes: &[String]| {
        read_labelled(
            std::slice::from_ref(&path),
            None,
            Some(classes),
            &LabelOptions::default(),
        )
    };
    let error = read(&[]).unwrap_err().to_string();
    assert!(
        error.contains("the texts have no classes that `spam` could be one of"),
        "{error}"
    );
    let classes = ["ham".to_owned(), "spam".to_owned()];
    assert_eq!(read(&classes).unwrap().labelled, ids(&[5], Some(&[1])));
}

#[test]
fn a_sheet_that_people_filled_in_names_the_same_texts_later() {
    let rows = "two,\n\"a \"\"quoted\"\", one\",\n\"on\ntwo lines\",\n";
    for id in ["", "key"] {
        let (head, keyed) = match id {
            "" => ("text,label", rows.to_owned()),
            _ => ("text,label,key", rows.replace(",\n", ",,k\n")),
        };
        // Keys that several texts share are not used.
        let pool = Pool::new(&format!("{head}\n{keyed}"), id);
        let path = pool.work.folder.path().join("sheet.csv");
        write_sheet(&path, &pool.texts(), [2, 1]).unwrap();
        let sheet = std::fs::read_to_string(&path).unwrap();
        assert!(sheet.starts_with("key,text,label\n\"b3:"), "{sheet}");
        let filled = sheet.replace("\",\n", "\",neg\n");
        let labelled = format!(
            "{head}\nbefore,neg{}\n{keyed}",
            if id.is_empty() { "" } else { ",x" }
        );
        let later = Pool::new(&labelled, id);
        let read = later.read("sheet.csv", &filled).unwrap();
        assert_eq!(read.labelled, ids(&[3, 2], Some(&[0, 0])));
    }
    let pool = Pool::keyed();
    let path = pool.work.folder.path().join("sheet.csv");
    write_sheet(&path, &pool.texts(), [1]).unwrap();
    let sheet = std::fs::read_to_string(&path).unwrap();
    assert_eq!(sheet, "key,text,label\n\"b\",\"two\",\n");
}

#[test]
fn texts_under_the_names_of_tools_decide_over_numbers() {
    let pool = Pool::keyed();
    // doccano numbers its own documents from 1.
    for column in ["data", "document"] {
        let content = format!("id,{column},label\n1,one,neg\n2,two,pos\n");
        let read = pool.read("l.csv", &content);
        let joined = read.map(|read| read.labelled);
        assert!(
            joined.is_err() || joined == Ok(ids(&[0, 1], Some(&[0, 1]))),
            "{column}: {joined:?}"
        );
    }
    // An answer is no label's, whatever wrote it.
    let read = pool.read("a.csv", "key,label,answer\na,neg,accept\nb,pos,ignore\n");
    assert_eq!(read.unwrap().without, [1]);
    let rejected = pool
        .read("r.csv", "key,label,answer\na,neg,reject\n")
        .unwrap_err();
    assert!(
        rejected.contains("`reject` says which class the text is not"),
        "{rejected}"
    );
}
