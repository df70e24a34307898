//! Peers that break every rule: a table of conversations, played to the machines in virtual time and, where no clock
//! is needed, to the client and the server over real sockets.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and prints what it did")]

mod cases;
mod requests;
mod sockets;
#[path = "../support/mod.rs"]
mod support;
#[path = "../talk/mod.rs"]
mod talk;

use std::collections::HashSet;

use cases::{Case, Input, Role, Source, Step, summary};
use talk::{CLIENT, SERVER, STRANGER, TID, Talk};
use tftpsh::transfer::Abort;

/// Against a client: it gets or puts.
const CLIENT_CASES: &str = include_str!("client.cases");
/// Against a server's transfers: its machines read or write.
const SERVER_CASES: &str = include_str!("server.cases");

const ELSEWHERE: &str = "198.51.100.1:69";

#[test]
fn no_server_leads_a_client_astray() {
    let cases = cases::parse(CLIENT_CASES);
    assert!(cases.len() >= 150, "{}", cases.len());
    play_all(&cases);
}

#[test]
fn no_client_leads_a_servers_transfer_astray() {
    let cases = cases::parse(SERVER_CASES);
    assert!(cases.len() >= 100, "{}", cases.len());
    play_all(&cases);
}

fn play_all(cases: &[Case]) {
    println!("{} cases in virtual time", cases.len());
    let mut names = HashSet::new();
    let mut wrong = Vec::new();
    for case in cases {
        assert!(names.insert((case.role, &case.name)), "twice: {}", case.name);
        wrong.extend(play(case));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Runs a case in virtual time; returns the first line that differs.
fn play(case: &Case) -> Option<String> {
    let mut talk = match case.role {
        Role::Get => Talk::get(case.offer),
        Role::Put(size) => Talk::put(case.offer, size),
        Role::ServeRead(size) => Talk::serve_read(case.offer, size),
        Role::ServeWrite => Talk::serve_write(case.offer),
    };
    talk.start();
    let peer = if matches!(case.role, Role::Get | Role::Put(_)) { TID } else { CLIENT };
    for step in &case.steps {
        let said = summary(&carry_out(&mut talk, peer, step));
        if said != step.expected {
            return Some(format!("== {}\n{} -> {said}\ninstead of: {}", case.name, step.text, step.expected));
        }
    }
    None
}

fn carry_out(talk: &mut Talk, peer: &str, step: &Step) -> Vec<String> {
    let source = |from| match from {
        Source::Peer => peer,
        Source::Asked => SERVER,
        Source::Stranger => STRANGER,
        Source::Elsewhere => ELSEWHERE,
    };
    let mut random = Random(1);
    let mut said = Vec::new();
    for _ in 0..step.times {
        said.extend(match &step.input {
            Input::Hear { from, datagram } => talk.hear(source(*from), datagram),
            Input::Junk => talk.hear(peer, &random.datagram()),
            Input::Wait(milliseconds) => talk.silence(*milliseconds),
            Input::Silence => talk.until_the_end(),
            Input::Closed(from) => talk.unreachable(source(*from)),
            Input::Stop => talk.abort(Abort::Interrupted),
        });
        if said.last().is_some_and(|line| line.starts_with("failed") || line == "done") {
            break;
        }
    }
    said
}

/// Numbers without order, the same in each run (xorshift64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Any bytes, but for a quarter of them an opcode in front.
    pub(crate) fn datagram(&mut self) -> Vec<u8> {
        let length = self.next() % 80;
        let mut bytes: Vec<u8> = (0..length).map(|_| self.next() as u8).collect();
        if let [high, low, ..] = &mut bytes[..]
            && *high < 64
        {
            // No ERROR: it would end the transfer by right.
            (*high, *low) = (0, [0, 1, 2, 7, 8, 9][usize::from(*low) % 6]);
        }
        bytes
    }
}
