//! serve status: the server, and its running transfers.

use serde::Serialize;

use super::faults;
use crate::server::Status;
use crate::shell::{Handled, Outcome, OutcomeRecord, Shell};

/// The JSON record of the command: that of every command, with the server.
#[derive(Serialize)]
struct StatusRecord<'a> {
    #[serde(flatten)]
    record: OutcomeRecord,
    server: &'a Status,
}

/// Shows the server: a line for each running transfer, and what was changed.
pub(super) fn status(shell: &Shell<'_>) -> Handled {
    let Some(serving) = &shell.workspace.serving else { return shell.answer("No server is running.") };
    let server = &serving.status();
    server.lines().try_for_each(|line| shell.console.say(line))?;
    if let Some(last) = &server.last {
        shell.console.say(format_args!("Last served: {last}"))?;
    }
    if let Some(bug) = server.bug {
        shell.console.say(faults::server_bug(bug))?;
    }
    let faults = serving.faults().lock().clone();
    if faults.rules().next().is_some() {
        shell.console.say(format_args!("Faults of the server:\n{faults}"))?;
    }
    let record = OutcomeRecord::of(b"serve").from(shell.console.place);
    shell.console.record(&StatusRecord { record, server })?;
    Ok(Outcome { is_recorded: true, ..Outcome::done() })
}
