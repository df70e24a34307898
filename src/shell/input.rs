//! What a person is asked for, and what came of it.

/// What came of asking for a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Ctrl-C: what was typed is dropped.
    Cleared,
    /// What was typed is no text.
    Garbled,
    /// Ctrl-C twice, or a signal that ends the process.
    Leave,
    /// Ctrl-D on an empty line.
    End,
}

/// What is to be typed, for those who help with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A whole line.
    Command,
    /// What this command misses.
    Arguments(&'static str),
    /// A word for a question, which Tab knows nothing of.
    Answer,
}
