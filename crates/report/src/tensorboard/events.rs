//! The bytes of an event file: records of protobuf messages with checksums.
//!
//! A record is its length (u64), a checksum of that, the message and a checksum of it, all
//! little-endian; the checksum is a masked CRC-32C:
//! <https://github.com/tensorflow/docs/blob/r1.10/site/en/api_guides/python/python_io.md#tfrecords-format-details>.
//! The messages, of which few fields are needed:
//! <https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto> and
//! `summary.proto` beside it.

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C by its name in the catalogue.
const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// What every file begins with.
const FILE_VERSION: &[u8] = b"brain.Event:2";

/// How a field is written: eight bytes, a number of one to ten bytes, bytes with their length, four bytes.
#[derive(Clone, Copy)]
enum Wire {
    Eight = 1,
    Varint = 0,
    Bytes = 2,
    Four = 5,
}

/// An event file in the making.
pub(crate) struct Events {
    bytes: Vec<u8>,
}

impl Events {
    /// A file without events.
    pub(crate) fn new() -> Self {
        let mut events = Self { bytes: Vec::new() };
        let mut message = Vec::new();
        bytes(&mut message, 3, FILE_VERSION);
        events.record(&message);
        events
    }

    /// Adds what was measured after a step: names and values. The event's time is as many seconds as
    /// steps, so that equal trainings have equal bytes.
    pub(crate) fn push(&mut self, step: u64, values: &[(&str, f32)]) {
        let mut summary = Vec::new();
        for (name, value) in values {
            let mut scalar = Vec::new();
            bytes(&mut scalar, 1, name.as_bytes());
            key(&mut scalar, 2, Wire::Four);
            scalar.extend(value.to_le_bytes());
            bytes(&mut summary, 1, &scalar);
        }
        let mut message = Vec::new();
        key(&mut message, 1, Wire::Eight);
        message.extend((step as f64).to_le_bytes());
        key(&mut message, 2, Wire::Varint);
        varint(&mut message, step);
        bytes(&mut message, 5, &summary);
        self.record(&message);
    }

    /// The file's bytes.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn record(&mut self, message: &[u8]) {
        let length = (message.len() as u64).to_le_bytes();
        for part in [length.as_slice(), message] {
            self.bytes.extend(part);
            self.bytes.extend(masked_crc(part).to_le_bytes());
        }
    }
}

fn key(message: &mut Vec<u8>, field: u64, wire: Wire) {
    varint(message, field << 3 | wire as u64);
}

fn bytes(message: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(message, field, Wire::Bytes);
    varint(message, value.len() as u64);
    message.extend(value);
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

fn masked_crc(bytes: &[u8]) -> u32 {
    let crc = CRC32C.checksum(bytes);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_tensorboards_own_writer() {
        let mut events = Events::new();
        events.push(300, &[("loss", 0.5)]);
        // Made by tensorboard 2.21.0: `RecordWriter` with `Event(wall_time=, step=, ...)`.
        let expected = concat!(
            "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc985129",
            "1b000000000000001a0d9e13090000000000c0724010ac022a0d0a0b0a046c6f7373150000003f27554a2e"
        );
        let hex: String = events
            .into_bytes()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(hex, expected);
    }
}
