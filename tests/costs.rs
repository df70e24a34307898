//! The costs of a transfer are counted, and ignored datagrams are reported: one machine in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod talk;

use std::time::{Duration, Instant};

use talk::{CLIENT, SERVER, STRANGER, TID, Talk, at, data, oack, window};
use tftpsh::transfer::{Ignored, Receiver, Request, RetryPolicy, Task};
use tftpsh::wire::{Mode, Offer, emit_ack};

const MS: Duration = Duration::from_millis(1);

/// Why the machine ignores a datagram; `None` if it does not.
fn ignored(talk: &mut Talk, from: &str, datagram: &[u8]) -> Option<Ignored> {
    talk.world.ignored.clear();
    talk.hear(from, datagram);
    let (source, reason) = *talk.world.ignored.last()?;
    assert_eq!(source, at(from));
    Some(reason)
}

#[test]
fn a_get_counts_blocks_duplicates_strangers_and_what_it_sent_again() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    talk.silence(5000);
    talk.silence(5000);
    assert_eq!(talk.machine().stats().resent, 2, "the request");
    talk.hear(TID, &data(1, 512));
    for _ in 0..2 {
        talk.hear(STRANGER, &data(2, 512));
        talk.hear(TID, &data(1, 512));
    }
    talk.hear(TID, &data(2, 512));
    talk.silence(5000);
    let stats = talk.machine().stats();
    assert_eq!((stats.blocks, stats.bytes), (2, 1024));
    assert_eq!((stats.strangers, stats.duplicates), (2, 2));
    assert_eq!(stats.resent, 5, "the request twice, ACK 1 twice, ACK 2 once");
}

#[test]
fn a_server_counts_what_is_acknowledged_and_what_it_sent_again() {
    let mut talk = Talk::serve_read(window(4), 80);
    talk.start();
    talk.silence(5000);
    assert_eq!(talk.machine().stats().resent, 1, "the OACK");
    talk.hear(CLIENT, &emit_ack(0));
    talk.hear(CLIENT, &emit_ack(2));
    let stats = talk.machine().stats();
    assert_eq!((stats.blocks, stats.bytes, stats.resent), (2, 16, 3), "blocks 3 and 4 went again");
    talk.silence(5000);
    talk.hear(CLIENT, &emit_ack(6));
    let stats = talk.machine().stats();
    assert_eq!((stats.blocks, stats.bytes, stats.resent), (6, 48, 7), "and 3 to 6");
}

/// A block that comes long after its ACK went again came by the peer's own timer.
#[test]
fn a_get_counts_the_waits_that_the_peer_ended() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    talk.hear(TID, &data(1, 512));
    for block in 2..4 {
        talk.silence(5000);
        talk.silence(99);
        talk.hear(TID, &data(block, 512));
    }
    talk.silence(5000);
    talk.hear(TID, &data(4, 512));
    let waits = talk.machine().stats().waits;
    assert_eq!((waits.count, waits.total), (2, 2 * 5100 * MS), "the last answer came immediately");
}

#[test]
fn whether_options_were_agreed_is_told() {
    let negotiated = |offer: Offer, answer: &[u8]| {
        let mut talk = Talk::get(offer);
        talk.start();
        talk.hear(TID, answer);
        talk.hear(TID, &data(1, 3));
        talk.report().negotiated
    };
    assert!(negotiated(window(4), &oack("blksize=8")));
    assert!(!negotiated(window(4), &data(1, 3)), "the server knows none");
    let served = |mut talk: Talk, packets: &[Vec<u8>]| {
        talk.start();
        for packet in packets {
            talk.hear(CLIENT, packet);
        }
        talk.report().negotiated
    };
    let (block, acks) = ([data(1, 3)], [0, 1].map(|block| emit_ack(block).to_vec()));
    assert!(served(Talk::serve_write(window(4)), &block) && served(Talk::serve_read(window(4), 3), &acks));
    assert!(!served(Talk::serve_write(Offer::default()), &block));
    assert!(!served(Talk::serve_read(Offer::default(), 3), &acks[1..]));
}

#[test]
fn a_put_counts_the_requests_it_repeats() {
    let mut talk = Talk::put(Offer::default(), 3);
    talk.start();
    talk.silence(5000);
    talk.silence(5000);
    assert_eq!(talk.machine().stats().resent, 2);
}

/// Karn's rule.
#[test]
fn only_answers_to_what_was_sent_once_tell_a_round_trip() {
    let mut talk = Talk::serve_read(window(4), 800);
    talk.start();
    talk.hear(CLIENT, &emit_ack(0));
    let rtt = |talk: &Talk| (talk.machine().stats().rtt.least, talk.machine().stats().rtt.most);
    assert_eq!(rtt(&talk), (Some(MS), Some(MS)), "the OACK's");
    talk.silence(20);
    talk.hear(CLIENT, &emit_ack(4));
    assert_eq!(rtt(&talk), (Some(MS), Some(21 * MS)), "a whole window's");
    talk.silence(40);
    talk.hear(CLIENT, &emit_ack(6));
    assert_eq!(rtt(&talk).1, Some(21 * MS), "a part of a window measures none");
    talk.silence(60);
    talk.hear(CLIENT, &emit_ack(10));
    assert_eq!(rtt(&talk).1, Some(21 * MS), "blocks 7 and 8 had gone before");
    talk.silence(80);
    talk.hear(CLIENT, &emit_ack(14));
    assert_eq!(rtt(&talk).1, Some(81 * MS), "a window that went once");
}

#[test]
fn a_window_that_turns_in_the_ring_keeps_its_whole_blocks() {
    let mut talk = Talk::serve_read(window(4), 32);
    talk.start();
    talk.hear(CLIENT, &emit_ack(0));
    let whole = |block| format!("DATA <block={block}, 8 bytes>");
    let last = "DATA <block=5, 0 bytes>".to_owned();
    assert_eq!(talk.hear(CLIENT, &emit_ack(1)), [whole(2), whole(3), whole(4), last]);
}

#[test]
fn the_reason_for_which_a_datagram_is_ignored_is_told() {
    let mut talk = Talk::serve_read(window(4), 800);
    talk.start();
    assert_eq!(ignored(&mut talk, CLIENT, &emit_ack(3)), Some(Ignored::OutOfPlace));
    assert_eq!(ignored(&mut talk, CLIENT, &data(1, 1)), Some(Ignored::Unexpected));
    assert_eq!(ignored(&mut talk, STRANGER, &emit_ack(0)), Some(Ignored::Stranger));
    assert_eq!(ignored(&mut talk, CLIENT, &emit_ack(0)), None);
    assert_eq!(ignored(&mut talk, CLIENT, &oack("blksize=8")), Some(Ignored::Duplicate));
    assert_eq!(ignored(&mut talk, CLIENT, &emit_ack(0)), Some(Ignored::Duplicate));
    assert_eq!(ignored(&mut talk, CLIENT, &emit_ack(99)), Some(Ignored::OutOfPlace));
    assert_eq!(talk.machine().stats().duplicates, 2);

    let mut talk = Talk::get(window(4));
    talk.start();
    talk.hear(TID, &oack("blksize=8,windowsize=4"));
    assert_eq!(ignored(&mut talk, TID, &data(2, 8)), Some(Ignored::Gap));
    assert_eq!(ignored(&mut talk, TID, &data(1, 8)), None);
    assert_eq!(ignored(&mut talk, TID, &data(1, 8)), Some(Ignored::Duplicate));
    assert_eq!(ignored(&mut talk, TID, &data(900, 8)), Some(Ignored::OutOfPlace));
    assert_eq!(ignored(&mut talk, TID, &oack("blksize=8")), Some(Ignored::Duplicate));
    assert_eq!(ignored(&mut talk, TID, &emit_ack(1)), Some(Ignored::Unexpected));
    assert!(matches!(ignored(&mut talk, TID, b"\0"), Some(Ignored::Malformed(_))));

    let mut talk = Talk::get(Offer::default());
    talk.start();
    talk.hear(TID, &data(1, 512));
    assert_eq!(ignored(&mut talk, TID, &oack("blksize=8")), Some(Ignored::Unexpected), "none was accepted");
}

/// Many senders answer every ACK with DATA, so that repeating one in haste doubles everything.
#[test]
fn in_lock_step_an_ack_is_repeated_after_a_pause_but_in_a_window_soon() {
    let again_after = |offer: Offer, opening: &[u8]| {
        let now = Instant::now();
        let request = Request { filename: b"f", mode: Mode::Octet, offer };
        let machine = Receiver::request(now, at(SERVER), &request, RetryPolicy::default()).unwrap();
        let mut talk = Talk::new(now, Task::receive(machine, Default::default()));
        talk.start();
        talk.hear(TID, opening);
        let lines = talk.until_the_end();
        lines[0].split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(again_after(Offer::default(), &data(1, 512)), 0.1);
    assert_eq!(again_after(window(4), &oack("blksize=8,windowsize=4")), 0.0);
}

#[test]
fn numbers_go_on_with_zero_in_lock_step_too() {
    let mut talk = Talk::get(Offer::default());
    talk.start();
    for block in 1..=65535 {
        talk.hear(TID, &data(block, 512));
    }
    assert_eq!(talk.hear(TID, &data(0, 512)), ["deliver 512", "ACK <block=0>"]);
    assert_eq!(talk.hear(TID, &data(1, 0)), ["deliver 0", "commit", "ACK <block=1>", "complete 33554432"]);
}
