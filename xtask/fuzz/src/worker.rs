//! The process that reads inputs: it writes the number of each into a file before it reads it, so that
//! whoever watches knows which one it did not survive.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::Arguments;
use crate::input::Input;
use crate::limits::{self, TIME, broken};
use crate::readers::Reader;

/// The exit code of a worker whose input took too long.
pub const HUNG: i32 = 77;

/// How many inputs of one reader are kept at most.
const MOST: usize = 20;

/// Reads the inputs of a reader until the last one, or until the time is over.
pub fn work(reader: &Reader, arguments: &Arguments, progress: &Path) -> io::Result<()> {
    limits::quiet_panics();
    let start = Instant::now();
    let folder = memory_folder()?;
    let samples = (reader.samples)(folder.path());
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(progress)?;
    // The milliseconds since the start at which the present input was begun; 0 while there is none.
    let begun = AtomicU64::new(0);
    let current: Mutex<Option<(u64, Input)>> = Mutex::new(None);
    let over = AtomicU64::new(0);
    let mut kept = BTreeSet::new();
    std::thread::scope(|scope| {
        let watch = || {
            while over.load(Ordering::Relaxed) == 0 {
                std::thread::park_timeout(TIME / 20);
                let since = begun.load(Ordering::Relaxed);
                let now = start.elapsed().as_millis() as u64;
                if since > 0 && now - since.min(now) > TIME.as_millis() as u64 {
                    if let Ok(current) = current.lock()
                        && let Some((number, input)) = &*current
                    {
                        let why = format!("time: still reading after {} s", TIME.as_secs());
                        let _ = keep(&arguments.out, reader, arguments.seed, *number, input, &why);
                    }
                    process::exit(HUNG);
                }
            }
        };
        let watcher = scope.spawn(watch);
        let mut number = arguments.from;
        let mut result = Ok(());
        while number < arguments.end() && kept.len() < MOST {
            if number.is_multiple_of(16)
                && arguments.time.is_some_and(|time| start.elapsed() >= time)
            {
                break;
            }
            let input = Input::make(reader, &samples, arguments.seed, number);
            if let Err(error) = file.write_all_at(&number.to_le_bytes(), 0) {
                result = Err(error);
                break;
            }
            if let Ok(mut current) = current.lock() {
                *current = Some((number, input.clone()));
            }
            begun.store(start.elapsed().as_millis().max(1) as u64, Ordering::Relaxed);
            let bytes = input.bytes.len();
            let found = broken(bytes, || (reader.read)(folder.path(), &input));
            begun.store(0, Ordering::Relaxed);
            if let Some(why) = found {
                // One file for each place where it breaks.
                let place = why.split("\n").next().unwrap_or_default().to_owned();
                if kept.insert(place)
                    && let Err(error) =
                        keep(&arguments.out, reader, arguments.seed, number, &input, &why)
                {
                    result = Err(error);
                    break;
                }
            }
            number += 1;
        }
        over.store(1, Ordering::Relaxed);
        watcher.thread().unpark();
        result?;
        file.write_all_at(&number.to_le_bytes(), 0)
    })
}

/// Reads one file that was kept, and says what happens.
pub fn replay(reader: &Reader, file: &Path) -> io::Result<()> {
    let folder = memory_folder()?;
    (reader.samples)(folder.path());
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let (numbers, name) = name.split_once('.').unwrap_or(("", name));
    let variant = numbers
        .rsplit('-')
        .next()
        .and_then(|text| text.parse().ok());
    let input = Input {
        name: name.to_owned(),
        bytes: fs::read(file)?,
        variant: variant.unwrap_or_default(),
    };
    let start = Instant::now();
    let mut panicked = Ok(());
    let allocated = allocation_counter::measure(|| {
        panicked = std::panic::catch_unwind(|| (reader.read)(folder.path(), &input));
    });
    let outcome = if panicked.is_ok() { "read" } else { "panicked" };
    println!(
        "{}: {outcome} in {:?}, {} bytes allocated at once for {}",
        reader.name,
        start.elapsed(),
        allocated.bytes_max,
        input.bytes.len()
    );
    match panicked.is_ok() && allocated.bytes_max <= limits::memory(input.bytes.len()) {
        true => Ok(()),
        false => Err(io::Error::other("the reader does not stand this file")),
    }
}

/// Keeps an input that a reader does not stand, and says so. The name has what a replay needs:
/// `SEED-NUMBER-VARIANT.NAME`.
pub fn keep(
    out: &Path,
    reader: &Reader,
    seed: u64,
    number: u64,
    input: &Input,
    why: &str,
) -> io::Result<()> {
    let folder = out.join(reader.name);
    fs::create_dir_all(&folder)?;
    let path: PathBuf = folder.join(format!("{seed}-{number}-{}.{}", input.variant, input.name));
    fs::write(&path, &input.bytes)?;
    println!("{}: input {number}: {why}", reader.name);
    println!(
        "  again: cargo xtask fuzz {} --replay {}",
        reader.name,
        path.display()
    );
    Ok(())
}

/// A folder in memory, where there is one.
pub fn memory_folder() -> io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}
