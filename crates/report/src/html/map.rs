//! The map of the embeddings.

use maud::{Markup, html};

use crate::figures::{maps, rounds};
use crate::findings::Findings;
use crate::format;
use crate::html::figure::{legend, titled};
use crate::map::Map;

/// `None` where the run has no embeddings.
pub(super) fn section(findings: &Findings<'_>) -> Option<Markup> {
    let map = findings.map.as_ref()?;
    let figures = maps(findings);
    Some(html! {
        p { "Texts beside each other have similar embeddings. Point at a pick to read it, or open the texts of a map." }
        (legend(&rounds(map)))
        div .figures .maps { @for shown in &figures { (titled(shown, "The texts")) } }
        p .note { (made(map, findings)) }
    })
}

/// What the map is, and how far it can be trusted.
fn made(map: &Map, findings: &Findings<'_>) -> String {
    let texts = format::grouped(map.texts as u64);
    format!(
        "The map is a t-SNE (Barnes-Hut, started from the eigenvectors of the neighbours' graph) of {texts} \
         texts, from {} dimensions to two: {} of the pool's {}, evenly spaced; and of seed {}, evenly spaced \
         by rank, {} of {} picked at the start and the picks that are counted below each map. Of the {} \
         nearest texts of each, {} are among its {} nearest on the map ({} by chance), so distances and the \
         sizes of gaps are only a hint; directions mean nothing. A larger share of the picks is shown than \
         of the pool.",
        map.dimension,
        format::grouped(map.pool.len() as u64),
        format::grouped(findings.pool.texts.len() as u64),
        map.seed,
        format::grouped(map.start.dots.len() as u64),
        format::grouped(map.start.picked as u64),
        map.judged,
        format::percent(map.kept),
        map.judged,
        format::percent(map.by_chance()),
    )
}
