//! Numbers in their ranges.

/// A finite number above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    number(text, |value| value > 0.0, "a number above 0")
}

/// A number of 0 or more and below 1.
pub fn part(text: &str) -> Result<f64, String> {
    number(
        text,
        |value| (0.0..1.0).contains(&value),
        "a number of 0 or more and below 1",
    )
}

/// A number from 0 to 1.
pub fn ratio(text: &str) -> Result<f64, String> {
    number(
        text,
        |value| (0.0..=1.0).contains(&value),
        "a number from 0 to 1",
    )
}

/// A temperature that logits can be divided by.
pub fn temperature(text: &str) -> Result<f64, String> {
    number(
        text,
        |value| goldpan_predict::TEMPERATURES.contains(&value),
        "a number from 1e-6 to 1e6",
    )
}

/// A number of bytes, with `KiB`, `MiB` or `GiB` behind it or without.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("`{other}` is no unit: use B, KiB, MiB or GiB")),
    };
    let number: f64 = digits
        .trim()
        .parse()
        .map_err(|_| format!("`{digits}` is no number"))?;
    match number > 0.0 && number.is_finite() {
        true => Ok((number * unit as f64) as u64),
        false => Err("the size must be above 0".to_owned()),
    }
}

fn number(text: &str, fits: impl Fn(f64) -> bool, wanted: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        // -0 and 0 are the same setting.
        Ok(value) if value.is_finite() && fits(value) => Ok(value + 0.0),
        _ => Err(format!("it is not {wanted}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold() {
        assert_eq!(positive("5e-4"), Ok(5e-4));
        assert!(
            ["0", "-1", "nan", "inf", "x", ""]
                .map(positive)
                .iter()
                .all(Result::is_err)
        );
        assert_eq!(ratio("1"), Ok(1.0));
        assert!(
            ["1.01", "-0.1", "nan"]
                .map(ratio)
                .iter()
                .all(Result::is_err)
        );
        assert_eq!(part("-0").map(f64::to_bits), Ok(0.0_f64.to_bits()));
        assert!(["-0.1", "1", "inf"].map(part).iter().all(Result::is_err));
        assert_eq!(temperature("0.05"), Ok(0.05));
        assert!(
            ["0", "-1", "1e9"]
                .map(temperature)
                .iter()
                .all(Result::is_err)
        );
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("1000"), Ok(1000));
        assert_eq!(size("1.5KiB"), Ok(1536));
        assert_eq!(size("2 GiB"), Ok(2 << 30));
        assert!(
            ["0", "-1MiB", "inf", "2GB", "MiB", ""]
                .map(size)
                .iter()
                .all(Result::is_err)
        );
    }
}
