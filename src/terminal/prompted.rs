//! The question of a prompt, and its result.

/// The result of a prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Prompted {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Ctrl-C, which drops the line.
    Cleared {
        /// There was nothing to drop, as far as is known.
        was_empty: bool,
    },
    /// A line that is not UTF-8.
    Garbled,
    /// Ctrl-C twice, or a signal that ends the process.
    Leave,
    /// Ctrl-D on an empty line.
    End,
}

/// The question of a prompt, for Tab and hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A whole line.
    Command,
    /// The missing arguments of this command.
    Arguments(&'static str),
    /// An answer that Tab does not complete.
    Answer,
}
