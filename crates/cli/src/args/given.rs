//! Which options stand on the command line, be it with the value that they have anyway.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

/// The options of a subcommand that were given. It takes nothing by itself: as the first field of a subcommand's
/// arguments, flattened, it sees what the others take.
#[derive(Clone, Debug, Default)]
pub struct Given(Vec<String>);

impl Given {
    /// Those of some options that were given; each is named as on the command line, `--min-steps`.
    pub fn of(&self, options: &[&'static str]) -> Vec<&'static str> {
        let given = options.iter().filter(|option| self.has(option));
        given.copied().collect()
    }

    fn has(&self, option: &str) -> bool {
        let id = option.trim_start_matches('-').replace('-', "_");
        self.0.contains(&id)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let ids = matches.ids().map(|id| id.as_str());
        let given = ids.filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
        Ok(Self(given.map(str::to_owned).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
