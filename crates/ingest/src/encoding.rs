//! Encodings of text: by name, by a byte order mark, or by the zeros of wide characters.

use encoding_rs::{Encoding as Known, UTF_8, UTF_16BE, UTF_16LE};

/// An encoding that text can be read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One that `encoding_rs` knows.
    Known(&'static Known),
    /// UTF-32, which it does not know.
    Utf32 { big: bool },
}

/// The encoding of a file and the length of its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detected {
    pub encoding: Encoding,
    pub mark: usize,
    /// Whether neither a mark nor the user says it.
    pub guessed: bool,
}

impl Encoding {
    pub const UTF8: Self = Self::Known(UTF_8);

    /// The encoding of that name, in any spelling of the web or of Python.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        let plain = name.strip_suffix("-sig").unwrap_or(&name);
        match plain {
            "utf-32" | "utf-32le" | "utf-32-le" | "utf32" => {
                return Some(Self::Utf32 { big: false });
            }
            "utf-32be" | "utf-32-be" => return Some(Self::Utf32 { big: true }),
            "utf-16-le" | "utf16" => return Some(Self::Known(UTF_16LE)),
            "utf-16-be" => return Some(Self::Known(UTF_16BE)),
            // What Windows and Python call by a number.
            "cp65001" => return Some(Self::UTF8),
            "cp932" | "ms932" => return Some(Self::Known(encoding_rs::SHIFT_JIS)),
            "cp936" => return Some(Self::Known(encoding_rs::GBK)),
            "cp949" => return Some(Self::Known(encoding_rs::EUC_KR)),
            "cp950" => return Some(Self::Known(encoding_rs::BIG5)),
            _ => {}
        }
        let spellings = [
            plain.to_owned(),
            plain.replace('-', "_"),
            plain.replace('-', ""),
            plain.replacen("cp", "windows-", 1),
            plain.replacen("mac-", "x-mac-", 1),
        ];
        let known = spellings
            .iter()
            .find_map(|name| Known::for_label(name.as_bytes()));
        let known = known.or_else(|| (plain == "mac-roman").then_some(encoding_rs::MACINTOSH));
        // The web reads some encodings as nothing but errors.
        known
            .filter(|known| *known != encoding_rs::REPLACEMENT)
            .map(Self::Known)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Known(known) => known.name(),
            Self::Utf32 { big: false } => "UTF-32LE",
            Self::Utf32 { big: true } => "UTF-32BE",
        }
    }

    /// The encoding that a file's first bytes show, or that was asked for; a mark overrules it.
    pub fn detect(first: &[u8], asked: Option<Self>) -> Detected {
        let marked = |encoding, mark| Detected {
            encoding,
            mark,
            guessed: false,
        };
        let little = Self::Known(UTF_16LE);
        match (first, asked) {
            ([0xef, 0xbb, 0xbf, ..], _) => marked(Self::UTF8, 3),
            ([0xff, 0xfe, 0, 0, ..], None | Some(Self::Utf32 { .. })) => {
                marked(Self::Utf32 { big: false }, 4)
            }
            ([0, 0, 0xfe, 0xff, ..], _) => marked(Self::Utf32 { big: true }, 4),
            ([0xff, 0xfe, ..], _) => marked(little, 2),
            ([0xfe, 0xff, ..], _) => marked(Self::Known(UTF_16BE), 2),
            (_, Some(asked)) => marked(asked, 0),
            (_, None) => match wide(first) {
                None => marked(Self::UTF8, 0),
                Some(encoding) => Detected {
                    encoding,
                    mark: 0,
                    guessed: true,
                },
            },
        }
    }
}

/// The wide encoding, without a mark, whose line ends and ASCII characters the bytes show.
fn wide(first: &[u8]) -> Option<Encoding> {
    if !first.contains(&0) {
        return None;
    }
    let kinds = [
        (2, Encoding::Known(UTF_16LE)),
        (2, Encoding::Known(UTF_16BE)),
        // Of two that fit as well, the last is taken: UTF-32 looks like UTF-16 with zeros between.
        (4, Encoding::Utf32 { big: false }),
        (4, Encoding::Utf32 { big: true }),
    ];
    let narrow = match std::str::from_utf8(first) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let shown = kinds.into_iter().filter_map(|(width, encoding)| {
        let ascii = ascii(first, width, encoding);
        let units = first.len() / width;
        // Text in UTF-8 may hold a zero here and there.
        let share = if narrow { 5 } else { 400 };
        (ascii * share > units).then_some((ascii, encoding))
    });
    shown
        .max_by_key(|(ascii, _)| *ascii)
        .map(|(_, encoding)| encoding)
}

/// How many ASCII characters there are in a wide encoding; none if no line end or the like is
/// among them.
fn ascii(first: &[u8], width: usize, encoding: Encoding) -> usize {
    let big =
        matches!(encoding, Encoding::Utf32 { big: true }) || encoding == Encoding::Known(UTF_16BE);
    let (mut ascii, mut ends) = (0, 0);
    for unit in first.chunks_exact(width) {
        let (low, rest) = match big {
            true => (unit[width - 1], &unit[..width - 1]),
            false => (unit[0], &unit[1..]),
        };
        if low.is_ascii() && low != 0 && rest.iter().all(|byte| *byte == 0) {
            ascii += 1;
            ends += usize::from(matches!(low, b'\n' | b'\r' | b',' | b'\t' | b'{' | b'['));
        }
    }
    if ends == 0 { 0 } else { ascii }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_spellings_of_the_web_and_of_python() {
        for (name, expected) in [
            ("utf-8", "UTF-8"),
            ("utf_8_sig", "UTF-8"),
            ("UTF8", "UTF-8"),
            ("latin-1", "windows-1252"),
            ("latin1", "windows-1252"),
            ("iso-8859-15", "ISO-8859-15"),
            ("cp1252", "windows-1252"),
            ("cp1251", "windows-1251"),
            ("cp932", "Shift_JIS"),
            ("shift_jis", "Shift_JIS"),
            ("euc_kr", "EUC-KR"),
            ("gb18030", "gb18030"),
            ("mac_roman", "macintosh"),
            ("utf-16", "UTF-16LE"),
            ("utf_16_be", "UTF-16BE"),
            ("utf-32", "UTF-32LE"),
        ] {
            let found = Encoding::of_name(name).map(Encoding::name);
            assert_eq!(found, Some(expected), "{name}");
        }
        for unknown in ["", "utf-9", "cp437x", "replacement", "hz-gb-2312"] {
            assert_eq!(Encoding::of_name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn marks_and_zeros_show_wide_characters() {
        let name = |first: &[u8]| Encoding::detect(first, None).encoding.name();
        let text = "text,label\n好的电影,1\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little32: Vec<u8> = text
            .chars()
            .flat_map(|c| (c as u32).to_le_bytes())
            .collect();
        let big32: Vec<u8> = text
            .chars()
            .flat_map(|c| (c as u32).to_be_bytes())
            .collect();
        assert_eq!(name(&little), "UTF-16LE");
        assert_eq!(name(&big), "UTF-16BE");
        assert_eq!(name(&little32), "UTF-32LE");
        assert_eq!(name(&big32), "UTF-32BE");
        assert_eq!(name(text.as_bytes()), "UTF-8");
        assert_eq!(
            name(b"text,label\na\0b,1\nno zeros in all of this,0\n"),
            "UTF-8"
        );
        assert_eq!(name(b"\xff\xfe\0\0"), "UTF-32LE");
        assert_eq!(name(b"\xff\xfet\0"), "UTF-16LE");
    }
}
