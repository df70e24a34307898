//! A person's terminal and the output streams.
//!
//! ```text
//!  keys --LineEditor or PlainInput--> Prompt --Prompted--> shell --text, failures--> Console --> stdout, stderr
//! ```

pub mod console;

pub(crate) mod line_batcher;
pub(crate) mod prompt;
pub(crate) mod prompted;

mod control;
mod line_editor;
mod plain_input;

pub use self::console::{Console, Diagnostic, Place, Stream, plain};
pub(crate) use self::line_batcher::{FlushTimer, LineBatcher};
pub(crate) use self::prompt::Prompt;
pub(crate) use self::prompted::Prompted;
