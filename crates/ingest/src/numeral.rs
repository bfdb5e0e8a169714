//! Numbers as people and programs write them, compared exactly.

use std::cmp::Ordering;
use std::fmt;

/// The longest text that is read as a number.
const LONGEST: usize = 400;

/// A decimal number: its digits without zeros at either end, and the power of ten of the last one.
/// Zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Numeral {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Numeral {
    /// Reads `1`, `1.0`, `01`, `+1`, `1e0` as the same number; `None` where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, power) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], power(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + part.len() == 0 || !is_digits(whole) || !is_digits(part) {
            return None;
        }
        let digits = format!("{whole}{part}");
        let kept = digits.trim_end_matches('0');
        let exponent = power - part.len() as i64 + (digits.len() - kept.len()) as i64;
        let kept = kept.trim_start_matches('0');
        Some(match kept.is_empty() {
            true => Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            },
            false => Self {
                negative,
                digits: kept.to_owned(),
                exponent,
            },
        })
    }

    /// The number, where it is whole and not below zero.
    pub fn index(&self) -> Option<usize> {
        let whole = !self.negative && (self.digits.is_empty() || self.exponent >= 0);
        whole.then(|| self.to_string().parse().ok()).flatten()
    }

    /// The place of the first digit, which orders numbers of one sign.
    fn size(&self) -> i64 {
        match self.digits.len() {
            0 => i64::MIN,
            length => length as i64 + self.exponent,
        }
    }
}

/// The power after an `e`.
fn power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let known = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let power: i64 = known.then(|| text.parse().ok()).flatten()?;
    (power.abs() <= 9999).then_some(power)
}

impl fmt::Display for Numeral {
    /// Writes the number as plainly as it can be: `1`, `-0.5`, `25e60`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            digits, exponent, ..
        } = self;
        if self.negative {
            f.write_str("-")?;
        }
        let length = digits.len() as i64;
        match *exponent {
            _ if digits.is_empty() => f.write_str("0"),
            0.. if length + exponent <= 40 => {
                write!(f, "{digits}{}", "0".repeat(*exponent as usize))
            }
            ..0 if -exponent < length => {
                let (whole, part) = digits.split_at((length + exponent) as usize);
                write!(f, "{whole}.{part}")
            }
            ..0 if length - exponent <= 40 => {
                let zeros = "0".repeat((-exponent - length) as usize);
                write!(f, "0.{zeros}{digits}")
            }
            _ => write!(f, "{digits}e{exponent}"),
        }
    }
}

impl PartialOrd for Numeral {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Numeral {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = || {
            let digits = || self.digits.cmp(&other.digits);
            self.size().cmp(&other.size()).then_with(digits)
        };
        match (self.negative, other.negative) {
            (false, false) => magnitude(),
            (true, true) => magnitude().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> Option<String> {
        Numeral::parse(text).map(|number| number.to_string())
    }

    #[test]
    fn ways_to_write_a_number() {
        for one in [
            "1", "1.0", "01", "+1", "1e0", "10e-1", "1.", "0.1E1", "001.000",
        ] {
            assert_eq!(plain(one).as_deref(), Some("1"), "{one}");
        }
        for zero in ["0", "-0", "0.0", "00", ".0", "0e5"] {
            assert_eq!(plain(zero).as_deref(), Some("0"), "{zero}");
        }
        let same = ["-1", "0.5", "-2.25", "0.001", "100", "18446744073709551617"];
        for text in same {
            assert_eq!(plain(text).as_deref(), Some(text));
        }
        assert_eq!(plain("1.50").as_deref(), Some("1.5"));
        assert_eq!(plain("1e60").as_deref(), Some("1e60"));
        let texts = [
            "", "-", ".", "x", "1x", "1,0", "1 0", "1e", "e1", "0x1", "inf", "nan", "--1", "1_0",
            "１", "1e99999", "1-1",
        ];
        for text in texts {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let mut numbers: Vec<Numeral> = ["10", "-2", "0.5", "0", "-10", "9", "1e3", "0.05"]
            .iter()
            .filter_map(|text| Numeral::parse(text))
            .collect();
        numbers.sort();
        let texts: Vec<String> = numbers.iter().map(Numeral::to_string).collect();
        assert_eq!(texts, ["-10", "-2", "0", "0.05", "0.5", "9", "10", "1000"]);
    }

    #[test]
    fn places_are_whole_numbers_from_0() {
        let index = |text: &str| Numeral::parse(text).unwrap().index();
        assert_eq!(
            (index("2.0"), index("0"), index("10")),
            (Some(2), Some(0), Some(10))
        );
        assert_eq!(
            (index("-1"), index("0.5"), index("1e30")),
            (None, None, None)
        );
    }

    proptest! {
        #[test]
        fn order_and_equality_are_those_of_f64(a in -1000i32..1000, b in -1000i32..1000) {
            let (x, y) = (f64::from(a) / 8.0, f64::from(b) / 8.0);
            let parse = |number: f64| Numeral::parse(&format!("{number:.3}")).unwrap();
            prop_assert_eq!(parse(x).cmp(&parse(y)), x.total_cmp(&y));
            prop_assert_eq!(parse(x).to_string(), x.to_string());
        }
    }
}
