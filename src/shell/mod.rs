//! The shell, for terminals and scripts.
//!
//! ```text
//!  terminal --Prompt---.                                      .--> Workspace changes
//!                      |--line--> Words --find--> handler ----|
//!  pipe, -f ---Script--'                             ^        '--> Client --> transfer
//!                                                    |
//!  command line --Invocation--> words ---------------'        Outcome --> exit status
//! ```
//!
//! [`commands`] holds the one table of commands. A handler returns an [`Outcome`] or fails with a
//! [`CommandError`]. The shell reports the error and makes it an outcome too. No field remembers a failure.

pub mod commands;
pub mod complete;
pub mod error;
pub mod invocation;
pub mod outcome;
pub mod status;
pub mod topics;
pub mod uri;
pub mod words;

pub(crate) mod hint;

mod completion_protocol;
mod context;
mod handlers;
mod interpreter;
mod manual;
mod record;
mod remote;
mod script;
mod settings_file;
mod startup;
mod suggest;
mod summary;
mod tracing;
mod transfer;
mod workspace;

use self::context::{InputSource, Setup, Shell};
use self::error::{CommandError, Fatal, HandlerError};
use self::outcome::Outcome;
use self::record::OutcomeRecord;
pub use self::startup::main;
