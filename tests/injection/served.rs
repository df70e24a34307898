//! The records of a server, from its own sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tftpsh::client::{Negotiation, Options};
use tftpsh::event::{Observer, Record, RecordKind};
use tftpsh::files::Source;
use tftpsh::internals::ServerBug;
use tftpsh::server::{Policy, RunningServer, Server, practice_files};
use tftpsh::transfer::RetryPolicy;
use tftpsh::wire::Mode;

use crate::log::lines;
use crate::ms;
use crate::support::Client;

/// The lines of each transfer, and the ports of this side that its packets crossed, in order.
type Transfers = BTreeMap<u64, (Vec<String>, Vec<u16>)>;

struct Collector(Arc<Mutex<Transfers>>);

impl Observer for Collector {
    fn observe(&mut self, record: &Record<'_>) {
        let mut transfers = self.0.lock().unwrap();
        let (log, ports) = transfers.entry(record.transfer).or_default();
        if let RecordKind::Begin(_) = record.kind {
            log.push("begin".to_owned());
        }
        if let RecordKind::Packet(_) = record.kind {
            ports.push(record.local.port());
        }
        log.extend(lines(record));
    }
}

/// A server with records, and a client whose timer is longer than the server's.
struct Served {
    server: RunningServer,
    client: Client,
    transfers: Arc<Mutex<Transfers>>,
}

fn served(policy: Policy) -> Served {
    let transfers = Arc::default();
    let retry = RetryPolicy { rexmt: ms(100), timeout: Duration::from_secs(5), ..RetryPolicy::default() };
    let builder = Server::builder(practice_files()).policy(Policy { retry, ..policy });
    let local: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let server = builder.observer(Collector(Arc::clone(&transfers))).bind(local).unwrap().spawn().unwrap();
    let retry = RetryPolicy { rexmt: ms(300), timeout: Duration::from_secs(3), ..RetryPolicy::default() };
    let settings = Options { negotiation: Negotiation::Off, retry, ..Options::default() };
    let client = Client::to(server.address()).with(settings);
    Served { server, client, transfers }
}

impl Served {
    fn fault(self, rule: &str) -> Self {
        self.server.faults().lock().add(rule.parse().unwrap());
        self
    }

    fn get(mut self, file: &str) -> Self {
        let _ = self.client.get_nothing(file);
        self
    }

    /// Stops the server; returns the port of requests, and its records.
    fn stop(self) -> (u16, Transfers) {
        let port = self.server.address().port();
        drop((self.server, self.client));
        let transfers = std::mem::take(&mut *self.transfers.lock().unwrap());
        (port, transfers)
    }

    /// The lines of the transfers, which are numbered from 1.
    fn logs(self) -> Vec<Vec<String>> {
        let (_, transfers) = self.stop();
        assert!(transfers.keys().copied().eq(1..=transfers.len() as u64));
        transfers.into_values().map(|(log, _)| log).collect()
    }
}

#[test]
fn a_transfer_has_the_records_of_its_request_and_of_its_own_port() {
    let (port, transfers) = served(Policy::default()).get("hello.txt").stop();
    let (log, ports) = &transfers[&1];
    assert_eq!(log[..], ["begin", "<- request", "-> DATA 1", "<- ACK 1", "end"]);
    assert!(ports[0] == port && ports[1] != port && ports[1] == ports[2], "{ports:?}");
}

#[test]
fn what_rules_do_to_a_request_is_recorded_where_it_came_in() {
    let whole = ["-> DATA 1", "<- ACK 1", "end"];
    for (rule, story) in [
        ("drop received rrq first", &["rule 1 dropped it", "x- request", "<- request"][..]),
        ("delay 30 received rrq first", &["rule 1 delayed it", "<- request, held", "== request"]),
        ("dup received rrq first", &["rule 1 duplicated it", "<- request", "<- request, a copy"]),
        // It is ignored: a transfer answers it already.
        (
            "swap received rrq first",
            &["rule 1 let the next one overtake it", "<- request, held", "<- request", "== request"],
        ),
        ("cut 5 received rrq first", &["rule 1 cut it short", "<- request", "<- request"]),
    ] {
        let logs = served(Policy::default()).fault(rule).get("hello.txt").logs();
        assert_eq!(logs, [[&["begin"], story, &whole[..]].concat()], "{rule}");
    }
}

#[test]
fn a_copy_of_a_request_that_is_answered_too_begins_a_transfer() {
    let policy = Policy { answer_twice: true, ..Policy::default() };
    // The server may transfer all of a short file before it turns to the copy.
    let logs = served(policy).fault("dup received rrq first").get("slow.bin").logs();
    assert_eq!(logs[0][..4], ["begin", "rule 1 duplicated it", "<- request", "-> DATA 1"]);
    assert_eq!(logs[1], ["begin", "<- request, a copy", "-> DATA 1", "<- ERROR 5", "end"]);
}

#[test]
fn a_refusal_and_a_stray_packet_have_the_ports_that_they_left_from() {
    let (port, transfers) = served(Policy::default()).get("no-such-file").stop();
    let (log, ports) = &transfers[&1];
    assert_eq!(log[..], ["begin", "<- request", "-> ERROR 1", "end"]);
    assert!(ports[0] == port && ports[1] != port);
    let bug = Some(ServerBug::Stranger);
    let (_, transfers) = served(Policy { bug, ..Policy::default() }).get("fw.bin").stop();
    let (log, ports) = &transfers[&1];
    let (packets, own) = (log.iter().filter(|line| *line != "begin"), ports[1]);
    let stray: Vec<_> = packets.zip(ports).filter(|(_, port)| **port != own).map(|(line, _)| line).collect();
    assert_eq!(stray, ["<- request", "-> DATA 2, from another port"]);
}

#[test]
fn transfers_that_share_the_port_of_requests_are_told_apart() {
    let bug = Some(ServerBug::OnePort);
    let (port, transfers) = served(Policy { bug, ..Policy::default() }).get("hello.txt").get("hello.txt").stop();
    for number in 1..=2 {
        let (log, ports) = &transfers[&number];
        assert_eq!(log[..], ["begin", "<- request", "-> DATA 1", "<- ACK 1", "end"]);
        assert!(ports.iter().all(|it| *it == port));
    }
}

#[test]
fn the_end_of_an_upload_comes_before_its_last_ack_is_repeated() {
    let mut served = served(Policy::default()).fault("drop sent ack last");
    let mut source = Source::bytes((&[7; 100][..]).into(), Mode::Octet);
    served.client.put("up", &mut source).unwrap();
    let logs = served.logs();
    let story = ["<- DATA 1", "rule 1 dropped it", "-x ACK 1", "end", "<- DATA 1", "-> ACK 1", "late"];
    assert_eq!(logs[0][..], [&["begin", "<- request", "-> ACK 0"][..], &story].concat());
}

#[test]
fn a_transfer_has_one_end_though_its_request_was_answered_twice() {
    // The copy reaches the server when the first request has its answer, and its transfer is gone.
    let logs = served(Policy::default()).fault("dup received rrq first").get("no-such-file").logs();
    let [first, second] = &logs[..] else { panic!("{logs:?}") };
    let crossed = ["begin", "rule 1 duplicated it", "<- request", "<- request, a copy"];
    assert_eq!(first[..], [&crossed[..], &["-> ERROR 1", "end"]].concat());
    assert_eq!(second[..], ["begin", "-> ERROR 1", "end"]);
}

#[test]
fn a_packet_that_a_rule_cuts_to_nothing_still_reaches_the_server() {
    let served = served(Policy::default());
    served.client.faults().lock().add("cut 0 sent ack 2".parse().unwrap());
    let logs = served.get("fw.bin").logs();
    assert_eq!(logs[0][4..8], ["-> DATA 2", "<- malformed", "-> DATA 2", "<- ACK 2"], "{logs:?}");
}
