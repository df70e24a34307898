//! Ctrl-C in a pipeline: the signal goes to the program and to the producer of its standard input, whose end looks like
//! the end of the file.

mod support;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use support::{NOWHERE, Server, at_home, eventually, memory, program, serve};
use tftpsh::MemoryStore;
use tftpsh::server::Policy;

const OLD: &[u8] = b"the old file";

/// Interrupts ten pipelines that `start` starts, and checks that the server keeps its file each time.
fn interrupt_ten(start: impl Fn(&Server) -> Vec<Child>) {
    let store: MemoryStore = memory("bk", OLD.to_vec());
    let server = serve(store.clone(), Policy { overwrite: true, ..Policy::default() });
    for run in 1..=10 {
        let processes = start(&server);
        let group = processes.first().expect("a process").id().cast_signed();
        eventually("an upload", || server.status().live == 1);
        killpg(Pid::from_raw(group), Signal::SIGINT).expect("a group of ours");
        for mut process in processes {
            process.wait().expect("a child of ours");
        }
        eventually("the end of the upload", || server.status().failed == run);
        assert_eq!((&*store.get(b"bk").expect("a file"), server.status().finished), (OLD, 0), "run {run}");
    }
}

#[test]
fn an_interrupted_producer_completes_no_upload() {
    interrupt_ten(|server| {
        let tftp = env!("CARGO_BIN_EXE_tftp");
        let line = format!("(head -c 100000 /dev/urandom; sleep 20) | {tftp} -q 127.0.0.1 {} put - bk", server.port());
        let mut shell = Command::new("sh");
        at_home(&mut shell, NOWHERE).args(["-c", &line]).process_group(0).stderr(Stdio::null());
        vec![shell.spawn().expect("a shell")]
    });
}

/// Linux sends the signal of a group to its youngest process first: the producer ends before the program knows why.
#[test]
fn a_producer_that_is_interrupted_first_completes_no_upload() {
    interrupt_ten(|server| {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let unread = reader.try_clone().expect("a descriptor");
        let mut tftp = program(NOWHERE);
        tftp.args(["-q", "127.0.0.1", &server.port().to_string(), "put", "-", "bk"]).process_group(0);
        let tftp = tftp.stdin(reader).stderr(Stdio::null()).spawn().expect("the program");
        let group = tftp.id().cast_signed();
        writer.write_all(&[7; 60_000]).expect("a pipe");
        let mut sleep = Command::new("sleep");
        let sleep = sleep.arg("20").stdout(writer).process_group(group).spawn().expect("sleep");
        eventually("all bytes are read", || {
            let mut watched = [PollFd::new(unread.as_fd(), PollFlags::POLLIN)];
            poll(&mut watched, PollTimeout::ZERO).expect("poll") == 0
        });
        vec![tftp, sleep]
    });
}
