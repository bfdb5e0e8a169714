//! The exit codes, as `goldpan --help` and the README give them.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done,
    /// Something failed on the way: the disk, the device, the network.
    Failed,
    /// The command line or the pipeline file asks for what cannot be.
    Usage,
    /// The input data is not what it should be.
    Data,
    /// A file, model or dataset was not found or could not be reached.
    NotFound,
    /// The user stopped it.
    Stopped,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Data => 3,
            Self::NotFound => 4,
            Self::Stopped => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
