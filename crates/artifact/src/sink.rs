//! Where a table's bytes go: a temporary file, hashed on the way, and at the end the footer with
//! the checksum.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_format::ipc::planus::{self, Builder, ReadAsRoot};
use arrow_format::ipc::{self, FooterRef};
use tempfile::NamedTempFile;

use crate::checksum;
use crate::digest::Digest;
use crate::footer::{MAGIC, TAIL};
use crate::key;

/// The temporary file, hashed as it is written. While `capturing`, bytes are kept back instead.
pub(crate) struct Sink {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
    capturing: Arc<AtomicBool>,
    /// The end of the file, from the end-of-stream marker on, as arrow2 writes it.
    end: Vec<u8>,
}

impl Sink {
    pub(crate) fn new(file: NamedTempFile, capturing: Arc<AtomicBool>) -> Self {
        Self {
            file,
            hasher: blake3::Hasher::new(),
            bytes: 0,
            capturing,
            end: Vec::new(),
        }
    }

    /// Writes the end with the checksum in it, and `metadata` in its schema. Returns the file, its
    /// length and its digest.
    pub(crate) fn finish(
        mut self,
        metadata: Vec<(&'static str, String)>,
    ) -> io::Result<(NamedTempFile, u64, Digest)> {
        let unreadable = |_| io::Error::from(io::ErrorKind::InvalidData);
        // What arrow2 wrote: end-of-stream marker, footer, length, magic.
        let marker = 8.min(self.end.len());
        let (marker, rest) = self.end.split_at(marker);
        let footer = &rest[..rest.len().saturating_sub(TAIL)];
        let mut footer = FooterRef::read_as_root(footer)
            .and_then(ipc::Footer::try_from)
            .map_err(unreadable)?;
        footer.custom_metadata = Some(vec![ipc::KeyValue {
            key: Some(key::CHECKSUM.to_owned()),
            value: Some(String::from_utf8_lossy(&checksum::BLANK).into_owned()),
        }]);
        if let Some(schema) = &mut footer.schema {
            let pairs = metadata.into_iter().map(|(key, value)| ipc::KeyValue {
                key: Some(key.to_owned()),
                value: Some(value),
            });
            schema.custom_metadata.get_or_insert_default().extend(pairs);
        }
        let mut builder = Builder::new();
        let footer = builder.finish(&footer, None);

        let length = i32::try_from(footer.len())
            .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut end = marker.to_vec();
        let start = end.len();
        end.extend_from_slice(footer);
        end.extend_from_slice(&length.to_le_bytes());
        end.extend_from_slice(MAGIC);
        let place = checksum_place(footer).map_err(unreadable)?;
        let place = start + place..start + place + checksum::BLANK.len();
        let (checksum, _) = checksum::finish(self.hasher.clone(), &end, place.clone());
        end[place].copy_from_slice(checksum.to_string().as_bytes());

        self.hasher.update(&end);
        self.bytes += end.len() as u64;
        self.file.write_all(&end)?;
        Ok((self.file, self.bytes, self.hasher.finalize().into()))
    }
}

/// Where the checksum's digits lie in the footer's bytes.
fn checksum_place(footer: &[u8]) -> Result<usize, planus::Error> {
    let pairs = FooterRef::read_as_root(footer)?.custom_metadata()?;
    for pair in pairs.into_iter().flatten() {
        if let Some(value) = pair?.value()? {
            return Ok(value.as_ptr().addr() - footer.as_ptr().addr());
        }
    }
    Ok(0)
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.capturing.load(Ordering::Relaxed) {
            self.end.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
