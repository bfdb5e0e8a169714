//! `goldpan import`

use goldpan_artifact::{LabelsWriter, Origin, Producer, SelectionWriter, Texts};
use goldpan_foreign::{Imported, import_embeddings, import_predictions};
use goldpan_ingest::{LabelOptions, ReadLabelled, read_labelled};

use crate::app::App;
use crate::args::{ImportArgs, What};
use crate::error::Error;
use crate::output::{count, keep_apart, print_path};

/// The version of the tables of picks and labels that are written here.
const VERSION: u32 = 1;

/// Keeps a table of another program as one of Goldpan's.
pub fn run(args: &ImportArgs, app: &App) -> Result<(), Error> {
    keep_apart(&args.out, [args.file.as_path(), &args.texts])?;
    let texts = Texts::open(&args.texts)?;
    let said = match args.what {
        What::Embeddings => {
            let Imported { rows, width, .. } =
                import_embeddings(&args.file, Some(&texts), &args.out)?;
            format!("{} of {width} dimensions imported", count(rows, "vector"))
        }
        What::Predictions => {
            let Imported { rows, classes, .. } =
                import_predictions(&args.file, Some(&texts), &args.out)?;
            let rows = count(rows, "prediction");
            format!("{rows} of {} imported", classes.join(", "))
        }
        What::Selection => format!("{} imported", count(selection(args, &texts, app)?, "pick")),
        What::Labels => format!("{} imported", count(labels(args, &texts, app)?, "label")),
    };
    app.say(&said);
    print_path(&args.out)
}

/// Picks in the order of the file; the score of each is its distance from the end.
fn selection(args: &ImportArgs, texts: &Texts, app: &App) -> Result<u64, Error> {
    let picked = read(args, texts, None, app)?.labelled.ids;
    let table = SelectionWriter::create(&args.out, &[], Producer::new("import", VERSION))?;
    let mut table = table.made_from(Origin::of(texts.of_texts()));
    for (rank, id) in picked.iter().enumerate() {
        table.push(*id, (picked.len() - rank) as f32, &[])?;
    }
    Ok(table.finish()?.rows)
}

fn labels(args: &ImportArgs, texts: &Texts, app: &App) -> Result<u64, Error> {
    let labelled = read(args, texts, Some(texts.classes()), app)?.labelled;
    let Some(labels) = labelled.labels else {
        return Err(Error::NoLabelColumn {
            path: args.file.clone(),
        });
    };
    let producer = Producer::new("import", VERSION);
    let table = LabelsWriter::create(&args.out, texts.classes(), producer)?;
    let mut table = table.made_from(Origin::of(texts.of_texts()));
    for (id, label) in labelled.ids.into_iter().zip(labels) {
        table.push(id, label, "import", 0)?;
    }
    Ok(table.finish()?.rows)
}

/// Reads the file as `--labelled` of other commands does; labels name `classes`.
fn read(
    args: &ImportArgs,
    texts: &Texts,
    classes: Option<&[String]>,
    app: &App,
) -> Result<ReadLabelled, Error> {
    let paths = std::slice::from_ref(&args.file);
    let read = read_labelled(paths, Some(texts), classes, &LabelOptions::default())?;
    for note in &read.notes {
        app.say(note);
    }
    Ok(read)
}
