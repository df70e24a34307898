//! serve: starts, shows, changes or stops the server.

use super::faults;
use super::server_status::status;
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
        ServeVerb::Status => return status(shell),
        ServeVerb::Stop => {
            shell.workspace.serving.take().ok_or_else(faults::not_running)?;
            shell.workspace.tracing.part();
            shell.console.say("Server stopped.")?;
        }
        ServeVerb::Change(change) => return faults::change(shell, change),
    }
    Ok(Outcome::done())
}

/// Starts the practice server and connects to it.
pub(crate) fn practise(shell: &mut Shell<'_>, port: Option<u16>) -> Handled {
    Service { port, ..Service::default() }.in_background(shell)?;
    Ok(Outcome::done())
}
