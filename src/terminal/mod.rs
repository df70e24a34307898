//! A person's terminal and the output streams.
//!
//! ```text
//!  keys --LineEditor or PlainInput--> Prompt --Prompted--> shell --text, failures--> Console --Output--> stdout, stderr
//! ```

mod console;
mod control;
mod failure;
mod line_batcher;
mod line_editor;
mod line_reader;
mod log_output;
mod lossy_lines;
mod output;
mod plain_input;
mod prompt;
mod prompted;

pub(crate) use self::console::{Console, Place, plain};
pub(crate) use self::failure::{Diagnostic, Subject, about};
pub(crate) use self::line_batcher::{FlushTimer, LineBatcher};
pub(crate) use self::line_reader::LineReader;
pub(crate) use self::log_output::LogOutput;
pub(crate) use self::output::Stream;
pub(crate) use self::prompt::Prompt;
pub(crate) use self::prompted::Prompted;
