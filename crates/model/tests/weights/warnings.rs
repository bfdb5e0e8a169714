//! What is warned of when weights are opened.

use goldpan_model::Weights;
use goldpan_tests::warned;
use std::path::Path;

/// The warnings that opening a folder's weights gives, with all their fields.
pub fn warnings_of(folder: &Path) -> Vec<String> {
    let (_, warnings) = warned(|| Weights::open(folder).unwrap());
    let whole =
        |warning: goldpan_tests::Warning| format!("{} {:?}", warning.message, warning.fields);
    warnings.into_iter().map(whole).collect()
}
