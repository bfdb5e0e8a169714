//! Results of earlier runs that hold for texts of this one: of the same settings and other texts.

use std::collections::HashMap;
use std::path::PathBuf;

use goldpan_artifact::{Digest, peek};
use goldpan_store::{Action, Record, Store};
use serde_json::{Map, Value};

use crate::kind::StageKind;

/// The file of an `ingest` node.
const TEXTS: &str = "texts.arrow";

/// The digest of the texts that an `ingest` node made.
pub(crate) fn texts_digest(store: &Store, record: &Record) -> Option<Digest> {
    let header = peek(store.object_dir(&record.object).join(TEXTS)).ok()?;
    Some(header.origin.texts?.digest)
}

/// The tables of texts in a store, by the digest of the texts.
pub(crate) fn texts_by_digest(store: &Store, records: &[Record]) -> HashMap<Digest, PathBuf> {
    let ingested = records
        .iter()
        .filter(|record| record.kind == StageKind::Ingest.name());
    let table = |record: &Record| {
        let path = store.object_dir(&record.object).join(TEXTS);
        Some((texts_digest(store, record)?, path))
    };
    ingested.filter_map(table).collect()
}

/// Tables of texts, and the tables called `file` that the same settings made of them: all that the
/// store still has of both. Where records cannot be read there are none, and all is computed.
pub(crate) fn earlier(store: &Store, action: &Action, file: &str) -> Vec<(PathBuf, PathBuf)> {
    let records = store.records().unwrap_or_default();
    let wanted = settings(action.parts());
    let alike = |record: &&Record| {
        record.kind == action.kind()
            && settings(&record.parts) == wanted
            && matches!(store.look(&record.key), Ok(Ok(_)))
    };
    let alike: Vec<&Record> = records.iter().filter(alike).collect();
    if alike.is_empty() {
        return Vec::new();
    }
    let texts = texts_by_digest(store, &records);
    let table = |record: &&Record| {
        let path = store.object_dir(&record.object).join(file);
        let of = peek(&path).ok()?.origin.texts?;
        Some((texts.get(&of.digest)?.clone(), path))
    };
    alike.iter().filter_map(table).collect()
}

/// The parts of a key without the texts.
fn settings(parts: &Map<String, Value>) -> Map<String, Value> {
    let mut parts = parts.clone();
    if let Some(Value::Object(inputs)) = parts.get_mut("inputs") {
        inputs.remove("texts");
    }
    parts
}
