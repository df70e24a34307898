//! The same tables over real sockets: the library's client against a server that follows a case, and the library's
//! server against a client that does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tftpsh::client::{ClientError, Negotiation, Options};
use tftpsh::files::{MemoryStore, Source as FileSource, WriteFile};
use tftpsh::server::{Policy, ServerBuilder};
use tftpsh::transfer::{RetryPolicy, Rexmt};
use tftpsh::wire::{Mode, Packet, RequestKind, emit_request};
use tftpsh::{Server, Stop};

use crate::cases::{self, Case, Input, Role, Source, Step};
use crate::support::{Client, LOOPBACK, Port, memory, soon};
use crate::{CLIENT_CASES, SERVER_CASES};

/// Longer than any case: nothing is sent again.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn no_server_leads_the_client_astray_over_real_sockets() {
    in_parallel("client", CLIENT_CASES, 80, can_be_played, play_to_client);
}

#[test]
fn no_client_leads_the_server_astray_over_real_sockets() {
    in_parallel("server", SERVER_CASES, 60, can_be_played, |case| play_to_server(case, |builder| builder));
}

#[test]
fn no_client_leads_a_server_with_a_single_port_astray() {
    // Others have transfers of their own there, and a request is for the server.
    let is_its_own = |step: &Step| match &step.input {
        Input::Hear { from: Source::Peer, datagram } => {
            can_be_played(step) && !matches!(Packet::parse(datagram), Ok(Packet::Request(_)))
        }
        _ => false,
    };
    let play = |case: &Case| play_to_server(case, |builder| builder.single_port(true));
    in_parallel("server with a single port", SERVER_CASES, 60, is_its_own, play);
}

/// Plays the cases that need no clock and only this host, of which there must be `least`.
fn in_parallel(who: &str, table: &str, least: usize, can_be_played: fn(&Step) -> bool, play: fn(&Case)) {
    let mut cases = cases::parse(table);
    cases.retain(|case| case.steps.iter().all(can_be_played));
    assert!(cases.len() >= least, "{}", cases.len());
    println!("{} cases over real sockets with the {who}", cases.len());
    thread::scope(|scope| {
        for share in cases.chunks(cases.len().div_ceil(4)) {
            scope.spawn(|| share.iter().for_each(play));
        }
    });
}

fn can_be_played(step: &Step) -> bool {
    // More than a receive buffer holds; and a client that may have asked for too much asks again, for something else, which
    // other tests show.
    let asks_again = ["a request with options", "512 bytes received, 3000"];
    if step.times > 100 || asks_again.iter().any(|words| step.expected.contains(words)) {
        return false;
    }
    matches!(step.input, Input::Hear { from: Source::Peer | Source::Stranger, .. })
}

/// A peer with two ports.
struct Puppet<'a> {
    case: &'a Case,
    port: Port,
    stranger: Port,
    to: SocketAddr,
}

impl Puppet<'_> {
    /// Follows the case: everything that is sent must come, and nothing else before it.
    fn play(&self) {
        for step in &self.case.steps {
            let Input::Hear { from, datagram } = &step.input else { continue };
            for _ in 0..step.times {
                self.port_of(*from).send(self.to, datagram);
            }
            for (to, words) in expand(&step.expected) {
                let received = receive(self.port_of(to), &self.case.name).0;
                assert_eq!(Packet::parse(&received).unwrap().to_string(), words, "{}: {}", self.case.name, step.text);
            }
        }
    }

    fn port_of(&self, source: Source) -> &Port {
        if source == Source::Stranger { &self.stranger } else { &self.port }
    }
}

/// The packets of an expectation, each with the port it goes to.
fn expand(expected: &str) -> Vec<(Source, String)> {
    let mut packets = Vec::new();
    for line in expected.split("; ").filter(|line| line.contains(" <")) {
        let (times, line) = line.split_once(" x ").map_or((1, line), |(times, line)| (times.parse().unwrap(), line));
        let packet = match line.strip_suffix(" to stranger") {
            Some(line) => (Source::Stranger, line.to_owned()),
            None => (Source::Peer, line.to_owned()),
        };
        packets.extend(std::iter::repeat_n(packet, times));
    }
    packets
}

fn receive(port: &Port, case: &str) -> (Vec<u8>, SocketAddr) {
    port.try_receive().unwrap_or_else(|error| panic!("{case}: {error}"))
}

/// The end of the case: `Some(Ok)` with the bytes of the file, `Some(Err)` with the message, `None` before it.
fn end(case: &Case) -> Option<Result<u64, &str>> {
    let mut words = case.steps.iter().flat_map(|step| step.expected.split("; "));
    words.find_map(|words| {
        let complete = words.strip_prefix("complete ").map(|bytes| Ok(bytes.parse().unwrap()));
        complete.or_else(|| words.strip_prefix("failed: ").map(Err))
    })
}

fn play_to_client(case: &Case) {
    let well_known = Port::open();
    let stop = Stop::new();
    let flag = stop.clone();
    let mut client = Client::to(well_known.address()).stopped_by(stop);
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..requests(case) {
                let (_, to) = receive(&well_known, &case.name);
                Puppet { case, port: Port::open(), stranger: Port::open(), to }.play();
            }
            if end(case).is_none() {
                flag.request();
            }
        });
        let mut memory = Memory::default();
        let result = transfer(&mut client, case, &mut memory);
        // The rest of the case, after the end of a get.
        client.idle();
        match (end(case), result) {
            (Some(Ok(expected)), Ok(bytes)) => assert_eq!(bytes, expected, "{}", case.name),
            (Some(Err(words)), Err(error)) => {
                assert!(error.to_string().ends_with(words), "{}: {error}", case.name);
            }
            (None, Err(ClientError::Interrupted)) => {}
            (end, result) => panic!("{}: {result:?} instead of {end:?}", case.name),
        }
        let whole = case.role == Role::Get && matches!(end(case), Some(Ok(_)));
        assert_eq!(memory.committed, whole, "{}: only a whole file is committed", case.name);
    });
}

/// How often the client asks: it does not believe an option that it did not ask for when it asks again without any.
fn requests(case: &Case) -> usize {
    let is_unasked = matches!(end(case), Some(Err(words)) if words.ends_with("which was not asked for"));
    if is_unasked && !case.offer.is_empty() { 2 } else { 1 }
}

fn transfer(client: &mut Client, case: &Case, memory: &mut Memory) -> Result<u64, ClientError> {
    client.options = Options {
        negotiation: Negotiation::On,
        tsize: Some(case.offer.tsize.is_some()),
        tout: Some(case.offer.timeout.is_some()),
        blksize: case.offer.blksize,
        windowsize: case.offer.windowsize,
        retry: RetryPolicy {
            rexmt: Rexmt::Fixed(case.offer.timeout.map_or(LONG, |it| Duration::from_secs(it.get().into()))),
            timeout: LONG,
            ..RetryPolicy::default()
        },
        ..Options::default()
    };
    let report = match case.role {
        Role::Put(size) => {
            let mut source = FileSource::bytes(Arc::from(vec![b'x'; size]), Mode::Octet);
            client.put("f", &mut source)?
        }
        _ => client.get("f", memory)?,
    };
    Ok(report.stats.bytes)
}

#[derive(Default)]
struct Memory {
    committed: bool,
}

impl WriteFile for Memory {
    fn deliver(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        self.committed = true;
        Ok(())
    }
}

fn play_to_server(case: &Case, set: fn(ServerBuilder) -> ServerBuilder) {
    let (kind, store) = match case.role {
        Role::ServeRead(size) => (RequestKind::Read, memory("f", vec![b'x'; size])),
        _ => (RequestKind::Write, MemoryStore::new()),
    };
    let policy = Policy {
        retry: RetryPolicy { rexmt: Rexmt::Fixed(LONG), timeout: LONG, ..RetryPolicy::default() },
        ..Policy::default()
    };
    let server = set(Server::builder(store.clone()).policy(policy)).bind(LOOPBACK).unwrap().spawn().unwrap();
    let client = Port::open();
    client.send(server.address(), &emit_request(kind, b"f", Mode::Octet, &case.offer).unwrap());
    let (_, to) = receive(&client, &case.name);
    Puppet { case, port: client, stranger: Port::open(), to }.play();
    let ended = end(case);
    let counted = soon(Duration::from_secs(10), || {
        let status = server.status();
        match ended {
            Some(Ok(_)) => status.finished == 1,
            Some(Err(_)) => status.failed == 1,
            None => status.live == 1,
        }
    });
    assert!(counted, "{}: {}", case.name, server.status());
    let whole = kind == RequestKind::Read || matches!(ended, Some(Ok(_)));
    assert_eq!(store.get(b"f").is_some(), whole, "{}: only whole files are there", case.name);
}
