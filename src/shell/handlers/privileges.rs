//! serve --user: a server keeps no privileges once it has its ports.

use std::fs::File;

use crate::daemon::{User, is_root, may_enter};
use crate::language::{Service, Word};
use crate::shell::{CommandError, Shell, local_names};

/// Who a server is to be, and what it must still be able to use then.
pub(super) struct Privileges {
    user: Option<(Word, User)>,
    /// Opened before the change.
    directory: Option<(Word, File)>,
}

impl Privileges {
    /// Finds the user, before anything is bound.
    pub(super) fn of(service: &Service) -> Result<Self, CommandError> {
        let user = match &service.user {
            None => None,
            Some(name) => {
                let found = User::find(name.text().unwrap_or_default());
                Some((
                    name.clone(),
                    found.map_err(|error| CommandError::local(format_args!("--user {name}: {error}")))?,
                ))
            }
        };
        let directory = match &service.directory {
            Some(directory) if user.is_some() => {
                let directory = local_names::one(directory)?;
                let opened = File::open(directory.path()).map_err(|error| CommandError::file(&directory, error))?;
                Some((directory, opened))
            }
            _ => None,
        };
        Ok(Self { user, directory })
    }

    /// Becomes the user, if one was named. Root that remains root is warned.
    pub(super) fn give_up(self, shell: &Shell<'_>) -> Result<(), CommandError> {
        let Some((name, user)) = self.user else {
            if is_root() {
                shell
                    .console
                    .note("tftp: the server runs as root and serves only what all users may read; use --user NAME");
            }
            return Ok(());
        };
        user.assume().map_err(|error| CommandError::local(format_args!("--user {name}: {error}")))?;
        match self.directory {
            Some((directory, opened)) if !may_enter(&opened) => {
                let advice =
                    format_args!("{directory}: user {name} may not enter it (chmod o+x, or chown, changes that)");
                Err(CommandError::local(advice))
            }
            _ => Ok(()),
        }
    }
}
