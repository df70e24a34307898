//! The user's files: bookmarks, names seen, typed lines and settings, and the directories that hold them.

pub mod bookmarks;
pub mod directories;
pub mod names_seen;

pub use self::directories::Directories;
pub use self::names_seen::NamesSeen;
