//! Batches that lie where they may not, or lack what their columns need.

use arrow_format::ipc;

use super::edits::{edit_footer, edit_last_batch};
use super::samples::{damage, producer, sample_of, survives};
use crate::damage::Damage;
use crate::kind::Kind;
use crate::texts::TextsWriter;

#[test]
fn blocks_must_be_apart_inside_and_aligned() {
    type Edit = fn(&mut Vec<ipc::Block>);
    let edits: [Edit; 8] = [
        |blocks| blocks.insert(1, blocks[0]),
        |blocks| blocks.swap(0, 1),
        |blocks| blocks[0].offset = -8,
        |blocks| blocks[0].offset = 0,
        |blocks| blocks[1].offset += 4,
        |blocks| blocks[1].meta_data_length = -1,
        |blocks| blocks[1].body_length = i64::MAX,
        |blocks| blocks[1].body_length += 4096,
    ];
    let folder = tempfile::tempdir().unwrap();
    for edit in edits {
        let path = sample_of(folder.path(), Kind::Texts);
        edit_footer(&path, |footer| {
            edit(footer.record_batches.as_mut().unwrap())
        });
        let damage = damage(&path);
        assert!(matches!(damage, Damage::Block { .. }), "{damage:?}");
    }
}

#[test]
fn batches_must_have_the_parts_of_their_columns() {
    type Edit = fn(&mut ipc::Message, &mut ipc::RecordBatch);
    let folder = tempfile::tempdir().unwrap();
    let damage_after = |edit: Edit| {
        let path = sample_of(folder.path(), Kind::Texts);
        edit_last_batch(&path, edit);
        damage(&path)
    };
    // An edit that changes nothing leaves the file whole: the edits below are what is refused.
    let path = sample_of(folder.path(), Kind::Texts);
    edit_last_batch(&path, |_, _| ());
    assert!(survives(&path));

    let buffers: [Edit; 6] = [
        |_, batch| batch.buffers.as_mut().unwrap()[1].length -= 1,
        |_, batch| batch.buffers.as_mut().unwrap()[1].offset = 4,
        |_, batch| batch.buffers.as_mut().unwrap()[1].offset = -64,
        |_, batch| batch.buffers.as_mut().unwrap()[1].length = i64::MAX,
        |_, batch| batch.buffers.as_mut().unwrap()[3].length = 8,
        |_, batch| batch.buffers.as_mut().unwrap()[4].length = 1,
    ];
    for edit in buffers {
        let damage = damage_after(edit);
        assert!(matches!(damage, Damage::Buffer { .. }), "{damage:?}");
    }
    let parts: [Edit; 5] = [
        |_, batch| batch.buffers.as_mut().unwrap().truncate(3),
        |_, batch| batch.nodes.as_mut().unwrap().truncate(3),
        |_, batch| batch.nodes = None,
        |_, batch| {
            let buffers = batch.buffers.as_mut().unwrap();
            buffers.push(buffers[0]);
        },
        |message, _| {
            message.header = Some(ipc::MessageHeader::Schema(Box::new(ipc::Schema {
                endianness: ipc::Endianness::Little,
                fields: None,
                custom_metadata: None,
                features: None,
            })));
        },
    ];
    for edit in parts {
        let damage = damage_after(edit);
        assert!(matches!(damage, Damage::Parts { .. }), "{damage:?}");
    }
    let lengths: [Edit; 3] = [
        |_, batch| batch.length += 1,
        |_, batch| batch.length = i64::MAX,
        |_, batch| batch.nodes.as_mut().unwrap()[2].length = -1,
    ];
    for edit in lengths {
        let damage = damage_after(edit);
        assert!(matches!(damage, Damage::ColumnRows { .. }), "{damage:?}");
    }
    let damage = damage_after(|_, batch| batch.length = -1);
    assert!(matches!(damage, Damage::Block { .. }), "{damage:?}");
    let damage = damage_after(|message, _| message.body_length += 1 << 20);
    assert!(matches!(damage, Damage::Block { .. }), "{damage:?}");
    let damage = damage_after(|_, batch| {
        batch.compression = Some(Box::new(ipc::BodyCompression {
            codec: ipc::CompressionType::Zstd,
            method: ipc::BodyCompressionMethod::Buffer,
        }));
    });
    assert!(matches!(damage, Damage::Unsupported { .. }), "{damage:?}");
    let damage = damage_after(|message, _| message.version = ipc::MetadataVersion::V4);
    assert!(matches!(damage, Damage::Unsupported { .. }), "{damage:?}");
    // Ids without nulls, a null too many, a null too few.
    let damage = damage_after(|_, batch| batch.nodes.as_mut().unwrap()[0].null_count = 1);
    assert!(matches!(damage, Damage::Nulls { .. }), "{damage:?}");
    let damage = damage_after(|_, batch| batch.nodes.as_mut().unwrap()[2].null_count += 1);
    assert!(matches!(damage, Damage::NullCount { .. }), "{damage:?}");
    let damage = damage_after(|_, batch| batch.nodes.as_mut().unwrap()[2].null_count = -1);
    assert!(matches!(damage, Damage::NullCount { .. }), "{damage:?}");
}

#[test]
fn vectors_must_have_their_width() {
    let folder = tempfile::tempdir().unwrap();
    for edit in [
        (|batch| batch.nodes.as_mut().unwrap()[2].length = 5) as fn(&mut ipc::RecordBatch),
        |batch| batch.nodes.as_mut().unwrap()[2].length = i64::MAX,
    ] {
        let path = sample_of(folder.path(), Kind::Embeddings);
        edit_last_batch(&path, |_, batch| edit(batch));
        let damage = damage(&path);
        assert!(matches!(damage, Damage::ColumnRows { .. }), "{damage:?}");
    }
    let path = sample_of(folder.path(), Kind::Embeddings);
    edit_last_batch(&path, |_, batch| {
        batch.nodes.as_mut().unwrap()[2].null_count = 1;
    });
    assert!(matches!(damage(&path), Damage::Nulls { .. }));
    // A width in the schema that the batches do not have.
    let path = sample_of(folder.path(), Kind::Embeddings);
    edit_footer(&path, |footer| {
        let fields = footer.schema.as_mut().unwrap().fields.as_mut().unwrap();
        let width = ipc::FixedSizeList {
            list_size: i32::MAX,
        };
        fields[1].type_ = Some(ipc::Type::FixedSizeList(Box::new(width)));
    });
    assert!(matches!(damage(&path), Damage::ColumnRows { .. }));
}

/// A small file with many columns whose footer lists a block again and again asks for no more memory
/// than its own bytes account for.
#[test]
fn nothing_is_reserved_for_batches_that_are_only_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.arrow");
    let metadata: Vec<String> = (0..500).map(|column| format!("column {column}")).collect();
    let mut writer = TextsWriter::create_with(&path, &[], &metadata, producer()).unwrap();
    writer
        .push_with(0, "text", None, None, &vec![None::<&str>; 500])
        .unwrap();
    writer.finish().unwrap();
    edit_footer(&path, |footer| {
        let blocks = footer.record_batches.as_mut().unwrap();
        *blocks = vec![blocks[0]; 100_000];
    });
    let bytes = std::fs::metadata(&path).unwrap().len();
    let mut found = None;
    let allocated = allocation_counter::measure(|| found = Some(damage(&path)));
    assert!(
        matches!(found, Some(Damage::Block { batch: 1 })),
        "{found:?}"
    );
    assert!(
        allocated.bytes_max < 10 * bytes,
        "{} bytes for {bytes}",
        allocated.bytes_max
    );
}
