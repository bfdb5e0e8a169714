//! From the path given to the tables and the model to show.

use std::path::{Path, PathBuf};

use goldpan_artifact::{Table, peek};
use goldpan_model::ModelCard;

use super::{folder, render, rows, verify};
use crate::args::ShowArgs;
use crate::error::Error;
use crate::output::print;

/// Shows a table, a trained model, or the tables of a folder.
pub fn run(args: &ShowArgs) -> Result<(), Error> {
    let path = args.artifact.as_path();
    if !path.is_dir() {
        return print(&table(path, args)?);
    }
    let tables = folder::tables(path)?;
    let trained = ModelCard::exists(path);
    if tables.is_empty() && !trained {
        return Err(Error::NothingToShow {
            path: path.to_owned(),
        });
    }
    let mut text = String::new();
    if trained {
        text += &render::card(path, &ModelCard::read(path)?);
    }
    for (i, table_path) in tables.iter().enumerate() {
        if i > 0 || trained {
            text.push('\n');
        }
        text += &table(table_path, args)?;
    }
    if args.verify {
        text += &verify::manifest(path)?;
    }
    print(&text)
}

/// What the table says of itself, and its first rows.
fn table(path: &Path, args: &ShowArgs) -> Result<String, Error> {
    let header = peek(path)?;
    let mut text = render::header(path, &header);
    if args.verify {
        text += &verify::checksum(path)?;
    }
    if args.rows > 0 && header.rows > 0 {
        let path: PathBuf = path.to_owned();
        text += &rows::first(&Table::open(path)?, args.rows);
    }
    Ok(text)
}
