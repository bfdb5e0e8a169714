//! Labelling tools, by the columns of what they export.

/// The tool that a file with these columns comes from. Tools number their own tasks in a column
/// `id`, whatever ids the texts had.
pub(super) fn tool(columns: &[String]) -> Option<&'static str> {
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
}
