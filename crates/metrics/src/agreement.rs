//! How far two classifiers agree.

/// Cohen's kappa (1960, *A Coefficient of Agreement for Nominal Scales*): the agreement of two
/// classifiers on the same texts beyond what their shares of classes would give by chance. 1 where
/// they always agree, 0 where they agree as if by chance, below 0 where less.
///
/// `None` without texts, and where both always name one same class: then chance explains all.
///
/// ```
/// let kappa = goldpan_metrics::kappa([(0, 0), (1, 1), (0, 1), (1, 1)]);
/// assert_eq!(kappa, Some(0.5));
/// ```
pub fn kappa(pairs: impl IntoIterator<Item = (usize, usize)>) -> Option<f64> {
    let mut counts: Vec<[f64; 2]> = Vec::new();
    let (mut rows, mut agreed) = (0.0, 0.0);
    for (first, second) in pairs {
        let classes = counts.len().max(first + 1).max(second + 1);
        counts.resize(classes, [0.0; 2]);
        counts[first][0] += 1.0;
        counts[second][1] += 1.0;
        rows += 1.0;
        agreed += f64::from(u8::from(first == second));
    }
    let chance: f64 = counts.iter().map(|[first, second]| first * second).sum();
    // All in whole numbers until here, so equality is exact.
    let most = rows * rows;
    (chance < most).then(|| (agreed * rows - chance) / (most - chance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_cohens_by_hand() {
        // 20 and 15 of 50 agreed on; shares 25/25 and 30/20: (0.7 - 0.5) / 0.5.
        let table = [((0, 0), 20), ((0, 1), 5), ((1, 0), 10), ((1, 1), 15)];
        let pairs = table.iter().flat_map(|&(pair, count)| vec![pair; count]);
        assert!((kappa(pairs).unwrap() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn one_class_says_nothing() {
        assert_eq!(kappa([]), None);
        assert_eq!(kappa([(1, 1), (1, 1)]), None);
        assert_eq!(kappa([(0, 1), (0, 1)]), Some(0.0));
    }

    proptest! {
        #[test]
        fn is_one_where_all_agree_and_the_same_both_ways(
            pairs in prop::collection::vec((0..4_usize, 0..4_usize), 1..40),
        ) {
            let swapped = kappa(pairs.iter().map(|&(first, second)| (second, first)));
            prop_assert_eq!(kappa(pairs.clone()), swapped);
            if let Some(same) = kappa(pairs.iter().map(|&(first, _)| (first, first))) {
                prop_assert_eq!(same, 1.0);
            }
            if let Some(found) = kappa(pairs) {
                prop_assert!((-1.0..=1.0).contains(&found));
            }
        }
    }
}
