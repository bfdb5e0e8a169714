//! A file with columns, whatever wrote it: its schema, and batches of some of its columns.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use goldpan_artifact::{Caught, caught, sound_arrow};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::error::{Error, Flaw};

/// Rows of a Parquet batch.
const ROWS: usize = 4096;

/// How a file holds its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    File,
    Stream,
    Parquet,
    Npy,
    Npz,
}

impl Format {
    /// Tells a file's format by its first bytes.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let read = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let mut first = Vec::with_capacity(8);
        let file = File::open(path).map_err(read)?;
        file.take(8).read_to_end(&mut first).map_err(read)?;
        let starts = |magic: &[u8]| first.starts_with(magic);
        let found = match () {
            () if starts(b"ARROW1") => return Ok(Self::File),
            () if starts(b"\xff\xff\xff\xff") => return Ok(Self::Stream),
            () if starts(b"PAR1") => return Ok(Self::Parquet),
            () if starts(b"\x93NUMPY") => return Ok(Self::Npy),
            () if starts(b"PK\x03\x04") && !is_torch(path) => return Ok(Self::Npz),
            () if starts(b"PK\x03\x04") => "a PyTorch file",
            () if starts(b"PARE") => "an encrypted Parquet file",
            () if starts(b"FEA1") => "a Feather file of version 1",
            () if starts(b"\x1f\x8b") => "compressed with gzip",
            () if starts(b"\x28\xb5\x2f\xfd") => "compressed with zstd",
            () if starts(b"\x89HDF") => "an HDF5 file",
            () if starts(b"\x80") => "a pickle",
            () if first.is_empty() => "empty",
            () if first
                .iter()
                .all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace()) =>
            {
                "a text file"
            }
            () => "of a format that is not read",
        };
        Err(Error::Format {
            path: path.to_owned(),
            found,
        })
    }
}

/// Whether a zip archive is what `torch.save` writes.
fn is_torch(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    zip::ZipArchive::new(BufReader::new(file)).is_ok_and(|archive| {
        archive
            .file_names()
            .any(|name| name.is_ok_and(|name| name.ends_with("data.pkl")))
    })
}

/// An open file with columns.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    format: Format,
    pub(crate) schema: SchemaRef,
}

/// Batches of some columns.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Error>>>;

impl Source {
    /// Opens a file of one of the formats that have columns.
    pub(crate) fn open(path: &Path, format: Format) -> Result<Self, Error> {
        let file = || Self::file(path);
        let wrong = |source| Error::Arrow {
            path: path.to_owned(),
            source,
        };
        if format != Format::Parquet {
            let sound = sound_arrow(file()?.get_ref()).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?;
            sound.map_err(|claim| wrong(ArrowError::ParseError(claim)))?;
        }
        let schema = match format {
            Format::Parquet => builder(path)?.schema().clone(),
            Format::Stream => {
                let file = file()?;
                let reader = caught(ArrowError::ParseError, || StreamReader::try_new(file, None));
                reader.map_err(wrong)?.schema()
            }
            _ => {
                let file = file()?;
                let reader = caught(ArrowError::ParseError, || FileReader::try_new(file, None));
                reader.map_err(wrong)?.schema()
            }
        };
        let source = Self {
            path: path.to_owned(),
            format,
            schema,
        };
        let mut names: Vec<&String> = source.schema.fields().iter().map(|f| f.name()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(source.flaw(Flaw::RepeatedColumn(pair[0].clone()))),
            None => Ok(source),
        }
    }

    fn file(path: &Path) -> Result<BufReader<File>, Error> {
        let file = File::open(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(BufReader::with_capacity(256 << 10, file))
    }

    /// An error of the table as a whole.
    pub(crate) fn flaw(&self, flaw: Flaw) -> Error {
        Error::Table {
            path: self.path.clone(),
            flaw,
        }
    }

    /// An error of the row numbered `row`, from 0.
    pub(crate) fn row(&self, row: u64, flaw: Flaw) -> Error {
        Error::Row {
            path: self.path.clone(),
            row: row + 1,
            flaw,
        }
    }

    /// The name of a column.
    pub(crate) fn name(&self, column: usize) -> &str {
        self.schema.field(column).name()
    }

    /// The type of a column.
    pub(crate) fn kind(&self, column: usize) -> &DataType {
        self.schema.field(column).data_type()
    }

    /// The column called `name`.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.schema.index_of(name).ok()
    }

    /// The columns and their types, for messages.
    pub(crate) fn columns(&self) -> String {
        const MOST: usize = 12;
        let fields = self.schema.fields();
        let shown = fields.iter().take(MOST);
        let shown = shown.map(|field| format!("`{}` ({})", field.name(), field.data_type()));
        let mut text = shown.collect::<Vec<_>>().join(", ");
        if fields.len() > MOST {
            text += &format!(" and {} more", fields.len() - MOST);
        }
        if fields.is_empty() {
            text.push_str("no columns");
        }
        text
    }

    /// All rows of the columns numbered `columns`, which ascend.
    pub(crate) fn batches(&self, columns: &[usize]) -> Result<Batches, Error> {
        let path = self.path.clone();
        let wrong = move |source: ArrowError| Error::Arrow {
            path: path.clone(),
            source,
        };
        let columns = columns.to_vec();
        Ok(match self.format {
            Format::Parquet => {
                let builder = builder(&self.path)?;
                let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
                let path = self.path.clone();
                let builder = builder.with_projection(mask).with_batch_size(ROWS);
                let batches = caught(ParquetError::General, || builder.build())
                    .map_err(|source| Error::Parquet { path, source })?;
                told(batches, wrong)
            }
            Format::Stream => {
                let file = Self::file(&self.path)?;
                let batches = caught(ArrowError::ParseError, || {
                    StreamReader::try_new(file, Some(columns))
                });
                let batches = batches.map_err(&wrong)?;
                told(batches, wrong)
            }
            _ => {
                let file = Self::file(&self.path)?;
                let batches = caught(ArrowError::ParseError, || {
                    FileReader::try_new(file, Some(columns))
                });
                let batches = batches.map_err(&wrong)?;
                told(batches, wrong)
            }
        })
    }
}

/// Batches whose panics are errors, all of which `wrong` tells.
fn told(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + 'static,
    wrong: impl Fn(ArrowError) -> Error + 'static,
) -> Batches {
    let batches = Caught::new(batches, ArrowError::ParseError);
    Box::new(batches.map(move |batch| batch.map_err(&wrong)))
}

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    let file = File::open(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    caught(ParquetError::General, || {
        ParquetRecordBatchReaderBuilder::try_new(file)
    })
    .map_err(|source| Error::Parquet {
        path: path.to_owned(),
        source,
    })
}
