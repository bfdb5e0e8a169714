//! Parquet and Arrow files: batches of columns, of which only the wanted ones are read.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Schema};
use goldpan_artifact::{Caught, ColumnPages, Packing, caught, sound_arrow, sound_pages};
use goldpan_sources::Format;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use crate::carried::Carried;
use crate::cell::{is_bytes, is_kept, is_label, is_plain, is_text, item, value};
use crate::error::{At, Error, Place};
use crate::header::check_names;
use crate::note::Notes;
use crate::row::{Found, Names, Row, Source, Wanted};
use crate::textfile::Count;
use crate::tool::Verdict;

/// Rows of a Parquet batch.
const ROWS: usize = 8192;

/// Opens a Parquet file.
pub(crate) fn parquet(
    path: &Path,
    wanted: &Wanted,
    count: &Count,
) -> Result<Box<dyn Source>, Error> {
    let file = File::open(path).map_err(Error::read(path))?;
    if !ends_with(&file, b"PAR1").map_err(Error::read(path))? {
        return Err(
            match ends_with(&file, b"PARE").map_err(Error::read(path))? {
                true => Error::Refused {
                    path: path.to_owned(),
                    found: "an encrypted Parquet file",
                    advice: "decrypt it first",
                },
                false => Error::CutShort {
                    path: path.to_owned(),
                    what: "Parquet data",
                },
            },
        );
    }
    let wrong = |source| Error::Parquet {
        path: path.to_owned(),
        source,
    };
    let length = file.metadata().map_err(Error::read(path))?.len();
    let again = file.try_clone().map_err(Error::read(path))?;
    let builder = caught(ParquetError::General, || {
        ParquetRecordBatchReaderBuilder::try_new(file)
    })
    .map_err(wrong)?;
    let found = find(path, builder.schema(), wanted)?;
    let carried = carried(builder.schema(), &found);
    let columns = found.columns();
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    let sound = sound_pages(&again, pages(builder.metadata(), &mask)).map_err(Error::read(path))?;
    sound.map_err(|claim| wrong(ParquetError::General(claim)))?;
    let rows = builder.metadata().file_metadata().num_rows().max(1);
    // A batch that goes over two row groups has its dictionary in the order of its rows, and without
    // names that no row has: the first batch must not.
    let first = builder.metadata().row_groups().first();
    let first = first.and_then(|group| usize::try_from(group.num_rows()).ok());
    let batch_rows = match (&carried, first) {
        (Some(carried), Some(first)) if carried.fixed => first.clamp(1, ROWS),
        _ => ROWS,
    };
    let builder = builder.with_projection(mask).with_batch_size(batch_rows);
    let batches = caught(ParquetError::General, || builder.build()).map_err(wrong)?;
    let share = length as f64 / rows as f64;
    let batches = counted(batches, count, move |batch| batch.num_rows() as f64 * share);
    Ok(Batches::boxed(
        path,
        Format::Parquet,
        found,
        carried,
        wanted.numbers,
        batches,
    ))
}

/// The pages of the columns that are read.
fn pages<'a>(
    metadata: &'a ParquetMetaData,
    mask: &'a ProjectionMask,
) -> impl Iterator<Item = ColumnPages> + 'a {
    let groups = metadata.row_groups().iter();
    groups.flat_map(|group| {
        let columns = group.columns().iter().enumerate();
        let read = columns.filter(|(leaf, _)| mask.leaf_included(*leaf));
        read.map(|(_, column)| {
            let start = column
                .dictionary_page_offset()
                .unwrap_or_else(|| column.data_page_offset());
            ColumnPages {
                start: u64::try_from(start).unwrap_or_default(),
                length: u64::try_from(column.compressed_size()).unwrap_or_default(),
                packing: match column.compression() {
                    Compression::UNCOMPRESSED => Packing::Plain,
                    Compression::SNAPPY => Packing::Snappy,
                    Compression::LZ4 | Compression::LZ4_RAW => Packing::Lz4,
                    Compression::GZIP(_) => Packing::Gzip,
                    _ => Packing::Zstd,
                },
                value: match column.column_type() {
                    Type::BYTE_ARRAY | Type::INT32 | Type::FLOAT => 4,
                    Type::INT64 | Type::DOUBLE => 8,
                    Type::INT96 => 12,
                    Type::BOOLEAN | Type::FIXED_LEN_BYTE_ARRAY => 0,
                },
            }
        })
    })
}

/// Opens an Arrow file or stream.
pub(crate) fn arrow(
    path: &Path,
    wanted: &Wanted,
    count: &Count,
    notes: &Notes,
) -> Result<Box<dyn Source>, Error> {
    let file = File::open(path).map_err(Error::read(path))?;
    let wrong = |source| Error::Arrow {
        path: path.to_owned(),
        format: Format::Arrow,
        source,
    };
    let sound = || {
        let sound = sound_arrow(&file).map_err(Error::read(path))?;
        sound.map_err(|claim| wrong(ArrowError::ParseError(claim)))
    };
    let again = file.try_clone().map_err(Error::read(path))?;
    let length = file.metadata().map_err(Error::read(path))?.len();
    if starts_as_file(&file).map_err(Error::read(path))? {
        if !ends_with(&file, b"ARROW1").map_err(Error::read(path))? {
            return Err(Error::CutShort {
                path: path.to_owned(),
                what: "Arrow data",
            });
        }
        sound()?;
        let schema = caught(ArrowError::ParseError, || {
            FileReader::try_new(BufReader::new(file), None)
        })
        .map_err(wrong)?
        .schema();
        let found = find(path, &schema, wanted)?;
        let carried = carried(&schema, &found);
        let columns = Some(found.columns());
        let batches = caught(ArrowError::ParseError, || {
            FileReader::try_new(BufReader::new(again), columns)
        });
        let batches = batches.map_err(wrong)?;
        let share = length as f64 / batches.num_batches().max(1) as f64;
        let batches = counted(batches, count, move |_| share);
        return Ok(Batches::boxed(
            path,
            Format::Arrow,
            found,
            carried,
            wanted.numbers,
            batches,
        ));
    }
    if !ends_with(&file, END_OF_STREAM).map_err(Error::read(path))? {
        notes.say("is an Arrow stream without an end mark: it may be cut short");
    }
    sound()?;
    let schema = caught(ArrowError::ParseError, || {
        StreamReader::try_new(BufReader::new(file), None)
    })
    .map_err(wrong)?
    .schema();
    let found = find(path, &schema, wanted)?;
    let carried = carried(&schema, &found);
    rewind(&again).map_err(Error::read(path))?;
    let columns = Some(found.columns());
    let batches = caught(ArrowError::ParseError, || {
        StreamReader::try_new(BufReader::new(again), columns)
    });
    let batches = counted(batches.map_err(wrong)?, count, |batch| {
        batch.get_array_memory_size() as f64
    });
    Ok(Batches::boxed(
        path,
        Format::Arrow,
        found,
        carried,
        wanted.numbers,
        batches,
    ))
}

/// What a stream ends with, if its writer finished it.
const END_OF_STREAM: &[u8] = b"\xff\xff\xff\xff\0\0\0\0";

/// Whether the file ends with these bytes. It is read from its start again after this.
fn ends_with(mut file: &File, end: &[u8]) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    let Some(start) = length.checked_sub(end.len() as u64) else {
        return Ok(false);
    };
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(start))?;
    let mut last = Vec::with_capacity(end.len());
    std::io::Read::read_to_end(&mut std::io::Read::take(file, end.len() as u64), &mut last)?;
    std::io::Seek::rewind(&mut file)?;
    Ok(last == end)
}

fn rewind(mut file: &File) -> std::io::Result<()> {
    std::io::Seek::rewind(&mut file)
}

fn starts_as_file(mut file: &File) -> std::io::Result<bool> {
    let mut first = Vec::with_capacity(6);
    std::io::Read::read_to_end(&mut std::io::Read::take(file, 6), &mut first)?;
    std::io::Seek::rewind(&mut file)?;
    Ok(first == b"ARROW1")
}

/// The names of classes that the label column carries.
fn carried(schema: &Schema, found: &Found) -> Option<Carried> {
    let label = schema.field(found.label?);
    Carried::of(schema, label)
}

/// Whether a column holds lists of floating point numbers.
fn has_vectors(schema: &Schema) -> bool {
    let mut fields = schema.fields().iter();
    fields.any(|field| item(field.data_type()).is_some_and(DataType::is_floating))
}

/// Finds the wanted columns, all of types that can be read.
fn find(path: &Path, schema: &Schema, wanted: &Wanted) -> Result<Found, Error> {
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    check_names(path, &names)?;
    let mut found = match wanted.find(path, &names, true) {
        Err(Error::NoMainColumn { .. } | Error::NoColumn { .. }) if has_vectors(schema) => {
            return Err(Error::Refused {
                path: path.to_owned(),
                found: "a table of vectors without the column of texts",
                advice: "give it to `goldpan select --embeddings`, or check and copy it with `goldpan import`",
            });
        }
        found => found?,
    };
    let check = |index: usize, good: bool, wanted| match good {
        true => Ok(()),
        false => Err(Error::ColumnType {
            path: path.to_owned(),
            column: names[index].clone(),
            found: schema.field(index).data_type().to_string(),
            wanted,
        }),
    };
    if !wanted.main.is_empty() {
        let main = schema.field(found.main).data_type();
        let (good, as_what) = match wanted.numbers {
            true => (is_plain(main), "ids"),
            false => (is_text(main), "text"),
        };
        check(found.main, good, as_what)?;
    }
    if let Some(label) = found.label {
        check(label, is_label(schema.field(label).data_type()), "labels")?;
    }
    if let Some(key) = found.key {
        check(key, is_plain(schema.field(key).data_type()), "ids")?;
    }
    for &index in &found.metadata {
        check(index, is_kept(schema.field(index).data_type()), "metadata")?;
    }
    for index in found.columns() {
        if is_bytes(schema.field(index).data_type()) {
            let (path, name) = (path.display(), &names[index]);
            let remark = format!("{path} has bytes in its column `{name}`; they are read as UTF-8");
            found.names.remarks.push(remark);
        }
    }
    Ok(found)
}

impl Found {
    /// The columns to read, each once, ascending.
    fn columns(&self) -> Vec<usize> {
        let mut columns = vec![self.main];
        let others = self.label.iter().chain(&self.key).chain(&self.verdict);
        columns.extend(others.chain(&self.metadata));
        columns.sort_unstable();
        columns.dedup();
        columns
    }
}

type Batch = Result<RecordBatch, ArrowError>;

/// Counts the file's bytes that each batch stands for.
fn counted<I: Iterator<Item = Batch>, F: Fn(&RecordBatch) -> f64>(
    batches: I,
    count: &Count,
    bytes: F,
) -> impl Iterator<Item = Batch> + use<I, F> {
    let count = count.clone();
    Caught::new(batches, ArrowError::ParseError).inspect(move |batch| {
        if let Ok(batch) = batch {
            count.fetch_add(bytes(batch) as u64, Ordering::Relaxed);
        }
    })
}

/// Rows out of batches that have the wanted columns only.
struct Batches<I> {
    path: PathBuf,
    format: Format,
    batches: I,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    next: usize,
    /// Rows given out.
    rows: u64,
    names: Names,
    main: usize,
    label: Option<usize>,
    key: Option<usize>,
    verdict: Option<usize>,
    metadata: Vec<usize>,
    /// The names of classes that the file carries.
    carried: Option<Carried>,
    numbers: bool,
}

impl<I: Iterator<Item = Batch> + 'static> Batches<I> {
    fn boxed(
        path: &Path,
        format: Format,
        found: Found,
        carried: Option<Carried>,
        numbers: bool,
        batches: I,
    ) -> Box<dyn Source> {
        let columns = found.columns();
        let place = |index: usize| columns.iter().position(|&column| column == index);
        Box::new(Self {
            path: path.to_owned(),
            format,
            batches,
            batch: None,
            next: 0,
            rows: 0,
            main: place(found.main).unwrap_or_default(),
            label: found.label.and_then(place),
            key: found.key.and_then(place),
            verdict: found.verdict.and_then(place),
            metadata: found.metadata.iter().copied().filter_map(place).collect(),
            names: found.names,
            carried,
            numbers,
        })
    }

    fn at(&self) -> At {
        At {
            path: self.path.clone(),
            place: Place::Row(self.rows),
        }
    }

    /// Moves to the next row; false at the end.
    fn advance(&mut self) -> Result<bool, Error> {
        while self
            .batch
            .as_ref()
            .is_none_or(|batch| self.next >= batch.num_rows())
        {
            match self.batches.next() {
                None => return Ok(false),
                Some(Ok(batch)) => {
                    if let (Some(carried), Some(label)) = (&mut self.carried, self.label) {
                        carried.add(batch.column(label));
                    }
                    self.batch = Some(batch);
                    self.next = 0;
                }
                Some(Err(source)) => {
                    return Err(Error::Arrow {
                        path: self.path.clone(),
                        format: self.format,
                        source,
                    });
                }
            }
        }
        self.rows += 1;
        Ok(true)
    }
}

impl<I: Iterator<Item = Batch> + 'static> Source for Batches<I> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Error> {
        row.clear();
        if !self.advance()? {
            return Ok(false);
        }
        let Some(batch) = &self.batch else {
            return Ok(false);
        };
        row.place = Place::Row(self.rows);
        let value = |column: usize| value(batch.column(column), self.next);
        let wrong = |column: &str, found| Error::ValueType {
            at: self.at(),
            column: column.to_owned(),
            found,
            wanted: "a value of this column",
        };
        let main = value(self.main).main(self.numbers);
        match main.map_err(|found| wrong(&self.names.main, found))? {
            Some(main) => row.main = main,
            None => {
                return Err(Error::NoText {
                    at: self.at(),
                    column: self.names.main.clone(),
                });
            }
        }
        if let Some(label) = self.label {
            let name = self.names.label.as_deref().unwrap_or_default();
            let label = match &self.carried {
                Some(carried) if carried.numbers => carried.name(value(label)),
                _ => Ok(value(label)),
            };
            let label = label.map_err(|number| Error::LabelNumber {
                at: self.at(),
                column: name.to_owned(),
                value: number.plain().ok().flatten().unwrap_or_default(),
                classes: self
                    .carried
                    .iter()
                    .flat_map(|known| &known.names)
                    .cloned()
                    .collect(),
            })?;
            row.label = label.label().map_err(|found| wrong(name, found))?;
        }
        if let Some(key) = self.key {
            let name = self.names.key.as_deref().unwrap_or_default();
            row.key = value(key).plain().map_err(|found| wrong(name, found))?;
        }
        if let Some(verdict) = self.verdict {
            row.verdict = Verdict::of(value(verdict));
        }
        for (&column, name) in self.metadata.iter().zip(&self.names.metadata) {
            row.keep(value(column).plain().map_err(|found| wrong(name, found))?);
        }
        self.next += 1;
        Ok(true)
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn carried(&self) -> Option<&Carried> {
        self.carried.as_ref()
    }
}
