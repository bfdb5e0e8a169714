//! A file of text: opened, unpacked and decoded, as often as need be.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use goldpan_sources::{Format, Layout};

use crate::decode::Text;
use crate::encoding::Encoding;
use crate::error::Error;
use crate::note::Notes;
use crate::seen::{FIRST, Seen};
use crate::unpack::unpacked;

/// Bytes read from the disk at once.
const BUFFER: usize = 256 << 10;

/// Bytes that are looked at for the encoding.
const HEAD: usize = 16 << 10;

/// Counts the bytes read from the disk.
pub(crate) type Count = Arc<AtomicU64>;

/// A file whose reads are counted.
struct Counted {
    file: File,
    count: Count,
}

impl Read for Counted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// A reader that fails once.
struct Fails(Option<io::Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// A file of text.
pub(crate) struct TextFile<'a> {
    pub path: &'a Path,
    /// What its first bytes are.
    pub seen: Seen,
    pub layout: &'a Layout,
}

impl TextFile<'_> {
    /// Opens its text from the start.
    pub fn open(&self, count: &Count, notes: &Notes) -> Result<Text, Error> {
        let counted = Counted {
            file: File::open(self.path).map_err(Error::read(self.path))?,
            count: count.clone(),
        };
        let file = BufReader::with_capacity(BUFFER, counted);
        let mut bytes = unpacked(file, self.seen).map_err(Error::read(self.path))?;
        let mut head = Vec::new();
        let result = bytes.by_ref().take(HEAD as u64).read_to_end(&mut head);
        if let Err(error) = result {
            // A fault after the first bytes is one of what comes after them.
            if head.is_empty() {
                return Err(Error::read(self.path)(error));
            }
            bytes = Box::new(BufReader::new(Fails(Some(error))));
        }
        if self.seen != Seen::Other {
            self.check_inside(&head)?;
        }
        let encoding = self.encoding(&head, notes)?;
        let mut start = Cursor::new(head.clone());
        start.set_position(encoding.mark as u64);
        let bytes: Box<dyn BufRead> = Box::new(start.chain(bytes));
        let invalid = self.layout.invalid_text;
        Ok(Text::new(
            bytes,
            encoding.encoding,
            &head,
            invalid,
            notes.clone(),
        ))
    }

    /// The text from the start for a look ahead, of which nothing is counted.
    pub fn again(&self) -> Result<Box<dyn BufRead>, Error> {
        let text = self.open(&Count::default(), &Notes::new(self.path))?;
        Ok(Box::new(text))
    }

    /// Checks that what was packed is text.
    fn check_inside(&self, head: &[u8]) -> Result<(), Error> {
        let path = self.path.to_owned();
        let first = &head[..head.len().min(FIRST)];
        match Seen::of(first) {
            Seen::Other => Ok(()),
            Seen::Parquet => Err(Error::Compressed {
                path,
                format: Format::Parquet,
            }),
            Seen::ArrowFile | Seen::ArrowStream => Err(Error::Compressed {
                path,
                format: Format::Arrow,
            }),
            Seen::Gzip | Seen::Zstd => Err(Error::Refused {
                path,
                found: "compressed twice",
                advice: "unpack it once",
            }),
            Seen::Foreign(found, advice) => Err(Error::Refused {
                path,
                found,
                advice,
            }),
        }
    }

    fn encoding(&self, head: &[u8], notes: &Notes) -> Result<crate::encoding::Detected, Error> {
        let asked = match &self.layout.encoding {
            None => None,
            Some(name) => match Encoding::of_name(name) {
                None => return Err(Error::UnknownEncoding { name: name.clone() }),
                known => known,
            },
        };
        let found = Encoding::detect(head, asked);
        let name = found.encoding.name();
        match asked {
            _ if found.guessed => notes.say(format_args!(
                "has no byte order mark and is read as {name}, as its zero bytes show; give \
                 --encoding if it is not"
            )),
            Some(asked)
                if found.mark > 0 && asked != found.encoding && !same_family(asked, name) =>
            {
                notes.say(format_args!(
                    "begins with the mark of {name} and is read so, not as {}",
                    asked.name()
                ));
            }
            _ => {}
        }
        Ok(found)
    }
}

/// Whether the mark only says which of two byte orders it is.
fn same_family(asked: Encoding, name: &str) -> bool {
    let family = |name: &str| {
        name.trim_end_matches("LE")
            .trim_end_matches("BE")
            .to_owned()
    };
    family(asked.name()) == family(name)
}
