//! Rewriting a file's footer and a batch's description.

use std::path::Path;

use arrow_format::ipc;
use arrow_format::ipc::planus::{Builder, ReadAsRoot};

use crate::footer::{MAGIC, TAIL};

/// The file at `path`: what lies before its footer, and its footer.
fn read(path: &Path) -> (Vec<u8>, ipc::Footer) {
    let mut bytes = std::fs::read(path).unwrap();
    let end = bytes.len() - TAIL;
    let length = i32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize;
    let footer = ipc::FooterRef::read_as_root(&bytes[end - length..end]).unwrap();
    let footer = ipc::Footer::try_from(footer).unwrap();
    bytes.truncate(end - length);
    (bytes, footer)
}

/// Writes what [`read`] returned.
fn write(path: &Path, mut bytes: Vec<u8>, footer: &ipc::Footer) {
    let mut builder = Builder::new();
    let footer = builder.finish(footer, None);
    bytes.extend(footer);
    bytes.extend((footer.len() as i32).to_le_bytes());
    bytes.extend(MAGIC);
    std::fs::write(path, bytes).unwrap();
}

/// Rewrites the footer of the file at `path`. The checksum no longer holds.
pub(super) fn edit_footer(path: &Path, edit: impl FnOnce(&mut ipc::Footer)) {
    let (bytes, mut footer) = read(path);
    edit(&mut footer);
    write(path, bytes, &footer);
}

/// Rewrites the last batch's description in the file at `path`. A header that `edit` puts into
/// the message takes the place of the batch's. The checksum no longer holds.
pub(super) fn edit_last_batch(
    path: &Path,
    edit: impl FnOnce(&mut ipc::Message, &mut ipc::RecordBatch),
) {
    let (mut bytes, mut footer) = read(path);
    let block = footer.record_batches.as_mut().unwrap().last_mut().unwrap();
    let start = block.offset as usize;
    let body = start + block.meta_data_length as usize;
    let message = ipc::MessageRef::read_as_root(&bytes[start + 8..body]).unwrap();
    let mut message = ipc::Message::try_from(message).unwrap();
    let Some(ipc::MessageHeader::RecordBatch(mut batch)) = message.header.take() else {
        panic!("no record batch");
    };
    edit(&mut message, &mut batch);
    let header = ipc::MessageHeader::RecordBatch(batch);
    message.header = message.header.or(Some(header));

    let mut builder = Builder::new();
    let mut description = builder.finish(&message, None).to_vec();
    description.resize(description.len().next_multiple_of(8), 0);
    let rest = bytes.split_off(body);
    bytes.truncate(start);
    bytes.extend([0xff; 4]);
    bytes.extend((description.len() as i32).to_le_bytes());
    bytes.extend(&description);
    bytes.extend(rest);
    block.meta_data_length = description.len() as i32 + 8;
    write(path, bytes, &footer);
}
