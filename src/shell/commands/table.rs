//! The rows of every family in one row, and what most of them have in common.

use super::{Command, class, classic, local, servers, settings};
use crate::shell::handlers;

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

/// As many arguments as somebody cares to type.
pub(super) const MANY: usize = usize::MAX;

/// What most rows have in common.
pub(super) const ROW: Command = Command {
    name: "",
    aliases: &[],
    classic: false,
    args: &[],
    takes: 0..=0,
    switches: &[],
    usage: &[],
    ask: None,
    brief: "",
    examples: &[],
    see: &[],
    forms: &[],
    setting: false,
    run: handlers::local::quit,
};

pub(super) const CLASSIC: Command = Command { classic: true, ..ROW };
pub(super) const CLASSIC_SETTING: Command = Command { setting: true, ..CLASSIC };
pub(super) const SETTING: Command = Command { setting: true, ..ROW };
