//! NumPy's files: a matrix, and in an archive perhaps ids beside it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use half::f16;

use crate::cell::Cell;
use crate::error::Error;
use crate::npy_header::{Header, Kind};
use crate::source::Format;

/// Names of arrays of ids.
const IDS: [&str; 3] = ["id", "ids", "row"];

/// A matrix with a row for each text.
pub(crate) struct Matrix {
    pub(crate) rows: u64,
    pub(crate) width: usize,
    /// Whether values have 16 bits.
    pub(crate) half: bool,
    columns_first: bool,
    values: Values,
}

enum Values {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Matrix {
    /// Replaces `out` by the values of a row.
    pub(crate) fn read(&self, row: u64, out: &mut Vec<f64>) {
        out.clear();
        let (row, rows) = (row as usize, self.rows as usize);
        out.extend((0..self.width).map(|column| {
            let place = match self.columns_first {
                true => column * rows + row,
                false => row * self.width + column,
            };
            match &self.values {
                Values::Single(values) => f64::from(values[place]),
                Values::Double(values) => values[place],
            }
        }));
    }
}

/// What a file has.
pub(crate) struct Arrays {
    pub(crate) ids: Option<Vec<Cell>>,
    /// The matrices by name; one alone has none.
    pub(crate) matrices: Vec<(String, Matrix)>,
}

/// Reads an .npy or .npz file.
pub(crate) fn read(path: &Path, format: Format) -> Result<Arrays, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let file = BufReader::new(file);
    if format == Format::Npy {
        let Array::Matrix(matrix) = array(path, "", file, bytes)? else {
            return Err(numpy(
                path,
                "its array has one dimension: give a row for each text".to_owned(),
            ));
        };
        return Ok(Arrays {
            ids: None,
            matrices: vec![(String::new(), matrix)],
        });
    }
    let damaged = |error: zip::result::ZipError| numpy(path, format!("it is no archive: {error}"));
    let mut archive = zip::ZipArchive::new(file).map_err(damaged)?;
    let mut arrays = Arrays {
        ids: None,
        matrices: Vec::new(),
    };
    let mut left = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?;
        let name = name.trim_end_matches(".npy").to_owned();
        let bytes = entry.size();
        match array(path, &name, entry, bytes) {
            Ok(Array::Matrix(matrix)) => arrays.matrices.push((name, matrix)),
            Ok(Array::Ids(ids)) if IDS.contains(&name.as_str()) => arrays.ids = Some(ids),
            Ok(Array::Ids(_)) => left.push(format!("`{name}` has one dimension")),
            Err(error) if IDS.contains(&name.as_str()) => return Err(error),
            Err(Error::Numpy { flaw, .. }) => left.push(flaw),
            Err(error) => return Err(error),
        }
    }
    if arrays.matrices.is_empty() {
        let why = match left.is_empty() {
            true => "it has no arrays".to_owned(),
            false => left.join("; "),
        };
        return Err(numpy(
            path,
            format!("no array is a matrix of floating point numbers: {why}"),
        ));
    }
    Ok(arrays)
}

/// An array that can be used.
enum Array {
    Matrix(Matrix),
    Ids(Vec<Cell>),
}

/// Reads an array of at most so many bytes.
fn array(path: &Path, name: &str, mut reader: impl Read, bytes: u64) -> Result<Array, Error> {
    let of = match name {
        "" => "its array".to_owned(),
        name => format!("the array `{name}`"),
    };
    let wrong = |what: &str| numpy(path, format!("{of} {what}"));
    let failed = |error: std::io::Error| wrong(&format!("cannot be read: {error}"));
    let header = Header::read(&mut reader).map_err(failed)?;
    let whole = matches!(header.kind, Kind::Signed | Kind::Unsigned);
    match (header.kind, header.shape.as_slice()) {
        (Kind::Object, _) => {
            return Err(wrong(
                "holds Python objects: save it as an array of float32",
            ));
        }
        (Kind::Fields, _) => return Err(wrong("has fields: save a plain matrix")),
        (_, [_]) if whole => {}
        (_, [_]) => return Err(wrong("has one dimension")),
        (Kind::Float, [_, _]) if matches!(header.size, 2 | 4 | 8) => {}
        (Kind::Float, [_, _]) => {
            return Err(wrong("has floating point numbers of more than 64 bits"));
        }
        (_, [_, _]) if whole => {
            return Err(wrong(
                "has whole numbers: turn quantized values back into floating point numbers first",
            ));
        }
        (_, [_, _]) => return Err(wrong("has no floating point numbers")),
        (_, shape) => {
            return Err(wrong(&format!(
                "has {} dimensions: give a matrix with a row for each text",
                shape.len()
            )));
        }
    }
    let count = header
        .shape
        .iter()
        .try_fold(1_u64, |count, n| count.checked_mul(*n));
    let all = count.and_then(|count| count.checked_mul(header.size as u64));
    let Some(all) = all.filter(|all| *all <= bytes && header.size > 0) else {
        return Err(wrong("is cut short"));
    };
    // `all` is not more than the file has, so this is no more than its own length.
    let mut data = Vec::new();
    reader.take(all).read_to_end(&mut data).map_err(failed)?;
    if data.len() as u64 != all {
        return Err(wrong("is cut short"));
    }
    if header.big_endian {
        data.chunks_exact_mut(header.size).for_each(<[u8]>::reverse);
    }
    if whole {
        return Ok(Array::Ids(ids(&data, &header)));
    }
    let values = match header.size {
        2 => Values::Single(numbers(&data, |bytes| f16::from_le_bytes(bytes).to_f32())),
        4 => Values::Single(numbers(&data, f32::from_le_bytes)),
        _ => Values::Double(numbers(&data, f64::from_le_bytes)),
    };
    Ok(Array::Matrix(Matrix {
        rows: header.shape[0],
        width: usize::try_from(header.shape[1]).map_err(|_| wrong("is too wide"))?,
        half: header.size == 2,
        columns_first: header.columns_first,
        values,
    }))
}

/// Numbers of `N` bytes each.
fn numbers<const N: usize, T>(data: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = data.as_chunks::<N>();
    chunks.iter().map(|bytes| number(*bytes)).collect()
}

/// Whole numbers of up to eight bytes, lowest first.
fn ids(data: &[u8], header: &Header) -> Vec<Cell> {
    let number = |bytes: &[u8]| {
        let negative =
            header.kind == Kind::Signed && bytes.last().is_some_and(|byte| byte >> 7 == 1);
        let fill = if negative { 0xff } else { 0 };
        let mut wide = [fill; 16];
        wide[..bytes.len().min(16)].copy_from_slice(&bytes[..bytes.len().min(16)]);
        Cell::Whole(i128::from_le_bytes(wide))
    };
    data.chunks_exact(header.size).map(number).collect()
}

fn numpy(path: &Path, flaw: String) -> Error {
    Error::Numpy {
        path: path.to_owned(),
        flaw,
    }
}
