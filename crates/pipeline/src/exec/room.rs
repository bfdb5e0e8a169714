//! How many trainings may go on at once.

use std::num::NonZeroUsize;

use goldpan_model::Device;

use crate::exec::context::FROZEN_STATES;

/// The part of the free memory that trainings beside each other, and the states that they keep together,
/// may fill, as far as their size is predicted. The rest is for the stage beside them.
const SHARE: f64 = 0.75;

/// The machine's cores and memory, for trainings to share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Room {
    pub(super) cores: usize,
    pub(super) most: usize,
    /// Bytes that trainings may take together; no limit where the number was asked for.
    pub(super) memory: Option<u64>,
}

impl Room {
    /// The room on a device. On the CPU so many trainings as were asked for, else as many as cores
    /// and free memory allow; elsewhere one, for which the device is there alone.
    pub(super) fn on(device: &Device, asked: Option<NonZeroUsize>) -> Self {
        let cores = rayon::current_num_threads();
        let most = match (device.class(), asked) {
            ("cpu", None) => cores,
            ("cpu", Some(asked)) => asked.get(),
            _ => 1,
        };
        let memory = match asked {
            None => {
                let memory = (SHARE * free_memory() as f64) as u64;
                Some(memory.saturating_sub(FROZEN_STATES as u64))
            }
            Some(_) => None,
        };
        Self {
            cores,
            most,
            memory,
        }
    }

    /// Whether trainings may go on beside each other at all.
    pub(super) fn is_shared(&self) -> bool {
        self.most > 1
    }

    /// How many trainings of this size may go on at once, at least one. Of unknown size one, unless the
    /// number was asked for.
    pub(super) fn trainings(&self, bytes: Option<u64>) -> usize {
        let fit = match (self.memory, bytes) {
            (None, _) => usize::MAX,
            (Some(_), None) => 1,
            (Some(memory), Some(bytes)) => {
                usize::try_from(memory / bytes.max(1)).unwrap_or(usize::MAX)
            }
        };
        self.most.min(fit).max(1)
    }

    /// Whether one more training may start beside those that take `running` bytes, each. Of unknown
    /// size it may where the number was asked for, or nothing else runs.
    pub(super) fn takes(&self, running: &[Option<u64>], more: Option<u64>) -> bool {
        let Some(memory) = self.memory.filter(|_| !running.is_empty()) else {
            return running.len() < self.most;
        };
        let all: Option<u64> = running.iter().copied().chain([more]).sum();
        running.len() < self.most && all.is_some_and(|all| all <= memory)
    }

    /// The threads of a training of so many bytes that starts beside `running` others while `waiting`
    /// more could, and what share of all threads they are.
    pub(super) fn threads(
        &self,
        running: usize,
        waiting: usize,
        bytes: Option<u64>,
    ) -> (usize, f64) {
        let fit = self.trainings(bytes).max(running + 1);
        let trainings = (running + waiting + 1).min(fit);
        let threads = (self.cores / trainings).max(1);
        (threads, threads as f64 / self.cores as f64)
    }
}

/// Bytes of memory that are free for programs, within the limits of the container.
fn free_memory() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let free = system.available_memory();
    match system.cgroup_limits() {
        // What else the container holds are pages of files, which give way.
        Some(limits) => free.min(limits.total_memory.saturating_sub(limits.rss)),
        None => free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        cores: 8,
        most: 4,
        memory: Some(1000),
    };

    #[test]
    fn trainings_fit_beside_each_other_by_number_and_memory() {
        assert!(ROOM.takes(&[], Some(2000)));
        assert!(ROOM.takes(&[], None));
        assert!(ROOM.takes(&[Some(500)], Some(500)));
        assert!(!ROOM.takes(&[Some(500)], Some(501)));
        assert!(!ROOM.takes(&[Some(500)], None));
        assert!(!ROOM.takes(&[None], Some(1)));
        assert!(!ROOM.takes(&[Some(1); 4], Some(1)));
        assert_eq!(ROOM.trainings(Some(400)), 2);
        assert_eq!(ROOM.trainings(Some(1)), 4);
        assert_eq!(ROOM.trainings(Some(5000)), 1);
        assert_eq!(ROOM.trainings(None), 1);
    }

    #[test]
    fn a_number_that_was_asked_for_is_taken() {
        let room = Room {
            memory: None,
            ..ROOM
        };
        assert!(room.takes(&[None; 3], None));
        assert!(!room.takes(&[None; 4], None));
        assert_eq!(room.trainings(Some(5000)), 4);
        assert_eq!(room.trainings(None), 4);
    }

    #[test]
    fn cores_are_shared_by_what_could_run() {
        let small = Some(1);
        assert_eq!(ROOM.threads(0, 0, small), (8, 1.0));
        assert_eq!(ROOM.threads(0, 1, small), (4, 0.5));
        assert_eq!(ROOM.threads(1, 1, small), (2, 0.25));
        assert_eq!(ROOM.threads(0, 9, small), (2, 0.25));
        let crowded = Room { most: 20, ..ROOM };
        assert_eq!(crowded.threads(10, 5, small), (1, 0.125));
    }

    #[test]
    fn what_cannot_start_takes_no_cores() {
        assert_eq!(ROOM.threads(0, 7, Some(600)), (8, 1.0));
        assert_eq!(ROOM.threads(0, 7, Some(400)), (4, 0.5));
        assert_eq!(ROOM.threads(0, 7, None), (8, 1.0));
    }

    #[test]
    fn some_memory_is_free() {
        assert!(free_memory() > 1 << 20);
    }
}
