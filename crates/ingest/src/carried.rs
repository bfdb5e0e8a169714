//! Names of classes that a Parquet or Arrow file carries itself.

use std::collections::HashSet;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Schema};
use serde_json::Value as Json;

use crate::cell::{item, value};
use crate::value::Value;

/// The most names that are taken from a dictionary.
const MOST: usize = 10_000;

/// The names that a file carries for the classes of its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The names, in the file's order.
    pub names: Vec<String>,
    /// Whether all names are classes, in this order, or those only that a row has.
    pub fixed: bool,
    /// Whether the file's labels are numbers of these names.
    pub numbers: bool,
    /// The names, to be asked for.
    known: HashSet<String>,
}

impl Carried {
    /// What the schema says of a column: names as Hugging Face `datasets` keeps them for a
    /// `ClassLabel`, as Goldpan's own tables do, or as polars does for an `Enum`; or that it is a
    /// dictionary, whose names come with its batches.
    pub fn of(schema: &Schema, field: &Field) -> Option<Self> {
        let kind = item(field.data_type()).unwrap_or(field.data_type());
        let numbers = kind.is_integer() || kind.is_floating();
        let named = |names: Vec<String>| Self {
            names,
            fixed: true,
            numbers,
            known: HashSet::new(),
        };
        let metadata = schema.metadata();
        let class_label = metadata
            .get("huggingface")
            .and_then(|json| class_label(json, field.name()));
        let own = || {
            let json = metadata.get("goldpan.classes")?;
            let names: Vec<String> = serde_json::from_str(json).ok()?;
            (field.name() == "label" && !names.is_empty()).then_some(names)
        };
        if let Some(names) = class_label.or_else(own) {
            return Some(named(names));
        }
        let categories = ["_PL_ENUM_VALUES2", "_PL_ENUM_VALUES"];
        let categories = categories.iter().find_map(|key| field.metadata().get(key));
        if let Some(names) = categories.and_then(|text| enum_values(text)) {
            return Some(named(names));
        }
        matches!(field.data_type(), DataType::Dictionary(..)).then(|| Self {
            fixed: field.dict_is_ordered().unwrap_or_default(),
            ..Self::default()
        })
    }

    /// Adds the names of a batch's dictionary.
    pub fn add(&mut self, column: &dyn Array) {
        if !matches!(column.data_type(), DataType::Dictionary(..)) {
            return;
        }
        let Some(values) = column
            .as_any_dictionary_opt()
            .map(|column| column.values().clone())
        else {
            return;
        };
        for row in 0..values.len() {
            if let Ok(Some(name)) = value(&values, row).plain()
                && self.names.len() < MOST
                && self.known.insert(name.clone())
            {
                self.names.push(name);
            }
        }
    }

    /// The name that a number stands for; -1 stands for none. An error where no class has it.
    pub fn name(&self, value: Value) -> Result<Value, Value> {
        let number = match value {
            Value::Whole(number) => number,
            Value::Number(number) if number.fract() == 0.0 => number as i128,
            Value::Number(number) if number.is_nan() => return Ok(Value::Null),
            Value::List(values) => {
                let names = values.into_iter().map(|value| self.name(value));
                return names.collect::<Result<_, _>>().map(Value::List);
            }
            other => return Ok(other),
        };
        if number == -1 {
            return Ok(Value::Null);
        }
        let name = usize::try_from(number)
            .ok()
            .and_then(|number| self.names.get(number));
        name.map(|name| Value::Text(name.clone()))
            .ok_or(Value::Whole(number))
    }
}

/// The names of a `ClassLabel` in the JSON that `datasets` keeps in a schema.
fn class_label(json: &str, column: &str) -> Option<Vec<String>> {
    let json: Json = serde_json::from_str(json).ok()?;
    let feature = json.get("info")?.get("features")?.get(column)?;
    // A list of labels has the names one level down.
    let feature = feature.get("feature").unwrap_or(feature);
    let is_label = feature.get("_type").and_then(Json::as_str) == Some("ClassLabel");
    let names = match feature.get("names")? {
        Json::Array(names) => names,
        _ => return None,
    };
    let names: Vec<String> = names
        .iter()
        .map(|name| name.as_str().map(str::to_owned))
        .collect::<Option<_>>()?;
    (is_label && !names.is_empty()).then_some(names)
}

/// The values of a polars `Enum`: each after its length in bytes and a `;`.
fn enum_values(text: &str) -> Option<Vec<String>> {
    let mut rest = text;
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_once(';')?;
        let length: usize = length.parse().ok()?;
        names.push(after.get(..length)?.to_owned());
        rest = after.get(length..)?;
    }
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_class_label_of_datasets() {
        let json = r#"{"info": {"features": {
            "text": {"dtype": "string", "_type": "Value"},
            "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}"#;
        assert_eq!(class_label(json, "label").unwrap(), ["neg", "pos"]);
        assert_eq!(class_label(json, "text"), None);
        assert_eq!(class_label("{", "label"), None);
        let metadata = HashMap::from([("huggingface".to_owned(), json.to_owned())]);
        let field = Field::new("label", DataType::Int64, true);
        let schema = Schema::new_with_metadata(vec![field.clone()], metadata);
        let carried = Carried::of(&schema, &field).unwrap();
        assert!(carried.fixed && carried.numbers);
        let name = |value| carried.name(value);
        assert_eq!(name(Value::Whole(1)), Ok(Value::Text("pos".to_owned())));
        assert_eq!(name(Value::Number(0.0)), Ok(Value::Text("neg".to_owned())));
        assert_eq!(name(Value::Whole(-1)), Ok(Value::Null));
        assert_eq!(name(Value::Number(f64::NAN)), Ok(Value::Null));
        assert_eq!(name(Value::Whole(2)), Err(Value::Whole(2)));
    }

    #[test]
    fn the_values_of_an_enum() {
        assert_eq!(enum_values("3;neg4;a;b ").unwrap(), ["neg", "a;b "]);
        assert_eq!(enum_values("3;neg3;好").unwrap(), ["neg", "好"]);
        assert_eq!(enum_values(""), None);
        assert_eq!(enum_values("9;short"), None);
    }
}
