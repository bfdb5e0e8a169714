//! What no input may take, and how it is told that one did.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::time::Duration;

/// How long an input may be read. A build with debug assertions is many times slower.
pub const TIME: Duration = Duration::from_secs(10);

/// How many bytes may be allocated at once for an input of this size.
pub fn memory(bytes: usize) -> u64 {
    10 * bytes as u64 + (64 << 20)
}

/// What the last panic said and where; of any thread.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps what panics say instead of printing it.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|info| {
        if let Ok(mut said) = PANIC.lock() {
            *said = info.to_string();
        }
    }));
}

/// Runs `read` and returns what it may not do, if it did: panic, or allocate too much.
pub fn broken(bytes: usize, read: impl FnOnce()) -> Option<String> {
    let mut outcome = Ok(());
    let allocated = allocation_counter::measure(|| {
        outcome = panic::catch_unwind(AssertUnwindSafe(read));
    });
    if outcome.is_err() {
        let said = PANIC
            .lock()
            .map_or_else(|_| String::new(), |said| said.clone());
        return Some(format!("panic: {said}"));
    }
    let most = memory(bytes);
    (allocated.bytes_max > most).then(|| {
        format!(
            "memory: {} bytes at once, and {most} are the most for {bytes}",
            allocated.bytes_max
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_large_allocations_are_seen() {
        quiet_panics();
        assert_eq!(broken(0, || ()), None);
        let said = broken(0, || panic!("this is one")).unwrap();
        assert!(
            said.contains("this is one") && said.contains("limits.rs"),
            "{said}"
        );
        assert_eq!(broken(0, || drop(Vec::<u8>::with_capacity(64 << 20))), None);
        assert!(broken(0, || drop(Vec::<u8>::with_capacity(65 << 20))).is_some());
        assert_eq!(
            broken(1 << 20, || drop(Vec::<u8>::with_capacity(70 << 20))),
            None
        );
    }
}
