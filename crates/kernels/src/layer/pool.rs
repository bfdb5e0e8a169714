//! Buffers that are used again: fresh memory costs as much as a small product.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// Values to be used again. What they hold means nothing to who takes them.
pub(crate) struct Pool<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl<T: Default> Pool<T> {
    /// A value that was given back, or a new one.
    pub(crate) fn take(&self) -> Loan<T> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Loan {
            value: values.pop().unwrap_or_default(),
            pool: Self(self.0.clone()),
        }
    }
}

/// A value that goes back to its pool.
pub(crate) struct Loan<T: Default> {
    value: T,
    pool: Pool<T>,
}

impl<T: Default> fmt::Debug for Loan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loan")
    }
}

impl<T: Default> Deref for Loan<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Default> DerefMut for Loan<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Default> Drop for Loan<T> {
    fn drop(&mut self) {
        let value = std::mem::take(&mut self.value);
        let mut values = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.push(value);
    }
}

/// `count` values of a buffer that grows where it must.
pub(crate) fn sized(buffer: &mut Vec<f32>, count: usize) -> &mut [f32] {
    if buffer.len() < count {
        buffer.resize(count, 0.0);
    }
    &mut buffer[..count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_taken_again() {
        let pool: Pool<Vec<f32>> = Pool::default();
        let mut first = pool.take();
        let second = pool.take();
        first.push(7.0);
        drop(second);
        drop(first);
        assert_eq!(*pool.take(), [7.0]);
    }
}
