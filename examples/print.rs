//! Fetches a file, throws it away, and prints every packet of the transfer:
//! `cargo run --example print -- switch1:69 fw.bin`.

#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use std::env;
use std::error::Error;
use std::io;
use std::time::Instant;

use tftpsh::Client;
use tftpsh::event::{Crossing, Direction, Observer, Record, RecordKind};
use tftpsh::wire::Packet;

/// Prints one line for each packet, with the milliseconds since the first.
#[derive(Default)]
struct Print {
    begin: Option<Instant>,
}

impl Observer for Print {
    fn observe(&mut self, record: &Record<'_>) {
        let RecordKind::Packet(Crossing { direction, peer, datagram, .. }) = record.kind else { return };
        let elapsed = record.at - *self.begin.get_or_insert(record.at);
        let arrow = match direction {
            Direction::Sent => "->",
            Direction::Received => "<-",
        };
        let packet =
            Packet::parse(datagram).map_or_else(|malformed| malformed.to_string(), |packet| packet.to_string());
        println!("{:>9.3} ms {arrow} {peer} {packet}", elapsed.as_secs_f64() * 1e3);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(server), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: print SERVER[:PORT] NAME".into());
    };
    let mut print = Print::default();
    Client::to(server).observer(&mut print).get(name, io::sink())?;
    Ok(())
}
