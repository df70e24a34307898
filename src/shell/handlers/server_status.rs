//! serve status: the server, and its running transfers.

use serde::Serialize;

use super::faults;
use crate::server::{RunningTransfer, Status};
use crate::shell::{Handled, Outcome, Shell};
use crate::terminal::Place;
use crate::units::thousands;

/// The JSON record of a server. The keys are stable.
#[derive(Serialize)]
struct ServerRecord<'a> {
    command: &'static str,
    line: Option<usize>,
    status: u8,
    serves: &'a str,
    addresses: Vec<String>,
    running: u64,
    finished: u64,
    failed: u64,
    refused: u64,
    /// The oldest of those that run.
    transfers: Vec<TransferRecord>,
}

#[derive(Serialize)]
struct TransferRecord {
    peer: String,
    request: &'static str,
    /// Bytes of the name that are not UTF-8 are replaced.
    file: String,
    bytes: u64,
    /// Of the file, if it is known.
    size: Option<u64>,
    seconds: f64,
    resent: u64,
}

/// Shows the server: a line for each running transfer, and what was changed.
pub(super) fn status(shell: &Shell<'_>) -> Handled {
    let Some(serving) = &shell.workspace.serving else { return shell.answer("No server is running.") };
    let status = serving.status();
    shell.console.say(&status)?;
    for transfer in &status.transfers {
        shell.console.say(transfer)?;
    }
    let others = status.live.saturating_sub(status.transfers.len() as u64);
    if others > 0 {
        shell.console.say(format_args!("... and {} more", thousands(others)))?;
    }
    if let Some(last) = &status.last {
        shell.console.say(format_args!("Last served: {last}"))?;
    }
    if let Some(bug) = status.bug {
        shell.console.say(faults::server_bug(bug))?;
    }
    let faults = serving.faults().lock().clone();
    if faults.rules().next().is_some() {
        shell.console.say(format_args!("Faults of the server:\n{faults}"))?;
    }
    shell.console.record(&ServerRecord::of(&status, shell.console.place))?;
    Ok(Outcome { is_recorded: true, ..Outcome::done() })
}

impl<'a> ServerRecord<'a> {
    fn of(status: &'a Status, place: Place) -> Self {
        Self {
            command: "serve",
            line: if let Place::Script(number) = place { Some(number) } else { None },
            status: 0,
            serves: &status.title,
            addresses: status.addresses.iter().map(ToString::to_string).collect(),
            running: status.live,
            finished: status.finished,
            failed: status.failed,
            refused: status.refused,
            transfers: status.transfers.iter().map(TransferRecord::of).collect(),
        }
    }
}

impl TransferRecord {
    fn of(transfer: &RunningTransfer) -> Self {
        Self {
            peer: transfer.peer.to_string(),
            request: transfer.kind.command(),
            file: String::from_utf8_lossy(&transfer.filename).into_owned(),
            bytes: transfer.bytes,
            size: transfer.size,
            seconds: transfer.elapsed.as_secs_f64(),
            resent: transfer.resent,
        }
    }
}
