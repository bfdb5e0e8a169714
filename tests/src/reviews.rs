//! Real texts as a user has them: film reviews in a CSV file with columns of their own.

use std::path::Path;

use goldpan_artifact::Texts;

use crate::run;

/// A sentence of a film review.
#[derive(Clone, Debug)]
pub struct Review {
    /// The user's own id of it.
    pub number: String,
    /// The sentence.
    pub text: String,
    /// `positive` or `negative`.
    pub verdict: String,
}

/// `count` sentences of the dataset movie-snippets, positive and negative ones in turn.
pub fn reviews(count: usize) -> Vec<Review> {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "ingest --dataset movie-snippets --split validation --out texts.arrow";
    run(folder.path(), arguments).well();
    let texts = Texts::open(folder.path().join("texts.arrow")).unwrap();
    let of_class = |class: i32| -> Vec<usize> {
        let rows = 0..texts.len();
        rows.filter(|row| texts.label(*row) == Some(class))
            .collect()
    };
    let (negative, positive) = (of_class(0), of_class(1));
    let rows = negative.iter().zip(&positive).flat_map(|(a, b)| [*a, *b]);
    let reviews: Vec<Review> = rows.take(count).map(|row| review(&texts, row)).collect();
    assert_eq!(reviews.len(), count, "the dataset has fewer texts");
    reviews
}

fn review(texts: &Texts, row: usize) -> Review {
    let class = usize::try_from(texts.label(row).unwrap()).unwrap();
    Review {
        number: format!("review-{}", texts.key(row).unwrap_or_default()),
        text: texts.text(row).to_owned(),
        verdict: texts.classes()[class].clone(),
    }
}

/// Writes a CSV file with the columns `number`, `review` and `verdict`.
pub fn csv(path: &Path, reviews: &[Review]) {
    let mut text = String::from("number,review,verdict\n");
    for review in reviews {
        let quoted = review.text.replace('"', "\"\"");
        text += &format!("{},\"{quoted}\",{}\n", review.number, review.verdict);
    }
    std::fs::write(path, text).unwrap();
}
