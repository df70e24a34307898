//! What a prompt asks a person for, and what came of it.

/// What came of a prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Prompted {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Ctrl-C: what was typed is dropped.
    Cleared,
    /// What was typed is not UTF-8.
    Garbled,
    /// Ctrl-C twice, or a signal that ends the process.
    Leave,
    /// Ctrl-D on an empty line.
    End,
}

/// What a prompt asks for, for Tab and hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A whole line.
    Command,
    /// What this command misses.
    Arguments(&'static str),
    /// An answer that Tab does not complete.
    Answer,
}
