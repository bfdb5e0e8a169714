//! A file of settings in a model's folder, and what is wrong with its keys.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::error::{Error, read_json};

/// A JSON object that a file holds.
#[derive(Debug)]
pub(crate) struct JsonFile {
    /// The file.
    pub path: PathBuf,
    /// Its keys and their values.
    pub values: Map<String, Value>,
}

impl JsonFile {
    /// Reads a file.
    pub fn read(path: PathBuf) -> Result<Self, Error> {
        let values = read_json(path.clone())?;
        Ok(Self { path, values })
    }

    /// The value of a key, if it is there and not null.
    pub fn given(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// The error for a value of which only those `supported` can be honoured.
    pub fn unsupported(&self, key: &'static str, value: &Value, supported: &'static str) -> Error {
        Error::Unsupported {
            path: self.path.clone(),
            key,
            value: value.to_string(),
            supported,
        }
    }

    /// The value of a key that is true or false.
    pub fn flag(&self, key: &'static str, default: bool) -> Result<bool, Error> {
        match self.given(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.unsupported(key, other, "true or false there")),
        }
    }

    /// Refuses a number of components that is not the `width` of the vectors that come in.
    pub fn check_width(&self, key: &'static str, said: usize, width: usize) -> Result<(), Error> {
        if said == width {
            return Ok(());
        }
        Err(Error::Contradiction {
            path: self.path.clone(),
            key,
            said,
            weights: self.path.clone(),
            tensor: "what comes before it".to_owned(),
            found: width,
        })
    }

    /// Refuses the first key that is not known.
    pub fn check_keys(&self, is_known: impl Fn(&str) -> bool) -> Result<(), Error> {
        let mut keys = self.values.iter();
        match keys.find(|(key, _)| !is_known(key)) {
            None => Ok(()),
            Some((key, value)) => Err(Error::UnknownKey {
                path: self.path.clone(),
                key: key.clone(),
                value: value.to_string(),
            }),
        }
    }
}

/// Fails unless docs/model-folder.md names each of the keys.
#[cfg(test)]
pub(crate) fn assert_documented<'a>(keys: impl IntoIterator<Item = &'a &'a str>) {
    let table = include_str!("../../../docs/model-folder.md");
    for key in keys {
        assert!(
            table.contains(&format!("`{key}`")),
            "{key} is not in the table"
        );
    }
}
