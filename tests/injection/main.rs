//! Injected faults and bugs over real sockets: how the loops apply judgements, and what observers receive.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod log;
mod served;
#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use log::Notes;
use support::{Client, Server, serve, soon};
use tftpsh::client::{ClientError, Negotiation, Options};
use tftpsh::event::Observers;
use tftpsh::files::{MemoryStore, Source};
use tftpsh::internals::{ClientBug, ServerBug};
use tftpsh::server::{Policy, practice_files};
use tftpsh::transfer::{Report, RetryPolicy, Rexmt};
use tftpsh::wire::{BlockSize, ErrorCode, Mode, WindowSize};

/// A practice server, a client, and the records of its transfers.
struct Class {
    store: MemoryStore,
    server: Server,
    client: Client,
    /// `-> ACK 2`, `<- DATA 3`, `-x ACK 2`, `rule 1 dropped it`, `== DATA 2` when one that was held reaches the machine.
    log: Vec<String>,
    /// Where each packet came from or went to, in the same order.
    peers: Vec<SocketAddr>,
}

fn class() -> Class {
    let store = practice_files();
    let retry_policy = RetryPolicy { rexmt: ms(100), timeout: Duration::from_secs(5), ..RetryPolicy::default() };
    let policy = Policy { retry: retry_policy, answer_twice: true, ..Policy::default() };
    let server = serve(store.clone(), policy);
    // The client's timer is so long that a pause shows whose timer expired.
    let retry = RetryPolicy { rexmt: ms(700), timeout: Duration::from_secs(3), ..RetryPolicy::default() };
    let settings = Options { negotiation: Negotiation::Off, retry, ..Options::default() };
    let client = Client::to(server.address()).with(settings);
    Class { store, server, client, log: Vec::new(), peers: Vec::new() }
}

fn ms(milliseconds: u64) -> Rexmt {
    Rexmt::Fixed(Duration::from_millis(milliseconds))
}

impl Class {
    fn fault(self, rule: &str) -> Self {
        self.client.faults().lock().add(rule.parse().unwrap());
        self
    }

    fn serve_fault(self, rule: &str) -> Self {
        self.server.faults().lock().add(rule.parse().unwrap());
        self
    }

    fn bug(self, bug: ServerBug) -> Self {
        self.server.set_policy(Policy { bug: Some(bug), ..self.server.policy() });
        self
    }

    fn client_bug(mut self, bug: ClientBug) -> Self {
        self.client.options.bug = Some(bug);
        self
    }

    fn port(&self) -> u16 {
        self.server.port()
    }

    fn get(&mut self, file: &str) -> Result<(Report, Vec<u8>), ClientError> {
        let mut notes = Notes::default();
        let mut watch = Observers::none();
        watch.add(&mut notes);
        let outcome = self.client.get_bytes(file, &mut watch);
        (self.log, self.peers) = (notes.log, notes.peers);
        outcome
    }

    /// Gets a file that must arrive complete.
    fn whole(&mut self, file: &str) -> Report {
        let (report, bytes) = self.get(file).unwrap();
        assert!(bytes == *self.original(file), "{file} is not what the server has: {:#?}", self.log);
        report
    }

    fn put(&mut self, bytes: &[u8]) -> Result<Report, ClientError> {
        let mut source = Source::bytes(bytes.into(), self.client.options.mode);
        let mut notes = Notes::default();
        let mut watch = Observers::none();
        watch.add(&mut notes);
        let outcome = self.client.put_observed("up", &mut source, &mut watch);
        (self.log, self.peers) = (notes.log, notes.peers);
        outcome
    }

    fn original(&self, file: &str) -> Arc<[u8]> {
        self.store.get(file.as_bytes()).unwrap()
    }

    fn count(&self, line: &str) -> usize {
        self.log.iter().filter(|log| *log == line).count()
    }

    /// Whether the log contains these lines in a row.
    fn logged(&self, lines: &[&str]) -> bool {
        self.log.windows(lines.len()).any(|window| window == lines)
    }

    fn packets(&self) -> usize {
        self.peers.len()
    }
}

#[test]
fn without_rules_no_fault_is_reported_and_nothing_waits() {
    let mut class = class();
    class.whole("fw.bin");
    assert_eq!((class.packets(), class.log.len()), (13, 14), "the packets and the end");
}

#[test]
fn a_lost_ack_is_reported_with_its_rule_and_brings_block_2_again() {
    let mut class = class().fault("drop sent ack 2");
    let report = class.whole("fw.bin");
    let story = ["<- DATA 2", "rule 1 dropped it", "-x ACK 2", "<- DATA 2", "-> ACK 2", "<- DATA 3"];
    assert!(class.logged(&story), "{:#?}", class.log);
    assert_eq!(report.stats.duplicates, 1);
    assert!(report.elapsed < Duration::from_millis(600), "the server's timer repairs it, not the client's");
    assert_eq!(class.client.faults().lock().rules().map(|(.., hits)| hits).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_lost_request_is_repeated_by_the_client_and_lost_data_by_the_server() {
    let mut class = class().fault("drop sent rrq first").fault("drop received data 3");
    let report = class.whole("fw.bin");
    assert!(class.logged(&["rule 1 dropped it", "-x request", "-> request", "<- DATA 1"]), "{:#?}", class.log);
    assert!(class.logged(&["-> ACK 2", "rule 2 dropped it", "x- DATA 3", "<- DATA 3", "-> ACK 3"]), "{:#?}", class.log);
    assert!(report.elapsed > Duration::from_millis(700));
}

#[test]
fn every_kind_of_fault_takes_effect_and_only_corruption_damages_a_file() {
    for (rule, story) in [
        ("dup sent ack 2", &["rule 1 duplicated it", "-> ACK 2", "-> ACK 2, a copy", "<- DATA 3", "-> ACK 3"][..]),
        (
            "dup received data 2",
            &["rule 1 duplicated it", "<- DATA 2", "<- DATA 2, a copy", "-> ACK 2", "-> ACK 2", "<- DATA 3"],
        ),
        ("delay 20 sent ack 2", &["rule 1 delayed it", "-> ACK 2, held", "<- DATA 3"]),
        ("delay 20 received data 2", &["rule 1 delayed it", "<- DATA 2, held", "== DATA 2", "-> ACK 2"]),
        // The server's timer expires before anything leaves.
        (
            "swap sent ack 2",
            &[
                "<- DATA 2",
                "<- DATA 2",
                "-> ACK 2",
                "rule 1 let the next one overtake it",
                "-> ACK 2, held",
                "<- DATA 3",
                "-> ACK 3",
            ],
        ),
        (
            "swap received data 2",
            &[
                "-> ACK 1",
                "rule 1 let the next one overtake it",
                "<- DATA 2, held",
                "<- DATA 2",
                "== DATA 2",
                "-> ACK 2",
                "-> ACK 2",
            ],
        ),
        // Their identity is that of the packet before the rule.
        ("corrupt 1 received data 2", &["rule 1 corrupted it", "<- DATA 2", "<- DATA 2", "-> ACK 2"]),
        ("cut 3 received data 2", &["rule 1 cut it short", "<- DATA 2", "<- DATA 2", "-> ACK 2"]),
        ("cut 3 sent ack 2", &["rule 1 cut it short", "-> ACK 2", "<- DATA 2", "-> ACK 2"]),
        (
            "stranger received data 2",
            &[
                "rule 1 sent a copy from another port",
                "<- DATA 2, from another port",
                "<- DATA 2",
                "-> ERROR 5",
                "-> ACK 2",
            ],
        ),
        (
            "stranger sent ack 2",
            &["rule 1 sent a copy from another port", "-> ACK 2, from another port", "-> ACK 2", "<- DATA 3"],
        ),
    ] {
        let mut class = class().fault(rule);
        // A machine that ends the transfer at a malformed packet would fail here.
        match class.get("fw.bin") {
            Ok((_, bytes)) => assert!(bytes == *class.original("fw.bin"), "{rule}: {:#?}", class.log),
            Err(error) => panic!("{rule}: {error}: {:#?}", class.log),
        }
        assert!(class.logged(story), "{rule}: {:#?}", class.log);
    }
    let mut class = class().fault("corrupt received data 2");
    let (_, bytes) = class.get("fw.bin").unwrap();
    let differs = bytes.iter().zip(&*class.original("fw.bin")).filter(|(a, b)| a != b).count();
    assert_eq!(differs, 1, "the UDP checksum is computed again, so it stays unnoticed");
}

#[test]
fn delay_is_counted_in_round_trips() {
    let mut class = class().fault("delay 5 both any");
    let report = class.whole("fw.bin");
    // Six round trips of 10 ms, without one for the last ACK.
    assert!((55..300).contains(&report.elapsed.as_millis()), "{:?}", report.elapsed);
}

#[test]
fn a_last_ack_that_a_rule_dropped_is_repeated() {
    let mut class = class().fault("drop sent ack last");
    class.whole("fw.bin");
    let story = ["rule 1 dropped it", "-x ACK 6", "end", "<- DATA 6", "-> ACK 6", "late"];
    assert!(class.log.ends_with(&story.map(str::to_owned)), "{:#?}", class.log);
    assert_eq!(class.server.status().failed, 0);
}

#[test]
fn the_late_packets_of_a_get_have_records_after_its_end_and_the_last_one_says_so() {
    let mut class = class().serve_fault("drop received ack last");
    class.whole("hello.txt");
    assert_eq!(class.log.last().unwrap(), "end");
    let mut notes = Notes::default();
    let late = ["<- DATA 1", "-> ACK 1", "late"];
    let came = soon(Duration::from_secs(2), || {
        let mut watch = Observers::none();
        watch.add(&mut notes);
        class.client.notify_late(&mut watch);
        !notes.log.is_empty()
    });
    assert!(came);
    assert_eq!(notes.log, late);
}

#[test]
fn a_client_that_does_not_dally_never_repeats_its_last_ack() {
    let mut class = class().fault("drop sent ack last").client_bug(ClientBug::NoDally);
    class.whole("fw.bin");
    assert_eq!((class.count("<- DATA 6"), class.count("-x ACK 6")), (1, 1));
    let failed = soon(Duration::from_secs(2), || class.server.status().failed == 1);
    assert!(failed, "the server cannot know that the file arrived");
    let last = class.server.status().last.unwrap().to_string();
    assert!(last.contains("get fw.bin: failed after"), "{last}");
}

#[test]
fn a_duplicate_ack_costs_nothing_and_with_the_sorcerer_bug_twelve_packets() {
    let mut class = class().fault("dup sent ack 2");
    class.whole("eight.bin");
    assert_eq!(class.packets(), 18, "with the copy");
    let mut class = class.bug(ServerBug::Sorcerer);
    class.whole("eight.bin");
    assert_eq!(class.packets(), 30);
}

#[test]
fn a_duplicate_request_is_answered_twice_and_the_second_answer_refused() {
    let mut class = class().fault("dup sent rrq first");
    class.whole("fw.bin");
    assert_eq!((class.count("<- DATA 1"), class.count("-> ERROR 5")), (2, 1));
    class.server.set_policy(Policy { answer_twice: false, ..class.server.policy() });
    class.whole("fw.bin");
    assert_eq!((class.count("<- DATA 1"), class.count("-> ERROR 5")), (1, 0));
}

#[test]
fn a_stranger_among_the_servers_packets_is_refused_and_only_an_old_client_is_fooled() {
    let mut class = class().bug(ServerBug::Stranger);
    class.whole("fw.bin");
    assert_eq!((class.count("<- DATA 2"), class.count("-> ERROR 5")), (2, 1));
    let mut class = class.client_bug(ClientBug::NoTid);
    let (_, bytes) = class.get("fw.bin").unwrap();
    let original = class.original("fw.bin");
    assert!(bytes.len() == 3000 && bytes != *original, "the stranger's block is in the file");
    assert_eq!((bytes.get(..512), bytes.get(1024..)), (original.get(..512), original.get(1024..)));
}

#[test]
fn the_servers_own_faults_hit_what_it_sends_and_what_reaches_it() {
    for rule in ["drop sent data 3", "drop received ack 3", "drop received rrq first", "swap received rrq first"] {
        let mut class = class().serve_fault(rule);
        let report = class.whole("fw.bin");
        assert!(class.log.iter().all(|line| !line.starts_with("rule")), "these are not hits of the client");
        assert_eq!(class.server.faults().lock().rules().map(|(.., hits)| hits).sum::<u64>(), 1, "{rule}");
        assert!(report.elapsed > Duration::from_millis(90), "{rule}: {:#?}", class.log);
    }
    let mut class = class().serve_fault("dup received rrq first").serve_fault("delay 30 received rrq first");
    let report = class.whole("fw.bin");
    assert_eq!(class.count("-> ERROR 5"), 1);
    assert!(report.elapsed > Duration::from_millis(30));
}

#[test]
fn the_one_port_server_answers_from_the_port_of_requests_and_serves_others_meanwhile() {
    let mut class = class().bug(ServerBug::OnePort);
    class.whole("fw.bin");
    assert!(class.peers.iter().all(|peer| peer.port() == class.port()));
    class.put(&[7; 1000]).unwrap();
    assert!(class.peers.iter().all(|peer| peer.port() == class.port()));
    let settings = class.client.options.clone();
    let mut class = Class { client: Client::to(class.server.address()).with(settings), ..class };
    class.whole("eight.bin");
    class.server.set_policy(Policy { bug: None, ..class.server.policy() });
    class.whole("fw.bin");
    assert!(class.peers.iter().skip(1).all(|peer| peer.port() != class.port()));
}

#[test]
fn wrong_decisions_of_the_server_show() {
    let mut class = class().bug(ServerBug::WrongCode);
    let error = class.get("nosuch.bin").unwrap_err();
    assert!(matches!(error, ClientError::Remote { code: ErrorCode::UNKNOWN_TID, .. }), "{error}");
    let mut class = class.bug(ServerBug::DeafNetascii);
    class.client.options.mode = Mode::Netascii;
    // CR LF, as the server has it in five of nine lines, is one LF here.
    let (report, _) = class.get("text.txt").unwrap();
    assert_eq!(report.stats.bytes, 576);
}

#[test]
fn bugs_of_the_machines_show_over_sockets() {
    let mut class = class().bug(ServerBug::Oversize);
    assert!(class.get("fw.bin").is_err());
    let mut class = class.bug(ServerBug::FirstZero);
    assert!(class.get("fw.bin").is_err() && class.count("<- DATA 0") > 0);
    let mut class = class.bug(ServerBug::NoEmpty);
    assert!(class.get("even.bin").is_err() && class.count("<- DATA 3") == 0);
    let mut class = class.bug(ServerBug::AckEarly);
    let _ = class.put(&[1; 600]);
    assert!(class.store.get(b"up").is_none(), "it was acknowledged but is missing");
    class.client.options.negotiation = Negotiation::On;
    class.client.options.blksize = BlockSize::new(1024);
    // Only the first leads to a request without options.
    for (bug, succeeds) in [(ServerBug::OackExtra, true), (ServerBug::OackRaise, false)] {
        class = class.bug(bug);
        assert_eq!((class.get("fw.bin").is_ok(), class.count("-> ERROR 8")), (succeeds, 1), "{bug}");
    }
}

#[test]
fn the_same_seed_gives_the_same_packets() {
    let run = |seed| {
        let mut class = class().fault("drop received data rate 20%").fault("dup sent ack rate 20%");
        class = class.fault("corrupt received data rate 10%").fault("drop sent ack rate 10%");
        class.client.options.windowsize = None;
        class.client.faults().lock().set_seed(seed);
        let mut log = Vec::new();
        for file in ["fw.bin", "eight.bin"] {
            let (_, bytes) = class.get(file).unwrap();
            log.push((class.log.clone(), bytes));
        }
        log
    };
    let first = run(7);
    assert!(first == run(7), "twice the same script, twice the same packets");
    assert!(first != run(8), "another seed, other packets");
    assert!(first.iter().any(|(log, _)| log.iter().any(|line| line.starts_with("rule 1"))));
}

#[test]
fn the_blocks_of_a_window_are_recorded_in_the_order_in_which_they_came() {
    let mut class = class().fault("drop received data 6");
    class.client.options.windowsize = WindowSize::new(4);
    class.client.options.negotiation = Negotiation::On;
    class.client.options.blksize = BlockSize::new(512);
    class.whole("slow.bin");
    let received = |line: &&String| line.starts_with("<- ") || line.starts_with("x- ");
    let received: Vec<_> = class.log.iter().filter(received).map(String::as_str).collect();
    let window = ["<- DATA 5", "x- DATA 6", "<- DATA 7", "<- DATA 8"];
    assert!(received.windows(4).any(|four| four == window), "{:#?}", received.get(..16));
}

#[test]
fn faults_apply_to_windows_too() {
    let mut class = class().fault("drop received data 5").fault("dup received data 7").fault("delay 3 both any");
    class.client.options.windowsize = WindowSize::new(8);
    class.client.options.negotiation = Negotiation::On;
    let report = class.whole("slow.bin");
    assert_eq!(report.stats.blocks, 257);
    class.put(&[3; 50_000]).unwrap();
    assert_eq!(class.store.get(b"up").unwrap().len(), 50_000);
}
