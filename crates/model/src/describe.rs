//! Vectors of classes' descriptions.

use crate::{ClassTexts, Device, Error, SentenceEncoder, SentenceOptions};
use std::path::Path;

/// The vectors of what describes each of the classes `names`, in their order, each `[descriptions, dimension]`,
/// as the sentence encoder in `folder` makes them.
///
/// # Errors
///
/// When a class has no description, or a description no class, or the model cannot be loaded.
pub fn describe(
    classes: &[ClassTexts],
    names: &[String],
    folder: &Path,
    options: SentenceOptions<'_>,
    device: &Device,
) -> Result<Vec<Vec<f32>>, Error> {
    let of = |name: &String| classes.iter().find(|class| class.name == *name);
    let without = names.iter().find(|name| of(name).is_none());
    let unknown = classes.iter().find(|class| !names.contains(&class.name));
    if without.is_some() || unknown.is_some() {
        return Err(Error::Described {
            without: without.cloned(),
            unknown: unknown.map(|class| class.name.clone()),
            names: names.to_vec(),
        });
    }
    let encoder = SentenceEncoder::open(folder, options, device)?;
    let vectors = names.iter().filter_map(of).map(|class| {
        let texts: Vec<&str> = class.texts.iter().map(String::as_str).collect();
        Ok(encoder.embed(&encoder.tokenize(&texts)?))
    });
    vectors.collect()
}
