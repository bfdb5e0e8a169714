//! The end of a file: magic, footer, what the table says of itself, where its batches lie.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use arrow_format::ipc::planus::{self, ReadAsRoot};
use arrow_format::ipc::{self, BlockRef, FieldRef, FooterRef, KeyValueRef, TypeRef};

use crate::columns::FileColumns;
use crate::damage::Damage;
use crate::digest::Digest;
use crate::key;
use crate::kind::{Kind, Producer};
use crate::origin::{OfTexts, Origin};
use crate::schema::{
    self, Column, ColumnType, Description, FORMAT_VERSION, Precision, column_names, has_classes,
};

/// Arrow's magic, at the beginning (padded to 8 bytes) and at the end.
pub(crate) const MAGIC: &[u8; 6] = b"ARROW1";
/// Bytes before the first message.
pub(crate) const HEAD: usize = 8;
/// Bytes after the footer: its length and the magic.
pub(crate) const TAIL: usize = 4 + MAGIC.len();

/// Why a file is not a table that this crate reads.
#[derive(Debug)]
pub(crate) enum Refusal {
    NotArrow,
    NotAnArtifact,
    NewerVersion(u32),
    Damaged(Damage),
}

impl From<Damage> for Refusal {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl From<planus::Error> for Refusal {
    fn from(error: planus::Error) -> Self {
        Self::Damaged(Damage::Flatbuffer(error))
    }
}

impl From<planus::Error> for Damage {
    fn from(error: planus::Error) -> Self {
        Self::Flatbuffer(error)
    }
}

/// A file's footer, read from its bytes.
pub(crate) struct Footer<'a> {
    pub(crate) description: Description,
    /// The blocks of the record batches, unchecked.
    pub(crate) blocks: Option<planus::Vector<'a, BlockRef<'a>>>,
    /// Where the footer begins in the file: batches lie before.
    pub(crate) start: usize,
    /// The checksum's digits and where they lie in the file.
    pub(crate) checksum: (&'a str, Range<usize>),
}

impl<'a> Footer<'a> {
    /// Reads the footer of `file`, all of a file's bytes.
    pub(crate) fn read(file: &'a [u8]) -> Result<Self, Refusal> {
        let range = locate(file)?;
        let footer = FooterRef::read_as_root(&file[range.clone()])?;
        let schema = footer.schema()?.ok_or(Damage::Missing {
            what: "the schema in its footer",
        })?;
        let description = describe(schema)?;
        if footer.version()? != ipc::MetadataVersion::V5 {
            return Err(Damage::Unsupported {
                what: "another metadata version than 5",
            }
            .into());
        }
        if footer
            .dictionaries()?
            .is_some_and(|blocks| !blocks.is_empty())
        {
            return Err(Damage::Unsupported {
                what: "dictionaries",
            }
            .into());
        }
        let checksum = pairs(footer.custom_metadata()?)?
            .remove(key::CHECKSUM)
            .ok_or(Damage::Missing {
                what: Damage::NO_CHECKSUM,
            })?;
        // `checksum` is a slice of `file`, so the difference is its place there.
        let at = checksum.as_ptr().addr() - file.as_ptr().addr();
        Ok(Self {
            description,
            blocks: footer.record_batches()?,
            start: range.start,
            checksum: (checksum, at..at + checksum.len()),
        })
    }
}

/// Where the footer's flatbuffer lies in `file`.
fn locate(file: &[u8]) -> Result<Range<usize>, Refusal> {
    if !file.starts_with(MAGIC) {
        return Err(Refusal::NotArrow);
    }
    let bytes = file.len() as u64;
    let Some(end) = file.len().checked_sub(TAIL).filter(|end| *end >= HEAD) else {
        return Err(Damage::Truncated { bytes }.into());
    };
    let (length, magic) = file[end..].split_at(4);
    if magic != MAGIC {
        return Err(Damage::Truncated { bytes }.into());
    }
    let length = match <[u8; 4]>::try_from(length) {
        Ok(length) => i32::from_le_bytes(length),
        Err(_) => return Err(Damage::Truncated { bytes }.into()),
    };
    let start = usize::try_from(length)
        .ok()
        .and_then(|length| end.checked_sub(length))
        .filter(|start| *start >= HEAD && *start < end);
    match start {
        Some(start) => Ok(start..end),
        None => Err(Damage::FooterLength {
            length: length.into(),
            bytes,
        }
        .into()),
    }
}

/// What the schema says of the table. The columns are read, not yet compared with the kind's.
fn describe(schema: ipc::SchemaRef<'_>) -> Result<Description, Refusal> {
    let metadata = pairs(schema.custom_metadata()?)?;
    let kind = metadata.get(key::KIND).ok_or(Refusal::NotAnArtifact)?;
    let version = number(&metadata, key::VERSION)?;
    if version > FORMAT_VERSION {
        return Err(Refusal::NewerVersion(version));
    }
    let kind: Kind = kind.parse().map_err(Damage::Kind)?;
    if schema.endianness()? != ipc::Endianness::Little {
        return Err(Damage::Unsupported {
            what: "big-endian numbers",
        }
        .into());
    }
    let producer = Producer {
        stage: value(&metadata, key::PRODUCER)?.to_owned(),
        version: number(&metadata, key::PRODUCER_VERSION)?,
    };
    let classes = if has_classes(kind) {
        names(&metadata, key::CLASSES)?
    } else {
        Vec::new()
    };
    let objectives = if kind == Kind::Selection {
        names(&metadata, key::OBJECTIVES)?
    } else {
        Vec::new()
    };
    let texts_metadata = if kind == Kind::Texts && metadata.contains_key(key::METADATA) {
        metadata_names(&metadata)?
    } else {
        Vec::new()
    };
    let fields = schema.fields()?.ok_or(Damage::Missing {
        what: "the list of its columns",
    })?;
    let columns = fields
        .iter()
        .map(|field| column(field?))
        .collect::<Result<_, Damage>>()?;
    Ok(Description {
        kind,
        version,
        producer,
        classes,
        objectives,
        metadata: texts_metadata,
        columns,
        file_columns: file_columns(&metadata)?,
        texts: match kind {
            Kind::Texts => digest(&metadata)?,
            _ => None,
        },
        origin: match kind {
            Kind::Texts => Origin::default(),
            _ => origin(&metadata)?,
        },
    })
}

/// The digest of the texts, where there is one.
fn digest(metadata: &BTreeMap<&str, &str>) -> Result<Option<Digest>, Damage> {
    let parse = |value: &&str| {
        value.parse().map_err(|_| Damage::Metadata {
            key: key::TEXTS,
            value: (*value).to_owned(),
        })
    };
    metadata.get(key::TEXTS).map(parse).transpose()
}

/// What a table that is not of texts was made from.
fn origin(metadata: &BTreeMap<&str, &str>) -> Result<Origin, Damage> {
    let texts = match digest(metadata)? {
        None => None,
        Some(digest) => Some(OfTexts {
            digest,
            file: value(metadata, key::TEXTS_FILE)?.to_owned(),
            rows: number(metadata, key::TEXTS_ROWS)?,
        }),
    };
    Ok(Origin {
        texts,
        model: metadata.get(key::MODEL).map(|name| (*name).to_owned()),
    })
}

/// What the columns of the texts' file were called, where that is known.
fn file_columns(metadata: &BTreeMap<&str, &str>) -> Result<FileColumns, Damage> {
    let Some(json) = metadata.get(key::COLUMNS) else {
        return Ok(FileColumns::default());
    };
    serde_json::from_str(json).map_err(|_| Damage::Metadata {
        key: key::COLUMNS,
        value: (*json).to_owned(),
    })
}

type KeyValues<'a> = planus::Vector<'a, planus::Result<KeyValueRef<'a>>>;

/// Metadata by key. A pair without key or value is left out; of two with one key the last counts.
fn pairs<'a>(list: Option<KeyValues<'a>>) -> Result<BTreeMap<&'a str, &'a str>, Damage> {
    let mut pairs = BTreeMap::new();
    for pair in list.into_iter().flatten() {
        let pair = pair?;
        if let (Some(key), Some(value)) = (pair.key()?, pair.value()?) {
            pairs.insert(key, value);
        }
    }
    Ok(pairs)
}

fn value<'a>(metadata: &BTreeMap<&'a str, &'a str>, key: &'static str) -> Result<&'a str, Damage> {
    metadata
        .get(key)
        .copied()
        .ok_or(Damage::Missing { what: key })
}

fn number<T: FromStr>(metadata: &BTreeMap<&str, &str>, key: &'static str) -> Result<T, Damage> {
    let value = value(metadata, key)?;
    value.parse().map_err(|_| Damage::Metadata {
        key,
        value: value.to_owned(),
    })
}

fn names(metadata: &BTreeMap<&str, &str>, key: &'static str) -> Result<Vec<String>, Damage> {
    let value = value(metadata, key)?;
    let names: Vec<String> = serde_json::from_str(value).map_err(|_| Damage::Metadata {
        key,
        value: value.to_owned(),
    })?;
    different(key, &names)?;
    Ok(names)
}

/// The names of metadata columns, which differ from those of all texts' columns too.
fn metadata_names(metadata: &BTreeMap<&str, &str>) -> Result<Vec<String>, Damage> {
    let names = names(metadata, key::METADATA)?;
    different(key::METADATA, &column_names(&schema::texts(&names)))?;
    Ok(names)
}

fn different(key: &'static str, names: &[String]) -> Result<(), Damage> {
    match schema::repeated(names) {
        Some(name) => Err(Damage::RepeatedName {
            key,
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

/// One column, as the schema describes it.
fn column(field: FieldRef<'_>) -> Result<Column, Damage> {
    let name = field.name()?.unwrap_or_default().to_owned();
    if field.dictionary()?.is_some() {
        return Err(Damage::Unsupported {
            what: "dictionaries",
        });
    }
    match column_type(field)? {
        Some(kind) => Ok(Column {
            name,
            kind,
            nullable: field.nullable()?,
        }),
        None => Err(Damage::UnknownType { column: name }),
    }
}

/// The type of a column, `None` where it is none that Goldpan writes.
fn column_type(field: FieldRef<'_>) -> Result<Option<ColumnType>, Damage> {
    let Some(kind) = field.type_()? else {
        return Ok(None);
    };
    Ok(match kind {
        TypeRef::Int(int) => match (int.bit_width()?, int.is_signed()?) {
            (64, false) => Some(ColumnType::U64),
            (32, false) => Some(ColumnType::U32),
            (32, true) => Some(ColumnType::I32),
            _ => None,
        },
        TypeRef::FloatingPoint(float) => match precision(float.precision()?) {
            Some(Precision::F32) => Some(ColumnType::F32),
            _ => None,
        },
        TypeRef::LargeUtf8(_) => Some(ColumnType::Text),
        TypeRef::FixedSizeList(list) => vector(field, list.list_size()?)?,
        _ => None,
    })
}

/// The type of a fixed-size list of `width` values.
fn vector(field: FieldRef<'_>, width: i32) -> Result<Option<ColumnType>, Damage> {
    let Some(children) = field.children()? else {
        return Ok(None);
    };
    let (Some(child), 1) = (children.get(0), children.len()) else {
        return Ok(None);
    };
    let child = child?;
    if child.nullable()? || child.dictionary()?.is_some() {
        return Ok(None);
    }
    let Some(TypeRef::FloatingPoint(float)) = child.type_()? else {
        return Ok(None);
    };
    let (Some(precision), Ok(width @ 1..)) = (precision(float.precision()?), width.try_into())
    else {
        return Ok(None);
    };
    Ok(Some(ColumnType::Vector { precision, width }))
}

fn precision(precision: ipc::Precision) -> Option<Precision> {
    match precision {
        ipc::Precision::Half => Some(Precision::F16),
        ipc::Precision::Single => Some(Precision::F32),
        ipc::Precision::Double => None,
    }
}
