//! Folders that cannot take what is written to them: full, or read-only.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory, mounted on a folder for as long as this lives.
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Mounts it with these options of tmpfs, such as `size=1m`. Mounting needs root, as CI has;
    /// `None` for other users.
    pub fn mount(folder: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        mount(folder, options).then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// Changes its options.
    pub fn remount(&self, options: &str) {
        assert!(mount(&self.folder, &format!("remount,{options}")));
    }
}

fn mount(folder: &Path, options: &str) -> bool {
    let mut command = Command::new("mount");
    command
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(folder);
    command.output().is_ok_and(|output| output.status.success())
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a failed test may still have files open there.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}
