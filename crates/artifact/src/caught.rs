//! Panics of libraries that read other people's files, as errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside [`caught`].
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Prints no panic of a thread that is inside [`caught`]; all others go to the hook before.
static HOOK: Once = Once::new();

/// Runs `work`, and returns the message of a panic in it as an error, which is not printed.
///
/// For decoders that panic on damaged files. What `work` was about to change must not be used after an
/// error.
///
/// # Errors
/// If `work` panics: the panic's message.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !INSIDE.get() {
                before(info);
            }
        }));
    });
    let outer = INSIDE.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    INSIDE.set(outer);
    result.map_err(|panic| message(panic.as_ref()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the file is damaged").to_owned()
}

/// An iterator whose panics are errors; it ends after the first.
#[derive(Debug)]
pub struct Caught<I> {
    inner: Option<I>,
}

impl<I: Iterator> Caught<I> {
    /// Takes what `inner` gives.
    pub fn new(inner: I) -> Self {
        Self { inner: Some(inner) }
    }
}

impl<I: Iterator> Iterator for Caught<I> {
    type Item = Result<I::Item, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let inner = self.inner.as_mut()?;
        match caught(|| inner.next()) {
            Ok(item) => item.map(Ok),
            Err(message) => {
                self.inner = None;
                Some(Err(message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_errors_with_their_message() {
        assert_eq!(caught(|| 3), Ok(3));
        let number = 7;
        let result: Result<(), _> = caught(|| panic!("offset {number} is out of bounds"));
        assert_eq!(result.unwrap_err(), "offset 7 is out of bounds");
        assert!(!INSIDE.get());
    }

    #[test]
    fn an_iterator_ends_after_its_panic() {
        let numbers = (0..5).inspect(|&number| assert!(number < 2, "too much"));
        let taken: Vec<_> = Caught::new(numbers).collect();
        assert_eq!(taken, [Ok(0), Ok(1), Err("too much".to_owned())]);
    }
}
