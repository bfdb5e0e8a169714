//! `goldpan report`

use goldpan_report::{markdown, publish};

use super::runs::folder;
use crate::args::ReportArgs;
use crate::error::Error;
use crate::output::{print, print_path};

/// Prints a run's report, or writes it with its figures.
pub fn run(args: &ReportArgs) -> Result<(), Error> {
    let folder = folder(&args.store, &args.run)?;
    let Some(out) = &args.figures else {
        return print(&markdown(&folder)?);
    };
    for name in publish(&folder, out)? {
        print_path(&out.join(name))?;
    }
    Ok(())
}
