//! Footers of other files, and footers that say what no artifact's says.

use std::fs::File;
use std::path::Path;

use arrow_format::ipc;
use arrow2::array::{BooleanArray, UInt64Array};
use arrow2::datatypes::{DataType, Field, Schema};
use arrow2::io::ipc::write::{FileWriter, WriteOptions};

use super::edits::edit_footer;
use super::samples::{refusal, sample_of, sample_with_metadata};
use crate::damage::Damage;
use crate::embeddings::Embeddings;
use crate::error::Error;
use crate::key;
use crate::kind::Kind;

/// The value of a key of the schema's metadata.
fn metadata<'a>(footer: &'a mut ipc::Footer, key: &str) -> &'a mut Option<String> {
    let schema = footer.schema.as_mut().unwrap();
    let pairs = schema.custom_metadata.as_mut().unwrap();
    let pair = pairs
        .iter_mut()
        .find(|pair| pair.key.as_deref() == Some(key));
    &mut pair.unwrap().value
}

fn fields(footer: &mut ipc::Footer) -> &mut Vec<ipc::Field> {
    footer.schema.as_mut().unwrap().fields.as_mut().unwrap()
}

#[test]
fn the_footer_says_what_the_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let refusal_after = |edit: fn(&mut ipc::Footer)| {
        let path = sample_of(folder.path(), Kind::Texts);
        edit_footer(&path, edit);
        refusal(&path)
    };
    macro_rules! refused {
        ($pattern:pat, $edit:expr) => {
            let error = refusal_after($edit);
            assert!(matches!(error, $pattern), "{error:?}");
        };
    }
    macro_rules! damaged {
        ($pattern:pat, $edit:expr) => {
            match refusal_after($edit) {
                Error::Damaged { damage, .. } => {
                    assert!(matches!(*damage, $pattern), "{damage:?}");
                }
                error => panic!("{error:?}"),
            }
        };
    }
    refused!(Error::NotAnArtifact { .. }, |footer| {
        footer.schema.as_mut().unwrap().custom_metadata = None;
    });
    refused!(
        Error::NewerVersion {
            found: 3,
            supported: 2,
            ..
        },
        |footer| *metadata(footer, key::VERSION) = Some("3".to_owned())
    );
    damaged!(Damage::Metadata { .. }, |footer| {
        *metadata(footer, key::VERSION) = Some("-1".to_owned());
    });
    damaged!(Damage::Metadata { .. }, |footer| {
        *metadata(footer, key::TEXTS) = Some("abc".to_owned());
    });
    damaged!(Damage::Missing { .. }, |footer| {
        *metadata(footer, key::PRODUCER) = None;
    });
    damaged!(Damage::Metadata { .. }, |footer| {
        *metadata(footer, key::CLASSES) = Some("no".to_owned());
    });
    damaged!(Damage::RepeatedName { .. }, |footer| {
        *metadata(footer, key::CLASSES) = Some(r#"["a", "a"]"#.to_owned());
    });
    damaged!(Damage::Kind(_), |footer| {
        *metadata(footer, key::KIND) = Some("tests".to_owned());
    });
    damaged!(Damage::Label { .. }, |footer| {
        *metadata(footer, key::CLASSES) = Some(r#"["a"]"#.to_owned());
    });
    refused!(
        Error::Columns {
            kind: Kind::Labels,
            ..
        },
        |footer| {
            *metadata(footer, key::KIND) = Some("labels".to_owned());
            *metadata(footer, key::TEXTS) = None;
        }
    );
    refused!(Error::Columns { .. }, |footer| {
        fields(footer).swap(0, 1);
    });
    refused!(Error::Columns { .. }, |footer| {
        fields(footer)[1].name = Some("Text".to_owned());
    });
    refused!(Error::Columns { .. }, |footer| {
        fields(footer)[1].nullable = true;
    });
    refused!(Error::Columns { .. }, |footer| {
        fields(footer).pop();
    });
    damaged!(Damage::UnknownType { .. }, |footer| {
        fields(footer)[1].type_ = Some(ipc::Type::Utf8(Box::new(ipc::Utf8 {})));
    });
    damaged!(Damage::UnknownType { .. }, |footer| {
        fields(footer)[1].type_ = None;
    });
    damaged!(Damage::Unsupported { .. }, |footer| {
        fields(footer)[1].dictionary = Some(Box::new(ipc::DictionaryEncoding {
            id: 0,
            index_type: None,
            is_ordered: false,
            dictionary_kind: ipc::DictionaryKind::DenseArray,
        }));
    });
    damaged!(Damage::Unsupported { .. }, |footer| {
        footer.dictionaries = footer.record_batches.clone();
    });
    damaged!(Damage::Unsupported { .. }, |footer| {
        footer.schema.as_mut().unwrap().endianness = ipc::Endianness::Big;
    });
    damaged!(Damage::Unsupported { .. }, |footer| {
        footer.version = ipc::MetadataVersion::V4;
    });
    damaged!(Damage::Missing { .. }, |footer| footer.schema = None);
    damaged!(Damage::Missing { .. }, |footer| {
        footer.custom_metadata = None;
    });
}

#[test]
fn the_columns_of_metadata_are_those_that_the_footer_names() {
    let folder = tempfile::tempdir().unwrap();
    let refusal_after = |edit: &dyn Fn(&mut ipc::Footer)| {
        let path = sample_with_metadata(folder.path());
        edit_footer(&path, edit);
        refusal(&path)
    };
    let named = |names: Option<&str>| {
        let names = names.map(str::to_owned);
        refusal_after(&|footer| *metadata(footer, key::METADATA) = names.clone())
    };
    for other in [
        None,
        Some("[]"),
        Some(r#"["stars"]"#),
        Some(r#"["größe", "stars"]"#),
        Some(r#"["stars", "größe", "more"]"#),
    ] {
        let error = named(other);
        assert!(matches!(error, Error::Columns { .. }), "{error:?}");
    }
    let damage = |error| match error {
        Error::Damaged { damage, .. } => *damage,
        error => panic!("{error:?}"),
    };
    for twice in [r#"["stars", "stars"]"#, r#"["stars", "text"]"#] {
        let damage = damage(named(Some(twice)));
        assert!(matches!(damage, Damage::RepeatedName { .. }), "{damage:?}");
    }
    let damage = damage(named(Some("{}")));
    assert!(matches!(damage, Damage::Metadata { .. }), "{damage:?}");
    let error = refusal_after(&|footer| fields(footer)[4].nullable = false);
    assert!(matches!(error, Error::Columns { .. }), "{error:?}");
    let error = refusal_after(&|footer| fields(footer).swap(4, 5));
    assert!(matches!(error, Error::Columns { .. }), "{error:?}");
}

#[test]
fn other_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.arrow");
    for bytes in [&b""[..], b"id,text\n1,hello\n", b"ARROW", &[0; 64]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(refusal(&path), Error::NotArrow { .. }));
    }
    let arrays = vec![
        UInt64Array::from_slice([1, 2]).boxed(),
        BooleanArray::from_slice([true, false]).boxed(),
    ];
    let schema = Schema::from(vec![
        Field::new("id", DataType::UInt64, false),
        Field::new("flag", DataType::Boolean, false),
    ]);
    let options = WriteOptions { compression: None };
    let file = File::create(&path).unwrap();
    let mut writer = FileWriter::try_new(file, schema, None, options).unwrap();
    let chunk = arrow2::chunk::Chunk::new(arrays);
    writer.write(&chunk, None).unwrap();
    writer.finish().unwrap();
    assert!(matches!(refusal(&path), Error::NotAnArtifact { .. }));

    for path in [folder.path(), Path::new("/dev/null")] {
        assert!(matches!(refusal(path), Error::NotAFile { .. }));
    }
    let path = folder.path().join("none");
    assert!(matches!(refusal(&path), Error::Read { .. }));
    assert!(matches!(
        Embeddings::open(sample_of(folder.path(), Kind::Texts)),
        Err(Error::WrongKind {
            expected: &[Kind::Embeddings],
            found: Kind::Texts,
            ..
        })
    ));
}
