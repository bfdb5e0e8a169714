//! The head of an .npy file: what its array is. It is a line of Python, always written by NumPy's own
//! `repr`, so three values are looked for in it and nothing more is understood.

use std::io::{self, Read};

/// No head is longer: NumPy itself refuses to read more.
const MOST: usize = 10_000;

/// What the numbers of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Signed,
    Unsigned,
    /// Python objects.
    Object,
    /// Several fields in each element.
    Fields,
    /// Texts, dates, truth values, complex numbers.
    Other,
}

/// An array's type and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// Bytes of a number.
    pub(crate) size: usize,
    pub(crate) big_endian: bool,
    /// Whether columns follow one another, not rows.
    pub(crate) columns_first: bool,
    pub(crate) shape: Vec<u64>,
}

impl Header {
    /// Reads the head, up to the first number.
    pub(crate) fn read(reader: &mut impl Read) -> io::Result<Self> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut start = [0; 8];
        reader.read_exact(&mut start)?;
        if !start.starts_with(b"\x93NUMPY") {
            return Err(wrong("it does not begin as an array of NumPy's"));
        }
        let length = match start[6] {
            1 => {
                let mut length = [0; 2];
                reader.read_exact(&mut length)?;
                usize::from(u16::from_le_bytes(length))
            }
            2 | 3 => {
                let mut length = [0; 4];
                reader.read_exact(&mut length)?;
                u32::from_le_bytes(length) as usize
            }
            _ => return Err(wrong("it is of a version that is not known")),
        };
        if length > MOST {
            return Err(wrong("its head is too long"));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text).ok_or_else(|| wrong("its head cannot be understood"))
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}'"))?;
            Some(rest.trim_start().strip_prefix(':')?.trim_start())
        };
        let order = value("fortran_order")?;
        let columns_first = order.starts_with("True");
        if !columns_first && !order.starts_with("False") {
            return None;
        }
        let (shape, _) = value("shape")?.strip_prefix('(')?.split_once(')')?;
        // Python 2 wrote long numbers as `3L`.
        let numbers = shape
            .split(',')
            .map(|number| number.trim().trim_end_matches('L'));
        let numbers = numbers.filter(|number| !number.is_empty());
        let shape = numbers
            .map(|number| number.parse().ok())
            .collect::<Option<_>>()?;
        let (kind, size, big_endian) = match value("descr")?.strip_prefix('\'') {
            None => (Kind::Fields, 1, false),
            Some(descr) => {
                let (descr, _) = descr.split_once('\'')?;
                let plain = descr.trim_start_matches(['<', '>', '|', '=']);
                let letter = plain.chars().next()?;
                let kind = match letter {
                    'f' => Kind::Float,
                    'i' => Kind::Signed,
                    'u' => Kind::Unsigned,
                    'O' => Kind::Object,
                    _ => Kind::Other,
                };
                let size = plain[letter.len_utf8()..].parse().unwrap_or(1);
                (kind, size, descr.starts_with('>'))
            }
        };
        Some(Self {
            kind,
            size,
            big_endian,
            columns_first,
            shape,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_numpy_writes_them() {
        let header = |kind, size, big_endian, columns_first, shape: &[u64]| Header {
            kind,
            size,
            big_endian,
            columns_first,
            shape: shape.to_vec(),
        };
        for (text, expected) in [
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }",
                header(Kind::Float, 4, false, false, &[3, 4]),
            ),
            (
                "{'descr': '>f8', 'fortran_order': True, 'shape': (3L, 4L), }",
                header(Kind::Float, 8, true, true, &[3, 4]),
            ),
            (
                "{'descr': '|i1', 'fortran_order': False, 'shape': (7,), }",
                header(Kind::Signed, 1, false, false, &[7]),
            ),
            (
                "{'descr': '|O', 'fortran_order': False, 'shape': (), }",
                header(Kind::Object, 1, false, false, &[]),
            ),
            (
                "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
                header(Kind::Fields, 1, false, false, &[2]),
            ),
        ] {
            assert_eq!(Header::parse(text), Some(expected), "{text}");
        }
        assert_eq!(Header::parse("{'descr': '<f4', 'shape': (3, 4), }"), None);
        let wrong = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, x), }";
        assert_eq!(Header::parse(wrong), None);
    }

    #[test]
    fn what_is_no_array_is_an_error() {
        for bytes in [
            &b""[..],
            b"\x93NUMPY\x01\x00\xff",
            b"\x93NUMPY\x09\x00\x00\x00",
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
            b"no array at all",
        ] {
            assert!(Header::read(&mut &bytes[..]).is_err());
        }
    }
}
