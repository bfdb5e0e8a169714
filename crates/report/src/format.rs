//! Numbers as people read them.

use goldpan_evidence::{Estimate, Interval};

/// `0.7783`
pub(crate) fn accuracy(value: f64) -> String {
    format!("{value:.4}")
}

/// `0.7783 ± 0.0033`
pub(crate) fn with_deviation(estimate: &Estimate) -> String {
    match estimate.deviation {
        Some(deviation) => format!("{:.4} ± {deviation:.4}", estimate.value),
        None => accuracy(estimate.value),
    }
}

/// `0.7712 to 0.7850, 75%`, each end as `number` writes it.
pub(crate) fn interval(interval: Option<Interval>, number: impl Fn(f64) -> String) -> String {
    interval.map_or("one seed: none".to_owned(), |interval| {
        let (low, high) = (number(interval.low), number(interval.high));
        format!("{low} to {high}, {}", level(interval.level))
    })
}

/// `95%`, `93.75%`
pub(crate) fn level(level: f64) -> String {
    format!("{}%", (1e4 * level).round() / 100.0)
}

/// A share as `12.3%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// A difference of accuracies in points, `+1.44`.
pub(crate) fn signed(difference: f64) -> String {
    format!("{:+.2}", 100.0 * difference)
}

/// `0.012`, `< 0.001`
pub(crate) fn p_value(p: Option<f64>) -> String {
    match p {
        None => String::new(),
        Some(p) if p < 0.001 => "< 0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
    }
}

/// A number of labels: `1,500`, `-20`; `not reached` of infinity.
pub(crate) fn labels(number: f64) -> String {
    match number.is_finite() {
        true => {
            let whole = number.round() as i64;
            let sign = if whole < 0 { "-" } else { "" };
            format!("{sign}{}", grouped(whole.unsigned_abs()))
        }
        false => "not reached".to_owned(),
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds as `0.3 s`, `3 min 20 s`, `2 h 1 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds as u64;
    match (whole / 3600, whole / 60 % 60) {
        (0, 0) => format!("{seconds:.1} s"),
        (0, minutes) => format!("{minutes} min {} s", whole % 60),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// At most `characters` of a text, without those that XML cannot hold.
pub(crate) fn cut(text: &str, characters: usize) -> String {
    let held = |c: char| match c {
        c if c.is_control() => ' ',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c => c,
    };
    let mut cut: String = text.chars().take(characters).map(held).collect();
    if text.chars().nth(characters).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(labels(1_234_567.4), "1,234,567");
        assert_eq!(labels(-1500.0), "-1,500");
        assert_eq!(labels(f64::INFINITY), "not reached");
        assert_eq!(signed(0.0144), "+1.44");
        assert_eq!(
            (p_value(Some(0.0002)), p_value(None)),
            ("< 0.001".to_owned(), String::new())
        );
        assert_eq!(
            (level(0.9375), level(0.95)),
            ("93.75%".to_owned(), "95%".to_owned())
        );
        assert_eq!(duration(7_260.0), "2 h 1 min");
    }

    #[test]
    fn texts_are_cut_and_fit_for_xml() {
        assert_eq!(cut("grün und blau", 4), "grün…");
        assert_eq!(cut("grün", 4), "grün");
        assert_eq!(cut("a\u{7}\n\u{ffff}", 9), "a  \u{fffd}");
    }

    #[test]
    fn durations_are_as_fine_as_they_matter() {
        assert_eq!(duration(0.31), "0.3 s");
        assert_eq!(duration(200.4), "3 min 20 s");
        assert_eq!(duration(7_260.0), "2 h 1 min");
    }
}
