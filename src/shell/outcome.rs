//! What a line, a command or a transfer came to.

use super::error::{CommandError, HandlerError};
use super::status::Status;

/// The result of a handler.
pub(crate) type Handled = Result<Outcome, HandlerError>;

/// What a line, a command or a transfer came to. Of several, the first failure counts.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Outcome {
    /// The first failure, which was reported.
    pub(super) failure: Option<CommandError>,
    /// The shell ends here.
    pub(super) leaves: bool,
    /// JSON records of it were printed.
    pub(super) is_recorded: bool,
}

impl Outcome {
    /// A success, after which the next line follows.
    pub(super) fn done() -> Self {
        Self::default()
    }

    /// A success that ends the shell.
    pub(super) fn leave() -> Self {
        Self { leaves: true, ..Self::default() }
    }

    /// A failure that was reported.
    pub(super) fn failed(error: CommandError) -> Self {
        Self { failure: Some(error), ..Self::default() }
    }

    /// A signal kept something from running.
    pub(super) fn interrupted() -> Self {
        Self::failed(CommandError::Interrupted("interrupted".to_owned()))
    }

    /// This and a later outcome as one.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            failure: self.failure.or(later.failure),
            leaves: later.leaves,
            is_recorded: self.is_recorded || later.is_recorded,
        }
    }

    /// Whether anything failed.
    pub(super) fn is_failure(&self) -> bool {
        self.failure.is_some()
    }

    /// The exit status that this alone would have.
    pub(super) fn status(&self) -> Status {
        self.failure.as_ref().map_or(Status::Success, CommandError::status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_counts_and_the_last_line_may_leave() {
        let interrupted = || Outcome::failed(CommandError::Interrupted("interrupted".to_owned()));
        let both = Outcome::done().then(interrupted()).then(Outcome::failed(CommandError::local("later")));
        assert_eq!((both.status(), both.leaves), (Status::Interrupted, false));
        let end = interrupted().then(Outcome::leave());
        assert_eq!((end.status(), end.leaves), (Status::Interrupted, true));
    }
}
