//! Commands about this side: the local directory and digests of local files.

use std::env;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::files::Digest;
use crate::language::{PlanVerb, PlannedSize, Word};
use crate::plan::Plan;
use crate::shell::local_names::{self, LocalName};
use crate::shell::{CommandError, Fatal, Handled, Outcome, OutcomeRecord, Shell};
use crate::stop::Interruptible;
use crate::terminal::Subject;
use crate::wire::Printable;

/// Changes the directory in which local names are looked up, to the home directory if none is named.
pub(crate) fn lcd(shell: &mut Shell<'_>, directory: Option<Word>) -> Handled {
    let directory = match directory {
        Some(word) => local_names::one(&word)?.path().to_owned(),
        None => env::home_dir().ok_or_else(|| CommandError::local("no home directory is known; name one"))?,
    };
    let name = Word::new(directory.as_os_str().as_bytes());
    env::set_current_dir(&directory).map_err(|error| CommandError::file(&name, error))?;
    lpwd(shell)
}

/// Prints the local directory.
pub(crate) fn lpwd(shell: &Shell<'_>) -> Handled {
    let directory = env::current_dir().map_err(|error| CommandError::file("local directory", error))?;
    shell.answer(directory_line(&directory))
}

/// The line that names the local directory.
pub(crate) fn directory_line(directory: &Path) -> String {
    format!("Local directory: {}", Printable(directory.as_os_str().as_bytes()))
}

/// Calculates the packets of a transfer.
pub(crate) fn plan(shell: &Shell<'_>, PlanVerb { size, blksize, windowsize, rtt }: PlanVerb) -> Handled {
    let size = match size {
        PlannedSize::Bytes(size) => size,
        PlannedSize::OfFile(file) => size_of(&file)?,
    };
    shell.answer(Plan { size, blksize, windowsize, rtt })
}

fn size_of(file: &Word) -> Result<u64, CommandError> {
    match fs::metadata(local_names::one(file)?.path()) {
        Ok(file) if file.is_file() => Ok(file.len()),
        Ok(_) => Err(CommandError::local(format_args!("{file}: not a regular file, so its size is not known"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let reason = "not a size (2150, 2,150, 64K or 5M), and not a local file";
            Err(CommandError::local(format_args!("{file}: {reason}")))
        }
        Err(error) => Err(CommandError::file(file, error)),
    }
}

/// Prints the digests of files, as sha256sum does.
pub(crate) fn sha256(shell: &Shell<'_>, words: &[Word]) -> Handled {
    let mut outcome = Outcome::done();
    for word in words {
        let files = match local_names::files(word) {
            Ok(files) => files,
            Err(error) => {
                outcome = outcome.then(digest_of(shell, word, Err(error))?);
                continue;
            }
        };
        for LocalName { path, .. } in files {
            if shell.ends_here() {
                return Ok(outcome.then(Outcome::interrupted()));
            }
            let digest = Interruptible::open(path.path(), shell.stop()).and_then(Digest::of);
            let digest = digest.map_err(|error| CommandError::file(&path, error));
            outcome = outcome.then(digest_of(shell, &path, digest)?);
        }
    }
    Ok(outcome)
}

/// Prints the digest of a file, or reports why it has none.
fn digest_of(shell: &Shell<'_>, file: &Word, digest: Result<Digest, CommandError>) -> Result<Outcome, Fatal> {
    let record = OutcomeRecord::of(b"sha256").local(file);
    match digest {
        Ok(digest) => {
            shell.console.say(format_args!("{digest}  {}", file.whole()))?;
            shell.record(record.digest(Some(digest)), Outcome::done())
        }
        Err(error) => shell.record(record, shell.report(&Subject::command("sha256"), error)?),
    }
}
