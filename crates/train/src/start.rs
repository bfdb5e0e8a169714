//! What a training starts from when it goes on from an earlier one.

use crate::error::Error;
use goldpan_model::{BaseModel, Device, Family, HeadSource, ModelCard, NewHead};
use goldpan_model::{Parameters, read_trained};
use std::path::Path;

/// Where the head that a training starts from comes from, in words.
pub(crate) fn of_head(head: &HeadSource, previous: Option<&Path>) -> String {
    match (previous, head) {
        (Some(_), _) => "the head of the model to start from, by class names".to_owned(),
        (None, HeadSource::Base) => "the base model's head, by class names".to_owned(),
        (None, HeadSource::New(NewHead::NoHead)) => "a new head (the base has none)".to_owned(),
        (None, HeadSource::New(NewHead::OtherClasses(names))) => {
            format!("a new head (the base's is for {})", names.join(", "))
        }
        (None, HeadSource::New(NewHead::OtherHead(head))) => {
            format!("a new head (the base has {head})")
        }
    }
}

/// The tensors of the model in `folder`, which have to be those that `initial` has; the head's rows are
/// put in the order of `classes`.
pub(crate) fn from_previous(
    folder: &Path,
    base: &BaseModel,
    classes: &[String],
    family: Family,
    initial: &Parameters,
    device: &Device,
) -> Result<Parameters, Error> {
    let card = ModelCard::read(folder)?;
    if card.base.digest != base.digest {
        return Err(Error::PreviousBase {
            path: folder.to_owned(),
            found: card.base.name,
            expected: base.name.clone(),
        });
    }
    let rows: Option<Vec<usize>> = classes
        .iter()
        .map(|class| card.classes.iter().position(|name| name == class))
        .collect();
    let Some(rows) = rows.filter(|rows| rows.len() == card.classes.len()) else {
        return Err(Error::PreviousClasses {
            path: folder.to_owned(),
            found: card.classes,
            expected: classes.to_vec(),
        });
    };
    let previous = read_trained(folder, card.tuning, device)?.with_classes(family, &rows);
    let shapes = |parameters: &Parameters| -> Vec<(String, [usize; 2])> {
        let shapes = parameters.iter();
        shapes
            .map(|(name, tensor)| (name.to_owned(), tensor.dims()))
            .collect()
    };
    let (found, expected) = (shapes(&previous), shapes(initial));
    let differs = |some: &[(String, [usize; 2])], others: &[(String, [usize; 2])]| {
        let tensor = some.iter().find(|tensor| !others.contains(tensor));
        tensor.map(|(name, _)| name.clone())
    };
    match differs(&expected, &found).or_else(|| differs(&found, &expected)) {
        Some(tensor) => Err(Error::PreviousTensor {
            path: folder.to_owned(),
            tensor,
        }),
        None => Ok(previous),
    }
}
