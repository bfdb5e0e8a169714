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

/// Runs `work`. A panic in it is not printed: `wrong` makes an error of its message.
///
/// For decoders that panic on damaged files. What `work` was about to change must not be used after an
/// error.
///
/// # Errors
/// If `work` fails or panics.
pub fn caught<T, E>(
    wrong: impl FnOnce(String) -> E,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
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
    result.unwrap_or_else(|panic| Err(wrong(message(panic.as_ref()))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the file is damaged").to_owned()
}

/// An iterator whose panics are errors, as [`caught`] makes them; it ends after the first.
#[derive(Debug)]
pub struct Caught<I, E> {
    inner: Option<I>,
    wrong: fn(String) -> E,
}

impl<I, E> Caught<I, E> {
    /// Takes what `inner` gives.
    pub fn new(inner: I, wrong: fn(String) -> E) -> Self {
        let inner = Some(inner);
        Self { inner, wrong }
    }
}

impl<T, E, I: Iterator<Item = Result<T, E>>> Iterator for Caught<I, E> {
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let inner = self.inner.as_mut()?;
        match caught(self.wrong, || Ok(inner.next())) {
            Ok(item) => item,
            Err(error) => {
                self.inner = None;
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_errors_with_their_message() {
        let as_it_is = |message: String| message;
        assert_eq!(caught(as_it_is, || Ok(3)), Ok(3));
        assert_eq!(
            caught(as_it_is, || Err::<(), _>("no".to_owned())),
            Err("no".to_owned())
        );
        let number = 7;
        let result: Result<(), _> = caught(as_it_is, || panic!("offset {number} is out of bounds"));
        assert_eq!(result.unwrap_err(), "offset 7 is out of bounds");
        assert!(!INSIDE.get());
    }

    #[test]
    fn an_iterator_ends_after_its_panic() {
        let numbers = (0..5).inspect(|&number| assert!(number < 2, "too much"));
        let taken: Vec<_> = Caught::new(numbers.map(Ok), |message| message).collect();
        assert_eq!(taken, [Ok(0), Ok(1), Err("too much".to_owned())]);
    }
}
