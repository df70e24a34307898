//! serve: a server to practise on, in the background of the shell or in the foreground.

use std::io;

use super::faults;
use crate::language::{ServeVerb, Service};
use crate::shell::{Handled, Outcome, Shell};
use crate::terminal::Place;

/// Starts, shows, changes or stops the server.
pub(crate) fn serve(shell: &mut Shell<'_>, verb: ServeVerb) -> Handled {
    match verb {
        ServeVerb::Start(service) => match shell.console.place {
            Place::CommandLine => return service.in_foreground(shell),
            Place::Terminal | Place::Script(_) => service.in_background(shell)?,
        },
        ServeVerb::Status => status(shell)?,
        ServeVerb::Stop => {
            shell.workspace.serving.take().ok_or_else(faults::not_running)?;
            shell.workspace.tracing.part();
            shell.console.say("Server stopped.")?;
        }
        ServeVerb::Change(change) => return faults::change(shell, change),
    }
    Ok(Outcome::done())
}

fn status(shell: &Shell<'_>) -> io::Result<()> {
    let Some(serving) = &shell.workspace.serving else { return shell.console.say("No server is running.") };
    let status = serving.status();
    shell.console.say(&status)?;
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
    Ok(())
}

/// Starts the practice server and connects to it.
pub(crate) fn practise(shell: &mut Shell<'_>, port: Option<u16>) -> Handled {
    Service { port, ..Service::default() }.in_background(shell)?;
    Ok(Outcome::done())
}
