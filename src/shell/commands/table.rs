//! The rows of every family, one behind the other.

use super::{Command, class, classic, local, servers, settings};

/// Every command, in the order that `?` lists them.
pub static COMMANDS: Table = Table(&[classic::ROWS, settings::ROWS, servers::ROWS, local::ROWS, class::ROWS]);

/// Commands by families.
pub struct Table(&'static [&'static [Command]]);

impl Table {
    /// Each command, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static Command> {
        self.0.iter().copied().flatten()
    }
}
