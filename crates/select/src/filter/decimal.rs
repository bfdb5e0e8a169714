//! Numbers as they are written, compared exactly: `1`, `1.0` and `1e0` are equal, and whole numbers of
//! any length keep all their digits.

use std::cmp::Ordering;

/// A decimal number of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// The digits after `0.`, without zeros at either end; none for zero.
    digits: String,
    /// The power of ten that they are multiplied with.
    exponent: i64,
}

impl Decimal {
    /// Reads digits with at most one point, a sign before them and an exponent after them. Returns
    /// `None` for anything else, `inf` and `nan` among it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (number, power) = match unsigned.split_once(['e', 'E']) {
            Some((number, power)) => (number, power.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{part}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        let zeros = digits.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        let zero = significant.is_empty();
        Some(Self {
            negative: negative && !zero,
            digits: significant.to_owned(),
            exponent: match zero {
                true => 0,
                false => i64::from(power) + whole.len() as i64 - zeros as i64,
            },
        })
    }

    /// Compares without the sign.
    fn size(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                let exponents = self.exponent.cmp(&other.exponent);
                exponents.then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size(other),
            (true, true) => other.size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        for (a, b) in [
            ("1", "1.0"),
            ("01", "+1."),
            ("100", "1e2"),
            ("0.50", ".5"),
            ("-0", "0.00"),
            ("1.5E-3", "0.0015"),
            ("0e7", "0"),
        ] {
            assert_eq!(decimal(a), decimal(b), "{a} and {b}");
        }
        let long = "12345678901234567890123456789012345678901234567890";
        assert!(decimal(long) < decimal(&format!("{long}.1")));
        assert!(decimal("9007199254740993") > decimal("9007199254740992"));
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "",
            "-",
            ".",
            "e3",
            "1e",
            "1,5",
            "1 000",
            "0x10",
            "nan",
            "inf",
            "1e99999999999",
            "1.2.3",
            "١",
            "--1",
            "1e+-2",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn they_are_ordered_as_floats_are(a in -1e6_f64..1e6, b in -1e6_f64..1e6, e in -9_i32..9) {
            let (a, b) = (a * 10_f64.powi(e), b);
            for text in [|x: f64| format!("{x}"), |x: f64| format!("{x:e}")] {
                prop_assert_eq!(decimal(&text(a)).cmp(&decimal(&text(b))), a.total_cmp(&b));
            }
        }

        #[test]
        fn whole_numbers_are_exact(a: i128, b: i128) {
            prop_assert_eq!(decimal(&a.to_string()).cmp(&decimal(&b.to_string())), a.cmp(&b));
        }
    }
}
