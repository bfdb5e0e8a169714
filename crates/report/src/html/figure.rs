//! Charts with their captions and data, legends, and tables that scroll in a narrow window.

use maud::{Markup, PreEscaped, html};

use crate::figures::{Entry, Figure};
use crate::tables::Table;

/// A chart; its data say the same to those who do not see it.
pub(super) fn figure(figure: &Figure) -> Markup {
    html! {
        figure {
            (shown(figure, "The numbers"))
        }
    }
}

/// A chart of several of a kind, under its own title; `data` is a word for what its data are.
pub(super) fn titled(figure: &Figure, data: &str) -> Markup {
    html! {
        figure {
            h3 { (figure.title) }
            (shown(figure, data))
        }
    }
}

fn shown(figure: &Figure, data: &str) -> Markup {
    html! {
        @if let Some(drawing) = &figure.drawing {
            div .chart role="img" aria-label=(figure.described()) { (PreEscaped(&drawing.svg)) }
        }
        figcaption { (figure.caption) }
        details {
            summary { (data) }
            (table(&figure.data))
        }
    }
}

/// Which colour stands for what.
pub(super) fn legend(entries: &[Entry]) -> Markup {
    html! {
        ul .legend {
            @for entry in entries {
                li {
                    span .swatch style={ "background: " (entry.colour) } aria-hidden="true" {}
                    (entry.name)
                }
            }
        }
    }
}

/// A table, which scrolls where the window is too narrow.
pub(super) fn table(table: &Table) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(table.title) {
            table {
                caption { (table.title) }
                thead {
                    tr { @for column in &table.columns { th scope="col" { (column) } } }
                }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @if place == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
