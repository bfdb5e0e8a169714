//! The memory of this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub const MIB: f64 = (1 << 20) as f64;

/// Bytes that are resident and not of a mapped file.
fn anonymous() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let fields: BTreeMap<&str, f64> = status
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name, value.trim().strip_suffix(" kB")?.parse().ok()?))
        })
        .collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or(0.0);
    (field("VmRSS") - field("RssFile")) * 1024.0
}

/// Watches the memory of this process.
pub struct Watch {
    before: f64,
    over: Arc<AtomicBool>,
    peak: JoinHandle<f64>,
}

impl Watch {
    pub fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let peak = std::thread::spawn(move || {
            let mut peak = 0.0_f64;
            while !until.load(Ordering::Relaxed) {
                peak = peak.max(anonymous());
                std::thread::sleep(Duration::from_millis(5));
            }
            peak
        });
        Self {
            before: anonymous(),
            over,
            peak,
        }
    }

    /// The most memory since the start, in bytes, beyond what there was.
    pub fn end(self) -> f64 {
        self.over.store(true, Ordering::Relaxed);
        self.peak.join().unwrap_or(f64::NAN) - self.before
    }
}
