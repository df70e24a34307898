//! A path that loses every datagram of more than 600 bytes, without a word, as tunnels and firewalls do: the client still
//! gets and puts, with blocks of 512 bytes.
//!
//! Three network namespaces make the path: a client and a server on Ethernet, and between them a bridge whose ports take
//! 600 bytes. The kernel drops what is longer, and no ICMP error tells the sender. Making them needs root and iproute2.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, id};
use std::sync::atomic::{AtomicU32, Ordering};

use support::{NOWHERE, Process, feed, program, skip};
use tempfile::tempdir;

const CLIENT: &str = "192.0.2.1";
const SERVER: &str = "192.0.2.2";
/// Longer than a window of small blocks.
const SIZE: usize = 30_000;

/// The namespaces of a path; they go with it. Nothing outside them is touched.
struct NarrowPath {
    name: String,
}

impl NarrowPath {
    /// Makes a path; where that is impossible, the running test is skipped.
    fn make() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let path = Self { name: format!("tftpsh-{}-{}", id(), COUNT.fetch_add(1, Ordering::Relaxed)) };
        match path.set_up() {
            Ok(()) => Some(path),
            Err(reason) => {
                drop(path);
                skip(&format!("no path with a smaller MTU can be made: {reason}"));
                None
            }
        }
    }

    fn set_up(&self) -> Result<(), String> {
        let [client, bridge, server] = ["client", "bridge", "server"].map(|end| self.namespace(end));
        for namespace in [&client, &bridge, &server] {
            ip(&format!("netns add {namespace}"))?;
        }
        ip(&format!("-n {bridge} link add bridge type bridge"))?;
        ip(&format!("-n {bridge} link set bridge up"))?;
        for (namespace, port, address) in [(&client, "left", CLIENT), (&server, "right", SERVER)] {
            ip(&format!("-n {namespace} link add eth0 type veth peer name {port} netns {bridge}"))?;
            ip(&format!("-n {namespace} address add {address}/24 dev eth0"))?;
            // Segments that the device joins are not checked against the MTU.
            ip(&format!("-n {namespace} link set eth0 gso_max_segs 1 up"))?;
            ip(&format!("-n {bridge} link set {port} mtu 600 master bridge up"))?;
        }
        Ok(())
    }

    fn namespace(&self, end: &str) -> String {
        format!("{}-{end}", self.name)
    }

    /// The program, at one end of the path.
    fn program(&self, end: &str, arguments: &[&str]) -> Command {
        let inner = program(NOWHERE);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(end)]).arg(inner.get_program()).args(arguments);
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn serve(&self, directory: &Path) -> Process {
        let mut command = self.program("server", &["serve", ".", "--port", "69", "-H", SERVER]);
        Process::serving(Process::spawn(command.current_dir(directory))).0
    }

    /// Runs the client with `stdin` on a pipe.
    fn client(&self, directory: &Path, arguments: &[&str], stdin: &[u8]) -> Output {
        feed(&mut self.program("client", arguments), directory, stdin)
    }
}

impl Drop for NarrowPath {
    fn drop(&mut self) {
        for end in ["client", "bridge", "server"] {
            // One that was never made is not there.
            let _ = ip(&format!("netns delete {}", self.namespace(end)));
        }
    }
}

/// Runs ip(8) with these words.
fn ip(words: &str) -> Result<(), String> {
    let output = Command::new("ip").args(words.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("ip {words}: {reason}")) }
}

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| (at / 7) as u8).collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const AGAIN: &str = "blocks of 1468 bytes do not arrive: asking again with blksize 512";

#[test]
fn a_get_through_a_narrow_path_succeeds_with_small_blocks() {
    let Some(path) = NarrowPath::make() else { return };
    let (here, there) = (tempdir().unwrap(), tempdir().unwrap());
    fs::write(there.path().join("fw.bin"), content()).unwrap();
    let _server = path.serve(there.path());
    let output = path.client(here.path(), &[SERVER, "get", "fw.bin"], b"");
    assert!(output.status.success() && errors(&output).contains(AGAIN), "{}", errors(&output));
    assert_eq!(fs::read(here.path().join("fw.bin")).unwrap(), content());
    // A pipe, too: nothing was delivered before the second request.
    let output = path.client(here.path(), &[SERVER, "get", "fw.bin", "-"], b"");
    assert!(output.status.success() && errors(&output).contains(AGAIN), "{}", errors(&output));
    assert_eq!(output.stdout, content());
    // Whoever asks for small blocks waits for nothing.
    let output = path.client(here.path(), &["-b", "512", SERVER, "get", "fw.bin"], b"");
    assert!(output.status.success() && !errors(&output).contains("again"), "{}", errors(&output));
}

#[test]
fn a_put_from_a_pipe_through_a_narrow_path_succeeds_with_small_blocks() {
    let Some(path) = NarrowPath::make() else { return };
    let (here, there) = (tempdir().unwrap(), tempdir().unwrap());
    let _server = path.serve(there.path());
    let output = path.client(here.path(), &["--timeout", "10", SERVER, "put", "-", "up.bin"], &content());
    assert!(output.status.success() && errors(&output).contains(AGAIN), "{}", errors(&output));
    assert_eq!(fs::read(there.path().join("up.bin")).unwrap(), content());
    assert_eq!(fs::read_dir(there.path()).unwrap().count(), 1, "nothing is left of the first request");
}
