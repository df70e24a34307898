//! How tests start the program: apart from whatever the user who runs them keeps.

use std::path::Path;
use std::process::Command;

/// The program, for a user whose home is `home`.
pub(crate) fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftp"));
    command.env("HOME", home).env("NO_COLOR", "1").env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
    command
}
