//! `-` as a local file: standard input and output, opened by a shell, by a daemon, or not at all.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::path::Path;
use std::process::Output;

use support::{Port, memory, serve};
use tempfile::tempdir;
use tftpsh::files::MemoryStore;
use tftpsh::server::Policy;

/// Runs one command line, with redirections, for a server.
fn run(directory: &Path, port: u16, command: &str) -> Output {
    support::limited("true", directory, &format!("--timeout 2 127.0.0.1 {port} {command}")).output().unwrap()
}

/// A server with this file `f`, which takes uploads.
fn store() -> (MemoryStore, support::Server) {
    let store = memory("f", b"content".to_vec());
    (store.clone(), serve(store, Policy::default()))
}

#[test]
fn a_closed_stream_is_an_error_and_nothing_is_sent() {
    let directory = tempdir().unwrap();
    for (command, reason) in [
        ("put - new <&-", "standard input is closed"),
        ("put /dev/stdin new <&-", "standard input is closed"),
        ("get f - >&-", "standard output is closed"),
        ("get f /dev/stdout >&-", "standard output is closed"),
        // As `nohup` does it on a terminal.
        ("put - new 0>/dev/null", "standard input is not open for reading"),
        ("get f - 1</dev/null", "standard output is not open for writing"),
    ] {
        let server = Port::open();
        let ran = run(directory.path(), server.number(), command);
        assert_eq!(ran.status.code(), Some(1), "{command}: {ran:?}");
        let said = String::from_utf8_lossy(if ran.stderr.is_empty() { &ran.stdout } else { &ran.stderr }).into_owned();
        assert!(said.contains(reason), "{command}: {said}");
        assert!(server.pending().is_empty(), "{command}");
    }
}

#[test]
fn an_empty_input_and_a_discarded_output_are_no_closed_streams() {
    let directory = tempdir().unwrap();
    let (store, server) = store();
    let ran = run(directory.path(), server.port(), "put - empty </dev/null");
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(store.get("empty").as_deref(), Some(&b""[..]));
    let ran = run(directory.path(), server.port(), "get f - >/dev/null");
    assert!(ran.status.success(), "{ran:?}");
    let ran = run(directory.path(), server.port(), "get f - 2>&-");
    assert!(ran.status.success() && ran.stdout == b"content", "{ran:?}");
}

#[test]
fn standard_input_is_read_by_either_name() {
    let directory = tempdir().unwrap();
    std::fs::write(directory.path().join("in"), "from a file").unwrap();
    let (store, server) = store();
    for (name, input) in [("-", "<in"), ("/dev/stdin", "<in"), ("/dev/fd/0", "<in")] {
        let uploaded = format!("from{}", name.replace('/', "_"));
        let ran = run(directory.path(), server.port(), &format!("put {name} {uploaded} {input}"));
        assert!(ran.status.success(), "{name}: {ran:?}");
        assert_eq!(store.get(&uploaded).as_deref(), Some(&b"from a file"[..]), "{name}");
    }
}
