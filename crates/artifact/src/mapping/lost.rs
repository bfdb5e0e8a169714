//! Mapped files that became shorter while they were read. The system answers a read of a page that is gone with SIGBUS,
//! which would end the process without a word; behind the end, but in the last page, it gives zeros. After
//! [`survive_lost_bytes`] pages that are gone are zeros, too, and nothing that was made with either is published:
//! [`check_mapped`] stands before every rename, and looks at the files' lengths as well.
#![allow(unsafe_code)]

use std::fs::{self, Metadata};
use std::io;
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
    mapped: Vec<Mapped>,
    free: Vec<&'static Slot>,
    /// The first that lost bytes and is no longer mapped.
    lost: Option<Lost>,
}

struct Mapped {
    slot: &'static Slot,
    path: PathBuf,
    /// What the file was when it was mapped.
    file: Metadata,
}

#[derive(Clone)]
struct Lost {
    path: PathBuf,
    /// Whether it is known to be shorter; where it is not, the system could not read it.
    shorter: bool,
}

impl Mapped {
    fn lost(&self) -> Option<Lost> {
        let shorter = self.is_shorter();
        (shorter || self.slot.hit.load(Ordering::Acquire)).then(|| Lost {
            path: self.path.clone(),
            shorter,
        })
    }

    /// Whether the file is still in its place, and shorter. One that was replaced keeps its bytes while it is mapped.
    fn is_shorter(&self) -> bool {
        let now = fs::metadata(&self.path);
        now.is_ok_and(|now| is_same(&now, &self.file) && now.len() < self.file.len())
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Whether this process is to survive lost bytes.
fn survives() -> bool {
    PAGE.load(Ordering::Acquire) != 0
}

fn files() -> std::sync::MutexGuard<'static, Files> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mapping that the handler knows of, as long as this lives.
pub(super) struct Watched(&'static Slot);

impl Watched {
    pub(super) fn new(bytes: &[u8], path: PathBuf, file: Metadata) -> Self {
        let mut files = files();
        let slot = files.free.pop().unwrap_or_else(new_slot);
        let start = bytes.as_ptr() as usize;
        slot.hit.store(false, Ordering::Relaxed);
        slot.end.store(start + bytes.len(), Ordering::Release);
        slot.start.store(start, Ordering::Release);
        files.mapped.push(Mapped { slot, path, file });
        Self(slot)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut files = files();
        self.0.start.store(FREE, Ordering::Release);
        let mut mapped = files.mapped.iter();
        if let Some(place) = mapped.position(|mapped| ptr::eq(mapped.slot, self.0)) {
            let mapped = files.mapped.swap_remove(place);
            if files.lost.is_none() && survives() {
                files.lost = mapped.lost();
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

/// Refuses to go on where a mapped file lost bytes. Nothing is looked at before [`survive_lost_bytes`]: then the
/// process ends where they are read.
///
/// # Errors
///
/// [`Error::Shortened`] with a file that became shorter, [`Error::Read`] with one that the system could not read.
pub fn check_mapped() -> Result<(), Error> {
    if !survives() {
        return Ok(());
    }
    let files = files();
    let lost = files.lost.clone();
    match lost.or_else(|| files.mapped.iter().find_map(Mapped::lost)) {
        None => Ok(()),
        Some(Lost { path, shorter }) => Err(match shorter {
            true => Error::Shortened { path },
            false => Error::Read {
                path,
                source: io::Error::other("the system could not read a part of it"),
            },
        }),
    }
}

/// Whether bytes were read that are gone: work that goes on is for nothing.
pub fn bytes_are_lost() -> bool {
    ANY.load(Ordering::Relaxed)
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
        let end = own.end.load(Ordering::Acquire);
        // A slot that is used again meanwhile is not that of the mapping that is read here.
        let same = start == own.start.load(Ordering::Acquire);
        if same && (start..end).contains(&address) {
            let first = address / page * page;
            // SAFETY: the pages lie in a mapping of ours, which is read-only, begins on a page boundary and is lost
            // from here to its end. What replaces them can be read, too, and goes with the mapping when that is
            // unmapped.
            let replaced = unsafe {
                libc::mmap(
                    first as *mut libc::c_void,
                    (end - first).next_multiple_of(page),
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
