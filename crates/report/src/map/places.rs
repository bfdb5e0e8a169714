//! Where the texts of the map lie.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Error;
use crate::map::remembered;
use crate::map::sample::{Sample, Sampled};
use crate::pool::Pool;
use crate::run::Run;

/// A text on the map.
pub(crate) struct Dot {
    /// Its row in the pool.
    pub row: usize,
    /// In the unit square.
    pub place: [f64; 2],
}

/// Some of a round's picks.
pub(crate) struct Layer {
    pub round: u32,
    /// How many were picked, of which the dots are some.
    pub picked: usize,
    pub dots: Vec<Dot>,
}

/// What an arm picked.
pub(crate) struct Panel {
    pub arm: String,
    pub layers: Vec<Layer>,
}

/// The pool and what each arm picked, as one seed went.
pub(crate) struct Map {
    pub seed: u64,
    /// Texts laid out.
    pub texts: usize,
    /// The numbers of an embedding.
    pub dimension: usize,
    /// By how many nearest neighbours of each text the map was judged.
    pub judged: usize,
    /// The share of them that are among as many nearest on the map.
    pub kept: f64,
    /// Some texts of the pool.
    pub pool: Vec<Dot>,
    pub start: Layer,
    pub panels: Vec<Panel>,
}

impl Map {
    /// The map of the first seed, its layout kept in `folder`; `None` without embeddings, or where too few texts have one.
    pub(crate) fn of(
        run: &Run,
        arms: &[String],
        pool: &Pool,
        folder: &Path,
    ) -> Result<Option<Self>, Error> {
        let Some(embeddings) = &pool.embeddings else {
            return Ok(None);
        };
        let Some(seed) = run.models.iter().map(|model| model.trained.seed).min() else {
            return Ok(None);
        };
        let sample = Sample::of(arms, &run.models, seed, pool)?;
        let dimension = embeddings.dimension();
        let mut vector = vec![0.0; dimension];
        let mut points = Vec::new();
        let mut rows = Vec::new();
        for row in sample.rows() {
            // Embeddings of the pool have its rows.
            if row < embeddings.len() && embeddings.id(row) == pool.texts.id(row) {
                embeddings.row_f32(row, &mut vector);
                if vector.iter().all(|value| value.is_finite()) {
                    points.extend_from_slice(&vector);
                    rows.push(row);
                }
            }
        }
        let Some(layout) = remembered::layout(&points, dimension, folder)? else {
            return Ok(None);
        };
        let places: BTreeMap<usize, [f64; 2]> = rows.into_iter().zip(layout.places).collect();
        let dots = |rows: &[usize]| {
            let dots = rows.iter().filter_map(|&row| {
                let place = *places.get(&row)?;
                Some(Dot { row, place })
            });
            dots.collect()
        };
        let layer = |layer: &Sampled| Layer {
            round: layer.round,
            picked: layer.picked,
            dots: dots(&layer.rows),
        };
        let panels = sample.arms.iter().map(|(arm, rounds)| Panel {
            arm: arm.clone(),
            layers: rounds.iter().map(layer).collect(),
        });
        Ok(Some(Self {
            seed,
            texts: places.len(),
            dimension,
            judged: layout.judged,
            kept: layout.kept,
            pool: dots(&sample.pool),
            start: layer(&sample.start),
            panels: panels.collect(),
        }))
    }

    /// The share of neighbours that any map would keep by chance.
    pub(crate) fn by_chance(&self) -> f64 {
        self.judged as f64 / (self.texts - 1) as f64
    }

    /// Every round that some arm picked in.
    pub(crate) fn rounds(&self) -> Vec<u32> {
        let layers = self.panels.iter().flat_map(|panel| &panel.layers);
        let mut rounds: Vec<u32> = layers.map(|layer| layer.round).collect();
        rounds.sort_unstable();
        rounds.dedup();
        rounds
    }
}
