//! Mapped files that became shorter while they were read. The system answers a read of what is gone with SIGBUS, which
//! would end the process without a word. After [`survive_lost_bytes`] it reads zeros there instead, and nothing that
//! was made with them is published: [`check_mapped`] stands before every rename.
#![allow(unsafe_code)]

use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;

/// The start of a slot that nobody uses: above every address.
const FREE: usize = usize::MAX;

/// The addresses of one mapping. A slot is never given back to the system, but used again, so that the handler of the
/// signal may walk the list at any time.
struct Slot {
    start: AtomicUsize,
    end: AtomicUsize,
    /// Whether bytes of it were gone when they were read.
    hit: AtomicBool,
    next: AtomicPtr<Slot>,
}

static SLOTS: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
/// The size of a page; 0 until the handler is installed.
static PAGE: AtomicUsize = AtomicUsize::new(0);
static ANY: AtomicBool = AtomicBool::new(false);
static FILES: Mutex<Files> = Mutex::new(Files {
    mapped: Vec::new(),
    free: Vec::new(),
    lost: None,
});

struct Files {
    mapped: Vec<(&'static Slot, PathBuf)>,
    free: Vec<&'static Slot>,
    /// The first that lost bytes and is no longer mapped.
    lost: Option<PathBuf>,
}

fn files() -> std::sync::MutexGuard<'static, Files> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mapping that the handler knows of, as long as this lives.
pub(super) struct Watched(&'static Slot);

impl Watched {
    pub(super) fn new(bytes: &[u8], path: PathBuf) -> Self {
        let mut files = files();
        let slot = files.free.pop().unwrap_or_else(new_slot);
        let start = bytes.as_ptr() as usize;
        slot.hit.store(false, Ordering::Relaxed);
        slot.end.store(start + bytes.len(), Ordering::Relaxed);
        slot.start.store(start, Ordering::Release);
        files.mapped.push((slot, path));
        Self(slot)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut files = files();
        self.0.start.store(FREE, Ordering::Release);
        let place = files
            .mapped
            .iter()
            .position(|(slot, _)| ptr::eq(*slot, self.0));
        if let Some(place) = place {
            let (_, path) = files.mapped.swap_remove(place);
            if self.0.hit.load(Ordering::Acquire) {
                files.lost.get_or_insert(path);
            }
            files.free.push(self.0);
        }
    }
}

/// A slot at the head of the list.
fn new_slot() -> &'static Slot {
    let slot: &'static Slot = Box::leak(Box::new(Slot {
        start: AtomicUsize::new(FREE),
        end: AtomicUsize::new(0),
        hit: AtomicBool::new(false),
        next: AtomicPtr::new(ptr::null_mut()),
    }));
    // Slots are added under the lock of `FILES` alone.
    let head = SLOTS.load(Ordering::Acquire);
    slot.next.store(head, Ordering::Relaxed);
    SLOTS.store(ptr::from_ref(slot).cast_mut(), Ordering::Release);
    slot
}

/// Refuses to go on where a mapped file lost bytes that were read. Without [`survive_lost_bytes`] the process would
/// have ended there.
///
/// # Errors
///
/// When one did.
pub fn check_mapped() -> Result<(), Error> {
    if !ANY.load(Ordering::Acquire) {
        return Ok(());
    }
    let files = files();
    let mapped = files.mapped.iter();
    let mut hit = mapped.filter(|(slot, _)| slot.hit.load(Ordering::Acquire));
    let path = files.lost.clone();
    match path.or_else(|| hit.next().map(|(_, path)| path.clone())) {
        Some(path) => Err(Error::Shortened { path }),
        None => Ok(()),
    }
}

/// Lets this process survive that a mapped file is truncated while it is read, as the module says. It takes over
/// SIGBUS: a program calls it once, a library does not.
#[cfg(target_os = "linux")]
pub fn survive_lost_bytes() {
    // SAFETY: sysconf only reads; the action is a valid one with a handler of the type that SA_SIGINFO asks for, and
    // what the handler does may be done in one: atomics, `mmap` as a plain system call, and `signal`.
    unsafe {
        let page = libc::sysconf(libc::_SC_PAGESIZE);
        PAGE.store(usize::try_from(page).unwrap_or(4096), Ordering::Release);
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = lost;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut());
    }
}

/// Nothing, as this system is not known to answer like Linux.
#[cfg(not(target_os = "linux"))]
pub fn survive_lost_bytes() {}

#[cfg(target_os = "linux")]
extern "C" fn lost(_signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the system gives a valid `info` to a handler with SA_SIGINFO, and with SIGBUS it has the address.
    let address = unsafe { (*info).si_addr() } as usize;
    let page = PAGE.load(Ordering::Acquire);
    let mut slot = SLOTS.load(Ordering::Acquire);
    // SAFETY: slots are leaked, so what the list points to is there for ever.
    while let Some(own) = unsafe { slot.as_ref() } {
        let start = own.start.load(Ordering::Acquire);
        if (start..own.end.load(Ordering::Relaxed)).contains(&address) {
            // SAFETY: the page lies in a mapping of ours, which is read-only and begins on a page boundary. What
            // replaces it can be read, too, and goes with the mapping when that is unmapped.
            let replaced = unsafe {
                libc::mmap(
                    (address / page * page) as *mut libc::c_void,
                    page,
                    libc::PROT_READ,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                    -1,
                    0,
                )
            };
            if replaced != libc::MAP_FAILED {
                own.hit.store(true, Ordering::Release);
                ANY.store(true, Ordering::Release);
                return;
            }
        }
        slot = own.next.load(Ordering::Acquire);
    }
    // SAFETY: `signal` may be called in a handler. The read is tried again, and ends the process as it would have.
    unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
}
