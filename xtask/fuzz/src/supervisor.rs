//! The process that people start: it starts workers, and goes on after the inputs that end one.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::Arguments;
use crate::input::Input;
use crate::readers::Reader;
use crate::worker::{self, HUNG};

/// The most address space of a worker, in KiB: what reserves more ends with a failed allocation.
const ADDRESSES: u64 = 6 << 20;

/// Reads inputs by every reader chosen, and says how many and how fast.
pub fn supervise(chosen: &[&Reader], arguments: &Arguments) -> io::Result<()> {
    let out = std::path::absolute(&arguments.out)?;
    let folder = worker::memory_folder()?;
    let mut broken = 0;
    for reader in chosen {
        let start = Instant::now();
        let progress = folder.path().join(reader.name);
        let before = kept(&out.join(reader.name));
        let mut from = arguments.from;
        loop {
            let left = arguments
                .time
                .map(|time| time.saturating_sub(start.elapsed()));
            let done = from >= arguments.end() || left.is_some_and(|left| left.is_zero());
            if done {
                break;
            }
            let range = from..arguments.end();
            fs::write(&progress, from.to_le_bytes())?;
            let status = start_worker(reader, arguments, &out, &progress, range, left)?;
            let last = number(&progress)?;
            match status.code() {
                Some(0) => {
                    from = last;
                    break;
                }
                Some(HUNG) => {}
                _ => {
                    let samples = (reader.samples)(folder.path());
                    let input = Input::make(reader, &samples, arguments.seed, last);
                    let why = format!("the process ended: {status}");
                    worker::keep(&out, reader, arguments.seed, last, &input, &why)?;
                }
            }
            from = last + 1;
        }
        let seconds = start.elapsed().as_secs_f64();
        let (inputs, found) = (from - arguments.from, kept(&out.join(reader.name)) - before);
        println!(
            "{}: {inputs} inputs in {seconds:.1} s, {:.0} a second, {found} not stood",
            reader.name,
            inputs as f64 / seconds
        );
        broken += found;
    }
    match broken {
        0 => Ok(()),
        _ => Err(io::Error::other(format!(
            "{broken} inputs are not stood; they are in {}",
            out.display()
        ))),
    }
}

/// Runs a worker to its end, with an upper bound on its memory.
fn start_worker(
    reader: &Reader,
    arguments: &Arguments,
    out: &Path,
    progress: &Path,
    inputs: std::ops::Range<u64>,
    left: Option<Duration>,
) -> io::Result<ExitStatus> {
    let mut worker = Command::new("sh");
    worker
        .args(["-c", &format!("ulimit -v {ADDRESSES}; exec \"$0\" \"$@\"")])
        .arg(env::current_exe()?)
        .arg(reader.name)
        .args(["--seed", &arguments.seed.to_string()])
        .args(["--from", &inputs.start.to_string()])
        .args(["--inputs", &(inputs.end - inputs.start).to_string()])
        .arg("--out")
        .arg(out)
        .arg("--worker")
        .arg(progress)
        // Allocations are counted on one thread.
        .env("RAYON_NUM_THREADS", "1");
    if let Some(left) = left {
        worker.args(["--for", &format!("{}s", left.as_secs_f64())]);
    }
    worker.status()
}

/// The number that a worker wrote last.
fn number(progress: &Path) -> io::Result<u64> {
    let bytes = fs::read(progress)?;
    let bytes = bytes
        .try_into()
        .map_err(|_| io::Error::other("no number"))?;
    Ok(u64::from_le_bytes(bytes))
}

/// How many inputs a folder holds.
fn kept(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}
