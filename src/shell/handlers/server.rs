//! serve: a server to practise on, in the background of the shell or in the foreground.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::faults;
use super::privileges::Privileges;
use super::trace::report;
use crate::daemon::{ServiceManager, activated_sockets, raise_limit};
use crate::event::Observers;
use crate::files::DirStore;
use crate::language::{ServeVerb, Service, Word};
use crate::server::{Log, Policy, Server, ServerBuilder, practice_files};
use crate::session::{DEFAULT_PORT, Peer};
use crate::shell::local_names;
use crate::shell::{CommandError, Handled, HandlerError, Outcome, Shell};
use crate::terminal::{LogOutput, Place, Stream, plain};
use crate::trace::OtherEnd;
use crate::transfer::RetryPolicy;

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

impl Service {
    /// Serves beside the shell, on loopback; one line says where. The shell connects to a server of practice files.
    fn in_background(&self, shell: &mut Shell<'_>) -> Result<(), HandlerError> {
        if shell.workspace.serving.is_some() {
            return Err(CommandError::local("a server is running already (\"serve stop\" ends it)").into());
        }
        let end = OtherEnd::new();
        let (first, second) = (Ipv4Addr::LOCALHOST.into(), Some(Ipv6Addr::LOCALHOST.into()));
        let server = self.bind(first, second, self.port.unwrap_or(0), Some(&end))?;
        let place = places(server.addresses());
        let serving = server.spawn().map_err(|error| CommandError::file("serve", error))?;
        shell.workspace.tracing.meet(end, serving.addresses());
        match (&self.directory, serving.addresses().first()) {
            (None, Some(first)) => {
                shell.workspace.session.peer = Some(Peer::new(first.ip().to_string(), first.port()));
                let what = "with hello.txt, text.txt, fw.bin, big.bin and more";
                shell.console.note(format_args!("Practice server at {place} {what}: connected."));
            }
            _ => shell.console.note(format_args!("Serving {} at {place}.", self.title())),
        }
        shell.workspace.serving = Some(serving);
        shell.workspace.practising = self.directory.is_none();
        Ok(())
    }

    /// Serves until a signal comes, and prints what happens. Other computers reach only an address that was named.
    fn in_foreground(&self, shell: &mut Shell<'_>) -> Handled {
        let privileges = Privileges::of(self)?;
        raise_limit();
        let named_port = self.port.or(shell.workspace.session.default_port);
        let sockets = activated_sockets().map_err(|error| CommandError::file("socket activation", error))?;
        if !sockets.is_empty() && (named_port.is_some() || shell.setup.listen.is_some()) {
            let reason = "the service manager has bound the sockets; name no address or port (ListenDatagram= does)";
            return Err(CommandError::local(reason).into());
        }
        let port = named_port.unwrap_or(DEFAULT_PORT);
        let named = shell.setup.listen.as_ref().map(|named| {
            named.parse().map_err(|_| CommandError::local(format_args!("{named}: not an address to listen on")))
        });
        let (first, second) = match named {
            Some(address) => (address?, None),
            None => (Ipv4Addr::LOCALHOST.into(), Some(Ipv6Addr::LOCALHOST.into())),
        };
        let server = match sockets.is_empty() {
            true => self.bind(first, second, port, None)?,
            false => sockets.into_iter().fold(self.builder()?, ServerBuilder::listen_on).bind(&[][..])?,
        };
        privileges.give_up(shell)?;
        let status = format!("Serving {} at {}.", self.title(), places(server.addresses()));
        shell.console.say(&status)?;
        shell.workspace.tracing.begin(&shell.workspace.session.settings, &shell.console, shell.setup.plain);
        let mut log = if shell.console.json {
            Log::json(LogOutput::new(Stream::Output))
        } else {
            Log::new(LogOutput::new(shell.console.stream()))
        };
        log.listening(&self.title(), server.addresses());
        let mut observers = Observers::none();
        // Before the log, whose line about the end of a transfer follows its packets.
        if shell.workspace.tracing.is_on() {
            observers.add(&mut shell.workspace.tracing);
        }
        observers.add(&mut log);
        if let Err(error) = ServiceManager.ready(&status) {
            shell.console.note(format_args!(
                "tftp: the service manager does not hear that the server is ready: {}",
                plain(&error)
            ));
        }
        server.run_observed(shell.setup.signals.stop(), &mut observers)?;
        ServiceManager.stopping();
        // With JSON, the log says all that a record of the command would.
        Ok(Outcome { is_recorded: true, ..report(shell)? })
    }

    /// Binds the first address, and the second one where this machine has it.
    fn bind(
        &self,
        first: IpAddr,
        second: Option<IpAddr>,
        port: u16,
        end: Option<&OtherEnd>,
    ) -> Result<Server, CommandError> {
        let builder = || {
            let builder = self.builder()?;
            Ok::<_, CommandError>(match end {
                Some(end) => builder.observer(end.observer()),
                None => builder,
            })
        };
        let first = SocketAddr::new(first, port);
        if let Some(second) = second {
            match builder()?.bind(&[first, SocketAddr::new(second, port)][..]) {
                Err(error) if !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {}
                bound => return bound.map_err(|error| refused(first, error)),
            }
        }
        builder()?.bind(first).map_err(|error| refused(first, error))
    }

    fn builder(&self) -> Result<ServerBuilder, CommandError> {
        let builder = match &self.directory {
            None => Server::builder(practice_files()),
            Some(directory) => {
                let directory = &local_names::one(directory)?;
                let root = DirStore::open(directory.path()).map_err(|error| CommandError::file(directory, error))?;
                Server::builder(root)
            }
        };
        // The practice files are for a class: it wants the same packets each time, not the shortest time.
        let practises = self.directory.is_none();
        let margin = if practises { RetryPolicy::PATIENT } else { RetryPolicy::default().margin };
        Ok(builder.policy(Policy {
            title: self.title(),
            answer_twice: practises,
            retry: RetryPolicy { margin, ..RetryPolicy::default() },
            read_only: self.read_only,
            overwrite: self.overwrite,
            ..Policy::default()
        }))
    }

    fn title(&self) -> String {
        self.directory.as_ref().map_or_else(|| "practice files".to_owned(), Word::to_string)
    }
}

fn refused(address: SocketAddr, error: io::Error) -> CommandError {
    if error.kind() == io::ErrorKind::PermissionDenied {
        let advice = "(a port below 1024 needs privileges; another one will do: serve DIR 6969)";
        return CommandError::local(format_args!("{address}: {} {advice}", plain(&error)));
    }
    CommandError::file(address, error)
}

fn places(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" and ")
}
