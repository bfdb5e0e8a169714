//! Expected calibration error: how far confidence is from accuracy.

/// The number of equal-width bins of confidence behind [`Metrics::calibration_error`].
///
/// [`Metrics::calibration_error`]: crate::Metrics::calibration_error
pub const BINS: usize = 15;

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    rows: u64,
    correct: u64,
    confidence: f64,
}

/// The rows of a bin of confidence, of which there is at least one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// How many rows.
    pub rows: u64,
    /// The mean of their top probabilities, in [0, 1].
    pub confidence: f64,
    /// The share that is right, in [0, 1].
    pub accuracy: f64,
}

/// Counts for the expected calibration error of Guo et al. 2017: bin b holds the rows whose top
/// probability is in (b / 15, (b + 1) / 15], and the first bin 0 too. Edges are those of numpy's
/// `linspace(0, 1, 16)`, as in scikit-learn's `calibration_curve`.
#[derive(Debug, Clone, Default)]
pub struct Calibration([Bin; BINS]);

impl Calibration {
    /// Counts a row by its top probability, in [0, 1], and whether that class is right.
    pub fn push(&mut self, confidence: f64, correct: bool) {
        let below = |bin: usize| bin as f64 * (1.0 / BINS as f64);
        let bin = (1..BINS).find(|&bin| confidence <= below(bin));
        let bin = &mut self.0[bin.unwrap_or(BINS) - 1];
        bin.rows += 1;
        bin.correct += u64::from(correct);
        bin.confidence += confidence;
    }

    /// The bins that hold rows, by rising confidence: the points of a reliability diagram.
    pub fn reliability(&self) -> Vec<Reliability> {
        let filled = self.0.iter().filter(|bin| bin.rows > 0);
        let point = |bin: &Bin| Reliability {
            rows: bin.rows,
            confidence: bin.confidence / bin.rows as f64,
            accuracy: bin.correct as f64 / bin.rows as f64,
        };
        filled.map(point).collect()
    }

    /// The mean over rows of |accuracy - mean confidence| of the row's bin, in [0, 1]; NaN without rows.
    pub fn error(&self) -> f64 {
        let rows = self.0.iter().map(|bin| bin.rows).sum::<u64>();
        let gap = |bin: &Bin| (bin.correct as f64 - bin.confidence).abs();
        self.0.iter().fold(0.0, |sum, bin| sum + gap(bin)) / rows as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_belongs_to_the_bin_below() {
        let mut calibration = Calibration::default();
        calibration.push(1.0, true);
        calibration.push(0.2, true);
        calibration.push(0.0, false);
        let rows = calibration.0.map(|bin| bin.rows);
        assert_eq!(rows, [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_diagram_has_a_point_for_each_bin_that_holds_rows() {
        let mut calibration = Calibration::default();
        for (confidence, correct) in [(0.75, true), (0.77, false), (0.95, true)] {
            calibration.push(confidence, correct);
        }
        let points = calibration.reliability();
        assert_eq!(points.len(), 2);
        assert!((points[0].confidence - 0.76).abs() < 1e-12);
        assert_eq!((points[0].rows, points[0].accuracy), (2, 0.5));
        assert_eq!((points[1].rows, points[1].accuracy), (1, 1.0));
    }

    #[test]
    fn always_sure_and_half_right_is_off_by_half() {
        let mut calibration = Calibration::default();
        calibration.push(1.0, true);
        calibration.push(1.0, false);
        assert_eq!(calibration.error(), 0.5);
    }
}
