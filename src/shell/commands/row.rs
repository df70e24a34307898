//! What most rows have in common.

use super::Command;
use crate::shell::handlers;

/// As many arguments as somebody cares to type.
pub(super) const MANY: usize = usize::MAX;

/// Neither classic nor a setting.
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
    run: handlers::local_files::quit,
};

/// One of the thirteen.
pub(super) const CLASSIC: Command = Command { classic: true, ..ROW };
/// One of the thirteen that may stand in the start-up file.
pub(super) const CLASSIC_SETTING: Command = Command { setting: true, ..CLASSIC };
/// A newer one that may stand in the start-up file.
pub(super) const SETTING: Command = Command { setting: true, ..ROW };
