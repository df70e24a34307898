//! Windows that come in and go out many datagrams at a time: what a system call carries must show nowhere.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use support::{Client, LOOPBACK, ack, data, error_of, is_error, serve};
use tftpsh::client::{ClientError, Options};
use tftpsh::event::{Observer, Observers, Record, RecordKind};
use tftpsh::files::{MemoryStore, WriteFile};
use tftpsh::internals::{Received, Socket, socket};
use tftpsh::server::Policy;
use tftpsh::transfer::{RetryPolicy, Rexmt};
use tftpsh::wire::{BlockSize, ErrorCode, Limits, WindowSize};

/// A file in memory that counts its writes, and has a limited size.
#[derive(Default)]
struct Counted {
    bytes: Vec<u8>,
    writes: usize,
    room: Option<usize>,
}

impl WriteFile for Counted {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.deliver_all(&mut [IoSlice::new(bytes)])
    }

    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        self.writes += 1;
        pieces.iter().for_each(|piece| self.bytes.extend_from_slice(piece));
        if self.room.is_some_and(|room| self.bytes.len() > room) {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    fn commit(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts the packets of a transfer.
#[derive(Default)]
struct Packets(usize);

impl Observer for Packets {
    fn observe(&mut self, record: &Record<'_>) {
        self.0 += usize::from(matches!(record.kind, RecordKind::Packet(_)));
    }
}

/// A short delay of the machine causes no retransmission.
fn settings(blksize: u64, windowsize: u64) -> Options {
    let rexmt = Rexmt::Fixed(Duration::from_secs(5));
    let (blksize, windowsize) = (BlockSize::new(blksize), WindowSize::new(windowsize));
    let retry = RetryPolicy { rexmt, ..RetryPolicy::default() };
    Options { blksize, windowsize, retry, ..Options::default() }
}

/// Bytes that differ from block to block, whatever the block size.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251 + index / 65_521) as u8).collect()
}

/// The next `count` datagrams, however many a wait brings.
fn receive(socket: &mut Socket, count: usize) -> (Vec<Vec<u8>>, SocketAddr) {
    let (mut taken, mut peer) = (Vec::new(), socket.local());
    let mut buffer = vec![0; socket::LARGEST_DATAGRAM];
    let end = Instant::now() + Duration::from_secs(10);
    while taken.len() < count {
        match socket.receive(&mut buffer, end).unwrap() {
            Received::Datagrams { from, length, stride } => {
                peer = from;
                taken.extend(buffer[..length].chunks(stride).map(<[u8]>::to_vec));
            }
            Received::Interrupted => {}
            other => panic!("{other:?} instead of a datagram"),
        }
    }
    (taken, peer)
}

#[test]
fn a_burst_arrives_as_it_was_cut_joined_on_the_way_or_not() {
    for host in ["127.0.0.1:0", "[::1]:0"] {
        for joins in [false, true] {
            for (stride, length) in
                [(1, 150), (12, 12 * 100), (516, 516 * 70 + 3), (8196, 8196 * 20 + 1), (60_000, 100_000)]
            {
                let (mut here, mut there) =
                    (Socket::bind(host.parse().unwrap()).unwrap(), Socket::bind(host.parse().unwrap()).unwrap());
                if joins {
                    there.reserve_receive(BlockSize::MOST, WindowSize::new(16).unwrap());
                }
                let burst = pattern(length);
                let sent: Vec<_> = burst.chunks(stride).map(<[u8]>::to_vec).collect();
                here.transmit(there.local(), &burst, stride).unwrap();
                let (taken, from) = receive(&mut there, sent.len());
                assert!(taken == sent && from == here.local(), "{host} {joins} {stride} {length}");
            }
        }
    }
}

#[test]
fn every_window_and_block_size_carries_the_file_both_ways() {
    let store = MemoryStore::new();
    let limits = Limits { windowsize: WindowSize::MOST, window_bytes: u32::MAX, ..Limits::default() };
    let policy = Policy { limits, overwrite: true, ..Policy::default() };
    let server = serve(store.clone(), policy);
    for (blksize, windowsize, length) in [
        (8, 64, 10_000),
        (512, 1, 5_000),
        (1428, 16, 300_000),
        (1428, 64, 1_428 * 128),
        (8192, 64, 2_000_000),
        (65464, 4, 3_000_000),
    ] {
        let file = pattern(length);
        store.insert(b"f", file.clone());
        let mut target = Counted::default();
        let mut client = Client::to(server.address()).with(settings(blksize, windowsize));
        client.get("f", &mut target).unwrap();
        assert!(target.bytes == file, "get {blksize}/{windowsize}");

        client.put_bytes("put", &file).unwrap();
        assert!(*store.get(b"put").unwrap() == *file, "put {blksize}/{windowsize}");
    }
}

/// A server that sends the windows of a file at one stroke, and hands over what comes back for each.
fn window_server(windowsize: usize, file: Vec<u8>) -> (SocketAddr, std::thread::JoinHandle<Vec<Vec<u8>>>) {
    let mut socket = Socket::bind(LOOPBACK).unwrap();
    let at = socket.local();
    let run = move || {
        let (_, client) = receive(&mut socket, 1);
        let oack = format!("\0\x06windowsize\0{windowsize}\0");
        socket.transmit(client, oack.as_bytes(), 64).unwrap();
        let mut answers = vec![receive(&mut socket, 1).0.remove(0)];
        let blocks: Vec<_> = file.chunks(512).collect();
        for (index, window) in blocks.chunks(windowsize).enumerate() {
            let first = (index * windowsize + 1) as u16;
            let burst: Vec<u8> = (first..).zip(window).flat_map(|(block, bytes)| data(block, bytes)).collect();
            socket.transmit(client, &burst, 516).unwrap();
            answers.push(receive(&mut socket, 1).0.remove(0));
            if is_error(answers.last().unwrap()) {
                break;
            }
        }
        answers
    };
    (at, std::thread::spawn(run))
}

/// The whole last window comes again at one stroke, since its ACK was lost: only its last block wants an answer.
#[test]
fn a_lost_last_ack_is_repeated_for_a_window_that_comes_again() {
    let mut server = Socket::bind(LOOPBACK).unwrap();
    let at = server.local();
    let file = pattern(512 * 4 + 100);
    let expected = file.clone();
    let (finished, proceed) = std::sync::mpsc::channel();
    let serving = std::thread::spawn(move || {
        let (_, client) = receive(&mut server, 1);
        server.transmit(client, b"\0\x06windowsize\x008\0", 64).unwrap();
        receive(&mut server, 1);
        let window: Vec<u8> = (1..).zip(file.chunks(512)).flat_map(|(block, bytes)| data(block, bytes)).collect();
        server.transmit(client, &window, 516).unwrap();
        assert_eq!(receive(&mut server, 1).0, [ack(5)]);
        proceed.recv().unwrap();
        server.transmit(client, &window, 516).unwrap();
        assert_eq!(receive(&mut server, 1).0, [ack(5)]);
    });
    let mut client = Client::to(at).with(settings(512, 8));
    let mut target = Counted::default();
    client.get("f", &mut target).unwrap();
    assert!(target.bytes == expected);
    client.idle();
    finished.send(()).unwrap();
    serving.join().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_window_that_comes_in_together_is_written_together() {
    let file = pattern(512 * 64 + 100);
    let (at, server) = window_server(16, file.clone());
    let mut target = Counted::default();
    Client::to(at).with(settings(512, 16)).get("f", &mut target).unwrap();
    assert!(target.bytes == file);
    assert!(target.writes < 20, "{} writes for 65 blocks", target.writes);
    assert_eq!(server.join().unwrap(), [0, 16, 32, 48, 64, 65].map(ack));
}

#[test]
fn a_window_that_cannot_be_written_is_never_acknowledged() {
    let (at, server) = window_server(16, pattern(512 * 64));
    let mut target = Counted { room: Some(512 * 20), ..Counted::default() };
    let error = Client::to(at).with(settings(512, 16)).get("f", &mut target).unwrap_err();
    assert!(matches!(error, ClientError::Local(_)), "{error}");
    let answers = server.join().unwrap();
    assert_eq!(answers[..2], [0, 16].map(ack));
    assert!(error_of(&answers[2]).0 == ErrorCode::DISK_FULL && answers.len() == 3, "{answers:?}");
}

/// However many datagrams a read brings, and whoever is ahead.
#[test]
fn the_same_fault_leads_to_the_same_packets_every_time() {
    let store = MemoryStore::new();
    store.insert(b"f", pattern(512 * 60));
    let policy = Policy { retry: settings(512, 4).retry, ..Policy::default() };
    let server = serve(store, policy);
    let count = |rule: &str| {
        let mut client = Client::to(server.address()).with(settings(512, 4));
        client.faults().lock().add(rule.parse().unwrap());
        let mut packets = Packets::default();
        let mut observers = Observers::none();
        observers.add(&mut packets);
        client.get_bytes("f", &mut observers).unwrap();
        drop(observers);
        packets.0
    };
    // RRQ, OACK and ACK 0, then 61 blocks in 16 windows.
    let least = 3 + 61 + 16;
    for (rule, extra) in [
        ("delay 0 received data 900", 0),
        // Blocks 6 to 8 again, and ACK 5.
        ("swap received data 6", 3),
        // Blocks 5 to 8 again, and ACK 4.
        ("swap received data 5", 5),
        ("drop received data 6", 3),
        // The copy, its ACK, blocks 9 to 12 again, and ACK 12.
        ("dup received data 8", 7),
        ("dup sent ack 8", 6),
        ("dup received oack", 7),
    ] {
        for _ in 0..6 {
            assert_eq!(count(rule), least + extra, "{rule}");
        }
    }
}
