//! Strategies on one table of embeddings: time and memory, beside what was predicted.
//!
//! ```text
//! cargo bench -p goldpan-select -- [TABLE|ROWSxDIMENSION] [LABELLED] [PICKS] [STRATEGY...] [f16] [nested] [naive]
//! cargo bench -p goldpan-select -- cases
//! cargo bench -p goldpan-select -- make ROWSxDIMENSION FILE [f16] [nested]
//! ```
//!
//! A strategy is a name, or JSON as in `'{"badge":{"mode":"greedy"}}'`; `diversity` where none is given.
//! The first `LABELLED` rows are labelled. Without a table, clustered unit vectors stand in: around 500
//! points, or with `nested` each around an earlier one, along few directions more than others, as texts
//! that share parts are. Predictions are made up.
//!
//! The floor is the arithmetic of the plain algorithm at the measured speed of the kernel. With `naive`,
//! plain k-center runs too: all rows, all threads, vectorised over rows, one pick at a time; the picks of
//! the first strategy are compared with its. `cases` runs five selections. Memory is what is resident and
//! not of a mapped file, in addition to what was before.

mod memory;
mod naive;
mod stand_in;

use std::path::{Path, PathBuf};
use std::time::Instant;

use goldpan_artifact::{Embeddings, Predictions, Silent};
use goldpan_select::{Inputs, Rates, Rule, Shape, Strategy, pick};

use crate::memory::{MIB, Watch};
use crate::naive::naive;
use crate::stand_in::{Kind, predictions};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter("goldpan_select=debug")
        .without_time()
        .with_ansi(false)
        .init();
    let arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let (flags, arguments): (Vec<String>, Vec<String>) =
        arguments.partition(|a| ["f16", "nested", "naive"].contains(&a.as_str()));
    let flag = |name: &str| flags.iter().any(|flag| flag == name);
    let kind = Kind {
        half: flag("f16"),
        nested: flag("nested"),
    };
    let argument = |i: usize, usual: &str| arguments.get(i).cloned().unwrap_or(usual.to_owned());
    let diversity = Strategy::from_name("diversity")?;
    let folder = tempfile::tempdir()?;
    let made = folder.path().join("embeddings.arrow");
    match argument(0, "10000x384").as_str() {
        "make" => {
            let (rows, dimension) = sizes(&argument(1, "")).ok_or("make ROWSxDIMENSION FILE")?;
            kind.write(Path::new(&argument(2, "")), rows, dimension)?;
        }
        "cases" => {
            let usual = Kind::default();
            let half = Kind {
                half: true,
                ..usual
            };
            let nested = Kind {
                nested: true,
                ..usual
            };
            for (rows, dimension, labelled, picks, kind) in [
                (20_000, 384, 100, 2_000, usual),
                (67_349, 384, 100, 10_000, usual),
                (67_349, 384, 100, 10_000, nested),
                (67_349, 384, 40_000, 1_000, usual),
                (200_000, 128, 1, 1_000, half),
            ] {
                kind.write(&made, rows, dimension)?;
                run(&diversity, &made, labelled, picks)?;
            }
        }
        table => {
            let path = match sizes(table) {
                Some((rows, dimension)) => {
                    kind.write(&made, rows, dimension)?;
                    made
                }
                None => PathBuf::from(table),
            };
            let (labelled, picks) = (argument(1, "100").parse()?, argument(2, "1000").parse()?);
            let mut strategies = vec![diversity];
            if let Some(named) = arguments.get(3..).filter(|named| !named.is_empty()) {
                let named = named.iter().map(|name| strategy(name));
                strategies = named.collect::<Result<_, _>>()?;
            }
            let mut found = Vec::new();
            for strategy in &strategies {
                found.push(run(strategy, &path, labelled, picks)?);
            }
            if flag("naive") {
                let embeddings = Embeddings::open(&path)?;
                let start = Instant::now();
                let plain = naive(&embeddings, labelled, picks);
                let seconds = start.elapsed().as_secs_f64();
                println!(
                    "naive:     {seconds:9.3} s, same picks: {}",
                    plain == found[0]
                );
            }
        }
    }
    Ok(())
}

fn sizes(text: &str) -> Option<(u64, usize)> {
    let (rows, dimension) = text.split_once('x')?;
    Some((rows.parse().ok()?, dimension.parse().ok()?))
}

fn strategy(text: &str) -> Result<Strategy, Failure> {
    Ok(match text.starts_with('{') {
        true => serde_json::from_str(text)?,
        false => Strategy::from_name(text)?,
    })
}

/// Picks, and prints what it took beside what was predicted. Returns the rows.
fn run(
    strategy: &Strategy,
    path: &Path,
    labelled: usize,
    picks: usize,
) -> Result<Vec<usize>, Failure> {
    let start = Instant::now();
    let embeddings = Embeddings::open(path)?;
    let opened = start.elapsed().as_secs_f64();
    let folder = tempfile::tempdir()?;
    let predictions: Option<Predictions> = strategy
        .needs_predictions()
        .then(|| predictions(folder.path(), &embeddings))
        .transpose()?;
    let ids: Vec<u64> = embeddings.ids().take(labelled).collect();
    let inputs = Inputs {
        embeddings: Some(&embeddings),
        predictions: predictions.as_ref(),
        labelled: &ids,
        ..Inputs::default()
    };
    let shape = Shape {
        rows: embeddings.len(),
        labelled,
        picks,
        dimension: embeddings.dimension(),
        value_bytes: embeddings.precision().bytes(),
        classes: predictions
            .as_ref()
            .map_or(0, |table| table.classes().len()),
        threads: rayon::current_num_threads(),
    };
    println!(
        "{strategy}: {} x {} {}, {labelled} labelled, {picks} picks, {} threads, opened in {opened:.1} s",
        shape.rows,
        shape.dimension,
        embeddings.precision(),
        shape.threads
    );
    let rates = Rates::measure(shape.dimension);
    let predicted = rates.estimate(&Rule::from(strategy.clone()), &shape);
    let memory = Watch::start();
    let start = Instant::now();
    let found = pick(strategy, &inputs, picks, 0, &Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory.end();
    let products = strategy.work(&shape).products;
    println!(
        "predicted: {:9.3} s, {:7.1} MiB",
        predicted.seconds,
        predicted.memory as f64 / MIB
    );
    println!("seen:      {seconds:9.3} s, {:7.1} MiB", peak / MIB);
    println!(
        "floor:     {:9.3} s at {:.1} G multiply-adds/s",
        products / rates.products,
        rates.products / 1e9
    );
    Ok(found.picks.iter().map(|pick| pick.row).collect())
}
