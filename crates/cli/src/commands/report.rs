//! `goldpan report`

use goldpan_report::{markdown, publish};

use super::runs::{folder, or_unfinished, restore, warn_unfinished};
use crate::args::ReportArgs;
use crate::error::Error;
use crate::output::{print, print_path};

/// Prints a run's report, or writes it with its figures.
pub fn run(args: &ReportArgs) -> Result<(), Error> {
    let folder = folder(&args.store, &args.run)?;
    let wrong = |error| or_unfinished(&folder, &args.run, error);
    let Some(out) = &args.figures else {
        let text = markdown(&folder).map_err(wrong)?;
        warn_unfinished(&folder, &args.run);
        return print(&text);
    };
    restore(&args.store, &args.run);
    for name in publish(&folder, out).map_err(wrong)? {
        print_path(&out.join(name))?;
    }
    Ok(())
}
