//! Whether tables are of the same texts.

use std::path::Path;

use crate::error::Error;
use crate::origin::{OfTexts, OtherTexts};

/// Checks that tables are of the same texts: each is compared with the first that says which texts
/// it is of. Tables that do not say so are passed over.
///
/// # Errors
///
/// The first table that is of other texts, with the one it was compared with.
pub fn check_same_texts<'a>(
    tables: impl IntoIterator<Item = (&'a Path, Option<&'a OfTexts>)>,
) -> Result<(), Error> {
    let mut known = tables
        .into_iter()
        .filter_map(|(path, texts)| Some((path, texts?)));
    let Some((first, first_texts)) = known.next() else {
        return Ok(());
    };
    match known.find(|(_, texts)| texts.digest != first_texts.digest) {
        None => Ok(()),
        Some((second, second_texts)) => Err(Error::OtherTexts(Box::new(OtherTexts {
            first: first.to_owned(),
            first_texts: first_texts.clone(),
            second: second.to_owned(),
            second_texts: second_texts.clone(),
        }))),
    }
}

#[cfg(test)]
mod tests {
    use crate::digest::Digest;

    use super::*;

    #[test]
    fn tables_of_other_texts_are_named_both() {
        let of = |file: &str, rows: &[(u64, &str)]| OfTexts {
            digest: Digest::of(format!("{rows:?}")),
            file: file.to_owned(),
            rows: rows.len() as u64,
        };
        let (a, b) = (
            of("a.arrow", &[(0, "x")]),
            of("b.arrow", &[(0, "y"), (1, "z")]),
        );
        let path = Path::new;
        let table = |name: &'static str, texts| (path(name), texts);
        assert!(check_same_texts([]).is_ok());
        assert!(check_same_texts([table("e", Some(&a)), table("p", None)]).is_ok());
        assert!(check_same_texts([table("e", Some(&a)), table("t", Some(&a))]).is_ok());
        let error =
            check_same_texts([table("n", None), table("t", Some(&b)), table("e", Some(&a))]);
        let message = error.unwrap_err().to_string();
        let begin = format!(
            "e is of the texts `a.arrow` (1 text, digest {:.8})",
            a.digest
        );
        assert!(message.starts_with(&begin), "{message}");
        assert!(
            message.contains("t is of the texts `b.arrow` (2 texts"),
            "{message}"
        );
        assert!(message.contains("--allow-other-texts"), "{message}");
    }
}
