//! Labelling tools, by the columns of what they export, and what these say of a label.

use crate::alike::column_key;
use crate::value::Value;

/// The tool that a file with these columns comes from. Tools number their own tasks in a column
/// `id`, whatever ids the texts had.
pub(crate) fn tool(columns: &[String]) -> Option<&'static str> {
    let columns: Vec<String> = columns.iter().map(|name| name.to_lowercase()).collect();
    let has = |name: &str| columns.iter().any(|column| column == name);
    let any = |names: &[&str]| names.iter().any(|name| has(name));
    let ends = |end: &str| columns.iter().any(|column| column.ends_with(end));
    if any(&["annotation_id", "lead_time", "total_annotations"])
        || (has("annotations") && has("data"))
    {
        Some("Label Studio")
    } else if any(&["_input_hash", "_task_hash", "_session_id", "_annotator_id"]) {
        Some("Prodigy")
    } else if any(&["_server_id", "prediction_agent", "annotation_agent"])
        || ends(".responses")
        || ends(".suggestion")
        || (has("fields") && has("responses"))
    {
        Some("Argilla")
    } else if any(&["comments", "annotation_approver"]) {
        Some("doccano")
    } else if has("category_name") && any(&["label_type", "document_id"]) {
        Some("Label Sleuth")
    } else if any(&[
        "annotator",
        "annotators",
        "annotator_id",
        "annotated_by",
        "completed_by",
    ]) {
        Some("a labelling tool")
    } else {
        None
    }
}

/// What a labelling tool says of a row's label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It counts.
    #[default]
    Counts,
    /// Nobody gave it: the text was passed over, or its label is a draft.
    Nothing,
    /// Someone said that the text has another class.
    Rejected,
}

impl Verdict {
    /// What a value of the column says: Prodigy's `answer`, or the status of an answer in Argilla.
    pub fn of(value: Value) -> Self {
        // Argilla keeps a list, with one status for each person.
        let Ok(Some(text)) = value.label() else {
            return Self::Counts;
        };
        let word = text.trim_matches(|c: char| c.is_whitespace() || "[]'\"".contains(c));
        match word.to_lowercase().as_str() {
            "ignore" | "discarded" | "draft" => Self::Nothing,
            "reject" => Self::Rejected,
            _ => Self::Counts,
        }
    }
}

/// The place of the column in which a labelling tool says whether a row's label counts.
pub(crate) fn verdict_column(columns: &[String], label: Option<usize>) -> Option<usize> {
    let find = |name: &str| {
        let mut columns = columns.iter();
        columns.position(|column| column_key(column) == column_key(name))
    };
    let of_label = label.map(|label| format!("{}.status", columns[label]));
    let argilla = tool(columns) == Some("Argilla");
    of_label
        .and_then(|name| find(&name))
        .or_else(|| argilla.then(|| find("status")).flatten())
        .or_else(|| find("answer"))
        .filter(|place| Some(*place) != label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_known_by_their_columns() {
        let of = |columns: &str| {
            let columns: Vec<String> = columns.split(',').map(str::to_owned).collect();
            tool(&columns)
        };
        let studio = "annotation_id,annotator,created_at,id,key,label,lead_time,text,updated_at";
        assert_eq!(of(studio), Some("Label Studio"));
        assert_eq!(of("id,annotations,predictions,data"), Some("Label Studio"));
        assert_eq!(of("id,text,label,Comments"), Some("doccano"));
        assert_eq!(of("text,label,answer,_input_hash"), Some("Prodigy"));
        assert_eq!(
            of("id,text,label.responses,label.responses.status"),
            Some("Argilla")
        );
        assert_eq!(
            of("id,fields,metadata,suggestions,responses"),
            Some("Argilla")
        );
        assert_eq!(of("id,label,annotator"), Some("a labelling tool"));
        for own in [
            "id,label",
            "key,text,label",
            "rank,id,score,margin",
            "id,note,label",
        ] {
            assert_eq!(of(own), None, "{own}");
        }
    }

    #[test]
    fn columns_that_say_whether_a_label_counts() {
        let of = |columns: &str, label: Option<usize>| {
            let columns: Vec<String> = columns.split(',').map(str::to_owned).collect();
            verdict_column(&columns, label)
        };
        let argilla = "id,status,text,label.responses,label.responses.status";
        assert_eq!(of(argilla, Some(3)), Some(4));
        assert_eq!(of(argilla, None), Some(1));
        assert_eq!(
            of("text,status,annotation,annotation_agent", Some(2)),
            Some(1)
        );
        assert_eq!(of("text,label,answer", Some(1)), Some(2));
        // The label itself, and a status that no tool wrote.
        assert_eq!(of("text,answer", Some(1)), None);
        assert_eq!(of("text,status,label", Some(2)), None);
    }

    #[test]
    fn what_verdicts_say() {
        let of = |text: &str| Verdict::of(Value::Text(text.to_owned()));
        for text in ["ignore", " Discarded", "['discarded']", "[\"draft\"]"] {
            assert_eq!(of(text), Verdict::Nothing, "{text}");
        }
        assert_eq!(of("reject"), Verdict::Rejected);
        for text in [
            "accept",
            "submitted",
            "pending",
            "",
            "['submitted', 'discarded']",
        ] {
            assert_eq!(of(text), Verdict::Counts, "{text}");
        }
        let list = Value::List(vec![Value::Text("discarded".to_owned())]);
        assert_eq!(Verdict::of(list), Verdict::Nothing);
        assert_eq!(Verdict::of(Value::Null), Verdict::Counts);
    }
}
