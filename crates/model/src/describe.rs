//! Vectors of classes' descriptions.

use crate::class_texts::ClassTexts;
use crate::error::Error;
use crate::sentence::SentenceEncoder;

/// The vectors of what describes each of the classes `names`, in their order, each `[descriptions, dimension]`,
/// as `encoder` makes them.
///
/// # Errors
///
/// When a class has no description, or a description no class, or the tokenizer refuses one.
pub fn describe(
    classes: &[ClassTexts],
    names: &[String],
    encoder: &SentenceEncoder,
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
    let vectors = names.iter().filter_map(of).map(|class| {
        let texts: Vec<&str> = class.texts.iter().map(String::as_str).collect();
        Ok(encoder.embed(&encoder.tokenize(&texts)?))
    });
    vectors.collect()
}
