//! A second request that asks for less, against servers that follow a script: what is sent again, and what is reported.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::time::{Duration, Instant};

use support::{Client, ScriptedServer, ack, data, is_error, script};
use tftpsh::client::{ClientError, Options};
use tftpsh::files::Source;
use tftpsh::transfer::{RetryPolicy, Rexmt};
use tftpsh::wire::{BlockSize, ErrorCode, Mode, WindowSize, emit_error};

const WRQ: &[u8] = b"\0\x02fw.bin\0octet\0blksize\x001000\0windowsize\x004\0";
const SMALL_WRQ: &[u8] = b"\0\x02fw.bin\0octet\0windowsize\x004\0";

/// Blocks of 1000 bytes in windows of 4. A put takes them for lost after two fifths of the timeout.
fn options() -> Options {
    let retry = RetryPolicy {
        rexmt: Rexmt::Fixed(Duration::from_millis(50)),
        timeout: Duration::from_secs(2),
        ..RetryPolicy::default()
    };
    Options { retry, blksize: BlockSize::new(1000), windowsize: WindowSize::new(4), ..Options::default() }
}

fn content() -> Vec<u8> {
    (0..3000_u32).map(|at| (at / 7) as u8).collect()
}

/// A put from a pipe, which can be read once.
fn put(server: std::net::SocketAddr, bytes: &[u8]) -> Result<tftpsh::Report, ClientError> {
    Client::to(server).with(options()).put("fw.bin", &mut Source::reader(bytes, Mode::Octet))
}

/// A server that agrees to everything, gets no block, and then the second request.
fn lose_blocks(port: &mut ScriptedServer) {
    port.expect(WRQ);
    let first = port.client;
    let mut tid = port.another();
    tid.send(b"\0\x06blksize\x001000\0windowsize\x004\0");
    let mut begun = 0;
    loop {
        let datagram = tid.receive();
        if is_error(&datagram) {
            assert_eq!(datagram, emit_error(ErrorCode::UNDEFINED, b"blocks of 1000 bytes do not arrive"));
            break;
        }
        begun += u32::from(datagram == data(1, &content()[..1000]));
    }
    assert!(begun >= 3, "block 1 was lost {begun} times only");
    port.expect(SMALL_WRQ);
    assert_ne!(port.client, first, "a fresh socket");
}

#[test]
fn a_put_whose_first_blocks_are_lost_sends_them_once_more_in_small_ones() {
    let (server, played) = script(|mut port| {
        lose_blocks(&mut port);
        let mut tid = port.another();
        tid.send(b"\0\x06windowsize\x004\0");
        for (block, bytes) in (1..).zip(content().chunks(512)) {
            tid.expect(&data(block, bytes));
            if block == 4 || block == 6 {
                tid.send(&ack(block));
            }
        }
    });
    let report = put(server, &content()).unwrap();
    played.join().unwrap();
    assert_eq!((report.stats.bytes, report.terms.blksize.get()), (3000, 512));
}

#[test]
fn a_put_that_finds_its_own_unfinished_file_reports_what_went_wrong_first() {
    let (server, played) = script(|mut port| {
        lose_blocks(&mut port);
        port.another().send(&emit_error(ErrorCode::EXISTS, b""));
    });
    let error = put(server, &content()).unwrap_err();
    played.join().unwrap();
    assert_eq!(error.to_string(), format!("{server}: Transfer timed out: blocks of 1000 bytes do not arrive"));
    assert_eq!(error.hint(), Some("try blksize 512"));
}

#[test]
fn a_put_of_which_something_was_acknowledged_is_not_begun_again() {
    let (server, played) = script(|mut port| {
        port.expect(WRQ);
        let mut tid = port.another();
        tid.send(b"\0\x06blksize\x001000\0windowsize\x004\0");
        tid.expect(&data(1, &content()[..1000]));
        tid.send(&ack(1));
        while !is_error(&tid.receive()) {}
        assert!(port.is_silent_for(Duration::from_millis(200)), "no second request");
    });
    let error = put(server, &content()).unwrap_err();
    played.join().unwrap();
    assert!(matches!(error, ClientError::TimedOut { answered: true, .. }), "{error}");
}

#[test]
fn both_requests_share_one_timeout() {
    let (server, played) = script(|mut port| {
        lose_blocks(&mut port);
        let mut tid = port.another();
        tid.send(b"\0\x06windowsize\x004\0");
        while !is_error(&tid.receive()) {}
    });
    let begun = Instant::now();
    let error = put(server, &content()).unwrap_err();
    let elapsed = begun.elapsed();
    played.join().unwrap();
    assert!(matches!(error, ClientError::TimedOut { answered: true, .. }), "{error}");
    assert_eq!(error.hint(), None);
    assert!(elapsed >= Duration::from_millis(1900) && elapsed < Duration::from_secs(4), "{elapsed:?}");
}
