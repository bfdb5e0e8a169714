//! Whether an Arrow file or stream claims no more than it can hold, before anybody decodes it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use arrow_format::ipc::planus::{self, ReadAsRoot};
use arrow_format::ipc::{CompressionType, FooterRef, MessageHeaderRef, MessageRef, RecordBatchRef};

use crate::footer::{HEAD, MAGIC, TAIL};

/// What the first four bytes of a message are, since version 0.15 of the format.
const MARKER: [u8; 4] = [0xff; 4];

/// The most that one byte of LZ4 stands for.
pub(crate) const LZ4: u64 = 256;

/// The most that one byte of zstd stands for: a block of 128 KiB takes at least four.
pub(crate) const ZSTD: u64 = 32 << 10;

/// What any buffer may claim.
const SMALL: u64 = 64 << 10;

/// Why a file is not sound.
#[derive(Debug)]
enum Flaw {
    Io(io::Error),
    Claim(&'static str),
    Flatbuffer(planus::Error),
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<planus::Error> for Flaw {
    fn from(error: planus::Error) -> Self {
        Self::Flatbuffer(error)
    }
}

/// Checks that lengths and places in an Arrow file or stream lie within it, and that what is compressed
/// cannot become more than its bytes allow. The file is read from its start again after this.
///
/// Decoders reserve memory by these numbers, so a damaged file of a kilobyte may ask for all there is.
///
/// # Errors
/// If the file cannot be read. The inner error says what a damaged file claims.
pub fn sound_arrow(mut file: &File) -> io::Result<Result<(), String>> {
    let result = check(file);
    file.rewind()?;
    match result {
        Ok(()) => Ok(Ok(())),
        Err(Flaw::Io(error)) => Err(error),
        Err(Flaw::Claim(what)) => Ok(Err(what.to_owned())),
        Err(Flaw::Flatbuffer(error)) => Ok(Err(error.to_string())),
    }
}

fn check(mut file: &File) -> Result<(), Flaw> {
    let length = file.metadata()?.len();
    file.rewind()?;
    let mut first = Vec::with_capacity(MAGIC.len());
    file.take(MAGIC.len() as u64).read_to_end(&mut first)?;
    match first == MAGIC {
        true => check_file(file, length),
        false => check_stream(file, length),
    }
}

fn check_file(mut file: &File, length: u64) -> Result<(), Flaw> {
    let footer = "its footer is longer than the file";
    let before_tail = length.checked_sub((HEAD + TAIL) as u64);
    let before_tail = before_tail.ok_or(Flaw::Claim(footer))?;
    file.seek(SeekFrom::Start(length - TAIL as u64))?;
    let mut size = [0; 4];
    file.read_exact(&mut size)?;
    let size = u64::from(u32::from_le_bytes(size));
    if size > before_tail {
        return Err(Flaw::Claim(footer));
    }
    let start = length - TAIL as u64 - size;
    let bytes = read_at(file, start, size)?;
    let footer = FooterRef::read_as_root(&bytes)?;
    let blocks = footer.dictionaries()?.into_iter().flatten();
    let blocks = blocks.chain(footer.record_batches()?.into_iter().flatten());
    let mut claimed = 0;
    for block in blocks {
        let outside = || Flaw::Claim("its footer names a block outside of the file");
        let place = u64::try_from(block.offset()).map_err(|_| outside())?;
        let head = u64::try_from(block.meta_data_length()).map_err(|_| outside())?;
        let body = u64::try_from(block.body_length()).map_err(|_| outside())?;
        let middle = place.checked_add(head).ok_or_else(outside)?;
        let end = middle.checked_add(body).ok_or_else(outside)?;
        claimed += end - place;
        if end > start || claimed > length {
            return Err(outside());
        }
        let message = read_at(file, place, head)?;
        let skipped = if message.starts_with(&MARKER) { 8 } else { 4 };
        let rest = message.get(skipped..).unwrap_or_default();
        check_message(file, rest, middle, body)?;
    }
    Ok(())
}

fn check_stream(mut file: &File, length: u64) -> Result<(), Flaw> {
    let cut = "it ends within a message";
    let mut place = 0;
    while place + 4 <= length {
        file.seek(SeekFrom::Start(place))?;
        let mut size = [0; 4];
        file.read_exact(&mut size)?;
        place += 4;
        if size == MARKER {
            if place + 4 > length {
                return Ok(());
            }
            file.read_exact(&mut size)?;
            place += 4;
        }
        let size = i32::from_le_bytes(size);
        let size = u64::try_from(size).map_err(|_| Flaw::Claim("a message has no length"))?;
        if size == 0 {
            return Ok(());
        }
        if size > length - place {
            return Err(Flaw::Claim(cut));
        }
        let message = read_at(file, place, size)?;
        place += size;
        let body = MessageRef::read_as_root(&message)?.body_length()?;
        let body = u64::try_from(body).map_err(|_| Flaw::Claim(cut))?;
        if body > length - place {
            return Err(Flaw::Claim(cut));
        }
        check_message(file, &message, place, body)?;
        place += body;
    }
    Ok(())
}

fn read_at(mut file: &File, place: u64, size: u64) -> Result<Vec<u8>, Flaw> {
    file.seek(SeekFrom::Start(place))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(Flaw::Claim("it ends within a message")),
    }
}

/// Checks the buffers that a message names in its body.
fn check_message(file: &File, message: &[u8], body: u64, length: u64) -> Result<(), Flaw> {
    let message = MessageRef::read_as_root(message)?;
    match message.header()? {
        Some(MessageHeaderRef::RecordBatch(batch)) => check_batch(file, batch, body, length),
        Some(MessageHeaderRef::DictionaryBatch(dictionary)) => match dictionary.data()? {
            Some(batch) => check_batch(file, batch, body, length),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn check_batch(file: &File, batch: RecordBatchRef<'_>, body: u64, length: u64) -> Result<(), Flaw> {
    let outside = || Flaw::Claim("a buffer is outside of its message");
    let each = match batch.compression()? {
        None => None,
        Some(compression) => Some(match compression.codec()? {
            CompressionType::Lz4Frame => LZ4,
            CompressionType::Zstd => ZSTD,
        }),
    };
    let mut reader = BufReader::with_capacity(64, file);
    let mut sum = 0;
    for buffer in batch.buffers()?.into_iter().flatten() {
        let start = u64::try_from(buffer.offset()).map_err(|_| outside())?;
        let size = u64::try_from(buffer.length()).map_err(|_| outside())?;
        let end = start.checked_add(size).ok_or_else(outside)?;
        if end > length {
            return Err(outside());
        }
        let Some(each) = each.filter(|_| size > 0) else {
            continue;
        };
        sum += size;
        if size < 8 || sum > length {
            return Err(outside());
        }
        reader.seek(SeekFrom::Start(body + start))?;
        let mut claimed = [0; 8];
        reader.read_exact(&mut claimed)?;
        // -1 stands for bytes that are not compressed.
        let claimed = i64::from_le_bytes(claimed);
        let most = (size - 8).saturating_mul(each).saturating_add(SMALL);
        if claimed < -1 || u64::try_from(claimed).is_ok_and(|claimed| claimed > most) {
            return Err(Flaw::Claim(
                "a compressed buffer claims more than it can hold",
            ));
        }
    }
    Ok(())
}
