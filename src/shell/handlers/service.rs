//! Starting a server: in the background of the shell, or in the foreground.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::privileges::Privileges;
use super::trace::report;
use crate::daemon::{ServiceManager, activated_sockets, addresses_for_others, is_root, raise_limit};
use crate::event::Observers;
use crate::files::DirStore;
use crate::language::{Service, Word};
use crate::server::{Log, Policy, Server, ServerBuilder, listed, practice_files};
use crate::session::{DEFAULT_PORT, Peer};
use crate::shell::local_names;
use crate::shell::{CommandError, Handled, HandlerError, Outcome, Shell};
use crate::stop::question;
use crate::terminal::{LogOutput, Stream, plain};
use crate::trace::OtherEnd;
use crate::transfer::RetryPolicy;
use crate::wire::Limits;

impl Service {
    /// Serves beside the shell; one line says where. The shell connects to a server of practice files.
    pub(super) fn in_background(&self, shell: &mut Shell<'_>) -> Result<(), HandlerError> {
        if shell.workspace.serving.is_some() {
            return Err(CommandError::local("a server is running already (\"serve stop\" ends it)").into());
        }
        if self.user.is_some() {
            return Err(
                CommandError::local("--user is for a server of its own: tftp serve DIRECTORY --user NAME").into()
            );
        }
        let end = OtherEnd::new();
        let server = self.bind(self.port.unwrap_or(0), Some(&end))?.map_err(refused)?;
        let place = listed(server.addresses());
        let serving = server.spawn().map_err(|error| CommandError::file("serve", error))?;
        shell.workspace.tracing.meet(end, serving.addresses());
        match (&self.directory, serving.addresses().first()) {
            (None, Some(first)) => {
                shell.workspace.session.peer = Some(Peer::new(reachable(first.ip()).to_string(), first.port()));
                let what = "with hello.txt, text.txt, fw.bin, big.bin and more";
                shell.console.note(format_args!("Practice server at {place} {what}: connected."));
            }
            _ => shell.console.note(format_args!("Serving {} at {place}.", self.title())),
        }
        shell.workspace.serving = Some(serving);
        shell.workspace.practising = self.directory.is_none();
        Ok(())
    }

    /// Serves until a signal comes, and prints what happens.
    pub(super) fn in_foreground(&self, shell: &mut Shell<'_>) -> Handled {
        let privileges = Privileges::of(self)?;
        raise_limit();
        let (mut server, is_fallback) = self.bind_in_foreground()?;
        privileges.give_up(shell)?;
        let status = format!("Serving {} at {}", self.title(), listed(server.addresses()));
        let quiet = shell.workspace.session.settings.quiet;
        if !quiet {
            let why = is_fallback.then(|| "port 69 needs privileges".to_owned());
            let notes: Vec<_> = why.into_iter().chain(reach(server.addresses())).collect();
            let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
            let line = format!("{status}{notes}.");
            // A full disk keeps no device from its boot.
            if let Err(error) = shell.console.say(&line) {
                let reason = plain(&error);
                shell.console.note(format_args!("tftp: standard output: {reason}; the server continues\n{line}"));
            }
        }
        shell.workspace.tracing.begin(&shell.workspace.session.settings, &shell.console, shell.setup.plain);
        let mut log = if shell.console.json {
            Log::json(LogOutput::new(Stream::Output))
        } else {
            Log::new(LogOutput::new(shell.console.stream()))
        };
        let mut observers = Observers::none();
        // Before the log, whose line about the end of a transfer follows its packets.
        if shell.workspace.tracing.is_on() {
            observers.add(&mut shell.workspace.tracing);
        }
        if !quiet {
            // It has no prompt to ask for its status.
            log.report(server.report_on(question()?));
            if shell.console.json {
                // People have read it already.
                log.listening(&self.title(), server.addresses());
            }
            observers.add(&mut log);
        }
        let mut manager = ServiceManager::new(status);
        if let Err(error) = manager.ready() {
            shell.console.note(format_args!(
                "tftp: the service manager does not hear that the server is ready: {}",
                plain(&error)
            ));
        }
        observers.add(&mut manager);
        server.run_observed(shell.setup.signals.stop(), &mut observers)?;
        manager.stopping();
        // With JSON, the log says all that a record of the command would.
        Ok(Outcome { is_recorded: true, ..report(shell)? })
    }

    /// Takes the sockets of a service manager; else binds the port, which by default is 69 if that is permitted, or another
    /// one. Returns whether it is that other one.
    fn bind_in_foreground(&self) -> Result<(Server, bool), CommandError> {
        let sockets = activated_sockets().map_err(|error| CommandError::file("socket activation", error))?;
        if !sockets.is_empty() {
            if self.port.is_some() || !self.listen.is_empty() {
                let reason =
                    "the service manager has bound the sockets; name no address or port (ListenDatagram= does)";
                return Err(CommandError::local(reason));
            }
            let builder = sockets.into_iter().fold(self.builder()?, ServerBuilder::listen_on);
            return builder.bind(&[][..]).map(|server| (server, false)).map_err(refused);
        }
        let (bound, is_fallback) = match (self.port, self.bind(self.port.unwrap_or(DEFAULT_PORT), None)?) {
            (None, Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                (self.bind(UNPRIVILEGED_PORT, None)?, true)
            }
            (_, bound) => (bound, false),
        };
        Ok((bound.map_err(refused)?, is_fallback))
    }

    /// Binds this port at the addresses that were named; else on loopback, of IPv6 too where this computer has it. The
    /// inner error is about an address, which it names.
    fn bind(&self, port: u16, end: Option<&OtherEnd>) -> Result<io::Result<Server>, CommandError> {
        let builder = || {
            let builder = self.builder()?;
            Ok::<_, CommandError>(match end {
                Some(end) => builder.observer(end.observer()),
                None => builder,
            })
        };
        let on_port = |address: &IpAddr| SocketAddr::new(*address, port);
        if !self.listen.is_empty() {
            return Ok(builder()?.bind(&*distinct(&self.listen).map(on_port).collect::<Vec<_>>()));
        }
        let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        Ok(match builder()?.bind(&loopback.each_ref().map(on_port)[..]) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                builder()?.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            }
            bound => bound,
        })
    }

    fn builder(&self) -> Result<ServerBuilder, CommandError> {
        let builder = match &self.directory {
            None => Server::builder(practice_files()),
            Some(directory) => {
                let directory = &local_names::one(directory)?;
                let root = DirStore::open(directory.path()).map_err(|error| CommandError::file(directory, error))?;
                // Root may read every file, and clients have no name.
                Server::builder(root.windows_names(self.windows_names).public_only(is_root() && self.user.is_none()))
            }
        };
        let builder = match &self.port_range {
            None => builder.single_port(self.single_port),
            Some(ports) => builder.port_range(ports.clone()),
        };
        // The practice files are for a class: it wants the same packets each time, not the shortest time.
        let practises = self.directory.is_none();
        let margin = if practises { RetryPolicy::PATIENT } else { RetryPolicy::default().margin };
        let default = Policy::default();
        Ok(builder.policy(Policy {
            title: self.title(),
            answer_twice: practises,
            retry: RetryPolicy { margin, ..RetryPolicy::default() },
            read_only: self.read_only,
            overwrite: self.overwrite,
            limits: Limits {
                blksize: self.max_blksize.unwrap_or(default.limits.blksize),
                windowsize: self.max_windowsize.unwrap_or(default.limits.windowsize),
                ..default.limits
            },
            max_upload: self.max_size,
            max_transfers: self.max_transfers.unwrap_or(default.max_transfers),
            max_per_source: self.per_host.unwrap_or(default.max_per_source),
            allow: self.allow.clone(),
            ..default
        }))
    }

    fn title(&self) -> String {
        self.directory.as_ref().map_or_else(|| "practice files".to_owned(), Word::to_string)
    }
}

/// The port where [`DEFAULT_PORT`] needs privileges.
const UNPRIVILEGED_PORT: u16 = 6969;

/// Leaves out each address that another one includes: it was named twice, or all addresses of its family are.
fn distinct(addresses: &[IpAddr]) -> impl Iterator<Item = &IpAddr> {
    let includes = |other: &IpAddr, it: &IpAddr| other.is_unspecified() && other.is_ipv4() == it.is_ipv4();
    addresses.iter().enumerate().filter_map(move |(place, it)| {
        let is_repeated = addresses.iter().take(place).any(|other| other == it);
        let is_included = addresses.iter().any(|other| other != it && includes(other, it));
        (!is_repeated && !is_included).then_some(it)
    })
}

fn refused(error: io::Error) -> CommandError {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => " (a port below 1024 needs privileges; another one will do: --port 6969)",
        io::ErrorKind::AddrInUse => " (another program has this port; choose one: --port PORT)",
        io::ErrorKind::AddrNotAvailable => " (-H takes an address of this computer, or 0.0.0.0 for all)",
        _ => "",
    };
    CommandError::local(format_args!("{}{advice}", plain(&error)))
}

/// The most addresses that the first line lists.
const LISTED: usize = 3;

/// Says who reaches a server that listens at these addresses, where they do not say so themselves.
fn reach(listening: &[SocketAddr]) -> Option<String> {
    if listening.iter().all(|address| address.ip().is_loopback()) {
        return Some("this computer only; for others: -H 0.0.0.0".to_owned());
    }
    let is_any = |like: &IpAddr| listening.iter().any(|it| it.ip().is_unspecified() && it.is_ipv4() == like.is_ipv4());
    let reached: Vec<_> = addresses_for_others().into_iter().filter(is_any).map(|it| it.to_string()).collect();
    let listed = reached.get(..LISTED).unwrap_or(&reached).join(", ");
    (!reached.is_empty()).then(|| format!("others reach it at {listed}"))
}

/// The address at which this computer reaches its own server.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_another_one_includes_is_not_bound_twice() {
        let distinct = |named: &str| {
            let named: Vec<IpAddr> = named.split(' ').map(|it| it.parse().unwrap()).collect();
            distinct(&named).map(IpAddr::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(distinct("127.0.0.1 127.0.0.2 127.0.0.1"), "127.0.0.1 127.0.0.2");
        assert_eq!(distinct("127.0.0.1 0.0.0.0 ::1 0.0.0.0"), "0.0.0.0 ::1");
        assert_eq!(distinct(":: ::1 192.0.2.1 ::"), ":: 192.0.2.1");
    }
}
