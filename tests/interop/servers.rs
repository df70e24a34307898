//! Each server with a directory of its own, on an address of its own.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::peers::{ATFTPD, DNSMASQ, IN_TFTPD};
use crate::process::Process;
use crate::support::soon;

/// How often a server is started anew because another program took its address first.
const TRIES: usize = 5;

/// The longest a server may take to begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// Each transfer has a port of its own.
    Ours,
    /// All packets leave from the port of requests.
    OursOnePort,
    /// The ports of transfers are from a short range.
    OursPortRange,
    InTftpd,
    Atftpd,
    /// Read only.
    Dnsmasq,
}

/// A running server; dropping it ends it and removes its directory.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) kind: ServerKind,
    pub(crate) address: SocketAddr,
    directory: TempDir,
    _process: Process,
}

impl Server {
    /// Starts a server over an empty directory and waits until it answers; `None` where the program is not here.
    pub(crate) fn start(kind: ServerKind) -> Option<Self> {
        let program = match kind {
            ServerKind::Ours | ServerKind::OursOnePort | ServerKind::OursPortRange => {
                PathBuf::from(env!("CARGO_BIN_EXE_tftp"))
            }
            ServerKind::InTftpd => IN_TFTPD.find()?,
            ServerKind::Atftpd => ATFTPD.find()?,
            ServerKind::Dnsmasq => DNSMASQ.find()?,
        };
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(program);
        let (address, process) = match kind {
            ServerKind::InTftpd => {
                command.args(["--create", "--permissive", "--user", "root", "--secure"]).arg(directory.path());
                hand_over(&mut command)
            }
            ServerKind::Atftpd => {
                command.args(["--user", "root.root", "--logfile", "/dev/null"]).arg(directory.path());
                hand_over(&mut command)
            }
            ServerKind::Ours => hear_where(ours(&mut command, &directory)),
            ServerKind::OursOnePort => hear_where(ours(&mut command, &directory).arg("--single-port")),
            ServerKind::OursPortRange => {
                hear_where(ours(&mut command, &directory).args(["--port-range", &unused_ports()]))
            }
            ServerKind::Dnsmasq => find_room(&mut command, |command, address| {
                command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root"]);
                command.args(["--port=0", "--enable-tftp", "--bind-interfaces", "--log-facility=-"]);
                command.arg(format!("--tftp-root={}", directory.path().display()));
                command.arg(format!("--listen-address={}", address.ip()));
            }),
        };
        Some(Self { kind, address, directory, _process: process })
    }

    /// Puts a file into the served directory.
    pub(crate) fn store(&self, name: &str, content: &[u8]) {
        fs::write(self.directory.path().join(name), content).expect("a file to serve");
    }

    /// Reads a file of the served directory.
    pub(crate) fn stored(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.directory.path().join(name))
    }
}

/// The words that start our server at a free port.
fn ours<'a>(command: &'a mut Command, directory: &TempDir) -> &'a mut Command {
    command.arg("serve").arg(directory.path()).args(["--port", "0"])
}

/// A range of ports below those that the system hands out, this test's alone.
fn unused_ports() -> String {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let low = 10_000 + (process::id() * 97 + TAKEN.fetch_add(1, Ordering::Relaxed)) % 1_400 * 16;
    format!("{low}:{}", low + 15)
}

/// Starts a server as inetd does, with the bound socket as its standard input: no port can clash, and requests wait in
/// the socket until the server is there to read them.
fn hand_over(command: &mut Command) -> (SocketAddr, Process) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = socket.local_addr().expect("a bound socket");
    (address, Process::start(command.stdin(Stdio::from(OwnedFd::from(socket)))))
}

/// Starts a server that chooses a free port and prints its addresses.
fn hear_where(command: &mut Command) -> (SocketAddr, Process) {
    let mut process = Process::start(command.stdin(Stdio::null()));
    let mut address = None;
    soon(PATIENCE, || {
        let words = process.words();
        let mut printed = words.lines().flat_map(str::split_whitespace).map(|word| word.trim_end_matches('.'));
        address = printed.find_map(|word| word.parse::<SocketAddr>().ok());
        address.is_some() || !process.is_running()
    });
    let Some(address) = address else { panic!("{command:?} prints no address; it said: {}", process.words()) };
    (address, process)
}

/// Starts a server that must be told an address: a likely one, and another if that is taken.
fn find_room(command: &mut Command, arguments: impl Fn(&mut Command, SocketAddr)) -> (SocketAddr, Process) {
    let mut words = String::new();
    for _ in 0..TRIES {
        let mut command = Command::new(command.get_program());
        let address = unused_loopback();
        arguments(&mut command, address);
        let mut process = Process::start(command.stdin(Stdio::null()));
        if answers(address, &mut process) {
            return (address, process);
        }
        words = process.words();
    }
    panic!("{:?} does not answer; it said: {words}", command.get_program());
}

/// An address of the loopback network that is this test's alone, for a server that knows no port but 69.
fn unused_loopback() -> SocketAddr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let [.., high, low] = process::id().to_be_bytes();
    let third = u8::try_from(TAKEN.fetch_add(1, Ordering::Relaxed) % 200).expect("below 200") + 1;
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, third, high, low.clamp(1, 254))), 69)
}

/// Asks for a file that is not there until the server says so, or is gone.
fn answers(address: SocketAddr, process: &mut Process) -> bool {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a time");
    for _ in 0..200 {
        if !process.is_running() {
            return false;
        }
        // The send fails while nobody listens; the answer is all that counts.
        let _ = socket.send_to(b"\0\x01is-anybody-there\0octet\0", address);
        let mut answer = [0; 600];
        if let Ok((length, _)) = socket.recv_from(&mut answer)
            && answer.get(..2) == Some(&[0, 5])
            && length >= 4
        {
            return process.is_running();
        }
    }
    false
}
