//! Statistics for `python/check_statistics.py`: JSON lines in, JSON lines out.

use std::error::Error;
use std::io::{BufRead, Write};

use goldpan_evidence::{Curve, deviation, holm, mean, paired_t};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Case {
    first: Vec<f64>,
    second: Vec<f64>,
    /// P-values; null is none.
    p: Vec<Option<f64>>,
    curve: Vec<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let pairs = case.first.iter().zip(&case.second);
        let differences: Vec<f64> = pairs.map(|(first, second)| first - second).collect();
        let p: Vec<f64> = case.p.iter().map(|p| p.unwrap_or(f64::NAN)).collect();
        let curve = Curve::new(case.curve);
        let points = curve.points();
        let told = json!({
            "mean": mean(&differences),
            "deviation": deviation(&differences),
            "p": paired_t(&differences),
            // JSON has no NaN: it writes null.
            "holm": holm(&p),
            "area": curve.area(points[0].0, points[points.len() - 1].0),
        });
        writeln!(out, "{told}")?;
    }
    Ok(())
}
