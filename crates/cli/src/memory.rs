//! How the kernel gives memory.

/// A run of the encoder over fewer texts ends before huge pages have paid for being cleared.
#[cfg(target_os = "linux")]
const FEW_TEXTS: usize = 20_000;

/// Says how many texts the encoder will run over, once, in this process.
///
/// mimalloc asks for huge pages. They make reading weights 1 to 3 % faster, but each of some 60 costs up to 5 ms
/// where the machine's host has taken free memory back: 0.3 of 5.5 seconds for 8,000 texts.
pub fn plan_for(texts: usize) {
    #[cfg(target_os = "linux")]
    if texts < FEW_TEXTS
        && let Err(error) = rustix::thread::disable_transparent_huge_pages(true)
    {
        tracing::debug!(%error, "huge pages stay on");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = texts;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::thread::transparent_huge_pages_are_disabled as disabled;

    #[test]
    fn a_short_run_asks_for_no_huge_pages() {
        let before = disabled().unwrap();
        plan_for(FEW_TEXTS);
        assert_eq!(disabled().unwrap(), before);
        plan_for(FEW_TEXTS - 1);
        assert!(disabled().unwrap());
    }
}
