//! Fields apart by any delimiter, lines with any end, and quotes of any meaning.

mod common;

use common::{Row, Work, of, warned};
use goldpan_ingest::{IngestOptions, Quoting};

type Given = (Vec<Row>, Vec<String>);

fn read_with(name: &str, content: &str, change: impl FnOnce(&mut IngestOptions)) -> Given {
    let work = Work::new();
    let mut options = of(work.file(name, content));
    change(&mut options);
    let (result, said) = warned(|| work.ingest(options));
    result.unwrap_or_else(|error| panic!("{content:?}: {error}"));
    (work.rows(), said)
}

fn read(name: &str, content: &str) -> Given {
    read_with(name, content, |_| {})
}

fn message(name: &str, content: &str) -> String {
    let work = Work::new();
    let path = work.file(name, content);
    work.error(of(path))
}

fn row(text: &str, label: &str) -> Row {
    let label = Some(label.to_owned()).filter(|label| !label.is_empty());
    (text.to_owned(), label, None)
}

#[test]
fn lines_may_end_in_any_way() {
    let rows = "text\tlabel\na b\tx\n\nc\ty\n";
    for (name, delimiter) in [("a.tsv", "\t"), ("a.csv", ",")] {
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end] {
                let content = rows.replace('\t', delimiter).replace('\n', end);
                let content = format!("{}{last}", content.trim_end_matches(end));
                let (read, said) = read(name, &content);
                assert_eq!(read, [row("a b", "x"), row("c", "y")], "{content:?}");
                assert_eq!(said, [""; 0], "{content:?}");
            }
        }
    }
    let (rows, said) = read("a.tsv", "text\tlabel\na\tx\rb\ty\nc\tx\r\n");
    assert_eq!(rows.len(), 3);
    assert_eq!(said.len(), 1);
    assert!(said[0].ends_with(
        "a.tsv, line 2 first: 1 lines end in CR alone and others in LF; each was taken as the end of a row"
    ), "{said:?}");
    // These end lines in some programs, but are text here.
    let (rows, _) = read("a.csv", "text,label\na\u{2028}b\u{85}c\u{b}d\u{c},x\n");
    assert_eq!(rows, [row("a\u{2028}b\u{85}c\u{b}d\u{c}", "x")]);
    assert_eq!(
        message("a.tsv", "text\tlabel\ra\tx\rb\r"),
        "a.tsv, line 3 has 1 columns instead of 2: columns are apart by one TAB each"
    );
}

#[test]
fn the_first_rows_show_the_delimiter() {
    for (name, content, said_of) in [
        ("a.csv", "text;label\na, b;x\nc;y\n", "`;`"),
        ("a.csv", "text\tlabel\na, b\tx\nc\ty\n", "TAB"),
        ("a.csv", "label|text\nx|a, b\ny|c\n", "`|`"),
        ("a.tsv", "text,label\n\"a, b\",x\nc,y\n", "`,`"),
        ("a.csv", "sep=;\ntext;label\na, b;x\nc;y\n", "`sep=`"),
        (
            "a.csv",
            "\u{feff}\"sep=;\"\r\ntext;label\r\na, b;x\r\nc;y\r\n",
            "`sep=`",
        ),
    ] {
        let (rows, said) = read(name, content);
        let mut rows = rows;
        rows.sort();
        assert_eq!(rows, [row("a, b", "x"), row("c", "y")], "{content:?}");
        assert!(said.len() == 1 && said[0].contains(said_of), "{said:?}");
    }
    // The name of the text column says more than the number of fields.
    let (rows, said) = read("a.csv", "text,label;other\na;b,x;y\n");
    assert_eq!(rows, [("a;b".to_owned(), None, None)]);
    assert!(!said.iter().any(|line| line.contains("apart")), "{said:?}");
}

#[test]
fn one_column_stays_one_column() {
    let (rows, said) = read("a.csv", "text\n\"a, b\"\nc; d | e\n");
    let texts: Vec<_> = rows.into_iter().map(|row| row.0).collect();
    assert_eq!(
        (texts, said.len()),
        (vec!["a, b".into(), "c; d | e".into()], 0)
    );
    assert_eq!(
        message("a.csv", "text\na, b\n"),
        "a.csv, line 2 has 2 columns instead of 1: put texts with commas in quotes"
    );
}

#[test]
fn what_cannot_be_told_is_asked() {
    let change = |options: &mut IngestOptions| {
        options.header = Some(false);
        options.text_column = Some(0.into());
    };
    let work = Work::new();
    let mut options = of(work.file("a.csv", "a;b|c\nd;e|f\n"));
    change(&mut options);
    assert_eq!(
        work.error(options),
        "cannot tell what stands between the fields of a.csv, it may be `;` or `|`: say it with --delimiter"
    );
    let (rows, _) = read_with("a.csv", "a;b|c\nd;e|f\n", |options| {
        change(options);
        options.delimiter = Some("|".parse().unwrap());
    });
    assert_eq!(rows[0].0, "a;b");
}

#[test]
fn quotes_in_tsv_are_what_the_rows_show() {
    let head = "text\tlabel\n";
    for (rows, quoting, first, told) in [
        // No quotes, or none that could enclose anything.
        ("a\tx\nb\ty\n", Quoting::None, "a", false),
        ("5\" disk\tx\nb\ty\n", Quoting::None, "5\" disk", false),
        (
            "\"Great\" he said\tx\nb\ty\n",
            Quoting::None,
            "\"Great\" he said",
            false,
        ),
        // Doubled quotes, a TAB or a line end in quotes, a whole column in quotes.
        (
            "\"he \"\"left\"\"\"\tx\nb\ty\n",
            Quoting::Quoted,
            "he \"left\"",
            true,
        ),
        ("\"a\tb\"\tx\nb\ty\n", Quoting::Quoted, "a\tb", true),
        ("\"a\nb\"\tx\nb\ty\n", Quoting::Quoted, "a\nb", true),
        ("\"a\"\tx\n\"b\"\ty\n", Quoting::Quoted, "a", true),
        // Excel encloses what holds a comma.
        ("\"a, b\"\tx\nb\ty\n", Quoting::Quoted, "a, b", true),
        // A writer that encloses needs no quotes here, so they are text.
        ("\"Great\"\tx\nb\ty\n", Quoting::None, "\"Great\"", true),
        ("\"a, b\"\tx\nc, d\ty\n", Quoting::None, "\"a, b\"", true),
    ] {
        let content = format!("{head}{rows}");
        let (read, said) = read("a.tsv", &content);
        assert_eq!(read[0].0, first, "{content:?}");
        assert_eq!(read.len(), 2, "{content:?}");
        assert_eq!(said.len(), usize::from(told), "{content:?} {said:?}");
        // What was found, and its opposite, can be given.
        let (same, said) = read_with("a.tsv", &content, |options| options.quoting = Some(quoting));
        assert_eq!((same, said.len()), (read, 0), "{content:?}");
    }
    // Quotes that begin to show after many rows are seen as well.
    let many = "a text without any quote\tx\n".repeat(20_000);
    let (rows, said) = read("a.tsv", &format!("{head}{many}\"a \"\"b\"\"\"\ty\n"));
    assert_eq!((rows[20_000].0.as_str(), said.len()), ("a \"b\"", 1));
}

#[test]
fn quotes_that_do_not_fit_are_told_with_their_line() {
    assert_eq!(
        message("a.csv", "text,label\n\"he said \\\"no\\\"\",x\n"),
        "a.csv, line 2: text follows a closing quote (on line 2); a backslash is before that quote; if it escapes it, give --quoting backslash"
    );
    assert_eq!(
        message("a.csv", "text,label\nb,x\n\"a\nb\",y\nc,\"x\nd,y\n"),
        "a.csv, line 5: a quote opens a field and is never closed; double the quotes inside a quoted field, or give --quoting none if quotes are text"
    );
    let (rows, said) = read_with("a.csv", "text,label\n\"open,x\n", |options| {
        options.quoting = Some(Quoting::None);
    });
    assert_eq!((rows, said.len()), (vec![row("\"open", "x")], 0));
    let (_, said) = read("a.csv", "text,label\n \"a\", \"x\"\n");
    assert!(
        said[0].contains("1 fields have spaces before a quote"),
        "{said:?}"
    );
}

#[test]
fn names_in_a_header() {
    assert_eq!(
        message("a.csv", "text,label,text\na,x,b\n"),
        "a.csv has two columns called `text`, the 1st and the 3rd: give each a name of its own"
    );
    // Columns without a name, as pandas and Excel leave them.
    let (rows, said) = read("a.csv", ",text,label,,\n0,a,x,,\n1,b,y,,\n");
    assert_eq!((rows, said.len()), (vec![row("a", "x"), row("b", "y")], 0));
    let (rows, said) = read("a.csv", "text,label\na,x,,\nb,y\n");
    assert_eq!(rows, [row("a", "x"), row("b", "y")]);
    assert!(
        said[0].contains("line 2 first: 1 rows end in empty fields"),
        "{said:?}"
    );
    assert_eq!(
        message("a.csv", "text,label\na,x,,z\n"),
        "a.csv, line 2 has 4 columns instead of 2: put texts with commas in quotes"
    );
}

#[test]
fn names_of_rows_without_a_name_of_their_own() {
    // As R's write.table leaves them.
    let content = "\"text\"\t\"label\"\n\"1\"\t\"a\"\t\"x\"\n\"2\"\t\"b\"\t\"y\"\n";
    assert_eq!(
        message("a.tsv", content),
        "a.tsv, line 2 has 3 columns instead of 2: does a text hold a TAB?"
    );
}

#[test]
fn nul_characters_are_told() {
    let (rows, said) = read("a.csv", "text,label\na\0b,x\n");
    assert_eq!(rows, [row("a\0b", "x")]);
    assert!(
        said[0].ends_with("line 2 first: 1 NUL characters were kept in texts"),
        "{said:?}"
    );
}
