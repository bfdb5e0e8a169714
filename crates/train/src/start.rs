//! What a training starts from when it goes on from an earlier one.

use crate::Error;
use goldpan_model::{BaseModel, Device, ModelCard, Parameters, read_trained};
use std::path::Path;

/// The tensors of the model in `folder`, which have to be those that `initial` has.
pub(crate) fn from_previous(
    folder: &Path,
    base: &BaseModel,
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
    let previous = read_trained(folder, card.tuning, device)?;
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
