//! Dates and times as ISO 8601 has them: `2024-01-31`, `2024-01-31T08:30`, `2024-01-31 08:30:15.5+02:00`.

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

/// A day, or a moment of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    /// A date without a time.
    Day(NaiveDate),
    /// A date and time without a time zone.
    Local(NaiveDateTime),
    /// A date and time with its distance to UTC.
    Zoned(DateTime<FixedOffset>),
}

impl Moment {
    /// Reads a date with four digits for the year, and the time if there is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            bytes
                .get(range)
                .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
        };
        if !(digits(0..4) && bytes.get(4) == Some(&b'-')) {
            return None;
        }
        if text.len() == 10 {
            return NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .map(Self::Day);
        }
        if !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) || !text.is_char_boundary(11) {
            return None;
        }
        let (date, time) = (&text[..10], text[11..].trim_start());
        let time = match time.strip_suffix(['Z', 'z']) {
            Some(utc) => format!("{date}T{utc}+00:00"),
            None => format!("{date}T{time}"),
        };
        for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
            if let Ok(zoned) = DateTime::parse_from_str(&time, format) {
                return Some(Self::Zoned(zoned));
            }
        }
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(&time, format).ok())
            .map(Self::Local)
    }

    /// The day, by the moment's own clock.
    fn day(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Local(time) => time.date(),
            Self::Zoned(time) => time.date_naive(),
        }
    }

    /// Compares a value with a limit. Against a day only the value's day counts; a day has its first
    /// moment as its time. Returns `None` if one has a time zone and the other has none.
    pub(crate) fn against(self, limit: Self) -> Option<Ordering> {
        let local = |moment: Self| match moment {
            Self::Day(day) => Some(day.and_time(chrono::NaiveTime::MIN)),
            Self::Local(time) => Some(time),
            Self::Zoned(_) => None,
        };
        match (self, limit) {
            (value, Self::Day(day)) => Some(value.day().cmp(&day)),
            (Self::Zoned(value), Self::Zoned(limit)) => Some(value.cmp(&limit)),
            (value, limit) => Some(local(value)?.cmp(&local(limit)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_day_is_compared_by_days_and_a_time_by_time() {
        let order = |a: &str, b: &str| moment(a).against(moment(b));
        for (a, b, expected) in [
            ("2024-01-31", "2024-02-01", Some(Ordering::Less)),
            ("2024-01-31T23:59", "2024-01-31", Some(Ordering::Equal)),
            ("2024-01-31", "2024-01-31T00:00:01", Some(Ordering::Less)),
            (
                "2024-01-31 08:30",
                "2024-01-31T08:30:00.000",
                Some(Ordering::Equal),
            ),
            (
                "2024-01-31T08:30Z",
                "2024-01-31T10:30+02:00",
                Some(Ordering::Equal),
            ),
            (
                "2024-01-31T08:30:00.5Z",
                "2024-01-31T08:30:00+0000",
                Some(Ordering::Greater),
            ),
            ("2024-01-31T08:30Z", "2024-01-31T08:30", None),
            ("2024-01-31", "2024-01-31T08:30Z", None),
        ] {
            assert_eq!(order(a, b), expected, "{a} against {b}");
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2024-02-30",
            "31.01.2024",
            "01/31/2024",
            "2024-1-31",
            "20240131",
            "2024-01-31x",
            "2024-01-31T",
            "2024-01-31T25:00",
            "+2024-01-31",
            "2024-01-3é",
            "2024-01-31é",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
