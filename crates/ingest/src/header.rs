//! What a header must be: names that tell its columns apart.

use std::collections::HashMap;
use std::path::Path;

use crate::error::Error;

/// Refuses a header in which a name occurs twice. Columns without a name are told apart by place.
pub(crate) fn check_names(path: &Path, names: &[String]) -> Result<(), Error> {
    let mut places = HashMap::new();
    for (name, place) in names.iter().zip(0..) {
        if let (false, Some(first)) = (name.is_empty(), places.insert(name, place)) {
            return Err(Error::RepeatedColumn {
                path: path.to_owned(),
                column: name.clone(),
                places: (first, place),
            });
        }
    }
    Ok(())
}
