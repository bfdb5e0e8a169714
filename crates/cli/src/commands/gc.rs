//! `goldpan gc`

use goldpan_store::Store;

use crate::app::App;
use crate::args::GcArgs;
use crate::error::Error;
use crate::output::count;

/// Removes what no run uses.
pub fn run(args: &GcArgs, app: &App) -> Result<(), Error> {
    let report = Store::open(&args.store)?.gc(args.dry_run)?;
    app.say(&format!(
        "{} {}, {} and {} of unfinished work ({:.1} MB); {} kept",
        if args.dry_run {
            "would remove"
        } else {
            "removed"
        },
        count(report.objects, "object"),
        count(report.records, "record"),
        count(report.unfinished, "folder"),
        report.bytes as f64 / 1e6,
        count(report.kept, "object"),
    ));
    Ok(())
}
