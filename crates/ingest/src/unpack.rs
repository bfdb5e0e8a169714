//! Unpacking gzip and zstd as their writers really leave them.
//!
//! gzip files may have several members, as bgzip and `cat` make them, and zeros after the last
//! one, as tapes and block devices leave; both are read. Anything else after the data, and data
//! that ends early, is an error that says so.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use crate::broken::Broken;
use crate::seen::Seen;

/// Bytes unpacked at once.
const BUFFER: usize = 256 << 10;

/// The largest window that zstd knows, as `zstd --long=31` uses it. The decoder takes as much
/// memory as the data fills.
const WINDOW: u32 = 31;

/// Unpacks what `seen` says is packed.
pub(crate) fn unpacked<R: BufRead + 'static>(file: R, seen: Seen) -> io::Result<Box<dyn BufRead>> {
    Ok(match seen {
        Seen::Gzip => Box::new(BufReader::with_capacity(BUFFER, Gzip::new(file))),
        Seen::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
            decoder.window_log_max(WINDOW)?;
            Box::new(BufReader::with_capacity(BUFFER, Named(decoder)))
        }
        _ => Box::new(file),
    })
}

/// Counts what is taken out of a reader.
struct Counted<R> {
    inner: R,
    taken: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.taken += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.inner.consume(amount);
    }
}

/// The members of a gzip file, one after the other.
struct Gzip<R> {
    /// The member that is read; none between two and at the end.
    member: Option<GzDecoder<Counted<R>>>,
    rest: Option<Counted<R>>,
}

const GZIP: &str = "gzip";

impl<R: BufRead> Gzip<R> {
    fn new(inner: R) -> Self {
        Self {
            member: Some(GzDecoder::new(Counted { inner, taken: 0 })),
            rest: None,
        }
    }

    /// Starts the next member; false at the end of the file.
    fn next_member(&mut self) -> io::Result<bool> {
        let Some(mut rest) = self.rest.take() else {
            return Ok(false);
        };
        let at = rest.taken;
        match rest.fill_buf()? {
            [] => return Ok(false),
            [0x1f, 0x8b, ..] | [0x1f] => {
                self.member = Some(GzDecoder::new(rest));
                return Ok(true);
            }
            _ => {}
        }
        loop {
            let bytes = rest.fill_buf()?;
            if bytes.is_empty() {
                return Ok(false);
            }
            if bytes.iter().any(|byte| *byte != 0) {
                return Err(Broken::Trailing { packing: GZIP, at }.into());
            }
            let length = bytes.len();
            rest.consume(length);
        }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else {
                if !self.next_member()? {
                    return Ok(0);
                }
                continue;
            };
            let read = member.read(bytes).map_err(|source| named(GZIP, source))?;
            if read > 0 || bytes.is_empty() {
                return Ok(read);
            }
            self.rest = self.member.take().map(GzDecoder::into_inner);
        }
    }
}

/// zstd's frames, with its errors named.
struct Named<R>(R);

impl<R: Read> Read for Named<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes).map_err(|source| named("zstd", source))
    }
}

/// A decompressor's error: data that ends early, or is wrong.
fn named(packing: &'static str, source: io::Error) -> io::Error {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => Broken::Cut { packing }.into(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other => {
            Broken::Packing { packing, source }.into()
        }
        _ => source,
    }
}
