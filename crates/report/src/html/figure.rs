//! Charts with their captions and data, legends, and tables that scroll in a narrow window.

use maud::{Markup, PreEscaped, html};

/// A chart; `data` is the table that says the same to those who do not see it.
pub(super) fn figure(svg: String, caption: &str, data: Markup) -> Markup {
    html! {
        figure {
            div .chart role="img" aria-label=(caption) { (PreEscaped(svg)) }
            figcaption { (caption) }
            details {
                summary { "The numbers" }
                (data)
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

/// A table. The first column of a row is its heading.
pub(super) fn table(caption: &str, columns: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead {
                    tr { @for column in columns { th scope="col" { (column) } } }
                }
                tbody {
                    @for row in rows {
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
