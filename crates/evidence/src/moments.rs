//! Mean and standard deviation.

/// The mean; NaN of no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation, with n - 1 below the line; `None` of fewer than two values.
pub fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_no_deviation() {
        assert_eq!((mean(&[0.5]), deviation(&[0.5])), (0.5, None));
        assert!((deviation(&[0.5, 0.7]).unwrap() - 0.02_f64.sqrt()).abs() < 1e-12);
    }
}
