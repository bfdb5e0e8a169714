//! What a file is by its first bytes: packed, a table, or of a kind that is no text.

/// What a file's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Gzip,
    Zstd,
    Parquet,
    ArrowFile,
    ArrowStream,
    /// A kind that is never read: what it is, and what to do.
    Foreign(&'static str, &'static str),
    Other,
}

/// How many first bytes are looked at.
pub(crate) const FIRST: usize = 512;

const UNPACK: &str = "unpack it first";
const PANDAS: &str = "load it with the library that wrote it, and write Parquet, JSONL or CSV";

/// First bytes of kinds that are never read.
const FOREIGN: [(&[u8], &str, &str); 21] = [
    (b"PARE", "an encrypted Parquet file", "decrypt it first"),
    (
        b"FEA1",
        "a Feather file of version 1",
        "write it anew with a current pyarrow, as Feather version 2 or Parquet",
    ),
    (b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (b"BZh", "compressed with bzip2", UNPACK),
    (b"\x04\x22\x4d\x18", "compressed with lz4", UNPACK),
    (b"\xff\x06\0\0sNaPpY", "compressed with snappy", UNPACK),
    (b"\x1f\x9d", "compressed with compress", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a rar archive", UNPACK),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel or Word file",
        "save the sheet as CSV UTF-8",
    ),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "write the rows of a query as CSV or JSONL",
    ),
    (b"\x93NUMPY", "a NumPy array", PANDAS),
    (b"\x80\x02", "a Python pickle", PANDAS),
    (b"\x80\x03", "a Python pickle", PANDAS),
    (b"\x80\x04", "a Python pickle", PANDAS),
    (b"\x80\x05", "a Python pickle", PANDAS),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", PANDAS),
    (
        b"Obj\x01",
        "an Avro file",
        "write it as Parquet or JSONL first",
    ),
    (b"%PDF-", "a PDF", "write its texts as CSV or JSONL first"),
    (b"RDX", "an R data file", "write it as CSV or Parquet in R"),
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, not the file itself",
        "fetch the file with `git lfs pull`",
    ),
];

impl Seen {
    pub fn of(first: &[u8]) -> Self {
        let starts = |magic: &[u8]| first.starts_with(magic);
        let skippable = matches!(first, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
        if starts(b"PK\x03\x04") {
            return zip(first);
        }
        if first.get(8..12) == Some(b"DUCK") {
            let advice = "write the table as Parquet: COPY t TO 'file.parquet'";
            return Self::Foreign("a DuckDB database", advice);
        }
        if first.get(257..262) == Some(b"ustar") {
            return Self::Foreign("a tar archive", UNPACK);
        }
        let foreign = FOREIGN.iter().find(|(magic, ..)| starts(magic));
        match foreign {
            Some((_, what, advice)) => Self::Foreign(what, advice),
            None if starts(b"\x1f\x8b") => Self::Gzip,
            None if starts(b"\x28\xb5\x2f\xfd") || skippable => Self::Zstd,
            None if starts(b"PAR1") => Self::Parquet,
            None if starts(b"ARROW1") => Self::ArrowFile,
            None if starts(b"\xff\xff\xff\xff") => Self::ArrowStream,
            None => markup(first),
        }
    }

    /// What it is, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "compressed with gzip",
            Self::Zstd => "compressed with zstd",
            Self::Parquet => "a Parquet file",
            Self::ArrowFile => "an Arrow file",
            Self::ArrowStream => "an Arrow stream",
            Self::Foreign(what, _) => what,
            Self::Other => "of another format",
        }
    }
}

/// Spreadsheets are zip archives with files of certain names in the front.
fn zip(first: &[u8]) -> Seen {
    let name = first.get(30..).unwrap_or_default();
    let sheet = "save the sheet as CSV UTF-8";
    let starts = |start: &[u8]| name.starts_with(start);
    if starts(b"[Content_Types].xml") || starts(b"_rels/") || starts(b"xl/") {
        return Seen::Foreign("an Excel workbook", sheet);
    }
    if starts(b"mimetypeapplication/vnd.oasis.opendocument") {
        return Seen::Foreign("an OpenDocument file", sheet);
    }
    Seen::Foreign("a zip archive", UNPACK)
}

/// Web pages saved in place of a file.
fn markup(first: &[u8]) -> Seen {
    let start: Vec<u8> = first
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(first)
        .iter()
        .skip_while(|byte| byte.is_ascii_whitespace())
        .take(14)
        .map(u8::to_ascii_lowercase)
        .collect();
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        let advice = "fetch the file itself; perhaps the page asks for a login";
        return Seen::Foreign("a web page", advice);
    }
    if start.starts_with(b"<?xml") {
        let advice = "write its texts as CSV or JSONL first";
        return Seen::Foreign("an XML file", advice);
    }
    Seen::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_first_bytes() {
        let name = |first: &[u8]| Seen::of(first).name();
        let mut workbook = b"PK\x03\x04".to_vec();
        workbook.resize(30, 0);
        workbook.extend(b"[Content_Types].xml");
        assert_eq!(name(&workbook), "an Excel workbook");
        assert_eq!(name(b"PK\x03\x04..."), "a zip archive");
        assert_eq!(name(b"\x50\x2a\x4d\x18rest"), "compressed with zstd");
        assert_eq!(name(b"\xef\xbb\xbf \n<!DOCTYPE html>"), "a web page");
        assert_eq!(name(b"text,label\n"), "of another format");
        assert_eq!(name(b"\xff\xfet\0"), "of another format");
        let mut tar = vec![b'a'; 257];
        tar.extend(b"ustar\0");
        assert_eq!(name(&tar), "a tar archive");
    }
}
