//! The tests' numbers beside those of scipy 1.17 and statsmodels 0.15 (`golden.py`).

use goldpan_evidence::{holm, paired_t, seeds_needed};

#[test]
fn p_values_are_those_of_scipy() {
    let cases: [(&[f64], f64); 4] = [
        (&[0.012, 0.004, 0.009, 0.015, 0.001], 0.0326991252716616),
        (&[0.02, -0.01], 0.7951672353008665),
        (&[0.01, 0.011, 0.009], 0.003316758722356861),
        (
            &[0.3, -0.2, 0.1, 0.05, -0.04, 0.07, 0.2, 0.11],
            0.20705273018526685,
        ),
    ];
    for (differences, expected) in cases {
        let p = paired_t(differences).unwrap();
        assert!((p / expected - 1.0).abs() < 1e-9, "{p} {expected}");
    }
}

#[test]
fn corrected_p_values_are_those_of_statsmodels() {
    let corrected = holm(&[0.01, 0.04, 0.03, 0.005, 0.6]);
    for (corrected, expected) in corrected.iter().zip([0.04, 0.09, 0.09, 0.025, 0.6]) {
        assert!((corrected - expected).abs() < 1e-12);
    }
}

/// The exact number solves the power of the noncentral t-distribution.
#[test]
fn seeds_needed_are_within_one_of_the_exact_number() {
    let cases = [
        (0.5, 0.05, 33.367),
        (1.0, 0.05, 9.938),
        (0.2, 0.05 / 3.0, 264.600),
        (1.5, 0.05 / 3.0, 7.678),
        (3.0, 0.05, 3.144),
    ];
    for (difference, alpha, exact) in cases {
        let needed = seeds_needed(difference, 1.0, alpha).unwrap();
        assert!((needed - f64::ceil(exact)).abs() <= 1.0, "{needed} {exact}");
    }
}
