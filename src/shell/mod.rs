//! The shell, for terminals and scripts.
//!
//! ```text
//!  terminal --Prompt---.                                       .--> Workspace changes
//!                      |--line--> words --parse--> Verb --run--|
//!  pipe, -f ---Script--'            ^                          '--> Client --> transfer
//!                                   |
//!  command line --Invocation--------'                          Outcome --> exit status
//! ```
//!
//! The [language](crate::language) reads words. A handler returns an [`Outcome`] or fails with a
//! [`CommandError`]. The shell reports the error and makes it an outcome too. No field remembers a failure.

pub(crate) mod error;
pub(crate) mod outcome;
pub(crate) mod status;

mod context;
mod handlers;
mod interpreter;
mod local_names;
mod record;
mod remote;
mod script;
mod settings_file;
mod startup;
mod summary;
mod tracing;
mod transfer;
mod workspace;

use self::context::{InputSource, Setup, Shell};
use self::error::{CommandError, Fatal, HandlerError};
use self::outcome::{Handled, Outcome};
use self::record::OutcomeRecord;
pub use self::startup::main;
