//! Starting a server: in the background of the shell, or in the foreground.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::trace::report;
use crate::event::Observers;
use crate::files::DirStore;
use crate::language::{Service, Word};
use crate::server::{Log, Policy, Server, ServerBuilder, practice_files};
use crate::session::{DEFAULT_PORT, Peer};
use crate::shell::local_names;
use crate::shell::{CommandError, Handled, HandlerError, Shell};
use crate::stop::is_interruption;
use crate::terminal::plain;
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
        let place = places(server.addresses());
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
        let (bound, is_fallback) = match (self.port, self.bind(self.port.unwrap_or(DEFAULT_PORT), None)?) {
            (None, Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                (self.bind(UNPRIVILEGED_PORT, None)?, true)
            }
            (_, bound) => (bound, false),
        };
        let server = bound.map_err(refused)?;
        let place = places(server.addresses());
        let notes = [
            is_fallback.then_some("port 69 needs privileges"),
            self.listen.is_empty().then_some("this computer only; for others: -H 0.0.0.0"),
        ];
        let notes = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let notes = if notes.is_empty() { notes } else { format!(" ({notes})") };
        if !shell.workspace.session.settings.quiet {
            shell.console.say(format_args!("Serving {} at {place}{notes}.", self.title()))?;
        }
        shell.workspace.tracing.begin(&shell.workspace.session.settings, &shell.console, shell.setup.plain);
        let (stop, console) = (shell.setup.signals.stop(), &shell.console);
        let mut complained = false;
        let mut log = Log::new(|line: &str| {
            // The clients are served though the log cannot be written.
            if let Err(error) = console.say(line)
                && !is_interruption(&error)
                && !mem::replace(&mut complained, true)
            {
                console.note(format_args!("tftp: the log is incomplete: {}", plain(&error)));
            }
        });
        let mut observers = Observers::none();
        // Before the log, whose line about the end of a transfer follows its packets.
        if shell.workspace.tracing.is_on() {
            observers.add(&mut shell.workspace.tracing);
        }
        observers.add(&mut log);
        server.run_observed(stop, &mut observers)?;
        Ok(report(shell)?)
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
            return Ok(builder()?.bind(&*self.listen.iter().map(on_port).collect::<Vec<_>>()));
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
                Server::builder(root)
            }
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
            ..default
        }))
    }

    fn title(&self) -> String {
        self.directory.as_ref().map_or_else(|| "practice files".to_owned(), Word::to_string)
    }
}

/// The port where [`DEFAULT_PORT`] needs privileges.
const UNPRIVILEGED_PORT: u16 = 6969;

fn refused(error: io::Error) -> CommandError {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => " (a port below 1024 needs privileges; another one will do: --port 6969)",
        io::ErrorKind::AddrInUse => " (another program has this port; choose one: --port PORT)",
        io::ErrorKind::AddrNotAvailable => " (-H takes an address of this computer, or 0.0.0.0 for all)",
        _ => "",
    };
    CommandError::local(format_args!("{}{advice}", plain(&error)))
}

fn places(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" and ")
}

/// The address at which this computer reaches its own server.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
