//! Charts with their captions and data, legends, and tables that scroll in a narrow window.

use maud::{Markup, PreEscaped, html};

use crate::tables::Table;

/// A chart; `data` says the same to those who do not see it.
pub(super) fn figure(svg: String, caption: &str, data: &Table) -> Markup {
    html! {
        figure {
            div .chart role="img" aria-label=(caption) { (PreEscaped(svg)) }
            figcaption { (caption) }
            details {
                summary { "The numbers" }
                (table(data))
            }
        }
    }
}

/// Which colour stands for which arm.
pub(super) fn legend(names: &[String]) -> Markup {
    html! {
        ul .legend {
            @for (colour, name) in names.iter().enumerate() {
                li { span class={ "swatch c" (colour) } aria-hidden="true" {} (name) }
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
