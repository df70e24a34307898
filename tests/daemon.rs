//! A server that is left running: sockets from a service manager, notices for it, and what the system grants.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs::{self, File};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{User, geteuid};
use support::{
    NOWHERE, Process, ScriptedClient, allow, at_home, directory_with, error_of, limited, run, served_at, skip,
};
use tempfile::tempdir;
use tftpsh::ErrorCode;
use tftpsh::wire::{Packet, emit_error};

/// Starts the program as a service manager does: with `given` as its descriptor 3, and `LISTEN_FDS` saying so.
fn activated(directory: &Path, given: impl Into<OwnedFd>, arguments: &str, notices: &Path) -> Process {
    let script = format!(
        "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec {} {arguments}",
        env!("CARGO_BIN_EXE_tftp")
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(directory).env("NOTIFY_SOCKET", notices);
    Process::spawn_reading(at_home(&mut shell, NOWHERE), Stdio::from(given.into()))
}

/// The socket of a service manager.
fn manager(directory: &Path) -> UnixDatagram {
    let manager = UnixDatagram::bind(directory.join("notices")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    manager
}

fn notice(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let length = manager.recv(&mut buffer).expect("a notice");
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

#[test]
fn a_socket_of_the_service_manager_is_served_even_the_request_that_woke_the_server() {
    let (directory, runtime) = (directory_with(&[("motd", b"hello")]), tempdir().unwrap());
    let manager = manager(runtime.path());
    // The last one is how a service manager binds a port without an address: for both families.
    for (bound, asked) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1"), ("[::]:0", "127.0.0.1")] {
        let socket = UdpSocket::bind(bound).unwrap();
        let listens = socket.local_addr().unwrap();
        let client = ScriptedClient::to(SocketAddr::new(asked.parse().unwrap(), listens.port()));
        client.ask(b"\0\x01motd\0octet\0");
        let mut server = activated(directory.path(), socket, "serve .", &runtime.path().join("notices"));
        assert_eq!(served_at(&server.line()), Some(listens));
        assert_eq!(notice(&manager), format!("READY=1\nSTATUS=Serving . at {listens}\n"));
        let (answer, from) = client.receive();
        assert_eq!(answer, b"\0\x03\0\x01hello");
        assert_eq!(from.ip(), client.server.ip());
        client.send(from, b"\0\x04\0\x01");
        let next = ScriptedClient::to(client.server);
        assert_eq!(next.get(b"\0\x01motd\0octet\0", 512).1, [b"hello"]);
        // The server has the last ACK before the signal.
        let mut ends = std::iter::repeat_with(|| server.line()).take_while(|line| !line.is_empty());
        assert_eq!(ends.by_ref().filter(|line| line.contains(" bytes in ")).take(2).count(), 2);
        drop(ends);
        assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
        let counted = format!("STATUS=Serving . at {listens}: 2 finished, 0 failed, 0 refused\n");
        // The first counts come at once, and others later; the last ones always.
        let last = std::iter::repeat_with(|| notice(&manager)).find(|notice| notice.starts_with("STOPPING"));
        assert_eq!(last, Some(format!("STOPPING=1\n{counted}")));
    }
}

#[test]
fn a_socket_of_the_service_manager_excludes_what_cannot_be_honoured() {
    let directory = tempdir().unwrap();
    for arguments in ["serve . --port 0", "serve . -H 127.0.0.1", "serve . 6969"] {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut server = activated(directory.path(), socket, arguments, Path::new(NOWHERE));
        let reason = "the service manager has bound the sockets; name no address or port (ListenDatagram= does)";
        assert!(server.errors().contains(reason), "{arguments}");
        assert_eq!(server.wait().code(), Some(1), "{arguments}");
    }
    let mut server = activated(directory.path(), File::open("/dev/null").unwrap(), "serve .", Path::new(NOWHERE));
    let errors = server.errors();
    assert!(errors.contains("socket activation: ") && errors.contains("ListenDatagram="), "{errors}");
    assert_eq!(server.wait().code(), Some(1));
}

#[test]
fn a_service_manager_that_cannot_be_reached_does_not_stop_the_server() {
    let directory = directory_with(&[("motd", b"hello")]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = ScriptedClient::to(socket.local_addr().unwrap());
    let mut server = activated(directory.path(), socket, "serve .", Path::new("/nonexistent/notices"));
    assert_eq!(client.get(b"\0\x01motd\0octet\0", 512).1, [b"hello"]);
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
    assert!(server.errors().contains("the service manager"));
}

#[test]
fn a_server_may_open_as_many_files_as_the_system_permits() {
    let directory = tempdir().unwrap();
    let (server, _) =
        Process::serving(Process::spawn(&mut limited("ulimit -Sn 64", directory.path(), "serve . --port 0")));
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files: Vec<_> =
        limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap().split(' ').collect();
    let numbers: Vec<_> = files.into_iter().filter(|word| !word.is_empty()).collect();
    assert_eq!(numbers[0], numbers[1], "{limits}");
    assert_ne!(numbers[0], "64");
}

#[test]
fn a_server_without_free_descriptors_says_so_and_recovers() {
    let directory = directory_with(&[("big", &[0; 1 << 20])]);
    let server = Process::spawn(&mut limited("ulimit -n 24", directory.path(), "serve . --port 0"));
    let (_server, address) = Process::serving(server);
    let request = b"\0\x01big\0octet\0";
    let mut running = Vec::new();
    let reason = loop {
        assert!(running.len() < 24, "every request was answered");
        let client = ScriptedClient::to(address);
        client.ask(request);
        let (answer, from) = client.receive();
        match Packet::parse(&answer).unwrap() {
            Packet::Data { .. } => running.push((client, from)),
            _ => break error_of(&answer),
        }
    };
    assert_eq!(reason, (ErrorCode::UNDEFINED, "the server has no free file descriptors".to_owned()));
    let (client, transfer) = running.pop().unwrap();
    client.send(transfer, &emit_error(ErrorCode::UNDEFINED, b"enough"));
    support::eventually("there is room again", || {
        let client = ScriptedClient::to(address);
        client.ask(request);
        let (answer, from) = client.receive();
        client.send(from, &emit_error(ErrorCode::UNDEFINED, b"enough"));
        matches!(Packet::parse(&answer), Ok(Packet::Data { .. }))
    });
}

/// The values of a line of `/proc/PID/status`.
fn status(process: &Process, name: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_server_that_became_another_user_keeps_nothing_of_root() {
    if !geteuid().is_root() {
        return skip("only root can become another user");
    }
    let nobody = User::from_name("nobody").unwrap().expect("every system has it");
    let (uid, gid) = (nobody.uid.to_string(), nobody.gid.to_string());
    let directory = directory_with(&[("public", b"hello"), ("secret", b"root's")]);
    allow(&directory.path().join("secret"), 0o600);
    allow(directory.path(), 0o755);
    let (mut server, address) = Process::serve(directory.path(), &["--user", "nobody"]);
    assert_eq!(status(&server, "Uid"), [&*uid; 4]);
    assert_eq!(status(&server, "Gid"), [&*gid; 4]);
    assert_eq!(status(&server, "Groups"), [&*gid]);
    for set in ["CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(&server, set), ["0000000000000000"], "{set}");
    }
    assert_eq!(status(&server, "NoNewPrivs"), ["1"]);
    let client = ScriptedClient::to(address);
    assert_eq!(client.get(b"\0\x01public\0octet\0", 512).1, [b"hello"]);
    for refused in [&b"\0\x01secret\0octet\0"[..], b"\0\x02new\0octet\0"] {
        client.ask(refused);
        assert_eq!(error_of(&client.receive().0).0, ErrorCode::ACCESS);
    }
    allow(directory.path(), 0o777);
    client.ask(b"\0\x02new\0octet\0");
    let (_, transfer) = client.receive();
    client.send(transfer, b"\0\x03\0\x01his");
    assert_eq!(client.receive().0, b"\0\x04\0\x01");
    assert_eq!(fs::metadata(directory.path().join("new")).unwrap().uid(), nobody.uid.as_raw());
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
}

#[test]
fn a_user_that_a_server_cannot_become_or_that_cannot_serve_is_an_error() {
    let directory = tempdir().unwrap();
    allow(directory.path(), 0o700);
    let serve = |user: &str| run(directory.path(), &["serve", ".", "--port", "0", "--user", user], b"");
    for (user, reason) in [("no-such-user", "there is no such user"), ("root", "this user has all privileges")] {
        let ran = serve(user);
        assert!(ran.stderr.contains(&format!("--user {user}: {reason}")), "{}", ran.stderr);
        assert_eq!((ran.status, &*ran.stdout), (1, ""));
    }
    let ran = serve("nobody");
    let reason =
        if geteuid().is_root() { ".: user nobody may not enter it" } else { "only root can become another user" };
    assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    assert_eq!((ran.status, &*ran.stdout), (1, ""));
}
