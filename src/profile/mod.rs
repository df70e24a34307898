//! The user's files: bookmarks, names seen, typed lines and settings, and the directories that hold them.

pub(crate) mod bookmarks;
pub(crate) mod directories;
pub(crate) mod names_seen;

pub(crate) use self::directories::Directories;
pub use self::names_seen::NamesSeen;
